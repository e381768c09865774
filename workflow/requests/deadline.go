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
	place := st.place()
	if st.firing.Event == workflow.EventNeedByPassed {
		st.dropDeadline(workflow.DeadlineNeedBy)
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
	st.tx.Queue(`delete from deadlines where library_id = $1 and request_id = $2 and kind <> $3`, st.request.LibraryID, st.request.ID, workflow.DeadlineNeedBy)
	if place.PastNeedBy || place.Ended {
		st.dropDeadline(workflow.DeadlineNeedBy)
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

func (st *step) putDeadline(kind workflow.DeadlineKind, event workflow.Event, due time.Time) {
	st.tx.Queue(`insert into deadlines (library_id, request_id, kind, event, due_at) values ($1, $2, $3, $4, $5)
		on conflict (library_id, request_id, kind) do update set due_at = excluded.due_at, event = excluded.event`,
		st.request.LibraryID, st.request.ID, kind, event, due)
}

func (st *step) dropDeadline(kind workflow.DeadlineKind) {
	st.tx.Queue(`delete from deadlines where library_id = $1 and request_id = $2 and kind = $3`, st.request.LibraryID, st.request.ID, kind)
}

// clocks says how each kind of deadline of the tables is timed, on the library's
// own calendar: when it passes for a request that has just come to its state.
var clocks = map[workflow.DeadlineKind]func(*step) time.Time{
	workflow.DeadlineChecks:       (*step).ownStepBy,
	workflow.DeadlineRouting:      (*step).ownStepBy,
	workflow.DeadlineReview:       within(ill.DeadlineStaff),
	workflow.DeadlineApproval:     within(ill.DeadlineApproval),
	workflow.DeadlineAnswer:       (*step).answerBy,
	workflow.DeadlineConditions:   within(ill.DeadlineConditional),
	workflow.DeadlineRetry:        (*step).retryOn,
	workflow.DeadlineShipment:     within(ill.DeadlineShip),
	workflow.DeadlineArrival:      within(ill.DeadlineArrival),
	workflow.DeadlineInspection:   within(ill.DeadlineReceive),
	workflow.DeadlinePickUpBy:     (*step).pickUpDeadline,
	workflow.DeadlineDue:          (*step).dueDeadline,
	workflow.DeadlineReturn:       within(ill.DeadlineReturn),
	workflow.DeadlineConfirmation: (*step).confirmationBy,
	workflow.DeadlineSettlement:   within(ill.DeadlineInvoice),
	workflow.DeadlineCancelAnswer: within(ill.DeadlineCancelAnswer),
	workflow.DeadlineRespond:      (*step).respondBy,
	workflow.DeadlinePull:         within(ill.DeadlinePull),
}

// within times a deadline by the policy alone.
func within(span ill.Deadline) func(*step) time.Time {
	return func(st *step) time.Time { return st.by(span) }
}

func (st *step) by(span ill.Deadline) time.Time { return ill.DeadlineAt(st.doc, st.moment(), span) }

// dueAt gives the instant a deadline of the table passes. New has seen that each
// has its clock.
func (st *step) dueAt(kind workflow.DeadlineKind) time.Time { return clocks[kind](st) }

func (st *step) ownStepBy() time.Time { return st.now.Add(systemMinutes * time.Minute) }

// respondBy ends only what the borrower forgot: its own clock is shorter.
func (st *step) respondBy() time.Time {
	return st.by(ill.DeadlineAnswer).AddDate(0, 0, overdueAgainDays)
}

// retryOn is the day the lender named, or else the policy's.
func (st *step) retryOn() time.Time {
	if entry := st.retryEntry(); entry != nil && !entry.RetryAfter.IsZero() {
		return entry.RetryAfter.Start(st.library.Zone)
	}
	return st.by(ill.DeadlineRetry)
}

func (st *step) pickUpDeadline() time.Time {
	if st.request.PickUpBy.IsZero() {
		return st.by(ill.DeadlineStaff)
	}
	return st.endOfBusiness(st.request.PickUpBy)
}

// confirmationBy is the time the way home takes while the lender is waited for,
// and the time to ask again once staff are.
func (st *step) confirmationBy() time.Time {
	if st.place().Owner == workflow.OwnerLender {
		return st.by(ill.DeadlineReturnArrival)
	}
	return st.by(ill.DeadlineReturnConfirm)
}

// answerBy is the lender's time to answer, in days of its own calendar, from
// when it has the request (or from asking, until delivery is confirmed).
func (st *step) answerBy() time.Time {
	entry := st.active()
	if entry == nil {
		return st.by(ill.DeadlineRespond)
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
	if st.place().Deadline == workflow.DeadlineDue || st.request.Side == workflow.SideLending {
		return st.now.AddDate(0, 0, overdueAgainDays)
	}
	return st.by(ill.DeadlineStaff)
}
