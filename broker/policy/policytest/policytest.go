// Package policytest holds what the tests of every policy decision begin with:
// the documents that ship, made-up ones, moments, an ordinary patron, and what a
// decision must say.
package policytest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
)

// Checkout asks whether a patron may take a book of the library's own.
func Checkout(t *testing.T, library string, patron policy.Patron) policy.Decision {
	t.Helper()
	return lending.MayCheckOut(Preset(t, library), Noon("2026-03-02"), lending.Checkout{Patron: patron, Owner: rule.OwnerOwn, Item: "book", Lendable: true})
}

// USD reads an amount in US dollars.
func USD(text string) broker.Money { return Money(text, "USD") }

// CAD reads one in Canadian dollars.
func CAD(text string) broker.Money { return Money(text, "CAD") }

// Money reads an amount in a currency.
func Money(text, currency string) broker.Money {
	amount, err := broker.ParseMoney(text, currency)
	if err != nil {
		panic(err)
	}
	return amount
}

// Noon is a moment at an always open library.
func Noon(date string) policy.Moment {
	return policy.Moment{Now: broker.MustDate(date).At(12, 0, time.UTC), Calendar: calendar.EveryDay(time.UTC)}
}

// At is a moment at a library with a calendar.
func At(date string, opening *calendar.Calendar) policy.Moment {
	return policy.Moment{Now: broker.MustDate(date).At(12, 0, opening.Zone()), Calendar: opening}
}

// ClosedSundays is open from nine to five except on Sundays and the days named.
func ClosedSundays(t *testing.T, closed ...string) *calendar.Calendar {
	t.Helper()
	week := calendar.Week{}
	for day := time.Monday; day <= time.Saturday; day++ {
		week[day] = calendar.MustHours("09:00-17:00")
	}
	plan := calendar.Plan{Hours: week}
	for _, day := range closed {
		plan.Closed = append(plan.Closed, calendar.Closure{From: broker.MustDate(day)})
	}
	opening, err := calendar.New("America/Chicago", plan)
	if err != nil {
		t.Fatal(err)
	}
	return opening
}

// Adult is an ordinary patron of a library who owes an amount.
func Adult(owes broker.Money) policy.Patron {
	return policy.Patron{Class: "resident", HasPhone: true, Owes: policy.OwedInAll(owes)}
}

// Asked is an ordinary request by staff.
func Asked(patron policy.Patron) ill.Submission {
	return ill.Submission{Patron: patron, Channel: rule.ByStaff, Format: broker.FormatBook}
}

// MustAllow states that a decision says yes.
func MustAllow(t *testing.T, answer policy.Decision) {
	t.Helper()
	if !answer.Allowed {
		t.Errorf("refused, want allowed:\n%s", answer.Explain())
	}
}

// MustRefuse states that a decision says no for these reasons and no others.
func MustRefuse(t *testing.T, answer policy.Decision, codes ...string) {
	t.Helper()
	if answer.Allowed || len(answer.Reasons) != len(codes) {
		t.Errorf("want a refusal for %v, got:\n%s", codes, answer.Explain())
	}
	for _, code := range codes {
		if !answer.Has(code) {
			t.Errorf("%s is not among the reasons:\n%s", code, answer.Explain())
		}
	}
}

// MustBe states that two values are the same.
func MustBe[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// Fine works out an overdue fine of a loan under a preset.
func Fine(t *testing.T, document *policy.Document, facts costs.LoanFacts, due, returned string, opening *calendar.Calendar) costs.Fine {
	t.Helper()
	return costs.OverdueFine(costs.ResolveTerms(document, facts), broker.MustDate(due), broker.MustDate(returned), opening)
}

// OfType is a loan of an adult type of material to a resident.
func OfType(owner rule.Owner, item string) costs.LoanFacts {
	return costs.LoanFacts{Match: rule.Match{Owner: owner, Item: item, Class: "resident", Audience: "adult"}}
}

// BorrowedUntil is a borrowed book to be renewed, due on a date.
func BorrowedUntil(due string) lending.Renewal {
	return lending.Renewal{
		Patron: policy.Patron{Class: "resident"}, Owner: rule.OwnerILL, Item: "book",
		Due: broker.MustDate(due), InitialDue: broker.MustDate(due),
	}
}

// WithRules is a library that differs from the default in some attributes; each
// is an id and a value as YAML.
func WithRules(t *testing.T, rules ...string) *policy.Document {
	t.Helper()
	text := ""
	for i := 0; i < len(rules); i += 2 {
		text += "  " + rules[i] + ":\n    value: " + rules[i+1] + "\n    clause: {section: A, says: b}\n"
	}
	return Parsed(t, text)
}

// Clock is a moment at a library with a calendar, at a time of day there.
func Clock(date string, hour, minute int, opening *calendar.Calendar) policy.Moment {
	return policy.Moment{Now: broker.MustDate(date).At(hour, minute, opening.Zone()), Calendar: opening}
}

// OpenOn is open from nine to five on some weekdays in UTC, less the days named.
func OpenOn(t *testing.T, closedWeekdays []time.Weekday, closed ...string) *calendar.Calendar {
	t.Helper()
	week := calendar.Week{}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if !slices.Contains(closedWeekdays, day) {
			week[day] = calendar.MustHours("09:00-17:00")
		}
	}
	plan := calendar.Plan{Hours: week}
	for _, day := range closed {
		plan.Closed = append(plan.Closed, calendar.Closure{From: broker.MustDate(day)})
	}
	opening, err := calendar.New("UTC", plan)
	if err != nil {
		t.Fatal(err)
	}
	return opening
}

// Own is an adult type of material of the library's own, asked for by a resident.
func Own(item string) rule.Match {
	return rule.Match{Owner: rule.OwnerOwn, Item: item, Class: "resident", Audience: "adult"}
}

// Head is the head of a made-up document; the attributes follow.
const Head = "policy: test\ntitle: Test library\ndocument: Test policy\nplace: US-IL\nzone: America/Chicago\nclasses: [plac]\n"

// Parsed reads a document made of the usual Head and some attributes.
func Parsed(t *testing.T, attributes string) *policy.Document {
	t.Helper()
	document, err := policy.Parse("test", []byte(Head+"attributes:\n"+attributes))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// Preset gives a shipped document; each is read once, as a server would.
func Preset(t *testing.T, name string) *policy.Document {
	t.Helper()
	documents, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if documents[name] == nil {
		t.Fatalf("no preset called %s", name)
	}
	return documents[name]
}

// Shipped gives every document that ships, by name; each is read once.
var Shipped = sync.OnceValues(func() (map[string]*policy.Document, error) {
	documents := map[string]*policy.Document{}
	for _, name := range policy.Presets() {
		document, err := policy.Preset(name)
		if err != nil {
			return nil, err
		}
		documents[name] = document
	}
	return documents, nil
})

// ShippedByName gives a preset inside a property.
func ShippedByName(t *rapid.T, name string) *policy.Document {
	documents, err := Shipped()
	if err != nil || documents[name] == nil {
		t.Fatalf("no preset called %s: %v", name, err)
	}
	return documents[name]
}
