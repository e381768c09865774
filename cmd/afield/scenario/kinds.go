package scenario

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

// kind is what a word takes: how it is written, and how it is read.
type kind struct {
	// written says it for people, for example "a date (2026-08-23)".
	written string
	// read gives the value, or nil after it noted a mistake.
	read func(node) any
}

// field is one word of the language with what it takes.
type field struct {
	word string
	kind kind
	must bool
	says string
}

// values are the fields of a mapping that were given, with their places.
type values struct {
	at    Position
	read  map[string]any
	where map[string]Position
}

func (v values) has(word string) bool { _, given := v.read[word]; return given }

// placeOf is where a word stands.
func (v values) placeOf(word string) Position { return v.where[word] }

// value gives what was read of a word, if it was given.
func (v values) value(word string) (any, bool) {
	value, given := v.read[word]
	return value, given
}

// get gives a field, or the zero value where it was left out.
func get[T any](v values, word string) T {
	value, _ := v.read[word].(T)
	return value
}

// The values of words by what they take; zero where a word was left out.

func (v values) text(word string) string           { return get[string](v, word) }
func (v values) flag(word string) bool             { return get[bool](v, word) }
func (v values) count(word string) int             { return get[int](v, word) }
func (v values) date(word string) broker.Date      { return get[broker.Date](v, word) }
func (v values) moment(word string) local          { return get[local](v, word) }
func (v values) amount(word string) amount         { return get[amount](v, word) }
func (v values) amounts(word string) amounts       { return get[amounts](v, word) }
func (v values) hours(word string) calendar.Week   { return get[calendar.Week](v, word) }
func (v values) closed(word string) shut           { return get[shut](v, word) }
func (v values) counts(word string) map[string]any { return get[map[string]any](v, word) }

// flagSaid gives a flag, and whether it was given.
func (v values) flagSaid(word string) (value, said bool) {
	value, said = v.read[word].(bool)
	return value, said
}

// texts gives a list of texts.
func (v values) texts(word string) []string {
	list := get[[]any](v, word)
	texts := make([]string, 0, len(list))
	for _, value := range list {
		texts = append(texts, value.(string))
	}
	return texts
}

// readFields reads a mapping strictly: a word that is not known, or one that is
// missing, is a mistake that says what would be right.
func readFields(n node, what string, fields []field) values {
	found := values{at: n.at(), read: map[string]any{}, where: map[string]Position{}}
	for _, entry := range n.entries(what + ": words with their values") {
		i := slices.IndexFunc(fields, func(f field) bool { return f.word == entry.key.raw() })
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
		if value := fields[i].kind.read(entry.value); value != nil {
			found.read[entry.key.raw()] = value
		}
	}
	for _, field := range fields {
		if _, given := found.where[field.word]; field.must && !given {
			n.wrong("%s needs %q: %s", what, field.word, field.kind.written)
		}
	}
	return found
}

func wordsOf(fields []field) []string {
	words := make([]string, 0, len(fields))
	for _, field := range fields {
		words = append(words, field.word)
	}
	return words
}

// local is a moment by the library's own clock; its zone is known later.
type local struct{ at time.Time }

func (l local) in(zone *time.Location) time.Time {
	return time.Date(l.at.Year(), l.at.Month(), l.at.Day(), l.at.Hour(), l.at.Minute(), l.at.Second(), 0, zone)
}

// amount is money in minor units; the library says in which currency.
type amount int64

func (a amount) money(currency string) broker.Money {
	return broker.Money{Minor: int64(a), Currency: currency}
}

func (a amount) String() string { return broker.Money{Minor: int64(a)}.Decimal() }

// amounts is money by charge kind.
type amounts map[string]amount

var (
	textKind = kind{"a text", func(n node) any {
		if text, ok := n.text("a text"); ok {
			return text
		}
		return nil
	}}
	dateKind = kind{"a date (2026-08-23)", func(n node) any {
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
	momentKind = kind{"a moment at the library (2026-08-23T15:00), or a date for noon", func(n node) any {
		text, ok := n.text("a moment such as 2026-08-23T15:00")
		if !ok {
			return nil
		}
		for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
			if at, err := time.Parse(layout, text); err == nil {
				return local{at}
			}
		}
		if at, err := time.Parse("2006-01-02", text); err == nil {
			return local{at.Add(12 * time.Hour)}
		}
		n.wrong("%q is not a moment; write it as 2026-08-23T15:00, by the library's clock", text)
		return nil
	}}
	moneyKind = kind{`an amount ("5.00")`, func(n node) any {
		text, ok := n.text(`an amount such as "5.00"`)
		if !ok {
			return nil
		}
		money, err := broker.ParseMoney(text, "USD")
		if err != nil || !strings.Contains(text, ".") {
			n.wrong(`%q is not an amount; write it as "5.00"`, text)
			return nil
		}
		return amount(money.Minor)
	}}
	countKind = kind{"a whole number", func(n node) any {
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
	flagKind = kind{"true or false", func(n node) any {
		switch n.raw() {
		case "true", "yes":
			return true
		case "false", "no":
			return false
		}
		n.wrong("%q must be true or false", n.raw())
		return nil
	}}
	hoursKind  = kind{`opening hours ("09:00-17:00") for every day, or by weekday {mon: "09:00-17:00", sat: "10:00-14:00"}`, readHours}
	closedKind = kind{"weekdays (sun), dates, or a stretch of dates (2026-07-01 to 2026-07-05)", readClosed}
)

// oneOf takes one of some words.
func oneOf(words ...string) kind {
	return kind{strings.Join(words, " | "), func(n node) any {
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

// wordOf takes one of the words that a policy knows; it is checked when the
// policy is read.
func wordOf(what string) kind {
	return kind{"a " + what + " the policy knows", func(n node) any {
		text, ok := n.text("a " + what)
		if !ok {
			return nil
		}
		n.r.used = append(n.r.used, use{what, text, n.at()})
		return text
	}}
}

// nameOf takes the name of something the scenario has.
func nameOf(what string) kind {
	article := "a"
	if strings.ContainsRune("aeiou", rune(what[0])) {
		article = "an"
	}
	return kind{"the name of " + article + " " + what, wordOf(what).read}
}

// newName makes a name known, of something that a step brings about.
func newName(what string) kind {
	return kind{"a new name for the " + what, func(n node) any {
		text, ok := n.text("a name")
		if !ok {
			return nil
		}
		n.r.define(what, text)
		return text
	}}
}

// listOf takes a list, or one alone.
func listOf(of kind) kind {
	return kind{"a list: " + of.written, func(n node) any {
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
func byName(what string, of kind) kind {
	return kind{what + " with " + of.written + " each", func(n node) any {
		found := map[string]any{}
		for _, entry := range n.entries(what + " with " + of.written + " each") {
			if value := of.read(entry.value); value != nil {
				found[entry.key.raw()] = value
			}
		}
		return found
	}}
}

// amountsKind takes one amount for everything, or amounts by charge kind.
func amountsKind(usual string) kind {
	return kind{`an amount ("5.00"), or amounts by kind {overdue: "3.00", print: "2.00"}`, func(n node) any {
		found := amounts{}
		if n.isSingle() {
			if value, ok := moneyKind.read(n).(amount); ok {
				found[usual] = value
				return found
			}
			return nil
		}
		for _, entry := range n.entries("amounts by kind") {
			if value, ok := moneyKind.read(entry.value).(amount); ok {
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

// shut are the weekdays and dates on which a library is closed.
type shut struct {
	weekdays []time.Weekday
	dates    []calendar.Closure
}

func readClosed(n node) any {
	var found shut
	for _, value := range n.list() {
		text, ok := value.text("a weekday or a date")
		if !ok {
			continue
		}
		if day, named := weekdayNamed(text); named {
			found.weekdays = append(found.weekdays, day)
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
		found.dates = append(found.dates, calendar.Closure{From: from, To: to})
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

func (a amounts) total() amount {
	var sum amount
	for _, value := range a {
		sum += value
	}
	return sum
}

// String gives {overdue: "0.20"}.
func (a amounts) String() string {
	parts := make([]string, 0, len(a))
	for _, kind := range slices.Sorted(maps.Keys(a)) {
		parts = append(parts, fmt.Sprintf("%s: %q", kind, a[kind]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
