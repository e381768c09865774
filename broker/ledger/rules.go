package ledger

import (
	"afield/broker"
)

// share is the part of a payment that one charge receives.
type share struct {
	charge Open
	minor  int64
}

// allocate divides a payment over open charges, which come oldest first; rest
// is what no charge needs.
func allocate(minor int64, charges []Open) (shares []share, rest int64) {
	for _, charge := range charges {
		if minor == 0 {
			break
		}
		if charge.Owed.Minor <= 0 {
			continue
		}
		part := min(minor, charge.Owed.Minor)
		shares = append(shares, share{charge, part})
		minor -= part
	}
	return shares, minor
}

// mayPay refuses a payment of nothing, and one beyond what is owed unless it
// is to be kept in advance.
func mayPay(payment Payment, owed int64) error {
	if err := payment.Account.takes("/amount", payment.Amount); err != nil {
		return err
	}
	if payment.Amount.Minor <= owed || payment.InAdvance {
		return nil
	}
	left := broker.Money{Minor: max(owed, 0), Currency: payment.Account.Currency}
	return broker.Refused("more_than_owed", "The payment is more than is owed.", broker.Reason{
		Code: "more_than_owed", Rule: "payment.in_advance",
		Message: "Only " + left.String() + " is owed.",
		Needed:  "at most " + left.String(), Found: payment.Amount.String(),
	})
}

// takes tells whether an amount may be posted to the account: above zero and in
// its currency.
func (a Account) takes(pointer string, amount broker.Money) error {
	if (a.Patron == broker.NoID) == (a.Debtor == broker.NoID) || a.Library == broker.NoID || a.Currency == "" {
		return broker.Invalid(broker.FieldError{
			Pointer: "/account", Code: "not_an_account",
			Message: "must name a library, its currency, and either a patron or a debtor library",
		})
	}
	if amount.Minor <= 0 {
		return broker.Invalid(broker.FieldError{Pointer: pointer, Code: "not_above_zero", Message: "must be above zero"})
	}
	if amount.Currency != a.Currency {
		return broker.Invalid(broker.FieldError{
			Pointer: pointer, Code: "other_currency",
			Message: "must be in " + a.Currency + "; amounts are never converted",
		})
	}
	return nil
}
