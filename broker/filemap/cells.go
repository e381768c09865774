package filemap

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	dayAndMonth = regexp.MustCompile(`^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:$|[T ])`)
	shortYear   = regexp.MustCompile(`^\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?:$|[T ])`)
	emptyDate   = regexp.MustCompile(`^[-/. 0]+$`)
	iso         = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)
)

// Date writes a date, or a moment where not only the day is meant, as we do, by the
// order that the map says. A text that is no date stays as it is.
func (m *Map) Date(text string, dayOnly bool) (string, error) {
	if emptyDate.MatchString(text) {
		return "", nil // as some write it where there is none
	}
	if shortYear.MatchString(text) {
		return text, fmt.Errorf("%q has a year of two digits; export it with four", text)
	}
	if parts := dayAndMonth.FindStringSubmatch(text); parts != nil && m.Dates != YearFirst {
		month, day := parts[1], parts[2]
		if m.Dates == DayFirst {
			month, day = day, month
		}
		rest := text[len(strings.TrimRight(parts[0], "T ")):]
		text = fmt.Sprintf("%s-%02s-%02s%s", parts[3], month, day, rest)
	}
	if dayOnly && iso.MatchString(text) {
		return text[:10], nil
	}
	return text, nil
}

// Amount takes a currency's sign or code off a price. Systems write nothing as
// 0.00 where they know no price.
func Amount(text, currency string) string {
	amount := strings.TrimSpace(text)
	for _, sign := range []string{currency, "US$", "$", "€", "£"} {
		amount = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(amount, sign), sign))
	}
	if strings.HasPrefix(amount, ".") {
		amount = "0" + amount
	}
	if units, cents, comma := strings.Cut(amount, ","); comma && len(cents) == 2 && !strings.Contains(amount, ".") {
		amount = units + "." + cents
	}
	if strings.Trim(amount, "0.,") == "" {
		return ""
	}
	return amount
}
