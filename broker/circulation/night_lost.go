package circulation

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/postgres"
)

// LongOverdue gives the keys of the next open loans due on or before a day that
// may be lost by their age, at most limit of them. claimed chooses those that
// the patron says were returned, or the others; a claim of somebody else's item
// waits for its owner and is neither. What was borrowed from a lender, or lent to
// another library, is settled by its request. Those whose price staff were asked
// for under this version of the policy are left out until their item has one.
func LongOverdue(ctx context.Context, tx *postgres.Tx, library broker.ID, dueBy broker.Date, claimed bool, version string, after NightKey, limit int) ([]NightKey, error) {
	return nightKeys(ctx, tx, "long overdue loans", `select l.due_on, l.id from loans l
		left join claims c on c.library_id = l.library_id and c.loan_id = l.id and c.closed_at is null
		where l.library_id = $1 and l.status = 'open' and l.due_on <= $2
			and l.terms ->> 'owner' is distinct from 'ill' and l.terms ->> 'class' is distinct from 'library'
			and case when $3 then c.status = 'open' else c.id is null end
			and (l.due_on, l.id) > (coalesce($4, '-infinity'::date), $5)
			and (l.price_asked <> $7 or exists (select 1 from items i where i.library_id = l.item_library_id and i.id = l.item_id
				and coalesce(i.price_minor, i.price_paid_minor, i.list_price_minor, 0) > 0))
		order by l.due_on, l.id limit $6`, library, dueBy, claimed, after.On, after.ID, limit, version)
}

// PriceAsked queues the note that staff were asked for the price of a loan's item
// under a version of the policy: the nights to come leave the loan alone until the
// item has a price, the policy is another, or the loan is due anew.
func PriceAsked(tx *postgres.Tx, ref LoanRef, version string) {
	tx.Queue(`update loans set price_asked = $3 where library_id = $1 and id = $2`, ref.Library, ref.ID, version)
}

// LoseByAge declares lost those of some loans of the desk's library whose age says
// so by the policy of the desk that lent them, at most as many as a night's slice
// has. claimed ends, in place of that, the claims whose item was not found in the
// policy's time: such a loan is lost, and charged. A loan whose time has not come,
// or that somebody has acted on meanwhile, has no outcome. One whose price nobody
// knows has Failed set to the conflict price_unknown, and is unchanged.
//
// It reads and writes in a few round trips, however many loans there are; where a
// block latches, each loan takes one more.
func (c *Circulation) LoseByAge(ctx context.Context, tx *postgres.Tx, desk Desk, ids []broker.ID, claimed bool) ([]Outcome, error) {
	ageing, err := readAgeing(ctx, tx, desk, ids, claimed)
	if err != nil {
		return nil, err
	}
	var done []Outcome
	for _, lose := range ageing {
		loss, now, err := c.lossByAge(desk, lose, claimed)
		if err != nil {
			return nil, err
		}
		if !now {
			continue
		}
		out, err := c.lose(ctx, tx, desk, lose.losing, loss)
		if ours, ok := broker.AsError(err); ok && ours.Code == "price_unknown" {
			out = Outcome{Failed: err}
			out.setLoan(lose.loan)
			out.setItem(lose.item)
			done = append(done, out)
			continue
		}
		if err != nil {
			return nil, err
		}
		if claimed {
			answerClaim(tx, desk, lose.claim, ClaimCharged, &out)
		}
		done = append(done, out)
	}
	return done, nil
}

// ageing is a loan that may be lost by its age, with its claim where it has one.
type ageing struct {
	losing
	claim Claim
}

// lossByAge tells whether the time has come for a loan, and how it is then lost.
func (c *Circulation) lossByAge(desk Desk, old *ageing, claimed bool) (loss Loss, now bool, err error) {
	document, err := c.Rules(old.lender)
	if err != nil {
		return loss, false, err
	}
	match := matchOf(old.loan, old.item)
	loss = Loss{How: LostOverdue, WillReplace: costs.ReplacedByAge(document, match).Value}
	if !claimed {
		return loss, costs.LostOn(document, desk.moment(), match, old.loan.DueOn, false).Now, nil
	}
	loss.How = LostByClaim
	on := lending.ClaimChargedOn(document, match, old.loan.DueOn).Value
	return loss, old.claim.Status == ClaimOpen && !on.IsZero() && !desk.today().Before(on), nil
}

// readAgeing locks loans in the order of the house (patrons, items, loans), and
// reads what rules about their age and price look at. Those that are no longer
// open, or claimed otherwise than expected, are left out.
func readAgeing(ctx context.Context, tx *postgres.Tx, desk Desk, ids []broker.ID, claimed bool) ([]*ageing, error) {
	loans, err := loansLocked(ctx, tx, desk.Library.ID, ids)
	if err != nil {
		return nil, err
	}
	var read []*ageing
	lenders := lendersFrom(desk)
	for _, loan := range loans {
		if loan.Status != LoanOpen || loan.ClaimedAt.IsZero() == claimed {
			continue
		}
		one := &ageing{losing: losing{loan: loan}}
		if one.lender, err = lenders.of(ctx, tx, loan); err != nil {
			return nil, err
		}
		read = append(read, one)
	}
	for _, one := range read {
		one.ask(tx)
		if claimed {
			askLastClaim(tx, one.loan, &one.claim)
		}
	}
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("read for losses: %w", err)
	}
	return read, nil
}
