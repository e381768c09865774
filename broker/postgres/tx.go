package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"afield/broker"
)

// Scope is which libraries' rows a transaction may see and write. Row-level
// security enforces it whatever the code asks for.
type Scope struct {
	libraries  []broker.ID
	everywhere bool
	snapshot   bool
}

// ForLibraries lets a transaction see the private rows of these libraries.
func ForLibraries(ids ...broker.ID) Scope { return Scope{libraries: ids} }

// Everywhere is for the sweep, the directory and invariants only: it runs under
// a second database role that sees all libraries.
func Everywhere() Scope { return Scope{everywhere: true} }

// DB is the database: one pool under the application's role, one under the
// system role.
type DB struct {
	app    *pgxpool.Pool
	system *pgxpool.Pool
}

// InTx runs work in one transaction and commits it, returning the commit's
// error. BEGIN travels with the first statement and the queued writes travel
// with COMMIT, so work that reads once and then queues costs two round trips.
// A serialization failure or deadlock runs the work again, up to three times,
// so work must not have effects outside the transaction.
func (db *DB) InTx(ctx context.Context, scope Scope, work func(context.Context, *Tx) error) error {
	var err error
	for attempt := 0; attempt < 3; attempt++ {
		if err = db.inTxOnce(ctx, scope, work); !isRetryable(err) {
			return err
		}
	}
	return err
}

func (db *DB) inTxOnce(ctx context.Context, scope Scope, work func(context.Context, *Tx) error) (err error) {
	pool := db.app
	if scope.everywhere {
		pool = db.system
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("acquire a connection: %w", err)
	}
	defer conn.Release()
	tx := &Tx{conn: conn.Conn(), scope: scope}
	tx.queued.Queue(scope.begin())
	tx.queueScope()
	defer func() {
		if recovered := recover(); recovered != nil {
			tx.rollback(ctx)
			panic(recovered)
		}
		if err != nil {
			tx.rollback(ctx)
		}
	}()
	if err := work(ctx, tx); err != nil {
		return err
	}
	return tx.commit(ctx)
}

// Tx is a transaction in progress. It is a pgx.Tx, so River can insert jobs
// into it, that also collects writes: Queue costs no round trip of its own.
type Tx struct {
	conn   *pgx.Conn
	scope  Scope
	queued pgx.Batch
	writes int // queued by callers and not sent yet
	begun  bool
	done   bool
}

var _ pgx.Tx = (*Tx)(nil)

// Widen lets the transaction also see the rows of more libraries. It is for the
// few acts that touch two libraries at once, such as a hold in a shared
// catalogue. Libraries that it already sees cost nothing.
func (tx *Tx) Widen(ids ...broker.ID) {
	seen := slices.Clone(tx.scope.libraries)
	for _, id := range ids {
		if !slices.Contains(seen, id) {
			seen = append(seen, id)
		}
	}
	if len(seen) == len(tx.scope.libraries) {
		return
	}
	tx.scope.libraries = seen
	tx.queueScope()
}

// Libraries lists whose rows the transaction may see.
func (tx *Tx) Libraries() []broker.ID { return tx.scope.libraries }

func (tx *Tx) queueScope() {
	if tx.scope.everywhere {
		return
	}
	texts := make([]string, len(tx.scope.libraries))
	for i, id := range tx.scope.libraries {
		texts[i] = id.String()
	}
	tx.queued.Queue("select set_config('afield.libraries', $1, true)", "{"+strings.Join(texts, ",")+"}")
}

// Queue adds a write that travels with the next read or with the commit. Its
// error comes back from there. Use the returned query's Exec to check the
// number of rows, for example to turn a lost race into a conflict; where such a
// check is still waiting at the end, COMMIT takes a round trip of its own.
func (tx *Tx) Queue(sql string, args ...any) *pgx.QueuedQuery {
	tx.writes++
	return tx.queued.Queue(sql, args...)
}

// Flush sends what is queued, for writers that must see an error early.
func (tx *Tx) Flush(ctx context.Context) error {
	if tx.queued.Len() == 0 {
		return nil
	}
	batch := tx.take()
	return Mapped(tx.conn.SendBatch(ctx, batch).Close())
}

// take hands over the queued batch and notes that the transaction has begun.
func (tx *Tx) take() *pgx.Batch {
	batch := tx.queued
	tx.queued = pgx.Batch{}
	tx.writes = 0
	tx.begun = true
	return &batch
}

func (tx *Tx) commit(ctx context.Context) error {
	if !tx.begun && tx.writes == 0 {
		tx.done = true // nothing was ever sent
		return nil
	}
	// A check of a write's result may refuse it, so it must come before COMMIT.
	if tx.hasHooks() {
		if err := tx.Flush(ctx); err != nil {
			return err
		}
	}
	var tag pgconn.CommandTag
	tx.queued.Queue("commit").Exec(func(ct pgconn.CommandTag) error { tag = ct; return nil })
	if err := tx.Flush(ctx); err != nil {
		return err
	}
	tx.done = true
	if tag.String() == "ROLLBACK" {
		// The work went on after a failed statement without reporting it. PostgreSQL
		// answers such a commit with a rollback and no error.
		return ErrRolledBack
	}
	return nil
}

// ErrRolledBack says that the work swallowed the error of a statement, so that
// there was nothing to commit.
var ErrRolledBack = errors.New("postgres: a statement had failed, and the transaction was rolled back at commit")

func (tx *Tx) hasHooks() bool {
	for _, queued := range tx.queued.QueuedQueries {
		if queued.Fn != nil {
			return true
		}
	}
	return false
}

func (tx *Tx) rollback(ctx context.Context) {
	if tx.done || !tx.begun || tx.conn.IsClosed() {
		return
	}
	tx.done = true
	// The caller's context may be cancelled already; the connection must still go
	// back clean, or be closed.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := tx.conn.Exec(ctx, "rollback"); err != nil {
		_ = tx.conn.Close(ctx)
	}
}

// Exec sends what is queued together with this statement.
func (tx *Tx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if tx.queued.Len() == 0 {
		tag, err := tx.conn.Exec(ctx, sql, args...)
		return tag, Mapped(err)
	}
	batch := tx.take()
	var tag pgconn.CommandTag
	batch.Queue(sql, args...).Exec(func(ct pgconn.CommandTag) error { tag = ct; return nil })
	return tag, Mapped(tx.conn.SendBatch(ctx, batch).Close())
}

// Query sends what is queued together with this query.
func (tx *Tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if tx.queued.Len() == 0 {
		rows, err := tx.conn.Query(ctx, sql, args...)
		return &batchRows{Rows: rows}, Mapped(err)
	}
	batch := tx.take()
	before := batch.Len()
	hooks := make([]func(pgx.BatchResults) error, 0, before)
	for _, queued := range batch.QueuedQueries {
		hooks = append(hooks, queued.Fn)
	}
	batch.QueuedQueries = append(batch.QueuedQueries, (&pgx.Batch{}).Queue(sql, args...))
	for _, queued := range batch.QueuedQueries {
		queued.Fn = nil
	}
	results := tx.conn.SendBatch(ctx, batch)
	for _, hook := range hooks {
		if err := runHook(results, hook); err != nil {
			_ = results.Close()
			return failedRows{err: Mapped(err)}, Mapped(err)
		}
	}
	rows, err := results.Query()
	if err != nil {
		_ = results.Close() // else the connection stays busy and is lost
		return failedRows{err: Mapped(err)}, Mapped(err)
	}
	return &batchRows{Rows: rows, results: results}, nil
}

func runHook(results pgx.BatchResults, hook func(pgx.BatchResults) error) error {
	if hook != nil {
		return hook(results)
	}
	_, err := results.Exec()
	return err
}

// QueryRow sends what is queued together with this query.
func (tx *Tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := tx.Query(ctx, sql, args...)
	return firstRow{rows: rows, err: err}
}

// SendBatch sends what is queued, then the batch.
func (tx *Tx) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	if err := tx.Flush(ctx); err != nil {
		return failedBatch{err}
	}
	return tx.conn.SendBatch(ctx, batch)
}

// CopyFrom sends what is queued, then copies.
func (tx *Tx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error) {
	if err := tx.Flush(ctx); err != nil {
		return 0, err
	}
	count, err := tx.conn.CopyFrom(ctx, table, columns, source)
	return count, Mapped(err)
}

// Begin opens a savepoint; pgx.Tx requires it.
func (tx *Tx) Begin(ctx context.Context) (pgx.Tx, error) {
	if _, err := tx.Exec(ctx, "savepoint inner_work"); err != nil {
		return nil, err
	}
	return &savepoint{Tx: tx, scope: tx.scope}, nil
}

// Commit is not for callers: InTx commits. pgx.Tx requires it.
func (tx *Tx) Commit(context.Context) error { return errors.New("postgres: InTx commits") }

// Rollback is not for callers: InTx rolls back. pgx.Tx requires it.
func (tx *Tx) Rollback(context.Context) error { return errors.New("postgres: InTx rolls back") }

// LargeObjects is not used; pgx.Tx requires it.
func (tx *Tx) LargeObjects() pgx.LargeObjects { panic("postgres: large objects are not used") }

// Prepare is not used; pgx.Tx requires it.
func (tx *Tx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return tx.conn.Prepare(ctx, name, sql)
}

// Conn gives the underlying connection; pgx.Tx requires it.
func (tx *Tx) Conn() *pgx.Conn { return tx.conn }

// savepoint is the inner transaction that pgx.Tx.Begin promises. Savepoints of
// the same name nest: PostgreSQL finds the newest, so each must be released.
type savepoint struct {
	*Tx
	scope  Scope // as it was, because Widen inside is undone too
	closed bool
}

// Commit keeps what was done since Begin, within the outer transaction.
func (s *savepoint) Commit(ctx context.Context) error {
	if s.closed {
		return pgx.ErrTxClosed
	}
	s.closed = true
	_, err := s.Exec(ctx, "release savepoint inner_work")
	return err
}

// Rollback undoes what was done since Begin. After Commit it does nothing, so
// that callers may defer it.
func (s *savepoint) Rollback(ctx context.Context) error {
	if s.closed {
		return pgx.ErrTxClosed
	}
	s.closed = true
	// Begin sent everything queued before it, so what waits now is the inner
	// transaction's own.
	s.queued, s.writes = pgx.Batch{}, 0
	s.Tx.scope = s.scope
	_, err := s.conn.Exec(ctx, "rollback to savepoint inner_work; release savepoint inner_work")
	return Mapped(err)
}

// batchRows closes the batch it came with, if any, when its rows are closed,
// and maps errors to ours.
type batchRows struct {
	pgx.Rows
	results pgx.BatchResults
	err     error
	closed  bool
}

func (r *batchRows) Close() {
	r.Rows.Close()
	if !r.closed && r.results != nil {
		r.closed = true
		r.err = r.results.Close()
	}
}

func (r *batchRows) Next() bool {
	more := r.Rows.Next()
	if !more {
		r.Close()
	}
	return more
}

func (r *batchRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return Mapped(err)
	}
	return Mapped(r.err)
}

type failedRows struct {
	pgx.Rows
	err error
}

func (r failedRows) Close()     {}
func (r failedRows) Next() bool { return false }
func (r failedRows) Err() error { return r.err }

type firstRow struct {
	rows pgx.Rows
	err  error
}

func (r firstRow) Scan(dest ...any) error {
	if r.err != nil {
		return Mapped(r.err)
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return Mapped(err)
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return Mapped(r.rows.Err())
}

type failedBatch struct{ err error }

func (b failedBatch) Exec() (pgconn.CommandTag, error) { return pgconn.CommandTag{}, b.err }
func (b failedBatch) Query() (pgx.Rows, error)         { return failedRows{err: b.err}, b.err }
func (b failedBatch) QueryRow() pgx.Row                { return firstRow{err: b.err} }
func (b failedBatch) Close() error                     { return b.err }
func (b failedBatch) Tx() pgx.Tx                       { return nil }
