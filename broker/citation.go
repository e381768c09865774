package broker

import (
	"cmp"
	"regexp"
	"strings"
)

// Citation is what a patron asks for, as exactly as they can say it. A request
// keeps it even when a title is matched, because the lender sees this.
type Citation struct {
	Title     string `json:"title"`
	Author    string `json:"author,omitempty"`
	ISBN      string `json:"isbn,omitempty"`
	ISSN      string `json:"issn,omitempty"`
	OCLC      string `json:"oclc,omitempty"`
	Publisher string `json:"publisher,omitempty"`
	Year      string `json:"year,omitempty"`
	Edition   string `json:"edition,omitempty"`
	Volume    string `json:"volume,omitempty"`
	// Issue and Pages say which part of a periodical or book a copy is wanted of, and
	// PartTitle and PartAuthor what it is: an article of the periodical that Title
	// names, or a chapter of a book.
	Issue      string `json:"issue,omitempty"`
	Pages      string `json:"pages,omitempty"`
	PartTitle  string `json:"part_title,omitempty"`
	PartAuthor string `json:"part_author,omitempty"`
	// DOI (10.1000/182) and PMID (digits) name an article.
	DOI  string `json:"doi,omitempty"`
	PMID string `json:"pmid,omitempty"`
	// Format is one of the Format constants; empty means book.
	Format Format `json:"format,omitempty"`
}

// Part tells two parts of one journal or book from each other; but for letter case it
// is alike for two requests of the same part, and empty for all that want the whole.
func (c Citation) Part() string {
	part := []string{c.PartTitle, c.Issue, c.Pages, c.DOI, c.PMID}
	if strings.Join(part, "") == "" {
		return ""
	}
	return strings.Join(append(part, c.Volume), "|")
}

// Named is what it is called where there is room for one line, in every language: the
// title, or the article with its journal in brackets.
func (c Citation) Named() string {
	switch {
	case c.PartTitle == "" || c.PartTitle == c.Title:
		return c.Title
	case c.Title == "":
		return c.PartTitle
	}
	return c.PartTitle + " (" + c.Title + ")"
}

// Normal is the citation with its numbers of a periodical and of an article in the one
// form in which they are counted and looked for; what is no valid number stays as it is.
func (c Citation) Normal() Citation {
	c.ISSN, c.DOI, c.PMID = cmp.Or(NormalISSN(c.ISSN), c.ISSN), cmp.Or(NormalDOI(c.DOI), c.DOI), cmp.Or(NormalPMID(c.PMID), c.PMID)
	return c
}

// Format is the kind of material, in the words of the desk.
type Format string

// The formats that lending terms and loan tables distinguish.
const (
	FormatBook       Format = "book"
	FormatPeriodical Format = "periodical"
	FormatDVD        Format = "dvd"
	FormatMusicCD    Format = "music_cd"
	FormatAudiobook  Format = "audiobook"
	FormatGame       Format = "game"
	FormatMicrofilm  Format = "microfilm"
	FormatArticle    Format = "article" // a copy, not returned
)

// Formats lists every format.
func Formats() []Format {
	return []Format{
		FormatBook, FormatPeriodical, FormatDVD, FormatMusicCD, FormatAudiobook, FormatGame, FormatMicrofilm, FormatArticle,
	}
}

// Texts gives words of a closed list as plain texts.
func Texts[T ~string](words []T) []string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	return all
}

// Returnable tells whether the lender expects the item back.
func (f Format) Returnable() bool { return f != FormatArticle }

// digitsOf leaves the digits of a number, and X, which may be its last.
func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r == 'x' || r == 'X':
			return 'X'
		}
		return -1
	}, text)
}

// NormalISBN gives the 13-digit form of a valid ISBN-10 or ISBN-13, or "".
func NormalISBN(text string) string {
	digits := digitsOf(text)
	switch len(digits) {
	case 10:
		sum := 0
		for i, r := range digits {
			value := int(r - '0')
			if r == 'X' {
				if i != 9 {
					return ""
				}
				value = 10
			}
			sum += value * (10 - i)
		}
		if sum%11 != 0 {
			return ""
		}
		body := "978" + digits[:9]
		return body + isbn13Check(body)
	case 13:
		if strings.Contains(digits, "X") || isbn13Check(digits[:12]) != digits[12:] {
			return ""
		}
		return digits
	}
	return ""
}

func isbn13Check(twelve string) string {
	sum := 0
	for i, r := range twelve {
		weight := 1
		if i%2 == 1 {
			weight = 3
		}
		sum += int(r-'0') * weight
	}
	return string(rune('0' + (10-sum%10)%10))
}

// ISBN10 gives the older form of an ISBN of 13 digits, or "" where it has none.
func ISBN10(isbn13 string) string {
	body, has := strings.CutPrefix(isbn13, "978")
	if !has || len(body) != 10 {
		return ""
	}
	sum := 0
	for i, r := range body[:9] {
		sum += int(r-'0') * (10 - i)
	}
	return body[:9] + checkOf11(sum)
}

// checkOf11 is the last sign of a number whose weighted sum must be a multiple of 11.
func checkOf11(sum int) string {
	if check := (11 - sum%11) % 11; check < 10 {
		return string(rune('0' + check))
	}
	return "X"
}

// NormalISSN gives a valid ISSN as 1234-5679, or "".
func NormalISSN(text string) string {
	digits := digitsOf(text)
	if len(digits) != 8 || strings.Contains(digits[:7], "X") {
		return ""
	}
	sum := 0
	for i, r := range digits[:7] {
		sum += int(r-'0') * (8 - i)
	}
	if checkOf11(sum) != digits[7:] {
		return ""
	}
	return digits[:4] + "-" + digits[4:]
}

// NormalOCLC gives the bare digits of an OCLC number such as "(OCoLC)ocm00123",
// or "" when there are none.
func NormalOCLC(text string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
	return strings.TrimLeft(digits, "0")
}

var (
	doiForm  = regexp.MustCompile(`^10\.[0-9]{4,9}(\.[0-9]+)*/[^\s\x00-\x1f\x7f]+$`)
	pmidForm = regexp.MustCompile(`^[0-9]{1,9}$`)
)

// NormalDOI gives a DOI as 10.1000/182 in lower case, of which doi: or an address of
// doi.org may stand before it, or "" (ISO 26324: DOIs are compared without regard to
// case).
func NormalDOI(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, before := range []string{"https://", "http://", "dx.doi.org/", "doi.org/", "info:doi/", "doi:"} {
		text = strings.TrimPrefix(text, before)
	}
	if text = strings.TrimSpace(text); !doiForm.MatchString(text) {
		return ""
	}
	return text
}

// NormalPMID gives a number of PubMed without what stands before it, or "".
func NormalPMID(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, before := range []string{"info:pmid/", "pmid:"} {
		text = strings.TrimPrefix(text, before)
	}
	if text = strings.TrimSpace(text); !pmidForm.MatchString(text) {
		return ""
	}
	return strings.TrimLeft(text, "0")
}
