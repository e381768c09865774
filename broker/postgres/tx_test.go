package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

// scratchTables are the tables of these tests: plain notes, and shelves that
// only their own library sees.
const scratchTables = `
create table scratch_notes (id int primary key, text text not null);
create table scratch_shelves (library_id uuid not null, name text not null);
alter table scratch_shelves enable row level security;
alter table scratch_shelves force row level security;
create policy own on scratch_shelves to afield_app
	using (library_id = any (current_setting('afield.libraries')::uuid[]));
create policy everything on scratch_shelves to afield_system using (true);`

func newScratch(t *testing.T) *postgres.DB {
	t.Helper()
	db := pgtest.New(t)
	if _, err := pgtest.Admin(t, db).Exec(t.Context(), scratchTables); err != nil {
		t.Fatal(err)
	}
	return db
}

func notes(t *testing.T, db *postgres.DB) string {
	t.Helper()
	rows, err := db.SystemPool().Query(t.Context(), "select text from scratch_notes order by id")
	if err != nil {
		t.Fatal(err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(texts, " ")
}

const addNote = "insert into scratch_notes (id, text) values ($1, $2)"

func TestQueuedWritesAreCommitted(t *testing.T) {
	t.Parallel()
	db := newScratch(t)
	err := db.InTx(t.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		tx.Queue(addNote, 1, "queued")
		var seen int
		if err := tx.QueryRow(ctx, "select count(*) from scratch_notes").Scan(&seen); err != nil {
			return err
		}
		if seen != 1 {
			t.Errorf("a read sees %d of the writes queued before it, want 1", seen)
		}
		tx.Queue(addNote, 2, "with-the-commit")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := notes(t, db); got != "queued with-the-commit" {
		t.Errorf("notes are %q", got)
	}
}

func TestQueuedWriteReportsItsRows(t *testing.T) {
	t.Parallel()
	db := newScratch(t)
	lost := broker.Conflict("moved_on", "The note has moved on.")
	err := db.InTx(t.Context(), postgres.ForLibraries(), func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(addNote, 1, "before")
		tx.Queue("update scratch_notes set text = 'x' where id = 99").Exec(func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() == 0 {
				return lost
			}
			return nil
		})
		return nil
	})
	if !errors.Is(err, lost) {
		t.Errorf("the error is %v, want the conflict", err)
	}
	if got := notes(t, db); got != "" {
		t.Errorf("a lost race left %q behind", got)
	}
}

func TestWorkIsUndone(t *testing.T) {
	t.Parallel()
	db := newScratch(t)
	mistake := errors.New("mistake")
	cases := map[string]func(context.Context, *postgres.Tx) error{
		"by its own error": func(ctx context.Context, tx *postgres.Tx) error {
			if _, err := tx.Exec(ctx, addNote, 1, "sent"); err != nil {
				return err
			}
			tx.Queue(addNote, 2, "waiting")
			return mistake
		},
		"by a queued write that fails at commit": func(_ context.Context, tx *postgres.Tx) error {
			tx.Queue(addNote, 1, "first")
			tx.Queue(addNote, 1, "same number")
			return nil
		},
		"by a queued write that fails at the next read": func(ctx context.Context, tx *postgres.Tx) error {
			tx.Queue(addNote, 1, "first")
			tx.Queue(addNote, 1, "same number")
			rows, err := tx.Query(ctx, "select 1")
			if err == nil {
				rows.Close()
				t.Error("the read does not report the write that failed before it")
			}
			return err
		},
		"by a read that fails": func(ctx context.Context, tx *postgres.Tx) error {
			tx.Queue(addNote, 1, "first")
			return tx.QueryRow(ctx, "select 1 / $1::int", 0).Scan(new(int))
		},
		"by a statement whose error was swallowed": func(ctx context.Context, tx *postgres.Tx) error {
			_, _ = tx.Exec(ctx, addNote, 1, "first")
			_, _ = tx.Exec(ctx, "select 1 / $1::int", 0)
			return nil
		},
	}
	for name, work := range cases {
		t.Run(name, func(t *testing.T) {
			if err := db.InTx(t.Context(), postgres.ForLibraries(), work); err == nil {
				t.Error("InTx gives no error")
			}
			if got := notes(t, db); got != "" {
				t.Errorf("%q was kept", got)
			}
			if total := db.AppPool().Stat().TotalConns(); total == 0 {
				t.Error("the connection was thrown away; a failed statement must not cost one")
			}
		})
	}
}

func TestPanicRollsBackAndGoesOn(t *testing.T) {
	t.Parallel()
	db := newScratch(t)
	func() {
		defer func() {
			if recovered := recover(); recovered != "broken rule" {
				t.Errorf("recovered %v, want the panic of the work", recovered)
			}
		}()
		_ = db.InTx(t.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
			if _, err := tx.Exec(ctx, addNote, 1, "sent"); err != nil {
				t.Error(err)
			}
			panic("broken rule")
		})
	}()
	if got := notes(t, db); got != "" {
		t.Errorf("%q was kept", got)
	}
	if busy := db.AppPool().Stat().AcquiredConns(); busy != 0 {
		t.Errorf("%d connections were not given back", busy)
	}
}

func TestCancelledWorkIsUndone(t *testing.T) {
	t.Parallel()
	db := newScratch(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := db.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := tx.Exec(ctx, addNote, 1, "sent"); err != nil {
			return err
		}
		cancel()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want the cancellation", err)
	}
	if got := notes(t, db); got != "" {
		t.Errorf("%q was kept", got)
	}
}

func TestScopeDecidesWhichRowsAreSeen(t *testing.T) {
	t.Parallel()
	db := newScratch(t)
	ours, theirs := broker.NewID(), broker.NewID()
	addShelf := func(id broker.ID) func(context.Context, *postgres.Tx) error {
		return func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, "insert into scratch_shelves values ($1, 'new')", id)
			return err
		}
	}
	for _, id := range []broker.ID{ours, theirs} {
		if err := db.InTx(t.Context(), postgres.ForLibraries(id), addShelf(id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.InTx(t.Context(), postgres.ForLibraries(ours), addShelf(theirs)); err == nil {
		t.Error("one library writes another's shelf")
	}
	count := func(scope postgres.Scope, widen ...broker.ID) (seen int) {
		t.Helper()
		err := db.InTx(t.Context(), scope, func(ctx context.Context, tx *postgres.Tx) error {
			if len(widen) > 0 {
				tx.Widen(widen...)
			}
			return tx.QueryRow(ctx, "select count(*) from scratch_shelves").Scan(&seen)
		})
		if err != nil {
			t.Fatal(err)
		}
		return seen
	}
	for name, c := range map[string]struct{ got, want int }{
		"no library":     {count(postgres.ForLibraries()), 0},
		"one":            {count(postgres.ForLibraries(ours)), 1},
		"two":            {count(postgres.ForLibraries(ours, theirs)), 2},
		"widened":        {count(postgres.ForLibraries(ours), theirs), 2},
		"a stranger":     {count(postgres.ForLibraries(broker.NewID())), 0},
		"everywhere":     {count(postgres.Everywhere()), 2},
		"narrow again":   {count(postgres.ForLibraries(theirs)), 1},
		"nothing leaked": {count(postgres.ForLibraries()), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d shelves are seen, want %d", name, c.got, c.want)
		}
	}
}

func TestSerializationFailureRunsTheWorkAgain(t *testing.T) {
	t.Parallel()
	db := newScratch(t)
	tries := 0
	fail := func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, "do $$ begin raise exception 'again' using errcode = '40001'; end $$")
		return err
	}
	err := db.InTx(t.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		if tries++; tries < 3 {
			return fail(ctx, tx)
		}
		tx.Queue(addNote, tries, "third time")
		return nil
	})
	if err != nil || notes(t, db) != "third time" {
		t.Errorf("after %d tries: %v, notes %q", tries, err, notes(t, db))
	}
	tries = 0
	err = db.InTx(t.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		tries++
		return fail(ctx, tx)
	})
	var pg *pgconn.PgError
	if tries != 3 || !errors.As(err, &pg) || pg.Code != "40001" {
		t.Errorf("after %d tries: %v; want three tries and then the failure", tries, err)
	}
}

func TestSavepoints(t *testing.T) {
	t.Parallel()
	db := newScratch(t)
	err := db.InTx(t.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		tx.Queue(addNote, 1, "outer")
		kept, err := tx.Begin(ctx)
		if err != nil {
			return err
		}
		if _, err := kept.Exec(ctx, addNote, 2, "kept"); err != nil {
			return err
		}
		inner, err := kept.Begin(ctx)
		if err != nil {
			return err
		}
		if _, err := inner.Exec(ctx, addNote, 1, "same number"); err == nil {
			t.Error("the same number was taken twice")
		}
		if err := inner.Rollback(ctx); err != nil {
			return err
		}
		if err := kept.Commit(ctx); err != nil {
			return err
		}
		if err := kept.Rollback(ctx); !errors.Is(err, pgx.ErrTxClosed) {
			t.Errorf("a deferred rollback after commit gives %v, want ErrTxClosed", err)
		}
		undone, err := tx.Begin(ctx)
		if err != nil {
			return err
		}
		tx.Queue(addNote, 3, "undone")
		return undone.Rollback(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := notes(t, db); got != "outer kept" {
		t.Errorf("notes are %q", got)
	}
}

func TestIDsTravelBothWays(t *testing.T) {
	t.Parallel()
	db := newScratch(t)
	one, other := broker.NewID(), broker.NewID()
	err := db.InTx(t.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		var id, none broker.ID
		var pointer *broker.ID
		var several []broker.ID
		none = one
		var isNull, inside bool
		err := tx.QueryRow(ctx, "select $1::uuid, null::uuid, $1::uuid, $2::uuid[], $3::uuid is null, ($2::uuid[])[3] is null",
			one, []broker.ID{one, other, broker.NoID}, broker.NoID).Scan(&id, &none, &pointer, &several, &isNull, &inside)
		if err != nil {
			return err
		}
		if id != one || none != broker.NoID || *pointer != one || len(several) != 3 || several[1] != other || several[2] != broker.NoID {
			t.Errorf("got %v, %v, %v, %v", id, none, pointer, several)
		}
		if !isNull || !inside {
			t.Errorf("none is written as null: alone %v, in a list %v", isNull, inside)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestInstantsTravelBothWays(t *testing.T) {
	t.Parallel()
	db := newScratch(t)
	at := time.Date(2026, time.August, 22, 14, 30, 0, 5000, time.UTC)
	err := db.InTx(t.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		got, none := time.Time{}, at
		var pointer, nowhere *time.Time
		var several []time.Time
		var isNull, inside bool
		err := tx.QueryRow(ctx, `select $1::timestamptz, null::timestamptz, $1::timestamptz, null::timestamptz, $2::timestamptz[],
				$3::timestamptz is null, ($2::timestamptz[])[2] is null`,
			at, []time.Time{at, {}}, time.Time{}).Scan(&got, &none, &pointer, &nowhere, &several, &isNull, &inside)
		if err != nil {
			return err
		}
		if !got.Equal(at) || !none.IsZero() || !pointer.Equal(at) || nowhere != nil || len(several) != 2 || !several[0].Equal(at) || !several[1].IsZero() {
			t.Errorf("got %v, %v, %v, %v, %v", got, none, pointer, nowhere, several)
		}
		if !isNull || !inside {
			t.Errorf("the zero time is written as null: alone %v, in a list %v", isNull, inside)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRoundTrips(t *testing.T) {
	t.Parallel()
	db := newScratch(t)
	// One read and then queued writes: the first statement runs inside the
	// transaction, and nothing is sent between the read and the commit.
	err := db.InTx(t.Context(), postgres.ForLibraries(broker.NewID()), func(ctx context.Context, tx *postgres.Tx) error {
		if status := tx.Conn().PgConn().TxStatus(); status != 'I' {
			t.Errorf("BEGIN was sent by itself: status %c", status)
		}
		if err := tx.QueryRow(ctx, "select 1").Scan(new(int)); err != nil {
			return err
		}
		if status := tx.Conn().PgConn().TxStatus(); status != 'T' {
			t.Errorf("after the first read the status is %c, want T", status)
		}
		for i := range 3 {
			tx.Queue(addNote, i, "n")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := notes(t, db); got != "n n n" {
		t.Errorf("notes are %q", got)
	}
}
