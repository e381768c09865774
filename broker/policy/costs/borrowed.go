package costs

import (
	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// LostILLCharge gives what a lost or damaged borrowed item costs the patron:
// the sum of the lender's invoice, exactly, and the library's own fee if it has
// one. Lines in another currency are an error of kind refused: staff enter the
// amount in the library's currency first.
func LostILLCharge(d *policy.Document, invoice ...broker.Money) (Charge, error) {
	entry := d.Rules().LostCharge.For(rule.Match{Owner: rule.OwnerILL})
	sum := d.Money(entry.Value.OwnFee)
	for _, line := range invoice {
		if line.Currency != sum.Currency {
			return Charge{}, broker.Refused("currency_differs", "Staff enter the amount in "+sum.Currency+".",
				policy.Ground{Code: "currency_differs", Message: "The invoice is in another currency.", Needed: sum.Currency, Found: line.String()}.Reason(entry.Source))
		}
		sum = sum.Plus(line)
	}
	return Charge{Kind: "lost", Amount: sum, Rule: entry.Rule, Clause: entry.Clause}, nil
}

// LenderInvoiceMost is the most that a lender's invoice for one request charges a
// patron by itself, and to which its fines for one item come.
func LenderInvoiceMost(d *policy.Document) rule.Entry[rule.Optional[rule.Amount]] {
	return d.Rules().InvoiceMost.For(rule.Match{Owner: rule.OwnerILL})
}

// LenderFineMost is the most that a lender may ask for a late day by itself.
func LenderFineMost(d *policy.Document) rule.Entry[rule.Optional[rule.Amount]] {
	return d.Rules().LenderFineMost.For(rule.Match{Owner: rule.OwnerILL})
}

// Above tells whether an amount is more than the most a policy lets a lender set, and
// gives that. An amount in another currency is not compared.
func Above(d *policy.Document, amount broker.Money, most rule.Entry[rule.Optional[rule.Amount]]) (broker.Money, bool) {
	if !most.Value.Is {
		return broker.Money{}, false
	}
	bound := d.Money(most.Value.Value)
	return bound, amount.Currency == bound.Currency && amount.Minor > bound.Minor
}

// SearchUntil gives the last day a patron may search for a misplaced borrowed
// item before paying: so many days after the due date or the patron's own
// report, whichever was first. Zero when the policy gives no such time.
func SearchUntil(d *policy.Document, due, reported broker.Date) rule.Entry[broker.Date] {
	entry := d.Rules().SearchDays.For(rule.Match{Owner: rule.OwnerILL})
	answer := rule.Entry[broker.Date]{Source: entry.Source}
	if entry.Value.Is {
		answer.Value = due.Earlier(reported).AddDays(entry.Value.Value)
	}
	return answer
}

// BorrowedLostOn gives the first day a borrowed item counts as lost: when the
// time to search has ended, or once it is overdue for long enough where the
// policy says so of borrowed items, whichever is first. Zero where staff or the
// lender must say so.
func BorrowedLostOn(d *policy.Document, m rule.Match, due, reported broker.Date) rule.Entry[broker.Date] {
	answer := SearchUntil(d, due, reported)
	if !answer.Value.IsZero() {
		answer.Value = answer.Value.AddDays(1)
	}
	m.Owner = rule.OwnerILL
	if age := d.Rules().LostAfter.For(m); age.Value.Is {
		if on := age.Value.Value.From(due); answer.Value.IsZero() || on.Before(answer.Value) {
			return rule.Entry[broker.Date]{Source: age.Source, Value: on}
		}
	}
	return answer
}

// MayRefundILL tells whether the payment for a borrowed item is refunded when the
// item is found; lenderRefunded tells whether the lender gave the money back.
func MayRefundILL(d *policy.Document, at policy.Moment, m rule.Match, lenderRefunded bool) policy.Decision {
	entry := d.Rules().Refund.For(m)
	a := d.Ask(at, "be refunded for a borrowed item", entry.Source)
	switch {
	case entry.Value == attributes.NoRefund:
		a.Refuse(entry.Source, policy.Ground{Code: "no_ill_refund", Message: "Borrowed items are not refunded.", Needed: "an item of our own", Found: "one of a lender"})
	case !lenderRefunded:
		a.Refuse(entry.Source, policy.Ground{
			Code: "lender_has_not_refunded", Message: "The patron gets back what the lender gives back.",
			Needed: "the lender's refund", Found: "none yet",
		})
	}
	return a.Answer()
}

// MayDonateInLieu tells whether a like item is taken instead of payment for a
// lost borrowed one.
func MayDonateInLieu(d *policy.Document, at policy.Moment, m rule.Match) policy.Decision {
	entry := d.Rules().DonationInPlace.For(m)
	a := d.Ask(at, "give a like item instead of paying for a borrowed one", entry.Source)
	if !entry.Value {
		a.Refuse(entry.Source, policy.Ground{Code: "no_donation_in_lieu", Message: "A like item does not replace a lender's.", Needed: "payment", Found: "a donation"})
	}
	return a.Answer()
}
