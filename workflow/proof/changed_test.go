package proof

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"afield/workflow"
)

// How many changes of the tables, made at random, the search notices: a row
// removed, a guard turned round, an effect forgotten, a message unheard.
// AFIELD_CHANGES says how many to try; it takes seconds for each.
func TestChangesOfTheTablesAreNoticed(t *testing.T) {
	count, err := strconv.Atoi(os.Getenv("AFIELD_CHANGES"))
	if err != nil {
		t.Skip("AFIELD_CHANGES is not set: how many changes to try")
	}
	usual := map[string]string{}
	for _, w := range Worlds(workflow.Borrowing, workflow.Lending) {
		found, err := w.Search(most)
		if err != nil {
			t.Fatal(err)
		}
		usual[w.Name] = size(w, found)
	}
	random := rand.New(rand.NewPCG(1, 2))
	missed := 0
	for i := range count {
		changed := change(random)
		if why := noticed(changed, usual); why == "" {
			missed++
			t.Logf("not noticed: %s", changed.words)
		} else {
			t.Logf("%d: %s: %s", i, changed.words, why)
		}
	}
	t.Logf("%d of %d were noticed", count-missed, count)
	if missed*100 > count*10 {
		t.Errorf("%d of %d were not noticed", missed, count)
	}
}

// noticed searches the changed tables, the small searches first, and says what
// gave the change away. Reasons that count sizes are given last.
func noticed(c changed, usual map[string]string) (why string) {
	worlds := Worlds(c.borrowing, c.lending)
	slices.Reverse(worlds) // the joint search of loans, the largest, is the last
	other := ""
	for _, w := range worlds {
		w.Hears = c.hears
		found, err := w.Search(most)
		if err != nil {
			return err.Error()
		}
		if len(found.Breaches) > 0 {
			return "a promise is broken: " + found.Breaches[0].Words
		}
		if size(w, found) != usual[w.Name] {
			other = "the search has another size, or reaches other rows"
		}
		if other != "" && w.Name == worlds[len(worlds)-2].Name {
			return other // the largest search is for what nothing else shows
		}
	}
	return other
}

// size tells two searches apart that break no promise.
func size(w *World, found *Result) string {
	var unreached []string
	for side, rows := range found.Unreached {
		for _, i := range rows {
			row := w.rows[side].rows[i]
			unreached = append(unreached, fmt.Sprint(side, row.On, row.Label, row.From))
		}
	}
	slices.Sort(unreached)
	return fmt.Sprint(found.States, found.Moves, unreached)
}

// changed is the tables with one change.
type changed struct {
	borrowing, lending *workflow.Table
	hears              map[workflow.Side][]workflow.Hearing
	words              string
}

func change(random *rand.Rand) changed {
	c := changed{borrowing: copied(workflow.Borrowing), lending: copied(workflow.Lending), hears: map[workflow.Side][]workflow.Hearing{}}
	for side, hears := range workflow.Hears {
		c.hears[side] = slices.Clone(hears)
	}
	for {
		table := []*workflow.Table{c.borrowing, c.lending}[random.IntN(2)]
		i := random.IntN(len(table.Transitions))
		row := &table.Transitions[i]
		if _, excused := Excused(*row); excused {
			continue
		}
		c.words = fmt.Sprintf("%s, %s, %q: ", table.Side, row.On, row.Label)
		switch random.IntN(4) {
		case 0:
			c.words += "the row is removed"
			table.Transitions = slices.Delete(table.Transitions, i, i+1)
			return c
		case 1:
			if len(row.When) == 0 {
				continue
			}
			at := random.IntN(len(row.When))
			c.words += fmt.Sprintf("%q is turned round", row.When[at])
			row.When = slices.Clone(row.When)
			if positive, negated := plain(row.When[at]); negated {
				row.When[at] = positive
			} else {
				row.When[at] = workflow.Not(positive)
			}
			return c
		case 2:
			if len(row.Do) == 0 {
				continue
			}
			at := random.IntN(len(row.Do))
			c.words += fmt.Sprintf("%s is forgotten", row.Do[at])
			row.Do = slices.Delete(slices.Clone(row.Do), at, at+1)
			return c
		default:
			hears := c.hears[table.Side]
			at := random.IntN(len(hears))
			if hears[at].Event == hears[at].Late {
				continue
			}
			c.words = fmt.Sprintf("%s: %s is not heard", table.Side, hears[at].Kind)
			hears[at].Event = hears[at].Late
			return c
		}
	}
}

func copied(table *workflow.Table) *workflow.Table {
	other := *table
	other.Transitions = slices.Clone(table.Transitions)
	return &other
}
