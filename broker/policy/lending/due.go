package lending

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// DueDate gives the due date of an item of our own or of the shared catalogue
// lent today. With closed_day next_open it never falls on a closed day.
func DueDate(d *policy.Document, at policy.Moment, m rule.Match) rule.Entry[broker.Date] {
	at = d.Settle(at)
	entry := d.Rules().LoanPeriod.For(m)
	return rule.Entry[broker.Date]{Source: entry.Source, Value: SettledDue(d, at, m, SetDue(d, at, m, broker.Date{}), broker.Date{}).Value}
}

// SetDue gives the date that is set for what is lent today, before closed days
// move it: by the library's own list, or for a borrowed copy by its lender's
// date, as far as a period of the policy's own allows.
func SetDue(d *policy.Document, at policy.Moment, m rule.Match, lenderDue broker.Date) broker.Date {
	at = d.Settle(at)
	period := d.Rules().LoanPeriod.For(m).Value
	own := at.Calendar.AddDays(at.Calendar.DateOf(at.Now), period.Days, period.Count)
	switch {
	case lenderDue.IsZero():
		return own
	case d.Rules().PeriodSetBy.For(m).Value == attributes.SetByLibrary:
		return own.Earlier(lenderDue)
	}
	return lenderDue
}

// SettledDue gives the due date that comes of a date that was set, on a calendar
// that may know of more closings than when it was set. A planned closing moves
// it as the loan period says, one that nobody foresaw as closures.relief says. A
// borrowed copy is due by what its lender's date leaves, where that is sooner; a
// closing that nobody foresaw takes nothing from that.
func SettledDue(d *policy.Document, at policy.Moment, m rule.Match, set, lenderDue broker.Date) rule.Entry[broker.Date] {
	at = d.Settle(at)
	if m.Owner == rule.OwnerILL {
		entry := d.Rules().ILLDue.For(m)
		answer := rule.Entry[broker.Date]{Source: entry.Source, Value: set}
		if lenderDue.IsZero() {
			return answer
		}
		latest := lenderDue.AddDays(-entry.Value.DaysBefore)
		if entry.Value.ClosedDay == attributes.MoveToPrevOpen && !at.Calendar.ClosedUnforeseen(latest) {
			latest = at.Calendar.PrevOpenDay(latest)
		}
		answer.Value = settledOwn(d, at, m, set).Value.Earlier(latest)
		return answer
	}
	return settledOwn(d, at, m, set)
}

func settledOwn(d *policy.Document, at policy.Moment, m rule.Match, set broker.Date) rule.Entry[broker.Date] {
	period, relief := d.Rules().LoanPeriod.For(m), d.Rules().ClosureRelief.For(m)
	answer := rule.Entry[broker.Date]{Source: period.Source, Value: set}
	switch {
	case at.Calendar.IsOpen(set):
	case at.Calendar.ClosedUnforeseen(set):
		answer.Source = relief.Source
		if relief.Value.DueThatDay {
			answer.Value = at.Calendar.NextOpenDay(set)
		}
	default:
		answer.Value = period.Value.ClosedDay.Moved(set, at.Calendar)
	}
	return answer
}

// DueAtCheckout gives the due date of what is lent today: by the library's own
// list, or for a borrowed copy by its lender's date. Where the policy gives
// borrowed copies a period of its own, it counts as far as the lender's date
// allows.
func DueAtCheckout(d *policy.Document, at policy.Moment, m rule.Match, lenderDue broker.Date) broker.Date {
	if lenderDue.IsZero() {
		return DueDate(d, at, m).Value
	}
	due := ILLDueDate(d, at, m, lenderDue).Due
	if d.Rules().PeriodSetBy.For(m).Value == attributes.SetByLibrary {
		return due.Earlier(DueDate(d, at, m).Value)
	}
	return due
}

// SetAtRenewal gives the date that is set for an own item renewed today, before
// closed days move it: so many days as the policy gives a renewal, none of its
// own meaning the loan period, from today or from the old due date.
func SetAtRenewal(d *policy.Document, at policy.Moment, m rule.Match, old broker.Date) broker.Date {
	at = d.Settle(at)
	days, period := d.Rules().RenewalDays.For(m).Value, d.Rules().LoanPeriod.For(m).Value
	if days.Is {
		period.Days = days.Value
	}
	start := at.Calendar.DateOf(at.Now)
	if d.Rules().RenewalFrom.For(m).Value == attributes.FromOldDue {
		start = old
	}
	return at.Calendar.AddDays(start, period.Days, period.Count)
}

// RenewalDue gives the due date of an own item renewed today. It is never
// earlier than the old date.
func RenewalDue(d *policy.Document, at policy.Moment, m rule.Match, old broker.Date) rule.Entry[broker.Date] {
	entry := d.Rules().RenewalDays.For(m)
	return rule.Entry[broker.Date]{Source: entry.Source, Value: SettledDue(d, at, m, SetAtRenewal(d, at, m, old), broker.Date{}).Value.Later(old)}
}

// RecallDue gives the due date of a loan its owner wants back: so many days from
// now, and never later than it was; a zero due asks for the first alone.
func RecallDue(d *policy.Document, at policy.Moment, m rule.Match, due broker.Date) rule.Entry[broker.Date] {
	at = d.Settle(at)
	entry := d.Rules().RecallDays.For(m)
	soonest := at.Calendar.NextOpenDay(at.Calendar.AddDays(at.Calendar.DateOf(at.Now), entry.Value.Days, entry.Value.Count))
	if !due.IsZero() {
		soonest = soonest.Earlier(due)
	}
	return rule.Entry[broker.Date]{Source: entry.Source, Value: soonest}
}

// ReliefDue gives the due date after an unforeseen closing that is already in
// the calendar: what was due on a closed day is due the next open one, where the
// policy says so. Nothing that was overdue before gains by it.
func ReliefDue(d *policy.Document, at policy.Moment, m rule.Match, due broker.Date) rule.Entry[broker.Date] {
	at = d.Settle(at)
	entry := d.Rules().ClosureRelief.For(m)
	answer := rule.Entry[broker.Date]{Source: entry.Source, Value: due}
	if entry.Value.DueThatDay {
		answer.Value = at.Calendar.NextOpenDay(due)
	}
	return answer
}

// MayAdjustDueDates tells whether somebody of a role may move due dates in bulk;
// a reason is always needed.
func MayAdjustDueDates(d *policy.Document, at policy.Moment, roles []string, reason string) policy.Decision {
	entry := d.Rules().ClosureRelief.For(rule.Match{})
	a := d.Ask(at, "move due dates in bulk", entry.Source)
	if !slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(entry.Value.AdjustedBy, role) }) {
		a.Refuse(entry.Source, policy.Ground{
			Code: "not_for_this_role", Message: "This is for others to do.",
			Needed: strings.Join(entry.Value.AdjustedBy, " or "), Found: cmp.Or(strings.Join(roles, ", "), "no role"),
		})
	}
	if strings.TrimSpace(reason) == "" {
		a.Refuse(entry.Source, policy.Ground{Code: "reason_missing", Message: "Say why: it is recorded.", Needed: "a reason", Found: "none"})
	}
	return a.Answer()
}

// DueDecision answers ILLDueDate.
type DueDecision struct {
	// Due is the patron's due date; Ends is the end of business on it.
	Due  broker.Date `json:"due"`
	Ends time.Time   `json:"ends"`
	// Moved tells that it lies before the lender's date.
	Moved  bool          `json:"moved"`
	Rule   string        `json:"rule"`
	Source broker.Clause `json:"source"`
}

// ILLDueDate turns the lender's due date into the patron's: the last open day on
// or before it, never after. No local loan period touches it, however far away
// the lender's date lies.
func ILLDueDate(d *policy.Document, at policy.Moment, m rule.Match, lenderDue broker.Date) DueDecision {
	at = d.Settle(at)
	entry := d.Rules().ILLDue.For(m)
	due := lenderDue.AddDays(-entry.Value.DaysBefore)
	if entry.Value.ClosedDay == attributes.MoveToPrevOpen {
		due = at.Calendar.PrevOpenDay(due)
	}
	return DueDecision{
		Due: due, Ends: at.Calendar.EndOfBusiness(due), Moved: due != lenderDue,
		Rule: entry.Rule, Source: entry.Clause,
	}
}
