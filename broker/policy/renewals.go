package policy

import (
	"fmt"
	"slices"
	"time"

	"afield/broker"
)

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
	// OtherHolds is how many others wait whom this copy could serve, where more
	// is known than HeldByOther; OtherCopies how many copies could serve them
	// instead.
	OtherHolds  int `json:"other_holds,omitempty"`
	OtherCopies int `json:"other_copies,omitempty"`
	// OtherOverdue tells whether the person has another item overdue.
	OtherOverdue bool `json:"other_overdue,omitempty"`
	// Channel is how the renewal is asked for; empty asks no question of it.
	Channel  Channel `json:"channel,omitempty"`
	Audience string  `json:"audience,omitempty"`
	// LenderRenewals is how often the lender of a borrowed copy said it renews.
	LenderRenewals Optional[int] `json:"lender_renewals,omitzero"`
	// Pending tells whether a renewal is asked and not yet answered.
	Pending bool `json:"pending,omitempty"`
	// Given is what told who asks, in the words of loans.renewal_identity; where
	// Channel is empty no question is asked of it.
	Given []string `json:"given,omitempty"`
}

func (r Renewal) match() Match {
	return Match{
		Owner: r.Owner, Class: r.Patron.Class, PatronAge: r.Patron.Age, Item: r.Item, Audience: r.Audience,
		Age: r.Age, Channel: r.Channel, Action: ActionRenew,
	}
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
	limit := d.Rules().LoanRenewals.For(r.match())
	a := d.ask(at, "renew", limit.Source)
	a.renewable(r, limit)
	a.ownRenewal(r)
	if a.today.After(r.Due) {
		a.owing(ActionRenewOverdue, r.Patron, r.match())
	}
	return RenewalDecision{Decision: a.answer(), DecidedBy: SetByLibrary, Expected: limit.Value.Value}
}

func (d *Document) mayAskLenderToRenew(at Moment, r Renewal) RenewalDecision {
	rules, window := d.Rules().ILLRenewals.For(r.match()), d.Rules().RenewalWindow.For(r.match())
	a := d.ask(at, "ask the lender for a renewal", window.Source)
	a.renewable(r, Entry[Optional[int]]{Source: rules.Source, Value: lower(rules.Value.Limit, r.LenderRenewals)})
	if r.Pending {
		a.refuse(rules.Source, ground{
			code: "renewal_pending", message: "A renewal is already asked; the lender has not answered.",
			needed: "no open question", found: "one waiting",
		})
	}
	due := r.Due
	if window.Value.Of == InitialDue && !r.InitialDue.IsZero() {
		due = r.InitialDue
	}
	latest := due.AddDays(-window.Value.DaysBefore)
	if a.today.After(latest) {
		a.refuse(window.Source, ground{
			code: "renewal_window_passed", message: "A renewal had to be asked by " + latest.String() + ".",
			needed: "asked by " + latest.String(), found: "asked on " + a.today.String(), override: byILL(),
		})
	}
	if r.Renewals >= rules.Value.Expected && (!r.LenderRenewals.Is || r.Renewals >= r.LenderRenewals.Value) {
		a.note(rules.Source, ground{
			code: "renewal_not_expected", message: "The lender decides, and patrons do not usually get another renewal.",
			needed: "one of " + plural(rules.Value.Expected, "expected renewal", "expected renewals"), found: plural(r.Renewals, "renewal", "renewals") + " so far",
		})
	}
	return RenewalDecision{Decision: a.answer(), Latest: latest, DecidedBy: rules.Value.DecidedBy, Expected: rules.Value.Expected}
}

// lower gives the lower of two limits, either of which may be none.
func lower(a, b Optional[int]) Optional[int] {
	if !a.Is || (b.Is && b.Value < a.Value) {
		return b
	}
	return a
}

// renewable checks what is common to our own and to borrowed items.
func (a *asking) renewable(r Renewal, limit Entry[Optional[int]]) {
	a.standing(ActionRenew, r.Patron, r.match())
	if limit.Value.Is && r.Renewals >= limit.Value.Value {
		g := ground{
			code: "renewal_limit_reached", message: "It has been renewed as often as it may be.",
			needed: fmt.Sprintf("fewer than %s", plural(limit.Value.Value, "renewal", "renewals")),
			found:  plural(r.Renewals, "renewal", "renewals"), override: byDesk(),
		}
		if limit.Value.Value == 0 {
			g.message, g.needed, g.found = "This is not renewed.", "an item that may be renewed", "one with no renewals"
		}
		a.refuse(limit.Source, g)
	}
	a.othersWait(r, limit.Source)
	if r.Recalled {
		a.refuse(limit.Source, ground{code: "recalled", message: "Its owner has recalled it.", needed: "no recall", found: "a recall"})
	}
}

// othersWait refuses while somebody else waits whom this copy would serve.
func (a *asking) othersWait(r Renewal, source Source) {
	if !r.HeldByOther && r.OtherHolds == 0 {
		return
	}
	entry := a.doc.Rules().RenewalHolds.For(r.match())
	filled := r.OtherCopies >= max(1, r.OtherHolds)
	if entry.Value == HoldsDoNotConcern || (entry.Value == HoldsUnlessFilled && filled) {
		return
	}
	a.refuse(Source{Rule: entry.Rule, From: entry.From, Clause: entry.Clause, Override: source.Override},
		ground{
			code: "held_for_other", message: "Somebody else waits for it.",
			needed: "nobody else waiting", found: "a hold by another person", override: byDesk(),
		})
}

// ownRenewal checks what only the library's own items know: the way it is asked,
// how early, and the person's other overdue items.
func (a *asking) ownRenewal(r Renewal) {
	match := r.match()
	if by := a.doc.Rules().RenewalBy.For(match); r.Channel != "" && !slices.Contains(by.Value, r.Channel) {
		a.refuse(by.Source, ground{
			code: "channel_not_open", message: "Renewals do not come by this way here.",
			needed: "by " + joined(by.Value), found: "by " + string(r.Channel),
		})
	}
	a.renewedBy(r)
	a.tooSoon(r)
	overdue := a.doc.Rules().OtherOverdues.For(match)
	switch {
	case overdue.Value == OverduesBlock && (r.OtherOverdue || a.today.After(r.Due)):
		a.refuse(overdue.Source, ground{
			code: "has_overdue", message: "Nothing is renewed while an item is overdue.",
			needed: "nothing overdue", found: "an overdue item", override: byDesk(),
		})
	case overdue.Value == OverduesBlockItem && a.today.After(r.Due):
		a.refuse(overdue.Source, ground{
			code: "item_overdue", message: "An overdue item is not renewed.",
			needed: "an item that is not overdue", found: "due " + r.Due.String(), override: byDesk(),
		})
	}
}

func (a *asking) tooSoon(r Renewal) bool {
	opens := a.doc.Rules().RenewalOpens.For(r.match())
	if !opens.Value.Is {
		return false
	}
	from := a.doc.renewalOpens(a.at, opens.Value.Value, r.Due)
	if !a.at.Now.Before(from) {
		return false
	}
	a.refuse(opens.Source, ground{
		code: "too_soon", message: "It is too early to renew.", passesAt: &from,
		needed: "asked from " + from.In(a.at.Calendar.Zone()).Format("2006-01-02 15:04"), found: "asked on " + a.today.String(), override: byDesk(),
	})
	return true
}

func (d *Document) renewalOpens(at Moment, opening Opening, due broker.Date) time.Time {
	from := due.AddDays(-opening.DaysBefore)
	if opening.Precision == "time" {
		return at.Calendar.AddWallClockDays(at.Calendar.EndOfBusiness(due), -opening.DaysBefore).UTC()
	}
	return from.Start(at.Calendar.Zone()).UTC()
}

// EarliestRenewal gives the first instant at which a loan may be renewed; zero
// where it may be at any time.
func (d *Document) EarliestRenewal(at Moment, m Match, due broker.Date) Entry[time.Time] {
	at = d.settle(at)
	entry := d.Rules().RenewalOpens.For(m)
	answer := Entry[time.Time]{Source: entry.Source}
	if entry.Value.Is {
		answer.Value = d.renewalOpens(at, entry.Value.Value, due)
	}
	return answer
}

// AutoRenewal tells whether the nightly work renews a loan by itself now: when
// its due date is that near, however late the night's run, and everything else
// allows it. Too soon is said alone: nobody is to be told about a hold then.
// Allowed is false without a reason where the policy renews nothing by itself
// or the day has not come.
func (d *Document) AutoRenewal(at Moment, r Renewal) RenewalDecision {
	at = d.settle(at)
	days := d.Rules().AutoRenew.For(r.match())
	a := d.ask(at, "be renewed by itself", days.Source)
	if a.tooSoon(r) || !days.Value.Is || a.today.Before(r.Due.AddDays(-days.Value.Value)) {
		answer := RenewalDecision{Decision: a.answer(), DecidedBy: SetByLibrary}
		answer.Allowed = false
		return answer
	}
	return d.MayAskRenewal(at, r)
}

// AutoRenewAtMost gives the longest time before its due date that any loan is
// renewed by itself; has is false where none is.
func (d *Document) AutoRenewAtMost() (days int, has bool) {
	for entry := range d.Rules().AutoRenew.Every() {
		if entry.Value.Is {
			days, has = max(days, entry.Value.Value), true
		}
	}
	return days, has
}
