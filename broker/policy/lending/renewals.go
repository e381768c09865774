package lending

import (
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/blocks"
	"afield/broker/policy/rule"
)

// Renewal is what is known when somebody wants to keep an item longer.
type Renewal struct {
	Patron policy.Patron `json:"patron"`
	Owner  rule.Owner    `json:"owner"`
	Item   string        `json:"item,omitempty"`
	Age    string        `json:"age,omitempty"`
	// Due is the due date now, InitialDue the first one of this loan.
	Due        broker.Date `json:"due"`
	InitialDue broker.Date `json:"initial_due,omitzero"`
	// Renewals counts those already had.
	Renewals int `json:"renewals,omitempty"`
	// HeldByOther tells whether somebody else waits for it; the person's own
	// hold does not count.
	HeldByOther bool `json:"held_by_other,omitempty"`
	Recalled    bool `json:"recalled,omitempty"`
	// OtherHolds is how many holds of others this copy could fill, where more is
	// known than HeldByOther; OtherCopies is how many other copies could fill them
	// instead.
	OtherHolds  int `json:"other_holds,omitempty"`
	OtherCopies int `json:"other_copies,omitempty"`
	// OtherOverdue tells whether the person has another item overdue.
	OtherOverdue bool `json:"other_overdue,omitempty"`
	// Channel is how the renewal is asked for; empty skips the check.
	Channel  rule.Channel `json:"channel,omitempty"`
	Audience string       `json:"audience,omitempty"`
	// LenderRenewals is how many renewals the lender of a borrowed copy said it
	// allows.
	LenderRenewals rule.Optional[int] `json:"lender_renewals,omitzero"`
	// Pending tells whether a renewal was asked for and is not yet answered.
	Pending bool `json:"pending,omitempty"`
	// Given is how the person who asks was identified, in the words of
	// loans.renewal_identity; it is not checked where Channel is empty.
	Given []string `json:"given,omitempty"`
	// LentBy are the rules the item was lent by, and LentAs what they were matched
	// against: they say how often, from when and until when it is renewed. Blocks,
	// and who else waits, are for today's rules. Nil means that those are the same.
	LentBy *policy.Document `json:"-"`
	LentAs rule.Match       `json:"-"`
}

// terms are the rules the item was lent by.
func (r Renewal) terms(today *policy.Document) (*policy.Document, rule.Match) {
	if r.LentBy == nil {
		return today, r.match()
	}
	match := r.LentAs
	match.Channel = r.Channel
	return r.LentBy, match
}

func (r Renewal) match() rule.Match {
	return rule.Match{
		Owner: r.Owner, Class: r.Patron.Class, PatronAge: r.Patron.Age, Item: r.Item, Audience: r.Audience,
		Age: r.Age, Channel: r.Channel,
	}
}

// RenewalDecision answers MayAskRenewal.
type RenewalDecision struct {
	policy.Decision
	// Latest is the last day to ask; zero when there is no such day.
	Latest broker.Date `json:"latest,omitzero"`
	// DecidedBy says who must agree; where that is the lender, a yes here only means
	// that the lender is asked.
	DecidedBy attributes.SetBy `json:"decided_by"`
	// Expected is how many renewals a patron may hope for in all.
	Expected int `json:"expected"`
}

// MayAskRenewal tells whether a person may ask to keep an item longer. For a
// borrowed copy a yes means that the question goes to the lender, who decides.
func MayAskRenewal(d *policy.Document, at policy.Moment, r Renewal) RenewalDecision {
	if r.Owner == rule.OwnerILL {
		return mayAskLenderToRenew(d, at, r)
	}
	lentBy, as := r.terms(d)
	limit := lentBy.Rules().LoanRenewals.For(as)
	a := d.Ask(at, "renew", limit.Source)
	checkRenewable(a, r, limit)
	checkOwnRenewal(a, r)
	if a.Today.After(r.Due) {
		blocks.CheckOwing(a, rule.ActionRenewOverdue, r.Patron, r.match())
	}
	return RenewalDecision{Decision: a.Answer(), DecidedBy: attributes.SetByLibrary, Expected: limit.Value.Value}
}

func mayAskLenderToRenew(d *policy.Document, at policy.Moment, r Renewal) RenewalDecision {
	lentBy, as := r.terms(d)
	rules, window := lentBy.Rules().ILLRenewals.For(as), lentBy.Rules().RenewalWindow.For(as)
	a := d.Ask(at, "ask the lender for a renewal", window.Source)
	checkRenewable(a, r, rule.Entry[rule.Optional[int]]{Source: rules.Source, Value: lower(rules.Value.Limit, r.LenderRenewals)})
	if r.Pending {
		a.Refuse(rules.Source, policy.Ground{
			Code: "renewal_pending", Message: "A renewal is already asked; the lender has not answered.",
			Needed: "no open question", Found: "one waiting",
		})
	}
	due := r.Due
	if window.Value.Of == attributes.InitialDue && !r.InitialDue.IsZero() {
		due = r.InitialDue
	}
	latest := due.AddDays(-window.Value.DaysBefore)
	if a.Today.After(latest) {
		a.Refuse(window.Source, policy.Ground{
			Code: "renewal_window_passed", Message: "A renewal had to be asked by " + latest.String() + ".",
			Needed: "asked by " + latest.String(), Found: "asked on " + a.Today.String(), Override: policy.ByILL(),
		})
	}
	if r.Renewals >= rules.Value.Expected && (!r.LenderRenewals.Is || r.Renewals >= r.LenderRenewals.Value) {
		a.Note(rules.Source, policy.Ground{
			Code: "renewal_not_expected", Message: "The lender decides, and patrons do not usually get another renewal.",
			Needed: "one of " + rule.Plural(rules.Value.Expected, "expected renewal", "expected renewals"), Found: rule.Plural(r.Renewals, "renewal", "renewals") + " so far",
		})
	}
	return RenewalDecision{Decision: a.Answer(), Latest: latest, DecidedBy: rules.Value.DecidedBy, Expected: rules.Value.Expected}
}

// lower gives the lower of two limits, either of which may be none.
func lower(a, b rule.Optional[int]) rule.Optional[int] {
	if !a.Is || (b.Is && b.Value < a.Value) {
		return b
	}
	return a
}

// checkRenewable checks what is common to our own and to borrowed items.
func checkRenewable(a *policy.Asking, r Renewal, limit rule.Entry[rule.Optional[int]]) {
	blocks.CheckStanding(a, rule.ActionRenew, r.Patron, r.match())
	if limit.Value.Is && r.Renewals >= limit.Value.Value {
		g := policy.Ground{
			Code: "renewal_limit_reached", Message: "It has been renewed as often as it may be.",
			Needed: fmt.Sprintf("fewer than %s", rule.Plural(limit.Value.Value, "renewal", "renewals")),
			Found:  rule.Plural(r.Renewals, "renewal", "renewals"), Override: policy.ByDesk(),
		}
		if limit.Value.Value == 0 {
			g.Message, g.Needed, g.Found = "This is not renewed.", "an item that may be renewed", "one with no renewals"
		}
		a.Refuse(limit.Source, g)
	}
	checkOthersWait(a, r, limit.Source)
	if r.Recalled {
		a.Refuse(limit.Source, policy.Ground{Code: "recalled", Message: "Its owner has recalled it.", Needed: "no recall", Found: "a recall"})
	}
}

// checkOthersWait refuses while somebody else waits for what this copy could
// fill.
func checkOthersWait(a *policy.Asking, r Renewal, source rule.Source) {
	if !r.HeldByOther && r.OtherHolds == 0 {
		return
	}
	entry := a.Doc.Rules().RenewalHolds.For(r.match())
	filled := r.OtherCopies >= max(1, r.OtherHolds)
	if entry.Value == attributes.HoldsDoNotConcern || (entry.Value == attributes.HoldsUnlessFilled && filled) {
		return
	}
	a.Refuse(rule.Source{Rule: entry.Rule, From: entry.From, Clause: entry.Clause, Override: source.Override},
		policy.Ground{
			Code: "held_for_other", Message: "Somebody else waits for it.",
			Needed: "nobody else waiting", Found: "a hold by another person", Override: policy.ByDesk(),
		})
}

// checkOwnRenewal checks what applies only to the library's own items: how the
// renewal is asked for, how early, and the person's other overdue items.
func checkOwnRenewal(a *policy.Asking, r Renewal) {
	match := r.match()
	if by := a.Doc.Rules().RenewalBy.For(match); r.Channel != "" && !slices.Contains(by.Value, r.Channel) {
		a.Refuse(by.Source, policy.Ground{
			Code: "channel_not_open", Message: "Renewals do not come by this way here.",
			Needed: "by " + rule.Joined(by.Value), Found: "by " + string(r.Channel),
		})
	}
	checkRenewedBy(a, r)
	tooSoon(a, r)
	overdue := a.Doc.Rules().OtherOverdues.For(match)
	switch {
	case overdue.Value == attributes.OverduesBlock && (r.OtherOverdue || a.Today.After(r.Due)):
		a.Refuse(overdue.Source, policy.Ground{
			Code: "has_overdue", Message: "Nothing is renewed while an item is overdue.",
			Needed: "nothing overdue", Found: "an overdue item", Override: policy.ByDesk(),
		})
	case overdue.Value == attributes.OverduesBlockItem && a.Today.After(r.Due):
		a.Refuse(overdue.Source, policy.Ground{
			Code: "item_overdue", Message: "An overdue item is not renewed.",
			Needed: "an item that is not overdue", Found: "due " + r.Due.String(), Override: policy.ByDesk(),
		})
	}
}

func tooSoon(a *policy.Asking, r Renewal) bool {
	lentBy, as := r.terms(a.Doc)
	opens := lentBy.Rules().RenewalOpens.For(as)
	if !opens.Value.Is {
		return false
	}
	from := renewalOpens(a.At, opens.Value.Value, r.Due)
	if !a.At.Now.Before(from) {
		return false
	}
	a.Refuse(opens.Source, policy.Ground{
		Code: "too_soon", Message: "It is too early to renew.", PassesAt: &from,
		Needed: "asked from " + from.In(a.At.Calendar.Zone()).Format("2006-01-02 15:04"), Found: "asked on " + a.Today.String(), Override: policy.ByDesk(),
	})
	return true
}

func renewalOpens(at policy.Moment, opening attributes.Opening, due broker.Date) time.Time {
	from := due.AddDays(-opening.DaysBefore)
	if opening.Precision == "time" {
		return at.Calendar.AddWallClockDays(at.Calendar.EndOfBusiness(due), -opening.DaysBefore).UTC()
	}
	return from.Start(at.Calendar.Zone()).UTC()
}

// EarliestRenewal gives the first instant at which a loan may be renewed; zero
// where it may be at any time.
func EarliestRenewal(d *policy.Document, at policy.Moment, m rule.Match, due broker.Date) rule.Entry[time.Time] {
	at = d.Settle(at)
	entry := d.Rules().RenewalOpens.For(m)
	answer := rule.Entry[time.Time]{Source: entry.Source}
	if entry.Value.Is {
		answer.Value = renewalOpens(at, entry.Value.Value, due)
	}
	return answer
}

// AutoRenewal tells whether the nightly work renews a loan now: when its due date
// is near enough, however late the night's run, and everything else allows it.
// Where it is too soon, no other reason is given: nobody is to be told about a
// hold then. Allowed is false without a reason where the policy renews nothing
// automatically or the day has not come.
func AutoRenewal(d *policy.Document, at policy.Moment, r Renewal) RenewalDecision {
	at = d.Settle(at)
	lentBy, as := r.terms(d)
	days := lentBy.Rules().AutoRenew.For(as)
	a := d.Ask(at, "be renewed by itself", days.Source)
	if tooSoon(a, r) || !days.Value.Is || a.Today.Before(r.Due.AddDays(-days.Value.Value)) {
		answer := RenewalDecision{Decision: a.Answer(), DecidedBy: attributes.SetByLibrary}
		answer.Allowed = false
		return answer
	}
	return MayAskRenewal(d, at, r)
}

// AutoRenewalOn gives the day on which a loan is renewed by itself, by the rules
// it was lent by; zero where it is not.
func AutoRenewalOn(d *policy.Document, m rule.Match, due broker.Date) rule.Entry[broker.Date] {
	entry := d.Rules().AutoRenew.For(m)
	answer := rule.Entry[broker.Date]{Source: entry.Source}
	if entry.Value.Is {
		answer.Value = due.AddDays(-entry.Value.Value)
	}
	return answer
}

// AutoRenewAtMost gives the longest time before its due date that any loan is
// renewed by itself; has is false where none is.
func AutoRenewAtMost(d *policy.Document) (days int, has bool) {
	for entry := range d.Rules().AutoRenew.Every() {
		if entry.Value.Is {
			days, has = max(days, entry.Value.Value), true
		}
	}
	return days, has
}
