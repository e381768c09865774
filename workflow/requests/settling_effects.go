package requests

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/policy/costs"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
	"afield/workflow"
)

// Effects that settle what is open: renewals that wait for an answer, losses
// that are no longer one, wishes to cancel that were refused.

// awaitRenewal gives the lender its time to answer a renewal.
func (st *step) awaitRenewal(context.Context) error {
	st.putDeadline("renewal_answer", workflow.EventRenewalOverdue, ill.DeadlineAt(st.doc, st.moment(), ill.DeadlineRenewalAnswer))
	return nil
}

// clearRenewal ends the wait for an answer. The due date counts again from here:
// when it passed meanwhile, the loan is overdue now and not a reminder later.
func (st *step) clearRenewal(context.Context) error {
	st.request.RenewalPending = false
	st.resetDeadline = st.resetDeadline || st.request.State == workflow.CheckedOut
	st.tx.Queue(`delete from deadlines where library_id = $1 and request_id = $2 and kind = 'renewal_answer'`, st.request.LibraryID, st.request.ID)
	return nil
}

// takeBackFine reverses the fine of a loan whose renewal was asked in time and
// granted only after the item had come back: fines wait for the answer. What was
// late even by the new date is charged by that date.
func (st *step) takeBackFine(ctx context.Context) error {
	if st.request.PatronID == nil {
		return nil
	}
	if err := st.takeBack(ctx, ledger.Overdue); err != nil {
		return err
	}
	until := st.firing.Input.Date("due")
	if until.IsZero() {
		return nil
	}
	loans, err := circulation.LoansOfRequest(ctx, st.tx, st.request.LibraryID, st.request.ID)
	if err != nil {
		return err
	}
	for _, loan := range loans {
		if loan.Status != circulation.LoanReturned {
			continue
		}
		if err := st.fineBy(lending.ILLDueDate(st.doc, st.moment(), until).Due, loan); err != nil {
			return err
		}
	}
	_, err = circulation.UpdateLatch(ctx, st.tx, st.library.Library, st.doc, st.patron(), st.now)
	return err
}

// fineBy charges what a returned loan was late by a due date of after its return.
func (st *step) fineBy(due broker.Date, loan circulation.Loan) error {
	fine := costs.OverdueFine(loan.Terms, due, loan.ReturnedOn, st.library.Calendar)
	if fine.Amount.Minor <= 0 {
		return nil
	}
	posted, err := ledger.Post(st.tx, ledger.Charge{
		Account: ledger.OfPatron(st.request.LibraryID, *st.request.PatronID, fine.Amount.Currency),
		Kind:    ledger.Overdue, Amount: fine.Amount, Rule: fine.Rule, Clause: fine.Clause, Loan: loan.ID, Request: st.request.ID,
		Note: fmt.Sprintf("renewed until %s, %d days late", due, fine.Days), Cause: fmt.Sprintf("overdue:%s:renewed:%d", loan.ID, st.request.Version),
		Actor: st.firing.Actor, At: st.now,
	})
	if err != nil {
		return err
	}
	st.data["charged"] = posted.Amount
	return nil
}

// takeBack reverses every charge of a kind that the request made.
func (st *step) takeBack(ctx context.Context, kind string) error {
	if st.request.PatronID == nil {
		return nil
	}
	entries, err := ledger.OfRequest(ctx, st.tx, st.request.LibraryID, st.request.ID)
	if err != nil {
		return err
	}
	for _, charge := range entries {
		if charge.Kind != ledger.KindCharge || charge.ChargeKind != kind {
			continue
		}
		_, err := ledger.Reverse(ctx, st.tx, ledger.Answer{
			Library: st.request.LibraryID, Charge: charge.ID,
			Cause: "reverse:" + charge.Cause, Note: st.row.Label, Actor: st.firing.Actor, At: st.now,
		})
		if err != nil && !broker.IsKind(err, broker.KindConflict) {
			return err
		}
		st.data["reversed"] = charge.Amount
	}
	_, err = circulation.UpdateLatch(ctx, st.tx, st.library.Library, st.doc, st.patron(), st.now)
	return err
}

// waiveLost forgives what is still unpaid of a loss that is none any more. What
// was paid stays paid: no policy here refunds a lender's item by itself.
func (st *step) waiveLost(ctx context.Context) error {
	if st.request.PatronID == nil {
		return nil
	}
	open, err := ledger.OpenCharges(ctx, st.tx, ledger.OfPatron(st.request.LibraryID, *st.request.PatronID, st.library.Currency))
	if err != nil {
		return err
	}
	for _, charge := range open {
		if charge.Request != st.request.ID || charge.ChargeKind != ledger.Lost || charge.Owed.Minor <= 0 {
			continue
		}
		_, err := ledger.Waive(ctx, st.tx, ledger.Answer{
			Library: st.request.LibraryID, Charge: charge.ID,
			Cause: fmt.Sprintf("waive:%s:%d", charge.Cause, st.request.Version), Note: st.row.Label, Actor: st.firing.Actor, At: st.now,
		}, charge.Owed)
		if err != nil {
			return err
		}
		st.data["waived"] = charge.Owed
	}
	_, err = circulation.UpdateLatch(ctx, st.tx, st.library.Library, st.doc, st.patron(), st.now)
	return err
}

// closeLoan takes a lost item in that is at the desk again.
func (st *step) closeLoan(ctx context.Context) error {
	if st.request.ItemID == nil {
		return nil
	}
	_, err := st.service.circulation.Return(ctx, st.tx, circulation.Return{Desk: st.desk(), Item: st.itemRef()})
	return err
}

// keepCancel remembers, when a lender does not stop, that nobody waits for the
// item any more: it goes back unused. Our own wish to move on ends here.
func (st *step) keepCancel(context.Context) error {
	if st.request.CancelReason == nil {
		return nil
	}
	if *st.request.CancelReason == CancelledToMoveOn {
		st.request.CancelReason = nil
		return nil
	}
	st.request.ReturnUnused = true
	return nil
}

// checkOffer holds accepting an offer to what the library may pay: another
// currency, or a price above its ceiling, is for whoever may pass over that.
func (st *step) checkOffer(context.Context) error {
	entry := st.active()
	if entry == nil {
		return nil
	}
	if fee := st.consent(entry); fee.NeedsStaff && !fee.OverridableBy(st.firing.Actor.Roles) {
		return fee.Err("offer_not_acceptable")
	}
	return nil
}
