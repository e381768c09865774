package policy

import (
	"cmp"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/calendar"
)

// DueDate gives the due date of an item of our own or of the shared catalogue
// lent today. With closed_day next_open it never falls on a closed day.
func (d *Document) DueDate(at Moment, m Match) Entry[broker.Date] {
	at = d.settle(at)
	entry := d.Rules().LoanPeriod.For(m)
	return Entry[broker.Date]{Source: entry.Source, Value: entry.Value.after(at.Calendar.DateOf(at.Now), at.Calendar)}
}

// DueAtCheckout gives the due date of what is lent today: by the library's own
// list, or for a borrowed copy by its lender's date. Where the policy gives
// borrowed copies a period of its own, it counts as far as the lender's date
// allows.
func (d *Document) DueAtCheckout(at Moment, m Match, lenderDue broker.Date) broker.Date {
	if lenderDue.IsZero() {
		return d.DueDate(at, m).Value
	}
	due := d.ILLDueDate(at, lenderDue).Due
	if d.Rules().PeriodSetBy.For(m).Value == SetByLibrary {
		return due.Earlier(d.DueDate(at, m).Value)
	}
	return due
}

// after gives the due date of a period that begins on a date.
func (p Period) after(start broker.Date, opening *calendar.Calendar) broker.Date {
	due := opening.AddDays(start, p.Days, p.Count)
	switch p.ClosedDay {
	case MoveToNextOpen:
		return opening.NextOpenDay(due)
	case MoveToSameWeekday:
		return opening.NextSameWeekday(due)
	case MoveToPrevOpen, KeepClosedDay:
	}
	return due
}

// RenewalDue gives the due date of an own item renewed today: so many days as
// the policy gives a renewal, none of its own meaning the loan period, from
// today or from the old due date. It is never earlier than the old date.
func (d *Document) RenewalDue(at Moment, m Match, old broker.Date) Entry[broker.Date] {
	at = d.settle(at)
	entry, period := d.Rules().RenewalDays.For(m), d.Rules().LoanPeriod.For(m).Value
	if entry.Value.Is {
		period.Days = entry.Value.Value
	}
	start := at.Calendar.DateOf(at.Now)
	if d.Rules().RenewalFrom.For(m).Value == FromOldDue {
		start = old
	}
	return Entry[broker.Date]{Source: entry.Source, Value: period.after(start, at.Calendar).Later(old)}
}

// RecallDue gives the due date of a loan its owner wants back: so many days from
// now, and never later than it was.
func (d *Document) RecallDue(at Moment, m Match, due broker.Date) Entry[broker.Date] {
	at = d.settle(at)
	entry := d.Rules().RecallDays.For(m)
	soonest := at.Calendar.NextOpenDay(at.Calendar.AddDays(at.Calendar.DateOf(at.Now), entry.Value.Days, entry.Value.Count))
	return Entry[broker.Date]{Source: entry.Source, Value: soonest.Earlier(due)}
}

// ReliefDue gives the due date after an unforeseen closing that is already in
// the calendar: what was due on a closed day is due the next open one, where the
// policy says so. Nothing that was overdue before gains by it.
func (d *Document) ReliefDue(at Moment, m Match, due broker.Date) Entry[broker.Date] {
	at = d.settle(at)
	entry := d.Rules().ClosureRelief.For(m)
	answer := Entry[broker.Date]{Source: entry.Source, Value: due}
	if entry.Value.DueThatDay {
		answer.Value = at.Calendar.NextOpenDay(due)
	}
	return answer
}

// MayAdjustDueDates tells whether somebody of a role may move due dates in bulk;
// a reason is always needed.
func (d *Document) MayAdjustDueDates(at Moment, roles []string, reason string) Decision {
	entry := d.Rules().ClosureRelief.For(Match{})
	a := d.ask(at, "move due dates in bulk", entry.Source)
	if !slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(entry.Value.AdjustedBy, role) }) {
		a.refuse(entry.Source, ground{
			code: "not_for_this_role", message: "This is for others to do.",
			needed: strings.Join(entry.Value.AdjustedBy, " or "), found: cmp.Or(strings.Join(roles, ", "), "no role"),
		})
	}
	if strings.TrimSpace(reason) == "" {
		a.refuse(entry.Source, ground{code: "reason_missing", message: "Say why: it is recorded.", needed: "a reason", found: "none"})
	}
	return a.answer()
}
