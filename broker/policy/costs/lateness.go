package costs

import (
	"slices"
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
	// recalled. A date set in the same period is bound by it, a renewal is not.
	Recalled broker.Date `json:"recalled,omitzero"`
	// Words are all that was said of the period's due date, in the order in which it
	// was said, once that is more than its beginning.
	Words []Word `json:"words,omitempty"`
	// Due is the due date. Told is the day on which it last changed, and Before
	// what it was when that day began; both are zero where it never did.
	Due    broker.Date `json:"due"`
	Told   broker.Date `json:"told,omitzero"`
	Before broker.Date `json:"before,omitzero"`
}

// Word is one thing that was said about when an item is due: a date, or a recall.
// It is stored as JSON.
type Word struct {
	At       time.Time   `json:"at"`
	Set      broker.Date `json:"set,omitzero"`
	Lender   broker.Date `json:"lender,omitzero"`
	Recalled broker.Date `json:"recalled,omitzero"`
}

// words are what was said in the period, the date that it began with first.
func (p Period) words() []Word {
	if len(p.Words) > 0 {
		return slices.Clone(p.Words)
	}
	words := []Word{{At: p.SetAt, Set: p.Set, Lender: p.Lender}}
	if !p.Recalled.IsZero() {
		words = append(words, Word{At: p.SetAt, Recalled: p.Recalled})
	}
	return words
}

// heed gives the period what was said in it: the date said last, bound by the
// first recall.
func (p Period) heed(words []Word) Period {
	slices.SortStableFunc(words[1:], func(a, b Word) int { return a.At.Compare(b.At) })
	p.Recalled, p.Words = broker.Date{}, nil
	for _, word := range words {
		switch {
		case word.Recalled.IsZero():
			p.Set, p.SetAt, p.Lender = word.Set, word.At, word.Lender
		case p.Recalled.IsZero() || word.Recalled.Before(p.Recalled):
			p.Recalled = word.Recalled
		}
	}
	if len(words) > 1 {
		p.Words = words
	}
	return p
}

// Say adds what was said to a loan's periods: to the one in which it was said,
// however late that is told. The periods' due dates stay to be worked out.
func Say(periods []Period, word Word) []Period {
	return spread(periods, append(laterWords(periods), word))
}

// Renew adds the period that a renewal began, with what was said since the lender
// granted it. Due is what the due date was before.
func Renew(periods []Period, from, due broker.Date, word Word) []Period {
	later := laterWords(periods)
	return spread(append(slices.Clone(periods), Period{From: from, Due: due, Set: word.Set, SetAt: word.At, Lender: word.Lender}), later)
}

// laterWords are what was said in some periods after each had begun.
func laterWords(periods []Period) (later []Word) {
	for _, period := range periods {
		later = append(later, period.words()[1:]...)
	}
	return later
}

// spread gives each period what was said after it began and before the next. What
// was said before the first changes nothing.
func spread(periods []Period, later []Word) []Period {
	heeded := make([]Period, len(periods))
	for i, period := range periods {
		words := period.words()[:1]
		for _, word := range later {
			ended := i+1 < len(periods) && !word.At.Before(periods[i+1].words()[0].At)
			if !word.At.Before(words[0].At) && !ended {
				words = append(words, word)
			}
		}
		heeded[i] = period.heed(words)
	}
	return heeded
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
