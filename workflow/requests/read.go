package requests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/policy/attributes"
	"afield/broker/policy/ill"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/late"
	"afield/workflow/requests/tasks"
)

// Viewer is whoever looks: a library's staff, or one of its patrons.
type Viewer struct {
	Library broker.ID
	// Patron narrows to one patron's requests; NoID for staff.
	Patron broker.ID
}

// party is what the viewer counts as in the tables.
func (v Viewer) party() workflow.Party {
	if v.Patron != broker.NoID {
		return workflow.ByPatron
	}
	return workflow.ByStaff
}

// label is what the viewer reads of the state of a request.
func (v Viewer) label(place workflow.Place, request *engine.Request) string {
	switch {
	case !request.ReturnUnused || place.Unwanted == "":
		return place.Label
	case v.Patron != broker.NoID:
		return place.PatronUnwanted
	}
	return place.Unwanted
}

// told is the state in the words for patrons; "" for the sides that have no patron.
func told(place workflow.Place, request *engine.Request) string {
	if request.ReturnUnused && place.PatronUnwanted != "" {
		return place.PatronUnwanted
	}
	return place.Patron
}

// Deadline is what happens by itself if nobody acts before then.
type Deadline struct {
	Kind  string         `db:"kind"`
	Event workflow.Event `db:"event"`
	DueAt time.Time      `db:"due_at"`
}

// Name is how a library is shown.
type Name struct {
	Name   string
	Symbol broker.Symbol
}

// View is one request with everything there is to see and do.
type View struct {
	Request *engine.Request
	// Label is the state in plain words, Told the same in the words for patrons.
	Label, Told string
	// Deadline is the earliest; nil on an ended request.
	Deadline *Deadline
	Rota     []*engine.RotaEntry
	Volumes  engine.Volumes
	// Late is what came from lenders that the request no longer depends on.
	Late  []late.Parcel
	Tasks []tasks.Task
	// Actions are what the viewer may do now, with their forms.
	Actions []workflow.Action
	// Names are those of the libraries that appear.
	Names map[broker.ID]Name
	// Wait is what the patron is told about the time it takes; nil once it is
	// here, and for a hold.
	Wait *ExpectedWait
}

// ExpectedWait is what a policy tells patrons about the time a request takes.
type ExpectedWait struct {
	attributes.Wait
	// From and To are dates, counted from when it was asked for; To is zero where
	// the policy names no end.
	From, To broker.Date
	Source   rule.Source
}

func waitFrom(told rule.Entry[attributes.Wait], asked broker.Date) *ExpectedWait {
	wait := &ExpectedWait{Wait: told.Value, From: asked.AddDays(told.Value.FromDays), Source: told.Source}
	if told.Value.ToDays.Is {
		wait.To = asked.AddDays(told.Value.ToDays.Value)
	}
	return wait
}

// wait says what the patron is told about the time the request takes.
func wait(c *engine.Case) *ExpectedWait {
	r := c.Request
	if r.Side != workflow.SideBorrowing || r.PatronID == broker.NoID || !c.Place().Coming || (r.ByHold() && !ill.CountsAsILL(c.Policy)) {
		return nil
	}
	return waitFrom(ill.ExpectedWait(c.Policy, c.Asked()), c.Library.Today(r.SubmittedAt))
}

// Look reads one request as a viewer may see it. A request of another library
// or another patron, or of a side that is not asked for, is not found.
func (s *Service) Look(ctx context.Context, tx *postgres.Tx, now time.Time, viewer Viewer, id broker.ID, sides ...workflow.Side) (View, error) {
	var view View
	tx.Queue(`select `+engine.Columns+`, `+engine.Who+` from requests r
		where library_id = $1 and id = $2 and side = any ($3) and ($4::uuid is null or patron_id = $4)`,
		viewer.Library, id, texts(sides), viewer.Patron).Query(oneRow("request", &view.Request))
	tx.Queue(`select `+engine.EntryColumns+` from rota_entries where library_id = $1 and request_id = $2 order by position`,
		viewer.Library, id).Query(rowsOf(&view.Rota))
	tx.Queue(`select kind, event, due_at from deadlines where library_id = $1 and request_id = $2 order by due_at, kind limit 1`,
		viewer.Library, id).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[Deadline])
		if len(found) > 0 {
			view.Deadline = found[0]
		}
		return err
	})
	engine.AskVolumes(tx, viewer.Library, id, &view.Volumes)
	late.Ask(tx, viewer.Library, id, &view.Late)
	tx.Queue(`select t.id, t.request_id, null::bigint as number, t.kind, t.detail, t.choices, t.facts, t.opened_at, t.due_on
		from staff_tasks t where t.library_id = $1 and t.request_id = $2 and t.closed_at is null order by t.opened_at, t.id`,
		viewer.Library, id).Query(rowsInto(&view.Tasks))
	if err := tx.Flush(ctx); err != nil {
		return View{}, fmt.Errorf("read a request: %w", err)
	}
	for i := range view.Tasks {
		view.Tasks[i].Number = &view.Request.Number
	}
	c, err := s.engine.Case(ctx, tx, now, view.Request, view.Rota, view.Volumes)
	if err != nil {
		return View{}, err
	}
	view.Label, view.Told = viewer.label(c.Place(), view.Request), told(c.Place(), view.Request)
	if view.Actions, err = s.engine.Available(ctx, c, viewer.party()); err != nil {
		return View{}, err
	}
	view.Wait = wait(c)
	view.Names, err = s.names(ctx, tx, view.libraries())
	return view, err
}

func (v View) libraries() []broker.ID {
	ids := []broker.ID{v.Request.LibraryID}
	for _, entry := range v.Rota {
		ids = append(ids, entry.LenderID)
	}
	if v.Request.BorrowerLibraryID != broker.NoID {
		ids = append(ids, v.Request.BorrowerLibraryID)
	}
	return ids
}

func (s *Service) names(ctx context.Context, tx *postgres.Tx, ids []broker.ID) (map[broker.ID]Name, error) {
	lenders, err := s.cache.Lenders(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	names := make(map[broker.ID]Name, len(lenders))
	for id, lender := range lenders {
		names[id] = Name{Name: lender.Name, Symbol: lender.Symbol}
	}
	return names, nil
}

// EventLine is one line of a timeline.
type EventLine struct {
	ID        int64           `db:"id"`
	Version   int             `db:"version"`
	Event     workflow.Event  `db:"event"`
	FromState workflow.State  `db:"from_state"`
	ToState   workflow.State  `db:"to_state"`
	Actor     broker.Actor    `db:"actor"`
	Cause     json.RawMessage `db:"cause"`
	Data      json.RawMessage `db:"data"`
	At        time.Time       `db:"at"`
}

// Label is the line in plain words.
func (e EventLine) Label() string {
	var data struct {
		Label string `json:"label"`
	}
	if json.Unmarshal(e.Data, &data) == nil && data.Label != "" {
		return data.Label
	}
	return e.Event.Words()
}

// Timeline gives a page of what happened to a request, oldest first. after is
// the last event's id of the page before, 0 for the first page.
func Timeline(ctx context.Context, tx *postgres.Tx, viewer Viewer, request broker.ID, after int64, limit int) ([]EventLine, error) {
	if err := Visible(ctx, tx, viewer, request); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `select id, version, event, from_state, to_state, actor, cause, data, at from request_events
		where library_id = $1 and request_id = $2 and id > $3 order by id limit $4`, viewer.Library, request, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read a timeline: %w", err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowToStructByName[EventLine])
	if err != nil {
		return nil, fmt.Errorf("read a timeline: %w", err)
	}
	return lines, nil
}

// Visible is nil when a viewer may see a request at all, else not found.
func Visible(ctx context.Context, tx *postgres.Tx, viewer Viewer, request broker.ID) error {
	var one int
	err := tx.QueryRow(ctx, `select 1 from requests where library_id = $1 and id = $2 and ($3::uuid is null or patron_id = $3)`,
		viewer.Library, request, viewer.Patron).Scan(&one)
	if errors.Is(err, pgx.ErrNoRows) {
		return broker.NotFound("request")
	}
	if err != nil {
		return fmt.Errorf("look a request up: %w", err)
	}
	return nil
}

// oneRow reads the only row, or not found.
func oneRow[T any](what string, into **T) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[T])
		if errors.Is(err, pgx.ErrNoRows) {
			return broker.NotFound(what)
		}
		*into = found
		return err
	}
}

func rowsOf[T any](into *[]*T) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[T])
		return err
	}
}

func rowsInto[T any](into *[]T) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, pgx.RowToStructByName[T])
		return err
	}
}

func qualified(table, columns string) string {
	names := strings.Split(columns, ",")
	for i, name := range names {
		names[i] = table + "." + strings.TrimSpace(name)
	}
	return strings.Join(names, ", ")
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, item := range list {
		out[i] = string(item)
	}
	return out
}
