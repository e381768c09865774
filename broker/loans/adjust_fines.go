package loans

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// lateness is one loan whose fine is worked out again.
type lateness struct {
	loan Loan
	// owed is what its lateness costs now, full what it would cost if the closed
	// days were not forgiven.
	owed, full costs.Fine
	through    broker.Date
	money      ledger.LoanMoney
}

// amend adjusts fines after due dates moved to a later day: what was charged
// for days that are no longer late is reversed, and accruing starts again.
func (c *Service) amend(ctx context.Context, tx *postgres.Tx, desk standing.Desk, openings openings, why Adjustment, changes []dueChange, moved *Moved) error {
	var late []lateness
	for _, change := range changes {
		opening := openings.of(change.loan)
		if !change.loan.DueOn.Before(desk.Today()) {
			continue
		}
		loan := change.loan
		loan.DueOn = change.due
		one := lateness{loan: loan, through: loan.Late().Through(desk.Today(), opening)}
		one.owed = costs.OverdueFine(loan.Terms, loan.DueOn, one.through, opening)
		one.full = one.owed
		late = append(late, one)
	}
	return c.settleLateness(ctx, tx, desk, late, relief{ledger.CorrectedAdjustment, why.ID, why.Reason}, moved)
}

// voidClosedDays reverses what the days of a closing cost: for loans that came
// back before it was entered, by the due date it would have given them; and,
// after an emergency, for loans that are still out.
func (c *Service) voidClosedDays(ctx context.Context, tx *postgres.Tx, desk standing.Desk, closure directory.Closure, dryRun bool, moved *Moved, relieved func(Loan, *calendar.Calendar) broker.Date) error {
	openings, err := openingsOf(ctx, tx, desk)
	if err != nil {
		return err
	}
	after := broker.NoID
	for {
		loans, err := loansLateIn(ctx, tx, closure, after, adjustSlice)
		if err != nil {
			return err
		}
		var late []lateness
		for _, loan := range loans {
			opening := openings.of(loan)
			late = append(late, latenessOf(loan, desk, opening, closure, relieved))
		}
		// Where open days are counted, a closed day never counts again; where
		// calendar days are, it would, so there it is waived, and later sums respect
		// the waiver.
		if !dryRun {
			why := func(l lateness) ledger.Correction {
				if closure.Kind == directory.ClosureEmergency && l.loan.Terms.Overdue.Count == calendar.CalendarDays {
					return ""
				}
				return ledger.CorrectedClosing
			}
			for _, part := range byCorrection(late, why) {
				if err := c.settleLateness(ctx, tx, desk, part.late, relief{part.why, closure.ID, closure.Reason}, moved); err != nil {
					return err
				}
			}
		}
		if len(loans) < adjustSlice {
			return nil
		}
		after = loans[len(loans)-1].ID
	}
}

// latenessOf is what a loan's lateness costs once a closing is known.
func latenessOf(loan Loan, desk standing.Desk, opening *calendar.Calendar, closure directory.Closure, relieved func(Loan, *calendar.Calendar) broker.Date) lateness {
	one := lateness{through: loan.Late().Through(desk.Today(), opening)}
	if loan.Status == Returned {
		one.through = loan.ReturnedOn
		if !loan.DueOn.Before(closure.From) && !loan.DueOn.After(closure.To) {
			loan.DueOn = loan.DueOn.Later(relieved(loan, opening))
		}
	}
	one.loan = loan
	one.full = costs.OverdueFine(loan.Terms, loan.DueOn, one.through, opening)
	one.owed = one.full
	if closure.Kind == directory.ClosureEmergency {
		one.owed = costs.OverdueFineBut(loan.Terms, loan.DueOn, one.through, opening, closure.From, closure.To)
	}
	return one
}

// relief is why fines are reversed: the kind of correction, empty where they
// are forgiven, and the closing or adjustment it comes from.
type relief struct {
	correction ledger.Correction
	by         broker.ID
	reason     string
}

// cause is the key of what a relief reverses of one loan's fine.
func (r relief) cause(loan Loan) string {
	what := ":void:"
	if r.correction != "" {
		what = ":back:" + string(r.correction) + ":"
	}
	return overdueCause(loan) + what + r.by.String()
}

// corrected are loans whose fines are reversed for one reason.
type corrected struct {
	why  ledger.Correction
	late []lateness
}

func byCorrection(late []lateness, why func(lateness) ledger.Correction) []corrected {
	var parts []corrected
	for _, one := range late {
		if at := why(one); len(parts) == 0 || parts[len(parts)-1].why != at {
			parts = append(parts, corrected{why: at})
		}
		parts[len(parts)-1].late = append(parts[len(parts)-1].late, one)
	}
	return parts
}

// settleLateness brings what is charged down to what is owed. Where forgiven
// days would count again, the whole is charged first, so that what is forgiven
// is on the account and stays forgiven.
func (c *Service) settleLateness(ctx context.Context, tx *postgres.Tx, desk standing.Desk, late []lateness, why relief, moved *Moved) error {
	for i := range late {
		ledger.AskLoan(tx, AccountOf(late[i].loan), late[i].loan.ID, ledger.Overdue, &late[i].money)
	}
	if err := tx.Flush(ctx); err != nil {
		return fmt.Errorf("read what late loans were charged: %w", err)
	}
	touched := map[patrons.Ref]bool{}
	for i := range late {
		changed, err := late[i].settle(tx, desk, why, moved)
		if err != nil {
			return err
		}
		if changed && !touched[late[i].loan.Patron] {
			touched[late[i].loan.Patron] = true
			if err := c.LatchAfter(ctx, tx, desk, late[i].loan.Patron, late[i].loan.Terms.Class, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *lateness) settle(tx *postgres.Tx, desk standing.Desk, why relief, moved *Moved) (changed bool, err error) {
	if l.owed.Amount.Currency != moved.TakenBack.Currency {
		moved.TakenBack.Currency = l.owed.Amount.Currency
	}
	money := l.money.OfPeriod(l.loan.Period())
	standing := money.Stands()
	if given := l.full.Amount.Minor - l.owed.Amount.Minor; given > 0 && l.loan.Status == Open && l.full.Amount.Minor > money.Charged.Minor {
		entry, err := ledger.Post(tx, ledger.Charge{
			Account: AccountOf(l.loan), Kind: ledger.Overdue, Cause: throughCause(l.loan, l.through.String(), money.Parts()),
			Amount: broker.Money{Minor: l.full.Amount.Minor - money.Charged.Minor, Currency: standing.Currency},
			Rule:   l.full.Rule, Clause: l.full.Clause, Note: fmt.Sprintf("due %s, %d days late", l.loan.DueOn, l.full.Days),
			Loan: l.loan.ID, Request: l.loan.Request, Period: l.loan.Period(), Actor: desk.Actor, At: desk.Now,
		})
		if err != nil {
			return false, err
		}
		money.Open = append(money.Open, ledger.Open{Entry: entry, Owed: entry.Amount, Reversible: entry.Amount})
		money.Charged.Minor += entry.Amount.Minor
		standing.Minor += entry.Amount.Minor
	}
	if l.money.Accrued.Loan != broker.NoID {
		// It is worked out again when it is next asked for.
		ledger.EndAccrual(tx, l.loan.Patron.Library, l.loan.ID)
		changed = true
	}
	over := standing.Minor - l.owed.Amount.Minor
	if over <= 0 {
		return changed, nil
	}
	amount := broker.Money{Minor: over, Currency: standing.Currency}
	_, err = ledger.TakeBack(tx, money, amount, ledger.Answer{
		Cause: why.cause(l.loan), Correction: why.correction, Note: why.reason, Actor: desk.Actor, At: desk.Now,
	})
	moved.TakenBack.Minor += over
	return true, err
}
