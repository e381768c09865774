package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"afield/broker"
)

// Submission is what is known when somebody asks for an interlibrary loan.
type Submission struct {
	Patron Patron `json:"patron"`
	// Channel is how the request came.
	Channel Channel `json:"channel"`
	// CardDigits is the length of the card number given online, and PINGiven
	// tells whether a PIN was; a request by staff needs neither.
	CardDigits int           `json:"card_digits,omitempty"`
	PINGiven   bool          `json:"pin_given,omitempty"`
	Format     broker.Format `json:"format,omitempty"`
	// ActiveRequests counts the person's requests in the states of
	// ActiveStates, this one left out.
	ActiveRequests int `json:"active_requests,omitempty"`
	// OwnedHere and OwnedInGroup tell whether a copy that can be had stands in
	// our collection or in the shared catalogue.
	OwnedHere    bool `json:"owned_here,omitempty"`
	OwnedInGroup bool `json:"owned_in_group,omitempty"`
	// SameTitle tells whether the person has this title requested or borrowed.
	SameTitle bool `json:"same_title,omitempty"`
	Rush      bool `json:"rush,omitempty"`
	// AsHold marks a request that a copy of the shared catalogue will fill.
	// Where the policy does not count that as ILL, no ILL limit touches it.
	AsHold bool `json:"as_hold,omitempty"`
	// Hold is what is known of that copy and of the person's holds, for AsHold:
	// whose it is, its material type and state, and how many holds are open.
	Hold HoldRequest `json:"hold,omitzero"`
}

// SubmitDecision answers MaySubmitILL.
type SubmitDecision struct {
	Decision
	// CountsAsILL is false for a hold in the shared catalogue where the policy
	// says so: ILL limits and fees do not touch it.
	CountsAsILL bool `json:"counts_as_ill"`
	// NeedsCostApproval is true when the patron must agree to a cost before
	// anything is ordered, even one nobody knows yet (rush).
	NeedsCostApproval bool `json:"needs_cost_approval"`
	// Wait is what to tell the patron about the time it takes; it has no rule for
	// a hold in the shared catalogue, which waits its turn.
	Wait Entry[Wait] `json:"wait"`
}

// MaySubmitILL tells whether a person may ask for an interlibrary loan now. A
// reason held_here or held_in_group means that a hold serves instead.
func (d *Document) MaySubmitILL(at Moment, s Submission) SubmitDecision {
	match := Match{Owner: OwnerILL, Class: s.Patron.Class, Item: string(s.Format)}
	mayAsk := d.Rules().MayAsk.For(match)
	counts := !s.AsHold || d.Rules().GroupIsILL.For(match).Value
	if !counts {
		return d.submitHold(at, s, match)
	}
	a := d.ask(at, "ask for an interlibrary loan", mayAsk.Source)
	if !mayAsk.Value {
		a.refuse(mayAsk.Source, ground{
			code: "class_may_not_ask", message: "This kind of card does not give interlibrary loan.",
			needed: "a card that gives interlibrary loan", found: "a card of class " + s.Patron.Class, override: byILL(),
		})
	}
	a.channel(s, match)
	a.standing(ActionILLRequest, s.Patron, match)
	a.active(s, match)
	a.notOwned(s, match)
	if one := d.Rules().OneCopy.For(match); one.Value && s.SameTitle {
		a.refuse(one.Source, ground{
			code: "same_title_open", message: "The same person already has this title requested or on loan.",
			needed: "one copy of a title for one person", found: "another open request or loan", override: byILL(),
		})
	}
	a.phone(s, match)
	needsApproval := a.rush(s, match)
	return SubmitDecision{
		Decision: a.answer(), CountsAsILL: true,
		NeedsCostApproval: needsApproval, Wait: d.Rules().ExpectedWait.For(match),
	}
}

// submitHold answers for a copy of the shared catalogue that is no ILL.
func (d *Document) submitHold(at Moment, s Submission, match Match) SubmitDecision {
	notILL := d.Rules().GroupIsILL.For(match)
	a := d.ask(at, "ask for a copy of the shared catalogue", notILL.Source)
	wish := s.Hold
	wish.Patron, wish.Format, wish.Channel = s.Patron, s.Format, s.Channel
	wish.Owner, wish.SameTitle = cmp.Or(wish.Owner, OwnerConsortium), wish.SameTitle || s.SameTitle
	hold := Match{Owner: wish.Owner, Class: s.Patron.Class, Item: string(s.Format)}
	a.channel(s, hold)
	a.hold(wish, hold)
	a.note(notILL.Source, ground{code: "not_counted_as_ill", message: "A copy of the shared catalogue is not an interlibrary loan: its limits and fees do not apply."})
	return SubmitDecision{Decision: a.answer()}
}

func (a *asking) channel(s Submission, match Match) {
	by := a.doc.Rules().SubmitBy.For(match)
	if match.Owner == OwnerILL && !slices.Contains(by.Value, s.Channel) {
		a.refuse(by.Source, ground{
			code: "channel_not_open", message: "Requests do not come by this way here: ask the staff.",
			needed: "by " + joined(by.Value), found: "by " + string(s.Channel),
		})
	}
	if s.Channel != ByOnline {
		return
	}
	signIn := a.doc.Rules().SignIn.For(match)
	if digits := signIn.Value.CardDigits; digits.Is && s.CardDigits != digits.Value {
		a.refuse(signIn.Source, ground{
			code: "card_number_length", message: fmt.Sprintf("The card number has %d digits.", digits.Value),
			needed: strconv.Itoa(digits.Value) + " digits", found: strconv.Itoa(s.CardDigits) + " digits",
		})
	}
	if signIn.Value.PIN && !s.PINGiven {
		a.refuse(signIn.Source, ground{code: "pin_required", message: "Asking online needs the PIN.", needed: "a PIN", found: "none"})
	}
}

func (a *asking) active(s Submission, match Match) {
	entry := a.doc.Rules().ActiveLimit.For(match)
	if limit := entry.Value.Max; limit.Is && s.ActiveRequests >= limit.Value {
		a.refuse(entry.Source, ground{
			code:    "ill_limit_reached",
			message: fmt.Sprintf("Only %d interlibrary loan requests may be active at a time.", limit.Value),
			needed:  fmt.Sprintf("fewer than %d active requests", limit.Value),
			found:   fmt.Sprintf("%d active requests", s.ActiveRequests), override: byILL(),
		})
	}
}

func (a *asking) notOwned(s Submission, match Match) {
	entry := a.doc.Rules().NotOwned.For(match)
	if entry.Value.Here && s.OwnedHere {
		a.refuse(entry.Source, ground{
			code: "held_here", message: "The library has this itself: place a hold.",
			needed: "a title that is not in the collection", found: "a copy of our own", override: byILL(),
		})
	}
	if entry.Value.Group && s.OwnedInGroup {
		a.refuse(entry.Source, ground{
			code: "held_in_group", message: "A library of the shared catalogue has this: place a hold.",
			needed: "a title that is not in the shared catalogue", found: "a copy in the shared catalogue", override: byILL(),
		})
	}
}

func (a *asking) phone(s Submission, match Match) {
	entry := a.doc.Rules().PhoneOnFile.For(match)
	fresh := entry.Value.FreshDays
	confirmed := s.Patron.PhoneConfirmed
	switch {
	case !s.Patron.HasPhone && entry.Value.Required:
		a.refuse(entry.Source, ground{
			code: "phone_missing", message: "A telephone number is needed: the library calls when the item arrives.",
			needed: "a telephone number on file", found: "none", override: byILL(),
		})
	case !s.Patron.HasPhone && slices.Contains(a.doc.Rules().ArrivalNotice.For(match).Value, "phone"):
		a.note(entry.Source, ground{code: "phone_missing", message: "No telephone number is on file: the arrival call cannot be made."})
	case s.Patron.HasPhone && entry.Value.Required && confirmed.IsZero():
		a.note(entry.Source, ground{code: "phone_not_confirmed", message: "Ask whether the telephone number is still right."})
	case entry.Value.Required && fresh.Is && a.today.DaysSince(confirmed) > fresh.Value:
		a.refuse(entry.Source, ground{
			code: "phone_not_confirmed", message: "The telephone number must be confirmed again.",
			needed: fmt.Sprintf("confirmed within %d days", fresh.Value), found: "confirmed on " + confirmed.String(), override: []string{"desk", "ill", "director"},
		})
	}
}

// rush tells whether an urgent request needs the patron's word on its cost.
func (a *asking) rush(s Submission, match Match) bool {
	entry := a.doc.Rules().Rush.For(match)
	switch {
	case !s.Rush:
		return false
	case !entry.Value.Offered:
		a.refuse(entry.Source, ground{
			code: "rush_not_offered", message: "Urgent requests are not offered here.",
			needed: "an ordinary request", found: "an urgent one", override: byILL(),
		})
		return false
	case entry.Value.NeedsApproval:
		a.note(entry.Source, ground{code: "rush_may_cost", message: "An urgent request may cost something: the patron agrees first."})
	}
	return entry.Value.NeedsApproval
}

func joined[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return strings.Join(texts, " or ")
}

// ActiveStates are the workflow states of a request that count towards the
// active limit of a patron's class; Submission.ActiveRequests counts them.
func (d *Document) ActiveStates(class string) []string {
	return slices.Clone(d.Rules().ActiveLimit.For(Match{Owner: OwnerILL, Class: class}).Value.States)
}

// CountsAsILL tells whether a copy of the shared catalogue counts as ILL.
func (d *Document) CountsAsILL() bool { return d.Rules().GroupIsILL.For(Match{Owner: OwnerILL}).Value }

// ExpectedWait is what to tell a patron of a class about the time a loan takes.
func (d *Document) ExpectedWait(class string, format broker.Format) Entry[Wait] {
	return d.Rules().ExpectedWait.For(Match{Owner: OwnerILL, Class: class, Item: string(format)})
}

// ArrivalNotice gives the channels by which a patron learns of an arrival, the
// wished one first.
func (d *Document) ArrivalNotice(class string) Entry[NoticeChannels] {
	return d.Rules().ArrivalNotice.For(Match{Owner: OwnerILL, Class: class})
}
