package language

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/calendar"
)

// Kind is what a word takes: how it is written, and how it is read.
type Kind struct {
	// Written says it for people, for example "a date (2026-08-23)".
	Written string
	// read gives the value, or nil after noting a mistake.
	read func(node) any
}

// Field is one word of the language with what it takes.
type Field struct {
	Word string
	Kind Kind
	Must bool
	Says string
}

// Values are the fields of a mapping that were given, with their positions.
type Values struct {
	At    Position
	read  map[string]any
	where map[string]Position
}

// Has tells whether a word was given.
func (v Values) Has(word string) bool { _, given := v.read[word]; return given }

// PlaceOf is the position of a word in the file.
func (v Values) PlaceOf(word string) Position { return v.where[word] }

// Value gives the value of a word, if it was given.
func (v Values) Value(word string) (any, bool) {
	value, given := v.read[word]
	return value, given
}

// get gives a field, or the zero value where it was left out.
func get[T any](v Values, word string) T {
	value, _ := v.read[word].(T)
	return value
}

// Text gives the text of a word; empty where it was left out.
func (v Values) Text(word string) string { return get[string](v, word) }

// Flag gives whether a word says true; false where it was left out.
func (v Values) Flag(word string) bool { return get[bool](v, word) }

// Count gives the whole number of a word; zero where it was left out.
func (v Values) Count(word string) int { return get[int](v, word) }

// Date gives the date of a word; zero where it was left out.
func (v Values) Date(word string) broker.Date { return get[broker.Date](v, word) }

// Moment gives the moment of a word; zero where it was left out.
func (v Values) Moment(word string) Local { return get[Local](v, word) }

// Amount gives the amount of a word; zero where it was left out.
func (v Values) Amount(word string) Amount { return get[Amount](v, word) }

// Amounts gives the amounts of a word, by kind; none where it was left out.
func (v Values) Amounts(word string) Amounts { return get[Amounts](v, word) }

// Hours gives the opening hours of a word; none where it was left out.
func (v Values) Hours(word string) calendar.Week { return get[calendar.Week](v, word) }

// Closed gives the closed days of a word; none where it was left out.
func (v Values) Closed(word string) Shut { return get[Shut](v, word) }

// Counts gives the counts of a word, by name; none where it was left out.
func (v Values) Counts(word string) map[string]any { return get[map[string]any](v, word) }

// FlagSaid gives a flag, and whether it was given.
func (v Values) FlagSaid(word string) (value, said bool) {
	value, said = v.read[word].(bool)
	return value, said
}

// Texts gives a list of texts.
func (v Values) Texts(word string) []string {
	list := get[[]any](v, word)
	texts := make([]string, 0, len(list))
	for _, value := range list {
		texts = append(texts, value.(string))
	}
	return texts
}

// readFields reads a mapping strictly: a word that is not known, or one that is
// missing, is a mistake that says what would be right.
func readFields(n node, what string, fields []Field) Values {
	found := Values{At: n.at(), read: map[string]any{}, where: map[string]Position{}}
	for _, entry := range n.entries(what + ": words with their values") {
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Word == entry.key.raw() })
		if i < 0 {
			words := wordsOf(fields)
			if near := broker.Nearest(entry.key.raw(), words); near != "" {
				entry.key.wrong("%s has no %q; did you mean %q?", what, entry.key.raw(), near)
			} else {
				entry.key.wrong("%s has no %q; it may have %s", what, entry.key.raw(), strings.Join(words, ", "))
			}
			continue
		}
		found.where[entry.key.raw()] = entry.value.at()
		if value := fields[i].Kind.read(entry.value); value != nil {
			found.read[entry.key.raw()] = value
		}
	}
	for _, field := range fields {
		if _, given := found.where[field.Word]; field.Must && !given {
			n.wrong("%s needs %q: %s", what, field.Word, field.Kind.Written)
		}
	}
	return found
}

func wordsOf(fields []Field) []string {
	words := make([]string, 0, len(fields))
	for _, field := range fields {
		words = append(words, field.Word)
	}
	return words
}

// Local is a moment by the library's own clock; its zone is known later.
type Local struct{ at time.Time }

// In gives the moment in a zone.
func (l Local) In(zone *time.Location) time.Time {
	return time.Date(l.at.Year(), l.at.Month(), l.at.Day(), l.at.Hour(), l.at.Minute(), l.at.Second(), 0, zone)
}

// Amount is money in minor units; the library says in which currency.
type Amount int64

// Money gives the amount in a currency.
func (a Amount) Money(currency string) broker.Money {
	return broker.Money{Minor: int64(a), Currency: currency}
}

// String gives 5.00.
func (a Amount) String() string { return broker.Money{Minor: int64(a)}.Decimal() }

// Amounts is money by charge kind.
type Amounts map[string]Amount

// What words may take.
var (
	Text = Kind{"a text", func(n node) any {
		if text, ok := n.text("a text"); ok {
			return text
		}
		return nil
	}}
	Date = Kind{"a date (2026-08-23)", func(n node) any {
		text, ok := n.text("a date such as 2026-08-23")
		if !ok {
			return nil
		}
		date, err := broker.ParseDate(text)
		if err != nil {
			n.wrong("%q is not a date; write it as 2026-08-23", text)
			return nil
		}
		return date
	}}
	Moment = Kind{"a moment at the library (2026-08-23T15:00), or a date for noon", func(n node) any {
		text, ok := n.text("a moment such as 2026-08-23T15:00")
		if !ok {
			return nil
		}
		for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
			if at, err := time.Parse(layout, text); err == nil {
				return Local{at}
			}
		}
		if at, err := time.Parse("2006-01-02", text); err == nil {
			return Local{at.Add(12 * time.Hour)}
		}
		n.wrong("%q is not a moment; write it as 2026-08-23T15:00, by the library's clock", text)
		return nil
	}}
	Money = Kind{`an amount ("5.00")`, func(n node) any {
		text, ok := n.text(`an amount such as "5.00"`)
		if !ok {
			return nil
		}
		money, err := broker.ParseMoney(text, "USD")
		if err != nil || !strings.Contains(text, ".") {
			n.wrong(`%q is not an amount; write it as "5.00"`, text)
			return nil
		}
		return Amount(money.Minor)
	}}
	Count = Kind{"a whole number", func(n node) any {
		text, ok := n.text("a whole number")
		if !ok {
			return nil
		}
		count, err := strconv.Atoi(text)
		if err != nil {
			n.wrong("%q is not a whole number", text)
			return nil
		}
		return count
	}}
	Flag = Kind{"true or false", func(n node) any {
		switch n.raw() {
		case "true", "yes":
			return true
		case "false", "no":
			return false
		}
		n.wrong("%q must be true or false", n.raw())
		return nil
	}}
	Hours  = Kind{`opening hours ("09:00-17:00") for every day, or by weekday {mon: "09:00-17:00", sat: "10:00-14:00"}`, readHours}
	Closed = Kind{"weekdays (sun), dates, or a stretch of dates (2026-07-01 to 2026-07-05)", readClosed}
)

// OneOf takes one of some words.
func OneOf(words ...string) Kind {
	return Kind{strings.Join(words, " | "), func(n node) any {
		text, ok := n.text("one of " + strings.Join(words, ", "))
		if !ok {
			return nil
		}
		if !slices.Contains(words, text) {
			n.wrong("%q is none of %s", text, strings.Join(words, ", "))
			return nil
		}
		return text
	}}
}

// WordOf takes one of the words that a policy knows; it is checked when the
// policy is read.
func WordOf(what string) Kind {
	return Kind{"a " + what + " the policy knows", func(n node) any {
		text, ok := n.text("a " + what)
		if !ok {
			return nil
		}
		n.r.used = append(n.r.used, use{what, text, n.at()})
		return text
	}}
}

// NameOf takes the name of something the scenario has.
func NameOf(what string) Kind {
	article := "a"
	if strings.ContainsRune("aeiou", rune(what[0])) {
		article = "an"
	}
	return Kind{"the name of " + article + " " + what, WordOf(what).read}
}

// NameOr is NameOf, or another word where there is none.
func NameOr(what, none string) Kind {
	return Kind{NameOf(what).Written + ", or " + none, func(n node) any {
		text, ok := n.text("a " + what)
		if !ok {
			return nil
		}
		if text != none {
			n.r.used = append(n.r.used, use{what, text, n.at()})
		}
		return text
	}}
}

// NewName takes a new name, for something that a step creates.
func NewName(what string) Kind {
	return Kind{"a new name for the " + what, func(n node) any {
		text, ok := n.text("a name")
		if !ok {
			return nil
		}
		n.r.define(what, text)
		return text
	}}
}

// ListOf takes a list, or a single value.
func ListOf(of Kind) Kind {
	return Kind{"a list: " + of.Written, func(n node) any {
		list := []any{}
		for _, value := range n.list() {
			if read := of.read(value); read != nil {
				list = append(list, read)
			}
		}
		return list
	}}
}

// byName takes names with amounts, counts and the like.
func byName(what string, of Kind) Kind {
	return Kind{what + " with " + of.Written + " each", func(n node) any {
		found := map[string]any{}
		for _, entry := range n.entries(what + " with " + of.Written + " each") {
			if value := of.read(entry.value); value != nil {
				found[entry.key.raw()] = value
			}
		}
		return found
	}}
}

// AmountsOf takes one amount for everything, or amounts by charge kind.
func AmountsOf(usual string) Kind {
	return Kind{`an amount ("5.00"), or amounts by kind {overdue: "3.00", print: "2.00"}`, func(n node) any {
		found := Amounts{}
		if n.isSingle() {
			if value, ok := Money.read(n).(Amount); ok {
				found[usual] = value
				return found
			}
			return nil
		}
		for _, entry := range n.entries("amounts by kind") {
			if value, ok := Money.read(entry.value).(Amount); ok {
				found[entry.key.raw()] = value
			}
		}
		return found
	}}
}

func readHours(n node) any {
	week := calendar.Week{}
	if n.isSingle() {
		text, _ := n.text("opening hours")
		hours, err := calendar.ParseHours(text)
		if err != nil {
			n.wrong(`%q are not opening hours; write them as "09:00-17:00"`, text)
			return nil
		}
		for day := time.Sunday; day <= time.Saturday; day++ {
			week[day] = hours
		}
		return week
	}
	for _, entry := range n.entries("opening hours by weekday") {
		day, ok := weekdayNamed(entry.key.raw())
		if !ok {
			entry.key.wrong("%q is no weekday; they are mon, tue, wed, thu, fri, sat, sun", entry.key.raw())
			continue
		}
		hours, err := calendar.ParseHours(entry.value.raw())
		if err != nil {
			entry.value.wrong(`%q are not opening hours; write them as "09:00-17:00"`, entry.value.raw())
			continue
		}
		week[day] = hours
	}
	return week
}

// Shut are the weekdays and dates on which a library is closed.
type Shut struct {
	Weekdays []time.Weekday
	Dates    []calendar.Closure
}

func readClosed(n node) any {
	var found Shut
	for _, value := range n.list() {
		text, ok := value.text("a weekday or a date")
		if !ok {
			continue
		}
		if day, named := weekdayNamed(text); named {
			found.Weekdays = append(found.Weekdays, day)
			continue
		}
		first, last, several := strings.Cut(text, " to ")
		from, err := broker.ParseDate(first)
		to := broker.Date{}
		if err == nil && several {
			to, err = broker.ParseDate(last)
		}
		if err != nil {
			value.wrong("%q is neither a weekday (sun) nor a date (2026-07-04) nor a stretch (2026-07-01 to 2026-07-05)", text)
			continue
		}
		found.Dates = append(found.Dates, calendar.Closure{From: from, To: to})
	}
	return found
}

func weekdayNamed(name string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.EqualFold(day.String()[:3], name) {
			return day, true
		}
	}
	return 0, false
}

// Total adds them up.
func (a Amounts) Total() Amount {
	var sum Amount
	for _, value := range a {
		sum += value
	}
	return sum
}

// String gives {overdue: "0.20"}.
func (a Amounts) String() string {
	parts := make([]string, 0, len(a))
	for _, kind := range slices.Sorted(maps.Keys(a)) {
		parts = append(parts, fmt.Sprintf("%s: %q", kind, a[kind]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
