package policy_test

import (
	"testing"
	"time"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/blocks"
	"afield/broker/policy/costs"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
)

func taking(item string, out ...lending.OutItem) lending.Checkout {
	return lending.Checkout{Patron: adult(broker.Money{}), Owner: rule.OwnerOwn, Item: item, Lendable: true, Out: out}
}

func outOf(item string, count int) lending.OutItem {
	return lending.OutItem{Owner: rule.OwnerOwn, Item: item, Count: count}
}

// renewing is an own book due a week after noon("2026-03-02").
func renewing(owes string) lending.Renewal {
	return lending.Renewal{Patron: adult(usd(owes)), Owner: rule.OwnerOwn, Item: "book", Due: broker.MustDate("2026-03-09")}
}

// standingCases are the cases of areas blocks and limits beside blockCases.
var standingCases = map[string]func(t *testing.T){
	"BLK-16": func(t *testing.T) {
		document := withRules(t, "blocks.guarantee_debt", `{blocked_when: ">=", amount: "5.00", counts: all}`)
		patron := adult(usd("0.00"))
		for owes, allowed := range map[string]bool{"4.99": true, "5.00": false, "10.00": false} {
			patron.Linked = []policy.LinkedAccount{{Owes: policy.OwedInAll(usd(owes))}}
			answer := blocks.MayAct(document, noon("2026-03-02"), rule.ActionCheckout, patron)
			mustBe(t, "allowed when they owe "+owes, answer.Allowed, allowed)
		}
	},
	"BLK-20": func(t *testing.T) {
		// Western District blocks checkout and sets no amount for renewing in time.
		document := preset(t, "western-district")
		mustAllow(t, lending.MayAskRenewal(document, noon("2026-03-02"), renewing("9.00")).Decision)
		mustRefuse(t, checkout(t, "western-district", adult(usd("9.00"))), "owes_too_much")
	},
	"BLK-22": func(t *testing.T) {
		out := taking("other") // a brief record made at the desk
		out.Patron = adult(usd("9.00"))
		answer := lending.MayCheckOut(preset(t, "westchester"), noon("2026-03-02"), out)
		mustRefuse(t, answer, "owes_too_much")
		mustBe(t, "the desk may override", answer.OverridableBy([]string{"desk"}), true)
		mustBe(t, "nobody else", answer.OverridableBy([]string{"ill"}), false)
	},
	"BLK-24": func(t *testing.T) {
		document := withRules(t, "blocks.checkout", `{blocked_when: ">", amount: "5.00", counts: all}`)
		mustAllow(t, blocks.MayAct(document, noon("2026-03-02"), rule.ActionCheckout, adult(usd("5.00"))))
		mustRefuse(t, blocks.MayAct(document, noon("2026-03-02"), rule.ActionCheckout, adult(usd("5.01"))), "owes_too_much")
	},
	"BLK-28": func(t *testing.T) {
		strict := preset(t, "westport")
		lenient := withRules(t, "blocks.expired_card", "[checkout, ill_request, hold]")
		renewal := renewing("0.00")
		renewal.Patron.CardExpires = broker.MustDate("2026-03-01")
		mustRefuse(t, lending.MayAskRenewal(strict, noon("2026-03-02"), renewal).Decision, "card_expired")
		mustAllow(t, lending.MayAskRenewal(lenient, noon("2026-03-02"), renewal).Decision)
		mustRefuse(t, blocks.MayAct(lenient, noon("2026-03-02"), rule.ActionCheckout, renewal.Patron), "card_expired")
	},
	"BLK-29": func(t *testing.T) {
		document := preset(t, "westport")
		mustBe(t, "blocked, read just now", accounts.RefetchRemote(document, false, 10*time.Second), true)
		mustBe(t, "good, just under half a day", accounts.RefetchRemote(document, true, 12*time.Hour-time.Second), false)
		mustBe(t, "good, half a day", accounts.RefetchRemote(document, true, 12*time.Hour), true)
	},
	"LIM-01": func(t *testing.T) {
		library := preset(t, "westchester")
		mustRefuse(t, lending.MayCheckOut(library, noon("2026-03-02"), taking("audiobook", outOf("music_cd", 6), outOf("audiobook", 4))), "group_limit_reached")
		mustAllow(t, lending.MayCheckOut(library, noon("2026-03-02"), taking("audiobook", outOf("music_cd", 6), outOf("audiobook", 3))))
	},
	"LIM-04": func(t *testing.T) {
		library := preset(t, "western-district")
		mustRefuse(t, lending.MayCheckOut(library, noon("2026-03-02"), taking("tv_show", outOf("film", 5), outOf("nonfiction_film", 3))), "group_limit_reached")
		mustAllow(t, lending.MayCheckOut(library, noon("2026-03-02"), taking("tv_show", outOf("film", 5), outOf("nonfiction_film", 2))))
	},
	"LIM-05": func(t *testing.T) {
		mustAllow(t, lending.MayCheckOut(preset(t, "western-district"), noon("2026-03-02"), taking("book", outOf("book", 120))))
	},
	"LIM-08": func(t *testing.T) {
		claimed := lending.OutItem{Owner: rule.OwnerOwn, Item: "book", Claimed: true}
		tallied := withRules(t, "loans.type_limit", "1")
		free := withRules(t, "loans.type_limit", "1", "loans.limit_counts", "{claimed: false, ill_total: true, ill_types: false}")
		mustRefuse(t, lending.MayCheckOut(tallied, noon("2026-03-02"), taking("book", claimed)), "type_limit_reached")
		mustAllow(t, lending.MayCheckOut(free, noon("2026-03-02"), taking("book", claimed)))
	},
	"LIM-09": func(t *testing.T) {
		mustRefuse(t, lending.MayCheckOut(withRules(t, "loans.type_limit", "0"), noon("2026-03-02"), taking("book")), "type_limit_reached")
		mustAllow(t, lending.MayCheckOut(withRules(t, "loans.type_limit", "none"), noon("2026-03-02"), taking("book", outOf("book", 1000))))
	},
}

// renewCases are the cases of area renew.
var renewCases = map[string]func(t *testing.T){
	"REN-08": func(t *testing.T) { mustAllow(t, overdueRenewal(t, "4.99")) },
	"REN-09": func(t *testing.T) { mustRefuse(t, overdueRenewal(t, "5.00"), "owes_too_much") },
	"REN-10": func(t *testing.T) {
		renewal := renewing("0.00")
		renewal.Renewals = 1
		mustAllow(t, lending.MayAskRenewal(preset(t, "western-district"), noon("2026-03-02"), renewal).Decision)
		renewal.Renewals = 2
		mustRefuse(t, lending.MayAskRenewal(preset(t, "western-district"), noon("2026-03-02"), renewal).Decision, "renewal_limit_reached")
	},
	"REN-11": func(t *testing.T) {
		renewal := renewing("0.00") // the own hold is no hold of another
		mustAllow(t, lending.MayAskRenewal(preset(t, "westchester"), noon("2026-03-02"), renewal).Decision)
		renewal.HeldByOther = true
		mustRefuse(t, lending.MayAskRenewal(preset(t, "westchester"), noon("2026-03-02"), renewal).Decision, "held_for_other")
	},
	"REN-12": func(t *testing.T) {
		renewal := renewing("0.00")
		renewal.Item, renewal.Renewals = "dvd", 2
		mustAllow(t, lending.MayAskRenewal(preset(t, "delaware"), noon("2026-03-02"), renewal).Decision)
		renewal.Renewals = 3
		mustRefuse(t, lending.MayAskRenewal(preset(t, "delaware"), noon("2026-03-02"), renewal).Decision, "renewal_limit_reached")
	},
	"REN-13": func(t *testing.T) {
		document := withRules(t, "loans.renewal_holds", "refuse_unless_others_fill")
		renewal := renewing("0.00")
		renewal.OtherHolds, renewal.OtherCopies = 1, 1
		mustAllow(t, lending.MayAskRenewal(document, noon("2026-03-02"), renewal).Decision)
		renewal.OtherHolds = 2
		mustRefuse(t, lending.MayAskRenewal(document, noon("2026-03-02"), renewal).Decision, "held_for_other")
	},
	"REN-17": func(t *testing.T) {
		document := withRules(t, "loans.renewal_opens", "{days_before: 7, precision: date}")
		opens := lending.EarliestRenewal(document, noon("2026-05-01"), own("book"), broker.MustDate("2026-05-20")).Value
		mustBe(t, "earliest", opens.Format("2006-01-02T15:04"), "2026-05-13T00:00")
		renewal := renewing("0.00")
		renewal.Due = broker.MustDate("2026-05-20")
		moment := policy.Moment{Now: opens.Add(-time.Minute), Calendar: noon("2026-05-12").Calendar}
		answer := lending.MayAskRenewal(document, moment, renewal)
		mustRefuse(t, answer.Decision, "too_soon")
		mustBe(t, "passes at", answer.Reasons[0].PassesAt.Equal(opens), true)
		moment.Now = opens
		mustAllow(t, lending.MayAskRenewal(document, moment, renewal).Decision)
	},
	"REN-18": func(t *testing.T) {
		renewal := renewing("0.00")
		renewal.OtherOverdue = true
		for mode, allowed := range map[string]bool{"block": false, "block_item": true, "allow": true} {
			mustBe(t, mode, lending.MayAskRenewal(withRules(t, "loans.other_overdues", mode), noon("2026-03-02"), renewal).Allowed, allowed)
		}
		mustRefuse(t, lending.MayAskRenewal(withRules(t, "loans.other_overdues", "block_item"), noon("2026-03-10"), renewal).Decision, "item_overdue")
	},
	"REN-20": func(t *testing.T) {
		for mode, want := range map[string]string{"charge": "5.00", "forgive": "0.00"} {
			document := withRules(t, "loans.fine_at_renewal", mode, "fines.overdue", `{set_by: library, rate: "1.00", cap: none, count: calendar}`)
			got := costs.FineAtRenewal(document, noon("2026-03-07"), own("book"), costs.ResolveTerms(document, costs.LoanFacts{Match: own("book")}), broker.MustDate("2026-03-02"))
			mustBe(t, mode, got.Amount, usd(want))
		}
	},
	"REN-23": func(t *testing.T) {
		document := withRules(t, "loans.recall_days", "{days: 5, count: calendar}")
		mustBe(t, "due in two days", lending.RecallDue(document, noon("2026-03-02"), own("book"), broker.MustDate("2026-03-04")).Value, broker.MustDate("2026-03-04"))
		mustBe(t, "due in a month", lending.RecallDue(document, noon("2026-03-02"), own("book"), broker.MustDate("2026-04-02")).Value, broker.MustDate("2026-03-07"))
	},
	"REN-24": func(t *testing.T) {
		// A threshold crossed, not a window hit: a late run still finds it.
		document := withRules(t, "loans.auto_renew_days", "1")
		for day, want := range map[string]bool{"2026-03-07": false, "2026-03-08": true, "2026-03-09": true, "2026-03-10": true} {
			mustBe(t, day, lending.AutoRenewal(document, noon(day), renewing("0.00")).Allowed, want)
		}
	},
	"REN-25": func(t *testing.T) {
		document := withRules(t, "loans.auto_renew_days", "5", "loans.renewal_opens", "{days_before: 2, precision: date}")
		renewal := renewing("0.00")
		renewal.HeldByOther = true
		mustRefuse(t, lending.AutoRenewal(document, noon("2026-03-05"), renewal).Decision, "too_soon")
		mustRefuse(t, lending.AutoRenewal(document, noon("2026-03-07"), renewal).Decision, "held_for_other")
	},
	"REN-26": func(t *testing.T) {
		renewal := renewing("0.00")
		renewal.OtherHolds = 0 // the one hold there is cannot use this copy
		mustAllow(t, lending.MayAskRenewal(preset(t, "westchester"), noon("2026-03-02"), renewal).Decision)
	},
	"REN-27": func(t *testing.T) {
		for days, want := range map[string]string{"0": "2026-03-02", "none": "2026-03-23"} {
			due := lending.RenewalDue(withRules(t, "loans.renewal_days", days), noon("2026-03-02"), own("book"), broker.MustDate("2026-03-02"))
			mustBe(t, days, due.Value, broker.MustDate(want))
		}
	},
}

// overdueRenewal asks Western District to renew a book a day late.
func overdueRenewal(t *testing.T, owes string) policy.Decision {
	t.Helper()
	return lending.MayAskRenewal(preset(t, "western-district"), noon("2026-03-10"), renewing(owes)).Decision
}

// holdCases are the cases of area holds.
var holdCases = map[string]func(t *testing.T){
	"HLD-07": func(t *testing.T) {
		opening := openOn(t, weekend)
		friday := broker.MustDate("2026-03-06")
		facts := shelf.Facts{Owner: rule.OwnerOwn}
		document := preset(t, "westport")
		mustBe(t, "on its last day", shelf.Expired(document, at("2026-03-06", opening), facts, friday).Value, false)
		mustBe(t, "closed Saturday", shelf.Expired(document, at("2026-03-07", opening), facts, friday).Value, false)
		mustBe(t, "Monday", shelf.Expired(document, at("2026-03-09", opening), facts, friday).Value, true)
	},
	"HLD-08": func(t *testing.T) {
		opening := openOn(t, weekend, "2026-03-05")
		mustBe(t, "expired", shelf.Expired(preset(t, "westport"), at("2026-03-05", opening), shelf.Facts{}, broker.MustDate("2026-03-02")).Value, true)
	},
	"HLD-13": func(t *testing.T) {
		first := adult(usd("0.00"))
		first.Blocks = []policy.Block{{Stops: []rule.Action{rule.ActionCapture}, Why: "nothing is kept for this account"}}
		document := preset(t, "westport")
		mustRefuse(t, blocks.MayAct(document, noon("2026-03-02"), rule.ActionCapture, first), "blocked")
		mustAllow(t, blocks.MayAct(document, noon("2026-03-02"), rule.ActionCapture, adult(usd("0.00"))))
		mustAllow(t, blocks.MayAct(document, noon("2026-03-02"), rule.ActionHold, first))
	},
	"HLD-14": func(t *testing.T) {
		out := taking("book")
		out.Patron = adult(usd("5.01"))
		answer := lending.MayCheckOut(preset(t, "western-district"), noon("2026-03-02"), out)
		mustRefuse(t, answer, "owes_too_much")
		mustBe(t, "staff may override", answer.OverridableBy([]string{"desk"}), true)
		waits := shelf.Facts{Owner: rule.OwnerOwn}
		mustBe(t, "still on the shelf", shelf.Expired(preset(t, "western-district"), noon("2026-03-02"), waits, broker.MustDate("2026-03-02")).Value, false)
	},
	"HLD-17": func(t *testing.T) {
		// What is kept for this person is not held for another, expired or not.
		mustAllow(t, lending.MayCheckOut(preset(t, "westport"), noon("2026-03-13"), taking("book")))
	},
	"HLD-23": func(t *testing.T) {
		hold := shelf.HoldRequest{Patron: adult(usd("0.00")), Owner: rule.OwnerOwn, Format: broker.FormatBook, OpenHolds: 4}
		mustAllow(t, shelf.MayPlaceHold(preset(t, "westchester"), noon("2026-03-02"), hold))
		hold.OpenHolds = 5
		mustRefuse(t, shelf.MayPlaceHold(preset(t, "westchester"), noon("2026-03-02"), hold), "hold_limit_reached")
	},
	"HLD-24": func(t *testing.T) {
		hold := shelf.HoldRequest{Patron: adult(usd("0.00")), Owner: rule.OwnerOwn, Item: "dvd", State: "on_loan"}
		mustRefuse(t, shelf.MayPlaceHold(preset(t, "westchester"), noon("2026-03-02"), hold), "format_not_holdable")
		hold.Item, hold.State = "book", "available"
		mustRefuse(t, shelf.MayPlaceHold(preset(t, "westchester"), noon("2026-03-02"), hold), "state_not_holdable")
	},
	"HLD-26": func(t *testing.T) {
		hold := shelf.HoldRequest{Patron: adult(usd("0.00")), Owner: rule.OwnerOwn, Format: broker.FormatBook, SameTitle: true}
		mustRefuse(t, shelf.MayPlaceHold(preset(t, "westport"), noon("2026-03-02"), hold), "same_title_open")
	},
	"HLD-35": func(t *testing.T) {
		hold := shelf.HoldRequest{Patron: adult(usd("0.00")), Owner: rule.OwnerOwn, Item: "book", State: "on_loan", Channel: rule.ByOnline}
		mustAllow(t, shelf.MayPlaceHold(preset(t, "western-district"), noon("2026-03-02"), hold))
		hold.Patron.Class = "reciprocal"
		mustRefuse(t, shelf.MayPlaceHold(preset(t, "western-district"), noon("2026-03-02"), hold), "state_not_holdable", "channel_not_open")
		hold.State, hold.Channel = "available", rule.ByPhone
		mustAllow(t, shelf.MayPlaceHold(preset(t, "western-district"), noon("2026-03-02"), hold))
	},
}

// A request that a copy on the shelf would fill passes the rules of a hold: its
// state, the way it came, and how many holds are open.
func TestARequestFilledByAHoldPassesTheRulesOfAHold(t *testing.T) {
	t.Parallel()
	ask := ill.Submission{Patron: adult(usd("0.00")), Channel: rule.ByStaff, Format: broker.FormatBook, AsHold: true}
	ask.Hold = shelf.HoldRequest{Owner: rule.OwnerOwn, Item: "book", State: "on_loan", OpenHolds: 4}
	mustAllow(t, ill.MaySubmitILL(preset(t, "westchester"), noon("2026-03-02"), ask).Decision)
	ask.Hold.State, ask.Hold.OpenHolds = "available", 5
	mustRefuse(t, ill.MaySubmitILL(preset(t, "westchester"), noon("2026-03-02"), ask).Decision, "state_not_holdable", "hold_limit_reached")
	ask.Hold.State, ask.Channel, ask.PINGiven = "on_loan", rule.ByOnline, true
	ask.Patron.Class = "reciprocal"
	mustRefuse(t, ill.MaySubmitILL(preset(t, "western-district"), noon("2026-03-02"), ask).Decision, "state_not_holdable", "channel_not_open")
}
