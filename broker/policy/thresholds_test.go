package policy_test

import (
	"slices"
	"strings"
	"testing"

	"afield/broker"
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

// edge is one threshold of a written policy and what comes out one step below
// it, exactly at it, and one step above: a cent, a day, or one more.
type edge struct {
	step [3]string // what is put in
	want [3]bool   // what comes out: allowed, reached, or true
	ask  func(t *testing.T, d *policy.Document, given string) bool
}

func owing(action rule.Action, steps [3]string, want [3]bool) edge {
	return edge{steps, want, func(_ *testing.T, d *policy.Document, owes string) bool {
		return blocks.MayAct(d, policytest.Noon("2026-03-02"), action, policytest.Adult(policytest.Money(owes, d.Currency()))).Allowed
	}}
}

var (
	fiveBlocks = [3]bool{true, false, false} // 5.00 or more
	overBlocks = [3]bool{true, true, false}  // more than the amount
	aboutFive  = [3]string{"4.99", "5.00", "5.01"}
)

func lostDays(due string, days [3]string, want [3]bool) edge {
	return edge{days, want, func(_ *testing.T, d *policy.Document, today string) bool {
		lost := costs.LostOn(d, policytest.Noon(today), policytest.Own("book"), broker.MustDate(due), false)
		return !broker.MustDate(today).Before(lost.On)
	}}
}

func refundable(days [3]string, want [3]bool) edge {
	return edge{days, want, func(_ *testing.T, d *policy.Document, today string) bool {
		return costs.MayRefund(d, policytest.Noon(today), costs.RefundFacts{Match: policytest.Own("book"), Paid: policytest.USD("20.00"), PaidOn: broker.MustDate("2026-01-15")}).Allowed
	}}
}

func shelved(days [3]string, owner rule.Owner) edge {
	return edge{days, [3]bool{true, true, false}, func(t *testing.T, d *policy.Document, today string) bool {
		opening := policytest.ClosedSundays(t)
		until := shelf.Until(d, policytest.At("2026-03-02", opening), shelf.Facts{Match: rule.Match{Owner: owner, Class: "resident", Item: "book"}, Arrived: broker.MustDate("2026-03-02")}).Until
		return !broker.MustDate(today).After(until)
	}}
}

func purged(account accounts.Account, owes [3]string, want [3]bool) edge {
	return edge{owes, want, func(_ *testing.T, d *policy.Document, owes string) bool {
		account.Owes = policytest.USD(owes)
		return accounts.MayPurge(d, policytest.Noon("2026-03-02"), account).Allowed
	}}
}

func counted(steps [3]string, want [3]bool, ask func(d *policy.Document, count int) policy.Decision) edge {
	return edge{steps, want, func(_ *testing.T, d *policy.Document, count string) bool {
		return ask(d, len(count)).Allowed // one stroke for each
	}}
}

// edges is every threshold of the five written policies, by document and
// attribute; some have several sides.
func edges() map[string][]edge {
	longAgo := broker.MustDate("2020-01-01")
	return map[string][]edge{
		"westchester blocks.checkout":            {owing(rule.ActionCheckout, aboutFive, fiveBlocks)},
		"westchester blocks.ill_request":         {owing(rule.ActionILLRequest, aboutFive, fiveBlocks)},
		"westchester blocks.hold":                {owing(rule.ActionHold, aboutFive, fiveBlocks)},
		"westchester blocks.sign_for_minor":      {owing(rule.ActionSignForMinor, aboutFive, fiveBlocks)},
		"delaware blocks.checkout":               {owing(rule.ActionCheckout, aboutFive, fiveBlocks)},
		"delaware blocks.ill_request":            {owing(rule.ActionILLRequest, aboutFive, fiveBlocks)},
		"delaware blocks.computer":               {owing(rule.ActionComputer, aboutFive, fiveBlocks)},
		"western-district blocks.checkout":       {owing(rule.ActionCheckout, aboutFive, overBlocks)},
		"western-district blocks.ill_request":    {owing(rule.ActionILLRequest, aboutFive, overBlocks)},
		"western-district blocks.renew_overdue":  {owing(rule.ActionRenewOverdue, aboutFive, fiveBlocks)},
		"western-district blocks.sign_for_minor": {owing(rule.ActionSignForMinor, aboutFive, fiveBlocks)},
		"perth blocks.checkout":                  {owing(rule.ActionCheckout, [3]string{"19.99", "20.00", "20.01"}, overBlocks)},
		"perth blocks.ill_request":               {owing(rule.ActionILLRequest, [3]string{"19.99", "20.00", "20.01"}, overBlocks)},
		"perth blocks.long_overdue": {counted([3]string{strings.Repeat("|", 29), strings.Repeat("|", 30), strings.Repeat("|", 31)}, [3]bool{true, false, false},
			func(d *policy.Document, days int) policy.Decision {
				patron := policytest.Adult(policytest.CAD("0.00"))
				patron.DaysOverdue = days
				return blocks.MayAct(d, policytest.Noon("2026-03-02"), rule.ActionCheckout, patron)
			})},

		"delaware lost.after":         {lostDays("2026-01-15", [3]string{"2026-04-14", "2026-04-15", "2026-04-16"}, [3]bool{false, true, true})},
		"western-district lost.after": {lostDays("2026-01-15", [3]string{"2026-02-27", "2026-02-28", "2026-03-01"}, [3]bool{false, true, true})},
		"perth lost.after":            {lostDays("2026-01-15", [3]string{"2026-03-16", "2026-03-17", "2026-03-18"}, [3]bool{false, true, true})},

		"westchester lost.refund":      {refundable([3]string{"2026-07-14", "2026-07-15", "2026-07-16"}, [3]bool{true, false, false})},
		"western-district lost.refund": {refundable([3]string{"2026-04-14", "2026-04-15", "2026-04-16"}, [3]bool{true, true, false})},

		"westport shelf.days":         {shelved([3]string{"2026-03-11", "2026-03-12", "2026-03-13"}, rule.OwnerOwn)},
		"western-district shelf.days": {shelved([3]string{"2026-03-07", "2026-03-09", "2026-03-10"}, rule.OwnerOwn), shelved([3]string{"2026-03-07", "2026-03-09", "2026-03-10"}, rule.OwnerILL)},

		"westchester cards.purge": {
			purged(accounts.Account{Class: "resident", LastUsed: longAgo, Expired: longAgo}, [3]string{"0.00", "0.01", "0.02"}, [3]bool{true, false, false}),
		},
		"western-district cards.purge": {
			purged(accounts.Account{Class: "resident", LastUsed: broker.MustDate("2026-01-01"), Expired: broker.MustDate("2022-03-01")}, [3]string{"24.99", "25.00", "25.01"}, [3]bool{true, false, false}),
			purged(accounts.Account{Class: "resident", LastUsed: broker.MustDate("2026-01-01"), Expired: broker.MustDate("2018-03-01")}, [3]string{"99.99", "100.00", "100.01"}, [3]bool{true, false, false}),
		},

		"westchester ill.active_limit": {counted([3]string{"||", "|||", "||||"}, [3]bool{true, false, false}, func(d *policy.Document, active int) policy.Decision {
			request := policytest.Asked(policytest.Adult(policytest.USD("0.00")))
			request.ActiveRequests = active
			return ill.MaySubmitILL(d, policytest.Noon("2026-03-02"), request).Decision
		})},
		"westchester holds.limit": {counted([3]string{"||||", "|||||", "||||||"}, [3]bool{true, false, false}, func(d *policy.Document, holds int) policy.Decision {
			return shelf.MayPlaceHold(d, policytest.Noon("2026-03-02"), shelf.HoldRequest{Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerOwn, Item: "book", Format: "book", OpenHolds: holds})
		})},
		"westchester loans.total_limit": {counted([3]string{strings.Repeat("|", 24), strings.Repeat("|", 25), strings.Repeat("|", 26)}, [3]bool{true, false, false},
			func(d *policy.Document, out int) policy.Decision {
				return lending.MayCheckOut(d, policytest.Noon("2026-03-02"), lending.Checkout{
					Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerOwn, Item: "book", Lendable: true,
					Out: []lending.OutItem{{Owner: rule.OwnerOwn, Item: "puzzle", Count: out}},
				})
			})},
		"westchester claims.limit": {counted([3]string{"||", "|||", "||||"}, [3]bool{true, false, false}, func(d *policy.Document, claims int) policy.Decision {
			return lending.MayClaim(d, policytest.Noon("2026-03-02"), lending.Claim{Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerOwn, Item: "book", Kind: "returned", ShelfChecked: true, Carried: claims}).Decision
		})},
		"western-district claims.limit": {counted([3]string{"|", "||", "|||"}, [3]bool{true, false, false}, func(d *policy.Document, claims int) policy.Decision {
			return lending.MayClaim(d, policytest.Noon("2026-03-02"), lending.Claim{Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerOwn, Item: "book", Kind: "returned", ShelfChecked: true, Lifetime: claims}).Decision
		})},
		"western-district ill.renewal_window": {{[3]string{"2026-08-18", "2026-08-19", "2026-08-20"}, [3]bool{true, true, false}, func(_ *testing.T, d *policy.Document, today string) bool {
			return lending.MayAskRenewal(d, policytest.Noon(today), lending.Renewal{Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerILL, Item: "book", Due: broker.MustDate("2026-08-22")}).Allowed
		}}},
		"westport ill.phone_on_file": {{[3]string{"2025-03-03", "2025-03-02", "2025-03-01"}, [3]bool{true, true, false}, func(_ *testing.T, d *policy.Document, confirmed string) bool {
			request := policytest.Asked(policytest.Adult(policytest.USD("0.00")))
			request.Patron.PhoneConfirmed = broker.MustDate(confirmed)
			return ill.MaySubmitILL(d, policytest.Noon("2026-03-02"), request).Allowed
		}}},
	}
}

// thresholds are the attributes whose values are a limit that something is
// compared with.
var thresholds = []string{
	"blocks.checkout", "blocks.ill_request", "blocks.hold", "blocks.renew", "blocks.renew_overdue", "blocks.computer",
	"blocks.sign_for_minor", "blocks.capture", "blocks.long_overdue", "blocks.guarantee_debt", "lost.after", "lost.refund", "shelf.days",
	"cards.purge", "ill.active_limit", "holds.limit", "loans.total_limit", "claims.limit", "ill.renewal_window", "ill.phone_on_file",
}

// TestEveryThresholdAtItsEdge asks each threshold one step below, at it and one
// step above, and holds that the table has every one the five policies give.
func TestEveryThresholdAtItsEdge(t *testing.T) {
	t.Parallel()
	table := edges()
	for _, name := range []string{"westport", "westchester", "delaware", "western-district", "perth"} {
		for _, attribute := range policytest.Preset(t, name).Attributes() {
			given := attribute.From != "default" && attribute.Text() != `"none"` && slices.Contains(thresholds, attribute.Rule)
			if given && len(table[name+" "+attribute.Rule]) == 0 {
				t.Errorf("%s gives %s (%s: %s) and nothing here asks it", name, attribute.Rule, attribute.WhereText(), attribute.Text())
			}
		}
	}
	for where, sides := range table {
		name, _, _ := strings.Cut(where, " ")
		for _, side := range sides {
			t.Run(where+" at "+side.step[1], func(t *testing.T) {
				t.Parallel()
				for i, given := range side.step {
					if got := side.ask(t, policytest.Preset(t, name), given); got != side.want[i] {
						t.Errorf("with %s it is %t, want %t", given, got, side.want[i])
					}
				}
			})
		}
	}
}
