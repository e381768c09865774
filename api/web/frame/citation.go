package frame

import (
	"cmp"
	"slices"
	"strings"

	"afield/broker"
)

// TitleOf names what is asked for; see broker.Citation.Named.
func (v *Visit) TitleOf(citation broker.Citation) string {
	return cmp.Or(citation.Named(), v.Say("(no title)"))
}

// AboutTitle says what else is known of it, between dots.
func (v *Visit) AboutTitle(citation broker.Citation) string {
	named := func(name, text string) string {
		if text == "" {
			return ""
		}
		return name + " " + text
	}
	return strings.Join(slices.DeleteFunc([]string{
		citation.PartAuthor, citation.Author, citation.Publisher, citation.Year, named(v.Say("Volume"), citation.Volume), named(v.Say("Issue"), citation.Issue),
		named(v.Say("Pages"), citation.Pages), citation.ISBN, named("ISSN", citation.ISSN), named("DOI", citation.DOI), named("PMID", citation.PMID),
	}, func(text string) bool { return text == "" }), " · ")
}
