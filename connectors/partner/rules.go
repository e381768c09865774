package partner

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"afield/broker"
	"afield/connectors"
)

// The longest a field may be, in characters, and a list in entries.
const (
	maxTitle    = 1000
	maxAuthor   = 500
	maxCited    = 200 // every other part of a citation
	maxNote     = 4000
	maxVolume   = 100
	maxItems    = 200
	maxRenewals = 999
	maxMinor    = 99_999_999_999 // 999,999,999.99 in most currencies
	minYear     = 1900
	maxYear     = 2199
	maxSymbolNS = 32
	maxSymbol   = 64
)

const symbolMessage = "must be a symbol NAMESPACE:VALUE, for example ISIL:US-NWPTL"

var (
	// No full stop: the signature joins id, timestamp and body with one.
	messageIDForm = regexp.MustCompile(`^[A-Za-z0-9_:-]{1,128}$`)
	requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._:/-]{1,128}$`)
	wordForm      = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	currencyForm  = regexp.MustCompile(`^[A-Z]{3}$`)
	barcodeForm   = regexp.MustCompile(`^[!-~]{1,64}$`)
	namespaceForm = regexp.MustCompile(`^[A-Z0-9._-]+$`)
	symbolForm    = regexp.MustCompile(`^[!-~]+$`)
)

// need is one field that a kind must have.
type need struct {
	pointer string
	message string
	there   func(connectors.Message) bool
}

// needs is what each kind must carry beyond what every message carries.
func needs(kind connectors.Kind) []need {
	due := need{"/due", "is required", func(m connectors.Message) bool { return !m.Due.IsZero() }}
	yes := need{"/yes", "is required", func(m connectors.Message) bool { return m.Yes != nil }}
	cost := need{"/cost", "is required", func(m connectors.Message) bool { return m.Cost != nil }}
	switch kind {
	case connectors.KindRequest:
		return []need{
			{"/citation", "is required", func(m connectors.Message) bool { return m.Citation != nil }},
			{"/service", "is required", func(m connectors.Message) bool { return m.Service != "" }},
		}
	case connectors.KindConditional:
		return []need{{"/conditions", "is required where there is no cost", func(m connectors.Message) bool {
			return m.Conditions != "" || m.Cost != nil
		}}}
	case connectors.KindRetryLater:
		return []need{{"/retry_after", "is required", func(m connectors.Message) bool { return !m.RetryAfter.IsZero() }}}
	case connectors.KindUnfilled:
		return []need{{"/reason", "is required", func(m connectors.Message) bool { return m.Reason != "" }}}
	case connectors.KindLoaned, connectors.KindDueChanged:
		return []need{due}
	case connectors.KindCancelAnswer, connectors.KindRenewAnswer:
		return []need{yes}
	case connectors.KindInvoice:
		return []need{cost}
	case connectors.KindNote:
		return []need{{"/note", "is required", func(m connectors.Message) bool { return m.Note != "" }}}
	}
	return nil
}

// check gives every field of a message that the wire does not allow. Encode and
// Decode share it, so what we would refuse we never send.
func check(message connectors.Message) []broker.FieldError {
	c := &checker{}
	c.form("/id", message.ID, true, messageIDForm, "must be 1 to 128 letters, digits, - _ or :")
	c.form("/request_id", message.RequestID, true, requestIDForm, "must be 1 to 128 letters, digits, - _ . / or :")
	c.form("/previous_request_id", message.PreviousRequestID, false, requestIDForm,
		"must be 1 to 128 letters, digits, - _ . / or :")
	c.kind(message.Kind)
	c.symbol("/borrower", message.Borrower)
	c.symbol("/lender", message.Lender)
	c.instant("/sent_at", message.SentAt)
	for _, need := range needs(message.Kind) {
		if !need.there(message) {
			c.fail(need.pointer, "required", need.message)
		}
	}
	c.citation(message.Citation)
	c.oneOf("/service", message.Service, "loan", "copy")
	c.oneOf("/copyright", message.Copyright, "US:CCG", "US:CCL")
	c.form("/reason", message.Reason, false, wordForm, "must be a word such as not_on_shelf")
	c.date("/need_by", message.NeedBy)
	c.date("/due", message.Due)
	c.date("/retry_after", message.RetryAfter)
	c.money("/max_cost", message.MaxCost)
	c.money("/cost", message.Cost)
	c.count("/renewals", message.Renewals)
	c.money("/fine", message.Fine)
	c.money("/fine_most", message.FineMost)
	if message.FineMost != nil && message.Fine == nil {
		c.fail("/fine", "required", "is required where fine_most is given")
	}
	c.prose("/conditions", message.Conditions)
	c.prose("/note", message.Note)
	c.items(message.Items)
	return c.fields
}

type checker struct{ fields []broker.FieldError }

func (c *checker) fail(pointer, code, message string) {
	c.fields = appendField(c.fields, pointer, code, message)
}

func (c *checker) form(pointer, text string, required bool, form *regexp.Regexp, message string) {
	switch {
	case text == "" && required:
		c.fail(pointer, "required", "is required")
	case text != "" && !form.MatchString(text):
		c.fail(pointer, "wrong_form", message)
	}
}

func (c *checker) kind(kind connectors.Kind) {
	switch {
	case kind == "":
		c.fail("/kind", "required", "is required")
	case !slices.Contains(connectors.EveryKind(), kind):
		c.fail("/kind", "unknown_kind", "is not a kind of message")
	}
}

func (c *checker) symbol(pointer string, symbol broker.Symbol) {
	switch {
	case symbol == broker.Symbol{}:
		c.fail(pointer, "required", "is required")
	case symbol != broker.NewSymbol(symbol.Namespace, symbol.Value),
		len(symbol.Namespace) > maxSymbolNS, len(symbol.Value) > maxSymbol,
		!namespaceForm.MatchString(symbol.Namespace), !symbolForm.MatchString(symbol.Value):
		c.fail(pointer, "not_a_symbol", symbolMessage)
	}
}

func (c *checker) instant(pointer string, at time.Time) {
	year := at.UTC().Year()
	switch {
	case at.IsZero():
		c.fail(pointer, "required", "is required")
	case year < minYear || year > maxYear:
		c.fail(pointer, "out_of_range", fmt.Sprintf("must lie between the years %d and %d", minYear, maxYear))
	}
}

func (c *checker) date(pointer string, date broker.Date) {
	if !date.IsZero() && (date.Year() < minYear || date.Year() > maxYear) {
		c.fail(pointer, "out_of_range", fmt.Sprintf("must lie between the years %d and %d", minYear, maxYear))
	}
}

func (c *checker) oneOf(pointer, text string, allowed ...string) {
	if text == "" {
		return
	}
	for _, word := range allowed {
		if text == word {
			return
		}
	}
	c.fail(pointer, "not_allowed", "must be one of "+strings.Join(allowed, ", "))
}

func (c *checker) money(pointer string, amount *broker.Money) {
	if amount == nil {
		return
	}
	if amount.Minor < 0 || amount.Minor > maxMinor {
		c.fail(pointer+"/minor", "out_of_range", fmt.Sprintf("must lie between 0 and %d", int64(maxMinor)))
	}
	c.form(pointer+"/currency", amount.Currency, true, currencyForm, "must be an ISO 4217 code such as USD")
}

func (c *checker) count(pointer string, count *int) {
	if count != nil && (*count < 0 || *count > maxRenewals) {
		c.fail(pointer, "out_of_range", fmt.Sprintf("must lie between 0 and %d", maxRenewals))
	}
}

// line checks text of one line; prose checks text that may have many. Control
// characters are refused because the database and the slips cannot hold them.
func (c *checker) line(pointer, text string, longest int) { c.chars(pointer, text, longest, "") }

func (c *checker) prose(pointer, text string) { c.chars(pointer, text, maxNote, "\n\r\t") }

func (c *checker) chars(pointer, text string, longest int, allowed string) {
	switch {
	case !utf8.ValidString(text):
		c.fail(pointer, "not_utf8", "is not UTF-8")
	case utf8.RuneCountInString(text) > longest:
		c.fail(pointer, "too_long", fmt.Sprintf("must be at most %d characters", longest))
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(allowed, r) }):
		c.fail(pointer, "control_character", "must not hold control characters")
	}
}

func (c *checker) citation(cited *broker.Citation) {
	if cited == nil {
		return
	}
	if strings.TrimSpace(cited.Title) == "" {
		c.fail("/citation/title", "required", "is required")
	}
	c.line("/citation/title", cited.Title, maxTitle)
	c.line("/citation/author", cited.Author, maxAuthor)
	c.line("/citation/part_title", cited.PartTitle, maxTitle)
	c.line("/citation/part_author", cited.PartAuthor, maxAuthor)
	for _, part := range []struct{ name, text string }{
		{"isbn", cited.ISBN},
		{"issn", cited.ISSN},
		{"oclc", cited.OCLC},
		{"publisher", cited.Publisher},
		{"year", cited.Year},
		{"edition", cited.Edition},
		{"volume", cited.Volume},
		{"issue", cited.Issue},
		{"pages", cited.Pages},
		{"doi", cited.DOI},
		{"pmid", cited.PMID},
	} {
		c.line("/citation/"+part.name, part.text, maxCited)
	}
	c.oneOf("/citation/format", string(cited.Format), formats()...)
}

// formats lists the kinds of material the wire knows.
func formats() (words []string) {
	for _, format := range broker.Formats() {
		words = append(words, string(format))
	}
	return words
}

func (c *checker) items(items []connectors.MessageItem) {
	if len(items) > maxItems {
		c.fail("/items", "too_many", fmt.Sprintf("must be at most %d", maxItems))
		return
	}
	for i, item := range items {
		at := fmt.Sprintf("/items/%d", i)
		c.form(at+"/barcode", item.Barcode, true, barcodeForm, "must be 1 to 64 printable characters without a space")
		c.line(at+"/volume", item.Volume, maxVolume)
	}
}
