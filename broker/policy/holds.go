package policy

import (
	"cmp"
	"fmt"
	"slices"

	"afield/broker"
	"afield/broker/calendar"
)

// HoldRequest is what is known when somebody wants a hold.
type HoldRequest struct {
	Patron Patron        `json:"patron"`
	Owner  Owner         `json:"owner"`
	Format broker.Format `json:"format,omitempty"`
	// Item is the material type and State the copy's: available, on_loan,
	// on_order, in_processing; empty asks no question of it.
	Item  string `json:"item,omitempty"`
	State string `json:"state,omitempty"`
	// Channel is how the hold is asked for; empty asks no question of it.
	Channel Channel `json:"channel,omitempty"`
	// OpenHolds counts the person's holds, this one left out.
	OpenHolds int `json:"open_holds,omitempty"`
	// SameTitle tells whether the person has this title requested or borrowed.
	SameTitle bool `json:"same_title,omitempty"`
}

// MayPlaceHold tells whether a person may place a hold now.
func (d *Document) MayPlaceHold(at Moment, h HoldRequest) Decision {
	match := Match{Owner: h.Owner, Class: h.Patron.Class, Item: string(h.Format)}
	limit := d.Rules().HoldLimit.For(match)
	a := d.ask(at, "place a hold", limit.Source)
	a.hold(h, match)
	return a.answer()
}

// hold checks what every hold needs, asked for as such or as a request that a
// copy of the shared catalogue fills.
func (a *asking) hold(h HoldRequest, match Match) {
	rules := a.doc.Rules()
	a.standing(ActionHold, h.Patron, match)
	limit := rules.HoldLimit.For(match)
	if limit.Value.Is && h.OpenHolds >= limit.Value.Value {
		a.refuse(limit.Source, ground{
			code: "hold_limit_reached", message: fmt.Sprintf("Only %d holds may be open at a time.", limit.Value.Value),
			needed: fmt.Sprintf("fewer than %d holds", limit.Value.Value), found: plural(h.OpenHolds, "hold", "holds"), override: byDesk(),
		})
	}
	format := cmp.Or(cmp.Or(h.Item, string(h.Format)), string(broker.FormatBook))
	if formats := rules.HoldFormats.For(match); !formats.Value.Has(format) {
		a.refuse(formats.Source, ground{
			code: "format_not_holdable", message: "This kind of material is not put on hold.",
			needed: formats.Value.String(), found: format, override: byDesk(),
		})
	}
	a.couldBeLent(h, match, format)
	a.holdWay(h, match)
	if one := rules.OneCopy.For(match); one.Value && h.SameTitle {
		a.refuse(one.Source, ground{
			code: "same_title_open", message: "The same person already has this title requested or on loan.",
			needed: "one copy of a title for one person", found: "another open request or loan", override: byDesk(),
		})
	}
}

// couldBeLent refuses to keep for somebody what the desk would then not lend:
// what stays in the house, and what this kind of card never lends.
func (a *asking) couldBeLent(h HoldRequest, match Match, item string) {
	match.Item = item
	if circulates := a.doc.Rules().Circulates.For(match); !circulates.Value {
		a.refuse(circulates.Source, notLendable())
	}
	borrows := a.doc.Rules().CardBorrows.For(match)
	if !borrows.Value.lends(item, Owner(cmp.Or(string(h.Owner), string(OwnerOwn)))) {
		a.refuse(borrows.Source, cardDoesNotLend(item, h.Patron.Class))
	}
}

// holdWay checks what a hold may be placed on, and by which way.
func (a *asking) holdWay(h HoldRequest, match Match) {
	states := a.doc.Rules().HoldStates.For(match)
	if h.State != "" && !states.Value.Has(h.State) {
		a.refuse(states.Source, ground{
			code: "state_not_holdable", message: "An item in this state is not put on hold.",
			needed: states.Value.String(), found: h.State, override: byDesk(),
		})
	}
	by := a.doc.Rules().HoldBy.For(match)
	if h.Channel != "" && !slices.Contains(by.Value, h.Channel) {
		a.refuse(by.Source, ground{
			code: "channel_not_open", message: "Holds do not come by this way here.",
			needed: "by " + joined(by.Value), found: "by " + string(h.Channel),
		})
	}
}

// HoldExpires gives the last day a hold waits to be filled when placed today;
// zero when it waits as long as it takes.
func (d *Document) HoldExpires(at Moment, class string) Entry[broker.Date] {
	at = d.settle(at)
	entry := d.Rules().HoldExpires.For(Match{Class: class, Action: ActionHold})
	answer := Entry[broker.Date]{Source: entry.Source}
	if entry.Value.Is {
		answer.Value = at.Calendar.DateOf(at.Now).AddDays(entry.Value.Value)
	}
	return answer
}

// ShelfExpired tells whether something whose last pick-up day has been is to be
// taken off the hold shelf today. Where the policy waits for an open day, a
// closed day takes nothing off unless an open one has passed already: nothing
// lingers because the machine stood still.
func (d *Document) ShelfExpired(at Moment, f ShelfFacts, until broker.Date) Entry[bool] {
	at = d.settle(at)
	entry := d.Rules().ShelfClosed.For(f.match())
	today := at.Calendar.DateOf(at.Now)
	expired := today.After(until)
	if expired && entry.Value && !at.Calendar.IsOpen(today) {
		expired = at.Calendar.CountDays(until, today, calendar.OpenDays) > 0
	}
	return Entry[bool]{Source: entry.Source, Value: expired}
}
