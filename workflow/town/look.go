package town

import (
	"context"
	"fmt"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/tasks"
)

// Document is the policy that the library follows.
func (h *House) Document() *policy.Document {
	h.T.Helper()
	document, err := policy.Preset(h.Policy)
	h.Must(err)
	return document
}

// Ref names a patron.
func (h *House) Ref(patron broker.ID) patrons.Ref {
	return patrons.Ref{Library: h.Library.ID, ID: patron}
}

// Has counts what an account has open.
func (h *House) Has(patron broker.ID) (lent, held int) {
	h.T.Helper()
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		out, err := loans.Of(ctx, tx, h.Ref(patron))
		if err != nil {
			return err
		}
		waiting, err := holds.Of(ctx, tx, h.Ref(patron))
		lent, held = len(out), len(waiting)
		return err
	}))
	return lent, held
}

// Deadline gives when a kind of deadline of a request passes; zero for none.
func (h *House) Deadline(request broker.ID, kind string) (dueAt time.Time) {
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		var found *time.Time
		err := tx.QueryRow(ctx, `select max(due_at) from deadlines where request_id = $1 and kind = $2`, request, kind).Scan(&found)
		if found != nil {
			dueAt = *found
		}
		return err
	})
	return dueAt
}

// Card is a patron's card number.
func (h *House) Card(patron broker.ID) (number string) {
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select number from cards where library_id = $1 and patron_id = $2`, h.Library.ID, patron).Scan(&number)
	})
	return number
}

// ItemStatus is where an item is.
func (h *House) ItemStatus(barcode string) (status catalog.ItemStatus) {
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		item, err := catalog.ItemByBarcode(ctx, tx, h.SharingGroup, barcode, false)
		status = item.Status
		return err
	})
	return status
}

// TaskOf tells whether a task of a kind is open for a request.
func (h *House) TaskOf(request broker.ID, kind string) (open bool) {
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select exists (select 1 from staff_tasks where library_id = $1 and request_id = $2 and kind = $3 and closed_at is null)`,
			h.Library.ID, request, kind).Scan(&open)
	})
	return open
}

// LoanOf is the status of the loan of a request.
func (h *House) LoanOf(request broker.ID) (status loans.Status) {
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		loans, err := loans.OfRequest(ctx, tx, h.Library.ID, request)
		if err == nil && len(loans) == 1 {
			status = loans[0].Status
		}
		return err
	})
	return status
}

// Fired counts how often an event is in a request's timeline.
func (h *House) Fired(request broker.ID, event workflow.Event) int {
	return strings.Count(h.Timeline(request), "  "+string(event)+": ")
}

// ToldOf counts the notices of a kind that a patron was given.
func (h *House) ToldOf(patron broker.ID, kind string) (count int) {
	h.T.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*)::int from notices where patron_id = $1 and kind = $2`, patron, kind).Scan(&count)
	})
	return count
}

// Request reads a request.
func (h *House) Request(id broker.ID) *engine.Request {
	h.T.Helper()
	var found *engine.Request
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		found, err = h.Requests.Load(ctx, tx, h.Library.ID, id)
		return err
	}))
	return found
}

// Lending finds the library's newest lending request.
func (h *House) Lending() (id broker.ID) {
	h.T.Helper()
	for range 100 {
		h.Do(func(ctx context.Context, tx *postgres.Tx) error {
			return tx.QueryRow(ctx, `select coalesce((select id from requests where library_id = $1 and side = 'lending' order by id desc limit 1),
				'00000000-0000-0000-0000-000000000000')`, h.Library.ID).Scan(&id)
		})
		if id != broker.NoID {
			return id
		}
		h.Settle() // the ask is still on its way to it
	}
	h.T.Fatal("the library was not asked")
	return id
}

// Number is a request's number as staff type it.
func (h *House) Number(id broker.ID) string { return fmt.Sprint(h.Request(id).Number) }

// Notices counts a request's notices of a kind.
func (h *House) Notices(request broker.ID, kind string) (count int) {
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*)::int from notices where request_id = $1 and kind = $2`, request, kind).Scan(&count)
	})
	return count
}

// Tasks counts a request's open tasks.
func (h *House) Tasks(request broker.ID) (count int) {
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*)::int from staff_tasks where request_id = $1 and closed_at is null`, request).Scan(&count)
	})
	return count
}

// OpenTasks counts the open tasks of a kind.
func (h *House) OpenTasks(kind string) (count int) {
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*)::int from staff_tasks where library_id = $1 and kind = $2 and closed_at is null`, h.Library.ID, kind).Scan(&count)
	})
	return count
}

// Closes closes a request's open task of a kind by hand.
func (h *House) Closes(request broker.ID, kind string) {
	h.T.Helper()
	h.Do(func(_ context.Context, tx *postgres.Tx) error {
		tasks.Settle(tx, h.Library.ID, request, kind, h.Clock.Now())
		return nil
	})
}
