package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/postgres"
	"afield/workflow"
)

// Columns are the columns of a Request.
const Columns = `library_id, id, number, side, state, version, owner, citation, title_id, format, service, rush, need_by, copyright,
	patron_id, pickup_branch_id, submitted_by, submitted_at, max_cost_minor, approved_cost_minor, currency, rota_entry_id, fulfilment,
	external_number, pick_up_by, patron_due_on, patron_contact_at, ill_checked, looked_up_at, borrower_library_id, borrower_request_id, borrower_note,
	item_id, offered_cost_minor, lender_due_on, renewals, previous_state, cancel_reason, overdue, recalled, renewal_pending,
	return_unused, closed_at, closed_reason, first_due_on, misplaced_on, lender_renewals, lender_fine_minor, lender_fine_most_minor`

// Who are columns of a Request too: what the policy may look at in its patron.
// They need the requests to be called r.
const Who = `coalesce((select p.class from patrons p where p.library_id = r.library_id and p.id = r.patron_id), '') as patron_class,
	(select p.born_on from patrons p where p.library_id = r.library_id and p.id = r.patron_id) as patron_born_on`

// load locks the requests of some firings in order of id and reads their rotas;
// it travels in one round trip with whatever is queued.
func (e *Engine) load(ctx context.Context, tx *postgres.Tx, now time.Time, firings []Firing) (map[broker.ID]*step, error) {
	steps := map[broker.ID]*step{}
	libraries := map[broker.ID]broker.ID{}
	for _, firing := range firings {
		if steps[firing.Request] == nil {
			steps[firing.Request] = &step{engine: e, Case: Case{Tx: tx, Now: now, cache: e.cache}}
			libraries[firing.Request] = firing.Library
		}
	}
	for _, id := range sortedIDs(steps) {
		st := steps[id]
		tx.Queue(`select `+Columns+`, `+Who+` from requests r where library_id = $1 and id = $2 for update`, libraries[id], id).Query(
			func(rows pgx.Rows) (err error) {
				st.Request, err = pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Request])
				if errors.Is(err, pgx.ErrNoRows) {
					return broker.NotFound("request")
				}
				return err
			})
		tx.Queue(`select `+EntryColumns+` from rota_entries where library_id = $1 and request_id = $2 order by position`, libraries[id], id).Query(
			func(rows pgx.Rows) (err error) {
				st.Rota, err = pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[RotaEntry])
				return err
			})
		AskVolumes(tx, libraries[id], id, &st.Volumes)
	}
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("lock requests: %w", err)
	}
	for _, st := range steps {
		if err := e.settle(ctx, &st.Case); err != nil {
			return nil, err
		}
	}
	return steps, nil
}

// save queues everything a step changed: the rota, the volumes, the request row,
// the jobs.
func (st *step) save(ctx context.Context) error {
	st.Rota.save(st.Tx)
	append(st.Volumes, st.forgotten...).save(st.Tx)
	st.saveRequest()
	if err := st.keepChanges(); err != nil {
		return err
	}
	if undone := st.undone; undone != nil {
		catalog.PutBack(st.Tx, st.Request.LibraryID, undone.items, undone.made)
	}
	if len(st.refs) == 0 {
		return nil
	}
	return st.engine.jobs.Send(ctx, st.Tx, st.refs)
}

func (st *step) saveRequest() {
	r := st.Request
	if active := st.Active(); active != nil {
		r.RotaEntryID = active.ID
	}
	st.Tx.Queue(`update requests set state = $3, version = $4, owner = $5, title_id = $6, need_by = $7, pickup_branch_id = $8,
			max_cost_minor = $9, approved_cost_minor = $10, rota_entry_id = $11, fulfilment = $12, external_number = $13, pick_up_by = $14,
			patron_due_on = $15, patron_contact_at = $16, ill_checked = $17, item_id = $18, offered_cost_minor = $19, lender_due_on = $20,
			renewals = $21, previous_state = $22, cancel_reason = $23, overdue = $24, recalled = $25, renewal_pending = $26,
			return_unused = $27, closed_at = $28, closed_reason = $29, looked_up_at = $30,
			first_due_on = $31, misplaced_on = $32, lender_renewals = $33, lender_fine_minor = $34, lender_fine_most_minor = $35
		where library_id = $1 and id = $2`,
		r.LibraryID, r.ID, string(r.State), r.Version, r.Owner, r.TitleID, r.NeedBy, r.PickupBranchID,
		r.MaxCostMinor, r.ApprovedCostMinor, r.RotaEntryID, r.Fulfilment, r.ExternalNumber, r.PickUpBy,
		r.PatronDueOn, r.PatronContactAt, r.ILLChecked, r.ItemID, r.OfferedCostMinor, r.LenderDueOn,
		r.Renewals, r.PreviousState, r.CancelReason, r.Overdue, r.Recalled, r.RenewalPending,
		r.ReturnUnused, r.ClosedAt, r.ClosedReason, r.LookedUpAt,
		r.FirstDueOn, r.MisplacedOn, r.LenderRenewals, r.LenderFineMinor, r.LenderFineMostMinor).Exec(exactlyOne("update a request"))
}

func exactlyOne(what string) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != 1 {
			return fmt.Errorf("%s: %d rows", what, tag.RowsAffected())
		}
		return nil
	}
}

// event appends a line to the timeline.
func (st *step) event(move Move) error {
	return appendEvent(st.Tx, st.Request, st.Now, move, st.Firing.Actor, st.Firing.Cause, st.data)
}

func appendEvent(tx *postgres.Tx, r *Request, now time.Time, move Move, by broker.Actor, cause Cause, facts map[string]any) error {
	actor, err := json.Marshal(by)
	if err != nil {
		return fmt.Errorf("write an actor: %w", err)
	}
	why, err := json.Marshal(cause)
	if err != nil {
		return fmt.Errorf("write a cause: %w", err)
	}
	facts = withLabel(facts, move.Label)
	data, err := json.Marshal(facts)
	if err != nil {
		return fmt.Errorf("write the facts of an event: %w", err)
	}
	tx.Queue(`insert into request_events (library_id, request_id, version, event, from_state, to_state, actor, cause, data, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		r.LibraryID, r.ID, move.Version, string(move.Event), string(move.From), string(move.To), actor, why, data, now)
	return nil
}

func withLabel(data map[string]any, label string) map[string]any {
	if data == nil {
		data = map[string]any{}
	}
	data["label"] = label
	return data
}

// NextNumber takes the number of a new request, short enough for slips and the
// phone.
func NextNumber(ctx context.Context, tx *postgres.Tx) (number int64, err error) {
	if err := tx.QueryRow(ctx, `select nextval('request_numbers')`).Scan(&number); err != nil {
		return 0, fmt.Errorf("take a request number: %w", err)
	}
	return number, nil
}

// note adds what a person wrote.
func (st *step) note(text string) error {
	audience := "staff"
	if st.Firing.By == workflow.ByLender || st.Firing.By == workflow.ByBorrower {
		audience = "lender"
	}
	_, err := AddNote(st.Tx, st.Request.LibraryID, st.Request.ID, audience, text, st.Firing.Actor, st.Now)
	return err
}

// AddNote writes a note and gives its id; the audience is "staff", "patron" or
// "lender".
func AddNote(tx *postgres.Tx, library, request broker.ID, audience, text string, actor broker.Actor, now time.Time) (broker.ID, error) {
	by, err := json.Marshal(actor)
	if err != nil {
		return broker.NoID, fmt.Errorf("write an actor: %w", err)
	}
	id := broker.NewID()
	tx.Queue(`insert into request_notes (library_id, request_id, id, audience, text, actor, at) values ($1, $2, $3, $4, $5, $6, $7)`,
		library, request, id, audience, text, by, now)
	return id, nil
}
