package directory

import (
	"math"
	"testing"

	"afield/broker"
)

func TestEveryZoneOfTheTableExists(t *testing.T) {
	t.Parallel()
	for place, name := range zones {
		if _, known := ZoneOf(place[:2], place[3:]); !known {
			t.Errorf("%s: no zone %s", place, name)
		}
	}
	if _, known := ZoneOf("US", "ZZ"); known {
		t.Error("a zone for a state that does not exist")
	}
}

func TestDistanceIsTheGreatCircle(t *testing.T) {
	t.Parallel()
	at := func(latitude, longitude float64) Library { return Library{Latitude: &latitude, Longitude: &longitude} }
	got, known := Kilometres(at(40.7128, -74.0060), at(34.0522, -118.2437)) // New York to Los Angeles
	if !known || math.Abs(got-3936) > 10 {
		t.Errorf("%.0f km, %v", got, known)
	}
	if across, _ := Kilometres(at(52, 179.9), at(52, -179.9)); across > 20 {
		t.Errorf("%.0f km across the date line", across)
	}
	if _, known := Kilometres(at(1, 1), Library{}); known {
		t.Error("a distance to nowhere")
	}
}

func TestPauseIncludesBothDays(t *testing.T) {
	t.Parallel()
	terms := LendingTerms{PausedFrom: broker.MustDate("2026-12-20"), PausedUntil: broker.MustDate("2027-01-04")}
	for date, paused := range map[string]bool{"2026-12-19": false, "2026-12-20": true, "2027-01-04": true, "2027-01-05": false} {
		if terms.PausedOn(broker.MustDate(date)) != paused {
			t.Errorf("%s: paused is not %v", date, paused)
		}
	}
	if (LendingTerms{}).PausedOn(broker.MustDate("2026-12-20")) {
		t.Error("no pause is a pause")
	}
	if open := (LendingTerms{PausedFrom: broker.MustDate("2026-12-20")}); !open.PausedOn(broker.MustDate("2030-01-01")) {
		t.Error("a pause without an end ended")
	}
}

func TestWhoBorrowsFreeOfCharge(t *testing.T) {
	t.Parallel()
	group := broker.NewID()
	fee := broker.Money{Minor: 500, Currency: "USD"}
	ohio, indiana := Library{State: "OH", Country: "US"}, Library{State: "IN", Country: "US"}
	cases := map[string]struct {
		terms    LendingTerms
		borrower Library
		groups   []broker.ID
		free     bool
	}{
		"no fee":                    {LendingTerms{Known: true}, indiana, nil, true},
		"fee not known":             {LendingTerms{}, indiana, nil, false},
		"same state":                {LendingTerms{Known: true, Fee: fee, FreeInState: true}, ohio, nil, true},
		"same state, not waived":    {LendingTerms{Known: true, Fee: fee}, ohio, nil, false},
		"other state":               {LendingTerms{Known: true, Fee: fee, FreeInState: true}, indiana, nil, false},
		"in the group":              {LendingTerms{Known: true, Fee: fee, FreeGroups: []broker.ID{group}}, indiana, []broker.ID{group}, true},
		"same state, other country": {LendingTerms{Known: true, Fee: fee, FreeInState: true}, Library{State: "OH", Country: "CA"}, nil, false},
	}
	for name, c := range cases {
		if free, why := c.terms.FreeFor(ohio, c.borrower, c.groups); free != c.free || free != (why != "") {
			t.Errorf("%s: free %v (%s)", name, free, why)
		}
	}
}
