package sru

import (
	"cmp"
	"maps"
	"slices"

	"afield/connectors"
)

// Indexes are what a target calls its indexes; "" where it has none, and "*" for
// what it searches by itself.
type Indexes struct {
	ISBN, ISSN, OCLC, Title, Author string
	// Words is the relation for words of a title: "all" where it is "".
	Words string
}

// everywhere stands for an index that needs no name.
const everywhere = "*"

// System is how the systems of one make are searched.
type System struct {
	Version, Schema string
	Indexes         Indexes
	// Holdings names the form in which they write copies.
	Holdings string
}

// systems are those we know, by the word that a target's entry says.
var systems = map[string]System{
	"alma": {"1.2", "marcxml", Indexes{
		ISBN: "alma.isbn", ISSN: "alma.issn", OCLC: "alma.oclc_control_number_035_a", Title: "alma.title", Author: "alma.creator",
	}, "alma"},
	"dnb": {"1.1", "MARC21-xml", Indexes{ISBN: "num", ISSN: "num", Title: "tit", Author: "per", Words: "="}, NoCopies},
	"k10plus": {"1.1", "marcxml", Indexes{
		ISBN: "pica.isb", ISSN: "pica.iss", Title: "pica.tit", Author: "pica.per", Words: "=",
	}, "gvi"},
	"koha": {"1.1", "marcxml", Indexes{ISBN: "bath.isbn", ISSN: "bath.issn", Title: "dc.title", Author: "dc.creator"}, "koha"},
	"loc":  {"1.1", "marcxml", Indexes{ISBN: "bath.isbn", ISSN: "bath.issn", Title: "dc.title", Author: "dc.creator"}, NoCopies},
	"opac": {"2.0", "opacxml", Indexes{ISBN: "bath.isbn", ISSN: "bath.issn", Title: "dc.title", Author: "dc.creator"}, "opac"},
	"zdb":  {"1.1", "MARC21-xml", Indexes{ISSN: everywhere, Title: everywhere}, "gvi"},
	"zebra": {"1.2", "marcxml", Indexes{
		ISBN: "bath.isbn", ISSN: "bath.issn", OCLC: "rec.oclc", Title: "dc.title", Author: "dc.creator",
	}, "marc21"},
}

// Systems are the words for the systems we know.
func Systems() []string { return slices.Sorted(maps.Keys(systems)) }

// of puts together what is known of a target: its system, and over that what its
// entry says otherwise.
func of(target connectors.Target) System {
	known := systems[target.System]
	replace := func(into *string, with string) {
		if with != "" {
			*into = with
		}
	}
	replace(&known.Version, target.Version)
	replace(&known.Schema, target.Schema)
	replace(&known.Holdings, target.Holdings)
	for name, into := range map[string]*string{
		"isbn": &known.Indexes.ISBN, "issn": &known.Indexes.ISSN, "oclc": &known.Indexes.OCLC,
		"title": &known.Indexes.Title, "author": &known.Indexes.Author,
	} {
		replace(into, target.Indexes[name])
	}
	known.Version, known.Schema = cmp.Or(known.Version, "1.2"), cmp.Or(known.Schema, "marcxml")
	known.Holdings = cmp.Or(known.Holdings, NoCopies)
	return known
}
