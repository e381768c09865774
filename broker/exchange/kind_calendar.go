package exchange

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/postgres"
)

func calendarKind() kind {
	return kind{
		name: Calendar,
		columns: []Column{
			{Name: "branch", Says: "the code of a branch; empty: the whole library"},
			{Name: "weekday", Says: "mon, tue, wed, thu, fri, sat, sun: the row says its weekly hours"},
			{Name: "from", Says: "the first day of a closure, or a day with hours of its own"},
			{Name: "to", Says: "the last day; empty: one day"},
			{Name: "hours", Says: "09:00-17:00; on a weekday also closed; empty: the days are a closure"},
			{Name: "reason", Says: "of a closure"},
			{Name: "kind", Says: "planned, weather, emergency"},
		},
		names: func(r *row) []string {
			return []string{"day " + strings.TrimSpace(r.text("branch")+" "+strings.ToLower(r.text("weekday"))+r.text("from")+" "+r.text("to")+r.text("hours"))}
		},
		save: saveCalendar,
	}
}

var weekdays = []string{"", "sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func saveCalendar(ctx context.Context, tx *postgres.Tx, j *job, rows []*row) error {
	plans, err := j.plans(ctx, tx)
	if err != nil {
		return err
	}
	var closures []directory.ClosureRecord
	var kept []*row
	var ids []broker.ID
	touched := map[broker.ID]bool{}
	for _, read := range rows {
		place := j.branch(read)
		weekday, hours, kind := read.oneOf("weekday", weekdays...), read.text("hours"), read.oneOf("kind", "planned", "weather", "emergency")
		from, to := read.date("from"), read.date("to")
		if to.IsZero() {
			to = from
		}
		switch {
		case (weekday == "") == (read.text("from") == ""):
			read.wrong("weekday", "or from must be given: a weekday with its hours, or days")
		case read.errors != nil:
		case weekday != "" || hours != "":
			if dayHours(read, plans[place], weekday, from, to, hours) {
				touched[place] = true
			}
		case to.Before(from) || to.DaysSince(from) > 400:
			read.wrong("to", "must not lie before from, nor more than 400 days after it")
		case closedAlready(plans[place].Closed, from, to):
		default:
			closure := directory.ClosureRecord{Library: j.Library, ID: broker.NewID(), Branch: place, From: from, To: to, Reason: read.text("reason"), Kind: kind}
			closures, kept, ids = append(closures, closure), append(kept, read), append(ids, closure.ID)
		}
	}
	for place := range touched {
		if err := directory.SavePlan(tx, j.Library, place, *plans[place]); err != nil {
			return err
		}
	}
	saved, err := directory.SaveClosureRecords(ctx, tx, closures)
	for i := range kept {
		if kept[i].errors != nil {
			continue
		}
		if saved.New[ids[i]] {
			kept[i].outcome = isNew
		}
	}
	return err
}

// plans are the calendars as they are now, by branch; NoID is the library's. A
// branch without one of its own begins with an empty one.
func (j *job) plans(ctx context.Context, tx *postgres.Tx) (map[broker.ID]*calendar.Plan, error) {
	library, err := directory.Load(ctx, tx, j.Library)
	if err != nil {
		return nil, err
	}
	branches, err := directory.Branches(ctx, tx, j.Library)
	if err != nil {
		return nil, err
	}
	plans := map[broker.ID]*calendar.Plan{broker.NoID: copied(library.Plan)}
	for _, branch := range branches {
		plans[branch.ID] = &calendar.Plan{}
		if branch.Plan != nil {
			plans[branch.ID] = copied(*branch.Plan)
		}
	}
	return plans, nil
}

func copied(plan calendar.Plan) *calendar.Plan {
	plan.Hours, plan.Closed, plan.Special = maps.Clone(plan.Hours), slices.Clone(plan.Closed), slices.Clone(plan.Special)
	return &plan
}

// dayHours writes the hours of a weekday or of a day into a plan, and tells
// whether that changed it.
func dayHours(read *row, plan *calendar.Plan, weekday string, from, to broker.Date, text string) bool {
	before := copied(*plan)
	var hours calendar.Hours
	closed := strings.EqualFold(text, "closed") && weekday != ""
	if !closed {
		var err error
		if hours, err = calendar.ParseHours(text); err != nil {
			read.wrong("hours", "%q are not hours; write them as 09:00-17:00%s", shown(text), map[bool]string{true: ", or closed"}[weekday != ""])
			return false
		}
	}
	switch {
	case weekday != "":
		if plan.Hours == nil {
			plan.Hours = calendar.Week{}
		}
		// A plan without any weekday means open every day: to close one, the others
		// must be written out.
		for other := time.Sunday; closed && len(before.Hours) == 0 && other <= time.Saturday; other++ {
			plan.Hours[other] = calendar.MustHours("00:00-24:00")
		}
		day := time.Weekday(slices.Index(weekdays, weekday) - 1)
		if delete(plan.Hours, day); !closed {
			plan.Hours[day] = hours
		}
	case from != to:
		read.wrong("to", "must be empty: hours of their own are written for one day at a time")
		return false
	default:
		plan.Special = slices.DeleteFunc(plan.Special, func(day calendar.SpecialDay) bool { return day.On == from })
		plan.Special = append(plan.Special, calendar.SpecialDay{On: from, Hours: hours})
		slices.SortFunc(plan.Special, func(a, b calendar.SpecialDay) int { return a.On.Compare(b.On) })
	}
	same := maps.Equal(before.Hours, plan.Hours) && reflect.DeepEqual(before.Special, plan.Special)
	if !same {
		read.outcome = changed
	}
	return !same
}

func closedAlready(closed []calendar.Closure, from, to broker.Date) bool {
	return slices.ContainsFunc(closed, func(c calendar.Closure) bool {
		end := c.To
		if end.IsZero() {
			end = c.From
		}
		return c.From == from && end == to
	})
}
