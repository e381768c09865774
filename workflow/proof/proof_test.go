package proof

import (
	"os"
	"sync"
	"testing"

	"afield/workflow"
)

// most bounds a search, so that rows which lead ever further are an error and
// not a machine without memory.
const most = 2_000_000

// Nothing that people, time, messages and mishaps can do to a request, in any
// order, breaks a promise of Afield.
func TestNoOrderOfEventsBreaksAPromise(t *testing.T) {
	t.Parallel()
	worlds := Worlds(workflow.Borrowing, workflow.Lending)
	results := make([]*Result, len(worlds))
	var all sync.WaitGroup
	for i, w := range worlds {
		all.Go(func() {
			found, err := w.Search(most)
			if err != nil {
				t.Error(err)
				return
			}
			results[i] = found
			for _, b := range found.Breaches {
				t.Error(b)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	for _, wrong := range Unreached(results) {
		t.Error(wrong)
	}
	if os.Getenv("AFIELD_WRITE") != "" {
		if err := os.WriteFile("README.md", []byte(readme(results)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile("README.md"); err != nil || string(have) != readme(results) {
		t.Errorf("README.md is not what the search finds: look at what changed, then AFIELD_WRITE=1 go test ./workflow/proof (%v)", err)
	}
}
