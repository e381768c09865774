package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
	"afield/broker/policy/telling"
)

// lostOn checks the last day an item is not yet lost and the first it is.
func lostOn(t *testing.T, library, due, notYet, lost string) {
	t.Helper()
	document := policytest.Preset(t, library)
	policytest.MustBe(t, "not yet on "+notYet, costs.LostOn(document, policytest.Noon(notYet), policytest.Own("book"), broker.MustDate(due), false).Now, false)
	policytest.MustBe(t, "lost on "+lost, costs.LostOn(document, policytest.Noon(lost), policytest.Own("book"), broker.MustDate(due), false).Now, true)
	policytest.MustBe(t, "done once", costs.LostOn(document, policytest.Noon(lost), policytest.Own("book"), broker.MustDate(due), true).Now, false)
}

// settling is a library whose rule about returned lost items is written out.
func settling(t *testing.T, overdue string, negative string) *policy.Document {
	t.Helper()
	return policytest.WithRules(t, "lost.on_return", "{overdue: "+overdue+", cancel_unpaid: true, negative_balance: "+negative+"}")
}

func account(lost, overdue, takenBack, now, paid string) costs.LostAccount {
	return costs.LostAccount{LostFee: policytest.USD(lost), Overdue: policytest.USD(overdue), OverdueTakenBack: policytest.USD(takenBack), OverdueNow: policytest.USD(now), Paid: policytest.USD(paid)}
}

func refund(t *testing.T, library, on string, facts costs.RefundFacts) costs.RefundDecision {
	t.Helper()
	facts.Match.Owner = rule.OwnerOwn
	return costs.MayRefund(policytest.Preset(t, library), policytest.Noon(on), facts)
}

// lostCases are the cases of areas lost and claims.
var lostCases = map[string]func(t *testing.T){
	"LST-01": func(t *testing.T) { lostOn(t, "western-district", "2026-06-01", "2026-07-14", "2026-07-15") },
	"LST-03": func(t *testing.T) { lostOn(t, "delaware", "2026-01-15", "2026-04-14", "2026-04-15") },
	"LST-04": func(t *testing.T) {
		item := costs.LostItem{Match: policytest.Own("book"), WillReplace: true, PricePaid: policytest.USD("18.00"), Replacement: policytest.USD("22.00"), Shipping: policytest.USD("4.00")}
		mustCharge(t, "westchester", item, "22.00", "4.00", "5.00")
		item.WillReplace = false
		mustCharge(t, "westchester", item, "18.00")
	},
	"LST-06": func(t *testing.T) {
		facts := costs.RefundFacts{Paid: policytest.USD("30.00"), PaidOn: broker.MustDate("2026-01-01")}
		policytest.MustBe(t, "day 90", refund(t, "western-district", "2026-04-01", facts).Amount, policytest.USD("25.00"))
		late := refund(t, "western-district", "2026-04-02", facts)
		policytest.MustRefuse(t, late.Decision, "refund_too_late")
		policytest.MustBe(t, "day 91", late.Amount, policytest.USD("0.00"))
	},
	"LST-07": func(t *testing.T) {
		facts := costs.RefundFacts{Paid: policytest.USD("3.00"), PaidOn: broker.MustDate("2026-01-01")}
		policytest.MustBe(t, "refund", refund(t, "western-district", "2026-01-02", facts).Amount, policytest.USD("0.00"))
		facts.Paid = policytest.USD("5.01")
		policytest.MustBe(t, "refund", refund(t, "western-district", "2026-01-02", facts).Amount, policytest.USD("0.01"))
	},
	"LST-08": func(t *testing.T) {
		facts := costs.RefundFacts{Paid: policytest.USD("22.00"), PaidOn: broker.MustDate("2026-01-10")}
		policytest.MustBe(t, "refund", refund(t, "westchester", "2026-06-30", facts).Amount, policytest.USD("22.00"))
		policytest.MustBe(t, "the last day", refund(t, "westchester", "2026-07-09", facts).Amount, policytest.USD("22.00"))
		facts.Processing = policytest.USD("5.00")
		policytest.MustBe(t, "the work is kept", refund(t, "westchester", "2026-06-30", facts).Amount, policytest.USD("22.00"))
		policytest.MustBe(t, "six months", refund(t, "westchester", "2026-07-10", facts).Amount, policytest.USD("0.00"))
	},
	"LST-09": func(t *testing.T) {
		facts := costs.RefundFacts{Paid: policytest.USD("22.00"), PaidOn: broker.MustDate("2026-01-10"), Replaced: true}
		answer := refund(t, "westchester", "2026-02-10", facts)
		policytest.MustRefuse(t, answer.Decision, "already_replaced")
		policytest.MustBe(t, "refund", answer.Amount, policytest.USD("0.00"))
	},
	"LST-12": func(t *testing.T) {
		policytest.MustBe(t, "balance", costs.SettleLostReturn(settling(t, "forgive", "true"), account("50.00", "0.00", "0.00", "0.00", "50.00")).Balance, policytest.USD("-50.00"))
	},
	"LST-13": func(t *testing.T) {
		settled := costs.SettleLostReturn(settling(t, "forgive", "false"), account("50.00", "0.00", "0.00", "0.00", "50.00"))
		policytest.MustBe(t, "balance", settled.Balance, policytest.USD("0.00"))
		policytest.MustBe(t, "taken back", settled.LostTakenBack, policytest.USD("0.00"))
	},
	"LST-15": func(t *testing.T) {
		facts := account("0.00", "0.70", "0.00", "0.70", "0.20")
		facts.Amnesty = true
		policytest.MustBe(t, "balance", costs.SettleLostReturn(settling(t, "as_charged", "true"), facts).Balance, policytest.USD("-0.20"))
	},
	"LST-16": func(t *testing.T) {
		settled := costs.SettleLostReturn(settling(t, "restore", "false"), account("50.00", "0.00", "0.70", "0.70", "0.10"))
		policytest.MustBe(t, "balance", settled.Balance, policytest.USD("0.60"))
	},
	"LST-18": func(t *testing.T) {
		settled := costs.SettleLostReturn(settling(t, "restore", "true"), account("50.00", "0.00", "0.70", "0.70", "0.00"))
		policytest.MustBe(t, "overdue, once", settled.Overdue, policytest.USD("0.70"))
	},
	"LST-20-7": func(t *testing.T) {
		document := policytest.WithRules(t, "lost.refund", `{within_days: 7, last_day_counts: false, from: lost, deduct: "0.00", if_replaced: true, processing: false}`)
		facts := costs.RefundFacts{Match: policytest.Own("book"), Paid: policytest.USD("42.00"), LostOn: broker.MustDate("2026-03-01")}
		policytest.MustRefuse(t, costs.MayRefund(document, policytest.Noon("2026-03-08"), facts).Decision, "refund_too_late")
		policytest.MustBe(t, "a day before", costs.MayRefund(document, policytest.Noon("2026-03-07"), facts).Amount, policytest.USD("42.00"))
	},
	"LST-21": func(t *testing.T) {
		settled := costs.SettleLostReturn(settling(t, "charge_new", "true"), account("99.00", "0.00", "10.00", "5.00", "0.00"))
		policytest.MustBe(t, "lost", settled.LostFee, policytest.USD("0.00"))
		policytest.MustBe(t, "overdue", settled.Overdue, policytest.USD("5.00"))
	},
	"LST-23": func(t *testing.T) {
		facts := account("7.00", "10.00", "0.00", "10.00", "0.00")
		facts.StillOpen = true
		policytest.MustBe(t, "before", facts.LostFee.Plus(facts.Overdue), policytest.USD("17.00"))
		settled := costs.SettleLostReturn(settling(t, "charge_new", "true"), facts)
		policytest.MustBe(t, "overdue, once", settled.Overdue, policytest.USD("10.00"))
		policytest.MustBe(t, "balance", settled.Balance, policytest.USD("10.00"))
	},
	"LST-27": func(t *testing.T) {
		refunds, cancelled := costs.RefundBySource(policytest.USD("15.99"), costs.PaidBy{Source: "transfer", Amount: policytest.USD("6.00")}, costs.PaidBy{Source: "patron", Amount: policytest.USD("4.00")})
		policytest.MustBe(t, "cancelled", cancelled, policytest.USD("5.99"))
		want := []costs.PaidBy{{Source: "transfer", Amount: policytest.USD("6.00")}, {Source: "patron", Amount: policytest.USD("4.00")}}
		if diff := cmp.Diff(want, refunds); diff != "" {
			t.Errorf("refunds (-want +got):\n%s", diff)
		}
	},
	"LST-29": func(t *testing.T) { lostOn(t, "perth", "2026-03-01", "2026-04-30", "2026-05-01") },
	"LST-31": func(t *testing.T) {
		policytest.MustBe(t, "cleared", lending.ClaimFoundBy(policytest.Preset(t, "delaware"), policytest.Own("book"), true).Cleared, true)
	},
	"LST-32": func(t *testing.T) {
		policytest.MustBe(t, "cleared", lending.ClaimFoundBy(policytest.Preset(t, "delaware"), policytest.Own("book"), false).Cleared, false)
		got := policytest.Fine(t, policytest.Preset(t, "delaware"), policytest.OfType(rule.OwnerOwn, "book"), "2026-03-02", "2026-03-10", policytest.ClosedSundays(t))
		policytest.MustBe(t, "fine", got.Amount, policytest.USD("0.70"))
	},
	"LST-34": func(t *testing.T) {
		claim := claiming()
		claim.Lifetime = 1
		policytest.MustAllow(t, lending.MayClaim(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), claim).Decision)
		claim.Lifetime = 2
		answer := lending.MayClaim(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), claim)
		policytest.MustRefuse(t, answer.Decision, "claim_limit_reached")
		policytest.MustBe(t, "the director may", answer.OverridableBy([]string{"director"}), true)
		policytest.MustBe(t, "the desk may not", answer.OverridableBy([]string{"desk"}), false)
		// Westchester counts those open now, three of them.
		claim.Lifetime, claim.Carried = 9, 2
		policytest.MustAllow(t, lending.MayClaim(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), claim).Decision)
		claim.Carried = 3
		policytest.MustRefuse(t, lending.MayClaim(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), claim).Decision, "claim_limit_reached")
	},
	"LST-35": func(t *testing.T) {
		claim := claiming()
		claim.Item = "chromebook"
		policytest.MustRefuse(t, lending.MayClaim(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), claim).Decision, "claim_excluded")
	},
	"LST-36": func(t *testing.T) {
		claim := claiming()
		claim.Owner = rule.OwnerConsortium
		policytest.MustBe(t, "decided by", lending.MayClaim(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), claim).DecidedBy, attributes.DecidedByOwner)
		policytest.MustBe(t, "our own", lending.MayClaim(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), claiming()).DecidedBy, attributes.DecidedHere)
	},
	"LST-37": func(t *testing.T) {
		claim := claiming()
		claim.ByGuardian = true
		for age, allowed := range map[int]bool{15: true, 17: true, 18: false} {
			claim.Patron.Age = rule.Some(age)
			answer := lending.MayClaim(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), claim)
			policytest.MustBe(t, "allowed", answer.Allowed, allowed)
			if diff := cmp.Diff([]string{"title", "author", "barcode", "names", "date"}, answer.Note); diff != "" {
				t.Errorf("note (-want +got):\n%s", diff)
			}
		}
	},
	"LST-40": func(t *testing.T) {
		disc := costs.LostItem{Match: policytest.Own("audiobook"), WillReplace: true, Part: "disc 2", Replacement: policytest.USD("60.00"), PartPrice: policytest.USD("10.00")}
		mustCharge(t, "westchester", disc, "60.00", "5.00")
		disc.PartObtainable = true
		mustCharge(t, "westchester", disc, "10.00")
	},
}

func claiming() lending.Claim {
	return lending.Claim{Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerOwn, Item: "book", Kind: "returned", ShelfChecked: true}
}

// mustCharge states what a lost item costs, line by line.
func mustCharge(t *testing.T, library string, item costs.LostItem, want ...string) {
	t.Helper()
	charges, err := costs.LostCharges(policytest.Preset(t, library), item)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, charge := range charges {
		got = append(got, charge.Amount.Decimal())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("charges (-want +got):\n%s", diff)
	}
}

// purging asks Western District on a day eight years after a card ended.
func purging(expiredYears int, owes string) accounts.Account {
	return accounts.Account{Class: "resident", LastUsed: broker.MustDate("2010-01-01"), Expired: broker.MustDate("2026-03-02").AddMonths(-12 * expiredYears), Owes: policytest.USD(owes)}
}

func mayPurge(t *testing.T, library string, account accounts.Account) bool {
	t.Helper()
	return accounts.MayPurge(policytest.Preset(t, library), policytest.Noon("2026-03-02"), account).Allowed
}

// patronCases are the cases of areas patron, privacy and notices.
var patronCases = map[string]func(t *testing.T){
	"PAT-01": func(t *testing.T) {
		library, born := policytest.Preset(t, "western-district"), broker.MustDate("2008-03-02")
		policytest.MustBe(t, "the day before", accounts.PromptsAtAdulthood(library, born, broker.MustDate("2026-03-01")), false)
		policytest.MustBe(t, "on the birthday", accounts.PromptsAtAdulthood(library, born, broker.MustDate("2026-03-02")), true)
		own := accounts.CardApplication{Class: "minor", Age: rule.Some(18), Renewal: true, Met: []attributes.CardNeed{attributes.NeedID}, Shown: []string{"government_photo_id"}}
		policytest.MustAllow(t, accounts.MayHaveCard(library, policytest.Noon("2026-03-02"), own).Decision)
		own.Age = rule.Some(17)
		policytest.MustRefuse(t, accounts.MayHaveCard(library, policytest.Noon("2026-03-02"), own).Decision, "card_need_missing")
	},
	"PAT-02": func(t *testing.T) {
		leap := broker.MustDate("2008-02-29")
		policytest.MustBe(t, "adult on", accounts.AdultOn(policytest.Preset(t, "western-district"), leap).Value, broker.MustDate("2026-03-01"))
		other := policytest.WithRules(t, "cards.adulthood", "{age: 18, leap_day: february_28, then: prompt_staff}")
		policytest.MustBe(t, "by the other custom", accounts.AdultOn(other, leap).Value, broker.MustDate("2026-02-28"))
		policytest.MustBe(t, "age on 28 February", accounts.AgeOn(leap, broker.MustDate("2026-02-28")), 17)
		policytest.MustBe(t, "age on 1 March", accounts.AgeOn(leap, broker.MustDate("2026-03-01")), 18)
	},
	"PAT-05": func(t *testing.T) {
		policytest.MustBe(t, "100.00 after 8 years", mayPurge(t, "western-district", purging(8, "100.00")), false)
		policytest.MustBe(t, "99.99 after 8 years", mayPurge(t, "western-district", purging(8, "99.99")), true)
	},
	"PAT-06": func(t *testing.T) {
		policytest.MustBe(t, "25.00 after 7 years", mayPurge(t, "western-district", purging(7, "25.00")), true)
		policytest.MustBe(t, "25.00 after 5 years", mayPurge(t, "western-district", purging(5, "25.00")), false)
		gone := accounts.MayPurge(policytest.Preset(t, "western-district"), policytest.Noon("2026-03-02"), purging(7, "25.00"))
		policytest.MustBe(t, "written off", gone.WriteOff, policytest.USD("25.00"))
	},
	"PAT-07": func(t *testing.T) {
		policytest.MustBe(t, "24.99 after 3 years", mayPurge(t, "western-district", purging(3, "24.99")), true)
		policytest.MustBe(t, "24.99 after 2 years", mayPurge(t, "western-district", purging(2, "24.99")), false)
		policytest.MustBe(t, "nothing owed, ended last year", mayPurge(t, "western-district", purging(1, "0.00")), true)
		policytest.MustBe(t, "a cent owed, ended last year", mayPurge(t, "western-district", purging(1, "0.01")), false)
		policytest.MustBe(t, "nothing owed, ended this year", mayPurge(t, "western-district", purging(0, "0.00")), false)
	},
	"PAT-08": func(t *testing.T) {
		account := purging(9, "0.00")
		account.Open = 1
		policytest.MustBe(t, "with an open loan", mayPurge(t, "western-district", account), false)
	},
	"PAT-09": func(t *testing.T) {
		account := accounts.Account{Class: "resident", LastUsed: broker.MustDate("2022-03-02"), Owes: policytest.USD("0.00")}
		policytest.MustBe(t, "alone", mayPurge(t, "westchester", account), true)
		account.Owes = policytest.USD("0.01")
		policytest.MustBe(t, "owing a cent", mayPurge(t, "westchester", account), false)
		account.Owes = policytest.USD("0.00")
		account.Linked = true
		policytest.MustBe(t, "linked", mayPurge(t, "westchester", account), false)
	},
	"PAT-12": func(t *testing.T) {
		for age, shown := range map[int]bool{13: true, 14: false} {
			request := accounts.DisclosureRequest{By: accounts.AskerGuardian, PatronAge: rule.Some(age)}
			policytest.MustBe(t, "shown", accounts.MayDisclose(policytest.Preset(t, "perth"), policytest.Noon("2026-03-02"), request).Allowed, shown)
		}
	},
	"PAT-13": func(t *testing.T) {
		library, request := policytest.Preset(t, "delaware"), accounts.DisclosureRequest{By: accounts.AskerOther}
		policytest.MustRefuse(t, accounts.MayDisclose(library, policytest.Noon("2026-03-02"), request), "no_legal_paper", "review_needed")
		request.Paper = "subpoena"
		policytest.MustRefuse(t, accounts.MayDisclose(library, policytest.Noon("2026-03-02"), request), "review_needed")
		request.Reviewed = true
		policytest.MustAllow(t, accounts.MayDisclose(library, policytest.Noon("2026-03-02"), request))
	},
	"PAT-15": func(t *testing.T) {
		out := taking("book")
		out.Patron.Class = "teacher"
		out.Patron.CardExpires = accounts.CardExpires(policytest.Preset(t, "westchester"), broker.MustDate("2025-03-01"), rule.Match{Class: "teacher"}).Value
		policytest.MustRefuse(t, lending.MayCheckOut(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), out), "card_expired")
		policytest.MustAllow(t, lending.MayCheckOut(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-01"), out))
	},
	"PAT-16": func(t *testing.T) {
		apply := accounts.CardApplication{Class: "purchased", Met: []attributes.CardNeed{attributes.NeedID, attributes.NeedProofOfAddress, attributes.NeedPayment}}
		library := policytest.Preset(t, "western-district")
		policytest.MustBe(t, "first adult", accounts.MayHaveCard(library, policytest.Noon("2026-03-02"), apply).Fee, policytest.USD("125.00"))
		apply.HouseholdPaid = true
		policytest.MustBe(t, "second adult", accounts.MayHaveCard(library, policytest.Noon("2026-03-02"), apply).Fee, policytest.USD("0.00"))
		// Westchester's fee is for each person.
		apply.Met = []attributes.CardNeed{attributes.NeedNotResident, attributes.NeedID, attributes.NeedPayment}
		policytest.MustBe(t, "each person", accounts.MayHaveCard(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-02"), apply).Fee, policytest.USD("175.00"))
	},
	"NOT-01": func(t *testing.T) {
		stages := telling.OverdueStages(policytest.Preset(t, "delaware"), policytest.Own("book")).Value
		policytest.MustBe(t, "stages", len(stages), 3)
		for i, want := range []attributes.NoticeChannels{{"sms", "email", "phone"}, {"sms", "email", "phone"}, {"letter"}} {
			if diff := cmp.Diff(want, stages[i].Channels); diff != "" {
				t.Errorf("stage %s (-want +got):\n%s", stages[i].Stage, diff)
			}
		}
		lost := costs.LostOn(policytest.Preset(t, "delaware"), policytest.Noon("2026-03-02"), policytest.Own("book"), broker.MustDate("2026-01-15"), false).On
		policytest.MustBe(t, "the last notice comes before the loss", broker.MustDate("2026-01-15").AddDays(stages[2].DaysAfterDue).Before(lost), true)
	},
	"NOT-02": func(t *testing.T) {
		notice := telling.OverdueNotice(policytest.Preset(t, "westchester"), policytest.Noon("2026-03-09"), policytest.Own("book"), broker.MustDate("2026-03-02"), nil)
		if notice == nil || len(notice.Channels) != 1 || notice.Channels[0] != "call_list" || !notice.IfStaffed {
			t.Errorf("got %+v, want a call when somebody has the time", notice)
		}
	},
	"NOT-05": func(t *testing.T) {
		document, due := policytest.Preset(t, "westport"), broker.MustDate("2026-03-02")
		on := func(days int, done ...string) string {
			notice := telling.OverdueNotice(document, policytest.Noon(due.AddDays(days).String()), policytest.Own("book"), due, done)
			if notice == nil {
				return ""
			}
			return notice.Stage
		}
		policytest.MustBe(t, "day 6", on(6), "")
		policytest.MustBe(t, "day 9, after three missed nights", on(9), "first")
		policytest.MustBe(t, "day 10, sent", on(10, "first"), "")
		policytest.MustBe(t, "day 14", on(14, "first"), "second")
		policytest.MustBe(t, "both missed: the later stands for both", on(20), "second")
		policytest.MustBe(t, "the sequence never goes back", on(20, "second"), "")
	},
	"NOT-07": func(t *testing.T) {
		for days, want := range map[int]bool{-1: false, 0: true, 2: true, 3: false} {
			due := broker.MustDate("2026-03-02").AddDays(days)
			policytest.MustBe(t, due.String(), telling.DueSoon(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), policytest.Own("book"), due).Value, want)
		}
	},
}
