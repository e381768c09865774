package loans

import (
	"context"
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/policy/lending"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// DueBetween gives the keys of the next open loans of own items due from one
// day to another, at most limit of them: those that may be renewed
// automatically. What the patron says is back, what was borrowed from a lender
// and what was lent to another library are left out.
func DueBetween(ctx context.Context, tx *postgres.Tx, library broker.ID, from, to broker.Date, after NightKey, limit int) ([]NightKey, error) {
	return nightKeys(ctx, tx, "loans that are due", `select l.due_on, l.id from loans l
		where l.library_id = $1 and l.status = 'open' and l.due_on between $2 and $3
			and l.terms ->> 'owner' is distinct from 'ill' and l.terms ->> 'class' is distinct from 'library'
			and l.seen_back_on is null
			and not exists (select 1 from claims c where c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null)
			and (l.due_on, l.id) > (coalesce($4, '-infinity'::date), $5)
		order by l.due_on, l.id limit $6`, library, from, to, after.On, after.ID, limit)
}

// RenewByItself renews a loan where the policy it was lent by, which may be
// that of the patron's home (loans.rules_of), renews without being asked: as of
// the day that policy names, so that nights without a run change neither dates
// nor fines. Loan is nil in the outcome where nothing was renewed. Who waits for the title is
// read only once it is not too early to renew.
func (c *Service) RenewByItself(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref Ref) (Outcome, error) {
	loan, err := Locked(ctx, tx, ref)
	if err != nil || loan.Status != Open || !loan.ClaimedAt.IsZero() || loan.SettledElsewhere() {
		return Outcome{}, err
	}
	lender, err := standing.LendersFrom(desk).Of(ctx, tx, loan.Library, loan.Branch)
	if err != nil {
		return Outcome{}, err
	}
	document, err := c.RulesFor(ctx, tx, lender, loan.Patron)
	if err != nil {
		return Outcome{}, err
	}
	var facts renewFacts
	askRenewing(tx, lender, loan, &facts)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read for a renewal: %w", err)
	}
	if err := facts.standing.AsOfToday(ctx, tx, standing.LendersFrom(lender)); err != nil {
		return Outcome{}, err
	}
	in := Renew{Desk: lender, Loan: ref}
	facts.lender = lender
	if facts.lentBy, err = c.lentBy(ctx, tx, lender, loan); err != nil {
		return Outcome{}, err
	}
	asked := renewedOn(facts, lender, loan)
	if !hasCome(lending.AutoRenewal(document, asked.Moment(), facts.asked(document, in, loan))) {
		return Outcome{}, nil
	}
	askOthers(tx, lender, loan, &facts)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read who waits: %w", err)
	}
	if !lending.AutoRenewal(document, asked.Moment(), facts.asked(document, in, loan)).Allowed {
		return Outcome{}, nil
	}
	out, err := c.renew(ctx, tx, lender, asked, document, loan, facts, nil)
	if ours, ok := broker.AsError(err); ok && ours.Code == "renewal_gains_nothing" {
		return Outcome{}, nil
	}
	if err == nil {
		out.SetItem(facts.item)
	}
	return out, err
}

// renewedOn is the desk that lent as it was on the day on which the loan's rules
// renew it, or now where that day has not passed.
func renewedOn(facts renewFacts, lender standing.Desk, loan Loan) standing.Desk {
	match, zone := facts.lentAs(lender, loan), lender.Calendar().Zone()
	on := lending.AutoRenewalOn(facts.lentBy, match, loan.DueOn).Value
	if on.IsZero() {
		return lender
	}
	then := on.Start(zone)
	for _, soonest := range []time.Time{loan.StartedAt, lending.EarliestRenewal(facts.lentBy, lender.Moment(), match, loan.DueOn).Value} {
		if soonest.After(then) {
			then = soonest
		}
	}
	if lender.Calendar().DateOf(then).Before(lender.Today()) {
		lender.Now = then
	}
	return lender
}

// hasCome tells whether the day for the automatic renewal of a loan has come,
// whatever else may prevent it.
func hasCome(decision lending.RenewalDecision) bool {
	if decision.Allowed {
		return true
	}
	tooSoon := slices.ContainsFunc(decision.Reasons, func(r broker.Reason) bool { return r.Code == "too_soon" })
	return len(decision.Reasons) > 0 && !tooSoon
}
