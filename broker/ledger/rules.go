package ledger

import (
	"fmt"

	"afield/broker"
)

// share is the part of a payment that one charge receives.
type share struct {
	charge Open
	minor  int64
}

// allocate divides a payment among open charges, which come oldest first; rest is
// what no charge needs.
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

// share divides a payment among the open charges of an account, which owes
// charged in all, and refuses what it cannot take; rest is to be kept in advance.
func (p Payment) share(charges []Open, charged int64) (shares []share, rest int64, err error) {
	most := charged
	switch {
	case p.To != nil && p.Charge != broker.NoID:
		return nil, 0, broker.Invalid(broker.FieldError{Pointer: "/charge", Code: "two_ways", Message: "must not be given beside shares"})
	case p.To != nil:
		if shares, err = p.asSaid(charges); err != nil {
			return nil, 0, err
		}
		rest = p.Amount.Minor
		for _, share := range shares {
			rest -= share.minor
		}
		if rest < 0 {
			return nil, 0, broker.Invalid(broker.FieldError{Pointer: "/to", Code: "more_than_paid", Message: "must not come to more than the payment"})
		}
		most = min(most, p.Amount.Minor-rest)
	case p.Charge != broker.NoID:
		if charges = only(charges, p.Charge); charges == nil {
			return nil, 0, broker.Conflict("charge_settled", "That charge is not open on this account.")
		}
		most = min(most, charges[0].Owed.Minor)
		fallthrough
	default:
		shares, rest = allocate(p.Amount.Minor, charges)
	}
	return shares, rest, p.within(most, rest)
}

// within refuses a payment of more than is owed unless the rest may be kept in
// advance, and refuses to keep what is never given back.
func (p Payment) within(owed, rest int64) error {
	if p.NotRefundable && rest > 0 {
		return broker.Refused("not_kept_in_advance", "What is not given back cannot be kept as credit.", broker.Reason{
			Code: "not_kept_in_advance", Rule: "payment.not_refundable",
			Message: "It pays what is owed and no more.",
			Needed:  "at most " + broker.Money{Minor: p.Amount.Minor - rest, Currency: p.Amount.Currency}.String(), Found: p.Amount.String(),
		})
	}
	if p.Amount.Minor <= owed || p.InAdvance {
		return nil
	}
	left := broker.Money{Minor: max(owed, 0), Currency: p.Account.Currency}
	return broker.Refused("more_than_owed", "The payment is more than is owed.", broker.Reason{
		Code: "more_than_owed", Rule: "payment.in_advance",
		Message: "Only " + left.String() + " is owed.",
		Needed:  "at most " + left.String(), Found: p.Amount.String(),
	})
}

// asSaid gives the shares that the payment names.
func (p Payment) asSaid(charges []Open) (shares []share, err error) {
	named := map[broker.ID]bool{}
	for i, to := range p.To {
		pointer := fmt.Sprintf("/to/%d", i)
		if err := p.Account.takes(pointer+"/amount", to.Amount); err != nil {
			return nil, err
		}
		if named[to.Charge] {
			return nil, broker.Invalid(broker.FieldError{Pointer: pointer + "/charge", Code: "twice", Message: "must not be named twice"})
		}
		named[to.Charge] = true
		open := only(charges, to.Charge)
		if open == nil {
			return nil, broker.Conflict("charge_settled", "That charge is not open on this account.")
		}
		if to.Amount.Minor > open[0].Owed.Minor {
			return nil, broker.Conflict("more_than_owed", "Only %s of that charge is left to pay.", open[0].Owed)
		}
		shares = append(shares, share{open[0], to.Amount.Minor})
	}
	return shares, nil
}

func only(charges []Open, id broker.ID) []Open {
	for _, charge := range charges {
		if charge.ID == id {
			return []Open{charge}
		}
	}
	return nil
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
