package policy_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

// testedElsewhere names, for the cases of local circulation that no pure decision
// can answer, where they are tested: they need stored rows, or two acts at once.
var testedElsewhere = map[string]string{
	"FIN-14": "the fine goes by the calendar of the library that lent: broker/returns",
	"FIN-30": "no fine after a return that raced the nightly work: broker/loans",
	"REN-19": "two renewals at one instant: broker/loans",
	"HLD-01": "first requested, first supplied: cmd/afield/scenario",
	"HLD-12": "places move up when others cancel: broker/holds",
	"HLD-19": "a held item scanned at another branch: broker/holds",
	"HLD-20": "a hold cancelled while its item travels: broker/holds",
	"HLD-22": "a checkout ends a transit: broker/holds",
	"HLD-28": "a stale order of the queue: broker/holds",
	"HLD-29": "an expired hold sends the item to its owner: broker/holds",
	"LST-25": "an old fee does not touch a later loan: broker/returns",
	"PAY-03": "nothing, less than nothing and no number are not paid: broker/ledger, broker (ParseMoney)",
	"PAY-05": "what is not given back makes no credit: broker/ledger",
	"PAY-04": "a settled account takes a new charge: broker/ledger",
	"PAT-03": "merging a patron into itself: broker/patrons",
	"PAT-04": "merging two patrons: broker/patrons",
	"PAT-11": "forgetting a loan fails closed: broker/patrons",
}

// localAreas are the areas of cases.yaml this package answers for.
var localAreas = []string{"due", "return", "fines", "blocks", "limits", "renew", "holds", "lost", "claims", "money", "patron", "privacy", "time", "notices"}

// localCases gathers the tables of this package, by id.
func localCases() map[string]func(t *testing.T) {
	all := map[string]func(t *testing.T){}
	for _, table := range []map[string]func(t *testing.T){dueCases, returnCases, fineCases, standingCases, renewCases, holdCases, lostCases, moneyCases, patronCases} {
		for id, check := range table {
			all[id] = check
		}
	}
	return all
}

func TestLocalCases(t *testing.T) {
	t.Parallel()
	for id, check := range localCases() {
		t.Run(id, func(t *testing.T) { t.Parallel(); check(t) })
	}
}

func TestEveryLocalCaseIsCovered(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "policies", "cases.yaml"))
	if err != nil {
		t.Skip("../shared/policies/cases.yaml is not here; the cases themselves are tested from our own tables")
	}
	var given struct {
		Cases []struct{ ID, Area string }
	}
	if err := yaml.Unmarshal(text, &given); err != nil {
		t.Fatal(err)
	}
	ours, found := localCases(), 0
	for _, one := range given.Cases {
		if !slices.Contains(localAreas, one.Area) {
			continue
		}
		found++
		if ours[one.ID] == nil && illCases[one.ID] == nil && blockCases()[one.ID] == nil && testedElsewhere[one.ID] == "" {
			t.Errorf("case %s of area %s has no test", one.ID, one.Area)
		}
	}
	if found < 100 {
		t.Errorf("only %d cases of local circulation were found: has the file changed its shape?", found)
	}
}

var weekend = []time.Weekday{time.Saturday, time.Sunday}

// dueIn checks a due date under one mode of counting.
func dueIn(period, start, want string, closedWeekdays []time.Weekday, closed ...string) func(t *testing.T) {
	return func(t *testing.T) {
		document := policytest.WithRules(t, "loans.period", period)
		policytest.MustBe(t, "due", lending.DueDate(document, policytest.At(start, policytest.OpenOn(t, closedWeekdays, closed...)), policytest.Own("book")).Value, broker.MustDate(want))
	}
}

// dueCases are the cases of areas due and time.
var dueCases = map[string]func(t *testing.T){
	"DUE-02": func(t *testing.T) {
		opening, err := calendar.New("America/Chicago", calendar.Plan{})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Date(2026, 2, 15, 8, 15, 0, 0, time.UTC)
		raw := opening.AddWallClockDays(start, 21)
		policytest.MustBe(t, "raw", raw.Format(time.RFC3339), "2026-03-08T03:15:00-05:00")
		moment := policy.Moment{Now: start, Calendar: opening}
		due := lending.DueDate(policytest.Preset(t, "delaware"), moment, policytest.Own("book")).Value
		policytest.MustBe(t, "stored", lending.DueEnd(policytest.Preset(t, "delaware"), moment, due).Format(time.RFC3339), "2026-03-08T23:59:59-05:00")
	},
	"DUE-04-days":     dueIn("{days: 1, closed_day: keep}", "2012-07-03", "2012-07-04", weekend, "2012-07-04"),
	"DUE-05-datedue":  dueIn("{days: 7, closed_day: next_open}", "2012-07-23", "2012-07-30", weekend),
	"DUE-05-calendar": dueIn("{days: 7, count: open, closed_day: next_open}", "2012-07-23", "2012-08-01", weekend),
	"DUE-07":          dueIn("{days: 14, closed_day: same_weekday}", "2013-02-09", "2013-02-24", []time.Weekday{time.Saturday}),
	"DUE-08":          dueIn("{days: 7, closed_day: same_weekday}", "2013-02-09", "2013-03-09", nil, "2013-02-16", "2013-02-23", "2013-03-02"),
	"DUE-13": func(t *testing.T) {
		here, there := policytest.OpenOn(t, nil), policytest.OpenOn(t, nil, "2012-08-06")
		policytest.MustBe(t, "open here", here.IsOpen(broker.MustDate("2012-08-06")), true)
		policytest.MustBe(t, "open there", there.IsOpen(broker.MustDate("2012-08-06")), false)
	},
	"DUE-14": func(t *testing.T) {
		opening := policytest.ClosedSundays(t, "2026-01-26", "2026-01-27")
		policytest.MustBe(t, "fine", policytest.Fine(t, policytest.Preset(t, "delaware"), policytest.OfType(rule.OwnerOwn, "book"), "2026-01-26", "2026-01-28", opening).Amount, policytest.USD("0.00"))
		policytest.MustBe(t, "due", lending.ReliefDue(policytest.Preset(t, "delaware"), policytest.At("2026-01-26", opening), policytest.Own("book"), broker.MustDate("2026-01-26")).Value, broker.MustDate("2026-01-28"))
	},
	"DUE-15": func(t *testing.T) {
		got := policytest.Fine(t, policytest.Preset(t, "delaware"), policytest.OfType(rule.OwnerOwn, "book"), "2026-01-23", "2026-01-27", policytest.ClosedSundays(t, "2026-01-26"))
		policytest.MustBe(t, "fine", got.Amount, policytest.USD("0.20"))
	},
	"DUE-18": func(t *testing.T) {
		// Charged day by day before the closing was known; worked out again it is nothing.
		terms := costs.ResolveTerms(policytest.Preset(t, "delaware"), policytest.OfType(rule.OwnerOwn, "book"))
		before := costs.OverdueFine(terms, broker.MustDate("2026-01-26"), broker.MustDate("2026-01-28"), policytest.ClosedSundays(t))
		after := costs.OverdueFine(terms, broker.MustDate("2026-01-26"), broker.MustDate("2026-01-28"), policytest.ClosedSundays(t, "2026-01-26", "2026-01-27"))
		policytest.MustBe(t, "taken back", costs.Settle(after.Amount, before.Amount, policytest.USD("0.00")).TakenBack, policytest.USD("0.20"))
	},
	"DUE-21": func(t *testing.T) {
		policytest.MustBe(t, "due", lending.DueDate(policytest.Preset(t, "westchester"), policytest.At("2026-03-03", policytest.ClosedSundays(t)), policytest.Own("dvd")).Value, broker.MustDate("2026-03-09"))
	},
	"DUE-22": func(t *testing.T) {
		out := lending.Checkout{Patron: policytest.Adult(policytest.USD("0.00")), Owner: rule.OwnerOwn, Item: "book", Lendable: true, Due: broker.MustDate("2026-03-01")}
		policytest.MustRefuse(t, lending.MayCheckOut(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), out), "due_in_the_past")
		out.Due = broker.MustDate("2026-03-02")
		policytest.MustAllow(t, lending.MayCheckOut(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), out))
	},
	"DUE-23": func(t *testing.T) {
		policytest.MustBe(t, "lost on", costs.LostOn(policytest.Preset(t, "delaware"), policytest.Noon("2026-02-01"), policytest.Own("book"), broker.MustDate("2025-11-30"), false).On, broker.MustDate("2026-02-28"))
	},
	"TZ-01": func(t *testing.T) {
		moment := policy.Moment{Now: time.Date(2026, 6, 2, 4, 30, 0, 0, time.UTC)}
		library := policytest.Preset(t, "westchester")
		policytest.MustBe(t, "overdue", lending.Overdue(library, moment, broker.MustDate("2026-06-01")), false)
		moment.Now = moment.Now.Add(30 * time.Minute)
		policytest.MustBe(t, "overdue at midnight there", lending.Overdue(library, moment, broker.MustDate("2026-06-01")), true)
	},
}

// dropped checks a return found in the book drop, and what it costs.
func dropped(t *testing.T, library, item, due, day string, hour, minute int, wantOn, wantFine string) {
	t.Helper()
	document, opening := policytest.Preset(t, library), policytest.ClosedSundays(t)
	moment := policytest.Clock(day, hour, minute, opening)
	back := lending.EffectiveReturn(document, moment, lending.HandedIn{Match: rule.Match{Owner: rule.OwnerOwn, Item: item}, Drop: true})
	policytest.MustBe(t, "counts for", back.On, broker.MustDate(wantOn))
	got := costs.FineAtReturn(costs.ResolveTerms(document, policytest.OfType(rule.OwnerOwn, item)), broker.MustDate(due), back, moment)
	policytest.MustBe(t, "fine", got.Amount, policytest.USD(wantFine))
}

// returnCases are the cases of area return.
var returnCases = map[string]func(t *testing.T){
	"RET-01": func(t *testing.T) {
		dropped(t, "delaware", "dvd", "2026-03-06", "2026-03-07", 7, 30, "2026-03-06", "0.00")
		dropped(t, "delaware", "dvd", "2026-03-06", "2026-03-07", 8, 59, "2026-03-06", "0.00")
		dropped(t, "delaware", "dvd", "2026-03-06", "2026-03-07", 9, 0, "2026-03-07", "1.00")
	},
	"RET-02": func(t *testing.T) {
		document, opening := policytest.Preset(t, "delaware"), policytest.ClosedSundays(t)
		moment := policytest.Clock("2026-03-07", 9, 5, opening)
		back := lending.EffectiveReturn(document, moment, lending.HandedIn{Match: rule.Match{Owner: rule.OwnerOwn, Item: "dvd"}})
		got := costs.FineAtReturn(costs.ResolveTerms(document, policytest.OfType(rule.OwnerOwn, "dvd")), broker.MustDate("2026-03-06"), back, moment)
		policytest.MustBe(t, "fine", got.Amount, policytest.USD("1.00"))
	},
	"RET-03": func(t *testing.T) {
		dropped(t, "westchester", "book", "2026-03-06", "2026-03-07", 8, 0, "2026-03-07", "0.05")
		// Emptied on the evening itself it still counts for the following day.
		dropped(t, "westchester", "book", "2026-03-06", "2026-03-06", 21, 0, "2026-03-07", "0.05")
	},
	"RET-05": func(t *testing.T) {
		dropped(t, "delaware", "dvd", "2026-03-07", "2026-03-09", 8, 0, "2026-03-07", "0.00")
		dropped(t, "delaware", "dvd", "2026-03-07", "2026-03-08", 12, 0, "2026-03-07", "0.00")
	},
	"RET-06": func(t *testing.T) {
		back := lending.EffectiveReturn(policytest.Preset(t, "westport"), policytest.Noon("2026-03-02"), lending.HandedIn{Backdate: broker.MustDate("2026-03-03")})
		policytest.MustBe(t, "counts for", back.On, broker.MustDate("2026-03-02"))
	},
	"RET-08": func(t *testing.T) {
		terms := costs.ResolveTerms(policytest.WithRules(t, "fines.overdue", `{set_by: library, rate: "1.00", cap: none, count: calendar}`), costs.LoanFacts{})
		now := costs.OverdueFine(terms, broker.MustDate("2026-03-01"), broker.MustDate("2026-03-02"), calendar.EveryDay(nil))
		settled := costs.Settle(now.Amount, policytest.USD("2.00"), policytest.USD("2.00"))
		policytest.MustBe(t, "charge", settled.Charge, policytest.USD("1.00"))
		policytest.MustBe(t, "taken back", settled.TakenBack, policytest.USD("1.00"))
		policytest.MustBe(t, "balance", settled.Balance, policytest.USD("-1.00"))
		policytest.MustBe(t, "credit", settled.Credit, policytest.USD("1.00"))
	},
	"RET-09": func(t *testing.T) {
		settled := costs.Settle(policytest.USD("0.00"), policytest.USD("0.25"), policytest.USD("0.20"))
		policytest.MustBe(t, "charge", settled.Charge, policytest.USD("0.00"))
		policytest.MustBe(t, "balance", settled.Balance, policytest.USD("-0.20"))
	},
	"RET-10": func(t *testing.T) {
		settled := costs.Settle(policytest.USD("0.00"), policytest.USD("1.00"), policytest.USD("0.00"))
		policytest.MustBe(t, "balance", settled.Balance, policytest.USD("0.00"))
		policytest.MustBe(t, "taken back", settled.TakenBack, policytest.USD("1.00"))
	},
	"RET-11": func(t *testing.T) {
		document := policytest.Preset(t, "perth")
		moment := policytest.Noon("2026-03-20")
		back := lending.EffectiveReturn(document, moment, lending.HandedIn{Backdate: broker.MustDate("2026-03-10"), Amnesty: true})
		got := costs.FineAtReturn(costs.ResolveTerms(document, policytest.OfType(rule.OwnerOwn, "book")), broker.MustDate("2026-03-02"), back, moment)
		policytest.MustBe(t, "fine", got.Amount, policytest.CAD("0.00"))
	},
	"RET-15": func(t *testing.T) {
		hourly := costs.ResolveTerms(policytest.WithRules(t, "fines.overdue", `{set_by: library, rate: "0.50", cap: none, count: open, per: hour}`), costs.LoanFacts{})
		opening := policytest.ClosedSundays(t)
		closing := broker.MustDate("2026-03-02").At(17, 0, opening.Zone())
		// Nobody could hand it in between closing and the next opening.
		policytest.MustBe(t, "at night", costs.OverdueFineAt(hourly, closing, closing.Add(5*time.Hour), opening).Amount, policytest.USD("0.00"))
		// Two open hours lie between 15:00 and closing.
		policytest.MustBe(t, "due before closing", costs.OverdueFineAt(hourly, closing.Add(-2*time.Hour), closing.Add(5*time.Hour), opening).Amount, policytest.USD("1.00"))
		// A day loan is not late before the end of its date.
		policytest.MustBe(t, "day loan", policytest.Fine(t, policytest.Preset(t, "delaware"), policytest.OfType(rule.OwnerOwn, "dvd"), "2026-03-02", "2026-03-02", opening).Amount, policytest.USD("0.00"))
	},
}
