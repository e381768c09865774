package loans

import (
	"context"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/policy"
	"afield/broker/policy/costs"
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
	// Moves are the loans that moved, with their new due dates.
	Moves []Loan
	// Left counts loans whose date has been moved since, by a renewal for example,
	// or that are no longer open; they stay as they are.
	Left []Ref
}

// ReverseAdjustment gives the loans of an adjustment their old due dates back,
// where they still have the adjusted one, and counts those that do not. A date
// that has passed since becomes today: a correction makes nobody late for days
// before it. Fines that were reversed stay reversed.
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

// UndoRelief works due dates out again after a closure was cancelled; it needs
// no reason of its own. The days that passed while the closure stood stay
// closed.
func (c *Service) UndoRelief(ctx context.Context, tx *postgres.Tx, desk standing.Desk, closure directory.Closure) (Reversed, error) {
	adjustment, err := standingAdjustment(ctx, tx, Adjustment{Library: desk.Library.ID, Kind: AdjustedByClosure, Closure: closure.ID})
	if err != nil || adjustment.ID == broker.NoID || !adjustment.ReversedAt.IsZero() {
		return Reversed{Adjustment: adjustment, Replayed: true}, err
	}
	out := Reversed{Adjustment: adjustment}
	moved := Moved{Adjustment: Adjustment{Library: adjustment.Library, Branch: closure.Branch, From: closure.From, To: closure.To, Reason: "open after all"}}
	if err := c.moveAll(ctx, tx, desk, &moved, false, moving{why: ledger.CorrectedClosing, touched: loansTouched, move: settleAnew}); err != nil {
		return out, err
	}
	out.Restored, out.Moves = len(moved.Moves), moved.Moves
	for _, loan := range moved.Moves {
		if loan.SetDue.Before(desk.Today()) {
			out.Today++
		}
	}
	out.ReversedAt = desk.Now
	return out, endAdjustment(tx, out.Adjustment, desk.Actor)
}

func (c *Service) reverse(ctx context.Context, tx *postgres.Tx, desk standing.Desk, out Reversed, dryRun bool) (Reversed, error) {
	restoring := map[broker.ID]broker.Date{}
	moved := Moved{Adjustment: Adjustment{Library: out.Library, From: out.From, To: out.To, Reason: out.Reason}}
	touched := func(ctx context.Context, tx *postgres.Tx, _ Adjustment, _ broker.Date, after broker.ID, limit int) ([]Loan, error) {
		adjusted, err := adjustedLoans(ctx, tx, out.Adjustment, after, limit)
		loans := make([]Loan, len(adjusted))
		for i, one := range adjusted {
			loans[i] = one.loan
			if one.loan.Status != Open || one.loan.DueOn != one.after {
				out.Left = append(out.Left, one.loan.Ref)
				continue
			}
			restoring[one.loan.ID] = one.before
		}
		return loans, err
	}
	restore := func(loan *Loan, _ *policy.Document, lender standing.Desk) {
		before, restored := restoring[loan.ID]
		if !restored {
			return
		}
		out.Restored++
		times := loan.said()
		times = costs.Say(times, costs.Word{At: lender.Now, Set: before, Lender: times[len(times)-1].Lender})
		last := &times[len(times)-1]
		*last = last.Tell(before, lender.Today(), lender.Calendar())
		if last.Due != before {
			out.Today++
		}
		loan.keep(times, lender.Calendar())
	}
	if err := c.moveAll(ctx, tx, desk, &moved, dryRun, moving{why: ledger.CorrectedAdjustment, touched: touched, move: restore}); err != nil || dryRun {
		return out, err
	}
	out.Moves, out.ReversedAt = moved.Moves, desk.Now
	return out, endAdjustment(tx, out.Adjustment, desk.Actor)
}
