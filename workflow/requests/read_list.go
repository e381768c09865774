package requests

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// Filter narrows a list of requests; its zero value takes all.
type Filter struct {
	Sides  []workflow.Side
	States []workflow.State
	Queue  workflow.Queue
	// Open, when given, tells open requests from ended ones.
	Open *bool
	// Number is a request number, here or in the system it began in; Words are part of
	// its title or author, or of that other number.
	Number int64
	Words  string
	// OldestFirst turns the order round.
	OldestFirst bool
}

// check refuses a state that no table of the sides has: a misspelt one would
// find nothing, and look like an empty list.
func (f Filter) check(tables []*workflow.Table) (wrong []broker.FieldError) {
	var known []workflow.State
	for _, table := range tables {
		if len(f.Sides) == 0 || slices.Contains(f.Sides, table.Side) {
			known = append(known, table.States(func(workflow.Place) bool { return true })...)
		}
	}
	if slices.ContainsFunc(f.States, func(state workflow.State) bool { return !slices.Contains(known, state) }) {
		slices.Sort(known)
		wrong = append(wrong, broker.FieldError{
			Pointer: "query:state", Code: "not_allowed", Message: "must be of " + strings.Join(texts(slices.Compact(known)), ", "),
		})
	}
	return wrong
}

// Summary is one line of a list of requests.
type Summary struct {
	engine.Request
	Label string
	// Told is the state in the words for patrons.
	Told     string
	Deadline *Deadline
	// LenderID is the lender being asked or supplying; NoID for none.
	LenderID broker.ID
	// Tier is how far away that lender is, and Tried how many lenders were asked
	// before it in vain.
	Tier  Tier
	Tried int
	// Cost is what the lender asks, as far as it is known.
	Cost broker.Money
	// Task is what a person has to decide, and TaskKind its kind; for staff.
	Task, TaskKind string
	// First is what staff most often do next, with its label; empty for nothing.
	First      workflow.Event
	FirstLabel string
	// FirstAsks tells that it has a form with something that must be filled in.
	FirstAsks bool
}

// Tier is how far away a lender is.
type Tier struct {
	Name string
	// Reach is the same as a step: 1 own shelves, 2 the local system, 3 the region,
	// 4 further; 0 where no lender is asked.
	Reach int
}

// summaryRow is a Summary as the database gives it.
type summaryRow struct {
	engine.Request
	DeadlineKind  *string         `db:"deadline_kind"`
	DeadlineEvent *workflow.Event `db:"deadline_event"`
	DeadlineAt    *time.Time      `db:"deadline_at"`
	LenderID      *broker.ID      `db:"lender_id"`
	TierName      *string         `db:"tier_name"`
	TierMembers   *string         `db:"tier_members"`
	Tried         int             `db:"tried"`
	CostMinor     *int64          `db:"cost_minor"`
	TaskKind      *string         `db:"task_kind"`
	TaskDetail    *string         `db:"task_detail"`
}

// reachOf is the step that a tier's members stand for.
func reachOf(members string) int {
	switch members {
	case "own":
		return 1
	case "sharing_group":
		return 2
	case "group", "states":
		return 3
	}
	return 4
}

// List gives a page of a library's requests, or of one patron's, and the names
// of the libraries in it. after is the last id of the page before, NoID for the
// first page.
func (s *Service) List(ctx context.Context, tx *postgres.Tx, viewer Viewer, filter Filter, after broker.ID, limit int) ([]Summary, map[broker.ID]Name, error) {
	if wrong := filter.check(s.engine.Tables()); wrong != nil {
		return nil, nil, broker.Invalid(wrong...)
	}
	where, args := filter.where(s.engine.Tables(), viewer, after)
	order := "desc"
	if filter.OldestFirst {
		order = "asc"
	}
	rows, err := tx.Query(ctx, `select `+qualified("r", engine.Columns)+`, `+engine.Who+`, d.kind as deadline_kind, d.event as deadline_event,
			d.due_at as deadline_at, e.lender_id, e.tier_name, t.members as tier_members,
			coalesce(r.offered_cost_minor, case when e.cost_known then e.cost_minor end) as cost_minor,
			(select count(*)::int from rota_entries x where x.library_id = r.library_id and x.request_id = r.id
				and x.status in ('refused', 'timed_out', 'declined', 'retry_later', 'undelivered')) as tried,
			k.kind as task_kind, k.detail as task_detail
		from requests r
		left join lateral (select kind, event, due_at from deadlines
			where library_id = r.library_id and request_id = r.id order by due_at, kind limit 1) d on true
		left join rota_entries e on e.library_id = r.library_id and e.id = r.rota_entry_id
		left join tiers t on t.library_id = e.library_id and t.position = e.tier
		left join lateral (select kind, detail from staff_tasks
			where library_id = r.library_id and request_id = r.id and closed_at is null order by opened_at, id limit 1) k on true
		where `+where+fmt.Sprintf(` order by r.id %s limit %d`, order, limit), args...)
	if err != nil {
		return nil, nil, fmt.Errorf("list requests: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[summaryRow])
	if err != nil {
		return nil, nil, fmt.Errorf("list requests: %w", err)
	}
	list := make([]Summary, len(found))
	var ids []broker.ID
	for i, row := range found {
		list[i] = row.summary(s.Table(row.Side), viewer)
		ids = append(ids, row.LibraryID)
		if row.LenderID != nil {
			ids = append(ids, *row.LenderID)
		}
		if row.BorrowerLibraryID != broker.NoID {
			ids = append(ids, row.BorrowerLibraryID)
		}
	}
	names, err := s.names(ctx, tx, ids)
	return list, names, err
}

func (row summaryRow) summary(table *workflow.Table, viewer Viewer) Summary {
	place, _ := table.Place(row.State)
	summary := Summary{Request: row.Request, Label: viewer.label(place, &row.Request), Told: told(place, &row.Request)}
	if row.DeadlineKind != nil {
		summary.Deadline = &Deadline{Kind: *row.DeadlineKind, Event: *row.DeadlineEvent, DueAt: *row.DeadlineAt}
	}
	if row.LenderID != nil {
		summary.LenderID = *row.LenderID
	}
	if row.TierName != nil {
		summary.Tier = Tier{Name: *row.TierName, Reach: reachOf(orNone(row.TierMembers))}
	}
	summary.Tried = row.Tried
	if row.CostMinor != nil {
		summary.Cost = row.Money(*row.CostMinor)
	}
	if viewer.Patron == broker.NoID {
		summary.Task, summary.TaskKind = orNone(row.TaskDetail), orNone(row.TaskKind)
		summary.First = place.First
		summary.FirstLabel, summary.FirstAsks = table.Called(row.State, place.First)
	}
	return summary
}

func orNone(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// where writes the conditions of a list. Every value is an argument.
func (f Filter) where(tables []*workflow.Table, viewer Viewer, after broker.ID) (string, []any) {
	var conditions []string
	var args []any
	add := func(condition string, value any) {
		args = append(args, value)
		conditions = append(conditions, fmt.Sprintf(condition, len(args)))
	}
	add("r.library_id = $%d", viewer.Library)
	add("r.side = any ($%d)", texts(f.Sides))
	if viewer.Patron != broker.NoID {
		add("r.patron_id = $%d", viewer.Patron)
	}
	if len(f.States) > 0 {
		add("r.state = any ($%d)", texts(f.States))
	}
	switch f.Queue {
	case "":
	case workflow.QueueNeedsMe:
		add("r.owner = $%d and r.closed_at is null", workflow.OwnerStaff)
	default:
		var states []string
		for _, side := range f.Sides {
			for _, state := range workflow.Of(tables, side).InQueue(f.Queue) {
				states = append(states, string(side)+":"+string(state))
			}
		}
		add("r.side || ':' || r.state = any ($%d)", states)
	}
	if f.Open != nil {
		add("(r.closed_at is null) = $%d", *f.Open)
	}
	if f.Number != 0 {
		args = append(args, f.Number, strconv.FormatInt(f.Number, 10))
		conditions = append(conditions, fmt.Sprintf("(r.number = $%d or r.external_number = $%d)", len(args)-1, len(args)))
	}
	for _, word := range strings.Fields(f.Words) {
		add("position(lower($%d) in lower(r.citation->>'title' || ' ' || coalesce(r.citation->>'author', '') || ' ' || coalesce(r.citation->>'part_title', '') || ' ' || coalesce(r.external_number, ''))) > 0", word)
	}
	if after != broker.NoID {
		if f.OldestFirst {
			add("r.id > $%d", after)
		} else {
			add("r.id < $%d", after)
		}
	}
	return strings.Join(conditions, " and "), args
}

// Brief is what a list of loans or holds needs to know of the requests they serve.
type Brief struct {
	Number         int64
	Citation       broker.Citation
	RenewalPending bool
}

// Briefs gives a library's requests by id, in brief; ids that name none are
// left out.
func Briefs(ctx context.Context, tx *postgres.Tx, library broker.ID, ids []broker.ID) (map[broker.ID]Brief, error) {
	briefs := map[broker.ID]Brief{}
	if len(ids) == 0 {
		return briefs, nil
	}
	rows, err := tx.Query(ctx, `select id, number, citation, renewal_pending from requests where library_id = $1 and id = any ($2)`, library, ids)
	if err != nil {
		return nil, fmt.Errorf("read requests in brief: %w", err)
	}
	var id broker.ID
	var brief Brief
	_, err = pgx.ForEachRow(rows, []any{&id, &brief.Number, &brief.Citation, &brief.RenewalPending}, func() error {
		briefs[id] = brief
		brief = Brief{}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read requests in brief: %w", err)
	}
	return briefs, nil
}
