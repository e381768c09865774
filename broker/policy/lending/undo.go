package lending

import (
	"time"

	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// UndoTime is how long an act at the desk can be undone.
func UndoTime(d *policy.Document) rule.Entry[rule.Optional[attributes.UndoTime]] {
	return d.Rules().DeskUndo.For(rule.Match{})
}

// UndoUntil is when an act of now can be undone for the last time; zero where
// nobody may. After closing, and on a closed day, the business day ends with the
// day.
func UndoUntil(d *policy.Document, at policy.Moment) time.Time {
	at = d.Settle(at)
	entry := UndoTime(d)
	switch {
	case !entry.Value.Is:
		return time.Time{}
	case !entry.Value.Value.EndOfDay:
		return at.Now.Add(time.Duration(entry.Value.Value.Minutes) * time.Minute)
	}
	today := at.Calendar.DateOf(at.Now)
	if closes, open := at.Calendar.Closes(today); open && at.Now.Before(closes) {
		return closes
	}
	return today.End(at.Calendar.Zone())
}
