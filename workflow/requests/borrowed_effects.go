package requests

import (
	"context"

	"afield/broker"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
	"afield/workflow"
)

// Effects about a borrowed copy that is here on its lender's terms, and about
// one that cannot be found.

// keepTerms notes what the lender asks besides its due date and its fee. A fine
// in another currency is put before staff, who enter what it comes to; it is
// never converted.
func (st *step) keepTerms() error {
	if renewals, given := st.firing.Input.Count("renewals"); given {
		st.request.LenderRenewals = &renewals
	}
	fine, given := st.firing.Input.Money("fine")
	most, limited := st.firing.Input.Money("fine_most")
	if !given && limited {
		return broker.Invalid(broker.FieldError{Pointer: "/fine", Code: "required", Message: "is needed where fine_most is given"})
	}
	if !given {
		return nil
	}
	wrong := ""
	switch {
	case fine.Currency != st.library.Currency:
		wrong = "/fine"
	case limited && most.Currency != st.library.Currency:
		wrong = "/fine_most"
	}
	if wrong != "" && st.firing.By == workflow.ByLender {
		return st.task("lender_fine_in_other_currency", "The lender asks "+fine.String()+" for a late day: enter on receipt what that comes to in "+st.library.Currency+".")
	}
	if wrong != "" {
		return broker.Invalid(broker.FieldError{Pointer: wrong, Code: "wrong_currency", Message: "must be in " + st.library.Currency})
	}
	st.request.LenderFineMinor, st.request.LenderFineMostMinor = &fine.Minor, nil
	if limited {
		st.request.LenderFineMostMinor = &most.Minor
	}
	return nil
}

// forgetTerms forgets a lender's due date and the rest of its terms.
func (st *step) forgetTerms() {
	st.request.LenderDueOn = broker.Date{}
	st.request.LenderRenewals, st.request.LenderFineMinor, st.request.LenderFineMostMinor = nil, nil, nil
}

// LenderFine is what the lender asks for lateness; nil where it did not say.
func (r *Request) LenderFine() *costs.LenderFine {
	if r.LenderFineMinor == nil {
		return nil
	}
	fine := &costs.LenderFine{Rate: r.Money(*r.LenderFineMinor)}
	if r.LenderFineMostMinor != nil {
		most := r.Money(*r.LenderFineMostMinor)
		fine.Cap = &most
	}
	return fine
}

// keepMisplaced notes that the patron cannot find it: the time to search begins.
func (st *step) keepMisplaced(context.Context) error {
	st.request.MisplacedOn = st.library.Today(st.now)
	st.searchDeadline()
	if on := st.lostOn(); !on.IsZero() {
		st.data["lost_on"] = on.String()
	}
	return nil
}

// forgetMisplaced ends the search: the copy was found.
func (st *step) forgetMisplaced(context.Context) error {
	st.request.MisplacedOn = broker.Date{}
	st.searchDeadline()
	return nil
}

// claimed tells whether the patron says that it is back, or was never had.
func (st *step) claimed(ctx context.Context) (bool, error) {
	loan, err := st.openLoan(ctx)
	return loan != nil && !loan.ClaimedAt.IsZero(), err
}

// lostOn is the first day on which the policy says that the borrowed copy with
// the patron is lost; zero where it never does.
func (st *step) lostOn() broker.Date {
	if st.request.Side != workflow.SideBorrowing || st.request.State != workflow.CheckedOut || st.request.ByHold() || st.request.PatronDueOn.IsZero() {
		return broker.Date{}
	}
	return costs.BorrowedLostOn(st.doc, rule.Match{Owner: rule.OwnerILL, Item: string(st.request.Format)}, st.request.PatronDueOn, st.request.MisplacedOn).Value
}

// searchDeadline sets, beside the due date, when the time to search ends.
func (st *step) searchDeadline() {
	const kind = "search"
	st.tx.Queue(`delete from deadlines where library_id = $1 and request_id = $2 and kind = $3`, st.request.LibraryID, st.request.ID, kind)
	if on := st.lostOn(); !on.IsZero() {
		st.putDeadline(kind, workflow.EventSearchEnded, on.Start(st.library.Zone))
	}
}
