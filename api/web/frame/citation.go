package frame

import (
	"slices"
	"strings"

	"afield/broker"
)

// TitleOf names what is asked for: the title, or the article in its journal.
func (v *Visit) TitleOf(citation broker.Citation) string {
	switch {
	case citation.PartTitle != "" && citation.Title != "" && citation.PartTitle != citation.Title:
		return v.Say("{part}, in {title}", "part", citation.PartTitle, "title", citation.Title)
	case citation.PartTitle != "":
		return citation.PartTitle
	case citation.Title != "":
		return citation.Title
	}
	return v.Say("(no title)")
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
