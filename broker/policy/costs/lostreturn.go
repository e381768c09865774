package costs

import (
	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// LostAccount is how the account stands for one loan when a lost item comes
// back. All amounts are in the library's currency.
type LostAccount struct {
	rule.Match
	// LostFee is what was charged for the loss; zero when it was not yet.
	LostFee broker.Money `json:"lost_fee"`
	// Overdue is what stands charged for lateness, OverdueTakenBack what was
	// charged and taken back at the loss, OverdueNow what the lateness comes to at
	// the date the return counts for.
	Overdue          broker.Money `json:"overdue"`
	OverdueTakenBack broker.Money `json:"overdue_taken_back"`
	OverdueNow       broker.Money `json:"overdue_now"`
	// Paid is everything paid for this loan.
	Paid broker.Money `json:"paid"`
	// Amnesty forgives the lateness.
	Amnesty bool `json:"amnesty,omitempty"`
	// StillOpen marks a loan whose fine was charged up to now; it is not charged
	// again.
	StillOpen bool `json:"still_open,omitempty"`
}

// LostSettlement answers SettleLostReturn.
type LostSettlement struct {
	// LostFee and Overdue are what is owed for each now.
	LostFee broker.Money `json:"lost_fee"`
	Overdue broker.Money `json:"overdue"`
	// LostTakenBack is what a reversal takes off the lost charge.
	LostTakenBack broker.Money `json:"lost_taken_back"`
	// Balance is what is owed after what was paid; below zero is in the patron's
	// favour.
	Balance broker.Money  `json:"balance"`
	Rule    string        `json:"rule"`
	Source  broker.Clause `json:"source"`
}

// SettleLostReturn works out the account of a lost item that came back. The lost
// charge is taken back; where the policy does not let the account end in the
// patron's favour, only as far as payments leave it. Lateness is charged once:
// restored, worked out anew, or left as it stands, never two of them.
func SettleLostReturn(d *policy.Document, f LostAccount) LostSettlement {
	entry := d.Rules().LostReturn.For(f.Match)
	back := entry.Value
	settled := LostSettlement{Rule: entry.Rule, Source: entry.Clause, LostFee: d.Money(0), Overdue: f.overdue(back.Overdue)}
	if !back.CancelUnpaid {
		settled.LostFee = f.LostFee
	}
	balance := settled.LostFee.Minor + settled.Overdue.Minor - f.Paid.Minor
	if balance < 0 && !back.NegativeBalance {
		keep := min(-balance, f.LostFee.Minor-settled.LostFee.Minor)
		settled.LostFee = d.Money(rule.Amount(settled.LostFee.Minor + keep))
		balance += keep
	}
	settled.LostTakenBack = d.Money(rule.Amount(f.LostFee.Minor - settled.LostFee.Minor))
	settled.Balance = d.Money(rule.Amount(balance))
	return settled
}

func (f LostAccount) overdue(how attributes.LostOverdue) broker.Money {
	none := broker.Money{Currency: f.LostFee.Currency}
	switch {
	case f.Amnesty || how == attributes.OverdueForgiven:
		return none
	case f.StillOpen || how == attributes.OverdueAsCharged:
		return f.Overdue
	case how == attributes.OverdueRestored:
		return f.Overdue.Plus(f.OverdueTakenBack)
	}
	return f.OverdueNow
}

// PaidBy is the part of a charge that one payer paid.
type PaidBy struct {
	// Source is the account or agency that paid; "" is the patron.
	Source string       `json:"source"`
	Amount broker.Money `json:"amount"`
}

// RefundBySource undoes a charge: each payer gets back what they paid, and the
// rest is cancelled.
func RefundBySource(charge broker.Money, paid ...PaidBy) (refunds []PaidBy, cancelled broker.Money) {
	cancelled = charge
	for _, part := range paid {
		cancelled = cancelled.Plus(part.Amount.Negated())
		refunds = append(refunds, part)
	}
	return refunds, cancelled
}
