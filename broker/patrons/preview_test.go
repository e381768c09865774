package patrons

import (
	"fmt"
	"testing"

	"afield/broker"
)

// What two accounts have in common, and how much it tells.
func TestSignsOfTheSamePerson(t *testing.T) {
	t.Parallel()
	born := broker.MustDate("2016-08-03")
	known := Patron{Name: "Minor Patron Five", BornOn: born, Phone: "219 555 0102", Email: "five@example.org", Address: "1 High Street, Thomas"}
	for _, c := range []struct {
		other  Patron
		why    string
		likely bool
	}{
		{Patron{Name: "patron five, Minor", BornOn: born}, "[name birth_date]", true},
		{Patron{Name: "Minor Patrone Fiva", BornOn: born}, "[similar_name birth_date]", true},
		{Patron{Name: "Minor Patron Fifteen", BornOn: born}, "[birth_date]", false},
		{Patron{Name: "Minor Patron Five"}, "[name]", false},
		{Patron{Name: "Minor Patron Nine", BornOn: broker.MustDate("2019-01-02"), Address: "1 high street, Thomas "}, "[address]", true},
		{Patron{Name: "Somebody", Phone: "(219) 555-0102"}, "[phone]", true},
		{Patron{Name: "Somebody", Email: "Five@example.org"}, "[email]", true},
		{Patron{Name: "Somebody"}, "[]", false},
		{Patron{}, "[]", false},
	} {
		why := signs(known, c.other)
		if fmt.Sprint(why) != c.why || (weight(why) >= 2) != c.likely {
			t.Errorf("%+v: %v of weight %d", c.other, why, weight(why))
		}
	}
	if why := signs(Patron{}, Patron{}); len(why) > 0 {
		t.Errorf("two of whom nothing is known: %v", why)
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		one, other string
		want       int
	}{{"", "", 0}, {"ab", "ab", 0}, {"kitten", "sitten", 1}, {"kitten", "sittin", 2}, {"abc", "acb", 2}, {"é", "e", 1}, {"abc", "abcdef", 3}} {
		if got := distance(c.one, c.other, 2); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.one, c.other, got, c.want)
		}
	}
}
