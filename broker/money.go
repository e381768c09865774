package broker

import (
	"fmt"
	"strconv"
	"strings"
)

// Money is an exact amount: integer minor units (cents) and an ISO 4217 code.
// Amounts in different currencies never meet in arithmetic.
type Money struct {
	// Minor is the amount in minor units; 1250 is 12.50. Negative means owed
	// to the other side.
	Minor int64 `json:"minor"`
	// Currency is the ISO 4217 code, for example "USD".
	Currency string `json:"currency"`
}

// ParseMoney reads a decimal text such as "12.50" exactly; floating point is
// never involved, so 2.30 is 230 and not 229.
func ParseMoney(text, currency string) (Money, error) {
	bad := func() (Money, error) {
		return Money{}, Invalid(FieldError{
			Pointer: "/amount", Code: "not_an_amount",
			Message: fmt.Sprintf("%q is not an amount; write it as 12.50", text),
		})
	}
	rest, negative := strings.CutPrefix(strings.TrimSpace(text), "-")
	units, cents, hasCents := strings.Cut(rest, ".")
	if hasCents && len(cents) != 2 {
		return bad()
	}
	if units == "" || len(units) > 12 || !allDigits(units) || !allDigits(cents) {
		return bad()
	}
	minor, err := strconv.ParseInt(units+(cents + "00")[:2], 10, 64)
	if err != nil {
		return bad()
	}
	if negative {
		minor = -minor
	}
	return Money{Minor: minor, Currency: currency}, nil
}

// Decimal gives the amount without its currency: "12.50".
func (m Money) Decimal() string {
	sign, minor := "", m.Minor
	if minor < 0 {
		sign, minor = "-", -minor
	}
	return fmt.Sprintf("%s%d.%02d", sign, minor/100, minor%100)
}

// String gives "12.50 USD".
func (m Money) String() string { return strings.TrimSpace(m.Decimal() + " " + m.Currency) }

// IsZero tells whether nothing is owed.
func (m Money) IsZero() bool { return m.Minor == 0 }

// Plus adds two amounts of one currency. Adding amounts of two currencies is a
// programming error and panics: money is never converted (policy decisions ask
// staff for the amount in the library's own currency instead).
func (m Money) Plus(other Money) Money {
	if m.Currency == "" {
		m.Currency = other.Currency
	}
	if other.Currency != "" && other.Currency != m.Currency {
		panic("broker: adding " + other.Currency + " to " + m.Currency)
	}
	return Money{Minor: m.Minor + other.Minor, Currency: m.Currency}
}

// Negated gives the amount with its sign turned.
func (m Money) Negated() Money { return Money{Minor: -m.Minor, Currency: m.Currency} }

func allDigits(text string) bool {
	for _, r := range text {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}
