package loans

import (
	"context"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

const claimColumns = `c.library_id, c.id, c.loan_id, c.patron_library_id, c.patron_id, c.kind, c.status, c.by_guardian, c.note,
	c.claimed_at, c.claimed_by, c.closed_at`

func scanClaim(row pgx.Row, c *Claim) error {
	err := row.Scan(&c.Library, &c.ID, &c.Loan, &c.Patron.Library, &c.Patron.ID, &c.Kind, &c.Status, &c.ByGuardian, &c.Note,
		&c.ClaimedAt, &c.ClaimedBy, &c.ClosedAt)
	c.ClaimedAt, c.ClosedAt = c.ClaimedAt.UTC(), c.ClosedAt.UTC()
	return err
}

func askClaim(tx *postgres.Tx, into *Claim, rest string, args ...any) {
	tx.Queue(`select `+claimColumns+` from claims c `+rest, args...).
		QueryRow(func(row pgx.Row) error { return postgres.OrNone(scanClaim(row, into)) })
}

// AskOpenClaim queues the reading of the claim about the loan an item is out
// on, if it is open or was charged because the item was not found in time, and
// locks it.
func AskOpenClaim(tx *postgres.Tx, item catalog.Ref, into *Claim) {
	askClaim(tx, into, `join loans l on l.library_id = c.library_id and l.id = c.loan_id
		where l.item_library_id = $1 and l.item_id = $2 and l.status <> 'returned'
			and (c.closed_at is null or c.status = 'charged')
		order by c.closed_at is null desc, c.claimed_at desc limit 1 for update of c`, item.Library, item.ID)
}

// AskLastClaim queues the reading of the latest claim about a loan.
func AskLastClaim(tx *postgres.Tx, loan Loan, into *Claim) {
	askClaim(tx, into, `where c.library_id = $1 and c.loan_id = $2 order by c.closed_at is null desc, c.claimed_at desc limit 1 for update of c`,
		loan.Library, loan.ID)
}

// AskClaimCounts queues counting a patron's open claims, and all they ever
// made; claims refused or withdrawn do not count.
func AskClaimCounts(tx *postgres.Tx, patron patrons.Ref, carried, lifetime *int) {
	tx.Queue(`select count(*) filter (where closed_at is null)::int, count(*) filter (where status not in ('refused', 'withdrawn'))::int
		from claims where patron_library_id = $1 and patron_id = $2`, patron.Library, patron.ID).
		QueryRow(func(row pgx.Row) error { return row.Scan(carried, lifetime) })
}

// AddClaim queues a new claim.
func AddClaim(tx *postgres.Tx, c Claim) {
	tx.Queue(`insert into claims (library_id, id, loan_id, patron_library_id, patron_id, kind, status, by_guardian, note, claimed_at, claimed_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		c.Library, c.ID, c.Loan, c.Patron.Library, c.Patron.ID, c.Kind, c.Status, c.ByGuardian, c.Note, c.ClaimedAt, c.ClaimedBy)
}

// SaveClaim queues the writing of a claim as it is now.
func SaveClaim(tx *postgres.Tx, c Claim, by broker.Actor) {
	var closedBy *broker.Actor
	if !c.ClosedAt.IsZero() {
		closedBy = &by
	}
	tx.Queue(`update claims set status = $3, closed_at = $4, closed_by = $5 where library_id = $1 and id = $2`,
		c.Library, c.ID, c.Status, c.ClosedAt, closedBy)
}

// ClaimsOf gives a patron's claims, the latest first.
func ClaimsOf(ctx context.Context, tx *postgres.Tx, patron patrons.Ref) ([]Claim, error) {
	rows, err := tx.Query(ctx, `select `+claimColumns+` from claims c
		where c.patron_library_id = $1 and c.patron_id = $2 order by c.claimed_at desc, c.id`, patron.Library, patron.ID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Claim, error) {
		var claim Claim
		err := scanClaim(row, &claim)
		return claim, err
	})
}
