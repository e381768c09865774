package loans

import (
	"context"

	"afield/broker"
	"afield/broker/policy/lending"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Reversed is what reversing an adjustment did, or would do.
type Reversed struct {
	Adjustment
	Replayed bool
	// Restored counts the loans that have their old date again. Today counts those
	// of them that are due today or on the next open day instead, because the old
	// date has passed since: nobody is made overdue by a correction.
	Restored, Today int
	// Left counts loans whose date has been moved since, by a renewal for example,
	// or that are no longer open; they stay as they are.
	Left []Ref
}

// ReverseAdjustment gives the loans of an adjustment their old due dates back,
// where they still have the adjusted one, and counts those that do not. A date
// that has passed since becomes today, unless the loan was overdue when it was
// adjusted. Fines that were reversed stay reversed; for loans that were
// overdue, lateness counts again from the old date.
func (c *Service) ReverseAdjustment(ctx context.Context, tx *postgres.Tx, desk standing.Desk, id broker.ID, reason string, dryRun bool) (Reversed, error) {
	adjustment, err := adjustmentLocked(ctx, tx, desk.Library.ID, id)
	if err != nil {
		return Reversed{}, err
	}
	out := Reversed{Adjustment: adjustment}
	document, err := c.Rules(desk)
	if err != nil {
		return out, err
	}
	if err := lending.MayAdjustDueDates(document, desk.Moment(), desk.Actor.Roles, reason).Err("adjustment_refused"); err != nil {
		return out, err
	}
	if !adjustment.ReversedAt.IsZero() {
		out.Replayed = true
		return out, nil
	}
	return c.reverse(ctx, tx, desk, out, dryRun)
}

// UndoRelief undoes what a closure, now cancelled, did to due dates; it needs
// no reason of its own. If nothing was moved, it does nothing.
func (c *Service) UndoRelief(ctx context.Context, tx *postgres.Tx, desk standing.Desk, closure broker.ID) (Reversed, error) {
	adjustment, err := standingAdjustment(ctx, tx, Adjustment{Library: desk.Library.ID, Kind: AdjustedByClosure, Closure: closure})
	if err != nil || adjustment.ID == broker.NoID || !adjustment.ReversedAt.IsZero() {
		return Reversed{Adjustment: adjustment, Replayed: true}, err
	}
	return c.reverse(ctx, tx, desk, Reversed{Adjustment: adjustment}, false)
}

func (c *Service) reverse(ctx context.Context, tx *postgres.Tx, desk standing.Desk, out Reversed, dryRun bool) (Reversed, error) {
	openings, err := openingsOf(ctx, tx, desk)
	if err != nil {
		return out, err
	}
	after, today := broker.NoID, desk.Today()
	adjustedOn := desk.Calendar().DateOf(out.At)
	for {
		adjusted, err := adjustedLoans(ctx, tx, out.Adjustment, after, adjustSlice)
		if err != nil {
			return out, err
		}
		var changes []dueChange
		for _, one := range adjusted {
			if one.loan.Status != Open || one.loan.DueOn != one.after {
				out.Left = append(out.Left, one.loan.Ref)
				continue
			}
			due := one.before
			if due.Before(today) && !due.Before(adjustedOn) {
				due = openings.of(one.loan).NextOpenDay(today)
				out.Today++
			}
			out.Restored++
			changes = append(changes, dueChange{loan: one.loan, due: due, at: openings.of(one.loan).EndOfBusiness(due)})
		}
		if !dryRun {
			setDueDates(tx, changes)
		}
		if len(adjusted) < adjustSlice {
			break
		}
		after = adjusted[len(adjusted)-1].loan.ID
	}
	if dryRun {
		return out, nil
	}
	out.ReversedAt = desk.Now
	return out, endAdjustment(tx, out.Adjustment, desk.Actor)
}
