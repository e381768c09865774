package migrations_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"afield/broker"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

type sampleArgs struct {
	Number int `json:"number"`
}

// Kind names the job for River.
func (sampleArgs) Kind() string { return "sample" }

// River inserts jobs into our transaction: kept with it, undone with it, and
// with the rights of the application's role.
func TestRiverInsertsIntoOurTransaction(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	client, err := river.NewClient(riverpgxv5.New(db.AppPool()), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	change := errors.New("changed my mind")
	for _, outcome := range []error{nil, change} {
		err := db.InTx(t.Context(), postgres.ForLibraries(broker.NewID()), func(ctx context.Context, tx *postgres.Tx) error {
			tx.Queue("select 1")
			if _, err := client.InsertTx(ctx, tx, sampleArgs{1}, nil); err != nil {
				return err
			}
			tx.Queue("select 2")
			if _, err := client.InsertManyTx(ctx, tx, []river.InsertManyParams{{Args: sampleArgs{2}}, {Args: sampleArgs{3}}}); err != nil {
				return err
			}
			return outcome
		})
		if !errors.Is(err, outcome) {
			t.Fatal(err)
		}
	}
	rows, err := db.AppPool().Query(t.Context(), "select (args->>'number')::int from river_job order by id")
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil || len(numbers) != 3 || numbers[2] != 3 {
		t.Errorf("the jobs are %v, %v; want 1 2 3", numbers, err)
	}
}
