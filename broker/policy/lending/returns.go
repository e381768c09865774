package lending

import (
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// HandedIn is how an item came back.
type HandedIn struct {
	// Match is what the loan was matched against.
	rule.Match
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
func EffectiveReturn(d *policy.Document, at policy.Moment, h HandedIn) ReturnDecision {
	at = d.Settle(at)
	entry := d.Rules().BookDrop.For(h.Match)
	today := at.Calendar.DateOf(at.Now)
	answer := ReturnDecision{On: today, FineFree: h.Amnesty || (h.NotTold && NoticeExcuses(d, h.Match)), Rule: entry.Rule, Source: entry.Clause}
	switch {
	case !h.Backdate.IsZero():
		answer.On = h.Backdate.Earlier(today)
	case !h.Drop:
	case entry.Value == attributes.DropUntilOpening:
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
func NoticeExcuses(d *policy.Document, m rule.Match) bool {
	return d.Rules().NoticeExcuses.For(m).Value
}

// afterClosing tells whether the day's business is over, or there was none.
func afterClosing(at policy.Moment) bool {
	closes, open := at.Calendar.Closes(at.Calendar.DateOf(at.Now))
	return !open || !at.Now.Before(closes)
}

// Overdue tells whether something due on a date is late at the moment, on the
// library's own clock: a day loan is not late before the end of its date.
func Overdue(d *policy.Document, at policy.Moment, due broker.Date) bool {
	at = d.Settle(at)
	return at.Calendar.DateOf(at.Now).After(due)
}

// DueEnd gives the instant at which a day loan due on a date ends: the last
// second of that date on the library's clock.
func DueEnd(d *policy.Document, at policy.Moment, due broker.Date) time.Time {
	at = d.Settle(at)
	return due.End(at.Calendar.Zone()).Add(-time.Second)
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
func ReturnPlaceOf(d *policy.Document, here bool) PlaceDecision {
	entry := d.Rules().ReturnPlace.For(rule.Match{Owner: rule.OwnerILL})
	answer := PlaceDecision{Required: entry.Value == attributes.HereRequired, Rule: entry.Rule, Source: entry.Clause}
	if here {
		return answer
	}
	answer.SendToBorrower = true
	g := policy.Ground{
		Code: "not_the_checkout_library", Message: "Best handed in where it was checked out. The loan is closed; send the item there.",
		Needed: "the checkout library", Found: "another library",
	}
	if answer.Required {
		g.Code = "must_return_to_borrowing_library"
		g.Message = "It must be returned to the library that borrowed it. The loan is closed; send the item there."
	}
	warning := g.Reason(entry.Source)
	answer.Warn = &warning
	return answer
}

// TakesBackFirst tells whether an item that is still on another account is taken
// back at once when it is to be lent, without asking staff.
func TakesBackFirst(d *policy.Document, m rule.Match) rule.Entry[bool] {
	entry := d.Rules().OnOtherAccount.For(m)
	return rule.Entry[bool]{Source: entry.Source, Value: entry.Value == attributes.TakeBackThen}
}

// ScannedAt checks the time that a scan says for itself, because it was made while
// the desk was off line: not in the future, not before what happened with the item
// last (for a return, when the loan began), and at most so many hours old as the
// policy allows.
func ScannedAt(d *policy.Document, at policy.Moment, m rule.Match, scanned, last time.Time) error {
	at = d.Settle(at)
	entry := d.Rules().ScanAge.For(m)
	wrong := broker.FieldError{Pointer: "/scanned_at"}
	switch {
	case scanned.After(at.Now):
		wrong.Code, wrong.Message = "in_the_future", "must not lie in the future"
	case scanned.Before(last):
		wrong.Code, wrong.Message = "before_the_last", "lies before what happened with the item last, at "+last.In(at.Calendar.Zone()).Format("2006-01-02 15:04")+": this scan was of something that is over"
	case !entry.Value.Is:
		wrong.Code, wrong.Message = "not_taken", "is not taken here: a scan counts from when it is entered ("+entry.Rule+")"
	case at.Now.Sub(scanned) > time.Duration(entry.Value.Value)*time.Hour:
		wrong.Code, wrong.Message = "too_old", fmt.Sprintf("is more than %d hours old (%s): enter it without scanned_at; a return can be given the day it counts for", entry.Value.Value, entry.Rule)
	default:
		return nil
	}
	return broker.Invalid(wrong)
}
