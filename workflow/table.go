package workflow

import "slices"

// Side is whose part of a loan a request row is.
type Side string

// The three sides.
const (
	SideBorrowing Side = "borrowing"
	SideLending   Side = "lending"
	SideBrokered  Side = "brokered"
)

// State is where a request stands.
type State string

// Event is what happened to a request, or was done with it.
type Event string

// Guard names a condition on the facts of a request.
type Guard string

// Effect names what else happens in the same transaction.
type Effect string

// Not negates a guard.
func Not(guard Guard) Guard { return "not " + guard }

// Party is who may bring an event.
type Party string

// The parties. Staff may always act for their patron where both are named.
const (
	ByStaff    Party = "staff"
	ByPatron   Party = "patron"
	ByLender   Party = "lender"
	ByBorrower Party = "borrower"
	BySystem   Party = "system"
	// ByDesk is staff acting through workflow/desk, which does the circulation
	// part (loan, return, shelf) in the same transaction.
	ByDesk Party = "desk"
)

// Owner is who has to do the next thing.
type Owner string

// The owners. A request that has ended has none.
const (
	OwnerStaff    Owner = "staff"
	OwnerPatron   Owner = "patron"
	OwnerLender   Owner = "lender"
	OwnerBorrower Owner = "borrower"
	OwnerSystem   Owner = "system"
	OwnerNone     Owner = "none"
)

// Queue is one of the ILL desk's piles of work.
type Queue string

// The queues. A request may be in two: whatever our staff have to do next is
// also in QueueNeedsMe, which goes by the owner.
const (
	QueueNeedsMe     Queue = "needs_me"
	QueueWithLenders Queue = "with_lenders" // asked, promised, to be asked again
	QueueArriving    Queue = "arriving"
	QueueOnShelf     Queue = "on_shelf"
	QueueWithPatrons Queue = "with_patrons" // out, or waiting for the patron's word
	QueueDueBack     Queue = "due_back"
	QueueEnded       Queue = "ended"
)

// DeadlineKind names what a state waits for. How long each may take is set in
// workflow/requests/engine; the program does not start while one is not.
type DeadlineKind string

// The kinds of deadline a state may have.
const (
	DeadlineReview       DeadlineKind = "review"        // staff decide
	DeadlineRouting      DeadlineKind = "routing"       // we choose a lender
	DeadlineApproval     DeadlineKind = "approval"      // the patron says yes or no to a cost
	DeadlineAnswer       DeadlineKind = "answer"        // the lender answers
	DeadlineConditions   DeadlineKind = "conditions"    // the borrower answers the lender's conditions
	DeadlineRetry        DeadlineKind = "retry"         // when the lender is asked again
	DeadlineShipment     DeadlineKind = "shipment"      // what was promised is sent
	DeadlineArrival      DeadlineKind = "arrival"       // what was sent arrives
	DeadlineInspection   DeadlineKind = "inspection"    // what arrived is put on the hold shelf
	DeadlinePickUpBy     DeadlineKind = "pick_up_by"    // the patron picks it up
	DeadlineDue          DeadlineKind = "due"           // it comes back from the patron, or from the borrower
	DeadlineReturn       DeadlineKind = "return"        // what came back is sent home
	DeadlineConfirmation DeadlineKind = "confirmation"  // the lender says that it is home
	DeadlineSettlement   DeadlineKind = "settlement"    // a loss is invoiced and paid
	DeadlineCancelAnswer DeadlineKind = "cancel_answer" // the lender answers a cancel
	DeadlineRespond      DeadlineKind = "respond"       // we answer as a lender
	DeadlinePull         DeadlineKind = "pull"          // we find and send what we promised
)

// The kinds of deadline that run beside that of the state.
const (
	DeadlineNeedBy        DeadlineKind = "need_by"        // the patron needs it by then
	DeadlineRenewalAnswer DeadlineKind = "renewal_answer" // the lender answers a renewal
	DeadlineSearch        DeadlineKind = "search"         // a copy that cannot be found counts as lost
)

// Targets of a transition that are not a fixed state.
const (
	// Same leaves the state as it is; the event is noted.
	Same State = "="
	// Previous goes back to the state stored when cancel_pending was entered.
	Previous State = "previous"
)

// UndoKind says how a transition can be taken back.
type UndoKind string

// The kinds of undo.
const (
	UndoNever     UndoKind = ""           // only by doing something else
	UndoUntilSent UndoKind = "until_sent" // while its outgoing message is unclaimed
	UndoBy        UndoKind = "by"         // by a named compensating event
)

// Undo is how a transition can be taken back.
type Undo struct {
	Kind UndoKind `json:"kind"`
	// Event is the compensating event of UndoBy.
	Event Event `json:"event,omitempty"`
}

// Taker is the event that takes a transition back so that everything is as it
// was before, while nothing has happened since; empty where none does. To reopen
// is not to go back: the request begins anew, with whichever lender is best now,
// and its patron may have been told that it had ended.
func (u Undo) Taker() Event {
	switch {
	case u.Kind == UndoUntilSent:
		return EventUndo
	case u.Kind == UndoBy && u.Event != EventReopen:
		return u.Event
	}
	return ""
}

// FieldType is the shape of one field of a form.
type FieldType string

// The field types.
const (
	FieldText    FieldType = "text"
	FieldDate    FieldType = "date"    // 2026-08-22
	FieldMoney   FieldType = "money"   // {"minor": 1250, "currency": "USD"}
	FieldLibrary FieldType = "library" // id or NAMESPACE:VALUE
	FieldBranch  FieldType = "branch"  // id or code of a branch of the library
	FieldBarcode FieldType = "barcode"
	FieldChoice  FieldType = "choice"
	FieldCount   FieldType = "count" // a whole number from 0 to 999
)

// Field is one thing an action asks for.
type Field struct {
	Name     string    `json:"name"`
	Type     FieldType `json:"type"`
	Label    string    `json:"label"`
	Required bool      `json:"required"`
	Choices  []string  `json:"choices,omitempty"`
}

// Transition is one row of a table: in any of From, when On happens and every
// guard in When holds, go to To and do Do. Rows are tried in order; the first
// that fits is taken.
type Transition struct {
	From []State
	On   Event
	When []Guard
	To   State
	By   []Party
	Do   []Effect
	// Copy is where the volumes that the event is about are from then on; empty
	// leaves them where they are.
	Copy Custody
	// CopyFrom, where it is set, moves only the volumes that are there now.
	CopyFrom Custody
	Undo     Undo
	// Label is the button or the line in the timeline, in plain words.
	Label string
	Form  []Field
	// ISO is the ISO 18626 status or action this row says or hears.
	ISO string
}

// IsAction tells whether a person may choose this row.
func (t Transition) IsAction() bool {
	return t.May(ByStaff) || t.May(ByPatron) || t.May(ByDesk)
}

// May tells whether a party may bring this event.
func (t Transition) May(party Party) bool { return slices.Contains(t.By, party) }

// Place is what a state means: everything to be known of a state is here.
type Place struct {
	State State
	// Label is the state in plain words, Patron as a patron is told of it. Only
	// the borrowing side has a patron.
	Label  string
	Patron string
	// Unwanted is what the state is called, and PatronUnwanted what the patron is
	// told, once nobody waits for the copy any more; empty where that changes
	// nothing.
	Unwanted, PatronUnwanted string
	// Owner is who has to do the next thing.
	Owner Owner
	// Queue is the one it is in besides QueueNeedsMe; empty for what passes by
	// itself or waits for staff alone.
	Queue Queue
	// Passing means that nothing rests here: the transaction that brings a request
	// into the state also takes it on. It has no deadline.
	Passing bool
	// Deadline is the kind of date that ends the wait, and Then the event that
	// fires when it passes. Terminal states have neither.
	Deadline DeadlineKind
	Then     Event
	// First is what our staff most often do next here: the one filled button of a
	// page. Empty where they mostly wait, or where no act stands out.
	First Event
	// Coming means that the patron is waiting for it to arrive, and is told how
	// long that usually takes.
	Coming bool
	// Serves means that the patron is to get it or has it, so that a second request
	// of theirs for the same title would be one too many.
	Serves bool
	// PastNeedBy means that the copy has been sent, so that the need-by date no
	// longer ends the request.
	PastNeedBy bool
	// Ended marks a terminal state, and Supplied one in which the patron or the
	// borrower had what was asked for.
	Ended    bool
	Supplied bool
	// ISO is the ISO 18626 status.
	ISO string
}

// Table is the whole life of one side.
type Table struct {
	Side        Side
	Start       State
	Places      []Place
	Transitions []Transition
}

// Tables lists the three tables.
func Tables() []*Table { return []*Table{Borrowing, Lending, Brokered} }

// TableOf gives the table of a side.
func TableOf(side Side) *Table { return Of(Tables(), side) }

// Of gives the table of a side from a list of tables, or nil.
func Of(tables []*Table, side Side) *Table {
	for _, table := range tables {
		if table.Side == side {
			return table
		}
	}
	return nil
}

// Place finds what a state means.
func (t *Table) Place(state State) (Place, bool) {
	for _, place := range t.Places {
		if place.State == state {
			return place, true
		}
	}
	return Place{}, false
}

// States lists the states of a table that are of a kind, in table order.
func (t *Table) States(is func(Place) bool) []State { return statesOf(t.Places, is) }

func statesOf(places []Place, is func(Place) bool) []State {
	var states []State
	for _, place := range places {
		if is(place) {
			states = append(states, place.State)
		}
	}
	return states
}

func anyPlace(Place) bool     { return true }
func endedPlace(p Place) bool { return p.Ended }

// InQueue lists the states that lie in a queue.
func (t *Table) InQueue(queue Queue) []State {
	return t.States(func(p Place) bool { return p.Queue == queue })
}

// Taking lists the states in which an event may happen, whatever the facts.
func (t *Table) Taking(event Event) []State {
	return t.States(func(p Place) bool { return t.Takes(p.State, event) })
}

// Takes tells whether an event may happen in a state, whatever the facts.
func (t *Table) Takes(state State, event Event) bool {
	return slices.ContainsFunc(t.Transitions, func(row Transition) bool { return row.On == event && slices.Contains(row.From, state) })
}

// Returns tells whether a state may give way to the one it was entered from.
func (t *Table) Returns(state State) bool {
	return slices.ContainsFunc(t.Transitions, func(row Transition) bool {
		return row.To == Previous && row.On != EventUndo && slices.Contains(row.From, state)
	})
}

// Deadlines lists every kind of deadline of the table once.
func (t *Table) Deadlines() []DeadlineKind {
	var kinds []DeadlineKind
	for _, place := range t.Places {
		if place.Deadline != "" && !slices.Contains(kinds, place.Deadline) {
			kinds = append(kinds, place.Deadline)
		}
	}
	return kinds
}

// Events lists every event of the table once, in table order.
func (t *Table) Events() []Event {
	var events []Event
	for _, row := range t.Transitions {
		if !slices.Contains(events, row.On) {
			events = append(events, row.On)
		}
	}
	return events
}

// Guards and Effects list every name that must be bound before serving.
func (t *Table) Guards() []Guard {
	var guards []Guard
	for _, row := range t.Transitions {
		for _, guard := range row.When {
			guard = positive(guard)
			if !slices.Contains(guards, guard) {
				guards = append(guards, guard)
			}
		}
	}
	return guards
}

// Effects lists every effect of the table once.
func (t *Table) Effects() []Effect {
	var effects []Effect
	for _, row := range t.Transitions {
		for _, effect := range row.Do {
			if !slices.Contains(effects, effect) {
				effects = append(effects, effect)
			}
		}
	}
	return effects
}
