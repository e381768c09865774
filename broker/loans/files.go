package loans

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// Record is a loan as it is imported from another system: already begun,
// perhaps ended. Its JSON names are the table's columns.
type Record struct {
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
	Status        Status      `json:"status"`
	ReturnedAt    *time.Time  `json:"returned_at"`
	ReturnedOn    broker.Date `json:"returned_on,omitzero"`
	LostOn        broker.Date `json:"lost_on,omitzero"`
	LostHow       string      `json:"lost_how,omitempty"`
	ReferredOn    broker.Date `json:"referred_on,omitzero"`
}

// Bring writes loans that began in another system, and marks their items as
// out. A loan of the same item that began at the same moment is already known
// and stays as it is, because it may have changed here since.
func Bring(ctx context.Context, tx *postgres.Tx, loans []Record) (postgres.Saved, error) {
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
		case loan.Status == Open:
			catalog.SetItemStatus(tx, loan.ItemLibrary, loan.Item, catalog.OnLoan)
		case loan.Status == Lost:
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

// ResolveTerms gives the terms of a loan of an item by a policy document, as
// JSON in the form a file may also give them.
func ResolveTerms(document *policy.Document, match rule.Match, written string) (costs.Terms, error) {
	if written == "" {
		return costs.ResolveTerms(document, costs.LoanFacts{Match: match}), nil
	}
	var terms costs.Terms
	return terms, json.Unmarshal([]byte(written), &terms)
}

// Listings are the queries for the loans, claims and moved due dates of a library.
func Listings() []postgres.Listing {
	loans := `select i.barcode, ` + patrons.CardOf("l.patron_library_id", "l.patron_id") + ` as card, l.patron_id as patron,
			l.started_at as started, l.due_on as due, l.renewals, l.status, l.returned_at as returned, l.returned_on, l.lost_on, l.lost_how,
			l.referred_on, b.code as branch, l.terms%s
		from loans l
		left join items i on i.library_id = l.item_library_id and i.id = l.item_id
		left join branches b on b.library_id = l.library_id and b.id = l.branch_id
		where l.library_id = $1 and l.request_id is %s order by l.started_at, l.id`
	return []postgres.Listing{
		{Name: "loans", SQL: fmt.Sprintf(loans, "", "null")},
		{Name: "request_loans", SQL: fmt.Sprintf(loans, ", l.request_id as request", "not null")},
		{Name: "claims", SQL: `select id, loan_id as loan, patron_id as patron, kind, status, by_guardian, note, claimed_at as claimed,
			claimed_by, closed_at as closed, closed_by from claims where library_id = $1 order by id`},
		{Name: "due_adjustments", SQL: `select id, kind, closure_id as closure, branch_id as branch, due_from, due_to, new_due_on as new_due, reason, rule,
			put_by, put_at as put, reversed_by, reversed_at as reversed from due_adjustments where library_id = $1 order by id`},
		{Name: "adjusted_loans", SQL: `select adjustment_id as adjustment, loan_id as loan, due_before, due_after
			from adjusted_loans where library_id = $1 order by 1, 2`},
	}
}
