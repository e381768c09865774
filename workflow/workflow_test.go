package workflow

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"afield/broker"
)

func everyGuardHolds(Guard) bool { return true }

// Every (state, event) pair has an answer: a row, or a conflict in plain words.
func TestEveryPairHasAnAnswer(t *testing.T) {
	t.Parallel()
	for _, table := range Tables() {
		for _, place := range table.Places {
			for _, event := range table.Events() {
				for _, holds := range []func(Guard) bool{everyGuardHolds, func(Guard) bool { return false }} {
					row, err := table.Next(place.State, event, holds)
					if err == nil && row.Label == "" {
						t.Errorf("%s: %s in %s has a row without a label", table.Side, event, place.State)
					}
					if err != nil && !broker.IsKind(err, broker.KindConflict) {
						t.Errorf("%s: %s in %s: %v is not a conflict", table.Side, event, place.State, err)
					}
				}
			}
		}
	}
}

func TestEveryStateIsReachable(t *testing.T) {
	t.Parallel()
	for _, table := range Tables() {
		reached := map[State]bool{table.Start: true}
		for range table.Places {
			for _, row := range table.Transitions {
				if row.To != Same && row.To != Previous && slices.ContainsFunc(row.From, func(s State) bool { return reached[s] }) {
					reached[row.To] = true
				}
			}
		}
		for _, place := range table.Places {
			if !reached[place.State] {
				t.Errorf("%s: nothing leads to %s", table.Side, place.State)
			}
		}
	}
}

// Ended states are left only by reopening or by taking back the last act.
func TestEndedStatesHaveNoOtherExit(t *testing.T) {
	t.Parallel()
	for _, table := range Tables() {
		for _, row := range table.Transitions {
			for _, from := range row.From {
				place, known := table.Place(from)
				if !known {
					t.Errorf("%s: row %s leaves unknown state %s", table.Side, row.On, from)
				}
				if place.Ended && row.To != Same && row.On != EventReopen && row.On != EventUndo {
					t.Errorf("%s: %s leaves the ended state %s by %s", table.Side, row.Label, from, row.On)
				}
			}
			if _, known := table.Place(row.To); !known && row.To != Same && row.To != Previous {
				t.Errorf("%s: row %s goes to unknown state %s", table.Side, row.On, row.To)
			}
		}
	}
}

// Nothing waits for ever: each open state has an owner, a deadline and an event
// that the table answers when the deadline passes, whatever the facts.
func TestEveryOpenStateHasOwnerAndDeadline(t *testing.T) {
	t.Parallel()
	for _, table := range Tables() {
		for _, place := range table.Places {
			if place.Ended {
				if place.Deadline != "" || place.Owner != "none" {
					t.Errorf("%s: ended state %s still waits", table.Side, place.State)
				}
				continue
			}
			if place.Passing {
				for _, row := range table.Transitions {
					if slices.Contains(row.From, place.State) && !row.May(BySystem) && row.To != Same && row.To != Previous {
						t.Errorf("%s: %s waits for nobody, and yet %s is for %v", table.Side, place.State, row.On, row.By)
					}
				}
				continue
			}
			if place.Deadline == "" || place.Owner == "none" || place.Then == "" {
				t.Errorf("%s: %s has no owner or deadline", table.Side, place.State)
			}
			for _, holds := range []func(Guard) bool{everyGuardHolds, func(Guard) bool { return false }} {
				if _, err := table.Next(place.State, place.Then, holds); err != nil {
					t.Errorf("%s: when %s passes in %s: %v", table.Side, place.Deadline, place.State, err)
				}
			}
		}
	}
}

// Every state in which somebody waits for long is in a queue, so that no
// request is out of sight; those that pass by themselves need none. On the
// lending side the desk has one list of all that is open.
func TestEveryStateLiesInAQueue(t *testing.T) {
	t.Parallel()
	for _, table := range []*Table{Borrowing, Brokered} {
		for _, place := range table.Places {
			inQueue := place.Queue != "" || place.Owner == OwnerStaff
			if passing := place.State == Submitted || place.State == Routing; inQueue == passing {
				t.Errorf("%s: %s is in the queue %q and waits for %s", table.Side, place.State, place.Queue, place.Owner)
			}
			if (place.Queue == QueueEnded) != place.Ended {
				t.Errorf("%s: %s is in the queue %q", table.Side, place.State, place.Queue)
			}
		}
	}
}

// What the places say agrees with what the rows do.
func TestPlacesAgreeWithTheirRows(t *testing.T) {
	t.Parallel()
	for _, place := range Borrowing.Places {
		if place.Patron == "" {
			t.Errorf("a patron is told nothing of %s", place.State)
		}
		if place.Supplied && !place.Ended {
			t.Errorf("%s is supplied and has not ended", place.State)
		}
		if place.Ended || place.Passing {
			continue
		}
		ends := false
		for _, row := range Borrowing.Transitions {
			if row.On == EventNeedByPassed && slices.Contains(row.From, place.State) {
				ends = ends || row.To != Same || len(row.Do) > 0
			}
		}
		if ends == place.PastNeedBy {
			t.Errorf("%s: past the need-by date is %v, but the rows say otherwise", place.State, place.PastNeedBy)
		}
		if place.Coming && place.PastNeedBy && !Borrowing.Takes(place.State, EventReceive) {
			t.Errorf("%s: it is still coming and cannot be received", place.State)
		}
	}
}

// A message that a lender or borrower may send at any time never meets a state
// that cannot take it in some way, however late it comes.
// The first act of a state is one that staff, at their desk or in the office, can
// choose there.
func TestTheFirstActOfAStateIsOneThatStaffCanChoose(t *testing.T) {
	t.Parallel()
	every := func(Guard) bool { return true }
	for _, table := range Tables() {
		for _, place := range table.Places {
			if place.First == "" {
				continue
			}
			can := slices.ContainsFunc(table.Transitions, func(row Transition) bool {
				return row.On == place.First && slices.Contains(row.From, place.State) && (row.May(ByStaff) || row.May(ByDesk))
			})
			if !can {
				t.Errorf("%s %s: staff cannot %s", table.Side, place.State, place.First)
			}
			for _, action := range table.Available(place.State, ByStaff, every) {
				if action.First != (action.Name == place.First) {
					t.Errorf("%s %s: %s is marked %v", table.Side, place.State, action.Name, action.First)
				}
			}
		}
	}
}

func TestCompensatingEventsExist(t *testing.T) {
	t.Parallel()
	for _, table := range Tables() {
		for _, row := range table.Transitions {
			if row.Undo.Kind == UndoBy && !slices.Contains(table.Events(), row.Undo.Event) {
				t.Errorf("%s: %s is undone by %s, which the table does not have", table.Side, row.On, row.Undo.Event)
			}
		}
	}
}

func TestGuardsChooseBetweenRows(t *testing.T) {
	t.Parallel()
	byPatron := func(g Guard) bool { return g == GuardPatronCancels }
	row, err := Borrowing.Next(Routing, EventNobodyWaits, byPatron)
	if err != nil || row.To != Cancelled {
		t.Fatalf("the patron's cancel ends the request: got %s, %v", row.To, err)
	}
	row, err = Borrowing.Next(Routing, EventNobodyWaits, func(Guard) bool { return false })
	if err != nil || row.To != Expired {
		t.Fatalf("the need-by date ends it otherwise: got %s, %v", row.To, err)
	}
	if _, err = Borrowing.Next(CheckedOut, EventCancel, everyGuardHolds); !broker.IsKind(err, broker.KindConflict) {
		t.Fatalf("a checked-out item cannot be cancelled: %v", err)
	}
}

func TestAvailableActionsFollowTheParty(t *testing.T) {
	t.Parallel()
	names := func(party Party, state State) []Event {
		var list []Event
		for _, action := range Borrowing.Available(state, party, func(Guard) bool { return false }) {
			list = append(list, action.Name)
		}
		return list
	}
	if got := names(ByPatron, AwaitingCostApproval); !slices.Equal(got, []Event{EventApproveCost, EventDeclineCost, EventCancel, EventAmend, EventNote}) {
		t.Errorf("a patron asked about a cost may %v", got)
	}
	if got := names(ByPatron, OnHoldShelf); slices.Contains(got, EventCheckOut) {
		t.Errorf("a patron cannot check out by the API: %v", got)
	}
	if got := names(ByStaff, OnHoldShelf); !slices.Contains(got, EventCheckOut) {
		t.Errorf("staff can check out: %v", got)
	}
}

func TestFormsGiveEveryWrongFieldAtOnce(t *testing.T) {
	t.Parallel()
	form := []Field{
		{Name: "due", Type: FieldDate, Label: "Due", Required: true},
		{Name: "cost", Type: FieldMoney, Label: "Cost"},
		{Name: "reason", Type: FieldChoice, Label: "Why", Choices: []string{"on_loan"}},
	}
	_, err := Read(form, map[string]json.RawMessage{
		"cost": json.RawMessage(`"12.50"`), "reason": json.RawMessage(`"tired"`), "colour": json.RawMessage(`1`),
	})
	ours, ok := broker.AsError(err)
	if !ok || len(ours.Fields) != 4 {
		t.Fatalf("due missing, cost and reason wrong, colour unknown; got %v", err)
	}
	input, err := Read(form, map[string]json.RawMessage{"due": json.RawMessage(`"2026-08-22"`), "cost": json.RawMessage(`{"minor":1250,"currency":"usd"}`)})
	if err != nil {
		t.Fatal(err)
	}
	cost, _ := input.Money("cost")
	if input.Date("due").String() != "2026-08-22" || cost.String() != "12.50 USD" {
		t.Fatalf("read %v", input)
	}
}

func TestReadmeIsFresh(t *testing.T) {
	t.Parallel()
	have, err := os.ReadFile("README.md")
	if err != nil || string(have) != Readme() {
		t.Fatalf("workflow/README.md is not what the tables say; run `make generate` (%v)", err)
	}
}
