package workflow

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"afield/broker"
)

// longestText bounds free text in forms, in characters.
const longestText = 2000

// mostCount bounds the counts in forms.
const mostCount = 999

// The years a date in a form may lie in, the same as for partners' messages:
// anything beyond them is a typing error.
const firstYear, lastYear = 1900, 2199

// Input is what came with an event, by field name: text as string, dates as
// broker.Date, money as broker.Money, counts as int.
type Input map[string]any

// Text gives a text field, or "".
func (in Input) Text(name string) string { text, _ := in[name].(string); return text }

// Date gives a date field, or the zero Date.
func (in Input) Date(name string) broker.Date { date, _ := in[name].(broker.Date); return date }

// Money gives a money field; ok is false where there is none.
func (in Input) Money(name string) (broker.Money, bool) {
	money, ok := in[name].(broker.Money)
	return money, ok
}

// Count gives a whole number; ok is false where there is none.
func (in Input) Count(name string) (int, bool) {
	count, ok := in[name].(int)
	return count, ok
}

// Read checks a JSON object against a form and gives every wrong field at once.
func Read(form []Field, body map[string]json.RawMessage) (Input, error) {
	input := Input{}
	var wrong []broker.FieldError
	for _, field := range form {
		raw, given := body[field.Name]
		if !given || string(raw) == "null" {
			if field.Required {
				wrong = append(wrong, broker.FieldError{Pointer: "/" + field.Name, Code: "required", Message: "is needed: " + field.Label})
			}
			continue
		}
		value, message := readField(field, raw)
		if message != "" {
			wrong = append(wrong, broker.FieldError{Pointer: "/" + field.Name, Code: "wrong_" + string(field.Type), Message: message})
			continue
		}
		input[field.Name] = value
	}
	for _, name := range sortedNames(body) {
		if !slices.ContainsFunc(form, func(f Field) bool { return f.Name == name }) {
			wrong = append(wrong, broker.FieldError{Pointer: "/" + name, Code: "unknown_field", Message: "is not asked for here; the fields are: " + fieldNames(form)})
		}
	}
	if len(wrong) > 0 {
		return nil, broker.Invalid(wrong...)
	}
	return input, nil
}

func readField(field Field, raw json.RawMessage) (any, string) {
	switch field.Type {
	case FieldMoney:
		return readMoney(raw)
	case FieldCount:
		var count int
		if json.Unmarshal(raw, &count) != nil || count < 0 || count > mostCount {
			return nil, fmt.Sprintf("must be a whole number from 0 to %d", mostCount)
		}
		return count, ""
	}
	var text string
	if json.Unmarshal(raw, &text) != nil || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, "must be text"
	}
	text = strings.TrimSpace(text)
	switch {
	case text == "" && field.Required:
		return nil, "is needed: " + field.Label
	case utf8.RuneCountInString(text) > longestText:
		return nil, fmt.Sprintf("is longer than %d characters", longestText)
	case field.Type == FieldDate && text != "":
		date, err := broker.ParseDate(text)
		if err != nil || date.Year() < firstYear || date.Year() > lastYear {
			return nil, "must be a date such as 2026-08-22"
		}
		return date, ""
	case field.Type == FieldChoice && !slices.Contains(field.Choices, text):
		return nil, "must be one of: " + strings.Join(field.Choices, ", ")
	}
	return text, ""
}

func readMoney(raw json.RawMessage) (any, string) {
	var money struct {
		Minor    *int64 `json:"minor"`
		Currency string `json:"currency"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&money) != nil || money.Minor == nil || len(money.Currency) != 3 {
		return nil, `must be money such as {"minor": 1250, "currency": "USD"}`
	}
	if *money.Minor < 0 || *money.Minor > 100_000_000 {
		return nil, "must be between 0 and 1000000.00"
	}
	return broker.Money{Minor: *money.Minor, Currency: strings.ToUpper(money.Currency)}, ""
}

func fieldNames(form []Field) string {
	names := make([]string, len(form))
	for i, field := range form {
		names[i] = field.Name
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func sortedNames(body map[string]json.RawMessage) []string {
	names := make([]string, 0, len(body))
	for name := range body {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
