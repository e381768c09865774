package returns

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// LoseByAge declares lost those of the given loans of the desk's library that
// are old enough by the policy they were lent by, as of the day on which they
// became so; there are at most as many as in a slice of nightly work. With
// claimed, it instead ends the claims whose item was not found in the policy's
// time: such a loan is lost, and charged. A loan whose time has not come, or that somebody has acted on
// meanwhile, has no outcome. One whose price nobody knows has Failed set to the
// conflict price_unknown, and is unchanged.
//
// It reads and writes in a few round trips, however many loans there are; where
// the policy has latching blocks, each loan takes one more.
func (c *Service) LoseByAge(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ids []broker.ID, claimed bool) ([]loans.Outcome, error) {
	ageing, err := readAgeing(ctx, tx, desk, ids, claimed)
	if err != nil {
		return nil, err
	}
	var done []loans.Outcome
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
			out = loans.Outcome{}
			out.Failed = err
			out.SetLoan(lose.loan)
			out.SetItem(lose.item)
			done = append(done, out)
			continue
		}
		if err != nil {
			return nil, err
		}
		if claimed {
			answerClaim(tx, desk, lose.claim, loans.ClaimCharged, &out)
		}
		done = append(done, out)
	}
	return done, nil
}

// loseFirst declares an item that comes in lost, where the day of the rule that
// says so had come by the day on which the return counts, and no night has run
// since: a return is settled the same, whether the night came before it or not.
// Where the night would have asked for a price, it is simply late.
func (c *Service) loseFirst(ctx context.Context, tx *postgres.Tx, in Return, lender standing.Desk, on broker.Date, facts *returnFacts, out *loans.Outcome) error {
	loan := facts.open
	if loan.Status != loans.Open || loan.SettledElsewhere() || !loan.SeenBackOn.IsZero() || !on.After(loan.DueOn) {
		return nil
	}
	claimed := !loan.ClaimedAt.IsZero()
	old := &ageing{losing: losing{loan: loan, lender: lender, item: facts.item, money: facts.money.overdue}, claim: facts.claim}
	loss, now, err := c.lossByAge(lender, old, claimed)
	if err != nil || !now || on.Before(loss.On) {
		return err
	}
	lost, err := c.lose(ctx, tx, in.Desk, old.losing, loss)
	if ours, ok := broker.AsError(err); ok && ours.Code == "price_unknown" {
		return nil
	}
	if err != nil {
		return err
	}
	if claimed {
		answerClaim(tx, in.Desk, old.claim, loans.ClaimCharged, &lost)
		facts.claim = *lost.Claim
		lost.Loan.ClaimedAt = time.Time{}
	}
	facts.open, facts.item, facts.money = *lost.Loan, *lost.Item, loanMoney{}
	out.Charged, out.TakenBack = lost.Charged, lost.TakenBack
	askLoanMoney(tx, facts.open, &facts.money)
	if err := tx.Flush(ctx); err != nil {
		return fmt.Errorf("read what a loss cost: %w", err)
	}
	return nil
}

// ageing is a loan that may be lost by its age, with its claim where it has one.
type ageing struct {
	losing
	claim loans.Claim
}

// lossByAge tells whether a loan's time has come, and if so how it is lost.
func (c *Service) lossByAge(desk standing.Desk, old *ageing, claimed bool) (loss Loss, now bool, err error) {
	document, err := loans.LentBy(c.Policies, old.lender, old.loan)
	if err != nil {
		return loss, false, err
	}
	match := old.loan.MatchOf(old.item)
	loss = Loss{How: loans.LostOverdue, WillReplace: costs.ReplacedByAge(document, match).Value}
	if !claimed {
		lost := costs.LostOn(document, desk.Moment(), match, old.loan.DueOn, false)
		loss.On = lost.On
		return loss, lost.Now, nil
	}
	loss.How = loans.LostByClaim
	loss.On = lending.ClaimChargedOn(document, match, old.loan.DueOn).Value
	if !loss.On.IsZero() {
		loss.On = loss.On.Later(desk.Calendar().DateOf(old.claim.ClaimedAt))
	}
	return loss, old.claim.Status == loans.ClaimOpen && !loss.On.IsZero() && !desk.Today().Before(loss.On), nil
}

// readAgeing locks loans in the usual order (patrons, items, loans), and reads
// what the rules about their age and price need. Those that are no longer open,
// or whose claim is not as expected, are left out.
func readAgeing(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ids []broker.ID, claimed bool) ([]*ageing, error) {
	lent, err := loans.AllLocked(ctx, tx, desk.Library.ID, ids)
	if err != nil {
		return nil, err
	}
	var read []*ageing
	lenders := standing.LendersFrom(desk)
	for _, loan := range lent {
		if loan.Status != loans.Open || loan.ClaimedAt.IsZero() == claimed {
			continue
		}
		one := &ageing{losing: losing{loan: loan}}
		if one.lender, err = lenders.Of(ctx, tx, loan.Library, loan.Branch); err != nil {
			return nil, err
		}
		read = append(read, one)
	}
	for _, one := range read {
		one.ask(tx)
		if claimed {
			loans.AskLastClaim(tx, one.loan, &one.claim)
		}
	}
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("read for losses: %w", err)
	}
	return read, nil
}
