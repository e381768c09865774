package iso18626

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"afield/broker"
	"afield/connectors"
)

// code pairs a word of ours with a code of the standard.
type code struct{ ours, theirs string }

// Open codes are compared without regard to letter case, and one that nobody knows
// stays readable in the note.

// unfilledCodes are the reasons for an unfilled request. Where ours has no code of
// its own in the list the nearest is sent, and the note says it in words.
var unfilledCodes = []code{
	{connectors.ReasonNotOnShelf, "NotOnShelf"},
	{connectors.ReasonNotOwned, "NotHeld"},
	{connectors.ReasonNonCirculating, "NonCirculating"},
	{connectors.ReasonPolicy, "PolicyProblem"},
	{connectors.ReasonPolicy, "NotAvailableForILL"},
	{connectors.ReasonPoorCondition, "PoorCondition"},
	{connectors.ReasonOnLoan, "NotAvailableForILL"},
	{connectors.ReasonLost, "NotOnShelf"},
	{connectors.ReasonCostExceeds, "PolicyProblem"},
	// not in the list, but heard
	{connectors.ReasonOnLoan, "OnLoan"},
	{connectors.ReasonLost, "Lost"},
	{connectors.ReasonCostExceeds, "CostExceedsMaxCost"},
	{connectors.ReasonOther, "Duplicate"},
}

// saidInWords are the reasons that the list has no code for.
var saidInWords = map[string]string{
	connectors.ReasonOnLoan: "It is on loan.", connectors.ReasonLost: "It is lost.",
	connectors.ReasonCostExceeds: "The cost is more than you allow.",
}

// retryCodes are the reasons to ask again.
var retryCodes = []code{
	{connectors.ReasonOnLoan, "OnLoan"},
	{connectors.ReasonCostExceeds, "CostExceedsMaxCost"},
	{connectors.ReasonOther, "NotCurrentAvailableForILL"},
	{connectors.ReasonPolicy, "LoanPossible"},
}

// theirs gives the first code for a word of ours.
func theirs(codes []code, ours string) string {
	for _, code := range codes {
		if code.ours == ours {
			return code.theirs
		}
	}
	return ""
}

// ours gives our word for a code, and whether the code is known.
func ours(codes []code, theirs string) (string, bool) {
	for _, code := range codes {
		if strings.EqualFold(code.theirs, theirs) {
			return code.ours, true
		}
	}
	return "", false
}

// material says which publication type and format a kind of material has.
type material struct {
	format          broker.Format
	published, item string
}

// materials is read from the top in both directions.
var materials = []material{
	{broker.FormatDVD, "Movie", "DVD"},
	{broker.FormatMusicCD, "MusicRecording", "CD"},
	{broker.FormatAudiobook, "AudioBook", ""},
	{broker.FormatGame, "Game", ""},
	{broker.FormatMicrofilm, "Book", "Microform"},
	{broker.FormatArticle, "Article", ""},
	{broker.FormatPeriodical, "Journal", ""},
	{broker.FormatPeriodical, "Newspaper", ""},
	{broker.FormatAudiobook, "SoundRecording", ""},
	{broker.FormatArticle, "Chapter", ""},
	{broker.FormatBook, "Book", ""},
}

func formatOf(published, item string) broker.Format {
	for _, m := range materials {
		if (m.item != "" && strings.EqualFold(m.item, item)) || (m.item == "" && m.published != "" && strings.EqualFold(m.published, published)) {
			return m.format
		}
	}
	for _, m := range materials {
		if published != "" && strings.EqualFold(m.published, published) && m.format != broker.FormatMicrofilm {
			return m.format
		}
	}
	return ""
}

func materialOf(format broker.Format) material {
	format = cmp.Or(format, broker.FormatBook)
	return materials[slices.IndexFunc(materials, func(m material) bool { return m.format == format })]
}

// conditionWords say in plain words what the known loan conditions ask.
var conditionWords = []code{
	{"Library use only.", "LibraryUseOnly"},
	{"Library use only, watched by staff.", "WatchLibraryUseOnly"},
	{"No reproduction.", "NoReproduction"},
	{"The reader signs for it.", "SignatureRequired"},
	{"Only under the supervision of special collections.", "SpecCollSupervReq"},
}

// conditionCode gives the code for conditions in free words, where one is named.
func conditionCode(text string) string {
	text = strings.ToLower(text)
	for _, known := range conditionWords {
		if strings.Contains(text, strings.ToLower(strings.TrimSuffix(known.ours, "."))) {
			return known.theirs
		}
	}
	return "Other"
}

// The longest texts that are kept of what peers send, in characters.
const (
	maxTitle  = 1000
	maxAuthor = 500
	maxCited  = 200
	maxNote   = 4000
	maxID     = 200
	maxItem   = 64
)

// clean makes text fit to keep: no control characters but line breaks and tabs,
// at most so many characters.
func clean(text string, longest int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.TrimSpace(text))
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return text
}

// oneLine is clean text of one line.
func oneLine(text string, longest int) string {
	return clean(strings.Join(strings.Fields(text), " "), longest)
}

// lines joins the parts of a note that say something.
func lines(parts ...string) string {
	return clean(strings.Join(slices.DeleteFunc(parts, func(part string) bool { return strings.TrimSpace(part) == "" }), "\n"), maxNote)
}

// instant writes a moment.
func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

// endOf writes a calendar date as the last second of that day, as peers do.
func endOf(date broker.Date) string {
	if date.IsZero() {
		return ""
	}
	return date.String() + "T23:59:59Z"
}

// day reads the calendar date of an instant as it was written: whoever writes the
// end of a day in another zone means that day.
func day(text string) broker.Date {
	at, err := readInstant(text)
	if err != nil || at.Year() < 1900 || at.Year() > 2199 {
		return broker.Date{} // such as 0001-01-01, which some systems write for nothing
	}
	return broker.DateIn(at, at.Location())
}

// amount reads costs; nil where they cannot be read.
func amount(costs *element) *broker.Money {
	text, currency := costs.says("monetaryValue"), strings.ToUpper(costs.says("currencyCode"))
	if !currencyForm.MatchString(currency) || !decimal.MatchString(text) {
		return nil
	}
	units, fraction, _ := strings.Cut(strings.TrimPrefix(text, "+"), ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > 2 {
		return nil
	}
	money, err := broker.ParseMoney(cmp.Or(units, "0")+"."+(fraction + "00")[:2], currency)
	if err != nil || money.Minor < 0 {
		return nil
	}
	return &money
}

var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

func costs(name string, money *broker.Money) *element {
	if money == nil {
		return nil
	}
	return el(name, leaf("currencyCode", money.Currency), leaf("monetaryValue", money.Decimal()))
}

// seqToken is how ReShare numbers its notes.
var seqToken = regexp.MustCompile(`#seq:\d+#`)
