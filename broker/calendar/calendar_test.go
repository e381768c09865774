package calendar_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"afield/broker"
	"afield/broker/calendar"
)

func day(text string) broker.Date { return broker.MustDate(text) }

// weekdays is open Monday to Friday nine to five and Saturday ten to two.
func weekdays() calendar.Week {
	week := calendar.Week{time.Saturday: calendar.MustHours("10:00-14:00")}
	for weekday := time.Monday; weekday <= time.Friday; weekday++ {
		week[weekday] = calendar.MustHours("09:00-17:00")
	}
	return week
}

// library makes the calendar most tests use: closed on Sundays and on the days
// named, in Chicago.
func library(t *testing.T, closed ...string) *calendar.Calendar {
	t.Helper()
	plan := calendar.Plan{Hours: weekdays()}
	for _, date := range closed {
		plan.Closed = append(plan.Closed, calendar.Closure{From: day(date), Reason: "holiday"})
	}
	opening, err := calendar.New("America/Chicago", plan)
	if err != nil {
		t.Fatal(err)
	}
	return opening
}

func TestOpenAndClosedDays(t *testing.T) {
	t.Parallel()
	opening := library(t, "2026-07-03")
	tests := map[string]struct {
		date string
		open bool
	}{
		"an ordinary Thursday": {"2026-07-02", true},
		"a holiday":            {"2026-07-03", false},
		"a Saturday":           {"2026-07-04", true},
		"a Sunday":             {"2026-07-05", false},
	}
	for name, test := range tests {
		if got := opening.IsOpen(day(test.date)); got != test.open {
			t.Errorf("%s: open is %t", name, got)
		}
	}
	if got := opening.WhyClosed(day("2026-07-03")); got != "holiday" {
		t.Errorf("closed because of %q", got)
	}
	if got := opening.NextOpenDay(day("2026-07-03")); got != day("2026-07-04") {
		t.Errorf("next open day is %s", got)
	}
	if got := opening.PrevOpenDay(day("2026-07-03")); got != day("2026-07-02") {
		t.Errorf("previous open day is %s", got)
	}
	if got := opening.NextOpenDay(day("2026-07-02")); got != day("2026-07-02") {
		t.Errorf("an open day moved to %s", got)
	}
}

// Whole open days lie between the date that is given and today.
func TestBeforeOpenDays(t *testing.T) {
	t.Parallel()
	plan := library(t) // closed on Sundays
	for days, want := range map[int]string{0: "2026-08-24", 1: "2026-08-23", 2: "2026-08-21", 7: "2026-08-16"} {
		got := plan.BeforeOpenDays(day("2026-08-25"), days) // a Tuesday
		if got.String() != want {
			t.Errorf("%d open days: %s, want %s", days, got, want)
		}
		if open := plan.CountOpenDays(got, day("2026-08-24")); open != days {
			t.Errorf("after %s %d open days lie before, want %d", got, open, days)
		}
	}
}

func TestSpecialDaysAndLongClosures(t *testing.T) {
	t.Parallel()
	opening, err := calendar.New("America/Chicago", calendar.Plan{
		Hours: weekdays(),
		Special: []calendar.SpecialDay{
			{On: day("2026-12-13"), Hours: calendar.MustHours("12:00-16:00")}, // a Sunday
			{On: day("2026-12-24"), Hours: calendar.MustHours("09:00-12:00")},
			{On: day("2026-12-26"), Hours: calendar.MustHours("09:00-12:00")}, // inside a closure
		},
	}, calendar.Closure{From: day("2026-12-25"), To: day("2027-01-03")})
	if err != nil {
		t.Fatal(err)
	}
	if !opening.IsOpen(day("2026-12-13")) {
		t.Error("the open Sunday is closed")
	}
	if closes, _ := opening.Closes(day("2026-12-24")); closes != time.Date(2026, time.December, 24, 18, 0, 0, 0, time.UTC) {
		t.Errorf("Christmas Eve closes at %s", closes)
	}
	if opening.IsOpen(day("2026-12-26")) {
		t.Error("a closure must win over special hours")
	}
	if got := opening.NextOpenDay(day("2026-12-25")); got != day("2027-01-04") {
		t.Errorf("reopens on %s", got)
	}
	if got := opening.CountOpenDays(day("2026-12-12"), day("2026-12-14")); got != 2 {
		t.Errorf("counted %d open days, want the open Sunday and the Monday", got)
	}
}

func TestAClosureOfAnotherBranchClosesNobodyElse(t *testing.T) { // case DUE-13
	t.Parallel()
	there, err := calendar.New("America/New_York", calendar.Plan{}, calendar.Closure{From: day("2012-08-06")})
	if err != nil {
		t.Fatal(err)
	}
	here, err := calendar.New("America/New_York", calendar.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	if there.IsOpen(day("2012-08-06")) || !here.IsOpen(day("2012-08-06")) {
		t.Error("a closure must close its own branch and no other")
	}
}

func TestOpeningHoursKeepTheirWallClockAcrossAClockChange(t *testing.T) {
	t.Parallel()
	opening, err := calendar.New("America/Chicago", calendar.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	hours := library(t)
	tests := map[string]struct{ date, want string }{
		"the Saturday before spring": {"2026-03-07", "2026-03-07T20:00:00Z"}, // two o'clock, UTC-6
		"the Saturday after spring":  {"2026-03-14", "2026-03-14T19:00:00Z"}, // two o'clock, UTC-5
		"the Saturday after autumn":  {"2026-11-07", "2026-11-07T20:00:00Z"},
	}
	for name, test := range tests {
		if got := hours.EndOfBusiness(day(test.date)).Format(time.RFC3339); got != test.want {
			t.Errorf("%s closes at %s, want %s", name, got, test.want)
		}
	}
	// The day of the change has 23 hours and still ends at its midnight.
	start, _ := opening.Opens(day("2026-03-08"))
	if got := opening.EndOfBusiness(day("2026-03-08")).Sub(start); got != 23*time.Hour {
		t.Errorf("the short day lasted %s", got)
	}
}

func TestEndOfBusinessOfAClosedDayIsItsMidnight(t *testing.T) {
	t.Parallel()
	if got := library(t).EndOfBusiness(day("2026-03-15")).Format(time.RFC3339); got != "2026-03-16T05:00:00Z" {
		t.Errorf("got %s", got)
	}
}

func TestShelfUntil(t *testing.T) {
	t.Parallel()
	tenCalendar := calendar.Shelf{Days: 10, Count: calendar.CalendarDays, Extend: true}
	notExtended := calendar.Shelf{Days: 10, Count: calendar.CalendarDays}
	sixOpen := calendar.Shelf{Days: 6, Count: calendar.OpenDays}
	tests := map[string]struct {
		shelf         calendar.Shelf
		arrival, want string
	}{
		"ten calendar days":               {tenCalendar, "2026-03-02", "2026-03-12"},
		"a closed last day moves on":      {tenCalendar, "2026-03-05", "2026-03-16"},
		"or stays":                        {notExtended, "2026-03-05", "2026-03-15"},
		"six open days over a closed one": {sixOpen, "2026-04-28", "2026-05-06"},
		"arriving on a closed day":        {sixOpen, "2026-05-03", "2026-05-11"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := library(t, "2026-05-04").ShelfUntil(day(test.arrival), test.shelf); got != day(test.want) {
				t.Errorf("until %s, want %s", got, test.want)
			}
		})
	}
}

func TestDeadlines(t *testing.T) {
	t.Parallel()
	opening := library(t)
	chicago := opening.Zone()
	friday := day("2026-03-13").At(16, 0, chicago)
	tests := map[string]struct {
		start time.Time
		days  int
		count calendar.Count
		want  time.Time
	}{
		"one open day from Friday":            {friday, 1, calendar.OpenDays, day("2026-03-14").At(14, 0, chicago)},
		"two open days skip Sunday":           {friday, 2, calendar.OpenDays, day("2026-03-16").At(17, 0, chicago)},
		"two calendar days end on Monday":     {friday, 2, calendar.CalendarDays, day("2026-03-16").At(17, 0, chicago)},
		"today, before closing":               {friday, 0, calendar.CalendarDays, day("2026-03-13").At(17, 0, chicago)},
		"today, after closing, is tomorrow":   {day("2026-03-13").At(18, 0, chicago), 0, calendar.OpenDays, day("2026-03-14").At(14, 0, chicago)},
		"late evening still counts as Friday": {day("2026-03-13").At(23, 59, chicago), 1, calendar.OpenDays, day("2026-03-14").At(14, 0, chicago)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := opening.DeadlineAfter(test.start, test.days, test.count); !got.Equal(test.want) {
				t.Errorf("deadline is %s, want %s", got, test.want)
			}
		})
	}
	if got := opening.OneOpenDayAfter(friday); !got.Equal(day("2026-03-14").At(14, 0, chicago)) {
		t.Errorf("one open day ends at %s", got)
	}
}

func TestTheDateOfAnInstantIsTheLibrarys(t *testing.T) { // case TZ-01
	t.Parallel()
	at := time.Date(2026, time.June, 2, 4, 30, 0, 0, time.UTC)
	if got := library(t).DateOf(at); got != day("2026-06-01") {
		t.Errorf("the date is %s", got)
	}
}

func TestAPlanSurvivesJSONAndYAML(t *testing.T) {
	t.Parallel()
	plan := calendar.Plan{
		Hours:   weekdays(),
		Closed:  []calendar.Closure{{From: day("2026-07-04"), Reason: "holiday"}, {From: day("2026-12-24"), To: day("2026-12-26")}},
		Special: []calendar.SpecialDay{{On: day("2026-12-23"), Hours: calendar.MustHours("09:00-24:00")}},
	}
	sameDate := cmp.Comparer(func(a, b broker.Date) bool { return a == b })
	var fromJSON, fromYAML calendar.Plan
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &fromJSON); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan, fromJSON, sameDate); diff != "" {
		t.Errorf("JSON %s:\n%s", text, diff)
	}
	text, err = yaml.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &fromYAML); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan, fromYAML, sameDate); diff != "" {
		t.Errorf("YAML %s:\n%s", text, diff)
	}
}

func TestBadCalendarsAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"9:00-17:00", "09:00", "17:00-09:00", "09:00-09:00", "09:60-17:00", "09:00-24:01", "aa:00-17:00", ""} {
		if _, err := calendar.ParseHours(text); !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("hours %q gave %v", text, err)
		}
	}
	if err := json.Unmarshal([]byte(`{"hours": {"monday": "09:00-17:00"}}`), new(calendar.Plan)); err == nil {
		t.Error("an unknown weekday was taken")
	}
	var nothing calendar.Plan
	if err := json.Unmarshal([]byte(`{"hours": {"mon": null}, "special": [{"on": "2026-01-01"}]}`), &nothing); err != nil {
		t.Fatal(err)
	}
	if ours, ok := broker.AsError(func() error { _, err := calendar.New("UTC", nothing); return err }()); !ok || len(ours.Fields) != 2 {
		t.Errorf("hours that are none gave %v", ours)
	}
	if _, err := calendar.New("Mars/Olympus", calendar.Plan{}); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("an unknown zone gave %v", err)
	}
	_, err := calendar.New("UTC", calendar.Plan{Closed: []calendar.Closure{
		{From: day("2026-01-02"), To: day("2026-01-01")}, {Reason: "when?"}, {From: day("2020-01-01"), To: day("2030-01-01")},
	}})
	ours, ok := broker.AsError(err)
	if !ok || len(ours.Fields) != 3 {
		t.Errorf("three wrong closures gave %v", err)
	}
}
