package calendar

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"afield/broker"
)

// Plan is a calendar as data, the way a library or branch row stores it:
//
//	{"hours": {"mon": "09:00-17:00", "sat": "10:00-14:00"},
//	 "closed": [{"from": "2026-07-04", "reason": "Independence Day"}]}
type Plan struct {
	// Hours are the weekly hours. No weekday at all means open every day from
	// 00:00 to 24:00.
	Hours Week `json:"hours,omitempty" yaml:"hours,omitempty"`
	// Closed are days the library is shut although the week says open.
	Closed []Closure `json:"closed,omitempty" yaml:"closed,omitempty"`
	// Special are days with hours of their own, also on a weekday that is
	// otherwise closed. A closure on the same day wins.
	Special []SpecialDay `json:"special,omitempty" yaml:"special,omitempty"`
}

// Week gives the hours of each weekday; a weekday that is not in it is closed.
type Week map[time.Weekday]Hours

// Closure is one or more days in a row on which nobody is served.
type Closure struct {
	From broker.Date `json:"from" yaml:"from"`
	// To is the last closed day; zero means that From is the only one.
	To     broker.Date `json:"to,omitzero" yaml:"to,omitempty"`
	Reason string      `json:"reason,omitempty" yaml:"reason,omitempty"`
	// Unforeseen marks days for which no due date could be chosen beforehand; Free
	// those that cost nothing, whichever days a fine counts. A plan knows neither.
	Unforeseen bool `json:"-" yaml:"-"`
	Free       bool `json:"-" yaml:"-"`
}

// SpecialDay is one day with hours of its own.
type SpecialDay struct {
	On    broker.Date `json:"on" yaml:"on"`
	Hours Hours       `json:"hours" yaml:"hours"`
}

// Hours are the opening hours of one day, in minutes since local midnight.
type Hours struct{ Opens, Closes int }

const minutesInDay = 24 * 60

// check finds empty hours, which come from a null in stored data: a library
// that never opens would have no next open day.
func (p Plan) check() []broker.FieldError {
	var wrong []broker.FieldError
	add := func(pointer string, hours Hours) {
		if hours.Opens < 0 || hours.Opens >= hours.Closes || hours.Closes > minutesInDay {
			wrong = append(wrong, broker.FieldError{Pointer: pointer, Code: "not_hours", Message: "must be opening hours such as 09:00-17:00"})
		}
	}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if hours, named := p.Hours[day]; named {
			add("/hours/"+shortName(day), hours)
		}
	}
	for i, special := range p.Special {
		add(fmt.Sprintf("/special/%d", i), special.Hours)
	}
	return wrong
}

// ParseHours reads "09:00-17:00"; the end may be "24:00".
func ParseHours(text string) (Hours, error) {
	from, to, found := strings.Cut(strings.TrimSpace(text), "-")
	opens, fromOK := parseClock(from)
	closes, toOK := parseClock(to)
	if !found || !fromOK || !toOK || opens >= closes {
		return Hours{}, broker.Invalid(broker.FieldError{
			Pointer: "/hours", Code: "not_hours",
			Message: fmt.Sprintf("%q are not opening hours; write them as 09:00-17:00", text),
		})
	}
	return Hours{opens, closes}, nil
}

// MustHours reads hours written in the program itself; it panics on a mistake.
func MustHours(text string) Hours {
	hours, err := ParseHours(text)
	if err != nil {
		panic(err)
	}
	return hours
}

// parseClock reads exactly HH:MM into minutes since midnight.
func parseClock(text string) (int, bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	digits := [4]int{int(text[0] - '0'), int(text[1] - '0'), int(text[3] - '0'), int(text[4] - '0')}
	for _, digit := range digits {
		if digit < 0 || digit > 9 {
			return 0, false
		}
	}
	minutes := (digits[0]*10+digits[1])*60 + digits[2]*10 + digits[3]
	return minutes, digits[2] < 6 && minutes <= minutesInDay
}

// String gives "09:00-17:00".
func (h Hours) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", h.Opens/60, h.Opens%60, h.Closes/60, h.Closes%60)
}

// MarshalText writes "09:00-17:00".
func (h Hours) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads "09:00-17:00".
func (h *Hours) UnmarshalText(text []byte) error {
	parsed, err := ParseHours(string(text))
	if err == nil {
		*h = parsed
	}
	return err
}

// MarshalJSON writes the weekdays by their short names.
func (w Week) MarshalJSON() ([]byte, error) { return json.Marshal(w.named()) }

// UnmarshalJSON reads the weekdays by their short names: mon, tue, … sun.
func (w *Week) UnmarshalJSON(data []byte) error {
	return w.read(func(into any) error { return json.Unmarshal(data, into) })
}

// MarshalYAML writes the weekdays by their short names.
func (w Week) MarshalYAML() (any, error) { return w.named(), nil }

// UnmarshalYAML reads the weekdays by their short names: mon, tue, … sun.
func (w *Week) UnmarshalYAML(decode func(any) error) error {
	return w.read(decode)
}

func (w Week) named() map[string]Hours {
	named := make(map[string]Hours, len(w))
	for day, hours := range w {
		named[shortName(day)] = hours
	}
	return named
}

func (w *Week) read(decode func(any) error) error {
	var named map[string]Hours
	if err := decode(&named); err != nil {
		return err
	}
	week := make(Week, len(named))
	for name, hours := range named {
		day, ok := weekdayNamed(name)
		if !ok {
			return broker.Invalid(broker.FieldError{
				Pointer: "/hours/" + name, Code: "not_a_weekday",
				Message: "weekdays are mon, tue, wed, thu, fri, sat, sun",
			})
		}
		week[day] = hours
	}
	*w = week
	return nil
}

func shortName(day time.Weekday) string { return strings.ToLower(day.String()[:3]) }

func weekdayNamed(name string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if shortName(day) == name {
			return day, true
		}
	}
	return 0, false
}
