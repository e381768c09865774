package money

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/workflow/requests/engine"
)

// RaiseCeiling records the new most that, as staff say, the patron will pay.
func RaiseCeiling(_ context.Context, c *engine.Case) (engine.Wants, error) {
	ceiling, _ := c.Firing.Input.Money("max_cost")
	if wrong := c.Library.Takes("/max_cost", ceiling); wrong != nil {
		return nil, broker.Invalid(wrong...)
	}
	c.Request.MaxCostMinor = &ceiling.Minor
	return nil, nil
}

// CheckOffer checks, before an offer is accepted, whether the library may pay
// it: another currency, or a price above its ceiling, takes somebody who may
// pass over that.
func CheckOffer(_ context.Context, c *engine.Case) (engine.Wants, error) {
	entry := c.Active()
	if entry == nil {
		return nil, nil
	}
	if fee := c.Consent(entry); fee.NeedsStaff && !fee.OverridableBy(c.Firing.Actor.Roles) {
		return nil, fee.Err("offer_not_acceptable")
	}
	return nil, nil
}

// KeepCost records what the patron agreed to pay: exactly what was asked.
func KeepCost(_ context.Context, c *engine.Case) (engine.Wants, error) {
	entry := c.Active()
	if entry == nil {
		return nil, nil
	}
	approved := c.Consent(entry).PatronPays.Minor
	if !entry.CostKnown {
		most, given := c.Firing.Input.Money("most")
		if !given || most.Minor == 0 || most.Currency != c.Request.Currency {
			return nil, broker.Invalid(broker.FieldError{
				Pointer: "/most", Code: "required",
				Message: "is needed in " + c.Request.Currency + ": nobody knows the price yet, so say the most the patron will pay",
			})
		}
		approved = most.Minor
	}
	c.Request.ApprovedCostMinor = max(c.Request.ApprovedCostMinor, approved)
	return engine.Wants{engine.Fact{Name: "approved", Value: c.Request.Money(c.Request.ApprovedCostMinor)}}, nil
}

// ChargeFee passes the lender's fee on to the cent, never above what the patron
// agreed to: anything dearer goes to staff.
func ChargeFee(_ context.Context, c *engine.Case) (wants engine.Wants, err error) {
	entry := c.Active()
	if entry == nil || entry.CostMinor == 0 || c.Request.PatronID == broker.NoID || entry.Fulfilment == "hold" {
		return nil, nil
	}
	fee := c.Consent(entry)
	if fee.NeedsStaff || fee.NeedsApproval {
		approved := c.Request.Money(c.Request.ApprovedCostMinor)
		wants.Add(engine.OpenTask{
			Kind:   "cost_above_approved",
			Detail: "The lender's charge is " + entry.Cost().String() + ", more than the patron approved (" + approved.String() + "). Only the approved amount is charged.",
		})
		fee.PatronPays = approved
	}
	if fee.PatronPays.Minor == 0 {
		return wants, nil
	}
	wants.Add(engine.Charge{Charge: ledger.Charge{
		Account: patronAccount(c), Kind: ledger.ILLFee,
		Amount: fee.PatronPays, Rule: fee.Rule, Clause: fee.Source, Request: c.Request.ID, At: c.Now, Actor: c.Firing.Actor,
		Cause: fmt.Sprintf("ill_fee:%s:%d", entry.ID, c.Request.Version),
	}}, engine.Fact{Name: "charged", Value: fee.PatronPays})
	return wants, nil
}

func patronAccount(c *engine.Case) ledger.Account { return accountOf(c, c.Patron()) }

// ReverseFee takes a passed-on fee back by a new entry.
func ReverseFee(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	return takeBack(ctx, c, ledger.ILLFee)
}

func accountOf(c *engine.Case, patron patrons.Ref) ledger.Account {
	return ledger.OfPatron(patron.Library, patron.ID, c.Library.Currency)
}

// takeBack reverses every charge of a kind that the request made to its patron.
func takeBack(ctx context.Context, c *engine.Case, kind string) (engine.Wants, error) {
	if c.Request.PatronID == broker.NoID {
		return nil, nil
	}
	entries, err := ledger.OfRequest(ctx, c.Tx, c.Request.LibraryID, c.Request.ID)
	return reversalsOf(c, entries, kind), err
}

func reversalsOf(c *engine.Case, entries []ledger.Entry, kind string) (wants engine.Wants) {
	for _, charge := range entries {
		if charge.Kind != ledger.KindCharge || charge.ChargeKind != kind {
			continue
		}
		wants.Add(engine.Reverse{Answer: ledger.Answer{
			Library: charge.Account.Library, Charge: charge.ID,
			Cause: "reverse:" + charge.Cause, Note: c.Row.Label, Actor: c.Firing.Actor, At: c.Now,
		}}, engine.Fact{Name: "reversed", Value: charge.Amount})
	}
	return wants
}
