package engine

import (
	"time"

	"afield/broker"
	"afield/broker/policy/ill"
	"afield/broker/postgres"
	"afield/workflow"
)

// systemMinutes is how long our own work may take before a person is told.
const systemMinutes = 15

// overdueAgainDays is how often staff are reminded of an overdue loan.
const overdueAgainDays = 7

// deadline sets the deadline of the state just entered. A row that leaves the
// state as it is keeps the deadline, unless that deadline is what fired the row
// or an effect restarts it.
func (st *step) deadline(from workflow.State) {
	place := st.Place()
	if st.Firing.Event == workflow.EventNeedByPassed {
		st.dropDeadline(workflow.DeadlineNeedBy)
	}
	again := st.restart || st.Firing.Event == place.Then || !st.until.IsZero()
	st.restart = false
	if st.Firing.Cause.Kind == "sweep" {
		again = true
	}
	if st.Request.State == from && !again {
		if st.Firing.Cause.Kind == "deadline" { // one beside the state's own: it has done its work
			st.Tx.Queue(`delete from deadlines where library_id = $1 and request_id = $2 and kind = $3 and event = $4`,
				st.Request.LibraryID, st.Request.ID, st.Firing.Cause.ID, string(st.Firing.Event))
		}
		return
	}
	if st.Request.State != from { // one that starts again leaves those beside it alone
		st.Tx.Queue(`delete from deadlines where library_id = $1 and request_id = $2 and kind <> $3`, st.Request.LibraryID, st.Request.ID, workflow.DeadlineNeedBy)
	}
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
	if !due.After(st.Now) && st.Firing.Event == place.Then {
		due = st.reminder() // it has passed; the next reminder lies ahead
	}
	st.putDeadline(place.Deadline, place.Then, due)
	st.deadlineBeside(st.SearchDeadline())
}

func (st *step) putDeadline(kind workflow.DeadlineKind, event workflow.Event, due time.Time) {
	st.Tx.Queue(`insert into deadlines (library_id, request_id, kind, event, due_at) values ($1, $2, $3, $4, $5)
		on conflict (library_id, request_id, kind) do update set due_at = excluded.due_at, event = excluded.event`,
		st.Request.LibraryID, st.Request.ID, kind, event, due)
}

func (st *step) dropDeadline(kind workflow.DeadlineKind) {
	st.Tx.Queue(`delete from deadlines where library_id = $1 and request_id = $2 and kind = $3`, st.Request.LibraryID, st.Request.ID, kind)
}

// PostponeDeadline leaves a deadline alone until a later moment.
func PostponeDeadline(tx *postgres.Tx, library, request broker.ID, kind string, until time.Time) {
	tx.Queue(`update deadlines set due_at = $4 where library_id = $1 and request_id = $2 and kind = $3`, library, request, kind, until)
}

// MovePickUp gives a request on the hold shelf another last day, and the moment
// at which that day is over.
func MovePickUp(tx *postgres.Tx, library, request broker.ID, day broker.Date, over time.Time) {
	tx.Queue(`update requests set pick_up_by = $3 where library_id = $1 and id = $2`, library, request, day)
	tx.Queue(`update deadlines set due_at = $3 where library_id = $1 and request_id = $2 and kind = $4`, library, request, over, workflow.DeadlinePickUpBy)
	forgetBefore(tx, library, request)
}

// MoveDue gives a request whose item is with its patron another due date, and the
// moment at which that day is over.
func MoveDue(tx *postgres.Tx, library, request broker.ID, day broker.Date, over time.Time) {
	tx.Queue(`update requests set patron_due_on = $3, first_due_on = case when renewals = 0 then $3 else first_due_on end
		where library_id = $1 and id = $2`, library, request, day)
	tx.Queue(`update deadlines set due_at = $3 where library_id = $1 and request_id = $2 and kind = $4`, library, request, over, workflow.DeadlineDue)
	forgetBefore(tx, library, request)
}

// clocks says how each kind of deadline of the tables is timed, on the library's
// own calendar: when it passes for a request that has just come to its state.
var clocks = map[workflow.DeadlineKind]func(*Case) time.Time{
	workflow.DeadlineRouting:      (*Case).ownStepBy,
	workflow.DeadlineReview:       within(ill.DeadlineStaff),
	workflow.DeadlineApproval:     within(ill.DeadlineApproval),
	workflow.DeadlineAnswer:       (*Case).answerBy,
	workflow.DeadlineConditions:   within(ill.DeadlineConditional),
	workflow.DeadlineRetry:        (*Case).retryOn,
	workflow.DeadlineShipment:     within(ill.DeadlineShip),
	workflow.DeadlineArrival:      within(ill.DeadlineArrival),
	workflow.DeadlineInspection:   within(ill.DeadlineReceive),
	workflow.DeadlinePickUpBy:     (*Case).pickUpDeadline,
	workflow.DeadlineDue:          (*Case).dueDeadline,
	workflow.DeadlineReturn:       within(ill.DeadlineReturn),
	workflow.DeadlineConfirmation: (*Case).confirmationBy,
	workflow.DeadlineSettlement:   within(ill.DeadlineInvoice),
	workflow.DeadlineCancelAnswer: within(ill.DeadlineCancelAnswer),
	workflow.DeadlineRespond:      (*Case).respondBy,
	workflow.DeadlinePull:         within(ill.DeadlinePull),
}

// within times a deadline by the policy alone.
func within(span ill.Deadline) func(*Case) time.Time {
	return func(c *Case) time.Time { return c.by(span) }
}

func (c *Case) by(span ill.Deadline) time.Time { return ill.DeadlineAt(c.Policy, c.Moment(), span) }

// dueAt gives the instant a deadline of the table passes. New has checked that
// each kind has a clock.
func (c *Case) dueAt(kind workflow.DeadlineKind) time.Time { return clocks[kind](c) }

func (c *Case) ownStepBy() time.Time { return c.Now.Add(systemMinutes * time.Minute) }

// respondBy is later than the borrower's own deadline, so that it ends only
// requests the borrower has forgotten.
func (c *Case) respondBy() time.Time {
	return c.by(ill.DeadlineAnswer).AddDate(0, 0, overdueAgainDays)
}

// retryOn is the day the lender named, or else the policy's.
func (c *Case) retryOn() time.Time {
	if entry := c.Rota.Retry(); entry != nil && !entry.RetryAfter.IsZero() {
		return entry.RetryAfter.Start(c.Library.Zone)
	}
	return c.by(ill.DeadlineRetry)
}

func (c *Case) pickUpDeadline() time.Time {
	if c.Request.PickUpBy.IsZero() {
		return c.by(ill.DeadlineStaff)
	}
	return c.endOfBusiness(c.Request.PickUpBy)
}

// confirmationBy allows the time a return takes to arrive while we wait for the
// lender, and the time until the next reminder once we wait for staff.
func (c *Case) confirmationBy() time.Time {
	if c.Place().Owner == workflow.OwnerLender {
		return c.by(ill.DeadlineReturnArrival)
	}
	return c.by(ill.DeadlineReturnConfirm)
}

// answerBy is the lender's time to answer, in days of its own calendar, from
// when it has the request (or from asking, until delivery is confirmed).
func (c *Case) answerBy() time.Time {
	entry := c.Active()
	if entry == nil {
		return c.by(ill.DeadlineRespond)
	}
	hours := c.Library.Calendar
	if lender := c.Libraries[entry.LenderID]; lender != nil {
		hours = lender.Calendar
	}
	return hours.DeadlineAfter(c.Now, entry.DaysToRespond, "open")
}

func (c *Case) dueDeadline() time.Time {
	due := c.Request.PatronDueOn
	if c.Request.Side == workflow.SideLending {
		due = c.Request.LenderDueOn
	}
	if due.IsZero() {
		return c.reminder()
	}
	return c.endOfBusiness(due)
}

func (c *Case) endOfBusiness(date broker.Date) time.Time {
	return c.Library.Calendar.EndOfBusiness(date)
}

// reminder is when a deadline that has passed comes up again.
func (c *Case) reminder() time.Time {
	if c.Place().Deadline == workflow.DeadlineDue || c.Request.Side == workflow.SideLending {
		return c.Now.AddDate(0, 0, overdueAgainDays)
	}
	return c.by(ill.DeadlineStaff)
}
