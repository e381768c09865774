package requests

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/ledger"
	"afield/connectors"
	"afield/workflow"
)

// Effects of the lending side on what the borrowing library owes us.

// billBorrower records what the borrowing library owes the lending one: at
// shipping the cost that staff gave, be it nothing, or else what was offered, or
// else our usual fee; later an invoice, which replaces an earlier one.
func (st *step) billBorrower(ctx context.Context) error {
	cost, given := st.firing.Input.Money("cost")
	if given && cost.Currency != st.library.Currency {
		return broker.Invalid(broker.FieldError{Pointer: "/cost", Code: "wrong_currency", Message: "must be in " + st.library.Currency})
	}
	if st.firing.Event == workflow.EventSendInvoice {
		if err := st.withdrawInvoice(ctx); err != nil {
			return err
		}
		return st.chargeBorrower(ledger.Lost, cost)
	}
	switch {
	case given:
		st.request.OfferedCostMinor = &cost.Minor
	case st.request.OfferedCostMinor == nil:
		st.usualFee()
	}
	if st.request.OfferedCostMinor == nil {
		return nil
	}
	return st.chargeBorrower(ledger.ILLFee, st.request.Money(*st.request.OfferedCostMinor))
}

// usualFee is what our terms ask of this borrower for one loan or copy.
func (st *step) usualFee() {
	borrower := st.others[*st.request.BorrowerLibraryID]
	if borrower == nil {
		return
	}
	if free, _ := st.library.Terms.FreeFor(st.library.Library, borrower.Library, borrower.Groups); free {
		return
	}
	fee := st.library.Terms.Fee.Minor
	st.request.OfferedCostMinor = &fee
}

func (st *step) chargeBorrower(kind string, amount broker.Money) error {
	if amount.Minor == 0 {
		return nil
	}
	_, err := ledger.Post(st.tx, ledger.Charge{
		Account: st.borrowerAccount(), Kind: kind, Amount: amount,
		Rule: "lending.fee", Request: st.request.ID, At: st.now, Actor: st.firing.Actor, Cause: fmt.Sprintf("%s:%s:%d", kind, st.request.ID, st.request.Version),
	})
	return err
}

func (st *step) borrowerAccount() ledger.Account {
	return ledger.Between(st.request.LibraryID, *st.request.BorrowerLibraryID, st.library.Currency)
}

// sayCopyCompleted tells of a delivered copy, with what it costs where we know.
func (st *step) sayCopyCompleted(ctx context.Context) error {
	message := connectors.Message{Kind: connectors.KindCopyCompleted}
	if st.request.OfferedCostMinor != nil {
		cost := st.request.Money(*st.request.OfferedCostMinor)
		message.Cost = &cost
	}
	return st.answer(ctx, message)
}

// openCharges gives what the borrowing library has not settled of this request.
func (st *step) openCharges(ctx context.Context) ([]ledger.Open, error) {
	charges, err := ledger.OpenCharges(ctx, st.tx, st.borrowerAccount())
	if err != nil {
		return nil, err
	}
	var ours []ledger.Open
	for _, charge := range charges {
		if charge.Request == st.request.ID {
			ours = append(ours, charge)
		}
	}
	return ours, nil
}

// withdrawInvoice reverses an invoice that is not settled, because a corrected
// one follows; what was paid of it counts for that one. A settled one stays.
func (st *step) withdrawInvoice(ctx context.Context) error {
	charges, err := st.openCharges(ctx)
	if err != nil {
		return err
	}
	for _, charge := range charges {
		if charge.ChargeKind != ledger.Lost || charge.Owed.Minor <= 0 {
			continue
		}
		if _, err := ledger.Reverse(ctx, st.tx, st.answerTo(charge, "corrected")); err != nil {
			return err
		}
		st.data["reversed"] = charge.Amount
	}
	return nil
}

// dropInvoice takes back what is unpaid of an invoice for a loss that is none
// any more, or is forgiven. What was paid stays paid: a reversal would give it
// back, a waiver does not.
func (st *step) dropInvoice(ctx context.Context) error {
	charges, err := st.openCharges(ctx)
	if err != nil {
		return err
	}
	for _, charge := range charges {
		if charge.ChargeKind != ledger.Lost || charge.Owed.Minor <= 0 {
			continue
		}
		if _, err := ledger.Waive(ctx, st.tx, st.answerTo(charge, "dropped"), charge.Owed); err != nil {
			return err
		}
		st.data["waived"] = charge.Owed
	}
	return nil
}

func (st *step) answerTo(charge ledger.Open, why string) ledger.Answer {
	return ledger.Answer{
		Library: st.request.LibraryID, Charge: charge.ID, Cause: why + ":" + charge.Cause, Note: st.row.Label,
		Actor: st.firing.Actor, At: st.now,
	}
}

// creditBorrower records that the borrowing library paid what it owed for this
// request. What an earlier, corrected invoice was paid already is not paid twice.
func (st *step) creditBorrower(ctx context.Context) error {
	charges, err := st.openCharges(ctx)
	if err != nil {
		return err
	}
	var left int64
	for _, charge := range charges {
		left += charge.Owed.Minor
	}
	for _, charge := range charges {
		part := broker.Money{Minor: min(left, charge.Owed.Minor), Currency: charge.Owed.Currency}
		if part.Minor <= 0 {
			continue
		}
		left -= part.Minor
		_, err := ledger.Pay(ctx, st.tx, ledger.Payment{
			Account: st.borrowerAccount(), Amount: part, Charge: charge.ID, InAdvance: true,
			Cause: "paid:" + charge.Cause, Actor: st.firing.Actor, At: st.now,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
