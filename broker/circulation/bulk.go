package circulation

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// LoanRecord is a loan as files bring them in from another system: already
// begun, perhaps ended. Its JSON names are the table's columns.
type LoanRecord struct {
	Library       broker.ID   `json:"library_id"`
	ID            broker.ID   `json:"id"`
	ItemLibrary   broker.ID   `json:"item_library_id"`
	Item          broker.ID   `json:"item_id"`
	PatronLibrary broker.ID   `json:"patron_library_id"`
	Patron        broker.ID   `json:"patron_id,omitzero"`
	Branch        broker.ID   `json:"branch_id,omitzero"`
	StartedAt     time.Time   `json:"started_at"`
	DueOn         broker.Date `json:"due_on"`
	DueAt         time.Time   `json:"due_at"`
	Renewals      int         `json:"renewals"`
	Terms         costs.Terms `json:"terms"`
	Status        LoanStatus  `json:"status"`
	ReturnedAt    *time.Time  `json:"returned_at"`
	ReturnedOn    broker.Date `json:"returned_on,omitzero"`
	LostOn        broker.Date `json:"lost_on,omitzero"`
	LostHow       string      `json:"lost_how,omitempty"`
	ReferredOn    broker.Date `json:"referred_on,omitzero"`
}

// BringLoans writes loans that began in another system, and moves their items
// out of the house. A loan of the same item that began at the same moment is
// known already and stays as it is, because life went on here.
func BringLoans(ctx context.Context, tx *postgres.Tx, loans []LoanRecord) (postgres.Saved, error) {
	saved, err := postgres.Upsert{
		Table: "loans",
		Columns: postgres.Columns("library_id uuid", "id uuid", "item_library_id uuid", "item_id uuid", "patron_library_id uuid",
			"patron_id uuid", "branch_id uuid", "started_at timestamptz", "due_on date", "due_at timestamptz", "renewals int",
			"terms jsonb", "status text", "returned_at timestamptz", "returned_on date", "lost_on date", "lost_how text", "referred_on date"),
		Unless: `exists (select 1 from loans k where k.item_library_id = f.item_library_id and k.item_id = f.item_id and k.started_at = f.started_at)`,
	}.Rows(ctx, tx, loans)
	if err != nil {
		return saved, err
	}
	for _, loan := range loans {
		switch {
		case !saved.New[loan.ID]:
		case loan.Status == LoanOpen:
			catalog.SetItemStatus(tx, loan.ItemLibrary, loan.Item, catalog.OnLoan)
		case loan.Status == LoanLost:
			catalog.SetItemStatus(tx, loan.ItemLibrary, loan.Item, catalog.Lost)
		}
	}
	return saved, tx.Flush(ctx)
}

// OnLoanSince tells since when items are out, by item id.
func OnLoanSince(ctx context.Context, tx *postgres.Tx, items []broker.ID) (map[broker.ID]time.Time, error) {
	rows, err := tx.Query(ctx, `select item_id, started_at from loans where item_id = any ($1) and status <> 'returned'`, items)
	if err != nil {
		return nil, fmt.Errorf("read loans: %w", err)
	}
	since := map[broker.ID]time.Time{}
	var id broker.ID
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error { since[id] = at.UTC(); return nil })
	return since, err
}

// HoldRecord is a hold as files bring them in from another system.
type HoldRecord struct {
	Library        broker.ID   `json:"library_id"`
	ID             broker.ID   `json:"id"`
	Title          broker.ID   `json:"title_id,omitzero"`
	Item           broker.ID   `json:"item_id,omitzero"`
	WantedItem     broker.ID   `json:"wanted_item_id,omitzero"`
	ForLibrary     broker.ID   `json:"for_library_id"`
	Patron         broker.ID   `json:"patron_id"`
	Pickup         broker.ID   `json:"pickup_branch_id,omitzero"`
	QueuedAt       time.Time   `json:"queued_at"`
	PlacedAt       time.Time   `json:"placed_at"`
	Status         HoldStatus  `json:"status"`
	CapturedAt     *time.Time  `json:"captured_at"`
	PickUpBy       broker.Date `json:"pick_up_by,omitzero"`
	OnShelfAt      *time.Time  `json:"on_shelf_at"`
	ClosedAt       *time.Time  `json:"closed_at"`
	SuspendedFrom  broker.Date `json:"suspended_from,omitzero"`
	SuspendedUntil broker.Date `json:"suspended_until,omitzero"`
	Channel        string      `json:"channel"`
}

// BringHolds writes holds that were placed in another system, each at its place
// in the queue, and moves the copies that were given to them. The same patron's
// hold of the same thing from the same moment is known already and stays as it
// is.
func BringHolds(ctx context.Context, tx *postgres.Tx, holds []HoldRecord) (postgres.Saved, error) {
	saved, err := postgres.Upsert{
		Table: "holds",
		Columns: postgres.Columns("library_id uuid", "id uuid", "title_id uuid", "item_id uuid", "wanted_item_id uuid", "for_library_id uuid",
			"patron_id uuid", "pickup_branch_id uuid", "queued_at timestamptz", "placed_at timestamptz", "status text",
			"captured_at timestamptz", "pick_up_by date", "on_shelf_at timestamptz", "closed_at timestamptz", "suspended_from date",
			"suspended_until date", "channel text"),
		Unless: `exists (select 1 from holds k where k.library_id = f.library_id and k.for_library_id = f.for_library_id
			and k.patron_id = f.patron_id and k.queued_at = f.queued_at and k.title_id is not distinct from f.title_id
			and k.wanted_item_id is not distinct from f.wanted_item_id)`,
	}.Rows(ctx, tx, holds)
	if err != nil {
		return saved, err
	}
	for _, hold := range holds {
		switch {
		case !saved.New[hold.ID]:
		case hold.Status == HoldOnShelf:
			catalog.SetItemStatus(tx, hold.Library, hold.Item, catalog.OnHoldShelf)
		case hold.Status == HoldInTransit:
			catalog.SetItemStatus(tx, hold.Library, hold.Item, catalog.InTransit)
			addTransit(tx, Transit{
				Library: hold.Library, ID: broker.NewID(), Item: hold.Item, ToLibrary: hold.ForLibrary, ToBranch: hold.Pickup,
				Hold: hold.ID, SentAt: *hold.CapturedAt,
			})
		}
	}
	return saved, tx.Flush(ctx)
}

// ResolveTerms gives the terms a loan of an item has by a document, as JSON in a
// file may also say them.
func ResolveTerms(document *policy.Document, match rule.Match, written string) (costs.Terms, error) {
	if written == "" {
		return costs.ResolveTerms(document, costs.LoanFacts{Match: match}), nil
	}
	var terms costs.Terms
	return terms, json.Unmarshal([]byte(written), &terms)
}

// Listings are the queries for everything a library owns here.
func Listings() []postgres.Listing {
	const card = `(select x.number from cards x where x.library_id = %[1]s and x.patron_id = %[2]s
		order by x.status = 'active' desc, x.created_at desc, x.id desc limit 1)`
	loans := `select i.barcode, ` + fmt.Sprintf(card, "l.patron_library_id", "l.patron_id") + ` as card, l.patron_id as patron,
			l.started_at as started, l.due_on as due, l.renewals, l.status, l.returned_at as returned, l.returned_on, l.lost_on, l.lost_how,
			l.referred_on, b.code as branch, l.terms%s
		from loans l
		left join items i on i.library_id = l.item_library_id and i.id = l.item_id
		left join branches b on b.library_id = l.library_id and b.id = l.branch_id
		where l.library_id = $1 and l.request_id is %s order by l.started_at, l.id`
	holds := `select ` + fmt.Sprintf(card, "h.for_library_id", "h.patron_id") + ` as card, h.patron_id as patron,
			coalesce((select min(k.key) from title_keys k where k.library_id = $1 and k.title_id = h.title_id), h.title_id::text) as title_key,
			w.barcode, i.barcode as copy, h.queued_at, h.placed_at, b.code as branch, h.status, h.captured_at, h.on_shelf_at,
			h.pick_up_by, h.closed_at, h.suspended_from, h.suspended_until, h.channel%s
		from holds h
		left join items i on i.library_id = h.library_id and i.id = h.item_id
		left join items w on w.library_id = h.library_id and w.id = h.wanted_item_id
		left join branches b on b.library_id = h.for_library_id and b.id = h.pickup_branch_id
		where h.library_id = $1 and h.request_id is %s order by h.queued_at, h.id`
	return []postgres.Listing{
		{Name: "loans", SQL: fmt.Sprintf(loans, "", "null")},
		{Name: "request_loans", SQL: fmt.Sprintf(loans, ", l.request_id as request", "not null")},
		{Name: "holds", SQL: fmt.Sprintf(holds, "", "null")},
		{Name: "request_holds", SQL: fmt.Sprintf(holds, ", h.request_id as request", "not null")},
		{Name: "transits", SQL: `select t.id, i.barcode, t.to_library_id as to_library, t.to_branch_id as to_branch, t.hold_id as hold,
			t.sent_at as sent, t.arrived_at as arrived
			from transits t left join items i on i.library_id = t.library_id and i.id = t.item_id where t.library_id = $1 order by t.id`},
		{Name: "claims", SQL: `select id, loan_id as loan, patron_id as patron, kind, status, by_guardian, note, claimed_at as claimed,
			claimed_by, closed_at as closed, closed_by from claims where library_id = $1 order by id`},
		{Name: "due_adjustments", SQL: `select id, kind, closure_id as closure, branch_id as branch, due_from, due_to, new_due_on as new_due, reason, rule,
			put_by, put_at as put, reversed_by, reversed_at as reversed from due_adjustments where library_id = $1 order by id`},
		{Name: "adjusted_loans", SQL: `select adjustment_id as adjustment, loan_id as loan, due_before, due_after
			from adjusted_loans where library_id = $1 order by 1, 2`},
		{Name: "queue_overrides", SQL: `select hold_id as hold, reason, actor, at from queue_overrides where library_id = $1 order by at, hold_id`},
	}
}
