package calendar

import (
	"fmt"
	"slices"
	"time"

	"afield/broker"
)

// longestClosure bounds one closure, in days. A library that is shut for longer
// is suspended in the directory, not closed in the calendar.
const longestClosure = 5 * 366

// Calendar answers when one library or branch is open. Make it with New or
// EveryDay; it never changes afterwards.
type Calendar struct {
	zone *time.Location
	// week holds the ordinary hours by weekday; perWeek counts the open ones.
	week    [7]Hours
	perWeek int
	// Days that differ from their week, by day number, and the same as sorted
	// lists so that a long stretch is counted without walking it.
	hours  map[int]Hours // special hours
	closed map[int]string
	lost   []int // closed although the week says open
	gained []int // open although the week says closed
	// Of the closed days those that nobody foresaw, and those that cost nothing
	// whichever days count, sorted.
	unforeseen map[int]bool
	free       []int
}

// New makes a calendar in a time zone from a library's plan and the closures
// kept apart from it. It refuses, with every wrong field, an unknown zone and
// closures that end before they begin or last for years.
func New(zone string, plan Plan, closures ...Closure) (*Calendar, error) {
	location, err := time.LoadLocation(zone)
	if zone == "" || err != nil {
		return nil, broker.Invalid(broker.FieldError{
			Pointer: "/time_zone", Code: "unknown_zone",
			Message: fmt.Sprintf("%q is not a time zone; write it as America/New_York", zone),
		})
	}
	calendar := &Calendar{zone: location, hours: map[int]Hours{}, closed: map[int]string{}, unforeseen: map[int]bool{}}
	calendar.setWeek(plan.Hours)
	wrong := plan.check()
	for _, special := range plan.Special {
		calendar.hours[dayNumber(special.On)] = special.Hours
	}
	for i, closure := range slices.Concat(plan.Closed, closures) {
		if err := calendar.close(closure); err != nil {
			err.Pointer = fmt.Sprintf("/closed/%d", i)
			wrong = append(wrong, *err)
		}
	}
	if wrong != nil {
		return nil, broker.Invalid(wrong...)
	}
	calendar.index()
	return calendar, nil
}

// EveryDay is the calendar of a library that gave no hours: always open, in a
// zone. A nil zone is UTC.
func EveryDay(zone *time.Location) *Calendar {
	if zone == nil {
		zone = time.UTC
	}
	calendar := &Calendar{zone: zone}
	calendar.setWeek(nil)
	return calendar
}

func (c *Calendar) setWeek(week Week) {
	if len(week) == 0 {
		for day := range c.week {
			c.week[day] = Hours{0, minutesInDay}
		}
	}
	for day, hours := range week {
		c.week[day] = hours
	}
	for _, hours := range c.week {
		if hours.Closes > 0 {
			c.perWeek++
		}
	}
}

func (c *Calendar) close(closure Closure) *broker.FieldError {
	last := closure.To
	if last.IsZero() {
		last = closure.From
	}
	switch {
	case closure.From.IsZero():
		return &broker.FieldError{Code: "required", Message: "must say from which day"}
	case last.Before(closure.From):
		return &broker.FieldError{Code: "ends_before_it_begins", Message: "must not end before it begins"}
	case last.DaysSince(closure.From) > longestClosure:
		return &broker.FieldError{Code: "too_long", Message: "must not last longer than five years"}
	}
	for day := dayNumber(closure.From); day <= dayNumber(last); day++ {
		_, twice := c.closed[day]
		c.closed[day] = closure.Reason
		if !closure.Unforeseen {
			delete(c.unforeseen, day)
		} else if !twice {
			c.unforeseen[day] = true
		}
		if closure.Free {
			c.free = append(c.free, day)
		}
	}
	return nil
}

// index sorts the exceptions, so that counting is a look-up and not a walk.
func (c *Calendar) index() {
	for day := range c.closed {
		if c.weekHours(day).Closes > 0 {
			c.lost = append(c.lost, day)
		}
	}
	for day := range c.hours {
		if _, closed := c.closed[day]; !closed && c.weekHours(day).Closes == 0 {
			c.gained = append(c.gained, day)
		}
	}
	slices.Sort(c.lost)
	slices.Sort(c.gained)
	slices.Sort(c.free)
	c.free = slices.Compact(c.free)
}

// Zone is the library's time zone.
func (c *Calendar) Zone() *time.Location { return c.zone }

// DateOf gives the date an instant has at the library.
func (c *Calendar) DateOf(at time.Time) broker.Date { return broker.DateIn(at, c.zone) }

// IsOpen tells whether the library serves people on a date.
func (c *Calendar) IsOpen(date broker.Date) bool {
	_, open := c.HoursOn(date)
	return open
}

// HoursOn gives the opening hours of a date; false means closed.
func (c *Calendar) HoursOn(date broker.Date) (Hours, bool) {
	day := dayNumber(date)
	if _, closed := c.closed[day]; closed {
		return Hours{}, false
	}
	if special, found := c.hours[day]; found {
		return special, true
	}
	hours := c.weekHours(day)
	return hours, hours.Closes > 0
}

// WhyClosed gives the reason of a closure on a date, or "" when there is none
// (the library is open, or is always closed on that weekday).
func (c *Calendar) WhyClosed(date broker.Date) string { return c.closed[dayNumber(date)] }

// ClosedUnforeseen tells whether a date is closed, and only because of a closing
// that nobody could know of when due dates were chosen.
func (c *Calendar) ClosedUnforeseen(date broker.Date) bool { return c.unforeseen[dayNumber(date)] }

// Opens gives the instant the library opens on a date; false means closed.
func (c *Calendar) Opens(date broker.Date) (time.Time, bool) {
	hours, open := c.HoursOn(date)
	return c.instant(date, hours.Opens), open
}

// Closes gives the instant the library closes on a date; false means closed
// all day.
func (c *Calendar) Closes(date broker.Date) (time.Time, bool) {
	hours, open := c.HoursOn(date)
	return c.instant(date, hours.Closes), open
}

// EndOfBusiness gives the instant by which something due "on this date" must be
// done: closing time, or the end of the date when the library is closed all
// day, because even a punctual patron could not have come that day.
func (c *Calendar) EndOfBusiness(date broker.Date) time.Time {
	if closes, open := c.Closes(date); open {
		return closes
	}
	return date.End(c.zone).UTC()
}

// instant works in wall-clock time: 17:00 stays 17:00 across a clock change.
func (c *Calendar) instant(date broker.Date, minutes int) time.Time {
	return date.At(minutes/60, minutes%60, c.zone).UTC()
}

func (c *Calendar) weekHours(day int) Hours { return c.week[weekdayOf(day)] }

// dayNumber counts days since 1970-01-01; weekdayOf turns it back.
func dayNumber(date broker.Date) int { return date.DaysSince(epoch) }

func weekdayOf(day int) int { return ((day+int(time.Thursday))%7 + 7) % 7 }

var epoch = broker.NewDate(1970, time.January, 1)
