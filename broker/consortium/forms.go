package consortium

import (
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
)

// The functions here turn what the directory keeps into what the file says, and
// back. Those that go back are given what was checked: they know no errors.

func placeOf(country, state string) string {
	if state == "" {
		return country
	}
	return country + "-" + state
}

func weekOf(plan calendar.Plan) *Week {
	week := &Week{}
	for i, day := range week.days() {
		if hours, open := plan.Hours[time.Weekday((i+1)%7)]; open {
			*day.of = hours.String()
		}
	}
	return week
}

// open is a week that is always open, as a calendar without hours is.
func open() *Week {
	week := &Week{}
	for _, day := range week.days() {
		*day.of = "00:00-24:00"
	}
	return week
}

func closedOf(plan calendar.Plan) []ClosedDays {
	closed := []ClosedDays{}
	for _, one := range plan.Closed {
		days := ClosedDays{From: one.From.String(), Reason: one.Reason}
		if !one.To.IsZero() && one.To != one.From {
			days.To = one.To.String()
		}
		closed = append(closed, days)
	}
	return closed
}

func specialOf(plan calendar.Plan) []SpecialDay {
	special := []SpecialDay{}
	for _, one := range plan.Special {
		special = append(special, SpecialDay{On: one.On.String(), Hours: one.Hours.String()})
	}
	return special
}

func planOf(week *Week, closed []ClosedDays, special []SpecialDay) calendar.Plan {
	var plan calendar.Plan
	if week != nil {
		for i, day := range week.days() {
			if hours, err := calendar.ParseHours(*day.of); err == nil {
				if plan.Hours == nil {
					plan.Hours = calendar.Week{}
				}
				plan.Hours[time.Weekday((i+1)%7)] = hours
			}
		}
	}
	for _, one := range closed {
		plan.Closed = append(plan.Closed, calendar.Closure{From: dateOf(one.From), To: dateOf(one.To), Reason: one.Reason})
	}
	for _, one := range special {
		hours, _ := calendar.ParseHours(one.Hours) // it was checked
		plan.Special = append(plan.Special, calendar.SpecialDay{On: dateOf(one.On), Hours: hours})
	}
	return plan
}

// dateOf reads a date that was checked; "" is none.
func dateOf(text string) broker.Date {
	date, _ := broker.ParseDate(text)
	return date
}

func lendingOf(terms directory.LendingTerms, currency string, groups map[broker.ID]string) Lending {
	lending := Lending{
		Lends: &terms.Lends, Formats: []string{}, Days: &terms.LoanDays, Renewals: &terms.Renewals, Fee: terms.Fee.Decimal(),
		FreeInState: &terms.FreeInState, FreeGroups: []string{}, Paused: &Pause{},
	}
	for _, format := range terms.Formats {
		lending.Formats = append(lending.Formats, string(format))
	}
	for _, group := range terms.FreeGroups {
		lending.FreeGroups = append(lending.FreeGroups, groups[group])
	}
	if terms.Fee.Currency != currency {
		lending.Fee = terms.Fee.String()
	}
	if !terms.PausedFrom.IsZero() {
		lending.Paused.From = terms.PausedFrom.String()
	}
	if !terms.PausedUntil.IsZero() {
		lending.Paused.Until = terms.PausedUntil.String()
	}
	return lending
}

func (l Lending) terms(library broker.ID, currency string, groups map[string]broker.ID) directory.LendingTerms {
	terms := directory.LendingTerms{
		Library: library, Known: true, Lends: *l.Lends, Formats: []broker.Format{}, LoanDays: *l.Days, Renewals: *l.Renewals,
		FreeInState: *l.FreeInState, PausedFrom: dateOf(l.Paused.From), PausedUntil: dateOf(l.Paused.Until),
	}
	terms.Fee, _ = feeOf(l.Fee, currency) // it was checked
	for _, format := range l.Formats {
		terms.Formats = append(terms.Formats, broker.Format(format))
	}
	for _, group := range l.FreeGroups {
		terms.FreeGroups = append(terms.FreeGroups, groups[groupKey(group)])
	}
	return terms
}

// feeOf reads "12.50", or "12.50 CAD" where the fee is not in the library's own
// currency.
func feeOf(text, currency string) (broker.Money, error) {
	amount, other, _ := strings.Cut(text, " ")
	if other != "" {
		currency = other
	}
	return broker.ParseMoney(amount, currency)
}

func tierOf(tier directory.Tier, groups map[broker.ID]string) Tier {
	return Tier{
		Name: tier.Name, Of: string(tier.Members), Group: groups[tier.Group], States: slices.Clone(tier.States), Cost: string(tier.CostRule),
		Days: &tier.DaysToRespond, Fulfilment: string(tier.Fulfilment),
	}
}

func (t Tier) tier(groups map[string]broker.ID) directory.Tier {
	return directory.Tier{
		Name: t.Name, Members: directory.TierMembers(t.Of), Group: groups[groupKey(t.Group)], States: t.States,
		CostRule: directory.CostRule(t.Cost), DaysToRespond: *t.Days, Fulfilment: directory.Fulfilment(t.Fulfilment),
	}
}

func numbersOf(patterns []directory.NumberPattern) *Numbers {
	numbers := &Numbers{Cards: []Pattern{}, Items: []Pattern{}}
	for _, pattern := range patterns {
		one := Pattern{Prefix: pattern.Prefix, Length: &pattern.Length}
		if pattern.Kind == directory.CardNumbers {
			numbers.Cards = append(numbers.Cards, one)
		} else {
			numbers.Items = append(numbers.Items, one)
		}
	}
	return numbers
}

func (n *Numbers) patterns() []directory.NumberPattern {
	var patterns []directory.NumberPattern
	for _, one := range n.Cards {
		patterns = append(patterns, directory.NumberPattern{Kind: directory.CardNumbers, Prefix: one.Prefix, Length: *one.Length})
	}
	for _, one := range n.Items {
		patterns = append(patterns, directory.NumberPattern{Kind: directory.ItemNumbers, Prefix: one.Prefix, Length: *one.Length})
	}
	return patterns
}

// groupKey is how a group or a shared catalogue is known again: by its name, in
// any letter case.
func groupKey(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// ownCatalogue names the catalogue of a library that shares none; a second library
// of one name gets apart by its symbol.
func ownCatalogue(name string) string { return "Catalogue of " + name }

// apart tells something from another of the same name.
func apart(name, by string) string { return name + " (" + by + ")" }
