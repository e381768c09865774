package requests

import (
	"strings"
	"testing"

	"afield/broker"
	"afield/workflow"
)

// Whatever a caller gives ends up as an argument, never in the text.
func TestFiltersAreArguments(t *testing.T) {
	t.Parallel()
	open := true
	filter := Filter{
		Sides: []workflow.Side{workflow.SideBorrowing}, States: []workflow.State{"x'; drop"}, Queue: workflow.QueueOnShelf, Open: &open,
		Number: 7, Words: "o'brien %_ x",
	}
	where, args := filter.where(workflow.Tables(), Viewer{Library: broker.NewID(), Patron: broker.NewID()}, broker.NewID())
	if strings.Contains(where, "brien") || strings.Contains(where, "drop") || strings.Count(where, "$") != len(args) {
		t.Errorf("%s with %d arguments", where, len(args))
	}
	if len(args) != 12 {
		t.Errorf("%d arguments", len(args))
	}
}
