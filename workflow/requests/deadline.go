package requests

import (
	"time"

	"afield/broker"
	"afield/broker/policy/ill"
	"afield/workflow"
)

// systemMinutes is how long a step of ours may take before a person is told.
const systemMinutes = 15

// overdueAgainDays is how often staff are reminded of an overdue loan.
const overdueAgainDays = 7

// deadline sets what ends the wait in the state just entered. A row that leaves
// the state as it is keeps the deadline, unless the deadline itself brought it
// or an effect says it starts again.
func (st *step) deadline(from workflow.State) {
	place, _ := workflow.TableOf(st.request.Side).Place(st.request.State)
	if st.firing.Event == workflow.EventNeedByPassed {
		st.tx.Queue(`delete from deadlines where library_id = $1 and request_id = $2 and kind = 'need_by'`, st.request.LibraryID, st.request.ID)
	}
	again := st.resetDeadline || st.firing.Event == place.Then || !st.until.IsZero()
	st.resetDeadline = false
	if st.firing.Cause.Kind == "sweep" {
		again = true
	}
	if st.request.State == from && !again {
		if st.firing.Cause.Kind == "deadline" { // one beside the state's own: it has done its work
			st.tx.Queue(`delete from deadlines where library_id = $1 and request_id = $2 and kind = $3 and event = $4`,
				st.request.LibraryID, st.request.ID, st.firing.Cause.ID, string(st.firing.Event))
		}
		return
	}
	st.tx.Queue(`delete from deadlines where library_id = $1 and request_id = $2 and kind <> 'need_by'`, st.request.LibraryID, st.request.ID)
	if pastNeedBy[st.request.State] || place.Ended {
		st.tx.Queue(`delete from deadlines where library_id = $1 and request_id = $2 and kind = 'need_by'`, st.request.LibraryID, st.request.ID)
	}
	if place.Ended {
		st.until = time.Time{}
		return
	}
	due := st.dueAt(place.Deadline)
	if !st.until.IsZero() {
		due, st.until = st.until, time.Time{}
	}
	if !due.After(st.now) && st.firing.Event == place.Then {
		due = st.reminder() // it has passed; the next reminder lies ahead
	}
	st.putDeadline(place.Deadline, place.Then, due)
	st.deadlineBeside(st.facts().SearchDeadline())
}

func (st *step) putDeadline(kind string, event workflow.Event, due time.Time) {
	st.tx.Queue(`insert into deadlines (library_id, request_id, kind, event, due_at) values ($1, $2, $3, $4, $5)
		on conflict (library_id, request_id, kind) do update set due_at = excluded.due_at, event = excluded.event`,
		st.request.LibraryID, st.request.ID, kind, string(event), due)
}

// pastNeedBy are the states in which the need-by date no longer ends anything.
var pastNeedBy = map[workflow.State]bool{
	workflow.Shipped: true, workflow.Received: true, workflow.OnHoldShelf: true, workflow.CheckedOut: true,
	workflow.ReturnDue: true, workflow.ReturnShipped: true, workflow.ReturnUnconfirmed: true, workflow.LostPending: true,
}

// spans says which policy attribute times which deadline.
var spans = map[string]ill.Deadline{
	"review": ill.DeadlineStaff, "approval": ill.DeadlineApproval, "shipment": ill.DeadlineShip,
	"arrival": ill.DeadlineArrival, "inspection": ill.DeadlineReceive, "return": ill.DeadlineReturn,
	"settlement": ill.DeadlineInvoice, "cancel_answer": ill.DeadlineCancelAnswer, "pull": ill.DeadlinePull,
	"conditions": ill.DeadlineConditional, "retry": ill.DeadlineRetry,
}

// dueAt gives the instant a deadline of the table passes, on the library's own
// calendar.
func (st *step) dueAt(kind string) time.Time {
	switch kind {
	case "checks", "routing":
		return st.now.Add(systemMinutes * time.Minute)
	case "answer":
		return st.answerBy()
	case "respond":
		// The borrower's own clock is shorter; ours only ends what it forgot.
		return ill.DeadlineAt(st.doc, st.moment(), ill.DeadlineAnswer).AddDate(0, 0, overdueAgainDays)
	case "retry":
		if entry := st.retryEntry(); entry != nil && !entry.RetryAfter.IsZero() {
			return entry.RetryAfter.Start(st.library.Zone)
		}
	case "pick_up_by":
		if !st.request.PickUpBy.IsZero() {
			return st.endOfBusiness(st.request.PickUpBy)
		}
	case "due":
		return st.dueDeadline()
	case "confirmation":
		if st.request.State == workflow.ReturnShipped {
			return ill.DeadlineAt(st.doc, st.moment(), ill.DeadlineReturnArrival)
		}
		return ill.DeadlineAt(st.doc, st.moment(), ill.DeadlineReturnConfirm)
	}
	if span, known := spans[kind]; known {
		return ill.DeadlineAt(st.doc, st.moment(), span)
	}
	return ill.DeadlineAt(st.doc, st.moment(), ill.DeadlineStaff)
}

// answerBy is the lender's time to answer, in days of its own calendar, from
// when it has the request (or from asking, until delivery is confirmed).
func (st *step) answerBy() time.Time {
	entry := st.active()
	if entry == nil {
		return ill.DeadlineAt(st.doc, st.moment(), ill.DeadlineRespond)
	}
	hours := st.library.Calendar
	if lender := st.others[entry.LenderID]; lender != nil {
		hours = lender.Calendar
	}
	return hours.DeadlineAfter(st.now, entry.DaysToRespond, "open")
}

func (st *step) dueDeadline() time.Time {
	due := st.request.PatronDueOn
	if st.request.Side == workflow.SideLending {
		due = st.request.LenderDueOn
	}
	if due.IsZero() {
		return st.reminder()
	}
	return st.endOfBusiness(due)
}

func (st *step) endOfBusiness(date broker.Date) time.Time {
	return st.library.Calendar.EndOfBusiness(date)
}

// reminder is when a deadline that has passed comes up again.
func (st *step) reminder() time.Time {
	if st.request.State == workflow.CheckedOut || st.request.Side == workflow.SideLending {
		return st.now.AddDate(0, 0, overdueAgainDays)
	}
	return ill.DeadlineAt(st.doc, st.moment(), ill.DeadlineStaff)
}
