package policy

import (
	"time"

	"afield/broker"
)

// HandedIn is how an item came back.
type HandedIn struct {
	// Owner and Item are what the rule may depend on.
	Owner Owner  `json:"owner,omitempty"`
	Item  string `json:"item,omitempty"`
	// Drop is set when it was found in the book drop, false at a service desk.
	Drop bool `json:"drop,omitempty"`
	// Backdate is a date that staff chose for the return; zero for none.
	Backdate broker.Date `json:"backdate,omitzero"`
	// Amnesty forgives what the lateness would cost, backdated or not.
	Amnesty bool `json:"amnesty,omitempty"`
	// NotTold is set where no notice told the patron that the item is overdue.
	NotTold bool `json:"not_told,omitempty"`
}

// ReturnDecision answers EffectiveReturn.
type ReturnDecision struct {
	// On is the date the return counts for.
	On broker.Date `json:"on"`
	// FineFree is set where nothing is charged whatever the date (amnesty).
	FineFree bool          `json:"fine_free,omitempty"`
	Rule     string        `json:"rule"`
	Source   broker.Clause `json:"source"`
}

// EffectiveReturn gives the date for which a return counts that is checked in at
// the moment. The two opposite rules about the book drop: until_next_opening
// counts what is found there before opening for the last open day;
// when_checked_in counts the day it is checked in, and after closing the next
// open day. A date in the future counts as now.
func (d *Document) EffectiveReturn(at Moment, h HandedIn) ReturnDecision {
	at = d.settle(at)
	entry := d.Rules().BookDrop.For(Match{Owner: h.Owner, Item: h.Item})
	today := at.Calendar.DateOf(at.Now)
	answer := ReturnDecision{On: today, FineFree: h.Amnesty || (h.NotTold && d.NoticeExcuses(Match{Owner: h.Owner, Item: h.Item})), Rule: entry.Rule, Source: entry.Clause}
	switch {
	case !h.Backdate.IsZero():
		answer.On = h.Backdate.Earlier(today)
	case !h.Drop:
	case entry.Value == DropUntilOpening:
		if opens, open := at.Calendar.Opens(today); !open || at.Now.Before(opens) {
			answer.On = at.Calendar.PrevOpenDay(today.AddDays(-1))
		}
	case afterClosing(at):
		answer.On = at.Calendar.NextOpenDay(today.AddDays(1))
	}
	return answer
}

// NoticeExcuses tells whether lateness costs nothing while no notice told the
// patron of it.
func (d *Document) NoticeExcuses(m Match) bool { return d.Rules().NoticeExcuses.For(m).Value }

// afterClosing tells whether the day's business is over, or there was none.
func afterClosing(at Moment) bool {
	closes, open := at.Calendar.Closes(at.Calendar.DateOf(at.Now))
	return !open || !at.Now.Before(closes)
}

// FineAtReturn works out what a return costs on the loan's own terms, on the
// date EffectiveReturn gave.
func FineAtReturn(terms Terms, due broker.Date, returned ReturnDecision, at Moment) Fine {
	if returned.FineFree {
		return terms.Overdue.fine(0, 0)
	}
	return OverdueFine(terms, due, returned.On, at.Calendar)
}

// FineAtRenewal gives what of an overdue item's fine stands when it is renewed:
// the fine up to today from the original due date, or nothing where the policy
// forgives it.
func (d *Document) FineAtRenewal(at Moment, m Match, terms Terms, due broker.Date) Fine {
	at = d.settle(at)
	if d.Rules().FineAtRenewal.For(m).Value == OverdueFineForgive {
		return terms.Overdue.fine(0, 0)
	}
	return OverdueFine(terms, due, at.Calendar.DateOf(at.Now), at.Calendar)
}

// Overdue tells whether something due on a date is late at the moment, on the
// library's own clock: a day loan is not late before the end of its date.
func (d *Document) Overdue(at Moment, due broker.Date) bool {
	at = d.settle(at)
	return at.Calendar.DateOf(at.Now).After(due)
}

// DueEnd gives the instant a day loan of a date ends: the last second of that
// date on the library's clock.
func (d *Document) DueEnd(at Moment, due broker.Date) time.Time {
	at = d.settle(at)
	return due.End(at.Calendar.Zone()).Add(-time.Second)
}
