package holds

import (
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/policy/rule"
)

// Check judges what is known of a hold, whoever brings it: a desk, a program, a
// scenario or a file. today is the day at its library. It gives every problem
// with its field in the contract.
func Check(hold Hold, now time.Time, today broker.Date) (wrong []broker.FieldError) {
	say := func(pointer, code, message string) {
		wrong = append(wrong, broker.FieldError{Pointer: pointer, Code: code, Message: message})
	}
	if hold.Title == broker.NoID && hold.Wanted == broker.NoID && hold.Item == broker.NoID {
		say("/title_id", "required", "must name a title: a hold is for a title, or for one copy")
	}
	if channels := rule.EveryChannel(); hold.Channel != "" && !slices.Contains(channels, hold.Channel) {
		known := make([]string, len(channels))
		for i, channel := range channels {
			known[i] = string(channel)
		}
		say("/channel", "not_allowed", "must be one of "+strings.Join(known, ", "))
	}
	if hold.QueuedAt.After(now) {
		say("/queued_at", "in_the_future", "must not lie in the future")
	}
	if hold.Status.Open() {
		wrong = append(wrong, checkLastDay(hold.ExpiresOn, today)...)
	}
	wrong = append(wrong, checkSuspension(hold.SuspendedFrom, hold.SuspendedUntil)...)
	if kept := hold.Status == OnHoldShelf || hold.Status == InTransit; kept && hold.Item == broker.NoID {
		say("/item_id", "required", "must name the copy: a hold that is "+hold.Status.Words()+" has one")
	}
	if hold.Status == OnHoldShelf && hold.PickUpBy.IsZero() {
		say("/pick_up_by", "required", "must be the last day on the hold shelf")
	}
	return wrong
}

// checkLastDay judges the last day that a hold is to wait; zero is none.
func checkLastDay(day, today broker.Date) []broker.FieldError {
	if day.IsZero() || !day.Before(today) {
		return nil
	}
	return []broker.FieldError{{Pointer: "/expires_on", Code: "in_the_past", Message: "must be today or later"}}
}

// checkSuspension judges from when until when a hold is passed over.
func checkSuspension(from, until broker.Date) []broker.FieldError {
	if until.IsZero() || !until.Before(from) {
		return nil
	}
	return []broker.FieldError{{Pointer: "/until", Code: "too_early", Message: "must not be before the first day"}}
}

// CheckWanted judges the only copy that will do for a hold: it is one of the
// title, not a borrowed one, and it is lent.
func CheckWanted(title broker.ID, wanted catalog.Item) error {
	switch {
	case wanted.ID == broker.NoID || title != broker.NoID && wanted.Title != title || wanted.Temporary():
		return broker.NotFound("copy of that title")
	case !wanted.Lendable:
		return broker.Conflict("item_not_lendable", "That copy is not lent.")
	}
	return nil
}

// Words says a status aloud.
func (s Status) Words() string { return strings.ReplaceAll(string(s), "_", " ") }
