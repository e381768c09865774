package costs

import (
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// Period is one of a loan's times out: the first begins with the loan, and each
// renewal begins the next. It is stored as JSON.
type Period struct {
	// From is the day it begins: the day of the loan, or the day on which its
	// renewal was asked for, whenever that was answered.
	From broker.Date `json:"from,omitzero"`
	// Set is the due date as it was set, before closed days moved it, and SetAt
	// when that was said. What was said earlier never takes its place.
	Set   broker.Date `json:"set"`
	SetAt time.Time   `json:"set_at,omitzero"`
	// Lender is the lender's due date of a borrowed copy, where another has followed
	// it or it was changed.
	Lender broker.Date `json:"lender,omitzero"`
	// Recalled is the latest due date that a recall leaves; zero where it was not
	// recalled. A date set afterwards is bound by it, a renewal is not.
	Recalled broker.Date `json:"recalled,omitzero"`
	// Due is the due date. Told is the day on which it last changed, and Before
	// what it was when that day began; both are zero where it never did.
	Due    broker.Date `json:"due"`
	Told   broker.Date `json:"told,omitzero"`
	Before broker.Date `json:"before,omitzero"`
}

// Tell gives the period a due date from a day on. An earlier one never makes
// anybody late for days before it was told: it is that day at the soonest, or
// the next on which the library is open, and what was overdue already stays as
// overdue as it was. That holds against what stood when the day began, so the
// order of what is said in one day makes no difference.
func (p Period) Tell(due, today broker.Date, opening *calendar.Calendar) Period {
	if p.Told != today {
		p.Told, p.Before = today, p.Due
	}
	p.Due = due.Later(p.From)
	switch {
	case p.Before.IsZero() || !p.Due.Before(p.Before):
	case p.Before.Before(today):
		p.Due = p.Before
	case p.Due.Before(today):
		p.Due = opening.NextOpenDay(today)
	}
	return p
}

// Facts are all that the fines for a loan's lateness depend on.
type Facts struct {
	Terms Terms
	// Periods are the loan's, oldest first.
	Periods []Period
	// Until is the last day that counts: that of the return, of the loss or of a
	// claim, or today.
	Until broker.Date
	// DueAt and UntilAt are the instants of the last due date and of the return,
	// for terms by the hour.
	DueAt, UntilAt time.Time
	// Forgiven tells that nothing is owed for the last period, whatever the days.
	Forgiven bool
	// RenewalForgives tells that a renewal forgives what was late before it.
	RenewalForgives bool
}

// Lateness works out the fine of each period from the facts alone: the same
// facts come to the same fines, in whatever order they became known. A period
// that was renewed costs what it was late when the renewal was asked for.
func Lateness(f Facts, opening *calendar.Calendar) []Fine {
	fines := make([]Fine, len(f.Periods))
	for i, period := range f.Periods {
		until, last := f.Until, i == len(f.Periods)-1
		if !last {
			until = until.Earlier(f.Periods[i+1].From)
		}
		switch {
		case last && f.Forgiven, !last && f.RenewalForgives:
			fines[i] = f.Terms.Overdue.fine(0, 0)
		case last && f.Terms.Overdue.Per == attributes.PerHour:
			fines[i] = OverdueFineAt(f.Terms, f.DueAt, f.UntilAt, opening)
		default:
			fines[i] = OverdueFine(f.Terms, period.Due, until, opening)
		}
	}
	return fines
}

// RenewalForgives tells whether a renewal forgives what the item was late
// before it.
func RenewalForgives(d *policy.Document, m rule.Match) bool {
	return d.Rules().FineAtRenewal.For(m).Value == attributes.OverdueFineForgive
}
