package shelf

import (
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// Facts is what is known about something that waits for its patron.
type Facts struct {
	rule.Match
	// Arrived is the day it reached the hold shelf, day 0.
	Arrived broker.Date `json:"arrived"`
	// LenderDue is the lender's due date of a borrowed copy; zero for none.
	LenderDue broker.Date `json:"lender_due,omitzero"`
}

// BoundBy says which rule made a date the earlier one.
type BoundBy string

// The rules that can bind the hold shelf.
const (
	BoundByShelf     BoundBy = "shelf"
	BoundByLenderDue BoundBy = "lender_due"
)

// UntilDecision answers Until.
type UntilDecision struct {
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

// Until gives the last pick-up day: the earlier of the library's shelf
// time and the lender's due date less the days the way back takes. It is never
// before the day of arrival.
func Until(d *policy.Document, at policy.Moment, f Facts) UntilDecision {
	at = d.Settle(at)
	shelf := d.Rules().ShelfDays.For(f.Match)
	until := at.Calendar.ShelfUntil(f.Arrived, calendar.Shelf(shelf.Value))
	answer := UntilDecision{Until: until, Bound: BoundByShelf, Rule: shelf.Rule, Source: shelf.Clause}
	if latest := latestOnShelf(d, at, f); !latest.IsZero() && latest.Before(until) {
		before := d.Rules().ShelfBeforeDue.For(f.Match)
		answer = UntilDecision{
			Until: latest.Later(f.Arrived), Bound: BoundByLenderDue, StaffAlert: true,
			Rule: before.Rule, Source: before.Clause,
		}
		answer.Notes = []broker.Reason{policy.Ground{
			Code: "lender_due_binds", Message: "The lender's due date leaves less than the usual time on the hold shelf.",
			Needed: "until " + until.String(), Found: "until " + answer.Until.String(),
		}.Reason(before.Source)}
	}
	answer.Ends = at.Calendar.EndOfBusiness(answer.Until)
	return answer
}

// latestOnShelf is the last day a borrowed copy may wait so that it gets home
// in time; zero when it has no lender's due date.
func latestOnShelf(d *policy.Document, at policy.Moment, f Facts) broker.Date {
	if f.LenderDue.IsZero() {
		return broker.Date{}
	}
	before := d.Rules().ShelfBeforeDue.For(f.Match).Value
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
	Action attributes.ExpiryAction `json:"action"`
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
func OnShelfExpiry(d *policy.Document, at policy.Moment, f Facts, contact bool) ExpiryDecision {
	at = d.Settle(at)
	entry := d.Rules().ShelfExpiry.For(f.Match)
	answer := ExpiryDecision{Action: entry.Value.Then, Rule: entry.Rule, Source: entry.Clause}
	if !contact {
		return answer
	}
	latest := latestOnShelf(d, at, f)
	if !latest.IsZero() && at.Calendar.DateOf(at.Now).After(latest) {
		return answer
	}
	answer.Action = entry.Value.Contact
	if answer.Action == attributes.StaffDecision {
		answer.DecideBy = latest
	}
	return answer
}
