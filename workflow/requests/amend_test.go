package requests_test

import (
	"testing"

	"afield/broker"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/town"
)

// What was asked for is changed while it still matters, and the lender is told.
func TestARequestIsChangedAfterItWasAsked(t *testing.T) {
	t.Parallel()
	tw, home, lender, request, _ := town.AsksPartner(t, 0)
	home.Does(request, workflow.EventAmend, map[string]any{"need_by": "2026-04-30", "edition": "third"})
	now := home.Request(request)
	if now.NeedBy.String() != "2026-04-30" || now.Citation.Edition != "third" {
		t.Fatalf("needed by %s, edition %q", now.NeedBy, now.Citation.Edition)
	}
	if end := home.Deadline(request, "need_by"); end.Format("2006-01-02") != "2026-05-01" { // midnight in New York
		t.Errorf("the request ends at %s", end)
	}
	if lender.Heard(connectors.KindNote) != 1 {
		t.Fatal("the lender is told")
	}
	for field, form := range map[string]map[string]any{
		"need_by":       {"need_by": "2020-01-01"},
		"pickup_branch": {"pickup_branch": "nowhere"},
		"nothing":       {},
	} {
		if err := home.Acts(request, workflow.EventAmend, form); !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("%s: %v", field, err)
		}
	}
	lender.Says(home, town.Shipped("VT-1", "2026-04-10"))
	if err := home.Acts(request, workflow.EventAmend, map[string]any{"need_by": "2026-05-30"}); err == nil {
		t.Error("it is on its way: the date no longer matters")
	}
	tw.Sound()
}
