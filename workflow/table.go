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

// Not turns a guard round.
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

// FieldType is the shape of one field of a form.
type FieldType string

// The field types.
const (
	FieldText    FieldType = "text"
	FieldDate    FieldType = "date"    // 2026-08-22
	FieldMoney   FieldType = "money"   // {"minor": 1250, "currency": "USD"}
	FieldLibrary FieldType = "library" // id or NAMESPACE:VALUE
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
	Undo Undo
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

// Place is what a state means.
type Place struct {
	State State
	// Label is the state in plain words.
	Label string
	// Owner is who has to do the next thing; "none" when ended.
	Owner string
	// Deadline is the kind of date that ends the wait, and Then the event that
	// fires when it passes. Terminal states have neither.
	Deadline string
	Then     Event
	// Ended marks a terminal state.
	Ended bool
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
func TableOf(side Side) *Table {
	for _, table := range Tables() {
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
