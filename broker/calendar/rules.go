package calendar

import (
	"slices"
	"time"

	"afield/broker"
)

// Count says which days a period counts.
type Count string

// The two ways policies count days.
const (
	CalendarDays Count = "calendar" // every date
	OpenDays     Count = "open"     // only dates the library is open
)

// neverOpen bounds the search for an open day, in days: two closures of five
// years end to end. Beyond it the date asked about is given back unchanged, so
// that a faulty plan can never hang a desk.
const neverOpen = 2*longestClosure + 7

// NextOpenDay gives the first open day on or after a date.
func (c *Calendar) NextOpenDay(date broker.Date) broker.Date { return c.search(date, 1) }

// PrevOpenDay gives the last open day on or before a date.
func (c *Calendar) PrevOpenDay(date broker.Date) broker.Date { return c.search(date, -1) }

func (c *Calendar) search(date broker.Date, step int) broker.Date {
	for away, day := 0, date; away <= neverOpen; away, day = away+1, day.AddDays(step) {
		if c.IsOpen(day) {
			return day
		}
	}
	return date
}

// AddOpenDays gives the open day a number of open days after a date. The date
// itself is day 0 and never counts, whether open or not: six open days from a
// Tuesday end on the next Tuesday when Sunday is closed. Zero or fewer days
// give the date itself.
func (c *Calendar) AddOpenDays(date broker.Date, days int) broker.Date {
	for ; days > 0; days-- {
		date = c.NextOpenDay(date.AddDays(1))
	}
	return date
}

// BeforeOpenDays gives the last date that has a number of whole open days between
// itself and a later date: six open days before a Tuesday is the Monday of the week
// before when Sunday is closed.
func (c *Calendar) BeforeOpenDays(date broker.Date, days int) broker.Date {
	for ; days > 0; days-- {
		date = c.PrevOpenDay(date.AddDays(-1))
	}
	return date.AddDays(-1)
}

// AddDays gives the date a number of days after another, counted as asked.
func (c *Calendar) AddDays(date broker.Date, days int, count Count) broker.Date {
	if count == OpenDays {
		return c.AddOpenDays(date, days)
	}
	return date.AddDays(days)
}

// CountOpenDays counts the open days after one date up to and including
// another: what a fine in open days counts from the due date to the return. It
// is 0 when the second date is not later. Its cost does not grow with the
// distance, so a due date in the year 4999 does no harm.
func (c *Calendar) CountOpenDays(after, through broker.Date) int {
	from, to := dayNumber(after)+1, dayNumber(through)
	if to < from {
		return 0
	}
	weeks, rest := (to-from+1)/7, (to-from+1)%7
	count := weeks * c.perWeek
	for day := to - rest + 1; day <= to; day++ {
		if c.weekHours(day).Closes > 0 {
			count++
		}
	}
	return count - within(c.lost, from, to) + within(c.gained, from, to)
}

// CountDays counts the days after one date up to and including another,
// counted as asked; never negative.
func (c *Calendar) CountDays(after, through broker.Date, count Count) int {
	if count == OpenDays {
		return c.CountOpenDays(after, through)
	}
	return max(0, through.DaysSince(after))
}

// CountCharged counts the days after one date up to and including another for
// which lateness is charged: as CountDays, without the days that cost nothing
// whichever are counted.
func (c *Calendar) CountCharged(after, through broker.Date, count Count) int {
	days := c.CountDays(after, through, count)
	if count == OpenDays || days == 0 {
		return days
	}
	return days - within(c.free, dayNumber(after)+1, dayNumber(through))
}

// within counts the numbers of a sorted list from one bound to the other.
func within(sorted []int, from, to int) int {
	first, _ := slices.BinarySearch(sorted, from)
	last, _ := slices.BinarySearch(sorted, to+1)
	return last - first
}

// Shelf says how long something waits on the hold shelf.
type Shelf struct {
	// Days is how many days after the day of arrival are pick-up days.
	Days int
	// Count says whether closed days count.
	Count Count
	// Extend moves a last day that is closed to the next open day.
	Extend bool
}

// ShelfUntil gives the last pick-up day of something that reached the shelf on
// a date. The day of arrival is day 0.
func (c *Calendar) ShelfUntil(arrival broker.Date, shelf Shelf) broker.Date {
	last := c.AddDays(arrival, shelf.Days, shelf.Count)
	if shelf.Extend {
		return c.NextOpenDay(last)
	}
	return last
}

// DeadlineAfter gives the instant at which a deadline of a number of days
// passes if it began at a moment: the end of business on the last day, where
// the day it began is day 0. In calendar days the last day moves on to the next
// open day, because nobody can act on a closed one.
func (c *Calendar) DeadlineAfter(start time.Time, days int, count Count) time.Time {
	last := c.NextOpenDay(c.AddDays(c.DateOf(start), days, count))
	deadline := c.EndOfBusiness(last)
	if deadline.After(start) {
		return deadline
	}
	// Zero days, begun after closing: that day's business is already over.
	return c.EndOfBusiness(c.NextOpenDay(last.AddDays(1)))
}

// OneOpenDayAfter is the deadline "within one open day": the end of business of
// the first open day after the day it began.
func (c *Calendar) OneOpenDayAfter(start time.Time) time.Time {
	return c.DeadlineAfter(start, 1, OpenDays)
}

// NextSameWeekday gives the first open day on or after a date that falls on its
// weekday. Where the library is never open on that weekday it gives the next
// open day instead: moving on by weeks would never end.
func (c *Calendar) NextSameWeekday(date broker.Date) broker.Date {
	if c.IsOpen(date) {
		return date
	}
	if c.weekHours(dayNumber(date)).Closes == 0 {
		return c.NextOpenDay(date)
	}
	for day := date.AddDays(7); day.DaysSince(date) <= neverOpen; day = day.AddDays(7) {
		if c.IsOpen(day) {
			return day
		}
	}
	return date
}

// OpenMinutes counts the minutes of opening between two instants; 0 when the
// second is not later. It walks the days between, so it is for loans by the
// hour, not for years.
func (c *Calendar) OpenMinutes(from, to time.Time) int {
	minutes := 0
	for day, last := c.DateOf(from), c.DateOf(to); !day.After(last); day = day.AddDays(1) {
		opens, open := c.Opens(day)
		if !open {
			continue
		}
		closes, _ := c.Closes(day)
		begin, end := later(opens, from), earlier(closes, to)
		if end.After(begin) {
			minutes += int(end.Sub(begin) / time.Minute)
		}
	}
	return minutes
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// AddWallClockDays moves an instant by days on the library's clock: the time of
// day stays. A time that a clock change skips becomes later by what was
// skipped, never earlier: 02:15 in the gap becomes 03:15.
func (c *Calendar) AddWallClockDays(from time.Time, days int) time.Time {
	local := from.In(c.zone)
	moved := time.Date(local.Year(), local.Month(), local.Day()+days, local.Hour(), local.Minute(), local.Second(), 0, c.zone)
	skipped := (local.Hour()-moved.Hour())*60 + local.Minute() - moved.Minute()
	if skipped > 0 {
		return moved.Add(time.Duration(skipped) * time.Minute)
	}
	return moved
}
