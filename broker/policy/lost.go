package policy

import (
	"fmt"

	"afield/broker"
)

// LostDecision answers LostOn.
type LostDecision struct {
	// On is the first day the item counts as lost; zero where the policy never
	// says so by itself.
	On broker.Date `json:"on,omitzero"`
	// Now tells whether it is to be declared lost today: the day has come, or has
	// been, and it is not done yet.
	Now    bool          `json:"now"`
	Rule   string        `json:"rule"`
	Source broker.Clause `json:"source"`
}

// LostOn tells when an overdue item counts as lost, and whether that is to be
// recorded now; done tells that it was already.
func (d *Document) LostOn(at Moment, m Match, due broker.Date, done bool) LostDecision {
	at = d.settle(at)
	entry := d.Rules().LostAfter.For(m)
	answer := LostDecision{Rule: entry.Rule, Source: entry.Clause}
	if entry.Value.Is {
		answer.On = entry.Value.Value.from(due)
		answer.Now = !done && !at.Calendar.DateOf(at.Now).Before(answer.On)
	}
	return answer
}

// LostDueBy gives the latest due date for which any rule of the document could
// say today that an item is lost; false where none ever does. It narrows a
// search; LostOn decides.
func (d *Document) LostDueBy(at Moment) (broker.Date, bool) {
	return latestStart(d.Rules().LostAfter, d.settle(at))
}

// ClaimDueBy gives the latest due date for which any rule could say today that a
// claimed item is charged; false where staff close every claim.
func (d *Document) ClaimDueBy(at Moment) (broker.Date, bool) {
	return latestStart(d.Rules().ClaimsLost, d.settle(at))
}

func latestStart(rule Rule[Optional[Lapse]], at Moment) (latest broker.Date, any bool) {
	today := at.Calendar.DateOf(at.Now)
	for entry := range rule.Every() {
		if !entry.Value.Is {
			continue
		}
		if start := entry.Value.Value.latest(today); !any || start.After(latest) {
			latest, any = start, true
		}
	}
	return latest, any
}

// latest gives the last start whose time has lapsed by a day. Months are clamped
// to their end, so several starts may lapse on one day.
func (l Lapse) latest(today broker.Date) broker.Date {
	start := today.AddDays(-l.Days)
	if l.Months > 0 {
		start = today.AddMonths(-l.Months).AddDays(3)
	}
	for l.from(start).After(today) {
		start = start.AddDays(-1)
	}
	return start
}

// from gives the first day on which the time has lapsed.
func (l Lapse) from(start broker.Date) broker.Date {
	day := start.AddDays(l.Days)
	if l.Months > 0 {
		day = start.AddMonths(l.Months)
	}
	if l.MoreThan {
		return day.AddDays(1)
	}
	return day
}

// LostItem is what is known about a lost or ruined item of our own. Amounts that
// nobody knows are zero.
type LostItem struct {
	Match
	WillReplace bool         `json:"will_replace,omitempty"`
	PricePaid   broker.Money `json:"price_paid,omitzero"`
	Replacement broker.Money `json:"replacement,omitzero"`
	ListPrice   broker.Money `json:"list_price,omitzero"`
	Shipping    broker.Money `json:"shipping,omitzero"`
	// Part names a lost part, "" when all of it is gone; PartObtainable tells
	// whether it can be had singly, and PartPrice for how much.
	Part           string       `json:"part,omitempty"`
	PartObtainable bool         `json:"part_obtainable,omitempty"`
	PartPrice      broker.Money `json:"part_price,omitzero"`
}

// LostCharges gives what a lost item of our own costs, line by line. Without any
// known price it is an error of kind refused: staff enter one.
func (d *Document) LostCharges(item LostItem) ([]Charge, error) {
	if item.Part != "" {
		if charge, priced := d.partCharge(item); priced {
			return []Charge{charge}, nil
		}
	}
	entry := d.Rules().LostPrice.For(item.Match)
	parts := entry.Value.NotReplaced
	if item.WillReplace {
		parts = entry.Value.Replaced
	}
	price := d.priceOr(parts.Basis.of(item), item.Match)
	if price.Minor <= 0 {
		return nil, broker.Refused("price_unknown", "Staff enter what the item costs.", ground{
			code:    "price_unknown",
			message: "No price of this item is known.", needed: "a price", found: "none",
		}.reason(entry.Source))
	}
	line := func(kind string, amount broker.Money) Charge {
		return Charge{Kind: kind, Amount: amount, Rule: entry.Rule, Clause: entry.Clause}
	}
	charges := []Charge{line("lost", price)}
	if parts.Shipping && item.Shipping.Minor > 0 {
		charges = append(charges, line("shipping", item.Shipping))
	}
	if parts.Processing > 0 {
		charges = append(charges, line("processing", d.Money(parts.Processing)))
	}
	return charges, nil
}

// ReplacedByAge tells whether an item that is lost by its age is charged as one
// that the library buys again. At the desk staff say so themselves.
func (d *Document) ReplacedByAge(m Match) Entry[bool] {
	entry := d.Rules().LostPrice.For(m)
	return Entry[bool]{Source: entry.Source, Value: entry.Value.ReplacedByAge}
}

// partCharge prices a part: at its own fixed price, at what a single one costs,
// or not at all where the whole set is charged.
func (d *Document) partCharge(item LostItem) (Charge, bool) {
	fixed := d.Rules().LostParts.For(item.Match)
	for _, price := range fixed.Value {
		if price.Part == item.Part {
			return Charge{Kind: "lost", Amount: d.Money(price.Amount), Rule: fixed.Rule, Clause: fixed.Clause}, true
		}
	}
	set := d.Rules().LostSet.For(item.Match)
	if (item.PartObtainable || set.Value == PartOnly) && item.PartPrice.Minor > 0 {
		return Charge{Kind: "lost", Amount: item.PartPrice, Rule: set.Rule, Clause: set.Clause}, true
	}
	return Charge{}, false
}

func (b PriceBasis) of(item LostItem) broker.Money {
	switch b {
	case PricePaid:
		return item.PricePaid
	case PriceListed:
		if item.ListPrice.Minor > 0 {
			return item.ListPrice
		}
	case PriceReplacement:
	}
	return item.Replacement
}

// priceOr gives a price, or the type's default price where it is not known.
func (d *Document) priceOr(price broker.Money, m Match) broker.Money {
	if fallback := d.Rules().DefaultPrice.For(m).Value; price.Minor <= 0 && fallback.Is {
		return d.Money(fallback.Value)
	}
	return price
}

// RefundFacts is what is known when a paid lost item turns up.
type RefundFacts struct {
	Match
	// Paid is what was paid for the item itself, Processing for the library's
	// work.
	Paid       broker.Money `json:"paid"`
	Processing broker.Money `json:"processing,omitzero"`
	PaidOn     broker.Date  `json:"paid_on,omitzero"`
	LostOn     broker.Date  `json:"lost_on,omitzero"`
	// Replaced tells whether a new copy was bought already.
	Replaced bool `json:"replaced,omitempty"`
	// LenderRefunded tells whether the lender of a borrowed item paid back.
	LenderRefunded bool `json:"lender_refunded,omitempty"`
}

// RefundDecision answers MayRefund.
type RefundDecision struct {
	Decision
	// Amount is what is paid back; zero on a no, and never negative.
	Amount broker.Money `json:"amount"`
	// Until is the last day the item may come back for it; zero for none.
	Until broker.Date `json:"until,omitzero"`
}

// MayRefund tells whether a paid lost item found today is paid back, and how
// much.
func (d *Document) MayRefund(at Moment, f RefundFacts) RefundDecision {
	if f.Owner == OwnerILL {
		answer := RefundDecision{Decision: d.MayRefundILL(at, f.LenderRefunded), Amount: d.Money(0)}
		if answer.Allowed {
			answer.Amount = f.Paid
		}
		return answer
	}
	entry := d.Rules().LostRefund.For(f.Match)
	a := d.ask(at, "be refunded for a lost item", entry.Source)
	answer := RefundDecision{Amount: d.Money(0)}
	if !entry.Value.Is {
		a.refuse(entry.Source, ground{code: "no_refund", message: "Lost items are not refunded.", needed: "a policy that refunds", found: "none"})
		answer.Decision = a.answer()
		return answer
	}
	back := entry.Value.Value
	answer.Until = back.until(f)
	if a.today.After(answer.Until) {
		a.refuse(entry.Source, ground{
			code: "refund_too_late", message: "It came back too late to be refunded.",
			needed: "back by " + answer.Until.String(), found: "back on " + a.today.String(), override: []string{"director"},
		})
	}
	if f.Replaced && !back.IfReplaced {
		a.refuse(entry.Source, ground{
			code: "already_replaced", message: "A new copy was bought already.",
			needed: "an item not yet replaced", found: "a new copy", override: []string{"director"},
		})
	}
	answer.Decision = a.answer()
	if answer.Allowed {
		sum := f.Paid.Minor
		if back.Processing {
			sum += f.Processing.Minor
		}
		answer.Amount = d.Money(Amount(max(0, sum-int64(back.Deduct))))
	}
	return answer
}

func (r LostRefund) until(f RefundFacts) broker.Date {
	start := f.PaidOn
	if r.From == "lost" {
		start = f.LostOn
	}
	last := start.AddDays(r.WithinDays)
	if r.WithinMonths > 0 {
		last = start.AddMonths(r.WithinMonths)
	}
	if !r.LastDayCounts {
		return last.AddDays(-1)
	}
	return last
}

// MayDonate tells whether a like item (same edition and make) is taken in place
// of payment for a lost item; approved tells that the director agreed.
func (d *Document) MayDonate(at Moment, m Match, approved bool) Decision {
	if m.Owner == OwnerILL {
		return d.MayDonateInLieu(at)
	}
	entry := d.Rules().LostDonation.For(m)
	a := d.ask(at, "give a like item instead of paying", entry.Source)
	switch {
	case entry.Value == DonationRefused:
		a.refuse(entry.Source, ground{code: "no_donation_in_lieu", message: "A like item is not taken in place of payment.", needed: "payment", found: "a donation"})
	case !approved:
		a.refuse(entry.Source, ground{
			code: "director_approves", message: "The director approves a like item first.",
			needed: "the director's approval", found: "none yet", override: []string{"director"},
		})
	}
	return a.answer()
}

// MayRefer tells whether a debt may be handed on for recovery, and whether the
// expenses are the patron's.
func (d *Document) MayRefer(at Moment, class string) (decision Decision, expensesCharged bool) {
	entry := d.Rules().Collection.For(Match{Class: class})
	a := d.ask(at, "be referred for recovery", entry.Source)
	if !entry.Value.Is {
		a.refuse(entry.Source, ground{code: "no_collection", message: "The library hands nothing on for recovery.", needed: "a policy that does", found: "none"})
	}
	return a.answer(), entry.Value.Value.ExpensesCharged
}

// DamageCharges gives what a damaged item of our own costs: small damage what
// staff assess, or nothing where the policy takes it for wear; what cannot be
// lent again as much as a lost item.
func (d *Document) DamageCharges(item LostItem, beyond bool, assessed broker.Money) ([]Charge, error) {
	entry := d.Rules().LostDamage.For(item.Match)
	switch {
	case beyond:
		return d.LostCharges(item)
	case entry.Value.Minor == "free" || assessed.Minor <= 0:
		return nil, nil
	}
	return []Charge{{Kind: "damage", Amount: assessed, Rule: entry.Rule, Clause: entry.Clause}}, nil
}

// LostSetBy tells who says what a lost item costs: for another library's item,
// its owner.
func (d *Document) LostSetBy(m Match) Entry[OwnerSays] {
	if m.Owner == OwnerOwn || m.Owner == "" {
		entry := d.Rules().LostPrice.For(m)
		return Entry[OwnerSays]{Source: entry.Source, Value: DecidedHere}
	}
	return d.Rules().LostNotOurs.For(m)
}

// String gives "10.00 for the case".
func (p PartPrice) String() string { return fmt.Sprintf("%s for the %s", p.Amount, p.Part) }
