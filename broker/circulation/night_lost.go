package circulation

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// LongOverdue gives the keys of the next open loans due on or before a day that
// may be lost by their age, at most limit of them. claimed chooses those that
// the patron says were returned, or the others; a claim of somebody else's item
// waits for its owner and is neither. What was borrowed from a lender, or lent to
// another library, is settled by its request.
func LongOverdue(ctx context.Context, tx *postgres.Tx, library broker.ID, dueBy broker.Date, claimed bool, after NightKey, limit int) ([]NightKey, error) {
	return nightKeys(ctx, tx, "long overdue loans", `select l.due_on, l.id from loans l
		left join claims c on c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null
		where l.library_id = $1 and l.status = 'open' and l.due_on <= $2
			and l.terms ->> 'owner' is distinct from 'ill' and l.terms ->> 'class' is distinct from 'library'
			and case when $3 then c.status = 'open' else c.id is null end
			and (l.due_on, l.id) > (coalesce($4, '-infinity'::date), $5)
		order by l.due_on, l.id limit $6`, library, dueBy, claimed, after.On, after.ID, limit)
}

// LostByAge declares a loan lost where its age says so by the policy of the desk
// that lent it. Loan is nil in the outcome where it is not time yet. An item
// whose price nobody knows is the conflict price_unknown.
func (c *Circulation) LostByAge(ctx context.Context, tx *postgres.Tx, desk Desk, ref LoanRef) (Outcome, error) {
	loan, match, err := readAgeing(ctx, tx, ref)
	if err != nil || loan.Status != LoanOpen || !loan.ClaimedAt.IsZero() {
		return Outcome{}, err
	}
	document, err := c.rulesOfLoan(ctx, tx, desk, loan)
	if err != nil {
		return Outcome{}, err
	}
	if !document.LostOn(desk.moment(), match, loan.DueOn, false).Now {
		return Outcome{}, nil
	}
	return c.declareLost(ctx, tx, desk, loan, Loss{How: LostOverdue, WillReplace: document.ReplacedByAge(match).Value})
}

// ClaimByAge ends a claim whose item was not found in the policy's time: the
// loan is lost, and charged. Loan is nil in the outcome where it is not time yet.
func (c *Circulation) ClaimByAge(ctx context.Context, tx *postgres.Tx, desk Desk, ref LoanRef) (Outcome, error) {
	loan, match, err := readAgeing(ctx, tx, ref)
	if err != nil || loan.Status != LoanOpen || loan.ClaimedAt.IsZero() {
		return Outcome{}, err
	}
	document, err := c.rulesOfLoan(ctx, tx, desk, loan)
	if err != nil {
		return Outcome{}, err
	}
	if on := document.ClaimChargedOn(match, loan.DueOn).Value; on.IsZero() || desk.today().Before(on) {
		return Outcome{}, nil
	}
	return c.AnswerClaim(ctx, tx, ClaimAnswer{
		Desk: desk, Loan: ref, Status: ClaimCharged, Loss: Loss{WillReplace: document.ReplacedByAge(match).Value},
	})
}

// readAgeing reads a loan and what rules about its age look at, and locks it.
func readAgeing(ctx context.Context, tx *postgres.Tx, ref LoanRef) (Loan, policy.Match, error) {
	loan, err := loanLocked(ctx, tx, ref)
	if err != nil {
		return loan, policy.Match{}, err
	}
	item, err := catalog.LoadItem(ctx, tx, loan.Item.Library, loan.Item.ID, false)
	if err != nil {
		return loan, policy.Match{}, fmt.Errorf("read the item of a loan: %w", err)
	}
	return loan, matchOf(loan, item), nil
}

// rulesOfLoan gives the policy of the building that lent.
func (c *Circulation) rulesOfLoan(ctx context.Context, tx *postgres.Tx, desk Desk, loan Loan) (*policy.Document, error) {
	lender, err := lendersFrom(desk).of(ctx, tx, loan)
	if err != nil {
		return nil, err
	}
	return c.Rules(lender)
}
