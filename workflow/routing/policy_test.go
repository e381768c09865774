package routing

import (
	"slices"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/policy/rule"
)

// following makes a query obey the preset of a library in a state.
func following(t *testing.T, preset, state string) Query {
	t.Helper()
	document, err := policy.Preset(preset)
	if err != nil {
		t.Fatal(err)
	}
	return request(func(q *Query) {
		q.Borrower.State = state
		q.FollowPolicy(document, policy.Moment{Now: monday, Place: "US-" + state}, rule.Match{Class: "resident"})
	})
}

// Western District requests only within the 48 contiguous states (case ILL-12).
func TestWesternDistrictAsksOnlyTheContiguousStates(t *testing.T) {
	t.Parallel()
	in := func(country, state string) func(*Candidate) {
		return func(c *Candidate) { c.Country, c.State = country, state }
	}
	rota := Rank(following(t, "western-district", "IL"), []Candidate{
		lender("Ohio", in("US", "OH")), lender("Alaska", in("US", "AK")), lender("Hawaii", in("US", "HI")), lender("Ontario", in("CA", "ON")),
	})
	if got := names(rota); !slices.Equal(got, []string{"Ohio"}) {
		t.Errorf("would ask %v", got)
	}
	for _, passed := range rota.PassedOver {
		reason := passed.Reasons[0]
		if reason.Code != "lender_place_excluded" || reason.Clause.Document == "" {
			t.Errorf("%s: passed over for %+v", passed.Name, reason)
		}
	}
}

// Westchester passes on what lenders outside Indiana charge, to the cent, and
// pays within the state itself: then the patron's ceiling is not in play.
func TestWestchesterPassesOnOnlyWhatComesFromOutsideItsState(t *testing.T) {
	t.Parallel()
	query := following(t, "westchester", "IN")
	most := dollars("5.00")
	query.Ceiling = &most
	in := func(state string) func(*Candidate) {
		return func(c *Candidate) { c.State, c.Groups = state, nil }
	}
	rota := Rank(query, []Candidate{
		lender("Indiana", asking("12.50"), in("IN")), lender("Ohio", asking("12.50"), in("OH")),
		lender("Ohio, cheap", asking("4.25"), in("OH")),
	})
	patron := map[string]broker.Money{}
	for _, entry := range rota.Entries {
		patron[entry.Name] = entry.PatronCost
	}
	if len(patron) != 2 || !patron["Indiana"].IsZero() || patron["Ohio, cheap"] != dollars("4.25") {
		t.Errorf("the patron would pay %v", patron)
	}
	if len(rota.PassedOver) != 1 || rota.PassedOver[0].Reasons[0].Code != CodeAboveCeiling || rota.PassedOver[0].Fulfilment != directory.FulfilILL {
		t.Errorf("passed over %+v", rota.PassedOver)
	}
}
