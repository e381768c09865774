package demo

import (
	"fmt"

	"afield/broker"
)

// person is one patron: a role, never a name.
type person struct {
	library string // key
	number  int    // of the library's adult patrons
	class   string
	// owes is what the account owes from the start, in minor units, for printing.
	owes int64
}

// people lists the patrons. Each story has patrons of its own.
func people() []person {
	list := []person{
		{"westchester", 1, "resident", 0},
		{"westchester", 2, "resident", 0},
		{"westchester", 3, "resident", 500},
		{"westchester", 4, "resident", 0},
		{"dover", 1, "adult", 0},
		{"western-district", 1, "resident", 0},
		{"western-district", 2, "resident", 0},
		{"western-district", 3, "resident", 0},
		{"western-district", 4, "resident", 500},
		{"perth", 1, "member", 0},
		{"keeseville", 1, "adult", 0},
		{"champlain", 1, "adult", 0},
	}
	for number := 1; number <= 10; number++ {
		list = append(list, person{"westport", number, "resident", 0})
	}
	return list
}

func (p person) id() broker.ID {
	return broker.DeriveID("demo", "patron", p.library, fmt.Sprint(p.number))
}

func (p person) cardID() broker.ID {
	return broker.DeriveID("demo", "card", p.library, fmt.Sprint(p.number))
}

// name is the role.
func (p person) name() string { return fmt.Sprintf("Adult patron %d", p.number) }

// card is a number of 14 digits: 2 for a patron, the library, a serial.
func (p person) card() string { return fmt.Sprintf("2%04d%09d", libraryNumber(p.library), p.number) }

// phone is in the range kept for invented numbers.
func (p person) phone() string { return fmt.Sprintf("(555) 555-01%02d", p.number) }

// barcodeOf is a copy's number: 3 for an item, the library, a serial.
func barcodeOf(library string, b book) string {
	for i, one := range books() {
		if one.key == b.key {
			return fmt.Sprintf("3%04d%09d", libraryNumber(library), i+1)
		}
	}
	panic("demo: no book " + b.key)
}

// libraryNumber is a library's place in the list, from 101.
func libraryNumber(key string) int {
	for i, one := range places() {
		if one.key == key {
			return 101 + i
		}
	}
	panic("demo: no library " + key)
}
