package calendar_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/calendar"
)

// anyCalendar draws a calendar: at least one open weekday, some closures, some
// special days, any of three zones.
func anyCalendar(t *rapid.T) *calendar.Calendar {
	plan := calendar.Plan{Hours: calendar.Week{}}
	for _, weekday := range rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 1, 7, rapid.ID[int]).Draw(t, "open weekdays") {
		plan.Hours[time.Weekday(weekday)] = calendar.MustHours("09:00-17:00")
	}
	for range rapid.IntRange(0, 4).Draw(t, "closures") {
		from := anyDate(t)
		plan.Closed = append(plan.Closed, calendar.Closure{From: from, To: from.AddDays(rapid.IntRange(0, 20).Draw(t, "length"))})
	}
	for range rapid.IntRange(0, 3).Draw(t, "special days") {
		plan.Special = append(plan.Special, calendar.SpecialDay{On: anyDate(t), Hours: calendar.MustHours("12:00-16:00")})
	}
	zone := rapid.SampledFrom([]string{"America/Chicago", "Pacific/Apia", "UTC"}).Draw(t, "zone")
	opening, err := calendar.New(zone, plan)
	if err != nil {
		t.Fatal(err)
	}
	return opening
}

// anyDate draws a date around the turn of 2026, a short range so that drawn
// dates coincide with closures.
func anyDate(t *rapid.T) broker.Date {
	return broker.NewDate(2025, time.December, 1).AddDays(rapid.IntRange(0, 90).Draw(t, "date"))
}

func TestCountingAgreesWithWalking(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opening, after := anyCalendar(t), anyDate(t)
		through := after.AddDays(rapid.IntRange(-5, 120).Draw(t, "days"))
		walked := 0
		for date := after.AddDays(1); !date.After(through); date = date.AddDays(1) {
			if opening.IsOpen(date) {
				walked++
			}
		}
		if got := opening.CountOpenDays(after, through); got != walked {
			t.Fatalf("after %s through %s: counted %d, walked %d", after, through, got, walked)
		}
	})
}

func TestAddingOpenDaysAndCountingThemAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opening, start, days := anyCalendar(t), anyDate(t), rapid.IntRange(1, 30).Draw(t, "days")
		end := opening.AddOpenDays(start, days)
		if !opening.IsOpen(end) {
			t.Fatalf("%d open days after %s is %s, a closed day", days, start, end)
		}
		if got := opening.CountOpenDays(start, end); got != days {
			t.Fatalf("%d open days after %s is %s, %d open days later", days, start, end, got)
		}
	})
}

func TestTheNearestOpenDaysEncloseADate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opening, date := anyCalendar(t), anyDate(t)
		next, previous := opening.NextOpenDay(date), opening.PrevOpenDay(date)
		if next.Before(date) || previous.After(date) || !opening.IsOpen(next) || !opening.IsOpen(previous) {
			t.Fatalf("around %s: %s and %s", date, previous, next)
		}
		if opening.IsOpen(date) != (next == previous) {
			t.Fatalf("%s is open: %t, yet the nearest open days are %s and %s", date, opening.IsOpen(date), previous, next)
		}
	})
}

func TestAShelfEndsOpenAndNeverEarly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opening, arrival := anyCalendar(t), anyDate(t)
		shelf := calendar.Shelf{
			Days: rapid.IntRange(1, 15).Draw(t, "days"), Extend: true,
			Count: rapid.SampledFrom([]calendar.Count{calendar.CalendarDays, calendar.OpenDays}).Draw(t, "count"),
		}
		until := opening.ShelfUntil(arrival, shelf)
		if !opening.IsOpen(until) || until.DaysSince(arrival) < shelf.Days {
			t.Fatalf("arrived %s, %+v: until %s", arrival, shelf, until)
		}
	})
}

func TestADeadlineLiesAheadAtClosingTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		opening := anyCalendar(t)
		start := anyDate(t).UTC().Add(time.Duration(rapid.IntRange(0, 86_399).Draw(t, "second")) * time.Second)
		count := rapid.SampledFrom([]calendar.Count{calendar.CalendarDays, calendar.OpenDays}).Draw(t, "count")
		deadline := opening.DeadlineAfter(start, rapid.IntRange(0, 15).Draw(t, "days"), count)
		// An instant before closing is still inside the day.
		closes, open := opening.Closes(opening.DateOf(deadline.Add(-time.Second)))
		if !deadline.After(start) || !open || !deadline.Equal(closes) {
			t.Fatalf("from %s the deadline is %s (open %t, closes %s)", start, deadline, open, closes)
		}
	})
}

func TestFarDatesAreNoTrap(t *testing.T) {
	t.Parallel()
	opening := library(t)
	far := broker.MustDate("4999-12-18")
	if got := opening.PrevOpenDay(far); far.DaysSince(got) > 1 {
		t.Errorf("the open day on or before %s is %s", far, got)
	}
	sunday := far.AddDays(int(time.Saturday-far.Weekday()) + 1)
	if opening.IsOpen(sunday) || !opening.IsOpen(sunday.AddDays(1)) {
		t.Errorf("%s is a Sunday and the day after a Monday, but the calendar thinks otherwise", sunday)
	}
	if got := opening.CountOpenDays(broker.MustDate("2026-01-01"), far); got < 900_000 {
		t.Errorf("counted %d open days", got)
	}
}
