package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/postgres"
)

// Close puts a closure into the calendar of a library or a branch; a zero To is
// one day. The same days of the same kind again change nothing and give the
// closure that stands, with replayed set; a closure that was cancelled stays
// cancelled, and closing again makes a new one. A branch of another library is
// not found, and a closure without a reason is invalid.
func Close(ctx context.Context, tx *postgres.Tx, closure Closure) (made Closure, replayed bool, err error) {
	if closure.To.IsZero() {
		closure.To = closure.From
	}
	closure.Kind = orDefault(closure.Kind, ClosurePlanned)
	if err := closure.check(); err != nil {
		return Closure{}, false, err
	}
	// Two staff users closing at once wait for each other on the library.
	tx.Queue(`select 1 from libraries where id = $1 for no key update`, closure.Library)
	standing, err := queryClosures(ctx, tx, `where c.library_id = $1 and c.branch_id is not distinct from $2
		and c.from_on = $3 and c.to_on = $4 and c.kind = $5 and c.cancelled_at is null`,
		closure.Library, closure.Branch, closure.From, closure.To, closure.Kind)
	if err != nil {
		return Closure{}, false, err
	}
	if len(standing) > 0 {
		return standing[0], true, nil
	}
	if closure.Branch != broker.NoID {
		var known bool
		err := tx.QueryRow(ctx, `select exists (select from branches where library_id = $1 and id = $2)`, closure.Library, closure.Branch).Scan(&known)
		if err != nil {
			return Closure{}, false, fmt.Errorf("read a branch: %w", err)
		}
		if !known {
			return Closure{}, false, broker.NotFound("branch")
		}
	}
	if closure.ID == broker.NoID {
		closure.ID = broker.NewID()
	}
	by, err := json.Marshal(closure.By)
	if err != nil {
		return Closure{}, false, fmt.Errorf("write who closed: %w", err)
	}
	tx.Queue(`insert into closures (library_id, id, branch_id, from_on, to_on, reason, kind, put_by, put_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		closure.Library, closure.ID, closure.Branch, closure.From, closure.To, closure.Reason, closure.Kind, by, closure.PutAt)
	return closure, false, nil
}

func (c Closure) check() error {
	if _, err := calendar.New("UTC", calendar.Plan{}, c.Closure); err != nil {
		return err
	}
	var wrong []broker.FieldError
	if strings.TrimSpace(c.Reason) == "" {
		wrong = append(wrong, broker.FieldError{Pointer: "/reason", Code: "required", Message: "must say why"})
	}
	switch c.Kind {
	case ClosurePlanned, ClosureWeather, ClosureEmergency:
	default:
		wrong = append(wrong, broker.FieldError{Pointer: "/kind", Code: "unknown", Message: "must be planned, weather or emergency"})
	}
	if wrong != nil {
		return broker.Invalid(wrong...)
	}
	return nil
}

// Reopen cancels a closure: its days are open again. The row stays, with who
// cancelled it and when. Cancelling it again changes nothing. What the closure
// did to due dates is undone by broker/loans.
func Reopen(ctx context.Context, tx *postgres.Tx, library, id broker.ID, by broker.Actor, now time.Time) (Closure, error) {
	closure, err := ClosureByID(ctx, tx, library, id)
	if err != nil || !closure.CancelledAt.IsZero() {
		return closure, err
	}
	actor, err := json.Marshal(by)
	if err != nil {
		return Closure{}, fmt.Errorf("write who reopened: %w", err)
	}
	tx.Queue(`update closures set cancelled_at = $3, cancelled_by = $4 where library_id = $1 and id = $2 and cancelled_at is null`,
		library, id, now, actor)
	closure.CancelledAt = now
	return closure, nil
}

// ClosureByID reads one closure of a library and locks it; a not-found error when
// there is none.
func ClosureByID(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Closure, error) {
	found, err := queryClosures(ctx, tx, `where c.library_id = $1 and c.id = $2 for update`, library, id)
	if err != nil {
		return Closure{}, err
	}
	if len(found) == 0 {
		return Closure{}, broker.NotFound("closure")
	}
	return found[0], nil
}

// Closures lists the closures of a library and its branches that touch the days
// from one date to another, cancelled ones too, by their first day. A zero date
// leaves that end open.
func Closures(ctx context.Context, tx *postgres.Tx, library broker.ID, from, to broker.Date) ([]Closure, error) {
	return queryClosures(ctx, tx, `where c.library_id = $1 and ($2::date is null or c.to_on >= $2) and ($3::date is null or c.from_on <= $3)
		order by c.from_on, c.id`, library, from, to)
}

func queryClosures(ctx context.Context, tx *postgres.Tx, rest string, args ...any) ([]Closure, error) {
	rows, err := tx.Query(ctx, `
		select c.library_id, c.id, c.branch_id, c.from_on, c.to_on, c.reason, c.kind, c.put_by, c.put_at, c.cancelled_at
		from closures c `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read closures: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Closure, error) {
		var c Closure
		var by []byte
		if err := row.Scan(&c.Library, &c.ID, &c.Branch, &c.From, &c.To, &c.Reason, &c.Kind, &by, &c.PutAt, &c.CancelledAt); err != nil {
			return Closure{}, err
		}
		c.PutAt, c.CancelledAt = c.PutAt.UTC(), c.CancelledAt.UTC()
		return c, fromJSON(by, &c.By)
	})
}
