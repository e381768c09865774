package shelf

import (
	"cmp"
	"fmt"
	"slices"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/blocks"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
)

// HoldRequest is what is known when somebody wants a hold.
type HoldRequest struct {
	Patron policy.Patron `json:"patron"`
	Owner  rule.Owner    `json:"owner"`
	Format broker.Format `json:"format,omitempty"`
	// Item is the material type, that of Format where nothing else is known, and
	// Audience and Age are the material's too. State is the copy's: available,
	// on_loan, on_order, in_processing; an empty one is not checked.
	Item     string `json:"item,omitempty"`
	Audience string `json:"audience,omitempty"`
	Age      string `json:"age,omitempty"`
	State    string `json:"state,omitempty"`
	// Channel is how the hold is asked for; empty skips the check.
	Channel rule.Channel `json:"channel,omitempty"`
	// OpenHolds counts the person's holds, this one left out.
	OpenHolds int `json:"open_holds,omitempty"`
	// SameTitle tells whether the person has this title requested or borrowed.
	SameTitle bool `json:"same_title,omitempty"`
}

// Match is what the policy's entries are matched against.
func (h HoldRequest) Match() rule.Match {
	return rule.Match{
		Owner: cmp.Or(h.Owner, rule.OwnerOwn), Class: h.Patron.Class, PatronAge: h.Patron.Age,
		Item: cmp.Or(h.Item, string(h.Format), string(broker.FormatBook)), Audience: h.Audience, Age: h.Age, Channel: h.Channel,
	}
}

// MayPlaceHold tells whether a person may place a hold now.
func MayPlaceHold(d *policy.Document, at policy.Moment, h HoldRequest) policy.Decision {
	a := d.Ask(at, "place a hold", d.Rules().HoldLimit.For(h.Match()).Source)
	CheckHold(a, h)
	return a.Answer()
}

// CheckHold checks what every hold needs, whether it was asked for as a hold or
// as a request that a copy of the shared catalogue fills.
func CheckHold(a *policy.Asking, h HoldRequest) {
	rules, match := a.Doc.Rules(), h.Match()
	blocks.CheckStanding(a, rule.ActionHold, h.Patron, match)
	limit := rules.HoldLimit.For(match)
	if limit.Value.Is && h.OpenHolds >= limit.Value.Value {
		a.Refuse(limit.Source, policy.Ground{
			Code: "hold_limit_reached", Message: fmt.Sprintf("Only %d holds may be open at a time.", limit.Value.Value),
			Needed: fmt.Sprintf("fewer than %d holds", limit.Value.Value), Found: rule.Plural(h.OpenHolds, "hold", "holds"), Override: policy.ByDesk(),
		})
	}
	if formats := rules.HoldFormats.For(match); !formats.Value.Has(match.Item) {
		a.Refuse(formats.Source, policy.Ground{
			Code: "format_not_holdable", Message: "This kind of material is not put on hold.",
			Needed: formats.Value.String(), Found: match.Item, Override: policy.ByDesk(),
		})
	}
	checkCouldBeLent(a, match)
	checkWay(a, h, match)
	if one := rules.OneCopy.For(match); one.Value && h.SameTitle {
		a.Refuse(one.Source, policy.Ground{
			Code: "same_title_open", Message: "The same person already has this title requested or on loan.",
			Needed: "one copy of a title for one person", Found: "another open request or loan", Override: policy.ByDesk(),
		})
	}
}

// checkCouldBeLent refuses a hold on what the desk would then not lend: what may
// only be used in the library, and what this kind of card never lends.
func checkCouldBeLent(a *policy.Asking, match rule.Match) {
	if circulates := a.Doc.Rules().Circulates.For(match); !circulates.Value {
		a.Refuse(circulates.Source, lending.NotLendable())
	}
	borrows := a.Doc.Rules().CardBorrows.For(match)
	if !borrows.Value.Lends(match.Item, match.Owner) {
		a.Refuse(borrows.Source, lending.CardDoesNotLend(match.Item, match.Class))
	}
}

// checkWay checks what a hold may be placed on, and by which channel.
func checkWay(a *policy.Asking, h HoldRequest, match rule.Match) {
	states := a.Doc.Rules().HoldStates.For(match)
	if h.State != "" && !states.Value.Has(h.State) {
		a.Refuse(states.Source, policy.Ground{
			Code: "state_not_holdable", Message: "An item in this state is not put on hold.",
			Needed: states.Value.String(), Found: h.State, Override: policy.ByDesk(),
		})
	}
	by := a.Doc.Rules().HoldBy.For(match)
	if h.Channel != "" && !slices.Contains(by.Value, h.Channel) {
		a.Refuse(by.Source, policy.Ground{
			Code: "channel_not_open", Message: "Holds do not come by this way here.",
			Needed: "by " + rule.Joined(by.Value), Found: "by " + string(h.Channel),
		})
	}
}

// HoldExpires gives the last day a hold waits to be filled when placed today;
// zero when it waits as long as it takes.
func HoldExpires(d *policy.Document, at policy.Moment, m rule.Match) rule.Entry[broker.Date] {
	at = d.Settle(at)
	entry := d.Rules().HoldExpires.For(m)
	answer := rule.Entry[broker.Date]{Source: entry.Source}
	if entry.Value.Is {
		answer.Value = at.Calendar.DateOf(at.Now).AddDays(entry.Value.Value)
	}
	return answer
}

// Expired tells whether something whose last pick-up day has been is to be
// taken off the hold shelf today. Where the policy waits for an open day, a
// closed day takes nothing off unless an open one has passed already: nothing
// lingers because the machine stood still.
func Expired(d *policy.Document, at policy.Moment, f Facts, until broker.Date) rule.Entry[bool] {
	at = d.Settle(at)
	entry := d.Rules().ShelfClosed.For(f.Match)
	today := at.Calendar.DateOf(at.Now)
	expired := today.After(until)
	if expired && entry.Value && !at.Calendar.IsOpen(today) {
		expired = at.Calendar.CountDays(until, today, calendar.OpenDays) > 0
	}
	return rule.Entry[bool]{Source: entry.Source, Value: expired}
}
