package proof

import (
	"fmt"
	"slices"
	"strings"

	"afield/workflow"
)

// Worlds are what is searched: each side against another library that says
// anything at any time, holds of the own catalogue, copies that nobody returns,
// and both sides together.
func Worlds(borrowing, lending *workflow.Table) []*World {
	world := func(name string, change func(*World)) *World {
		w := &World{Name: name, Borrowing: borrowing, Lending: lending, Hears: workflow.Hears, Under: 1}
		change(w)
		return w
	}
	liar := func(side workflow.Side) func(*World) {
		return func(w *World) { w.Liar, w.Side = true, side }
	}
	return []*World{
		world("both sides of a loan", func(*World) {}),
		world("a borrower, and a lender that says anything", liar(workflow.SideBorrowing)),
		world("a lender, and a borrower that says anything", liar(workflow.SideLending)),
		world("a borrower in a shared catalogue, and a lender that says anything", func(w *World) {
			liar(workflow.SideBorrowing)(w)
			w.Holds = true
		}),
		world("both sides of a copy that nobody returns", func(w *World) { w.Copies = true }),
		world("a borrower of a copy, and a lender that says anything", func(w *World) {
			liar(workflow.SideBorrowing)(w)
			w.Copies = true
		}),
	}
}

// Unreached lists the rows that no search reached, and that no reason is given
// for; and reasons that are given for a row that was reached.
func Unreached(results []*Result) (wrong []string) {
	for _, side := range []workflow.Side{workflow.SideBorrowing, workflow.SideLending} {
		for i, row := range workflow.TableOf(side).Transitions {
			reached := slices.ContainsFunc(results, func(r *Result) bool { return !slices.Contains(r.Unreached[side], i) })
			_, excused := Excused(row)
			if reached == excused {
				wrong = append(wrong, fmt.Sprintf("%s, %s, %q: reached %v, excused %v", side, row.On, row.Label, reached, excused))
			}
		}
	}
	return wrong
}

// Excused gives why the search need not reach a row.
func Excused(row workflow.Transition) (why string, excused bool) {
	for _, excuse := range Excuses {
		if (excuse.Event == "" || row.On == excuse.Event) && (excuse.Guard == "" || slices.Contains(row.When, excuse.Guard)) &&
			(excuse.Label == "" || strings.HasPrefix(row.Label, excuse.Label)) {
			return excuse.Why, true
		}
	}
	return "", false
}

// Excuse says why rows with an event, a guard or a label are not reached.
type Excuse struct {
	Event workflow.Event
	Guard workflow.Guard
	Label string
	Why   string
}

const severalVolumes = "one volume is searched; what several do is walked through on a database"

// Excuses are the rows that the search does not reach, and why.
var Excuses = []Excuse{
	{Event: workflow.EventNote, Why: skipped[workflow.EventNote]},
	{Event: workflow.EventUndo, Why: skipped[workflow.EventUndo]},
	{Event: workflow.EventReceiveVolume, Why: severalVolumes},
	{Label: "Sent to the branch", Why: "it moves the copy inside the library, not the request"},
	{Guard: workflow.GuardToShelve, Why: severalVolumes},
	{Guard: workflow.GuardOthersOut, Why: severalVolumes},
	{Guard: workflow.GuardOthersHere, Why: severalVolumes},
	{Guard: workflow.GuardOthersLost, Why: severalVolumes},
	{Guard: workflow.GuardOthersAway, Why: severalVolumes},
	{Guard: workflow.GuardOneOfSeveral, Why: severalVolumes},
	{Label: "Another volume of it checked out", Why: severalVolumes},
	{Label: "Send back the volumes that are here", Why: severalVolumes},
	{Label: "The lender forgives it; the rest", Why: severalVolumes},
	{Label: "The lender was paid; the rest", Why: severalVolumes},
	{Label: "Taken off the patron's account; its lender has it, and the rest", Why: severalVolumes},
	{Event: workflow.EventArrivedAgain, Why: "it is about a parcel beside the one that is expected, and only puts it before staff"},
}
