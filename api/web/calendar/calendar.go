package calendar

import (
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

//go:embed *.html
var files embed.FS

// Calendar is the room's pages.
type Calendar struct {
	ops gen.StrictServerInterface
}

// Mount brings the pages.
func Mount(e *echo.Echo, site *frame.Site) error {
	c := Calendar{site.Operations}
	if err := site.Parse(files); err != nil {
		return err
	}
	site.Staff(e, http.MethodGet, "/calendar", c.month)
	site.Staff(e, http.MethodPost, "/calendar/close", c.close)
	site.Staff(e, http.MethodPost, "/calendar/closures/:closure/reopen", c.reopen)
	site.Staff(e, http.MethodGet, "/calendar/moves", c.moves)
	site.Staff(e, http.MethodPost, "/calendar/moves", c.move)
	site.Staff(e, http.MethodPost, "/calendar/moves/:move/reverse", c.reverse)
	return nil
}

// tab is one of the places, or the list of moved due dates.
type tab struct {
	Name, To string
	Here     bool
}

func tabs(v *frame.Visit, here string) []tab {
	list := []tab{{Name: v.Say("All places"), To: "/calendar", Here: here == ""}}
	for _, branch := range v.Place.Branches {
		list = append(list, tab{Name: branch.Name, To: "/calendar?branch=" + branch.ID.String(), Here: here == branch.ID.String()})
	}
	return append(list, tab{Name: v.Say("Moved due dates"), To: "/calendar/moves", Here: here == "moves"})
}

// cell is one day of the month.
type cell struct {
	Day gen.Date
	// Label is the day's number, with its month where that is another one.
	Label string
	// Class is how it looks: out, shut, cut, today.
	Class string
	Today bool
	Open  bool
	// Hours are when it is open; Why says why it is closed or has hours of its own.
	Hours, Why string
	Due        int
}

// link leads to another month.
type link struct{ Name, To string }

// ahead is a closure that is still to come, or goes on.
type ahead struct {
	gen.Closure
	Kind, Where string
	OneDay      bool
}

type monthPage struct {
	Tabs          []tab
	Branch        string
	Where         string
	Title         string
	Before, After link
	Weekdays      []string
	Weeks         [][]cell
	Week          []link
	Zone          string
	Ahead         []ahead
	// May tells that the visitor closes and opens.
	May      bool
	Branches []gen.Branch
	// Form is what was typed.
	Form    form
	Would   *wouldClose
	Opening *wouldOpen
	Trouble *frame.Trouble
	Today   broker.Date
	Cash    string
}

// form is the form that closes days.
type form struct{ From, To, Kind, Branch, Reason string }

func (c Calendar) month(v *frame.Visit) error {
	return c.showMonth(v, monthPage{Branch: v.QueryParam("branch"), Form: form{Kind: "planned", Branch: v.QueryParam("branch")}}, v.QueryParam("m"))
}

// showMonth fills the page with the month, written 2026-12; the present one where
// none is given.
func (c Calendar) showMonth(v *frame.Visit, page monthPage, month string) error {
	branch := broker.NoID
	if page.Branch != "" {
		var err error
		if branch, err = broker.ParseID("branch", page.Branch); err != nil {
			return broker.NotFound("branch")
		}
	}
	first, err := broker.ParseDate(month + "-01")
	if err != nil {
		first = broker.NewDate(v.Today.Year(), v.Today.Month(), 1)
	}
	next := broker.NewDate(first.Year(), first.Month()+1, 1)
	monday := first.AddDays(-daysFromMonday(first))
	sunday := next.AddDays(-1)
	sunday = sunday.AddDays(6 - daysFromMonday(sunday))
	days, err := frame.Ask[gen.ListDays200JSONResponse](v, "listDays", c.ops.ListDays, gen.ListDaysRequestObject{Params: gen.ListDaysParams{From: monday.String(), To: sunday.String(), BranchID: branch}})
	if err != nil {
		return err
	}
	closures, err := frame.Ask[gen.ListClosures200JSONResponse](v, "listClosures", c.ops.ListClosures, gen.ListClosuresRequestObject{Params: gen.ListClosuresParams{From: v.Today.String()}})
	if err != nil {
		return err
	}
	page.Tabs, page.Where, page.Zone, page.Branches, page.Today, page.Cash = tabs(v, page.Branch), v.Place.Branch(branch), days.TimeZone, v.Place.Branches, v.Today, v.Place.Currency
	if page.Where == "" {
		page.Where = v.Place.Name
	}
	page.May = v.Manages()
	page.Title = named(v, first)
	page.Before, page.After = monthLink(v, broker.NewDate(first.Year(), first.Month()-1, 1), page.Branch), monthLink(v, next, page.Branch)
	page.Weekdays = slices.Clone(v.Weekdays)
	for i, day := range days.Days {
		if i%7 == 0 {
			page.Weeks = append(page.Weeks, nil)
		}
		last := len(page.Weeks) - 1
		page.Weeks[last] = append(page.Weeks[last], cellOf(v, day, first))
	}
	for i, day := range days.Week {
		hours := day.Hours
		if hours == "" {
			hours = v.Say("closed")
		}
		page.Week = append(page.Week, link{Name: v.Long.Weekdays[i], To: spoken(v, hours)})
	}
	for _, closure := range closures.Closures {
		if closure.Cancelled || branch != broker.NoID && closure.BranchID != broker.NoID && closure.BranchID != branch {
			continue
		}
		page.Ahead = append(page.Ahead, aheadOf(v, closure))
	}
	return v.ShowWith(page.Trouble, "calendar", frame.Head{Title: v.Say("Calendar"), At: "calendar"}, page)
}

func daysFromMonday(day broker.Date) int { return (int(day.Weekday()) + 6) % 7 }

func named(v *frame.Visit, first broker.Date) string {
	return v.Long.Months[int(first.Month())-1] + " " + first.String()[:4]
}

func monthLink(v *frame.Visit, first broker.Date, branch string) link {
	query := url.Values{"m": {first.String()[:7]}}
	if branch != "" {
		query.Set("branch", branch)
	}
	return link{Name: named(v, first), To: "/calendar?" + query.Encode()}
}

func aheadOf(v *frame.Visit, closure gen.Closure) ahead {
	return ahead{Closure: closure, Kind: kindOf(v, closure.Kind), Where: v.Place.Branch(closure.BranchID), OneDay: closure.From == closure.To}
}

func kindOf(v *frame.Visit, kind string) string {
	switch kind {
	case "weather":
		return v.Say("weather")
	case "emergency":
		return v.Say("emergency")
	}
	return v.Say("planned")
}

func cellOf(v *frame.Visit, day gen.Day, first broker.Date) cell {
	shown := cell{Day: day.On, Label: strings.TrimLeft(day.On.String()[8:], "0"), Today: day.On == v.Today, Open: day.Open, Hours: short(v, day.Hours), Why: day.Reason, Due: day.Due}
	var classes []string
	if day.On.Month() != first.Month() {
		classes = append(classes, "out")
		shown.Label += " " + v.Months[int(day.On.Month())-1]
	}
	switch {
	case day.Open && day.Special, day.Closure == "weather", day.Closure == "emergency":
		classes = append(classes, "cut")
	case !day.Open:
		classes = append(classes, "shut")
	}
	if shown.Today {
		classes = append(classes, "today")
	}
	if day.Closure != "" && day.Closure != "planned" {
		shown.Why = kindOf(v, day.Closure) + ": " + shown.Why
	}
	shown.Class = strings.Join(classes, " ")
	return shown
}

// short writes 09:00-17:30 as 9–17:30.
func short(v *frame.Visit, hours string) string {
	if hours == allDay {
		return v.Say("all day")
	}
	ends := strings.Split(hours, "-")
	for i, end := range ends {
		ends[i] = strings.TrimSuffix(strings.TrimPrefix(end, "0"), ":00")
	}
	return strings.Join(ends, "–")
}

const allDay = "00:00-24:00"

// spoken writes hours as a list of the week does.
func spoken(v *frame.Visit, hours string) string {
	if hours == allDay {
		return v.Say("all day")
	}
	return strings.ReplaceAll(hours, "-", "–")
}

// monthOf is the month of a typed date, or "".
func monthOf(date string) string {
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return ""
	}
	return date[:7]
}
