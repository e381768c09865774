package policy_test

import (
	"testing"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/blocks"
	"afield/broker/policy/costs"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
)

func taking(item string, out ...lending.OutItem) lending.Checkout {
	return lending.Checkout{Patron: policytest.Adult(broker.Money{}), Owner: rule.OwnerOwn, Item: item, Lendable: true, Out: out}
}

func outOf(item string, count int) lending.OutItem {
	return lending.OutItem{Owner: rule.OwnerOwn, Item: item, Count: count}
}

// renewing is an own book due a week after policytest.Noon("2026-03-02").
func renewing(owes string) lending.Renewal {
	return lending.Renewal{Patron: policytest.Adult(policytest.USD(owes)), Owner: rule.OwnerOwn, Item: "book", Due: broker.MustDate("2026-03-09")}
}

// standingCases are the cases of areas blocks and limits beside blockCases.
var standingCases = map[string]func(t *testing.T){
	"BLK-16": func(t *testing.T) {
		document := policytest.WithRules(t, "blocks.guarantee_debt", `{blocked_when: ">=", amount: "5.00", counts: all}`)
		patron := policytest.Adult(policytest.USD("0.00"))
		for owes, allowed := range map[string]bool{"4.99": true, "5.00": false, "10.00": false} {
			patron.Linked = []policy.LinkedAccount{{Owes: policy.OwedInAll(policytest.USD(owes))}}
			answer := blocks.MayAct(document, policytest.Noon("2026-03-02"), rule.ActionCheckout, patron)
			policytest.MustBe(t, "allowed when they owe "+owes, answer.Allowed, allowed)
		}
	},
	"BLK-20": func(t *testing.T) {
		// Western District blocks checkout and sets no amount for renewing in time.
		document := policytest.Preset(t, "western-district")
		policytest.MustAllow(t, lending.MayAskRenewal(document, policytest.Noon("2026-03-02"), renewing("9.00")).Decision)
		policytest.MustRefuse(t, policytest.Checkout(t, "western-district", policytest.Adult(policytest.USD("9.00"))), "owes_too_much")
	},
	"BLK-22": func(t *testing.T) {
		out := taking("other") // a brief record made at the desk
		out.Patron = policytest.Adult(policytest.USD("9.00"))
		answer := lending.MayCheckOut(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), out)
		policytest.MustRefuse(t, answer, "owes_too_much")
		policytest.MustBe(t, "the desk may override", answer.OverridableBy([]string{"desk"}), true)
		policytest.MustBe(t, "nobody else", answer.OverridableBy([]string{"ill"}), false)
	},
	"BLK-24": func(t *testing.T) {
		document := policytest.WithRules(t, "blocks.checkout", `{blocked_when: ">", amount: "5.00", counts: all}`)
		policytest.MustAllow(t, blocks.MayAct(document, policytest.Noon("2026-03-02"), rule.ActionCheckout, policytest.Adult(policytest.USD("5.00"))))
		policytest.MustRefuse(t, blocks.MayAct(document, policytest.Noon("2026-03-02"), rule.ActionCheckout, policytest.Adult(policytest.USD("5.01"))), "owes_too_much")
	},
	"BLK-28": func(t *testing.T) {
		strict := policytest.Preset(t, "westport")
		lenient := policytest.WithRules(t, "blocks.expired_card", "[checkout, ill_request, hold]")
		renewal := renewing("0.00")
		renewal.Patron.CardExpires = broker.MustDate("2026-03-01")
		policytest.MustRefuse(t, lending.MayAskRenewal(strict, policytest.Noon("2026-03-02"), renewal).Decision, "card_expired")
		policytest.MustAllow(t, lending.MayAskRenewal(lenient, policytest.Noon("2026-03-02"), renewal).Decision)
		policytest.MustRefuse(t, blocks.MayAct(lenient, policytest.Noon("2026-03-02"), rule.ActionCheckout, renewal.Patron), "card_expired")
	},
	"BLK-29": func(t *testing.T) {
		document := policytest.Preset(t, "westport")
		policytest.MustBe(t, "blocked, read just now", accounts.RefetchRemote(document, false, 10*time.Second), true)
		policytest.MustBe(t, "good, just under half a day", accounts.RefetchRemote(document, true, 12*time.Hour-time.Second), false)
		policytest.MustBe(t, "good, half a day", accounts.RefetchRemote(document, true, 12*time.Hour), true)
	},
	"LIM-01": func(t *testing.T) {
		library := policytest.Preset(t, "westchester")
		policytest.MustRefuse(t, lending.MayCheckOut(library, policytest.Noon("2026-03-02"), taking("audiobook", outOf("music_cd", 6), outOf("audiobook", 4))), "group_limit_reached")
		policytest.MustAllow(t, lending.MayCheckOut(library, policytest.Noon("2026-03-02"), taking("audiobook", outOf("music_cd", 6), outOf("audiobook", 3))))
	},
	"LIM-04": func(t *testing.T) {
		library := policytest.Preset(t, "western-district")
		policytest.MustRefuse(t, lending.MayCheckOut(library, policytest.Noon("2026-03-02"), taking("tv_show", outOf("film", 5), outOf("nonfiction_film", 3))), "group_limit_reached")
		policytest.MustAllow(t, lending.MayCheckOut(library, policytest.Noon("2026-03-02"), taking("tv_show", outOf("film", 5), outOf("nonfiction_film", 2))))
	},
	"LIM-05": func(t *testing.T) {
		policytest.MustAllow(t, lending.MayCheckOut(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), taking("book", outOf("book", 120))))
	},
	"LIM-08": func(t *testing.T) {
		claimed := lending.OutItem{Owner: rule.OwnerOwn, Item: "book", Claimed: true}
		tallied := policytest.WithRules(t, "loans.type_limit", "1")
		free := policytest.WithRules(t, "loans.type_limit", "1", "loans.limit_counts", "{claimed: false, ill_total: true, ill_types: false}")
		policytest.MustRefuse(t, lending.MayCheckOut(tallied, policytest.Noon("2026-03-02"), taking("book", claimed)), "type_limit_reached")
		policytest.MustAllow(t, lending.MayCheckOut(free, policytest.Noon("2026-03-02"), taking("book", claimed)))
	},
	"LIM-09": func(t *testing.T) {
		policytest.MustRefuse(t, lending.MayCheckOut(policytest.WithRules(t, "loans.type_limit", "0"), policytest.Noon("2026-03-02"), taking("book")), "type_limit_reached")
		policytest.MustAllow(t, lending.MayCheckOut(policytest.WithRules(t, "loans.type_limit", "none"), policytest.Noon("2026-03-02"), taking("book", outOf("book", 1000))))
	},
}

// renewCases are the cases of area renew.
var renewCases = map[string]func(t *testing.T){
	"REN-08": func(t *testing.T) { policytest.MustAllow(t, overdueRenewal(t, "4.99")) },
	"REN-09": func(t *testing.T) { policytest.MustRefuse(t, overdueRenewal(t, "5.00"), "owes_too_much") },
	"REN-10": func(t *testing.T) {
		renewal := renewing("0.00")
		renewal.Renewals = 1
		policytest.MustAllow(t, lending.MayAskRenewal(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), renewal).Decision)
		renewal.Renewals = 2
		policytest.MustRefuse(t, lending.MayAskRenewal(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), renewal).Decision, "renewal_limit_reached")
	},
	"REN-11": func(t *testing.T) {
		renewal := renewing("0.00") // the own hold is no hold of another
		policytest.MustAllow(t, lending.MayAskRenewal(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), renewal).Decision)
		renewal.HeldByOther = true
		policytest.MustRefuse(t, lending.MayAskRenewal(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), renewal).Decision, "held_for_other")
	},
	"REN-12": func(t *testing.T) {
		renewal := renewing("0.00")
		renewal.Item, renewal.Renewals = "dvd", 2
		policytest.MustAllow(t, lending.MayAskRenewal(policytest.Preset(t, "delaware"), policytest.Noon("2026-03-02"), renewal).Decision)
		renewal.Renewals = 3
		policytest.MustRefuse(t, lending.MayAskRenewal(policytest.Preset(t, "delaware"), policytest.Noon("2026-03-02"), renewal).Decision, "renewal_limit_reached")
	},
	"REN-13": func(t *testing.T) {
		document := policytest.WithRules(t, "loans.renewal_holds", "refuse_unless_others_fill")
		renewal := renewing("0.00")
		renewal.OtherHolds, renewal.OtherCopies = 1, 1
		policytest.MustAllow(t, lending.MayAskRenewal(document, policytest.Noon("2026-03-02"), renewal).Decision)
		renewal.OtherHolds = 2
		policytest.MustRefuse(t, lending.MayAskRenewal(document, policytest.Noon("2026-03-02"), renewal).Decision, "held_for_other")
	},
	"REN-17": func(t *testing.T) {
		document := policytest.WithRules(t, "loans.renewal_opens", "{days_before: 7, precision: date}")
		opens := lending.EarliestRenewal(document, policytest.Noon("2026-05-01"), policytest.Own("book"), broker.MustDate("2026-05-20")).Value
		policytest.MustBe(t, "earliest", opens.Format("2006-01-02T15:04"), "2026-05-13T00:00")
		renewal := renewing("0.00")
		renewal.Due = broker.MustDate("2026-05-20")
		moment := policy.Moment{Now: opens.Add(-time.Minute), Calendar: policytest.Noon("2026-05-12").Calendar}
		answer := lending.MayAskRenewal(document, moment, renewal)
		policytest.MustRefuse(t, answer.Decision, "too_soon")
		policytest.MustBe(t, "passes at", answer.Reasons[0].PassesAt.Equal(opens), true)
		moment.Now = opens
		policytest.MustAllow(t, lending.MayAskRenewal(document, moment, renewal).Decision)
	},
	"REN-18": func(t *testing.T) {
		renewal := renewing("0.00")
		renewal.OtherOverdue = true
		for mode, allowed := range map[string]bool{"block": false, "block_item": true, "allow": true} {
			policytest.MustBe(t, mode, lending.MayAskRenewal(policytest.WithRules(t, "loans.other_overdues", mode), policytest.Noon("2026-03-02"), renewal).Allowed, allowed)
		}
		policytest.MustRefuse(t, lending.MayAskRenewal(policytest.WithRules(t, "loans.other_overdues", "block_item"), policytest.Noon("2026-03-10"), renewal).Decision, "item_overdue")
	},
	"REN-20": func(t *testing.T) {
		for mode, want := range map[string]string{"charge": "5.00", "forgive": "0.00"} {
			document := policytest.WithRules(t, "loans.fine_at_renewal", mode, "fines.overdue", `{set_by: library, rate: "1.00", cap: none, count: calendar}`)
			policytest.MustBe(t, mode, renewedLate(document, "2026-03-02", "2026-03-07").Amount, policytest.USD(want))
		}
	},
	"REN-23": func(t *testing.T) {
		document := policytest.WithRules(t, "loans.recall_days", "{days: 5, count: calendar}")
		policytest.MustBe(t, "due in two days", lending.RecallDue(document, policytest.Noon("2026-03-02"), policytest.Own("book"), broker.MustDate("2026-03-04")).Value, broker.MustDate("2026-03-04"))
		policytest.MustBe(t, "due in a month", lending.RecallDue(document, policytest.Noon("2026-03-02"), policytest.Own("book"), broker.MustDate("2026-04-02")).Value, broker.MustDate("2026-03-07"))
	},
	"REN-24": func(t *testing.T) {
		// A threshold crossed, not a window hit: a late run still finds it.
		document := policytest.WithRules(t, "loans.auto_renew_days", "1")
		for day, want := range map[string]bool{"2026-03-07": false, "2026-03-08": true, "2026-03-09": true, "2026-03-10": true} {
			policytest.MustBe(t, day, lending.AutoRenewal(document, policytest.Noon(day), renewing("0.00")).Allowed, want)
		}
	},
	"REN-25": func(t *testing.T) {
		document := policytest.WithRules(t, "loans.auto_renew_days", "5", "loans.renewal_opens", "{days_before: 2, precision: date}")
		renewal := renewing("0.00")
		renewal.HeldByOther = true
		policytest.MustRefuse(t, lending.AutoRenewal(document, policytest.Noon("2026-03-05"), renewal).Decision, "too_soon")
		policytest.MustRefuse(t, lending.AutoRenewal(document, policytest.Noon("2026-03-07"), renewal).Decision, "held_for_other")
	},
	"REN-26": func(t *testing.T) {
		renewal := renewing("0.00")
		renewal.OtherHolds = 0 // the one hold there is cannot use this copy
		policytest.MustAllow(t, lending.MayAskRenewal(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), renewal).Decision)
	},
	"REN-27": func(t *testing.T) {
		for days, want := range map[string]string{"0": "2026-03-02", "none": "2026-03-23"} {
			due := lending.RenewalDue(policytest.WithRules(t, "loans.renewal_days", days), policytest.Noon("2026-03-02"), policytest.Own("book"), broker.MustDate("2026-03-02"))
			policytest.MustBe(t, days, due.Value, broker.MustDate(want))
		}
	},
}

// overdueRenewal asks Western District to renew a book a day late.
func overdueRenewal(t *testing.T, owes string) policy.Decision {
	t.Helper()
	return lending.MayAskRenewal(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-10"), renewing(owes)).Decision
}

// holdCases are the cases of area holds.
var holdCases = map[string]func(t *testing.T){
	"HLD-07": func(t *testing.T) {
		opening := policytest.OpenOn(t, weekend)
		friday := broker.MustDate("2026-03-06")
		facts := shelf.Facts{Match: rule.Match{Owner: rule.OwnerOwn}}
		document := policytest.Preset(t, "westport")
		policytest.MustBe(t, "on its last day", shelf.Expired(document, policytest.At("2026-03-06", opening), facts, friday).Value, false)
		policytest.MustBe(t, "closed Saturday", shelf.Expired(document, policytest.At("2026-03-07", opening), facts, friday).Value, false)
		policytest.MustBe(t, "Monday", shelf.Expired(document, policytest.At("2026-03-09", opening), facts, friday).Value, true)
	},
	"HLD-08": func(t *testing.T) {
		opening := policytest.OpenOn(t, weekend, "2026-03-05")
		policytest.MustBe(t, "expired", shelf.Expired(policytest.Preset(t, "westport"), policytest.At("2026-03-05", opening), shelf.Facts{}, broker.MustDate("2026-03-02")).Value, true)
	},
	"HLD-13": func(t *testing.T) {
		first := policytest.Adult(policytest.USD("0.00"))
		first.Blocks = []policy.Block{{Stops: []rule.Action{rule.ActionCapture}, Why: "nothing is kept for this account"}}
		document := policytest.Preset(t, "westport")
		policytest.MustRefuse(t, blocks.MayAct(document, policytest.Noon("2026-03-02"), rule.ActionCapture, first), "blocked")
		policytest.MustAllow(t, blocks.MayAct(document, policytest.Noon("2026-03-02"), rule.ActionCapture, policytest.Adult(policytest.USD("0.00"))))
		policytest.MustAllow(t, blocks.MayAct(document, policytest.Noon("2026-03-02"), rule.ActionHold, first))
	},
	"HLD-14": func(t *testing.T) {
		out := taking("book")
		out.Patron = policytest.Adult(policytest.USD("5.01"))
		answer := lending.MayCheckOut(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), out)
		policytest.MustRefuse(t, answer, "owes_too_much")
		policytest.MustBe(t, "staff may override", answer.OverridableBy([]string{"desk"}), true)
		waits := shelf.Facts{Match: rule.Match{Owner: rule.OwnerOwn}}
		policytest.MustBe(t, "still on the shelf", shelf.Expired(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), waits, broker.MustDate("2026-03-02")).Value, false)
	},
	"HLD-17": func(t *testing.T) {
		// What is kept for this person is not held for another, expired or not.
		policytest.MustAllow(t, lending.MayCheckOut(policytest.Preset(t, "westport"), policytest.Noon("2026-03-13"), taking("book")))
	},
	"HLD-23": func(t *testing.T) {
		hold := shelf.HoldRequest{Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerOwn, Format: broker.FormatBook, OpenHolds: 4}
		policytest.MustAllow(t, shelf.MayPlaceHold(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), hold))
		hold.OpenHolds = 5
		policytest.MustRefuse(t, shelf.MayPlaceHold(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), hold), "hold_limit_reached")
	},
	"HLD-24": func(t *testing.T) {
		hold := shelf.HoldRequest{Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerOwn, Item: "dvd", State: "on_loan"}
		policytest.MustRefuse(t, shelf.MayPlaceHold(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), hold), "format_not_holdable")
		hold.Item, hold.State = "book", "available"
		policytest.MustRefuse(t, shelf.MayPlaceHold(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), hold), "state_not_holdable")
	},
	"HLD-26": func(t *testing.T) {
		hold := shelf.HoldRequest{Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerOwn, Format: broker.FormatBook, SameTitle: true}
		policytest.MustRefuse(t, shelf.MayPlaceHold(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), hold), "same_title_open")
	},
	"HLD-35": func(t *testing.T) {
		hold := shelf.HoldRequest{Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerOwn, Item: "book", State: "on_loan", Channel: rule.ByOnline}
		policytest.MustAllow(t, shelf.MayPlaceHold(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), hold))
		hold.Patron.Class = "reciprocal"
		policytest.MustRefuse(t, shelf.MayPlaceHold(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), hold), "state_not_holdable", "channel_not_open")
		hold.State, hold.Channel = "available", rule.ByPhone
		policytest.MustAllow(t, shelf.MayPlaceHold(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), hold))
	},
}

// A request that a copy on the shelf would fill passes the rules of a hold: its
// state, the way it came, and how many holds are open.
func TestARequestFilledByAHoldPassesTheRulesOfAHold(t *testing.T) {
	t.Parallel()
	ask := ill.Submission{Patron: policytest.Adult(policytest.USD("0.00")), Channel: rule.ByStaff, Format: broker.FormatBook, AsHold: true}
	ask.Hold = shelf.HoldRequest{Owner: rule.OwnerOwn, Item: "book", State: "on_loan", OpenHolds: 4}
	policytest.MustAllow(t, ill.MaySubmitILL(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), ask).Decision)
	ask.Hold.State, ask.Hold.OpenHolds = "available", 5
	policytest.MustRefuse(t, ill.MaySubmitILL(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), ask).Decision, "state_not_holdable", "hold_limit_reached")
	ask.Hold.State, ask.Channel, ask.PINGiven = "on_loan", rule.ByOnline, true
	ask.Patron.Class = "reciprocal"
	policytest.MustRefuse(t, ill.MaySubmitILL(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), ask).Decision, "state_not_holdable", "channel_not_open")
}

// renewedLate is the fine for a book due on one day and renewed on another.
func renewedLate(document *policy.Document, due, renewed string) costs.Fine {
	asked := broker.MustDate(renewed)
	return costs.Lateness(costs.Facts{
		Terms:   costs.ResolveTerms(document, costs.LoanFacts{Match: policytest.Own("book")}),
		Periods: []costs.Period{{Due: broker.MustDate(due)}, {From: asked, Due: asked.AddDays(21)}}, Until: asked,
		RenewalForgives: costs.RenewalForgives(document, policytest.Own("book")),
	}, calendar.EveryDay(nil))[0]
}
