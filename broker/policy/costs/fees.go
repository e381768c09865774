package costs

import (
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// PrintFee is what so many pages of printing or copying cost.
func PrintFee(d *policy.Document, m rule.Match, pages int, colour bool) Charge {
	entry := d.Rules().PrintPrice.For(m)
	each := entry.Value.BlackWhite
	if colour {
		each = entry.Value.Colour
	}
	return Charge{Kind: "print", Amount: d.Money(each * rule.Amount(max(0, pages))), Rule: entry.Rule, Clause: entry.Clause}
}

// FaxFee is what a fax of so many pages costs: the first pages together, then
// each further one.
func FaxFee(d *policy.Document, m rule.Match, pages int) Charge {
	entry := d.Rules().FaxPrice.For(m)
	charge := Charge{Kind: "fax", Amount: d.Money(0), Rule: entry.Rule, Clause: entry.Clause}
	if pages > 0 {
		charge.Amount = d.Money(entry.Value.First + entry.Value.EachMore*rule.Amount(max(0, pages-entry.Value.FirstPages)))
	}
	return charge
}

// MayFax tells whether a fax may go to a country (ISO 3166 code).
func MayFax(d *policy.Document, at policy.Moment, m rule.Match, country string) policy.Decision {
	entry := d.Rules().FaxPrice.For(m)
	a := d.Ask(at, "send a fax there", entry.Source)
	if within := entry.Value.Within; within != "" && within != country {
		a.Refuse(entry.Source, policy.Ground{Code: "fax_too_far", Message: "Faxes go within the country only.", Needed: within, Found: country})
	}
	return a.Answer()
}

// FeesOnAccount tells whether copies, prints and faxes may be put on the account
// instead of being paid at once.
func FeesOnAccount(d *policy.Document, m rule.Match) rule.Entry[bool] {
	return d.Rules().OnAccount.For(m)
}

// PaymentTerms are the ways to pay and how a payment is laid on charges, for a
// patron; nobody in particular, as where money is counted, is a zero match.
func PaymentTerms(d *policy.Document, m rule.Match) rule.Entry[attributes.Payments] {
	return d.Rules().Payments.For(m)
}

// Transfer is how libraries and agencies may pay besides.
const Transfer = "transfer"

// MayPayBy tells whether a way of paying, or of giving back, is one that the
// library takes; besides are others that will do here.
func MayPayBy(d *policy.Document, at policy.Moment, m rule.Match, method string, besides ...string) policy.Decision {
	entry := d.Rules().Payments.For(m)
	a := d.Ask(at, "pay by "+method, entry.Source)
	CheckPayingBy(a, m, method, besides...)
	return a.Answer()
}

// CheckPayingBy refuses a way of paying that the library does not take.
func CheckPayingBy(a *policy.Asking, m rule.Match, method string, besides ...string) {
	entry := a.Doc.Rules().Payments.For(m)
	taken := slices.Clone(entry.Value.Methods)
	for _, other := range besides {
		if !slices.Contains(taken, other) {
			taken = append(taken, other)
		}
	}
	if !slices.Contains(taken, method) {
		a.Refuse(entry.Source, policy.Ground{
			Code: "method_not_taken", Message: "The library does not take this.",
			Needed: rule.Joined(taken), Found: method,
		})
	}
}

// CheckMethod judges how money was paid, as a record of former days gives it:
// by what the library takes, or by something else that is known.
func CheckMethod(d *policy.Document, method string) []broker.FieldError {
	known := []string{"cash", "check", "card", "online", "voucher", Transfer}
	for entry := range d.Rules().Payments.Every() {
		known = append(known, entry.Value.Methods...)
	}
	if method == "" || slices.Contains(known, method) {
		return nil
	}
	slices.Sort(known)
	return []broker.FieldError{{Pointer: "/method", Code: "not_allowed", Message: "must be one of " + strings.Join(slices.Compact(known), ", ")}}
}

// SplitPayment divides a payment among open charges, which come oldest first: by
// oldest_first each in turn is paid in full, evenly gives each the same and
// shares among the others what a small one does not need. A cent that cannot be
// shared goes to the oldest charge that is still open. What is paid beyond all
// charges is left over.
func SplitPayment(how attributes.PaymentSplit, payment broker.Money, owed []broker.Money) (parts []broker.Money, leftOver broker.Money) {
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
		if how == attributes.SplitOldest {
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
