package acts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Kind is what was done.
type Kind string

// The kinds of act.
const (
	CheckOut Kind = "check_out"
	CheckIn  Kind = "check_in"
	Shelve   Kind = "shelve"
	Receive  Kind = "receive"
	Send     Kind = "send" // home to its lender, to a borrower, or to another branch
	Payment  Kind = "payment"
)

// Words says in words what an act of this kind did.
func (k Kind) Words() string {
	return map[Kind]string{
		CheckOut: "checked out", CheckIn: "checked in", Shelve: "put on the hold shelf", Receive: "received",
		Send: "sent on", Payment: "paid",
	}[k]
}

// Act is one act at a desk.
type Act struct {
	Library broker.ID
	ID      broker.ID
	Kind    Kind
	At      time.Time
	By      broker.Actor
	Branch  broker.ID
	// Item, Loan and Request are what it was about; Receipt is that of a payment.
	Item, Loan, Request broker.ID
	Receipt             int64
	// UndoUntil is when it can be undone for the last time; zero where nobody may.
	UndoUntil time.Time
	// Undone tells when, by whom and why it was undone; nil where it was not.
	Undone *Undone
}

// Undone is the undoing of an act.
type Undone struct {
	At  time.Time
	By  broker.Actor
	Why string
}

// None tells that nothing was recorded.
func (a Act) None() bool { return a.ID == broker.NoID }

// Begin names an act of a library's desk to the database, which notes what the
// transaction changes until Keep.
func Begin(tx *postgres.Tx, library broker.ID) broker.ID {
	id := broker.NewID()
	tx.Queue(`select set_config('afield.act', $1, true)`, library.String()+"/"+id.String())
	return id
}

const columns = `library_id, id, kind, at, by, branch_id, item_id, loan_id, request_id, coalesce(receipt, 0), undo_until, undone_at, undone_by, undone_why`

// Keep queues recording an act that was begun, and ends it. An act that changed
// nothing is not recorded; recorded, where it is given, is told whether it was.
func Keep(tx *postgres.Tx, a Act, recorded *bool) {
	queued := tx.Queue(`insert into desk_acts (library_id, id, kind, at, by, branch_id, item_id, loan_id, request_id, receipt, undo_until)
		select $1, $2, $3, $4, $5, $6, $7, $8, $9, nullif($10, 0), $11
		where set_config('afield.act', '', true) is not null
			and exists (select from desk_act_changes where library_id = $1 and act_id = $2)
		returning true`,
		a.Library, a.ID, string(a.Kind), a.At, a.By, a.Branch, a.Item, a.Loan, a.Request, a.Receipt, a.UndoUntil)
	if recorded != nil {
		queued.Query(func(rows pgx.Rows) error {
			*recorded = rows.Next()
			rows.Close()
			return rows.Err()
		})
	}
}

// Load gives an act of a library.
func Load(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Act, error) {
	return one(tx.Query(ctx, `select `+columns+` from desk_acts where library_id = $1 and id = $2`, library, id))
}

// Lock gives an act of a library, and keeps others from undoing it meanwhile.
func Lock(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Act, error) {
	return one(tx.Query(ctx, `select `+columns+` from desk_acts where library_id = $1 and id = $2 for update`, library, id))
}

// LastOf gives the last act on an item or loan that was not undone; none where
// there is no such act.
func LastOf(ctx context.Context, tx *postgres.Tx, library, item broker.ID) (Act, error) {
	act, err := one(tx.Query(ctx, `select `+columns+` from desk_acts where library_id = $1 and item_id = $2
		and undone_at is null order by at desc, id desc limit 1`, library, item))
	if broker.IsKind(err, broker.KindNotFound) {
		return Act{}, nil
	}
	return act, err
}

// OfReceipt gives the act of a payment; none where there is no such act.
func OfReceipt(ctx context.Context, tx *postgres.Tx, library broker.ID, receipt int64) (Act, error) {
	act, err := one(tx.Query(ctx, `select `+columns+` from desk_acts where library_id = $1 and receipt = $2 and kind = 'payment'`, library, receipt))
	if broker.IsKind(err, broker.KindNotFound) {
		return Act{}, nil
	}
	return act, err
}

// List gives a page of the acts of a library, the newest first; of one item, where
// one is named.
func List(ctx context.Context, tx *postgres.Tx, library, item broker.ID, page broker.Page) ([]Act, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from desk_acts where library_id = $1 and ($2::uuid is null or item_id = $2)
		and ($3::uuid is null or id < $3) order by id desc limit $4`, library, item, page.After, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("list acts: %w", err)
	}
	return pgx.CollectRows(rows, scan)
}

func one(rows pgx.Rows, err error) (Act, error) {
	if err != nil {
		return Act{}, fmt.Errorf("read an act: %w", err)
	}
	act, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Act{}, broker.NotFound("act")
	}
	if err != nil {
		return Act{}, fmt.Errorf("read an act: %w", err)
	}
	return act, nil
}

func scan(row pgx.CollectableRow) (act Act, err error) {
	var by *broker.Actor
	var at time.Time
	var why string
	err = row.Scan(&act.Library, &act.ID, &act.Kind, &act.At, &act.By, &act.Branch, &act.Item, &act.Loan, &act.Request, &act.Receipt,
		&act.UndoUntil, &at, &by, &why)
	if by != nil {
		act.Undone = &Undone{At: at, By: *by, Why: why}
	}
	return act, err
}

// Change is a row that an act changed.
type Change struct {
	Table   string
	Library broker.ID
	// ID is the row's own; NoID where it has none.
	ID broker.ID
	// Made tells that the act made the row.
	Made bool
}

// Changes gives the rows that an act changed, in the order in which it did.
func Changes(ctx context.Context, tx *postgres.Tx, a Act) ([]Change, error) {
	rows, err := tx.Query(ctx, `select of_table, of_key, did = 'insert' from desk_act_changes
		where library_id = $1 and act_id = $2 order by number`, a.Library, a.ID)
	return changes(rows, err)
}

// Followed locks the rows that an act changed and gives those that are no longer
// as it left them.
func Followed(ctx context.Context, tx *postgres.Tx, a Act) ([]Change, error) {
	rows, err := tx.Query(ctx, `select of_table, of_key, false from afield_followed($1, $2)`, a.Library, a.ID)
	return changes(rows, err)
}

func changes(rows pgx.Rows, err error) ([]Change, error) {
	if err != nil {
		return nil, fmt.Errorf("read what an act changed: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (change Change, err error) {
		var text []byte
		var key struct {
			Library broker.ID `json:"library_id"`
			ID      broker.ID `json:"id"`
		}
		if err = row.Scan(&change.Table, &text, &change.Made); err == nil {
			err = json.Unmarshal(text, &key)
		}
		change.Library, change.ID = key.Library, key.ID
		return change, err
	})
	if err != nil {
		return nil, fmt.Errorf("read what an act changed: %w", err)
	}
	return found, nil
}

// Later gives the acts that came after an act and touched the same item, loan,
// hold or request, the last one first.
func Later(ctx context.Context, tx *postgres.Tx, a Act) ([]Act, error) {
	rows, err := tx.Query(ctx, `select `+columns+` from desk_acts l where l.undone_at is null and l.id <> $2 and exists (
			select from desk_act_changes c join desk_act_changes n on n.of_table = c.of_table and n.of_key = c.of_key and n.number > c.number
			where c.library_id = $1 and c.act_id = $2 and n.library_id = l.library_id and n.act_id = l.id
				and c.of_table in ('items', 'loans', 'holds', 'transits', 'requests', 'request_items', 'late_parcels'))
		order by l.at desc, l.id desc`, a.Library, a.ID)
	if err != nil {
		return nil, fmt.Errorf("look what came after an act: %w", err)
	}
	return pgx.CollectRows(rows, scan)
}

// PutBack puts the rows that an act changed back to what they were, except those
// of some tables.
func PutBack(ctx context.Context, tx *postgres.Tx, a Act, except ...string) error {
	if _, err := tx.Exec(ctx, `select afield_put_back($1, $2, $3)`, a.Library, a.ID, except); err != nil {
		return fmt.Errorf("put back what an act changed: %w", err)
	}
	return nil
}

// Undo queues recording that an act was undone, and forgets what it changed. A
// loan that it made is there no longer, and is no longer named.
func Undo(tx *postgres.Tx, a Act) {
	tx.Queue(`update desk_acts a set undone_at = $3, undone_by = $4, undone_why = $5,
			loan_id = (select l.id from loans l where l.library_id = a.library_id and l.id = a.loan_id)
		where a.library_id = $1 and a.id = $2`,
		a.Library, a.ID, a.Undone.At, a.Undone.By, a.Undone.Why)
	tx.Queue(`delete from desk_act_changes where library_id = $1 and act_id = $2`, a.Library, a.ID)
}

// kept is how long an act is kept, to be looked up.
const kept = 90 * 24 * time.Hour

// Forget forgets what acts of a library changed that can no longer be undone, and
// old acts altogether: up to limit rows of each. It tells how many there were.
func Forget(ctx context.Context, tx *postgres.Tx, library broker.ID, now time.Time, limit int) (int, error) {
	rows, err := tx.Exec(ctx, `delete from desk_act_changes where (library_id, act_id, of_table, of_key) in (
			select c.library_id, c.act_id, c.of_table, c.of_key from desk_act_changes c
			join desk_acts a on a.library_id = c.library_id and a.id = c.act_id
			where c.library_id = $1 and (a.undo_until is null or a.undo_until < $2) limit $3)`, library, now, limit)
	if err != nil {
		return 0, fmt.Errorf("forget what acts changed: %w", err)
	}
	old, err := tx.Exec(ctx, `delete from desk_acts where (library_id, id) in (select library_id, id from desk_acts
			where library_id = $1 and at < $2 and (undo_until is null or undo_until < $3) limit $4)`, library, now.Add(-kept), now, limit)
	if err != nil {
		return 0, fmt.Errorf("forget old acts: %w", err)
	}
	return int(rows.RowsAffected() + old.RowsAffected()), nil
}
