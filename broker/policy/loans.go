package policy

import (
	"fmt"

	"afield/broker"
)

// Checkout is what is known when somebody wants to take an item.
type Checkout struct {
	Patron Patron `json:"patron"`
	Owner  Owner  `json:"owner"`
	Item   string `json:"item,omitempty"`
	// Lendable is false for reference books and other things used in the house.
	Lendable bool `json:"lendable"`
	// HeldForOther tells whether it waits for another person.
	HeldForOther bool `json:"held_for_other,omitempty"`
	// LenderDue is the lender's due date of a borrowed copy.
	LenderDue broker.Date `json:"lender_due,omitzero"`
}

// MayCheckOut tells whether a person may take an item now.
func (d *Document) MayCheckOut(at Moment, c Checkout) Decision {
	match := Match{Owner: c.Owner, Class: c.Patron.Class, Item: c.Item}
	source := d.rules.BlockCheckout.For(match).Source
	a := d.ask(at, "check out", source)
	a.standing(ActionCheckout, c.Patron, match)
	period := d.rules.LoanPeriod.For(match).Source
	if !c.Lendable {
		a.refuse(period, ground{code: "not_lendable", message: "This is for use in the library.", needed: "an item that is lent", found: "one that is not", override: byDesk()})
	}
	if c.HeldForOther {
		a.refuse(period, ground{code: "held_for_other", message: "It waits on the hold shelf for somebody else.",
			needed: "the person it is held for, or that person's express permission", found: "another person", override: byDesk()})
	}
	if !c.LenderDue.IsZero() && c.LenderDue.Before(a.today) {
		a.refuse(d.rules.ILLDue.For(match).Source, ground{code: "lender_due_passed", message: "The lender's due date has passed: ask for a renewal or send it home.",
			needed: "a lender's due date still to come", found: c.LenderDue.String(), override: byILL()})
	}
	return a.answer()
}

// MayAct tells whether a person's standing allows an action that has no further
// facts: using a public computer, or signing for a minor's card.
func (d *Document) MayAct(at Moment, action Action, patron Patron) Decision {
	match := Match{Class: patron.Class}
	a := d.ask(at, actionWords(action), d.threshold(action).For(match).Source)
	a.standing(action, patron, match)
	return a.answer()
}

func actionWords(action Action) string {
	switch action {
	case ActionComputer:
		return "use a public computer"
	case ActionSignForMinor:
		return "sign for a minor's card"
	case ActionILLRequest:
		return "ask for an interlibrary loan"
	case ActionHold:
		return "place a hold"
	case ActionRenew:
		return "renew"
	case ActionRenewOverdue:
		return "renew an overdue item"
	case ActionCheckout:
	}
	return "check out"
}

// HoldRequest is what is known when somebody wants a hold.
type HoldRequest struct {
	Patron Patron        `json:"patron"`
	Owner  Owner         `json:"owner"`
	Format broker.Format `json:"format,omitempty"`
	// OpenHolds counts the person's holds, this one left out.
	OpenHolds int `json:"open_holds,omitempty"`
	// SameTitle tells whether the person has this title requested or borrowed.
	SameTitle bool `json:"same_title,omitempty"`
}

// MayPlaceHold tells whether a person may place a hold now.
func (d *Document) MayPlaceHold(at Moment, h HoldRequest) Decision {
	match := Match{Owner: h.Owner, Class: h.Patron.Class, Item: string(h.Format)}
	limit := d.rules.HoldLimit.For(match)
	a := d.ask(at, "place a hold", limit.Source)
	a.hold(h, match)
	return a.answer()
}

// hold checks what every hold needs, asked for as such or as a request that a
// copy of the shared catalogue fills.
func (a *asking) hold(h HoldRequest, match Match) {
	rules := &a.doc.rules
	a.standing(ActionHold, h.Patron, match)
	limit := rules.HoldLimit.For(match)
	if limit.Value.Is && h.OpenHolds >= limit.Value.Value {
		a.refuse(limit.Source, ground{code: "hold_limit_reached", message: fmt.Sprintf("Only %d holds may be open at a time.", limit.Value.Value),
			needed: fmt.Sprintf("fewer than %d holds", limit.Value.Value), found: plural(h.OpenHolds, "hold", "holds"), override: byDesk()})
	}
	format := h.Format
	if format == "" {
		format = broker.FormatBook
	}
	if formats := rules.HoldFormats.For(match); !formats.Value.Has(string(format)) {
		a.refuse(formats.Source, ground{code: "format_not_holdable", message: "This kind of material is not put on hold.",
			needed: formats.Value.String(), found: string(format), override: byDesk()})
	}
	if one := rules.OneCopy.For(match); one.Value && h.SameTitle {
		a.refuse(one.Source, ground{code: "same_title_open", message: "The same person already has this title requested or on loan.",
			needed: "one copy of a title for one person", found: "another open request or loan", override: byDesk()})
	}
}

// DueDate gives the due date of an item of our own or of the shared catalogue
// lent today. With closed_day next_open it never falls on a closed day.
func (d *Document) DueDate(at Moment, m Match) Entry[broker.Date] {
	at = d.settle(at)
	entry := d.rules.LoanPeriod.For(m)
	due := at.Calendar.DateOf(at.Now).AddDays(entry.Value.Days)
	if entry.Value.ClosedDay == MoveToNextOpen {
		due = at.Calendar.NextOpenDay(due)
	}
	return Entry[broker.Date]{Source: entry.Source, Value: due}
}

// Renewal is what is known when somebody wants to keep an item longer.
type Renewal struct {
	Patron Patron `json:"patron"`
	Owner  Owner  `json:"owner"`
	Item   string `json:"item,omitempty"`
	Age    string `json:"age,omitempty"`
	// Due is the due date now, InitialDue the first one of this loan.
	Due        broker.Date `json:"due"`
	InitialDue broker.Date `json:"initial_due,omitzero"`
	// Renewals counts those already had.
	Renewals int `json:"renewals,omitempty"`
	// HeldByOther tells whether somebody else waits for it; the person's own
	// hold does not count.
	HeldByOther bool `json:"held_by_other,omitempty"`
	Recalled    bool `json:"recalled,omitempty"`
	// Pending tells whether a renewal is asked and not yet answered.
	Pending bool `json:"pending,omitempty"`
}

func (r Renewal) match() Match {
	return Match{Owner: r.Owner, Class: r.Patron.Class, Item: r.Item, Age: r.Age}
}

// RenewalDecision answers MayAskRenewal.
type RenewalDecision struct {
	Decision
	// Latest is the last day to ask; zero when there is no such day.
	Latest broker.Date `json:"latest,omitzero"`
	// DecidedBy says whose yes it takes; ours only asks the lender.
	DecidedBy SetBy `json:"decided_by"`
	// Expected is how many renewals a patron may hope for in all.
	Expected int `json:"expected"`
}

// MayAskRenewal tells whether a person may ask to keep an item longer. For a
// borrowed copy a yes means that the question goes to the lender, who decides.
func (d *Document) MayAskRenewal(at Moment, r Renewal) RenewalDecision {
	if r.Owner == OwnerILL {
		return d.mayAskLenderToRenew(at, r)
	}
	limit := d.rules.LoanRenewals.For(r.match())
	a := d.ask(at, "renew", limit.Source)
	a.renewable(r, limit)
	if a.today.After(r.Due) {
		a.owing(ActionRenewOverdue, r.Patron, r.match())
	}
	return RenewalDecision{Decision: a.answer(), DecidedBy: SetByLibrary, Expected: limit.Value.Value}
}

func (d *Document) mayAskLenderToRenew(at Moment, r Renewal) RenewalDecision {
	rules, window := d.rules.ILLRenewals.For(r.match()), d.rules.RenewalWindow.For(r.match())
	a := d.ask(at, "ask the lender for a renewal", window.Source)
	a.renewable(r, Entry[Optional[int]]{Source: rules.Source, Value: rules.Value.Limit})
	if r.Pending {
		a.refuse(rules.Source, ground{code: "renewal_pending", message: "A renewal is already asked; the lender has not answered.",
			needed: "no open question", found: "one waiting"})
	}
	due := r.Due
	if window.Value.Of == InitialDue && !r.InitialDue.IsZero() {
		due = r.InitialDue
	}
	latest := due.AddDays(-window.Value.DaysBefore)
	if a.today.After(latest) {
		a.refuse(window.Source, ground{code: "renewal_window_passed", message: "A renewal had to be asked by " + latest.String() + ".",
			needed: "asked by " + latest.String(), found: "asked on " + a.today.String(), override: byILL()})
	}
	return RenewalDecision{Decision: a.answer(), Latest: latest, DecidedBy: rules.Value.DecidedBy, Expected: rules.Value.Expected}
}

// renewable checks what is common to our own and to borrowed items.
func (a *asking) renewable(r Renewal, limit Entry[Optional[int]]) {
	a.standing(ActionRenew, r.Patron, r.match())
	if limit.Value.Is && r.Renewals >= limit.Value.Value {
		a.refuse(limit.Source, ground{code: "renewal_limit_reached", message: "It has been renewed as often as it may be.",
			needed: fmt.Sprintf("fewer than %s", plural(limit.Value.Value, "renewal", "renewals")),
			found:  plural(r.Renewals, "renewal", "renewals"), override: byDesk()})
	}
	if r.HeldByOther {
		a.refuse(limit.Source, ground{code: "held_for_other", message: "Somebody else waits for it.",
			needed: "nobody else waiting", found: "a hold by another person", override: byDesk()})
	}
	if r.Recalled {
		a.refuse(limit.Source, ground{code: "recalled", message: "Its owner has recalled it.", needed: "no recall", found: "a recall"})
	}
}
