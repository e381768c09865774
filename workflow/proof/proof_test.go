package proof

import (
	"os"
	"sync"
	"testing"

	"afield/workflow"
)

// most bounds a search, so that rows which lead ever further are an error and
// not a machine without memory.
const most = 4_000_000

// search is what was found in one world.
type search struct {
	world *World
	found *Result
	err   error
}

// searched goes through every world, once for all tests.
var searched = sync.OnceValue(func() []search {
	worlds := Worlds(workflow.Borrowing, workflow.Lending)
	for _, w := range worlds {
		w.Under = underWay()
	}
	all := make([]search, len(worlds))
	var under sync.WaitGroup
	for i, w := range worlds {
		under.Go(func() {
			found, err := w.Search(most)
			all[i] = search{w, found, err}
		})
	}
	under.Wait()
	return all
})

// underWay is how many messages may be under way each way: one, or what AFIELD_UNDER
// says.
func underWay() int {
	if os.Getenv("AFIELD_UNDER") == "2" {
		return 2
	}
	return 1
}

// Nothing that people, time, messages and mishaps can do to a request, in any
// order, breaks a promise of Afield.
func TestNoOrderOfEventsBreaksAPromise(t *testing.T) {
	t.Parallel()
	var results []*Result
	for _, s := range searched() {
		if s.err != nil {
			t.Error(s.err)
			continue
		}
		results = append(results, s.found)
		for _, b := range s.found.Breaches {
			t.Error(b, replay(t, s.world, b))
		}
	}
	if t.Failed() {
		return
	}
	for _, wrong := range Unreached(results) {
		t.Error(wrong)
	}
	if underWay() > 1 {
		for _, r := range results {
			t.Logf("%s: %d joint states, %d moves", r.World, r.States, r.Moves)
		}
		return // README.md is about one
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
