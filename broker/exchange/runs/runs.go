// Package runs remembers how far a file was read in, so that a run that was stopped
// goes on where it was. It owns the table import_runs.
package runs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Run is the reading of one file of a library.
type Run struct {
	Library broker.ID
	Kind    string
	// Hash is that of the file, and of how it is read.
	Hash string
}

// Count is how many rows were done, how many of them were wrong, and how many copies
// of theirs were left out.
type Count struct{ Done, Failed, LeftOut int }

// Start begins a run, or finds the one that was stopped, and gives how far that came.
func (r Run) Start(ctx context.Context, tx *postgres.Tx, now time.Time) (count Count, err error) {
	row := tx.QueryRow(ctx, `
		insert into import_runs as r (library_id, kind, file_hash, started_at) values ($1, $2, $3, $4)
		on conflict (library_id, kind, file_hash) do update set
			rows_done = case when r.finished_at is null then r.rows_done else 0 end,
			rows_failed = case when r.finished_at is null then r.rows_failed else 0 end,
			copies_left_out = case when r.finished_at is null then r.copies_left_out else 0 end,
			started_at = excluded.started_at, finished_at = null
		returning rows_done, rows_failed, copies_left_out`, r.Library, r.Kind, r.Hash, now)
	if err := row.Scan(&count.Done, &count.Failed, &count.LeftOut); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Count{}, fmt.Errorf("begin an import: %w", err)
	}
	return count, nil
}

// Note queues how far the run has come.
func (r Run) Note(tx *postgres.Tx, count Count) {
	tx.Queue(`update import_runs set rows_done = $4, rows_failed = $5, copies_left_out = $6 where library_id = $1 and kind = $2 and file_hash = $3`,
		r.Library, r.Kind, r.Hash, count.Done, count.Failed, count.LeftOut)
}

// Finish queues the end of the run.
func (r Run) Finish(tx *postgres.Tx, count Count, now time.Time) {
	tx.Queue(`update import_runs set rows_done = $4, rows_failed = $5, copies_left_out = $6, finished_at = $7
		where library_id = $1 and kind = $2 and file_hash = $3`, r.Library, r.Kind, r.Hash, count.Done, count.Failed, count.LeftOut, now)
}
