package loans

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// resettled is a loan about which something became known: its facts as they are
// now, and what is on the account for it.
type resettled struct {
	loan   Loan
	lender standing.Desk
	// lentBy are the rules it was lent by.
	lentBy *policy.Document
	money  ledger.LoanMoney
	// why is the kind of what became known, said the reason in words.
	why  ledger.Correction
	said string
}

// resettle is the one place where a fact that became known changes what a loan's
// lateness costs. It works the fine of each of the loan's periods out from all
// the facts and posts the difference to what was charged, with its reason. What
// an open loan comes to in its present period goes on accruing: only what was
// charged too much is taken back.
func (r resettled) resettle(tx *postgres.Tx, desk standing.Desk, out *Outcome) error {
	if r.loan.Patron.ID == broker.NoID {
		return nil
	}
	times, facts := r.loan.Times(), r.loan.facts(r.lentBy, r.lender)
	for i, fine := range costs.Lateness(facts, r.lender.Calendar()) {
		s := r.settling(desk, times, facts, i, fine)
		settle := s.Settle
		if i == len(times)-1 && (r.loan.Status == Open || r.loan.Status == Returned && !r.loan.LostOn.IsZero()) {
			// It still grows; or the policy said what lateness costs beside the loss.
			settle = s.takeBackOver
		}
		if err := settle(tx, out); err != nil {
			return err
		}
	}
	if r.money.Accrued.Loan != broker.NoID {
		// It is worked out again when it is next asked for.
		ledger.EndAccrual(tx, r.loan.Patron.Library, r.loan.ID)
	}
	return nil
}

// settling is the fine of one of the loan's periods, to be brought to what it
// comes to.
func (r resettled) settling(desk standing.Desk, times []costs.Period, facts costs.Facts, nth int, fine costs.Fine) Settling {
	s := Settling{
		Desk: desk, Loan: r.loan.in(times, nth), Through: facts.Until, Fine: fine, Opening: r.lender.Calendar(), Money: r.money,
		Forgiven: facts.Forgiven, Why: r.why, Said: r.said, Last: true, Ended: true,
	}
	if nth < len(times)-1 { // a renewal followed
		s.Through, s.Forgiven = facts.Until.Earlier(times[nth+1].From), facts.RenewalForgives
	}
	return s
}

// takeBackOver reverses what was charged too much, and charges nothing.
func (s Settling) takeBackOver(tx *postgres.Tx, out *Outcome) error {
	money := s.Money.OfPeriod(s.Loan.Period())
	if over := s.over(money, money.Charged.Minor-money.Corrected().Minor); over > 0 {
		return s.takeBack(tx, money, over, out)
	}
	return nil
}

// SettleEarlier brings what is charged for a loan's earlier periods to what its
// facts come to: the day on which it counts as returned may lie before a
// renewal.
func SettleEarlier(tx *postgres.Tx, desk, lender standing.Desk, lentBy *policy.Document, loan Loan, money ledger.LoanMoney, out *Outcome) error {
	r := resettled{loan: loan, lender: lender, lentBy: lentBy, money: money, why: ledger.CorrectedAtReturn}
	times, facts := loan.Times(), loan.facts(lentBy, lender)
	for i, fine := range costs.Lateness(facts, lender.Calendar())[:len(times)-1] {
		if err := r.settling(desk, times, facts, i, fine).Settle(tx, out); err != nil {
			return err
		}
	}
	return nil
}

// resettleAll reads what many loans were charged, and resettles each. It gives
// by how much fines came down in all.
func (c *Service) resettleAll(ctx context.Context, tx *postgres.Tx, desk standing.Desk, all []resettled) (takenBack int64, err error) {
	for i := range all {
		AskFine(tx, all[i].loan, &all[i].money)
	}
	if err := tx.Flush(ctx); err != nil {
		return 0, fmt.Errorf("read what late loans were charged: %w", err)
	}
	touched := map[patrons.Ref]bool{}
	for _, one := range all {
		var out Outcome
		if err := one.resettle(tx, desk, &out); err != nil {
			return 0, err
		}
		for _, entry := range out.TakenBack {
			takenBack -= entry.Amount.Minor
		}
		changed := len(out.TakenBack)+len(out.Charged) > 0 || one.money.Accrued.Loan != broker.NoID
		if changed && !touched[one.loan.Patron] {
			touched[one.loan.Patron] = true
			if err := c.LatchAfter(ctx, tx, desk, one.loan.Patron, standing.Late{}); err != nil {
				return 0, err
			}
		}
	}
	return takenBack, nil
}
