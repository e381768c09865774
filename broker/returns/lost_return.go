package returns

import (
	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

// settleLost settles the account of a lost item that came back: what was not
// paid of the loss is reversed, what was paid is refunded where the policy
// refunds, and the lateness costs what the policy says for that case. s is the
// fine as if the item had never been lost.
func (r returned) settleLost(tx *postgres.Tx, s loans.Settling, out *loans.Outcome) error {
	if r.loan.SettledElsewhere() {
		return s.Settle(tx, out)
	}
	out.Say("It had been declared lost.")
	money := r.facts.money
	if r.cleared {
		if err := money.takeBack(tx, r.in.Desk, r.loan, money.stands(), ledger.CorrectedAtReturn, out); err != nil {
			return err
		}
		return s.Settle(tx, out)
	}
	account := r.lostAccount(s)
	settled := costs.SettleLostReturn(r.lentBy, account)
	refund := r.refund()
	left := settled.LostTakenBack.Minor
	var back [3]int64
	for i, part := range money.loss() {
		unpaid := max(0, part.Stands().Minor-part.Paid.Minor)
		back[i] = min(left, unpaid+refund[i])
		left -= max(0, back[i])
		if given := back[i] - unpaid; given > 0 {
			out.Refund = out.Refund.Plus(broker.Money{Minor: given, Currency: part.Charged.Currency})
		}
	}
	if err := money.takeBack(tx, r.in.Desk, r.loan, back, ledger.CorrectedAtReturn, out); err != nil {
		return err
	}
	if out.Refund.Minor > 0 {
		out.Say("To be given back: %s.", out.Refund)
	}
	return s.SettleTo(tx, settled.Overdue.Minor, out)
}

// neverLost settles the account of an item that counted as lost by a rule, and was
// back before the day of that rule: nothing is owed for the loss, whatever the
// policy says of lost items that come back, and the lateness costs what it would
// have cost.
func (r returned) neverLost(tx *postgres.Tx, s loans.Settling, out *loans.Outcome) error {
	out.Say("It was back before it could count as lost.")
	money := r.facts.money
	for _, part := range money.loss() {
		if paid := min(part.Paid.Minor, part.Stands().Minor); paid > 0 {
			out.Refund = out.Refund.Plus(broker.Money{Minor: paid, Currency: part.Charged.Currency})
		}
	}
	if err := money.takeBack(tx, r.in.Desk, r.loan, money.stands(), ledger.CorrectedAtReturn, out); err != nil {
		return err
	}
	if out.Refund.Minor > 0 {
		out.Say("To be given back: %s.", out.Refund)
	}
	return s.Settle(tx, out)
}

// lostAccount is what is on the account for the loan.
func (r returned) lostAccount(s loans.Settling) costs.LostAccount {
	money, overdue := r.facts.money, r.facts.money.overdue.OfPeriod(r.loan.Period())
	undone := overdue.Corrected().Negated()
	waived := overdue.Adjusted.Plus(undone) // as good as paid: it is not charged again
	return costs.LostAccount{
		Match:            r.loan.MatchOf(r.facts.item),
		LostFee:          money.lost.Stands().Plus(money.shipping.Stands()).Plus(money.processing.Stands()),
		Overdue:          overdue.Charged.Plus(undone),
		OverdueTakenBack: overdue.TakenBackAtLoss(r.loan.LostOn),
		OverdueNow:       s.Fine.Amount,
		Paid:             money.lost.Paid.Plus(money.shipping.Paid).Plus(money.processing.Paid).Plus(overdue.Paid).Plus(waived),
		Amnesty:          s.Forgiven,
	}
}

// refund gives how much of what was paid for the loss is refunded: of the
// item's price, of the delivery, of the processing.
func (r returned) refund() [3]int64 {
	money := r.facts.money
	paid := money.lost.Paid.Plus(money.shipping.Paid)
	if paid.Minor+money.processing.Paid.Minor <= 0 {
		return [3]int64{}
	}
	paidAt := money.lost.PaidAt()
	if paidAt.IsZero() {
		paidAt = money.processing.PaidAt()
	}
	decision := costs.MayRefund(r.lentBy, r.lender.Moment(), costs.RefundFacts{
		Match: r.loan.MatchOf(r.facts.item), Paid: paid, Processing: money.processing.Paid,
		PaidOn: r.lender.Calendar().DateOf(paidAt), LostOn: r.loan.LostOn, Replaced: !r.facts.item.ReplacedOn.IsZero(),
	})
	left := decision.Amount.Minor
	take := func(most int64) int64 {
		part := max(0, min(left, most))
		left -= part
		return part
	}
	return [3]int64{take(money.lost.Paid.Minor), take(money.shipping.Paid.Minor), take(money.processing.Paid.Minor)}
}
