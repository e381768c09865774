package checks_test

import (
	"slices"
	"testing"

	"afield/broker/policy/attributes"
	"afield/workflow"
)

// The states that a policy may count are those of an open request of a borrower.
func TestAPolicyKnowsTheStatesOfARequest(t *testing.T) {
	t.Parallel()
	var open []string
	for _, state := range workflow.Borrowing.States(func(p workflow.Place) bool { return !p.Ended }) {
		open = append(open, string(state))
	}
	known := attributes.RequestStates()
	slices.Sort(open)
	slices.Sort(known)
	if !slices.Equal(open, known) {
		t.Errorf("a policy knows %v, and a request has %v", known, open)
	}
}
