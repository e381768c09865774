package engine

import (
	"encoding/json"
	"time"

	"afield/broker"
	"afield/broker/policy/accounts"
	"afield/broker/policy/costs"
	"afield/broker/policy/ill"
	"afield/broker/policy/rule"
	"afield/broker/standing"
	"afield/workflow"
)

// Request is one row of requests, on any side.
type Request struct {
	LibraryID broker.ID       `db:"library_id"`
	ID        broker.ID       `db:"id"`
	Number    int64           `db:"number"`
	Side      workflow.Side   `db:"side"`
	State     workflow.State  `db:"state"`
	Version   int             `db:"version"`
	Owner     workflow.Owner  `db:"owner"`
	Citation  broker.Citation `db:"citation"`
	TitleID   broker.ID       `db:"title_id"`
	Format    broker.Format   `db:"format"`
	// Service is "loan" or "copy".
	Service   string      `db:"service"`
	Rush      bool        `db:"rush"`
	NeedBy    broker.Date `db:"need_by"`
	Copyright *string     `db:"copyright"`

	PatronID       broker.ID       `db:"patron_id"`
	PatronClass    string          `db:"patron_class"`
	PatronBornOn   broker.Date     `db:"patron_born_on"`
	PickupBranchID broker.ID       `db:"pickup_branch_id"`
	SubmittedBy    json.RawMessage `db:"submitted_by"`
	SubmittedAt    time.Time       `db:"submitted_at"`
	// MaxCostMinor is the patron's ceiling; nil means none was given.
	MaxCostMinor      *int64      `db:"max_cost_minor"`
	ApprovedCostMinor int64       `db:"approved_cost_minor"`
	Currency          string      `db:"currency"`
	RotaEntryID       broker.ID   `db:"rota_entry_id"`
	Fulfilment        *string     `db:"fulfilment"`
	ExternalNumber    *string     `db:"external_number"`
	PickUpBy          broker.Date `db:"pick_up_by"`
	PatronDueOn       broker.Date `db:"patron_due_on"`
	PatronContactAt   time.Time   `db:"patron_contact_at"`
	ILLChecked        bool        `db:"ill_checked"`
	LookedUpAt        time.Time   `db:"looked_up_at"`

	BorrowerLibraryID broker.ID `db:"borrower_library_id"`
	BorrowerRequestID *string   `db:"borrower_request_id"`
	BorrowerNote      string    `db:"borrower_note"`
	ItemID            broker.ID `db:"item_id"`
	OfferedCostMinor  *int64    `db:"offered_cost_minor"`

	LenderDueOn broker.Date `db:"lender_due_on"`
	// LenderRenewals, LenderFineMinor and LenderFineMostMinor are the lender's
	// terms besides its due date; nil where it did not say. LenderFineMostMinor
	// is also nil where the fine has no maximum.
	LenderRenewals      *int   `db:"lender_renewals"`
	LenderFineMinor     *int64 `db:"lender_fine_minor"`
	LenderFineMostMinor *int64 `db:"lender_fine_most_minor"`
	// FirstDueOn is the patron's due date as it was lent, or as the lender
	// corrected it, before any renewal.
	FirstDueOn broker.Date `db:"first_due_on"`
	// MisplacedOn is when the patron reported that it cannot be found.
	MisplacedOn    broker.Date `db:"misplaced_on"`
	Renewals       int         `db:"renewals"`
	PreviousState  *string     `db:"previous_state"`
	CancelReason   *string     `db:"cancel_reason"`
	Overdue        bool        `db:"overdue"`
	Recalled       bool        `db:"recalled"`
	RenewalPending bool        `db:"renewal_pending"`
	ReturnUnused   bool        `db:"return_unused"`
	ClosedAt       time.Time   `db:"closed_at"`
	ClosedReason   *string     `db:"closed_reason"`
}

// ByHold tells whether the active lender fills it by a hold.
func (r *Request) ByHold() bool { return r.Fulfilment != nil && *r.Fulfilment == "hold" }

// Asked is what a policy's entries are matched against for the request.
func (r *Request) Asked(today broker.Date) rule.Match {
	return ill.Asked(r.PatronClass, accounts.Years(r.PatronBornOn, today), r.Format)
}

// Money gives an amount in the request's currency.
func (r *Request) Money(minor int64) broker.Money {
	return broker.Money{Minor: minor, Currency: r.Currency}
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

// ownPart is what only the engine writes.
type ownPart struct {
	state   workflow.State
	version int
	owner   workflow.Owner
	open    bool
}

func (r *Request) ownPart() ownPart {
	return ownPart{state: r.State, version: r.Version, owner: r.Owner, open: r.ClosedAt.IsZero()}
}

// ForgetTerms forgets a lender's due date and the rest of its terms.
func (r *Request) ForgetTerms() {
	r.LenderDueOn = broker.Date{}
	r.LenderRenewals, r.LenderFineMinor, r.LenderFineMostMinor = nil, nil, nil
}

// Branch is where the patron picks it up; NoID where none was named.
func (r *Request) Branch() broker.ID {
	if r.PickupBranchID == broker.NoID {
		return broker.NoID
	}
	return r.PickupBranchID
}

// Why a request is being cancelled.
const (
	CancelledByPatron = "patron"
	CancelledByNeedBy = "need_by"
	CancelledToMoveOn = "moved_on"
)

// Cause is what brought an event about; the timeline keeps it.
type Cause struct {
	// Kind is "api", "desk", "message", "deadline", "job" or "sweep".
	Kind string `json:"kind"`
	// ID names it: a message id, a deadline's kind, a job.
	ID string `json:"id,omitempty"`
}

// Firing is one event to be fired at one request.
type Firing struct {
	Library broker.ID
	Request broker.ID
	Event   workflow.Event
	Input   workflow.Input
	// By is the party that brings it; Actor who exactly.
	By    workflow.Party
	Actor broker.Actor
	Cause Cause
	// Said is when another library said it, by its message; zero is now.
	Said time.Time
	// ExpectVersion, when not 0, makes the event a conflict if the request has
	// moved on since the caller looked.
	ExpectVersion int
	// Data goes into the timeline as it is; never patron data.
	Data map[string]any
	// Overriding is what staff pass over, where the act asks a rule.
	Overriding standing.Overriding
}

// Fired is what became of a firing.
type Fired struct {
	Request *Request
	// Moves lists every row taken, in order: the fired event and what followed
	// by itself.
	Moves []Move
	// Notes are what whoever brought it should know.
	Notes []broker.Reason
}

// Move is one row of the table taken.
type Move struct {
	Event    workflow.Event
	From, To workflow.State
	Version  int
	Label    string
}
