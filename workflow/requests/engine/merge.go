package engine

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// MovePatron gives another account every request of one, open and ended, when
// two accounts become one. No state changes, so nothing is fired. It locks the
// requests: call it before the patrons are locked.
func MovePatron(ctx context.Context, tx *postgres.Tx, from, to patrons.Ref) (moved int64, err error) {
	tx.Queue(`select 1 from requests where library_id = $1 and patron_id in ($2, $3) order by id for update`, from.Library, from.ID, to.ID)
	tx.Queue(`delete from request_undo u using requests r where r.library_id = u.library_id and r.id = u.request_id
		and r.library_id = $1 and r.patron_id in ($2, $3)`, from.Library, from.ID, to.ID)
	done, err := tx.Exec(ctx, `update requests set patron_id = $3 where library_id = $1 and patron_id = $2`, from.Library, from.ID, to.ID)
	if err != nil {
		return 0, fmt.Errorf("move a patron's requests: %w", err)
	}
	tx.Queue(`update request_items set patron_id = $3 where patron_library_id = $1 and patron_id = $2`, from.Library, from.ID, to.ID)
	tx.Queue(`update request_items set was_patron_id = $3 where was_patron_library_id = $1 and was_patron_id = $2`, from.Library, from.ID, to.ID)
	return done.RowsAffected(), nil
}

// ForgetPatrons removes a library's patrons from ended requests, and from all that
// belongs to these, when their accounts go. It needs the rights of
// postgres.Everywhere.
func ForgetPatrons(ctx context.Context, tx *postgres.Tx, library broker.ID, ids []broker.ID) error {
	rows, err := tx.Query(ctx, `update requests r set `+submittedByNobody+`
		where r.library_id = $1 and r.patron_id = any ($3) and r.closed_at is not null returning r.id`, library, broker.NoID, ids)
	if err != nil {
		return fmt.Errorf("forget who asked: %w", err)
	}
	forgotten, err := pgx.CollectRows(rows, pgx.RowTo[broker.ID])
	if err != nil {
		return fmt.Errorf("forget who asked: %w", err)
	}
	forgetWho(tx, library, forgotten)
	tx.Queue(`update request_items v set patron_library_id = null, patron_id = null, was_patron_library_id = null, was_patron_id = null
		from requests r where r.library_id = v.library_id and r.id = v.request_id and r.closed_at is not null
			and ((v.patron_library_id = $1 and v.patron_id = any ($2)) or (v.was_patron_library_id = $1 and v.was_patron_id = any ($2)))`, library, ids)
	return nil
}
