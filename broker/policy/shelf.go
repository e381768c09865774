package policy

import (
	"fmt"
	"strconv"
	"time"

	"afield/broker"
	"afield/broker/calendar"
)

// ShelfFacts is what is known about something that waits for its patron.
type ShelfFacts struct {
	Owner Owner  `json:"owner"`
	Class string `json:"class,omitempty"`
	Item  string `json:"item,omitempty"`
	// Arrived is the day it reached the hold shelf, day 0.
	Arrived broker.Date `json:"arrived"`
	// LenderDue is the lender's due date of a borrowed copy; zero for none.
	LenderDue broker.Date `json:"lender_due,omitzero"`
}

func (f ShelfFacts) match() Match { return Match{Owner: f.Owner, Class: f.Class, Item: f.Item} }

// BoundBy says which rule made a date the earlier one.
type BoundBy string

// The rules that can bind the hold shelf.
const (
	BoundByShelf     BoundBy = "shelf"
	BoundByLenderDue BoundBy = "lender_due"
)

// ShelfDecision answers ShelfUntil.
type ShelfDecision struct {
	// Until is the last pick-up day; Ends is the end of business on it.
	Until broker.Date `json:"until"`
	Ends  time.Time   `json:"ends"`
	Bound BoundBy     `json:"bound"`
	// StaffAlert is set when the lender's date leaves less than the shelf time:
	// staff hurry, or ask the lender for longer.
	StaffAlert bool            `json:"staff_alert"`
	Rule       string          `json:"rule"`
	Source     broker.Clause   `json:"source"`
	Notes      []broker.Reason `json:"notes,omitempty"`
}

// ShelfUntil gives the last pick-up day: the earlier of the library's shelf
// time and the lender's due date less the days the way back takes. It is never
// before the day of arrival.
func (d *Document) ShelfUntil(at Moment, f ShelfFacts) ShelfDecision {
	at = d.settle(at)
	shelf := d.Rules().ShelfDays.For(f.match())
	until := at.Calendar.ShelfUntil(f.Arrived, calendar.Shelf(shelf.Value))
	answer := ShelfDecision{Until: until, Bound: BoundByShelf, Rule: shelf.Rule, Source: shelf.Clause}
	if latest := d.latestOnShelf(at, f); !latest.IsZero() && latest.Before(until) {
		before := d.Rules().ShelfBeforeDue.For(f.match())
		answer = ShelfDecision{
			Until: latest.Later(f.Arrived), Bound: BoundByLenderDue, StaffAlert: true,
			Rule: before.Rule, Source: before.Clause,
		}
		answer.Notes = []broker.Reason{ground{
			code: "lender_due_binds", message: "The lender's due date leaves less than the usual time on the hold shelf.",
			needed: "until " + until.String(), found: "until " + answer.Until.String(),
		}.reason(before.Source)}
	}
	answer.Ends = at.Calendar.EndOfBusiness(answer.Until)
	return answer
}

// latestOnShelf is the last day a borrowed copy may wait so that it gets home
// in time; zero when it has no lender's due date.
func (d *Document) latestOnShelf(at Moment, f ShelfFacts) broker.Date {
	if f.LenderDue.IsZero() {
		return broker.Date{}
	}
	before := d.Rules().ShelfBeforeDue.For(f.match()).Value
	latest := f.LenderDue
	if before.Count == calendar.CalendarDays {
		return at.Calendar.PrevOpenDay(latest.AddDays(-before.Days))
	}
	latest = at.Calendar.PrevOpenDay(latest)
	for range before.Days {
		latest = at.Calendar.PrevOpenDay(latest.AddDays(-1))
	}
	return latest
}

// ExpiryDecision answers OnShelfExpiry.
type ExpiryDecision struct {
	Action ExpiryAction `json:"action"`
	// DecideBy is the last day of a staff decision: never so late that the
	// lender's due date would be missed. Zero for the other actions, or when no
	// lender's date bounds it.
	DecideBy broker.Date   `json:"decide_by,omitzero"`
	Rule     string        `json:"rule"`
	Source   broker.Clause `json:"source"`
}

// OnShelfExpiry says what becomes of something that was not picked up in time.
// Contact tells whether the patron was heard from before the shelf time ended.
// Contact never keeps a borrowed copy past the day it must start home.
func (d *Document) OnShelfExpiry(at Moment, f ShelfFacts, contact bool) ExpiryDecision {
	at = d.settle(at)
	entry := d.Rules().ShelfExpiry.For(f.match())
	answer := ExpiryDecision{Action: entry.Value.Then, Rule: entry.Rule, Source: entry.Clause}
	if !contact {
		return answer
	}
	latest := d.latestOnShelf(at, f)
	if !latest.IsZero() && at.Calendar.DateOf(at.Now).After(latest) {
		return answer
	}
	answer.Action = entry.Value.Contact
	if answer.Action == StaffDecision {
		answer.DecideBy = latest
	}
	return answer
}

// PlaceDecision answers ReturnPlaceOf. A return always closes the loan at the
// moment it was handed in; the decision says only what to do with the item.
type PlaceDecision struct {
	// Warn is set when it came back somewhere else than the rule wants.
	Warn *broker.Reason `json:"warn,omitempty"`
	// Required tells whether the rule is an obligation or advice.
	Required bool `json:"required"`
	// SendToBorrower is set when the item must first go back to the library that
	// borrowed it; else it may start home to its lender from where it is.
	SendToBorrower bool          `json:"send_to_borrower"`
	Rule           string        `json:"rule"`
	Source         broker.Clause `json:"source"`
}

// ReturnPlaceOf says what to do with a borrowed item handed in; here tells
// whether that was at the library it was checked out from.
func (d *Document) ReturnPlaceOf(here bool) PlaceDecision {
	entry := d.Rules().ReturnPlace.For(Match{Owner: OwnerILL})
	answer := PlaceDecision{Required: entry.Value == HereRequired, Rule: entry.Rule, Source: entry.Clause}
	if here {
		return answer
	}
	answer.SendToBorrower = true
	g := ground{
		code: "not_the_checkout_library", message: "Best handed in where it was checked out. The loan is closed; send the item there.",
		needed: "the checkout library", found: "another library",
	}
	if answer.Required {
		g.code = "must_return_to_borrowing_library"
		g.message = "It must be returned to the library that borrowed it. The loan is closed; send the item there."
	}
	warning := g.reason(entry.Source)
	answer.Warn = &warning
	return answer
}

// plural gives "1 copy", "5 copies".
func plural(count int, one, many string) string {
	if count == 1 {
		return strconv.Itoa(count) + " " + one
	}
	return fmt.Sprintf("%d %s", count, many)
}
