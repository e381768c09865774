package policy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/policy/blocks"
	"afield/broker/policy/costs"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
	"afield/broker/policy/telling"
)

// dependence is an attribute with two values, and a decision that must come out
// differently by them.
type dependence struct {
	one, other string
	ask        func(*policy.Document, rule.Match) any
	// with are attributes that the decision needs besides.
	with string
}

var (
	dueOn  = broker.MustDate("2026-03-02") // a Monday
	late   = policytest.Noon("2026-03-12")
	onTime = policytest.Noon("2026-03-02")
	three  = policytest.USD("3.00")
	// opening is nine to five, and closed on Sundays.
	opening = func() *calendar.Calendar {
		week := calendar.Week{}
		for day := time.Monday; day <= time.Saturday; day++ {
			week[day] = calendar.MustHours("09:00-17:00")
		}
		opening, err := calendar.New("UTC", calendar.Plan{Hours: week})
		if err != nil {
			panic(err)
		}
		return opening
	}()
)

const owesOne = `{blocked_when: ">=", amount: "1.00", counts: all}`

func person(m rule.Match) policy.Patron {
	return policy.Patron{Class: m.Class, Age: m.PatronAge, HasPhone: true, Owes: policy.OwedInAll(three)}
}

func lend(change func(*lending.Checkout)) func(*policy.Document, rule.Match) any {
	return func(d *policy.Document, m rule.Match) any {
		c := lending.Checkout{Patron: person(m), Owner: m.Owner, Item: m.Item, Audience: m.Audience, Age: m.Age, Lendable: true}
		if change != nil {
			change(&c)
		}
		return lending.MayCheckOut(d, onTime, c)
	}
}

func renew(change func(*lending.Renewal)) func(*policy.Document, rule.Match) any {
	return func(d *policy.Document, m rule.Match) any {
		r := lending.Renewal{Patron: person(m), Owner: m.Owner, Item: m.Item, Audience: m.Audience, Age: m.Age, Channel: m.Channel, Due: dueOn}
		if change != nil {
			change(&r)
		}
		return lending.MayAskRenewal(d, onTime, r)
	}
}

func hold(change func(*shelf.HoldRequest)) func(*policy.Document, rule.Match) any {
	return func(d *policy.Document, m rule.Match) any {
		h := shelf.HoldRequest{Patron: person(m), Owner: m.Owner, Item: m.Item, Audience: m.Audience, Age: m.Age, Channel: rule.ByStaff, State: "available", OpenHolds: 2}
		if change != nil {
			change(&h)
		}
		return shelf.MayPlaceHold(d, onTime, h)
	}
}

func request(change func(*ill.Submission)) func(*policy.Document, rule.Match) any {
	return func(d *policy.Document, m rule.Match) any {
		s := ill.Submission{Patron: person(m), Channel: rule.ByStaff, Format: broker.Format(m.Item), ActiveRequests: 2}
		if change != nil {
			change(&s)
		}
		return ill.MaySubmitILL(d, onTime, s)
	}
}

func order(m rule.Match) ill.Cost {
	return ill.Cost{Match: ill.Asked(m.Class, m.PatronAge, broker.Format(m.Item)), Amount: &three, LenderPlace: "US-MA"}
}

func act(action rule.Action, change func(*policy.Patron)) func(*policy.Document, rule.Match) any {
	return func(d *policy.Document, m rule.Match) any {
		patron, action := person(m), action
		if action == "" {
			action = m.Action
		}
		if change != nil {
			change(&patron)
		}
		return blocks.MayAct(d, onTime, action, patron)
	}
}

func card(change func(*accounts.CardApplication)) func(*policy.Document, rule.Match) any {
	return func(d *policy.Document, m rule.Match) any {
		c := accounts.CardApplication{Class: m.Class, Age: m.PatronAge}
		if change != nil {
			change(&c)
		}
		return accounts.MayHaveCard(d, onTime, c)
	}
}

func claim(change func(*lending.Claim)) func(*policy.Document, rule.Match) any {
	return func(d *policy.Document, m rule.Match) any {
		c := lending.Claim{Patron: person(m), Owner: m.Owner, Item: m.Item, Audience: m.Audience, Age: m.Age, Kind: "returned", Carried: 2, Lifetime: 2}
		if change != nil {
			change(&c)
		}
		return lending.MayClaim(d, onTime, c)
	}
}

func terms(d *policy.Document, m rule.Match) any {
	return costs.ResolveTerms(d, costs.LoanFacts{Match: m, Price: three}).Overdue
}

func lost(d *policy.Document, m rule.Match) any {
	charges, err := costs.LostCharges(d, costs.LostItem{Match: m, PricePaid: policytest.USD("5.00"), Replacement: policytest.USD("9.00")})
	return fmt.Sprint(charges, err)
}

func waits(m rule.Match) shelf.Facts {
	return shelf.Facts{Match: m, Arrived: dueOn, LenderDue: broker.MustDate("2026-03-20")}
}

// dependences has every attribute that may depend on something.
var dependences = map[string]dependence{
	"ill.submit_by":     {"[staff]", "[online]", request(nil), ""},
	"ill.may_ask":       {"true", "false", request(nil), ""},
	"ill.phone_on_file": {"{required: true, fresh_days: none}", "{required: false, fresh_days: none}", request(func(s *ill.Submission) { s.Patron.HasPhone = false }), ""},
	"ill.active_limit":  {"{max: 5, states: [submitted]}", "{max: 0, states: [submitted]}", request(nil), ""},
	"ill.not_owned":     {"{here: true, group: true}", "{here: false, group: false}", request(func(s *ill.Submission) { s.OwnedHere = true }), ""},
	"ill.one_copy_per_person": {"true", "false", func(d *policy.Document, m rule.Match) any {
		if m.Owner == rule.OwnerILL {
			return request(func(s *ill.Submission) { s.SameTitle = true })(d, m)
		}
		return hold(func(h *shelf.HoldRequest) { h.SameTitle = true })(d, m)
	}, ""},
	"ill.expected_wait": {"{from_days: 1, to_days: 2}", "{from_days: 3, to_days: 4}", func(d *policy.Document, m rule.Match) any { return ill.ExpectedWait(d, order(m).Match).Value }, ""},
	"ill.lender_places": {"all", "[US-NY]", func(d *policy.Document, m rule.Match) any {
		return ill.MayAskLender(d, onTime, ill.Lender{Match: order(m).Match, Place: "US-MA"})
	}, ""},
	"ill.fee_pass_on":          {"{in_state: library, out_of_state: library}", "{in_state: patron, out_of_state: patron}", func(d *policy.Document, m rule.Match) any { return ill.FeeConsent(d, onTime, order(m)) }, ""},
	"ill.fee_consent":          {`{ask_above: "0.00"}`, `{ask_above: "9.00"}`, func(d *policy.Document, m rule.Match) any { return ill.FeeConsent(d, onTime, order(m)) }, "ill.fee_pass_on: {value: {in_state: patron, out_of_state: patron}, clause: {section: A, says: b}}"},
	"ill.library_cost_ceiling": {"none", `"0.00"`, func(d *policy.Document, m rule.Match) any { return ill.FeeConsent(d, onTime, order(m)) }, "ill.fee_pass_on: {value: {in_state: library, out_of_state: library}, clause: {section: A, says: b}}"},
	"ill.rush":                 {"{offered: true, needs_approval: false}", "{offered: false, needs_approval: false}", request(func(s *ill.Submission) { s.Rush = true }), ""},
	"ill.arrival_notice":       {"[phone]", "[email]", func(d *policy.Document, m rule.Match) any { return telling.ArrivalNotice(d, order(m).Match).Value }, ""},
	"ill.copyright":            {"none", "{within: A, beyond: B, per_year: 1, recent_years: 5}", func(d *policy.Document, m rule.Match) any { return ill.Copyright(d, onTime, ill.Article{Match: m}) }, ""},
	"ill.due": {"{days_before: 0, closed_day: keep}", "{days_before: 7, closed_day: keep}", func(d *policy.Document, m rule.Match) any {
		m.Owner = rule.OwnerILL
		return lending.DueAtCheckout(d, onTime, m, broker.MustDate("2026-03-30"))
	}, ""},
	"ill.renewals":       {"{expected: 1, limit: 5, decided_by: lender}", "{expected: 1, limit: 0, decided_by: lender}", renew(func(r *lending.Renewal) { r.Owner = rule.OwnerILL }), ""},
	"ill.renewal_window": {"{days_before: 0, of: current_due}", "{days_before: 7, of: current_due}", renew(func(r *lending.Renewal) { r.Owner = rule.OwnerILL }), ""},
	"ill.refund": {"none", "as_lender", func(d *policy.Document, m rule.Match) any {
		m.Owner = rule.OwnerILL
		return costs.MayRefund(d, onTime, costs.RefundFacts{Match: m, Paid: three, LenderRefunded: true})
	}, ""},
	"ill.donation_in_lieu": {"true", "false", func(d *policy.Document, m rule.Match) any {
		m.Owner = rule.OwnerILL
		return costs.MayDonate(d, onTime, m, true)
	}, ""},

	"blocks.ill_request":    {"none", owesOne, request(nil), ""},
	"blocks.checkout":       {"none", owesOne, lend(nil), ""},
	"blocks.hold":           {"none", owesOne, hold(nil), ""},
	"blocks.renew":          {"none", owesOne, renew(nil), ""},
	"blocks.renew_overdue":  {"none", owesOne, renew(func(r *lending.Renewal) { r.Due = dueOn.AddDays(-1) }), ""},
	"blocks.computer":       {"none", owesOne, act(rule.ActionComputer, nil), ""},
	"blocks.sign_for_minor": {"none", owesOne, act(rule.ActionSignForMinor, nil), ""},
	"blocks.capture":        {"none", owesOne, act(rule.ActionCapture, nil), ""},
	"blocks.guarantee_debt": {"none", owesOne, act(rule.ActionHold, func(p *policy.Patron) { p.Linked = []policy.LinkedAccount{{Owes: p.Owes}} }), ""},
	"blocks.long_overdue":   {"none", "{days: 1, stops: [hold]}", act(rule.ActionHold, func(p *policy.Patron) { p.DaysOverdue = 5 }), ""},
	"blocks.expired_card":   {"[hold, renew]", "[]", act("", func(p *policy.Patron) { p.CardExpires = dueOn.AddDays(-1) }), ""},
	"blocks.linked_cards":   {"[hold, renew]", "[]", act("", func(p *policy.Patron) { p.Linked = []policy.LinkedAccount{{Parent: true, Blocks: []policy.Block{{}}}} }), ""},
	"computers.own_card": {"true", "false", func(d *policy.Document, m rule.Match) any {
		patron := person(m)
		return blocks.MayUseComputer(d, onTime, blocks.ComputerUse{Patron: &patron, Bearer: policy.BearerOther})
	}, ""},

	"patrons.own_changes": {"[email]", "[phone]", func(d *policy.Document, m rule.Match) any { return accounts.OwnChanges(d, m).Value }, ""},
	"fees.print":          {`{black_white: "0.10", colour: "0.20"}`, `{black_white: "0.30", colour: "0.40"}`, func(d *policy.Document, m rule.Match) any { return costs.PrintFee(d, m, 2, false) }, ""},
	"fees.fax":            {`{first_pages: 1, first: "0.10", each_more: "0.20"}`, `{first_pages: 1, first: "0.50", each_more: "0.20"}`, func(d *policy.Document, m rule.Match) any { return costs.FaxFee(d, m, 2) }, ""},
	"fees.on_account":     {"true", "false", func(d *policy.Document, m rule.Match) any { return costs.FeesOnAccount(d, m).Value }, ""},
	"payments.taken":      {"{methods: [cash], split: evenly, receipt: always}", "{methods: [card], split: evenly, receipt: always}", func(d *policy.Document, m rule.Match) any { return costs.MayPayBy(d, onTime, m, "cash") }, ""},

	"cards.needs":    {"[application]", "[id]", card(nil), ""},
	"cards.fee":      {"none", `{amount: "5.00", per: person}`, card(nil), ""},
	"cards.deposit":  {"none", `"5.00"`, card(nil), ""},
	"cards.validity": {"{months: 12}", "{months: 24}", card(nil), ""},
	"cards.accepted_id": {"[passport]", "[photo_id]", card(func(c *accounts.CardApplication) {
		c.Met, c.Shown = []attributes.CardNeed{attributes.NeedID}, []string{"passport"}
	}), "cards.needs: {value: [id], clause: {section: A, says: b}}"},
	"cards.good_at":       {"all", "[own]", func(d *policy.Document, m rule.Match) any { return accounts.MayUseCardAt(d, onTime, m, "elsewhere") }, ""},
	"cards.renewal_needs": {"[application]", "[id]", card(func(c *accounts.CardApplication) { c.Renewal = true }), ""},
	"cards.replacement":   {"none", `{first: "1.00", again: "2.00", within_months: 12}`, func(d *policy.Document, m rule.Match) any { return accounts.CardReplacement(d, onTime, m) }, ""},
	"cards.one_per":       {"person", "household", func(d *policy.Document, m rule.Match) any { return accounts.CardsPer(d, m.Class).Value }, ""},
	"cards.liable":        {"cardholder", "business", func(d *policy.Document, m rule.Match) any { return accounts.LiableFor(d, m.Class).Value }, ""},
	"cards.purge": {`[{name: a, unused_months: 1, owes_under: "9.00"}]`, "[]", func(d *policy.Document, m rule.Match) any {
		return accounts.MayPurge(d, onTime, accounts.Account{Class: m.Class, Owes: three})
	}, ""},
	"lost.collection": {"none", "{expenses_charged: true}", func(d *policy.Document, m rule.Match) any {
		decision, _ := costs.MayRefer(d, onTime, m.Class)
		return decision
	}, ""},
	"loans.rules_of":       {"location", "home", func(d *policy.Document, m rule.Match) any { return lending.LoanRulesOf(d, m) }, ""},
	"privacy.history_days": {"none", "30", func(d *policy.Document, m rule.Match) any { return accounts.ForgetReturnedBy(d, onTime, m.Class).Value }, ""},

	"shelf.days":              {"{days: 3, count: calendar, extend: false}", "{days: 9, count: calendar, extend: false}", func(d *policy.Document, m rule.Match) any { return shelf.Until(d, onTime, waits(m)) }, ""},
	"shelf.before_lender_due": {"{days: 1, count: calendar}", "{days: 15, count: calendar}", func(d *policy.Document, m rule.Match) any { return shelf.Until(d, onTime, waits(m)) }, ""},
	"shelf.on_expiry":         {"{then: return_to_owner, contact: return_to_owner}", "{then: next_in_queue, contact: next_in_queue}", func(d *policy.Document, m rule.Match) any { return shelf.OnShelfExpiry(d, onTime, waits(m), false) }, ""},
	"shelf.waits_for_open_day": {"true", "false", func(d *policy.Document, m rule.Match) any {
		return shelf.Expired(d, policytest.At("2026-03-08", opening), waits(m), broker.MustDate("2026-03-07")).Value
	}, ""},
	"lending.own_holds_first": {"true", "false", func(d *policy.Document, m rule.Match) any {
		return ill.MayLend(d, onTime, ill.Lending{Match: m, OwnHolds: 2, Copies: 1})
	}, ""},
	"holds.limit":         {"none", "0", hold(nil), ""},
	"holds.formats":       {"all", "[]", hold(nil), ""},
	"holds.states":        {"all", "[on_loan]", hold(nil), ""},
	"holds.by":            {"[staff]", "[online]", hold(nil), ""},
	"holds.expires_after": {"none", "30", func(d *policy.Document, m rule.Match) any { return shelf.HoldExpires(d, onTime, m).Value }, ""},

	"loans.period":         {"{days: 7, closed_day: keep}", "{days: 14, closed_day: keep}", func(d *policy.Document, m rule.Match) any { return lending.DueDate(d, onTime, m).Value }, ""},
	"loans.period_set_by":  {"library", "provider", lend(nil), ""},
	"loans.renewals":       {"none", "0", renew(nil), ""},
	"loans.circulates":     {"true", "false", lend(nil), ""},
	"cards.may_borrow":     {"{items: all, owners: all}", "{items: [book], owners: all}", lend(nil), ""},
	"cards.identification": {"[card]", "[passport]", lend(func(c *lending.Checkout) { c.Shown = "card" }), ""},
	"cards.transferable":   {"true", "false", lend(func(c *lending.Checkout) { c.Bearer = policy.BearerOther }), ""},
	"loans.type_limit":     {"none", "0", lend(nil), ""},
	"loans.group_limits":   {"[]", "[{name: all, items: [dvd, audiobook], max: 0}]", lend(nil), ""},
	"loans.total_limit":    {"none", "0", lend(nil), "loans.limit_counts: {value: {claimed: true, ill_total: true, ill_types: true}, clause: {section: A, says: b}}"},
	"loans.limit_counts":   {"{claimed: true, ill_total: true, ill_types: true}", "{claimed: false, ill_total: true, ill_types: true}", lend(func(c *lending.Checkout) { c.Out = []lending.OutItem{{Item: c.Item, Claimed: true}} }), "loans.total_limit: {value: 1, clause: {section: A, says: b}}"},
	"loans.renewal_days":   {"7", "14", func(d *policy.Document, m rule.Match) any { return lending.RenewalDue(d, onTime, m, dueOn).Value }, ""},
	"loans.renewal_from": {"renewal_day", "old_due", func(d *policy.Document, m rule.Match) any {
		return lending.RenewalDue(d, onTime, m, dueOn.AddDays(3)).Value
	}, ""},
	"loans.renewal_opens":    {"none", "{days_before: 2, precision: date}", renew(func(r *lending.Renewal) { r.Due = dueOn.AddDays(9) }), ""},
	"loans.renewal_holds":    {"allow", "refuse", renew(func(r *lending.Renewal) { r.HeldByOther = true }), ""},
	"loans.renewal_by":       {"[staff, phone]", "[online]", func(d *policy.Document, m rule.Match) any { m.Channel = rule.ByStaff; return renew(nil)(d, m) }, ""},
	"loans.renewal_identity": {"[card]", "[passport]", renew(func(r *lending.Renewal) { r.Given = []string{"card"} }), ""},
	"loans.other_overdues":   {"allow", "block", renew(func(r *lending.Renewal) { r.OtherOverdue = true }), ""},
	"loans.fine_at_renewal":  {"charge", "forgive", func(d *policy.Document, m rule.Match) any { return costs.RenewalForgives(d, m) }, ""},
	"loans.auto_renew_days":  {"none", "2", func(d *policy.Document, m rule.Match) any { return lending.AutoRenewalOn(d, m, dueOn).Value }, ""},
	"loans.recall_days": {"{days: 3, count: calendar}", "{days: 9, count: calendar}", func(d *policy.Document, m rule.Match) any {
		return lending.RecallDue(d, onTime, m, broker.Date{}).Value
	}, ""},
	"loans.held_for_other":   {"never", "with_permission", lend(func(c *lending.Checkout) { c.HeldForOther, c.Permission = true, true }), ""},
	"loans.on_other_account": {"ask", "take_back", func(d *policy.Document, m rule.Match) any { return lending.TakesBackFirst(d, m).Value }, ""},
	"returns.book_drop": {"until_next_opening", "when_checked_in", func(d *policy.Document, m rule.Match) any {
		return lending.EffectiveReturn(d, policy.Moment{Now: late.Now.Add(-12 * time.Hour), Calendar: opening}, lending.HandedIn{Match: m, Drop: true}).On
	}, ""},
	"returns.scan_age_hours": {"none", "48", func(d *policy.Document, m rule.Match) any {
		return fmt.Sprint(lending.ScannedAt(d, late, m, late.Now.Add(-time.Hour), onTime.Now))
	}, ""},

	"fines.overdue":   {`{set_by: library, rate: "0.10", cap: none, count: calendar}`, `{set_by: library, rate: "0.20", cap: none, count: calendar}`, terms, ""},
	"fines.grace":     {"none", "{days: 2, mode: always_free}", terms, ""},
	"fines.price_cap": {"true", "false", terms, ""},
	"fines.notice_excuses": {"true", "false", func(d *policy.Document, m rule.Match) any {
		return lending.EffectiveReturn(d, late, lending.HandedIn{Match: m, NotTold: true}).FineFree
	}, ""},
	"lost.default_price": {`"4.00"`, `"6.00"`, func(d *policy.Document, m rule.Match) any {
		charges, err := costs.LostCharges(d, costs.LostItem{Match: m})
		return fmt.Sprint(charges, err)
	}, ""},
	"lost.after": {"{days: 10}", "{days: 20}", func(d *policy.Document, m rule.Match) any { return costs.LostOn(d, late, m, dueOn, false) }, ""},
	"lost.price": {`{replaced: {basis: price_paid, processing: "0.00"}, not_replaced: {basis: price_paid, processing: "0.00"}}`, `{replaced: {basis: replacement, processing: "0.00"}, not_replaced: {basis: replacement, processing: "0.00"}}`, lost, ""},
	"lost.parts": {"[]", `[{part: case, amount: "2.00"}]`, func(d *policy.Document, m rule.Match) any {
		charges, err := costs.LostCharges(d, costs.LostItem{Match: m, Part: "case", Replacement: three})
		return fmt.Sprint(charges, err)
	}, ""},
	"lost.set": {"whole_set", "part", func(d *policy.Document, m rule.Match) any {
		charges, err := costs.LostCharges(d, costs.LostItem{Match: m, Part: "disc", PartPrice: policytest.USD("1.00"), Replacement: three})
		return fmt.Sprint(charges, err)
	}, ""},
	"lost.damage": {"{minor: assessed, beyond: as_lost}", "{minor: free, beyond: as_lost}", func(d *policy.Document, m rule.Match) any {
		charges, err := costs.DamageCharges(d, costs.LostItem{Match: m}, false, three)
		return fmt.Sprint(charges, err)
	}, ""},
	"lost.on_return": {"{overdue: as_charged, cancel_unpaid: true, negative_balance: true}", "{overdue: forgive, cancel_unpaid: true, negative_balance: true}", func(d *policy.Document, m rule.Match) any {
		return costs.SettleLostReturn(d, costs.LostAccount{Match: m, LostFee: three, Overdue: three, Paid: policytest.USD("0.00")})
	}, ""},
	"lost.refund": {"none", `{within_days: 90, last_day_counts: true, from: payment, deduct: "0.00", if_replaced: false, processing: false}`, func(d *policy.Document, m rule.Match) any {
		if m.Owner == rule.OwnerILL {
			m.Owner = rule.OwnerOwn
		}
		return costs.MayRefund(d, onTime, costs.RefundFacts{Match: m, Paid: three, PaidOn: dueOn})
	}, ""},
	"lost.donation":         {"refused", "with_director", func(d *policy.Document, m rule.Match) any { return costs.MayDonate(d, onTime, m, true) }, ""},
	"lost.other_owner":      {"owner", "library", func(d *policy.Document, m rule.Match) any { return costs.LostSetBy(d, m).Value }, ""},
	"claims.accepted":       {"true", "false", claim(nil), ""},
	"claims.limit":          {"none", "{max: 1, count: carried}", claim(nil), ""},
	"claims.kinds":          {"[returned]", "[never_had]", claim(nil), ""},
	"claims.shelf_check":    {"true", "false", claim(nil), ""},
	"claims.decided_by":     {"library", "owner", claim(nil), ""},
	"claims.guardian_under": {"none", "99", claim(func(c *lending.Claim) { c.ByGuardian = true }), ""},
	"claims.note":           {"[title]", "[date]", claim(nil), ""},
	"claims.found":          {"{in_library: cleared, by_patron: cleared}", "{in_library: cleared, by_patron: fined_to_return}", func(d *policy.Document, m rule.Match) any { return lending.ClaimFoundBy(d, m, false) }, ""},
	"claims.charged_after":  {"none", "{days: 30}", func(d *policy.Document, m rule.Match) any { return lending.ClaimChargedOn(d, m, dueOn).Value }, ""},
	"notices.hold_ready":    {"[phone]", "[email]", func(d *policy.Document, m rule.Match) any { return telling.HoldReadyBy(d, m).Value }, ""},
	"notices.overdue":       {"[{stage: first, days_after_due: 1, channels: [phone]}]", "[{stage: first, days_after_due: 1, channels: [email]}]", func(d *policy.Document, m rule.Match) any { return telling.OverdueNotice(d, late, m, dueOn, nil) }, ""},
	"notices.due_soon_days": {"none", "3", func(d *policy.Document, m rule.Match) any { return telling.DueSoon(d, onTime, m, dueOn).Value }, ""},
}

// unlike has for each fact the condition and a match that meets it, and one that
// does not.
var unlike = map[rule.Fact]struct {
	when      string
	condition rule.When
	misses    func(*rule.Match)
}{
	rule.FactOwner:     {"{owner: consortium}", rule.When{Owner: rule.OneOf{"consortium"}}, func(m *rule.Match) { m.Owner = rule.OwnerOwn }},
	rule.FactClass:     {"{class: minor}", rule.When{Class: rule.OneOf{"minor"}}, func(m *rule.Match) { m.Class = "resident" }},
	rule.FactPatronAge: {"{patron_age: {under: 14}}", rule.When{PatronAge: rule.AgeRange{Under: 14}}, func(m *rule.Match) { m.PatronAge = rule.Some(40) }},
	rule.FactItem:      {"{item: dvd}", rule.When{Item: rule.OneOf{"dvd"}}, func(m *rule.Match) { m.Item = "audiobook" }},
	rule.FactAudience:  {"{audience: child}", rule.When{Audience: rule.OneOf{"child"}}, func(m *rule.Match) { m.Audience = "adult" }},
	rule.FactAge:       {"{age: new}", rule.When{Age: rule.OneOf{"new"}}, func(m *rule.Match) { m.Age = "" }},
	rule.FactChannel:   {"{channel: online}", rule.When{Channel: rule.OneOf{"online"}}, func(m *rule.Match) { m.Channel = rule.ByStaff }},
	rule.FactAction:    {"{action: hold}", rule.When{Action: rule.OneOf{"hold"}}, func(m *rule.Match) { m.Action = rule.ActionRenew }},
}

// Every condition that check accepts matters: a document in which only that
// condition differs decides differently, and as if its value stood alone.
func TestEveryConditionThatIsAcceptedIsAsked(t *testing.T) {
	t.Parallel()
	asked := func(value any) string {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, id := range attributes.IDs() {
		facts := attributes.AskedWith(id)
		dependence, tried := dependences[id]
		if tried != (len(facts) > 0) {
			t.Errorf("%s may depend on %v, and is tried here: %t", id, facts, tried)
		}
		if !tried {
			continue
		}
		document := func(entries ...string) *policy.Document {
			return policytest.Parsed(t, "\n  "+id+":\n"+strings.Join(entries, "")+"  "+dependence.with+"\n")
		}
		always := func(value string) string {
			return "    - {value: " + value + ", clause: {section: A, says: b}}\n"
		}
		one, other := document(always(dependence.one)), document(always(dependence.other))
		for _, fact := range facts {
			both := document(always(dependence.one), "    - {when: "+unlike[fact].when+", value: "+dependence.other+", clause: {section: A, says: b}}\n")
			meets := rule.Match{Owner: rule.OwnerConsortium, Class: "minor", PatronAge: rule.Some(12), Item: "dvd", Audience: "child", Age: "new", Channel: rule.ByOnline, Action: rule.ActionHold}
			misses := meets
			unlike[fact].misses(&misses)
			if id == "lost.other_owner" && fact == rule.FactOwner {
				misses.Owner = rule.OwnerILL // of our own it says nothing
			}
			if got, want := asked(dependence.ask(both, meets)), asked(dependence.ask(other, meets)); got != want {
				t.Errorf("%s by %s: where the condition is met it says %s, and its value alone %s", id, fact, got, want)
			}
			if got, want := asked(dependence.ask(both, misses)), asked(dependence.ask(one, misses)); got != want {
				t.Errorf("%s by %s: where the condition is not met it says %s, and the other value alone %s", id, fact, got, want)
			}
			if asked(dependence.ask(one, meets)) == asked(dependence.ask(other, meets)) || asked(dependence.ask(one, misses)) == asked(dependence.ask(other, misses)) {
				t.Errorf("%s: both values come to the same for %s: this tries nothing", id, fact)
			}
		}
		for _, fact := range rule.EveryFact() {
			if slices.Contains(facts, fact) {
				continue
			}
			err := attributes.MayDepend(rule.Attribute{Source: rule.Source{Rule: id}, When: unlike[fact].condition})
			if err == nil || !strings.Contains(err.Error(), "names "+string(fact)) {
				t.Errorf("%s by %s, with which it is never asked, gave %v", id, fact, err)
			}
		}
	}
}
