package ill

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/blocks"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
)

// Submission is what is known when somebody asks for an interlibrary loan.
type Submission struct {
	Patron policy.Patron `json:"patron"`
	// Channel is how the request came.
	Channel rule.Channel `json:"channel"`
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
	Hold shelf.HoldRequest `json:"hold,omitzero"`
}

// SubmitDecision answers MaySubmitILL.
type SubmitDecision struct {
	policy.Decision
	// CountsAsILL is false for a hold in the shared catalogue where the policy
	// says so: ILL limits and fees do not touch it.
	CountsAsILL bool `json:"counts_as_ill"`
	// NeedsCostApproval is true when the patron must agree to a cost before
	// anything is ordered, even one nobody knows yet (rush).
	NeedsCostApproval bool `json:"needs_cost_approval"`
	// Wait is what to tell the patron about the time it takes; it has no rule for
	// a hold in the shared catalogue, which waits its turn.
	Wait rule.Entry[attributes.Wait] `json:"wait"`
}

// MaySubmitILL tells whether a person may ask for an interlibrary loan now. A
// reason held_here or held_in_group means that a hold serves instead.
func MaySubmitILL(d *policy.Document, at policy.Moment, s Submission) SubmitDecision {
	match := Asked(s.Patron.Class, s.Patron.Age, s.Format)
	mayAsk := d.Rules().MayAsk.For(match)
	counts := !s.AsHold || d.Rules().GroupIsILL.For(match).Value
	if !counts {
		return submitHold(d, at, s, match)
	}
	a := d.Ask(at, "ask for an interlibrary loan", mayAsk.Source)
	if !mayAsk.Value {
		a.Refuse(mayAsk.Source, policy.Ground{
			Code: "class_may_not_ask", Message: "This kind of card does not give interlibrary loan.",
			Needed: "a card that gives interlibrary loan", Found: "a card of class " + s.Patron.Class, Override: policy.ByILL(),
		})
	}
	checkChannel(a, s, match)
	blocks.CheckStanding(a, rule.ActionILLRequest, s.Patron, match)
	checkActive(a, s, match)
	checkNotOwned(a, s, match)
	if one := d.Rules().OneCopy.For(match); one.Value && s.SameTitle {
		a.Refuse(one.Source, policy.Ground{
			Code: "same_title_open", Message: "The same person already has this title requested or on loan.",
			Needed: "one copy of a title for one person", Found: "another open request or loan", Override: policy.ByILL(),
		})
	}
	checkPhone(a, s, match)
	needsApproval := checkRush(a, s, match)
	return SubmitDecision{
		Decision: a.Answer(), CountsAsILL: true,
		NeedsCostApproval: needsApproval, Wait: d.Rules().ExpectedWait.For(match),
	}
}

// submitHold answers for a copy of the shared catalogue that is no ILL.
func submitHold(d *policy.Document, at policy.Moment, s Submission, match rule.Match) SubmitDecision {
	notILL := d.Rules().GroupIsILL.For(match)
	a := d.Ask(at, "ask for a copy of the shared catalogue", notILL.Source)
	wish := s.Hold
	wish.Patron, wish.Format, wish.Channel = s.Patron, s.Format, s.Channel
	wish.Owner, wish.SameTitle = cmp.Or(wish.Owner, rule.OwnerConsortium), wish.SameTitle || s.SameTitle
	checkChannel(a, s, wish.Match())
	shelf.CheckHold(a, wish)
	a.Note(notILL.Source, policy.Ground{Code: "not_counted_as_ill", Message: "A copy of the shared catalogue is not an interlibrary loan: its limits and fees do not apply."})
	return SubmitDecision{Decision: a.Answer()}
}

func checkChannel(a *policy.Asking, s Submission, match rule.Match) {
	by := a.Doc.Rules().SubmitBy.For(match)
	if match.Owner == rule.OwnerILL && !slices.Contains(by.Value, s.Channel) {
		a.Refuse(by.Source, policy.Ground{
			Code: "channel_not_open", Message: "Requests do not come by this way here: ask the staff.",
			Needed: "by " + rule.Joined(by.Value), Found: "by " + string(s.Channel),
		})
	}
	if s.Channel != rule.ByOnline {
		return
	}
	signIn := a.Doc.Rules().SignIn.For(match)
	if digits := signIn.Value.CardDigits; digits.Is && s.CardDigits != digits.Value {
		a.Refuse(signIn.Source, policy.Ground{
			Code: "card_number_length", Message: fmt.Sprintf("The card number has %d digits.", digits.Value),
			Needed: strconv.Itoa(digits.Value) + " digits", Found: strconv.Itoa(s.CardDigits) + " digits",
		})
	}
	if signIn.Value.PIN && !s.PINGiven {
		a.Refuse(signIn.Source, policy.Ground{Code: "pin_required", Message: "Asking online needs the PIN.", Needed: "a PIN", Found: "none"})
	}
}

func checkActive(a *policy.Asking, s Submission, match rule.Match) {
	entry := a.Doc.Rules().ActiveLimit.For(match)
	if limit := entry.Value.Max; limit.Is && s.ActiveRequests >= limit.Value {
		a.Refuse(entry.Source, policy.Ground{
			Code:    "ill_limit_reached",
			Message: fmt.Sprintf("Only %d interlibrary loan requests may be active at a time.", limit.Value),
			Needed:  fmt.Sprintf("fewer than %d active requests", limit.Value),
			Found:   fmt.Sprintf("%d active requests", s.ActiveRequests), Override: policy.ByILL(),
		})
	}
}

func checkNotOwned(a *policy.Asking, s Submission, match rule.Match) {
	entry := a.Doc.Rules().NotOwned.For(match)
	if entry.Value.Here && s.OwnedHere {
		a.Refuse(entry.Source, policy.Ground{
			Code: "held_here", Message: "The library has this itself: place a hold.",
			Needed: "a title that is not in the collection", Found: "a copy of our own", Override: policy.ByILL(),
		})
	}
	if entry.Value.Group && s.OwnedInGroup {
		a.Refuse(entry.Source, policy.Ground{
			Code: "held_in_group", Message: "A library of the shared catalogue has this: place a hold.",
			Needed: "a title that is not in the shared catalogue", Found: "a copy in the shared catalogue", Override: policy.ByILL(),
		})
	}
}

func checkPhone(a *policy.Asking, s Submission, match rule.Match) {
	entry := a.Doc.Rules().PhoneOnFile.For(match)
	fresh := entry.Value.FreshDays
	confirmed := s.Patron.PhoneConfirmed
	switch {
	case !s.Patron.HasPhone && entry.Value.Required:
		a.Refuse(entry.Source, policy.Ground{
			Code: "phone_missing", Message: "A telephone number is needed: the library calls when the item arrives.",
			Needed: "a telephone number on file", Found: "none", Override: policy.ByILL(),
		})
	case !s.Patron.HasPhone && slices.Contains(a.Doc.Rules().ArrivalNotice.For(match).Value, "phone"):
		a.Note(entry.Source, policy.Ground{Code: "phone_missing", Message: "No telephone number is on file: the arrival call cannot be made."})
	case s.Patron.HasPhone && entry.Value.Required && confirmed.IsZero():
		a.Note(entry.Source, policy.Ground{Code: "phone_not_confirmed", Message: "Ask whether the telephone number is still right."})
	case entry.Value.Required && fresh.Is && a.Today.DaysSince(confirmed) > fresh.Value:
		a.Refuse(entry.Source, policy.Ground{
			Code: "phone_not_confirmed", Message: "The telephone number must be confirmed again.",
			Needed: fmt.Sprintf("confirmed within %d days", fresh.Value), Found: "confirmed on " + confirmed.String(), Override: []string{"desk", "ill", "director"},
		})
	}
}

// checkRush tells whether an urgent request needs the patron's agreement to its
// cost.
func checkRush(a *policy.Asking, s Submission, match rule.Match) bool {
	entry := a.Doc.Rules().Rush.For(match)
	switch {
	case !s.Rush:
		return false
	case !entry.Value.Offered:
		a.Refuse(entry.Source, policy.Ground{
			Code: "rush_not_offered", Message: "Urgent requests are not offered here.",
			Needed: "an ordinary request", Found: "an urgent one", Override: policy.ByILL(),
		})
		return false
	case entry.Value.NeedsApproval:
		a.Note(entry.Source, policy.Ground{Code: "rush_may_cost", Message: "An urgent request may cost something: the patron agrees first."})
	}
	return entry.Value.NeedsApproval
}

// ActiveStates are the workflow states of a request that count towards the
// active limit of who asks; Submission.ActiveRequests counts them.
func ActiveStates(d *policy.Document, m rule.Match) []string {
	return slices.Clone(d.Rules().ActiveLimit.For(m).Value.States)
}

// Asked is what the policy's entries are matched against for a request, all the
// way from asking to its costs: the patron, and the format as type of material.
func Asked(class string, age rule.Optional[int], format broker.Format) rule.Match {
	return rule.Match{Owner: rule.OwnerILL, Class: class, PatronAge: age, Item: string(cmp.Or(format, broker.FormatBook))}
}

// CountsAsILL tells whether a copy of the shared catalogue counts as ILL.
func CountsAsILL(d *policy.Document) bool {
	return d.Rules().GroupIsILL.For(rule.Match{Owner: rule.OwnerILL}).Value
}

// ExpectedWait is what to tell a patron about the time a loan takes.
func ExpectedWait(d *policy.Document, m rule.Match) rule.Entry[attributes.Wait] {
	return d.Rules().ExpectedWait.For(m)
}
