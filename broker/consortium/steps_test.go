package consortium_test

import (
	"strings"
	"testing"

	"afield/broker/consortium"
	"afield/broker/directory"
)

// Each fact that is missing leaves just its own step open, and the step says where
// it is missing and what to do.
func TestStepsOfASetUp(t *testing.T) {
	t.Parallel()
	whole := func() consortium.Facts {
		return consortium.Facts{Operators: 1, Consortium: "The consortium", Partners: 2, Members: []consortium.MemberFacts{
			{Name: "Home", Status: directory.StatusActive, Branches: 2, OpenHours: 2, Tiers: 3, Policy: "westport", Directors: 1, Others: 4, Patrons: 12, Items: consortium.Enough + 1},
			{Name: "Away", Status: directory.StatusSuspended, Branches: 1, OpenHours: 1, Tiers: 1, Policy: "westport", Directors: 1, Patrons: 1, Items: 1},
			{Name: "Gone", Status: directory.StatusClosed},
		}}
	}
	open := func(f consortium.Facts) (names []string) {
		for _, step := range consortium.OfficeSteps(f) {
			if step.There == "" || step.Done == (step.Missing != "") || step.Done == (step.Next != "") {
				t.Errorf("%+v", step)
			}
			if !step.Done {
				names = append(names, string(step.Name))
			}
		}
		return names
	}
	if left := open(whole()); left != nil {
		t.Fatalf("of a whole set-up %v are open", left)
	}
	for name, take := range map[string]func(*consortium.Facts){
		"operator": func(f *consortium.Facts) { f.Operators = 0 }, "partners": func(f *consortium.Facts) { f.Partners = 0 },
		"branch": func(f *consortium.Facts) { f.Members[1].OpenHours = 0 }, "tiers": func(f *consortium.Facts) { f.Members[0].Tiers = 0 },
		"policy": func(f *consortium.Facts) { f.Members[1].Policy = "" }, "staff": func(f *consortium.Facts) { f.Members[0].Directors = 0 },
		"patrons": func(f *consortium.Facts) { f.Members[1].Patrons = 0 }, "items": func(f *consortium.Facts) { f.Members[0].Items = 0 },
	} {
		facts := whole()
		take(&facts)
		if left := open(facts); strings.Join(left, " ") != name {
			t.Errorf("without %s, %v are open", name, left)
		}
	}
	if left := open(consortium.Facts{}); len(left) != 9 {
		t.Errorf("of nothing only %v are open", left)
	}
	facts := whole()
	facts.Members[0].Branches, facts.Members[0].OpenHours = 0, 0
	if step := consortium.Steps(facts)[1]; step.Missing != "missing at Home" {
		t.Errorf("branches: %+v", step)
	}
}
