package policy_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/policy/telling"
)

// lostOn checks the last day an item is not yet lost and the first it is.
func lostOn(t *testing.T, library, due, notYet, lost string) {
	t.Helper()
	document := preset(t, library)
	mustBe(t, "not yet on "+notYet, costs.LostOn(document, noon(notYet), own("book"), broker.MustDate(due), false).Now, false)
	mustBe(t, "lost on "+lost, costs.LostOn(document, noon(lost), own("book"), broker.MustDate(due), false).Now, true)
	mustBe(t, "done once", costs.LostOn(document, noon(lost), own("book"), broker.MustDate(due), true).Now, false)
}

// settling is a library whose rule about returned lost items is written out.
func settling(t *testing.T, overdue string, negative string) *policy.Document {
	t.Helper()
	return withRules(t, "lost.on_return", "{overdue: "+overdue+", cancel_unpaid: true, negative_balance: "+negative+"}")
}

func account(lost, overdue, takenBack, now, paid string) costs.LostAccount {
	return costs.LostAccount{LostFee: usd(lost), Overdue: usd(overdue), OverdueTakenBack: usd(takenBack), OverdueNow: usd(now), Paid: usd(paid)}
}

func refund(t *testing.T, library, on string, facts costs.RefundFacts) costs.RefundDecision {
	t.Helper()
	facts.Match.Owner = rule.OwnerOwn
	return costs.MayRefund(preset(t, library), noon(on), facts)
}

// lostCases are the cases of areas lost and claims.
var lostCases = map[string]func(t *testing.T){
	"LST-01": func(t *testing.T) { lostOn(t, "western-district", "2026-06-01", "2026-07-14", "2026-07-15") },
	"LST-03": func(t *testing.T) { lostOn(t, "delaware", "2026-01-15", "2026-04-14", "2026-04-15") },
	"LST-04": func(t *testing.T) {
		item := costs.LostItem{Match: own("book"), WillReplace: true, PricePaid: usd("18.00"), Replacement: usd("22.00"), Shipping: usd("4.00")}
		mustCharge(t, "westchester", item, "22.00", "4.00", "5.00")
		item.WillReplace = false
		mustCharge(t, "westchester", item, "18.00")
	},
	"LST-06": func(t *testing.T) {
		facts := costs.RefundFacts{Paid: usd("30.00"), PaidOn: broker.MustDate("2026-01-01")}
		mustBe(t, "day 90", refund(t, "western-district", "2026-04-01", facts).Amount, usd("25.00"))
		late := refund(t, "western-district", "2026-04-02", facts)
		mustRefuse(t, late.Decision, "refund_too_late")
		mustBe(t, "day 91", late.Amount, usd("0.00"))
	},
	"LST-07": func(t *testing.T) {
		facts := costs.RefundFacts{Paid: usd("3.00"), PaidOn: broker.MustDate("2026-01-01")}
		mustBe(t, "refund", refund(t, "western-district", "2026-01-02", facts).Amount, usd("0.00"))
		facts.Paid = usd("5.01")
		mustBe(t, "refund", refund(t, "western-district", "2026-01-02", facts).Amount, usd("0.01"))
	},
	"LST-08": func(t *testing.T) {
		facts := costs.RefundFacts{Paid: usd("22.00"), PaidOn: broker.MustDate("2026-01-10")}
		mustBe(t, "refund", refund(t, "westchester", "2026-06-30", facts).Amount, usd("22.00"))
		mustBe(t, "the last day", refund(t, "westchester", "2026-07-09", facts).Amount, usd("22.00"))
		facts.Processing = usd("5.00")
		mustBe(t, "the work is kept", refund(t, "westchester", "2026-06-30", facts).Amount, usd("22.00"))
		mustBe(t, "six months", refund(t, "westchester", "2026-07-10", facts).Amount, usd("0.00"))
	},
	"LST-09": func(t *testing.T) {
		facts := costs.RefundFacts{Paid: usd("22.00"), PaidOn: broker.MustDate("2026-01-10"), Replaced: true}
		answer := refund(t, "westchester", "2026-02-10", facts)
		mustRefuse(t, answer.Decision, "already_replaced")
		mustBe(t, "refund", answer.Amount, usd("0.00"))
	},
	"LST-12": func(t *testing.T) {
		mustBe(t, "balance", costs.SettleLostReturn(settling(t, "forgive", "true"), account("50.00", "0.00", "0.00", "0.00", "50.00")).Balance, usd("-50.00"))
	},
	"LST-13": func(t *testing.T) {
		settled := costs.SettleLostReturn(settling(t, "forgive", "false"), account("50.00", "0.00", "0.00", "0.00", "50.00"))
		mustBe(t, "balance", settled.Balance, usd("0.00"))
		mustBe(t, "taken back", settled.LostTakenBack, usd("0.00"))
	},
	"LST-15": func(t *testing.T) {
		facts := account("0.00", "0.70", "0.00", "0.70", "0.20")
		facts.Amnesty = true
		mustBe(t, "balance", costs.SettleLostReturn(settling(t, "as_charged", "true"), facts).Balance, usd("-0.20"))
	},
	"LST-16": func(t *testing.T) {
		settled := costs.SettleLostReturn(settling(t, "restore", "false"), account("50.00", "0.00", "0.70", "0.70", "0.10"))
		mustBe(t, "balance", settled.Balance, usd("0.60"))
	},
	"LST-18": func(t *testing.T) {
		settled := costs.SettleLostReturn(settling(t, "restore", "true"), account("50.00", "0.00", "0.70", "0.70", "0.00"))
		mustBe(t, "overdue, once", settled.Overdue, usd("0.70"))
	},
	"LST-20-7": func(t *testing.T) {
		document := withRules(t, "lost.refund", `{within_days: 7, last_day_counts: false, from: lost, deduct: "0.00", if_replaced: true, processing: false}`)
		facts := costs.RefundFacts{Match: own("book"), Paid: usd("42.00"), LostOn: broker.MustDate("2026-03-01")}
		mustRefuse(t, costs.MayRefund(document, noon("2026-03-08"), facts).Decision, "refund_too_late")
		mustBe(t, "a day before", costs.MayRefund(document, noon("2026-03-07"), facts).Amount, usd("42.00"))
	},
	"LST-21": func(t *testing.T) {
		settled := costs.SettleLostReturn(settling(t, "charge_new", "true"), account("99.00", "0.00", "10.00", "5.00", "0.00"))
		mustBe(t, "lost", settled.LostFee, usd("0.00"))
		mustBe(t, "overdue", settled.Overdue, usd("5.00"))
	},
	"LST-23": func(t *testing.T) {
		facts := account("7.00", "10.00", "0.00", "10.00", "0.00")
		facts.StillOpen = true
		mustBe(t, "before", facts.LostFee.Plus(facts.Overdue), usd("17.00"))
		settled := costs.SettleLostReturn(settling(t, "charge_new", "true"), facts)
		mustBe(t, "overdue, once", settled.Overdue, usd("10.00"))
		mustBe(t, "balance", settled.Balance, usd("10.00"))
	},
	"LST-27": func(t *testing.T) {
		refunds, cancelled := costs.RefundBySource(usd("15.99"), costs.PaidBy{Source: "transfer", Amount: usd("6.00")}, costs.PaidBy{Source: "patron", Amount: usd("4.00")})
		mustBe(t, "cancelled", cancelled, usd("5.99"))
		want := []costs.PaidBy{{Source: "transfer", Amount: usd("6.00")}, {Source: "patron", Amount: usd("4.00")}}
		if diff := cmp.Diff(want, refunds); diff != "" {
			t.Errorf("refunds (-want +got):\n%s", diff)
		}
	},
	"LST-29": func(t *testing.T) { lostOn(t, "perth", "2026-03-01", "2026-04-30", "2026-05-01") },
	"LST-31": func(t *testing.T) {
		mustBe(t, "cleared", lending.ClaimFoundBy(preset(t, "delaware"), own("book"), true).Cleared, true)
	},
	"LST-32": func(t *testing.T) {
		mustBe(t, "cleared", lending.ClaimFoundBy(preset(t, "delaware"), own("book"), false).Cleared, false)
		got := fine(t, preset(t, "delaware"), ofType(rule.OwnerOwn, "book"), "2026-03-02", "2026-03-10", closedSundays(t))
		mustBe(t, "fine", got.Amount, usd("0.70"))
	},
	"LST-34": func(t *testing.T) {
		claim := claiming()
		claim.Lifetime = 1
		mustAllow(t, lending.MayClaim(preset(t, "western-district"), noon("2026-03-02"), claim).Decision)
		claim.Lifetime = 2
		answer := lending.MayClaim(preset(t, "western-district"), noon("2026-03-02"), claim)
		mustRefuse(t, answer.Decision, "claim_limit_reached")
		mustBe(t, "the director may", answer.OverridableBy([]string{"director"}), true)
		mustBe(t, "the desk may not", answer.OverridableBy([]string{"desk"}), false)
		// Westchester counts those open now, three of them.
		claim.Lifetime, claim.Carried = 9, 2
		mustAllow(t, lending.MayClaim(preset(t, "westchester"), noon("2026-03-02"), claim).Decision)
		claim.Carried = 3
		mustRefuse(t, lending.MayClaim(preset(t, "westchester"), noon("2026-03-02"), claim).Decision, "claim_limit_reached")
	},
	"LST-35": func(t *testing.T) {
		claim := claiming()
		claim.Item = "chromebook"
		mustRefuse(t, lending.MayClaim(preset(t, "western-district"), noon("2026-03-02"), claim).Decision, "claim_excluded")
	},
	"LST-36": func(t *testing.T) {
		claim := claiming()
		claim.Owner = rule.OwnerConsortium
		mustBe(t, "decided by", lending.MayClaim(preset(t, "western-district"), noon("2026-03-02"), claim).DecidedBy, attributes.DecidedByOwner)
		mustBe(t, "our own", lending.MayClaim(preset(t, "western-district"), noon("2026-03-02"), claiming()).DecidedBy, attributes.DecidedHere)
	},
	"LST-37": func(t *testing.T) {
		claim := claiming()
		claim.ByGuardian = true
		for age, allowed := range map[int]bool{15: true, 17: true, 18: false} {
			claim.Patron.Age = rule.Some(age)
			answer := lending.MayClaim(preset(t, "western-district"), noon("2026-03-02"), claim)
			mustBe(t, "allowed", answer.Allowed, allowed)
			if diff := cmp.Diff([]string{"title", "author", "barcode", "names", "date"}, answer.Note); diff != "" {
				t.Errorf("note (-want +got):\n%s", diff)
			}
		}
	},
	"LST-40": func(t *testing.T) {
		disc := costs.LostItem{Match: own("audiobook"), WillReplace: true, Part: "disc 2", Replacement: usd("60.00"), PartPrice: usd("10.00")}
		mustCharge(t, "westchester", disc, "60.00", "5.00")
		disc.PartObtainable = true
		mustCharge(t, "westchester", disc, "10.00")
	},
}

func claiming() lending.Claim {
	return lending.Claim{Patron: adult(usd("0.00")), Owner: rule.OwnerOwn, Item: "book", Kind: "returned", ShelfChecked: true}
}

// mustCharge states what a lost item costs, line by line.
func mustCharge(t *testing.T, library string, item costs.LostItem, want ...string) {
	t.Helper()
	charges, err := costs.LostCharges(preset(t, library), item)
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
	return accounts.Account{Class: "resident", LastUsed: broker.MustDate("2010-01-01"), Expired: broker.MustDate("2026-03-02").AddMonths(-12 * expiredYears), Owes: usd(owes)}
}

func mayPurge(t *testing.T, library string, account accounts.Account) bool {
	t.Helper()
	return accounts.MayPurge(preset(t, library), noon("2026-03-02"), account).Allowed
}

// patronCases are the cases of areas patron, privacy and notices.
var patronCases = map[string]func(t *testing.T){
	"PAT-01": func(t *testing.T) {
		library, born := preset(t, "western-district"), broker.MustDate("2008-03-02")
		mustBe(t, "the day before", accounts.PromptsAtAdulthood(library, born, broker.MustDate("2026-03-01")), false)
		mustBe(t, "on the birthday", accounts.PromptsAtAdulthood(library, born, broker.MustDate("2026-03-02")), true)
		own := accounts.CardApplication{Class: "minor", Age: rule.Some(18), Renewal: true, Met: []attributes.CardNeed{attributes.NeedID}, Shown: []string{"government_photo_id"}}
		mustAllow(t, accounts.MayHaveCard(library, noon("2026-03-02"), own).Decision)
		own.Age = rule.Some(17)
		mustRefuse(t, accounts.MayHaveCard(library, noon("2026-03-02"), own).Decision, "card_need_missing")
	},
	"PAT-02": func(t *testing.T) {
		leap := broker.MustDate("2008-02-29")
		mustBe(t, "adult on", accounts.AdultOn(preset(t, "western-district"), leap).Value, broker.MustDate("2026-03-01"))
		other := withRules(t, "cards.adulthood", "{age: 18, leap_day: february_28, then: prompt_staff}")
		mustBe(t, "by the other custom", accounts.AdultOn(other, leap).Value, broker.MustDate("2026-02-28"))
		mustBe(t, "age on 28 February", accounts.AgeOn(leap, broker.MustDate("2026-02-28")), 17)
		mustBe(t, "age on 1 March", accounts.AgeOn(leap, broker.MustDate("2026-03-01")), 18)
	},
	"PAT-05": func(t *testing.T) {
		mustBe(t, "100.00 after 8 years", mayPurge(t, "western-district", purging(8, "100.00")), false)
		mustBe(t, "99.99 after 8 years", mayPurge(t, "western-district", purging(8, "99.99")), true)
	},
	"PAT-06": func(t *testing.T) {
		mustBe(t, "25.00 after 7 years", mayPurge(t, "western-district", purging(7, "25.00")), true)
		mustBe(t, "25.00 after 5 years", mayPurge(t, "western-district", purging(5, "25.00")), false)
		gone := accounts.MayPurge(preset(t, "western-district"), noon("2026-03-02"), purging(7, "25.00"))
		mustBe(t, "written off", gone.WriteOff, usd("25.00"))
	},
	"PAT-07": func(t *testing.T) {
		mustBe(t, "24.99 after 3 years", mayPurge(t, "western-district", purging(3, "24.99")), true)
		mustBe(t, "24.99 after 2 years", mayPurge(t, "western-district", purging(2, "24.99")), false)
		mustBe(t, "nothing owed, ended last year", mayPurge(t, "western-district", purging(1, "0.00")), true)
		mustBe(t, "a cent owed, ended last year", mayPurge(t, "western-district", purging(1, "0.01")), false)
		mustBe(t, "nothing owed, ended this year", mayPurge(t, "western-district", purging(0, "0.00")), false)
	},
	"PAT-08": func(t *testing.T) {
		account := purging(9, "0.00")
		account.Open = 1
		mustBe(t, "with an open loan", mayPurge(t, "western-district", account), false)
	},
	"PAT-09": func(t *testing.T) {
		account := accounts.Account{Class: "resident", LastUsed: broker.MustDate("2022-03-02"), Owes: usd("0.00")}
		mustBe(t, "alone", mayPurge(t, "westchester", account), true)
		account.Owes = usd("0.01")
		mustBe(t, "owing a cent", mayPurge(t, "westchester", account), false)
		account.Owes = usd("0.00")
		account.Linked = true
		mustBe(t, "linked", mayPurge(t, "westchester", account), false)
	},
	"PAT-12": func(t *testing.T) {
		for age, shown := range map[int]bool{13: true, 14: false} {
			request := accounts.DisclosureRequest{By: accounts.AskerGuardian, PatronAge: rule.Some(age)}
			mustBe(t, "shown", accounts.MayDisclose(preset(t, "perth"), noon("2026-03-02"), request).Allowed, shown)
		}
	},
	"PAT-13": func(t *testing.T) {
		library, request := preset(t, "delaware"), accounts.DisclosureRequest{By: accounts.AskerOther}
		mustRefuse(t, accounts.MayDisclose(library, noon("2026-03-02"), request), "no_legal_paper", "review_needed")
		request.Paper = "subpoena"
		mustRefuse(t, accounts.MayDisclose(library, noon("2026-03-02"), request), "review_needed")
		request.Reviewed = true
		mustAllow(t, accounts.MayDisclose(library, noon("2026-03-02"), request))
	},
	"PAT-15": func(t *testing.T) {
		out := taking("book")
		out.Patron.Class = "teacher"
		out.Patron.CardExpires = accounts.CardExpires(preset(t, "westchester"), broker.MustDate("2025-03-01"), "teacher").Value
		mustRefuse(t, lending.MayCheckOut(preset(t, "westchester"), noon("2026-03-02"), out), "card_expired")
		mustAllow(t, lending.MayCheckOut(preset(t, "westchester"), noon("2026-03-01"), out))
	},
	"PAT-16": func(t *testing.T) {
		apply := accounts.CardApplication{Class: "purchased", Met: []attributes.CardNeed{attributes.NeedID, attributes.NeedProofOfAddress, attributes.NeedPayment}}
		library := preset(t, "western-district")
		mustBe(t, "first adult", accounts.MayHaveCard(library, noon("2026-03-02"), apply).Fee, usd("125.00"))
		apply.HouseholdPaid = true
		mustBe(t, "second adult", accounts.MayHaveCard(library, noon("2026-03-02"), apply).Fee, usd("0.00"))
		// Westchester's fee is for each person.
		apply.Met = []attributes.CardNeed{attributes.NeedNotResident, attributes.NeedID, attributes.NeedPayment}
		mustBe(t, "each person", accounts.MayHaveCard(preset(t, "westchester"), noon("2026-03-02"), apply).Fee, usd("175.00"))
	},
	"NOT-01": func(t *testing.T) {
		stages := telling.OverdueStages(preset(t, "delaware"), own("book")).Value
		mustBe(t, "stages", len(stages), 3)
		for i, want := range []attributes.NoticeChannels{{"sms", "email", "phone"}, {"sms", "email", "phone"}, {"letter"}} {
			if diff := cmp.Diff(want, stages[i].Channels); diff != "" {
				t.Errorf("stage %s (-want +got):\n%s", stages[i].Stage, diff)
			}
		}
		lost := costs.LostOn(preset(t, "delaware"), noon("2026-03-02"), own("book"), broker.MustDate("2026-01-15"), false).On
		mustBe(t, "the last notice comes before the loss", broker.MustDate("2026-01-15").AddDays(stages[2].DaysAfterDue).Before(lost), true)
	},
	"NOT-02": func(t *testing.T) {
		notice := telling.OverdueNotice(preset(t, "westchester"), noon("2026-03-09"), own("book"), broker.MustDate("2026-03-02"), nil)
		if notice == nil || len(notice.Channels) != 1 || notice.Channels[0] != "call_list" || !notice.IfStaffed {
			t.Errorf("got %+v, want a call when somebody has the time", notice)
		}
	},
	"NOT-05": func(t *testing.T) {
		document, due := preset(t, "westport"), broker.MustDate("2026-03-02")
		on := func(days int, done ...string) string {
			notice := telling.OverdueNotice(document, noon(due.AddDays(days).String()), own("book"), due, done)
			if notice == nil {
				return ""
			}
			return notice.Stage
		}
		mustBe(t, "day 6", on(6), "")
		mustBe(t, "day 9, after three missed nights", on(9), "first")
		mustBe(t, "day 10, sent", on(10, "first"), "")
		mustBe(t, "day 14", on(14, "first"), "second")
		mustBe(t, "both missed: the later stands for both", on(20), "second")
		mustBe(t, "the sequence never goes back", on(20, "second"), "")
	},
	"NOT-07": func(t *testing.T) {
		for days, want := range map[int]bool{-1: false, 0: true, 2: true, 3: false} {
			due := broker.MustDate("2026-03-02").AddDays(days)
			mustBe(t, due.String(), telling.DueSoon(preset(t, "westport"), noon("2026-03-02"), own("book"), due).Value, want)
		}
	},
}

func TestQuietHoursPutACallOffUntilTheyEnd(t *testing.T) {
	t.Parallel()
	document := withRules(t, "notices.quiet_hours", `{from: "21:00", until: "08:00"}`)
	opening := openOn(t, nil)
	for clockTime, want := range map[[2]int]string{{7, 59}: "2026-03-02 08:00", {8, 0}: "2026-03-02 08:00", {20, 59}: "2026-03-02 20:59", {21, 0}: "2026-03-03 08:00"} {
		got := telling.MayCallAt(document, clock("2026-03-02", clockTime[0], clockTime[1], opening))
		mustBe(t, "may call at", got.In(time.UTC).Format("2006-01-02 15:04"), want)
	}
}
