package rest_test

import (
	"fmt"
	"strings"
	"testing"
)

// A director reads the library's figures as JSON or CSV; nobody else does, and each
// library sees its own.
func TestFigures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lends(t, "")
	lent := done(t, w.get(t, "/v1/figures/circulation?by=year"), 200)
	if fmt.Sprint(lent.at("columns")) != "[period type branch loans renewals]" || fmt.Sprint(lent.at("rows", 0, "loans")) != "1" {
		t.Errorf("what was lent: %s", lent.text)
	}
	if text := w.get(t, "/v1/figures/circulation?by=day&as=csv"); text.status != 200 || !strings.HasPrefix(text.text, "period,type,branch,loans,renewals\n2") || !strings.HasSuffix(text.text, ",1,0\n") {
		t.Errorf("as CSV: %d %s", text.status, text.text)
	}
	if others := w.call(t, "GET", "/v1/figures/circulation", w.otherStaff, ""); fmt.Sprint(others.at("rows")) != "[]" {
		t.Errorf("another library's: %s", others.text)
	}
	for _, figure := range []string{"fill_rate", "turnaround", "partners", "cost", "demand", "money", "annual"} {
		done(t, w.get(t, "/v1/figures/"+figure), 200)
	}
	wants(t, w.get(t, "/v1/figures/weather"), 400, "invalid_input")
	wants(t, w.get(t, "/v1/figures/money?from=2026-03-02&to=2026-03-01"), 400, "invalid_input")
	wants(t, w.get(t, "/v1/figures/money?by=week"), 400, "invalid_input")
	wants(t, w.call(t, "GET", "/v1/figures/money", w.me, ""), 403, "forbidden")
}
