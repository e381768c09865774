package requests

import (
	"slices"
	"strings"
	"testing"

	"afield/broker"
	"afield/workflow"
)

// Every state in which somebody waits for long lies in a queue, so that no
// request is out of sight; those that pass by themselves need none.
func TestEveryStateLiesInAQueue(t *testing.T) {
	t.Parallel()
	var covered []workflow.State
	for _, queue := range []Queue{QueueWithLenders, QueueArriving, QueueOnShelf, QueueWithPatrons, QueueDueBack, QueueEnded} {
		covered = append(covered, statesOf(queue)...)
	}
	passing := []workflow.State{workflow.Submitted, workflow.Routing}
	for _, place := range workflow.Borrowing.Places {
		inQueue := slices.Contains(covered, place.State) || place.Owner == "staff"
		if inQueue == slices.Contains(passing, place.State) {
			t.Errorf("%s (%s): in a queue %v", place.State, place.Owner, inQueue)
		}
	}
	for _, state := range statesOf(QueueEnded) {
		if place, _ := workflow.Borrowing.Place(state); !place.Ended {
			t.Errorf("%s is among the ended and is not", state)
		}
	}
}

// Whatever a caller gives ends up as an argument, never in the text.
func TestFiltersAreArguments(t *testing.T) {
	t.Parallel()
	open := true
	filter := Filter{
		Sides: []workflow.Side{workflow.SideBorrowing}, States: []workflow.State{"x'; drop"}, Queue: QueueOnShelf, Open: &open,
		Number: 7, Words: "o'brien %_ x",
	}
	where, args := filter.where(Viewer{Library: broker.NewID(), Patron: broker.NewID()}, broker.NewID())
	if strings.Contains(where, "brien") || strings.Contains(where, "drop") || strings.Count(where, "$") != len(args) {
		t.Errorf("%s with %d arguments", where, len(args))
	}
	if len(args) != 11 {
		t.Errorf("%d arguments", len(args))
	}
}
