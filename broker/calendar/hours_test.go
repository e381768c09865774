package calendar_test

import (
	"testing"
	"time"

	"afield/broker/calendar"
)

func TestTheSameWeekdayOrTheNextOpenDay(t *testing.T) {
	t.Parallel()
	opening := library(t, "2026-03-03", "2026-03-10") // two Tuesdays
	for from, want := range map[string]string{
		"2026-03-02": "2026-03-02", // open
		"2026-03-03": "2026-03-17", // two weeks on
		"2026-03-08": "2026-03-09", // Sundays are never open
	} {
		if got := opening.NextSameWeekday(day(from)); got != day(want) {
			t.Errorf("%s moves to %s, want %s", from, got, want)
		}
	}
}

func TestOpenMinutesPassOverNightsAndClosedDays(t *testing.T) {
	t.Parallel()
	opening := library(t, "2026-03-03")
	clock := func(date string, hour, minute int) time.Time { return day(date).At(hour, minute, opening.Zone()) }
	tests := []struct {
		name     string
		from, to time.Time
		want     int
	}{
		{"within a day", clock("2026-03-02", 10, 0), clock("2026-03-02", 11, 1), 61},
		{"over night and a closed day", clock("2026-03-02", 16, 30), clock("2026-03-04", 9, 15), 45},
		{"at night", clock("2026-03-02", 17, 0), clock("2026-03-04", 9, 0), 0},
		{"backwards", clock("2026-03-02", 11, 0), clock("2026-03-02", 10, 0), 0},
	}
	for _, test := range tests {
		if got := opening.OpenMinutes(test.from, test.to); got != test.want {
			t.Errorf("%s: %d minutes, want %d", test.name, got, test.want)
		}
	}
}

func TestTheClockIsKeptAcrossItsChanges(t *testing.T) {
	t.Parallel()
	opening, err := calendar.New("America/Chicago", calendar.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	clock := func(date string, hour, minute int) time.Time { return day(date).At(hour, minute, opening.Zone()) }
	for name, test := range map[string]struct {
		from time.Time
		days int
		want string
	}{
		"over the spring change":   {clock("2026-03-07", 12, 0), 2, "2026-03-09T12:00:00-05:00"},
		"over the autumn change":   {clock("2026-10-31", 12, 0), 2, "2026-11-02T12:00:00-06:00"},
		"into the hour left out":   {clock("2026-03-07", 2, 15), 1, "2026-03-08T03:15:00-05:00"},
		"just before that hour":    {clock("2026-03-07", 1, 59), 1, "2026-03-08T01:59:00-06:00"},
		"the first minute past it": {clock("2026-03-07", 3, 0), 1, "2026-03-08T03:00:00-05:00"},
	} {
		if got := opening.AddWallClockDays(test.from, test.days).Format(time.RFC3339); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
