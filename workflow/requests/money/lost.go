package money

import (
	"context"
	"fmt"
	"slices"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy/costs"
	"afield/workflow"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/tasks"
)

// ChargeLost passes the lender's invoice for a lost item on, exactly, to the
// patron who had it last. What no patron ever had, or had brought back, is for
// the library to settle; what several had, for staff to divide (ChargeVolume).
func ChargeLost(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	invoice, _ := c.Firing.Input.Money("cost")
	if invoice.Minor == 0 {
		return nil, nil
	}
	debtor, divided := lostBy(c)
	if debtor.ID == broker.NoID && !divided {
		return engine.Wants{engine.Fact{Name: "paid_by", Value: "library"}}, nil
	}
	charge, err := costs.LostILLCharge(c.Policy, invoice)
	if broker.IsKind(err, broker.KindRefused) {
		return engine.Wants{engine.OpenTask{
			Kind: "invoice_in_other_currency", Detail: "The lender's invoice is in another currency (" + invoice.String() + "); enter the amount in ours.",
		}}, nil
	}
	if err != nil {
		return nil, err
	}
	charged, err := lossCharges(ctx, c)
	if err != nil {
		return nil, err
	}
	if charged.stands() == charge.Amount.Minor { // said again, or divided already
		return nil, nil
	}
	if most, above := costs.Above(c.Policy, invoice, costs.LenderInvoiceMost(c.Policy)); above && c.Firing.By == workflow.ByLender {
		return engine.Wants{engine.OpenTask{
			Kind: tasks.InvoiceAbovePolicy,
			Detail: "The lender's invoice is " + invoice.String() + ", and a patron is charged at most " + most.String() +
				" by it alone. Nobody was charged: ask the lender, and enter the invoice with what is right.",
		}}, nil
	}
	tasks.Settle(c.Tx, c.Request.LibraryID, c.Request.ID, tasks.InvoiceAbovePolicy, c.Now) // a corrected one follows
	wants := reversalsOf(c, charged, ledger.Lost)
	if divided {
		wants.Add(engine.OpenTask{
			Kind:   tasks.InvoiceToDivide,
			Detail: "The lender's invoice of " + invoice.String() + " is for volumes that were lost in different hands: charge whoever lost each of them with its part.",
		})
		return wants, nil
	}
	wants.Add(chargeFor(c, debtor, charge, broker.NoID, fmt.Sprintf("lost:%s:%d", c.Request.ID, c.Request.Version))...)
	return wants, nil
}

func chargeFor(c *engine.Case, debtor patrons.Ref, charge costs.Charge, loan broker.ID, cause string) engine.Wants {
	c.Tx.Widen(debtor.Library)
	return engine.Wants{engine.Charge{Charge: ledger.Charge{
		Account: accountOf(c, debtor), Kind: ledger.Lost, Amount: charge.Amount, Rule: charge.Rule, Clause: charge.Clause,
		Loan: loan, Request: c.Request.ID, At: c.Now, Actor: c.Firing.Actor, Cause: cause,
	}}, engine.Fact{Name: "charged", Value: charge.Amount}}
}

// lostBy is the patron who had what is lost; zero where no patron did. divided
// tells that not everything was lost in the same hands.
func lostBy(c *engine.Case) (debtor patrons.Ref, divided bool) {
	lost := c.Volumes.In(workflow.Unaccounted)
	for i, volume := range lost {
		if i == 0 {
			debtor = volume.Patron
		} else if volume.Patron != debtor {
			divided = true
		}
	}
	return debtor, divided
}

// ChargeVolume charges whoever had one of several volumes when it was lost with
// its part of the lender's invoice, in place of what they were charged for it
// before; nothing takes that back. All parts together are never more than the
// invoice. Once they come to it, it is divided.
func ChargeVolume(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	volume, loan, err := lostVolume(ctx, c)
	if err != nil {
		return nil, err
	}
	part, _ := c.Firing.Input.Money("cost")
	if wrong := c.Library.Takes("/cost", part); wrong != nil {
		return nil, broker.Invalid(wrong...)
	}
	charged, err := lossCharges(ctx, c)
	if err != nil {
		return nil, err
	}
	ours, others := charged.of(loan), charged.without(loan)
	invoice, sent, err := c.Invoiced(ctx)
	switch {
	case err != nil:
		return nil, err
	case !sent:
		return nil, broker.Conflict("no_invoice", "The lender has sent no invoice for it; nobody is charged before.")
	case invoice.Currency == part.Currency && part.Minor+others.stands() > invoice.Minor:
		return nil, broker.Invalid(broker.FieldError{
			Pointer: "/cost", Code: "more_than_invoiced",
			Message: fmt.Sprintf("must be at most %s: the invoice is %s, and the rest of it is charged already",
				broker.Money{Minor: max(0, invoice.Minor-others.stands()), Currency: part.Currency}, invoice),
		})
	}
	if ours.stands() == part.Minor {
		return nil, nil
	}
	tasks.Settle(c.Tx, c.Request.LibraryID, c.Request.ID, tasks.InvoiceAbovePolicy, c.Now) // staff have looked
	wants := reversalsOf(c, ours, ledger.Lost)
	if part.Minor > 0 {
		charge, err := costs.LostILLCharge(c.Policy, part)
		if err != nil {
			return nil, err
		}
		wants.Add(chargeFor(c, volume.Patron, charge, loan, fmt.Sprintf("lost:%s:%s:%d", c.Request.ID, volume.ID, c.Request.Version))...)
	}
	if part.Minor+others.stands() == invoice.Minor {
		tasks.Settle(c.Tx, c.Request.LibraryID, c.Request.ID, tasks.InvoiceToDivide, c.Now)
	}
	return wants, nil
}

// lostVolume finds the lost volume with a barcode, the lender's or ours, and the
// loan by which it was lost.
func lostVolume(ctx context.Context, c *engine.Case) (*engine.Volume, broker.ID, error) {
	barcode := c.Firing.Input.Text("barcode")
	at := slices.IndexFunc(c.Volumes, func(v *engine.Volume) bool { return v.Barcode != nil && *v.Barcode == barcode })
	if at < 0 {
		item, err := catalog.ItemByBarcode(ctx, c.Tx, c.Library.SharingGroup, barcode, false)
		if err != nil && !broker.IsKind(err, broker.KindNotFound) {
			return nil, broker.NoID, err
		}
		at = slices.IndexFunc(c.Volumes, func(v *engine.Volume) bool { return err == nil && v.ItemID == item.ID })
	}
	if at < 0 {
		return nil, broker.NoID, broker.Invalid(broker.FieldError{Pointer: "/barcode", Code: "not_a_volume", Message: "must be the barcode of a volume of this request, the lender's or ours"})
	}
	volume := c.Volumes[at]
	if volume.Custody != workflow.Unaccounted || volume.Patron.ID == broker.NoID {
		return nil, broker.NoID, broker.Conflict("no_patron_lost_it", "That volume was not lost while a patron had it: nobody is charged for it.")
	}
	loan, err := loanOf(ctx, c, volume)
	return volume, loan, err
}

// loanOf is the last loan of a volume; NoID where it was never lent.
func loanOf(ctx context.Context, c *engine.Case, volume *engine.Volume) (found broker.ID, err error) {
	lent, err := loans.OfRequest(ctx, c.Tx, c.Request.LibraryID, c.Request.ID)
	for _, loan := range lent {
		if volume.ItemID != broker.NoID && loan.Item.ID == volume.ItemID {
			found = loan.ID
		}
	}
	return found, err
}

// losses are the entries that a request made for a loss, on whosever account.
type losses []ledger.Entry

// lossCharges reads what the request charged for a loss, with what was answered
// to it: to its patron, and to whoever else had a volume of it.
func lossCharges(ctx context.Context, c *engine.Case) (found losses, err error) {
	for _, library := range libraries(c) {
		c.Tx.Widen(library)
		entries, err := ledger.OfRequest(ctx, c.Tx, library, c.Request.ID)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if entry.ChargeKind == ledger.Lost {
				found = append(found, entry)
			}
		}
	}
	return found, nil
}

// libraries are those whose patrons have had something of the request.
func libraries(c *engine.Case) []broker.ID {
	all := []broker.ID{c.Request.LibraryID}
	for _, volume := range c.Volumes {
		for _, patron := range []patrons.Ref{volume.Patron, volume.WasPatron} {
			if patron.ID != broker.NoID && !slices.Contains(all, patron.Library) {
				all = append(all, patron.Library)
			}
		}
	}
	return all
}

// of are those for one loan, without those for all others.
func (l losses) of(loan broker.ID) losses {
	return slices.DeleteFunc(slices.Clone(l), func(e ledger.Entry) bool { return e.Loan != loan })
}

func (l losses) without(loan broker.ID) losses {
	return slices.DeleteFunc(slices.Clone(l), func(e ledger.Entry) bool { return e.Loan == loan })
}

// stands is what is charged and was neither taken back nor forgiven, in minor
// units.
func (l losses) stands() (minor int64) {
	for _, entry := range l {
		switch entry.Kind {
		case ledger.KindCharge, ledger.KindWaiver:
			minor += entry.Amount.Minor
		case ledger.KindReversal:
			if entry.Undoes == broker.NoID {
				minor += entry.Amount.Minor
			}
		case ledger.KindPayment, ledger.KindRefund, ledger.KindLapse:
		}
	}
	return minor
}

// WaiveLost forgives what is still unpaid of a loss that is no longer one,
// whoever was charged for it. Where one volume is found and others stay lost,
// that is what was charged for this one. What was paid stays paid: no policy here
// refunds a lender's item by itself.
func WaiveLost(ctx context.Context, c *engine.Case) (wants engine.Wants, err error) {
	charged, err := lossCharges(ctx, c)
	if err != nil {
		return nil, err
	}
	item, named := c.Firing.Input["item"].(broker.ID)
	if volume := c.Volumes.OfItem(item); named && volume != nil && len(c.Volumes.Without(volume).In(workflow.Unaccounted)) > 0 {
		loan, err := loanOf(ctx, c, volume)
		if err != nil {
			return nil, err
		}
		if charged = charged.of(loan); loan == broker.NoID {
			charged = nil
		}
	} else {
		tasks.Settle(c.Tx, c.Request.LibraryID, c.Request.ID, tasks.InvoiceToDivide, c.Now)
		tasks.Settle(c.Tx, c.Request.LibraryID, c.Request.ID, tasks.InvoiceAbovePolicy, c.Now)
	}
	for _, account := range charged.accounts() {
		open, err := ledger.OpenCharges(ctx, c.Tx, account)
		if err != nil {
			return nil, err
		}
		for _, charge := range open {
			if charge.Owed.Minor <= 0 || !slices.ContainsFunc(charged, func(e ledger.Entry) bool { return e.ID == charge.ID }) {
				continue
			}
			wants.Add(engine.Waive{Amount: charge.Owed, Answer: ledger.Answer{
				Library: account.Library, Charge: charge.ID,
				Cause: fmt.Sprintf("waive:%s:%d", charge.Cause, c.Request.Version), Note: c.Row.Label, Actor: c.Firing.Actor, At: c.Now,
			}}, engine.Fact{Name: "waived", Value: charge.Owed})
		}
	}
	return wants, nil
}

// accounts are those that were charged.
func (l losses) accounts() (all []ledger.Account) {
	for _, entry := range l {
		if entry.Kind == ledger.KindCharge && !slices.Contains(all, entry.Account) {
			all = append(all, entry.Account)
		}
	}
	return all
}
