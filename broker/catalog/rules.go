package catalog

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"afield/broker"
)

// normal gives a title the way it is kept: texts trimmed, ISBNs in 13 digits
// without repeats, OCLC numbers bare, format never empty.
func (t Title) normal() Title {
	var isbns []string
	for _, isbn := range t.ISBNs {
		if normal := broker.NormalISBN(isbn); normal != "" {
			isbns = append(isbns, normal)
		}
	}
	slices.Sort(isbns)
	t.ISBNs = slices.Compact(isbns)
	t.Title, t.Author = strings.TrimSpace(t.Title), strings.TrimSpace(t.Author)
	t.OCLC = broker.NormalOCLC(t.OCLC)
	if t.Format == "" {
		t.Format = broker.FormatBook
	}
	return t
}

// Forms are those in which a title can be, beside print of the usual size.
func Forms() []string { return []string{"online", "large_print", "braille"} }

// SameWords tells whether two titles can be the same by their words: the main
// titles are equal but for an article before them and what stands in brackets, and
// so is the rest where both have one. A record that does not say its title agrees
// with all.
func SameWords(a, b Title) bool {
	if a.Title == "" || b.Title == "" {
		return true
	}
	mainA, restA := titleParts(a.Title)
	mainB, restB := titleParts(b.Title)
	return slices.Equal(mainA, mainB) && (len(restA) == 0 || len(restB) == 0 || slices.Equal(restA, restB))
}

// titleParts are the words of a main title and of what follows it.
func titleParts(text string) (main, rest []string) {
	for {
		before, after, opened := strings.Cut(text, "[")
		_, after, closed := strings.Cut(after, "]")
		if !opened || !closed {
			break
		}
		text = before + " " + after
	}
	first := mainTitle(text)
	main, rest = words(first), words(strings.TrimPrefix(text, first))
	if len(main) > 1 && slices.Contains([]string{"the", "a", "an"}, main[0]) {
		main = main[1:]
	}
	return main, rest
}

// AnyEdition is what a citation says as its edition when any will do.
const AnyEdition = "any"

// AnyWillDo tells whether a citation asks for the work, and not for one edition.
func AnyWillDo(citation broker.Citation) bool {
	return strings.EqualFold(strings.TrimSpace(citation.Edition), AnyEdition)
}

// Audiences are for whom an item can be meant.
func Audiences() []string { return []string{"adult", "teen", "child"} }

// AgeMarks are the marks of items for which other terms may hold.
func AgeMarks() []string { return []string{"new", "high_demand"} }

// longestBarcode bounds a barcode, in characters.
const longestBarcode = 100

// CheckItem judges what is known of an item, whoever brings it: staff, a program
// or a file. types are the material types of the library's policy. It gives
// every problem with its field in the contract.
func CheckItem(types []string, item Item) (wrong []broker.FieldError) {
	say := func(pointer, code, format string, args ...any) {
		wrong = append(wrong, broker.FieldError{Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	wrong = append(wrong, broker.CheckSigns("/barcode", item.Barcode)...)
	switch barcode := item.Barcode; {
	case barcode == "":
		say("/barcode", "required", "must be the barcode of the item")
	case barcode != strings.TrimSpace(barcode):
		say("/barcode", "wrong_form", "must be a barcode without spaces around it")
	case utf8.RuneCountInString(barcode) > longestBarcode:
		say("/barcode", "too_long", "must have at most %d characters", longestBarcode)
	}
	if item.Type != "" && !slices.Contains(types, item.Type) {
		say("/type", "unknown_type", "must be one of %s", strings.Join(types, ", "))
	}
	if known := Audiences(); item.Audience != "" && !slices.Contains(known, item.Audience) {
		say("/audience", "not_allowed", "must be one of %s", strings.Join(known, ", "))
	}
	if known := AgeMarks(); item.AgeMark != "" && !slices.Contains(known, item.AgeMark) {
		say("/age_mark", "not_allowed", "must be one of %s", strings.Join(known, ", "))
	}
	if item.Price != nil && item.Price.Minor < 0 {
		say("/price/minor", "out_of_range", "must not be below zero")
	}
	if item.Parts < 1 {
		say("/parts", "out_of_range", "must be at least 1")
	}
	return wrong
}

// words are a text's letters and digits in lower case, split at the rest.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// Matches tells whether a title may stand for what a citation asks for, judged by
// words because they have no number in common: the same title without its
// subtitle, every word of the shorter author name in the longer, the same format,
// and the year and publisher where the citation insists on them.
func Matches(title Title, citation broker.Citation) bool {
	format := citation.Format
	if format == "" {
		format = broker.FormatBook
	}
	if title.Format != format {
		return false
	}
	if citation.Year != "" && title.Year != "" && citation.Year != title.Year {
		return false
	}
	asked, have := words(citation.Title), words(title.Title)
	if len(asked) == 0 || !(slices.Equal(asked, have) || slices.Equal(asked, words(mainTitle(title.Title))) ||
		slices.Equal(words(mainTitle(citation.Title)), have)) {
		return false
	}
	return sameAuthor(words(citation.Author), words(title.Author))
}

// mainTitle is a title up to its subtitle.
func mainTitle(title string) string {
	if at := strings.IndexAny(title, ":;/"); at > 0 {
		return title[:at]
	}
	return title
}

func sameAuthor(a, b []string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	for _, word := range a {
		if !slices.Contains(b, word) && len(word) > 1 {
			return false
		}
	}
	return true
}

// pick chooses the one title that matches a citation; none when no title or
// several do, because asking a lender for the wrong edition costs more than
// asking a person. The same edition in the catalogues of several is one; so is the
// work where any edition will do.
func pick(titles []Title, citation broker.Citation) (broker.ID, bool) {
	var found Title
	for _, title := range titles {
		if !Matches(title, citation) {
			continue
		}
		if found.ID == broker.NoID {
			found = title
			continue
		}
		sameWork := found.Work == title.Work
		numbers := numbersOf(title)
		sameEdition := found.Realm != title.Realm && slices.ContainsFunc(numbersOf(found), func(n string) bool { return slices.Contains(numbers, n) })
		if !sameEdition && (!sameWork || !AnyWillDo(citation)) {
			return broker.NoID, false
		}
	}
	return found.ID, found.ID != broker.NoID
}
