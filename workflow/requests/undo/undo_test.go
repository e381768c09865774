package undo_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk/counter"
	"afield/workflow/requests"
	"afield/workflow/town"
)

// Whoever did something may take it back, and staff may for their patron; a
// patron never takes back what staff did, and is not offered it.
func TestAPatronTakesBackOnlyTheirOwnActs(t *testing.T) {
	t.Parallel()
	_, home, _, request, patron := town.AsksPartner(t, 500)
	online, staff := home.Online(patron), home.Staff()
	for _, c := range []struct {
		acts, undoes broker.Actor
		may          bool
	}{{online, online, true}, {online, staff, true}, {staff, staff, true}, {staff, online, false}} {
		err := home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			act := func(actor broker.Actor, action workflow.Event) error {
				at := counter.At{Library: home.Library.ID, Branch: home.Branch, Actor: actor, Now: home.Clock.Now()}
				_, err := home.Desk.Act(ctx, tx, at, requests.Act{Library: home.Library.ID, Request: request, Action: action})
				return err
			}
			home.Must(act(c.acts, workflow.EventApproveCost))
			viewer := requests.Viewer{Library: home.Library.ID}
			if c.undoes.Kind == broker.ActorPatron {
				viewer.Patron = patron
			}
			view, err := home.Requests.Look(ctx, tx, home.Clock.Now(), viewer, request, workflow.SideBorrowing)
			home.Must(err)
			offered := slices.ContainsFunc(view.Actions, func(action workflow.Action) bool { return action.Name == workflow.EventUndo })
			if err := act(c.undoes, workflow.EventUndo); offered != c.may || (err == nil) != c.may || (err != nil && !broker.IsKind(err, broker.KindConflict)) {
				t.Errorf("a %s's act is offered to a %s: %v, and undone: %v", c.acts.Kind, c.undoes.Kind, offered, err)
			}
			return errGivenUp
		})
		if !errors.Is(err, errGivenUp) {
			t.Fatal(err)
		}
	}
}

// A block that followed from a charge goes with it, also where the patron owed
// something before, which is enough for a block to stay and too little to put one.
func TestABlockGoesWithTheChargeThatPutIt(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("perth", "ON", broker.NoID) // blocked above 20.00, until all is settled
	lender := tw.Partner("VT", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	patron := home.Patron("member")
	home.Owe(patron, ledger.Overdue, 1000)
	submitted, err := home.Asks(requests.Submission{Patron: patron, Citation: town.Citation()})
	tw.Must(err)
	request, cost := submitted.ID, home.Money(1500)
	lender.Says(home, connectors.Message{Kind: connectors.KindConditional, Conditions: "insure it", Cost: &cost})
	home.Does(request, workflow.EventAcceptConditions, nil)
	home.Does(request, workflow.EventApproveCost, nil)
	home.Expects(request, workflow.WillSupply)
	err = home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		act := func(action workflow.Event) {
			_, err := home.Desk.Act(ctx, tx, home.At(), requests.Act{Library: home.Library.ID, Request: request, Action: action})
			home.Must(err)
		}
		blocked := func() (count int) {
			home.Must(tx.QueryRow(ctx, `select count(*)::int from blocks where patron_id = $1 and lifted_at is null`, patron).Scan(&count))
			return count
		}
		if act(workflow.EventReceive); blocked() == 0 {
			t.Fatal("25.00 are owed, and the patron is not blocked")
		}
		if act(workflow.EventUndo); blocked() != 0 {
			t.Error("10.00 are owed as before, and the patron is blocked")
		}
		return errGivenUp
	})
	if !errors.Is(err, errGivenUp) {
		t.Fatal(err)
	}
}
