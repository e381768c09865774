package money

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/ledger"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// KeepOffer records what we offered, so that shipping can name the same cost.
func KeepOffer(_ context.Context, c *engine.Case) (engine.Wants, error) {
	cost, given := c.Firing.Input.Money("cost")
	if !given {
		return nil, nil
	}
	if wrong := c.Library.Takes("/cost", cost); wrong != nil {
		return nil, broker.Invalid(wrong...)
	}
	c.Request.OfferedCostMinor = &cost.Minor
	return nil, nil
}

// BillBorrower records what the borrowing library owes the lending one: at
// shipping the cost that staff gave, be it nothing, or else what was offered, or
// else our usual fee; later an invoice, which replaces an earlier one.
func BillBorrower(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	cost, given := c.Firing.Input.Money("cost")
	if wrong := c.Library.Takes("/cost", cost); given && wrong != nil {
		return nil, broker.Invalid(wrong...)
	}
	if c.Firing.Event == workflow.EventSendInvoice {
		wants, err := withdrawInvoice(ctx, c)
		return append(wants, chargeBorrower(c, ledger.Lost, cost)...), err
	}
	switch {
	case given:
		c.Request.OfferedCostMinor = &cost.Minor
	case c.Request.OfferedCostMinor == nil:
		offerUsualFee(c)
	}
	if c.Request.OfferedCostMinor == nil {
		return nil, nil
	}
	return chargeBorrower(c, ledger.ILLFee, c.Request.Money(*c.Request.OfferedCostMinor)), nil
}

// offerUsualFee sets the fee that our terms ask of this borrower for one loan
// or copy; none where it borrows free.
func offerUsualFee(c *engine.Case) {
	borrower := c.Libraries[c.Request.BorrowerLibraryID]
	if borrower == nil {
		return
	}
	if free, _ := c.Library.Terms.FreeFor(c.Library.Library, borrower.Library, borrower.Groups); free {
		return
	}
	fee := c.Library.Terms.Fee.Minor
	c.Request.OfferedCostMinor = &fee
}

func chargeBorrower(c *engine.Case, kind string, amount broker.Money) engine.Wants {
	if amount.Minor == 0 {
		return nil
	}
	return engine.Wants{engine.Charge{Charge: ledger.Charge{
		Account: borrowerAccount(c), Kind: kind, Amount: amount,
		Rule: "lending.fee", Request: c.Request.ID, At: c.Now, Actor: c.Firing.Actor, Cause: fmt.Sprintf("%s:%s:%d", kind, c.Request.ID, c.Request.Version),
	}}}
}

func borrowerAccount(c *engine.Case) ledger.Account {
	return ledger.Between(c.Request.LibraryID, c.Request.BorrowerLibraryID, c.Library.Currency)
}

// openCharges gives what the borrowing library has not settled of this request.
func openCharges(ctx context.Context, c *engine.Case) ([]ledger.Open, error) {
	charges, err := ledger.OpenCharges(ctx, c.Tx, borrowerAccount(c))
	if err != nil {
		return nil, err
	}
	var ours []ledger.Open
	for _, charge := range charges {
		if charge.Request == c.Request.ID {
			ours = append(ours, charge)
		}
	}
	return ours, nil
}

// withdrawInvoice reverses an invoice that is not settled, because a corrected
// one follows; what was paid of it counts for that one. A settled one stays.
func withdrawInvoice(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	charges, err := openCharges(ctx, c)
	for _, charge := range charges {
		if charge.ChargeKind == ledger.Lost && charge.Owed.Minor > 0 {
			wants.Add(engine.Reverse{Answer: answerTo(c, charge, "corrected")}, engine.Fact{Name: "reversed", Value: charge.Amount})
		}
	}
	return wants, err
}

// DropInvoice waives what is unpaid of an invoice for a loss that is no longer
// one, or is forgiven. What was paid stays paid: a reversal would give it back,
// a waiver does not.
func DropInvoice(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	charges, err := openCharges(ctx, c)
	for _, charge := range charges {
		if charge.ChargeKind == ledger.Lost && charge.Owed.Minor > 0 {
			wants.Add(engine.Waive{Answer: answerTo(c, charge, "dropped"), Amount: charge.Owed}, engine.Fact{Name: "waived", Value: charge.Owed})
		}
	}
	return wants, err
}

func answerTo(c *engine.Case, charge ledger.Open, why string) ledger.Answer {
	return ledger.Answer{
		Library: c.Request.LibraryID, Charge: charge.ID, Cause: why + ":" + charge.Cause, Note: c.Row.Label,
		Actor: c.Firing.Actor, At: c.Now,
	}
}

// CreditBorrower records that the borrowing library paid what it owed for this
// request. What was already paid on an earlier invoice, since corrected, is not
// paid twice.
func CreditBorrower(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	charges, err := openCharges(ctx, c)
	if err != nil {
		return nil, err
	}
	var left int64
	for _, charge := range charges {
		left += charge.Owed.Minor
	}
	if left <= 0 {
		return engine.Wants{engine.OpenTask{
			Kind: "paid_too_much", Detail: "The borrower says that it has paid, but nothing is owed for this request: give it back, or keep it for what comes.",
		}}, nil
	}
	for _, charge := range charges {
		part := broker.Money{Minor: min(left, charge.Owed.Minor), Currency: charge.Owed.Currency}
		if part.Minor <= 0 {
			continue
		}
		left -= part.Minor
		wants.Add(engine.Pay{Payment: ledger.Payment{
			Account: borrowerAccount(c), Amount: part, Charge: charge.ID, InAdvance: true,
			Cause: "paid:" + charge.Cause, Actor: c.Firing.Actor, At: c.Now,
		}})
	}
	return wants, nil
}
