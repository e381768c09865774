package requests_test

import (
	"context"
	"testing"
	"time"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// A message added while the delivery of the one before it is being recorded is
// found then, and does not wait for the sweep.
func TestAMessagePutOutMeanwhileIsFound(t *testing.T) {
	t.Parallel()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home, lender := tw.Library("westport", "NY", broker.NoID), tw.Partner("VT", 0)
	home.LooksTo()
	request, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation()})
	tw.Must(err)
	home.Does(request.ID, workflow.EventAddLender, map[string]any{"lender": lender.Symbol.String()})
	home.Expects(request.ID, workflow.Requested)
	tw.Must(tw.Queue.Stop(t.Context())) // from here on the test is the worker

	note := func(text string) func(context.Context, *postgres.Tx) error {
		return func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.Requests.WriteNote(ctx, tx, tw.Clock.Now(), requests.Viewer{Library: home.Library.ID}, request.ID,
				requests.Note{Audience: requests.ToLender, Text: text, Actor: home.Staff()})
			return err
		}
	}
	tw.Must(home.Try(note("first")))
	var claimed messages.Claimed
	tw.Must(home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		due, _, err := messages.Next(ctx, tx, home.Library.ID, request.ID, lender.ID, tw.Clock.Now())
		if err != nil {
			return err
		}
		claimed, _, err = messages.Claim(ctx, tx, "test", home.Library.ID, due.ID, tw.Clock.Now(), time.Now())
		return err
	}))

	// Who records the first has looked at the clock before it waits for the second.
	looked := tw.Clock.Now()
	tw.Clock.Set(looked.Add(time.Second))
	put, commit := make(chan struct{}), make(chan struct{})
	writing, recorded := make(chan error, 1), make(chan error, 1)
	go func() {
		writing <- home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			if err := note("second")(ctx, tx); err != nil {
				return err
			}
			close(put)
			<-commit
			return nil
		})
	}()
	<-put
	var found bool
	var next messages.Ref
	go func() {
		recorded <- home.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
			next, found, err = home.Requests.HandedOver(ctx, tx, looked, claimed, connectors.Delivery{Outcome: connectors.Delivered})
			return err
		})
	}()
	select {
	case err := <-recorded:
		t.Errorf("the first is recorded although the second is being put out (%v)", err)
		recorded <- err
	case <-time.After(100 * time.Millisecond):
	}
	close(commit)
	tw.Must(<-writing)
	tw.Must(<-recorded)
	if !found || next.ID == claimed.ID || next.Protocol != claimed.Protocol {
		t.Errorf("the second note is not found: %+v, %v", next, found)
	}
}
