package ill

import (
	"time"

	"afield/broker/policy"
	"afield/broker/policy/rule"
)

// Deadline names how long somebody has; its text is the last part of the
// attribute's id under deadlines.
type Deadline string

// The deadlines of a request. All end at the close of business of their last
// day, on the library's own calendar.
const (
	DeadlineStaff         Deadline = "staff"          // a person must decide
	DeadlineApproval      Deadline = "approval"       // the patron decides about a cost
	DeadlineRespond       Deadline = "respond"        // a lender answers; a tier may say otherwise
	DeadlineConditional   Deadline = "conditional"    // we answer a lender's condition
	DeadlineRetry         Deadline = "retry"          // when a lender said later without a date
	DeadlineShip          Deadline = "ship"           // a promised item is sent
	DeadlineArrival       Deadline = "arrival"        // a sent item reaches us
	DeadlineReceive       Deadline = "receive"        // a received item reaches the hold shelf
	DeadlineReturn        Deadline = "return"         // an item at our desk starts home
	DeadlineReturnArrival Deadline = "return_arrival" // it reaches its lender
	DeadlineReturnConfirm Deadline = "return_confirm" // the lender says so
	DeadlineInvoice       Deadline = "invoice"        // the lender's invoice for a lost item
	DeadlineCancelAnswer  Deadline = "cancel_answer"  // the lender answers a cancel
	DeadlineRenewalAnswer Deadline = "renewal_answer" // the lender answers a renewal
	DeadlineAnswer        Deadline = "answer"         // we answer as a lender
	DeadlinePull          Deadline = "pull"           // we find the copy on the shelf
	DeadlineLendShip      Deadline = "lend_ship"      // we send it
)

// spanOf gives the days of a deadline. An unknown name is a programming error.
func spanOf(d *policy.Document, deadline Deadline) rule.Entry[rule.Span] {
	rules := map[Deadline]rule.Rule[rule.Span]{
		DeadlineStaff: d.Rules().StaffDays, DeadlineApproval: d.Rules().ApprovalDays, DeadlineRespond: d.Rules().RespondDays,
		DeadlineConditional: d.Rules().ConditionalDays, DeadlineRetry: d.Rules().RetryDays, DeadlineShip: d.Rules().ShipDays,
		DeadlineArrival: d.Rules().ArrivalDays, DeadlineReceive: d.Rules().ReceiveDays, DeadlineReturn: d.Rules().ReturnDays,
		DeadlineReturnArrival: d.Rules().ReturnArrivalDays, DeadlineReturnConfirm: d.Rules().ReturnConfirmDays,
		DeadlineInvoice: d.Rules().InvoiceDays, DeadlineCancelAnswer: d.Rules().CancelAnswerDays,
		DeadlineRenewalAnswer: d.Rules().RenewalAnswerDays, DeadlineAnswer: d.Rules().AnswerDays,
		DeadlinePull: d.Rules().PullDays, DeadlineLendShip: d.Rules().LendShipDays,
	}
	span, known := rules[deadline]
	if !known {
		panic("policy: no deadline called " + string(deadline))
	}
	return span.For(rule.Match{Owner: rule.OwnerILL})
}

// DeadlineSpan gives the days of a deadline, with their source.
func DeadlineSpan(d *policy.Document, deadline Deadline) rule.Entry[rule.Span] {
	return spanOf(d, deadline)
}

// DeadlineAt gives the instant a deadline that starts at the moment passes: the
// end of business of its last day on the library's calendar.
func DeadlineAt(d *policy.Document, at policy.Moment, deadline Deadline) time.Time {
	at = d.Settle(at)
	span := spanOf(d, deadline).Value
	return at.Calendar.DeadlineAfter(at.Now, span.Days, span.Count)
}
