package counter

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/acts"
	"afield/broker/policy/lending"
	"afield/broker/postgres"
)

// Acting does something at a desk as one act, which can be undone: its answer
// names the act. Scanned again, an act that has happened already is the one that
// is named; what changed nothing is no act.
func (c *Counter) Acting(ctx context.Context, tx *postgres.Tx, at At, do func() (Done, error)) (Done, error) {
	act := acts.Act{Library: at.Library, ID: acts.Begin(tx, at.Library), At: at.Now, By: at.Actor, Branch: at.Branch}
	done, err := do()
	if err != nil {
		return done, err
	}
	if act.UndoUntil, err = c.undoUntil(ctx, tx, at); err != nil {
		return done, err
	}
	act.Kind, act.Item, act.Request = kindOf(done.Did), done.Item, done.Request
	if done.Loan != nil {
		act.Loan = done.Loan.ID
	}
	if done.Act, err = c.keep(ctx, tx, act, done.surely()); err != nil || !done.Act.None() || !done.Replayed {
		return done, err
	}
	done.Act, err = acts.LastOf(ctx, tx, at.Library, done.Item)
	return done, err
}

// Recorded ends an act that was begun and is not a scan; one that changed nothing
// is none.
func (c *Counter) Recorded(ctx context.Context, tx *postgres.Tx, at At, act acts.Act) (acts.Act, error) {
	var err error
	act.Library, act.At, act.By, act.Branch = at.Library, at.Now, at.Actor, at.Branch
	if act.UndoUntil, err = c.undoUntil(ctx, tx, at); err != nil {
		return act, err
	}
	return c.keep(ctx, tx, act, false)
}

// keep records an act; surely tells that it changed something, so that its
// recording can travel with the commit.
func (c *Counter) keep(ctx context.Context, tx *postgres.Tx, act acts.Act, surely bool) (acts.Act, error) {
	if surely {
		acts.Keep(tx, act, nil)
		return act, nil
	}
	recorded := false
	acts.Keep(tx, act, &recorded)
	if err := tx.Flush(ctx); err != nil {
		return acts.Act{}, fmt.Errorf("record an act: %w", err)
	}
	if !recorded {
		return acts.Act{}, nil
	}
	return act, nil
}

// undoUntil asks the policy, at the site that the act began with.
func (c *Counter) undoUntil(ctx context.Context, tx *postgres.Tx, at At) (time.Time, error) {
	site, found := c.sites.Read(at.Library)
	if !found {
		var err error
		if site, err = c.sites.Of(ctx, tx, at.Library); err != nil {
			return time.Time{}, err
		}
	}
	desk := at.desk(site)
	document, err := c.Policies.Rules(desk)
	if err != nil {
		return time.Time{}, err
	}
	return lending.UndoUntil(document, desk.Moment()), nil
}

// surely tells whether what was done has changed something for certain.
func (d Done) surely() bool {
	switch d.Did {
	case "nothing", "unmatched", "sent_on":
		return false
	}
	return !d.Replayed && d.Item != broker.NoID
}

// kindOf is what an act was, by the word for what it did.
func kindOf(did string) acts.Kind {
	switch did {
	case "checked_out":
		return acts.CheckOut
	case "shelved", "captured":
		return acts.Shelve
	case "received", "unmatched":
		return acts.Receive
	case "sent_on", "shipped", "pulled":
		return acts.Send
	}
	return acts.CheckIn
}
