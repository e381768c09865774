package proof

import (
	"sync"
	"testing"

	"afield/workflow"
)

// Nothing that people, time, messages and mishaps can do to a request, in any
// order, breaks a promise of Afield.
func TestNoOrderOfEventsBreaksAPromise(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	results := make([]*Result, len(Worlds(workflow.Borrowing, workflow.Lending)))
	for i, w := range Worlds(workflow.Borrowing, workflow.Lending) {
		all.Go(func() {
			found, err := w.Search(2_000_000)
			if err != nil {
				t.Error(err)
				return
			}
			results[i] = found
			t.Logf("%s: %d joint states, %d moves", w.Name, found.States, found.Moves)
			for _, b := range found.Breaches {
				t.Error(b)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	for _, unreached := range Unreached(results) {
		t.Error(unreached)
	}
}
