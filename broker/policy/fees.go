package policy

import (
	"slices"

	"afield/broker"
)

// PrintFee is what so many pages of printing or copying cost.
func (d *Document) PrintFee(pages int, colour bool) Charge {
	entry := d.Rules().PrintPrice.For(Match{})
	each := entry.Value.BlackWhite
	if colour {
		each = entry.Value.Colour
	}
	return Charge{Kind: "print", Amount: d.Money(each * Amount(max(0, pages))), Rule: entry.Rule, Clause: entry.Clause}
}

// FaxFee is what a fax of so many pages costs: the first pages together, then
// each further one.
func (d *Document) FaxFee(pages int) Charge {
	entry := d.Rules().FaxPrice.For(Match{})
	charge := Charge{Kind: "fax", Amount: d.Money(0), Rule: entry.Rule, Clause: entry.Clause}
	if pages > 0 {
		charge.Amount = d.Money(entry.Value.First + entry.Value.EachMore*Amount(max(0, pages-entry.Value.FirstPages)))
	}
	return charge
}

// MayFax tells whether a fax may go to a country (ISO 3166 code).
func (d *Document) MayFax(at Moment, country string) Decision {
	entry := d.Rules().FaxPrice.For(Match{})
	a := d.ask(at, "send a fax there", entry.Source)
	if within := entry.Value.Within; within != "" && within != country {
		a.refuse(entry.Source, ground{code: "fax_too_far", message: "Faxes go within the country only.", needed: within, found: country})
	}
	return a.answer()
}

// FeesOnAccount tells whether copies, prints and faxes may be put on the account
// instead of being paid at once.
func (d *Document) FeesOnAccount() Entry[bool] { return d.Rules().OnAccount.For(Match{}) }

// PaymentTerms are the ways to pay and how a payment is laid on charges.
func (d *Document) PaymentTerms() Entry[Payments] { return d.Rules().Payments.For(Match{}) }

// MayPayBy tells whether a way of paying is taken.
func (d *Document) MayPayBy(at Moment, method string) Decision {
	entry := d.Rules().Payments.For(Match{})
	a := d.ask(at, "pay by "+method, entry.Source)
	a.payingBy(method)
	return a.answer()
}

func (a *asking) payingBy(method string) {
	entry := a.doc.Rules().Payments.For(Match{})
	if !slices.Contains(entry.Value.Methods, method) {
		a.refuse(entry.Source, ground{
			code: "method_not_taken", message: "The library does not take this.",
			needed: joined(entry.Value.Methods), found: method,
		})
	}
}

// SplitPayment lays a payment on open charges, oldest first, as the way says.
// Evenly gives each the same and what a small one does not need to the others; a
// cent that cannot be shared goes to the oldest that still owes. What nobody owes
// is left over.
func SplitPayment(how PaymentSplit, payment broker.Money, owed []broker.Money) (parts []broker.Money, leftOver broker.Money) {
	parts = make([]broker.Money, len(owed))
	for i := range parts {
		parts[i].Currency = payment.Currency
	}
	left := payment.Minor
	for left > 0 {
		var open []int
		for i := range owed {
			if owed[i].Minor > parts[i].Minor {
				open = append(open, i)
			}
		}
		if len(open) == 0 {
			break
		}
		share := left / int64(len(open))
		if how == SplitOldest {
			share = left
		}
		for _, i := range open {
			pay := min(max(share, 1), owed[i].Minor-parts[i].Minor, left)
			parts[i].Minor += pay
			left -= pay
		}
	}
	return parts, broker.Money{Minor: left, Currency: payment.Currency}
}
