package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Link says what an entry of a patron's account is about; NoID where it is about
// no loan, or no request.
type Link struct {
	Entry, Loan, Request broker.ID
}

// Links gives up to limit entries of a library's patrons that are about a loan or
// a request, in the order of their ids after one.
func Links(ctx context.Context, tx *postgres.Tx, library, after broker.ID, limit int) ([]Link, error) {
	rows, err := tx.Query(ctx, `select id, loan_id, request_id from ledger_entries
		where library_id = $1 and patron_id is not null and (loan_id is not null or request_id is not null)
			and ($2::uuid is null or id > $2) order by id limit $3`, library, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list what entries are about: %w", err)
	}
	links, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Link])
	if err != nil {
		return nil, fmt.Errorf("list what entries are about: %w", err)
	}
	return links, nil
}

// ForgetLinks queues cutting entries off from their loans, and others from their
// requests, once these no longer say whose they were. The notes and keys that
// told of them go too, and so does what a voucher for the entry says; every sum
// stays as it is. It needs the rights of postgres.Everywhere.
func ForgetLinks(tx *postgres.Tx, library broker.ID, ofLoans, ofRequests []broker.ID) {
	tx.Queue(`update ledger_entries set loan_id = null where library_id = $1 and id = any ($2)`, library, ofLoans)
	tx.Queue(`update ledger_entries set request_id = null where library_id = $1 and id = any ($2)`, library, ofRequests)
	tx.Queue(`update refund_vouchers v set reason = '' from ledger_entries e
		where e.library_id = $1 and (e.id = any ($2) or e.id = any ($3)) and e.act ~ '^voucher:[0-9a-f-]{36}'
			and v.library_id = e.library_id and v.id = substring(e.act from 9 for 36)::uuid`, library, ofLoans, ofRequests)
	tx.Queue(`update refund_vouchers set reason = '' where library_id = $1 and (charge_id = any ($2) or charge_id = any ($3))`,
		library, ofLoans, ofRequests)
}

// CutNotes queues emptying the notes of patrons' entries and vouchers that match
// a pattern, one for each patron: they tell of something that is forgotten. It
// needs the rights of postgres.Everywhere.
func CutNotes(tx *postgres.Tx, libraries, patrons []broker.ID, patterns []string) {
	for _, sql := range []string{
		`update ledger_entries t set note = '' from f where t.library_id = f.library_id and t.patron_id = f.patron_id and t.note ~ f.pattern`,
		`update refund_vouchers t set reason = '' from f where t.library_id = f.library_id and t.patron_id = f.patron_id and t.reason ~ f.pattern`,
	} {
		tx.Queue(`with f (library_id, patron_id, pattern) as (select * from unnest($1::uuid[], $2::uuid[], $3::text[])) `+sql, libraries, patrons, patterns)
	}
}
