package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/ledger"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/messages"
	"afield/workflow/requests/tasks"
	"afield/workflow/routing"
)

// An act that can be taken back is kept in request_undo: what was before it, and
// what it made. Of the request, its rota and its volumes only the columns that it
// changed are kept. The row goes as soon as the request moves on by anything
// else, a message of the act is tried, or its dates are moved from outside.

// KeptAct is the last act of a person, while it can be taken back.
type KeptAct struct {
	// Version is the request's version after it.
	Version int
	// Taker is the event that takes it back.
	Taker workflow.Event
	// ByPatron tells that a patron did it, and not staff.
	ByPatron bool

	at        time.Time
	deadlines []byte
	tasks     []byte
	items     []byte
	notices   []broker.ID
	messages  []broker.ID
	made      []broker.ID
	changes   changes
}

// columns are the fields of a row by name.
type columns map[string]json.RawMessage

// changes are columns as they were before an act, and what it made.
type changes struct {
	Request columns               `json:"request,omitempty"`
	Entries map[broker.ID]columns `json:"entries,omitempty"`
	Volumes map[broker.ID]columns `json:"volumes,omitempty"`
	Added   []broker.ID           `json:"added,omitempty"` // volumes
	Tasks   []string              `json:"tasks,omitempty"` // kinds that were opened
	Told    []told                `json:"told,omitempty"`
	Charges []charge              `json:"charges,omitempty"`
	Latched []broker.ID           `json:"latched,omitempty"` // blocks that followed from them
	Counts  []routing.Count       `json:"counts,omitempty"`
}

// told names a notice by its cause.
type told struct {
	Library broker.ID
	Cause   string
}

// charge names an entry of a ledger.
type charge struct{ Library, ID broker.ID }

// acting is the act being done, where it can be taken back.
type acting struct {
	changes
	taker            workflow.Event
	request          columns
	entries, volumes map[broker.ID]columns
}

// Counted keeps what an effect added to the figures of a lender, so that it can
// be taken back with the act.
func (c *Case) Counted(count routing.Count) { c.counts = append(c.counts, count) }

// Kept gives the last act of a person while it can be taken back, or nil.
func (c *Case) Kept(ctx context.Context) (*KeptAct, error) {
	kept := &KeptAct{}
	var changed []byte
	err := c.Tx.QueryRow(ctx, `select version, event, by_patron, at, deadlines, tasks, items, notices, messages, made, changes
		from request_undo where library_id = $1 and request_id = $2 and version = $3`, c.Request.LibraryID, c.Request.ID, c.Request.Version).
		Scan(&kept.Version, &kept.Taker, &kept.ByPatron, &kept.at, &kept.deadlines, &kept.tasks, &kept.items, &kept.notices, &kept.messages, &kept.made, &changed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(changed, &kept.changes)
	}
	if err != nil {
		return nil, fmt.Errorf("read the last act: %w", err)
	}
	return kept, nil
}

// Tried queues forgetting how things were before an act once its message, or
// one of several, was tried: it may have got through.
func Tried(tx *postgres.Tx, library, message broker.ID) {
	tx.Queue(`delete from request_undo u using messages m where m.library_id = $1 and m.id = $2
		and u.library_id = m.library_id and u.request_id = m.request_id and u.version = m.event_version`, library, message)
}

// forgetBefore queues forgetting how some requests were before their last act:
// it can no longer be taken back.
func forgetBefore(tx *postgres.Tx, library broker.ID, requests ...broker.ID) {
	tx.Queue(`delete from request_undo where library_id = $1 and request_id = any ($2)`, library, requests)
}

// undoes gives the act that the event being taken takes back, or nil.
func (st *step) undoes(ctx context.Context) (*KeptAct, error) {
	if !slices.ContainsFunc(st.Table.Transitions, func(row workflow.Transition) bool { return row.Undo.Taker() == st.Firing.Event }) {
		return nil, nil
	}
	kept, err := st.Kept(ctx)
	if err != nil || kept == nil || kept.Taker != st.Firing.Event {
		return nil, err
	}
	return kept, nil
}

// keepBefore keeps how everything stands before a person takes a row that can be
// taken back.
func (st *step) keepBefore(taker workflow.Event) (err error) {
	st.acting = nil
	kind := st.Firing.Actor.Kind
	if taker == "" || (kind != broker.ActorStaff && kind != broker.ActorPatron) {
		return nil
	}
	act := &acting{taker: taker}
	if act.request, act.entries, act.volumes, err = st.columns(); err != nil {
		return err
	}
	items := []broker.ID{st.Request.ItemID}
	for _, volume := range st.Volumes {
		items = append(items, volume.ItemID)
	}
	st.Tx.Queue(`insert into request_undo (library_id, request_id, version, event, by_patron, at, deadlines, tasks, notices, messages, items)
		values ($1, $2, $5, $6, $7, $8,
			(select coalesce(jsonb_agg(jsonb_build_object('kind', d.kind, 'event', d.event, 'due_at', d.due_at)), '[]')
				from deadlines d where d.library_id = $1 and d.request_id = $2),
			`+tasks.Standing+`, `+notices.StandingOfRequest+`, `+messages.Standing+`, `+catalog.Standing+`)
		on conflict (library_id, request_id) do update set version = excluded.version, event = excluded.event, by_patron = excluded.by_patron,
			at = excluded.at, deadlines = excluded.deadlines, tasks = excluded.tasks, notices = excluded.notices, messages = excluded.messages,
			items = excluded.items, made = '{}', changes = '{}'`,
		st.Request.LibraryID, st.Request.ID, items, st.Firing.Input.Text("barcode"), st.Request.Version+1, string(taker), kind == broker.ActorPatron, st.Now)
	st.acting = act
	return nil
}

// keepChanges completes what is kept of the act, once it is stored; whatever
// else was kept is forgotten, for the request has moved on.
func (st *step) keepChanges() error {
	act := st.acting
	if act == nil || (act.taker == workflow.EventUndo && len(st.refs) == 0) { // nothing waits to be sent
		forgetBefore(st.Tx, st.Request.LibraryID, st.Request.ID)
		return nil
	}
	request, entries, volumes, err := st.columns()
	if err != nil {
		return err
	}
	act.Request, act.Counts = changed(act.request, request), st.counts
	if act.Entries, err = changedRows(act.entries, entries, nil); err == nil {
		act.Volumes, err = changedRows(act.volumes, volumes, &act.Added)
	}
	if err != nil {
		return fmt.Errorf("request %d: %q is to be undone, but %w", st.Request.Number, st.Firing.Event, err)
	}
	text, err := json.Marshal(act.changes)
	if err != nil {
		return fmt.Errorf("write what an act changed: %w", err)
	}
	st.Tx.Queue(`update request_undo u set changes = $3, items = `+fmt.Sprintf(catalog.Changed, "u.items")+`, made = `+fmt.Sprintf(catalog.Made, "u.items")+`
		where u.library_id = $1 and u.request_id = $2`, st.Request.LibraryID, st.Request.ID, text)
	return nil
}

// columns gives the columns of the request, its rota and its volumes.
func (st *step) columns() (request columns, entries, volumes map[broker.ID]columns, err error) {
	entries, volumes = map[broker.ID]columns{}, map[broker.ID]columns{}
	if request, err = columnsOf(st.Request); err != nil {
		return nil, nil, nil, err
	}
	delete(request, "Version")
	for _, entry := range st.Rota {
		if entries[entry.ID], err = columnsOf(entry); err != nil {
			return nil, nil, nil, err
		}
	}
	for _, volume := range st.Volumes {
		if volumes[volume.ID], err = columnsOf(volume); err != nil {
			return nil, nil, nil, err
		}
	}
	return request, entries, volumes, nil
}

func columnsOf(row any) (found columns, err error) {
	text, err := json.Marshal(row)
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		return nil, fmt.Errorf("write how a request stands: %w", err)
	}
	return found, nil
}

// changed gives the columns that differ, as they were before.
func changed(before, after columns) columns {
	differ := columns{}
	for name, value := range before {
		if !bytes.Equal(value, after[name]) {
			differ[name] = value
		}
	}
	return differ
}

// changedRows is changed for rows by id. It notes the rows that were added where
// they can be taken away again.
func changedRows(before, after map[broker.ID]columns, added *[]broker.ID) (map[broker.ID]columns, error) {
	differ := map[broker.ID]columns{}
	for id, row := range before {
		if after[id] == nil {
			return nil, errors.New("it took a row away")
		}
		if changed := changed(row, after[id]); len(changed) > 0 {
			differ[id] = changed
		}
	}
	for id := range after {
		if before[id] != nil {
			continue
		}
		if added == nil {
			return nil, errors.New("it added a lender")
		}
		*added = append(*added, id)
	}
	return differ, nil
}

// putBack puts everything back as it was before an act.
func (st *step) putBack(ctx context.Context, kept *KeptAct) error {
	st.data["undone_version"] = kept.Version
	was := kept.changes
	if err := was.Request.onto(st.Request); err != nil {
		return err
	}
	for _, entry := range st.Rota {
		if before := was.Entries[entry.ID]; before != nil {
			entry.Touch()
			if err := before.onto(entry); err != nil {
				return err
			}
		}
	}
	for _, volume := range st.Volumes {
		if before := was.Volumes[volume.ID]; before != nil {
			volume.Touch()
			if err := before.onto(volume); err != nil {
				return err
			}
		}
	}
	for _, id := range was.Added {
		for _, volume := range st.Volumes {
			if volume.ID == id {
				st.ForgetVolume(volume)
			}
		}
	}
	if err := st.takeMoneyBack(ctx, was); err != nil {
		return err
	}
	st.putRestBack(kept)
	return nil
}

// putRestBack puts back what belongs to the request, but for its items: these
// follow when the request is stored.
func (st *step) putRestBack(kept *KeptAct) {
	library, request, was := st.Request.LibraryID, st.Request.ID, kept.changes
	instants := []time.Time{kept.at, st.Now} // of the act, and of what takes it back
	for _, count := range was.Counts {
		count.TakeBack(st.Tx, st.Now)
	}
	tasks.PutBack(st.Tx, library, request, kept.tasks, was.Tasks, instants)
	for _, notice := range was.Told {
		st.Tx.Widen(notice.Library)
		notices.WithdrawMade(st.Tx, notice.Library, []string{notice.Cause}, st.Now)
	}
	notices.PutBack(st.Tx, library, kept.notices, instants)
	messages.PutBack(st.Tx, library, kept.messages, kept.at)
	st.Tx.Queue(`delete from deadlines where library_id = $1 and request_id = $2`, library, request)
	st.Tx.Queue(`insert into deadlines (library_id, request_id, kind, event, due_at)
		select $1, $2, k.kind, k.event, k.due_at from jsonb_to_recordset($3::jsonb) as k (kind text, event text, due_at timestamptz)`,
		library, request, kept.deadlines)
	st.undone = kept
}

// takeMoneyBack reverses what the act charged, and lifts the blocks that this
// brought about.
func (st *step) takeMoneyBack(ctx context.Context, was changes) error {
	for _, charge := range was.Charges {
		st.Tx.Widen(charge.Library)
		err := st.carryOut(ctx, Reverse{Answer: ledger.Answer{
			Library: charge.Library, Charge: charge.ID, Cause: "reverse:" + charge.ID.String(), Note: st.Row.Label, Actor: st.Firing.Actor, At: st.Now,
		}})
		if err != nil {
			return err
		}
	}
	patrons.LiftLatched(st.Tx, st.Request.LibraryID, was.Latched, st.Now)
	return st.latch(ctx)
}

// latch checks again whether the patrons concerned are blocked, where their
// accounts have changed.
func (st *step) latch(ctx context.Context) error {
	if !st.balanceMoved {
		return nil
	}
	st.balanceMoved = false
	checked := patrons.Ref{}
	for _, patron := range []patrons.Ref{st.Patron(), st.Holder()} {
		if patron.ID == broker.NoID || patron.Library != st.Request.LibraryID || patron == checked {
			continue
		}
		checked = patron
		latching, err := standing.UpdateLatch(ctx, st.Tx, st.Library.Library, st.Policy, patron, st.Now)
		if err != nil {
			return err
		}
		if st.acting != nil {
			for _, block := range latching.Put {
				st.acting.Latched = append(st.acting.Latched, block.ID)
			}
		}
	}
	return nil
}

// onto writes the columns onto a row.
func (c columns) onto(row any) error {
	text, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(text, row)
	}
	if err != nil {
		return fmt.Errorf("put a request back as it was: %w", err)
	}
	return nil
}
