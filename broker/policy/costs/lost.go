package costs

import (
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// LostDecision answers LostOn.
type LostDecision struct {
	// On is the first day the item counts as lost; zero where the policy never says
	// so.
	On broker.Date `json:"on,omitzero"`
	// Now tells whether it is to be declared lost today: the day has come, and it
	// was not declared yet.
	Now    bool          `json:"now"`
	Rule   string        `json:"rule"`
	Source broker.Clause `json:"source"`
}

// LostOn tells when an overdue item counts as lost, and whether that is to be
// recorded now; done tells that it was already.
func LostOn(d *policy.Document, at policy.Moment, m rule.Match, due broker.Date, done bool) LostDecision {
	at = d.Settle(at)
	entry := d.Rules().LostAfter.For(m)
	answer := LostDecision{Rule: entry.Rule, Source: entry.Clause}
	if entry.Value.Is {
		answer.On = entry.Value.Value.From(due)
		answer.Now = !done && !at.Calendar.DateOf(at.Now).Before(answer.On)
	}
	return answer
}

// LostDueBy gives the latest due date for which any rule of the document could
// say today that an item is lost; false where none ever does. It narrows a
// search; LostOn decides.
func LostDueBy(d *policy.Document, at policy.Moment) (broker.Date, bool) {
	return latestStart(d.Rules().LostAfter, d.Settle(at))
}

// ClaimDueBy gives the latest due date for which any rule could say today that a
// claimed item is charged; false where staff close every claim.
func ClaimDueBy(d *policy.Document, at policy.Moment) (broker.Date, bool) {
	return latestStart(d.Rules().ClaimsLost, d.Settle(at))
}

func latestStart(rule rule.Rule[rule.Optional[attributes.Lapse]], at policy.Moment) (latest broker.Date, any bool) {
	today := at.Calendar.DateOf(at.Now)
	for entry := range rule.Every() {
		if !entry.Value.Is {
			continue
		}
		if start := entry.Value.Value.Latest(today); !any || start.After(latest) {
			latest, any = start, true
		}
	}
	return latest, any
}

// LostItem is what is known about a lost or ruined item of our own. Amounts that
// nobody knows are zero.
type LostItem struct {
	rule.Match
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
func LostCharges(d *policy.Document, item LostItem) ([]Charge, error) {
	if item.Part != "" {
		if charge, priced := partCharge(d, item); priced {
			return []Charge{charge}, nil
		}
	}
	entry := d.Rules().LostPrice.For(item.Match)
	parts := entry.Value.NotReplaced
	if item.WillReplace {
		parts = entry.Value.Replaced
	}
	price := priceOr(d, priceOf(parts.Basis, item), item.Match)
	if price.Minor <= 0 {
		return nil, broker.Refused("price_unknown", "Staff enter what the item costs.", policy.Ground{
			Code:    "price_unknown",
			Message: "No price of this item is known.", Needed: "a price", Found: "none",
		}.Reason(entry.Source))
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

// ReplacedByAge tells whether an item that is lost only because it is so long
// overdue is charged as one that the library buys again. At the desk staff say so
// themselves.
func ReplacedByAge(d *policy.Document, m rule.Match) rule.Entry[bool] {
	entry := d.Rules().LostPrice.For(m)
	return rule.Entry[bool]{Source: entry.Source, Value: entry.Value.ReplacedByAge}
}

// CheckPart judges the name of a part that is missing: one that has a price in
// the policy, or one of the usual ones.
func CheckPart(d *policy.Document, m rule.Match, part string) []broker.FieldError {
	known := []string{"barcode", "booklet", "cable", "case", "disc", "map", "piece"}
	for _, price := range d.Rules().LostParts.For(m).Value {
		known = append(known, price.Part)
	}
	if part == "" || slices.Contains(known, part) {
		return nil
	}
	slices.Sort(known)
	return []broker.FieldError{{Pointer: "/part_missing", Code: "not_allowed", Message: "must be one of " + strings.Join(slices.Compact(known), ", ")}}
}

// partCharge prices a part: at its own fixed price, at what a single one costs,
// or not at all where the whole set is charged.
func partCharge(d *policy.Document, item LostItem) (Charge, bool) {
	fixed := d.Rules().LostParts.For(item.Match)
	for _, price := range fixed.Value {
		if price.Part == item.Part {
			return Charge{Kind: "lost", Amount: d.Money(price.Amount), Rule: fixed.Rule, Clause: fixed.Clause}, true
		}
	}
	set := d.Rules().LostSet.For(item.Match)
	if (item.PartObtainable || set.Value == attributes.PartOnly) && item.PartPrice.Minor > 0 {
		return Charge{Kind: "lost", Amount: item.PartPrice, Rule: set.Rule, Clause: set.Clause}, true
	}
	return Charge{}, false
}

func priceOf(b attributes.PriceBasis, item LostItem) broker.Money {
	switch b {
	case attributes.PricePaid:
		return item.PricePaid
	case attributes.PriceListed:
		if item.ListPrice.Minor > 0 {
			return item.ListPrice
		}
	case attributes.PriceReplacement:
	}
	return item.Replacement
}

// priceOr gives a price, or the type's default price where it is not known.
func priceOr(d *policy.Document, price broker.Money, m rule.Match) broker.Money {
	if fallback := d.Rules().DefaultPrice.For(m).Value; price.Minor <= 0 && fallback.Is {
		return d.Money(fallback.Value)
	}
	return price
}

// RefundFacts is what is known when a paid lost item turns up.
type RefundFacts struct {
	rule.Match
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
	policy.Decision
	// Amount is what is paid back; zero on a no, and never negative.
	Amount broker.Money `json:"amount"`
	// Until is the last day on which a return earns the refund; zero for none.
	Until broker.Date `json:"until,omitzero"`
}

// MayRefund tells whether the payment for a lost item found today is refunded,
// and how much of it.
func MayRefund(d *policy.Document, at policy.Moment, f RefundFacts) RefundDecision {
	if f.Owner == rule.OwnerILL {
		answer := RefundDecision{Decision: MayRefundILL(d, at, f.Match, f.LenderRefunded), Amount: d.Money(0)}
		if answer.Allowed {
			answer.Amount = f.Paid
		}
		return answer
	}
	entry := d.Rules().LostRefund.For(f.Match)
	a := d.Ask(at, "be refunded for a lost item", entry.Source)
	answer := RefundDecision{Amount: d.Money(0)}
	if !entry.Value.Is {
		a.Refuse(entry.Source, policy.Ground{Code: "no_refund", Message: "Lost items are not refunded.", Needed: "a policy that refunds", Found: "none"})
		answer.Decision = a.Answer()
		return answer
	}
	back := entry.Value.Value
	answer.Until = until(back, f)
	if a.Today.After(answer.Until) {
		a.Refuse(entry.Source, policy.Ground{
			Code: "refund_too_late", Message: "It came back too late to be refunded.",
			Needed: "back by " + answer.Until.String(), Found: "back on " + a.Today.String(), Override: []string{"director"},
		})
	}
	if f.Replaced && !back.IfReplaced {
		a.Refuse(entry.Source, policy.Ground{
			Code: "already_replaced", Message: "A new copy was bought already.",
			Needed: "an item not yet replaced", Found: "a new copy", Override: []string{"director"},
		})
	}
	answer.Decision = a.Answer()
	if answer.Allowed {
		sum := f.Paid.Minor
		if back.Processing {
			sum += f.Processing.Minor
		}
		answer.Amount = d.Money(rule.Amount(max(0, sum-int64(back.Deduct))))
	}
	return answer
}

// NoRefundSince gives the last day for which nothing that was lost or paid then is
// refunded any more, whatever it is.
func NoRefundSince(d *policy.Document, at policy.Moment) broker.Date {
	at = d.Settle(at)
	day := at.Calendar.DateOf(at.Now)
	last := day
	for entry := range d.Rules().LostRefund.Every() {
		if back := entry.Value; back.Is {
			last = last.Earlier(day.AddMonths(-back.Value.WithinMonths).AddDays(-back.Value.WithinDays - 1))
		}
	}
	return last
}

func until(r attributes.LostRefund, f RefundFacts) broker.Date {
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
func MayDonate(d *policy.Document, at policy.Moment, m rule.Match, approved bool) policy.Decision {
	if m.Owner == rule.OwnerILL {
		return MayDonateInLieu(d, at, m)
	}
	entry := d.Rules().LostDonation.For(m)
	a := d.Ask(at, "give a like item instead of paying", entry.Source)
	switch {
	case entry.Value == attributes.DonationRefused:
		a.Refuse(entry.Source, policy.Ground{Code: "no_donation_in_lieu", Message: "A like item is not taken in place of payment.", Needed: "payment", Found: "a donation"})
	case !approved:
		a.Refuse(entry.Source, policy.Ground{
			Code: "director_approves", Message: "The director approves a like item first.",
			Needed: "the director's approval", Found: "none yet", Override: []string{"director"},
		})
	}
	return a.Answer()
}

// MayRefer tells whether a debt may be handed on for recovery, and whether the
// expenses are the patron's.
func MayRefer(d *policy.Document, at policy.Moment, class string) (decision policy.Decision, expensesCharged bool) {
	entry := d.Rules().Collection.For(rule.Match{Class: class})
	a := d.Ask(at, "be referred for recovery", entry.Source)
	if !entry.Value.Is {
		a.Refuse(entry.Source, policy.Ground{Code: "no_collection", Message: "The library hands nothing on for recovery.", Needed: "a policy that does", Found: "none"})
	}
	return a.Answer(), entry.Value.Value.ExpensesCharged
}

// DamageCharges gives what a damaged item of our own costs: for small damage what
// staff assess, or nothing where the policy calls it wear; an item that cannot be
// lent again costs as much as a lost one.
func DamageCharges(d *policy.Document, item LostItem, beyond bool, assessed broker.Money) ([]Charge, error) {
	entry := d.Rules().LostDamage.For(item.Match)
	switch {
	case beyond:
		return LostCharges(d, item)
	case entry.Value.Minor == "free" || assessed.Minor <= 0:
		return nil, nil
	}
	return []Charge{{Kind: "damage", Amount: assessed, Rule: entry.Rule, Clause: entry.Clause}}, nil
}

// LostSetBy tells who says what a lost item costs: for another library's item,
// its owner.
func LostSetBy(d *policy.Document, m rule.Match) rule.Entry[attributes.OwnerSays] {
	if m.Owner == rule.OwnerOwn || m.Owner == "" {
		entry := d.Rules().LostPrice.For(m)
		return rule.Entry[attributes.OwnerSays]{Source: entry.Source, Value: attributes.DecidedHere}
	}
	return d.Rules().LostNotOurs.For(m)
}
