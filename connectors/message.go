package connectors

import (
	"slices"
	"time"

	"afield/broker"
)

// Kind is what a message says.
type Kind string

// What a borrower says to a lender.
const (
	KindRequest          Kind = "request"           // please lend this
	KindCancel           Kind = "cancel"            // please stop; Reason says why
	KindAcceptConditions Kind = "accept_conditions" // yes to the conditions or the cost
	KindRejectConditions Kind = "reject_conditions"
	KindReceived         Kind = "received"
	KindRenew            Kind = "renew"
	KindShippedReturn    Kind = "shipped_return"
	KindLostByBorrower   Kind = "lost_by_borrower" // we lost or damaged it; send an invoice
	KindPaid             Kind = "paid"             // the invoice is paid
)

// What a lender says to a borrower.
const (
	KindExpectToSupply Kind = "expect_to_supply"
	KindWillSupply     Kind = "will_supply"
	KindConditional    Kind = "conditional" // Conditions and Cost
	KindRetryLater     Kind = "retry_later" // RetryAfter
	KindUnfilled       Kind = "unfilled"    // Reason
	KindLoaned         Kind = "loaned"      // shipped: Due, Items, Cost, Renewals, Fine
	KindCopyCompleted  Kind = "copy_completed"
	KindCancelAnswer   Kind = "cancel_answer"  // Yes
	KindRenewAnswer    Kind = "renew_answer"   // Yes, Due
	KindOverdue        Kind = "overdue"        // it should have come back
	KindRecalled       Kind = "recalled"       // send it back now
	KindDueChanged     Kind = "due_changed"    // a correction of the due date
	KindLoanCompleted  Kind = "loan_completed" // it came home
	KindInvoice        Kind = "invoice"        // for a lost or damaged item: Cost
)

// What only some protocols know: a question and its answer, which move nothing.
const (
	KindStatusRequest Kind = "status_request" // a borrower asks where its request stands
	KindStatus        Kind = "status"         // a lender says where it stands: Status
)

// KindNote is a remark in either direction; it changes nothing.
const KindNote Kind = "note"

var (
	fromBorrower = []Kind{
		KindRequest, KindCancel, KindAcceptConditions, KindRejectConditions, KindReceived, KindRenew,
		KindShippedReturn, KindLostByBorrower, KindPaid,
	}
	fromLender = []Kind{
		KindExpectToSupply, KindWillSupply, KindConditional, KindRetryLater, KindUnfilled, KindLoaned,
		KindCopyCompleted, KindCancelAnswer, KindRenewAnswer, KindOverdue, KindRecalled, KindDueChanged,
		KindLoanCompleted, KindInvoice,
	}
)

// FromLender tells whether a kind is said by the lender.
func (k Kind) FromLender() bool { return k == KindStatus || slices.Contains(fromLender, k) }

// FromBorrower tells whether a kind is said by the borrower.
func (k Kind) FromBorrower() bool { return k == KindStatusRequest || slices.Contains(fromBorrower, k) }

// FromEither tells whether both sides say a kind: a note, and a kind that this
// program does not know.
func (k Kind) FromEither() bool { return !k.FromBorrower() && !k.FromLender() }

// Asides lists the kinds that only some protocols know.
func Asides() []Kind { return []Kind{KindStatusRequest, KindStatus} }

// EveryKind lists all kinds of messages that every protocol can have a use for.
func EveryKind() []Kind { return slices.Concat(fromBorrower, fromLender, []Kind{KindNote}) }

// Message is one thing one library says to another. Which fields count depends
// on Kind. It carries no patron data: a lender lends to a library.
type Message struct {
	// ID is stable: a retry sends the same ID, and the receiver acts on it once.
	ID string `json:"id"`
	// Kind is what it says.
	Kind Kind `json:"kind"`
	// RequestID is the borrower's id for asking this one lender about a request.
	RequestID string `json:"request_id"`
	// PreviousRequestID is the RequestID of the time before, when the same lender is
	// asked again (after Retry).
	PreviousRequestID string `json:"previous_request_id,omitempty"`
	// Borrower and Lender name the two libraries.
	Borrower broker.Symbol `json:"borrower"`
	Lender   broker.Symbol `json:"lender"`
	// SentAt is the sender's time.
	SentAt time.Time `json:"sent_at"`

	// Citation, Service ("loan" or "copy"), NeedBy and MaxCost describe a request.
	Citation *broker.Citation `json:"citation,omitempty"`
	Service  string           `json:"service,omitempty"`
	NeedBy   broker.Date      `json:"need_by,omitzero"`
	MaxCost  *broker.Money    `json:"max_cost,omitempty"`
	Rush     bool             `json:"rush,omitempty"`
	// Copyright is the compliance declared for a copy, "US:CCG" or "US:CCL".
	Copyright string `json:"copyright,omitempty"`

	// Yes answers a cancel or a renewal.
	Yes *bool `json:"yes,omitempty"`
	// Reason says why not, in the field's words: not_on_shelf, on_loan, …
	Reason string `json:"reason,omitempty"`
	// Conditions are the lender's, in words; Cost is what it would charge.
	Conditions string        `json:"conditions,omitempty"`
	Cost       *broker.Money `json:"cost,omitempty"`
	// Due is the lender's due date; RetryAfter when to ask again.
	Due        broker.Date `json:"due,omitzero"`
	RetryAfter broker.Date `json:"retry_after,omitzero"`
	// Renewals is how many times the lender renews what it sends; nil leaves it
	// open.
	Renewals *int `json:"renewals,omitempty"`
	// Fine is what the lender charges for each day its item is late, and FineMost
	// the most it charges; where Fine is nil nothing is said about fines, where
	// FineMost is nil there is no limit.
	Fine     *broker.Money `json:"fine,omitempty"`
	FineMost *broker.Money `json:"fine_most,omitempty"`
	// Status is where a lender says the request stands, in the words of ISO 18626,
	// for protocols that tell it with whatever they say.
	Status string `json:"status,omitempty"`
	// Items are the volumes sent.
	Items []MessageItem `json:"items,omitempty"`
	// Note is for the people at the other end.
	Note string `json:"note,omitempty"`
}

// MessageItem is one volume in a parcel.
type MessageItem struct {
	Barcode string `json:"barcode"`
	Volume  string `json:"volume,omitempty"`
}

// Lender reasons for an unfilled request.
const (
	ReasonNotOnShelf     = "not_on_shelf"
	ReasonOnLoan         = "on_loan"
	ReasonNotOwned       = "not_owned"
	ReasonNonCirculating = "non_circulating"
	ReasonPolicy         = "policy_problem"
	ReasonLost           = "lost"
	ReasonPoorCondition  = "poor_condition"
	ReasonCostExceeds    = "cost_exceeds_maximum"
	ReasonOther          = "other"
)

// Outcome is the result of handing a message to a peer.
type Outcome string

// The outcomes of a delivery.
const (
	// Delivered: the peer has it (also when it says it had it already).
	Delivered Outcome = "delivered"
	// Refused: the peer will never take it; trying again is useless.
	Refused Outcome = "refused"
	// TryAgain: a passing fault; the same message goes again later.
	TryAgain Outcome = "try_again"
)

// Delivery is the result of one try to hand over a message.
type Delivery struct {
	Outcome Outcome
	// Status is the HTTP status, or 0 where there was none.
	Status int
	// Detail says what went wrong, for staff; it holds no patron data.
	Detail string
	// RetryAfter is what the peer asked for, or 0.
	RetryAfter time.Duration
	// Raw is the wire text of both directions, for the message log.
	Raw string
}
