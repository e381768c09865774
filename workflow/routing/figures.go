package routing

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Tables owned here: lender_figures, lending_balances. The writers queue their
// writes in the transaction of the act they count.

// Answer is how an ask ended, for the figures.
type Answer string

// The answers that count.
const (
	AnswerFilled  Answer = "filled" // it promised or sent
	AnswerRefused Answer = "refused"
	AnswerSilent  Answer = "silent" // it let its days pass
)

// NoteAsked counts a lender being asked; it has one more request in hand.
func NoteAsked(tx *postgres.Tx, lender broker.ID) {
	note(tx, lender, `asked = f.asked + 1, open_requests = f.open_requests + 1`)
}

// NoteAnswered counts a lender's answer, and the hours from asking to it. After
// a no or a silence the lender no longer has the request in hand.
func NoteAnswered(tx *postgres.Tx, lender broker.ID, answer Answer, hours float64) {
	switch answer {
	case AnswerFilled:
		note(tx, lender, `filled = f.filled + 1, answer_hours = f.answer_hours + $2`, max(0, hours))
	case AnswerRefused:
		note(tx, lender, `refused = f.refused + 1, answer_hours = f.answer_hours + $2,
			open_requests = greatest(f.open_requests - 1, 0)`, max(0, hours))
	case AnswerSilent:
		note(tx, lender, `silent = f.silent + 1, open_requests = greatest(f.open_requests - 1, 0)`)
	}
}

// NoteSupplied counts the arrival of what a lender sent, the given number of
// days after its yes.
func NoteSupplied(tx *postgres.Tx, lender broker.ID, days float64) {
	note(tx, lender, `supplied = f.supplied + 1, supply_days = f.supply_days + $2,
		open_requests = greatest(f.open_requests - 1, 0)`, max(0, days))
}

// NoteWithdrawn counts a request leaving a lender's hands unanswered or
// unsupplied: cancelled, or never delivered to it.
func NoteWithdrawn(tx *postgres.Tx, lender broker.ID) {
	note(tx, lender, `open_requests = greatest(f.open_requests - 1, 0)`)
}

func note(tx *postgres.Tx, lender broker.ID, changes string, args ...any) {
	tx.Queue(`insert into lender_figures (lender_id) values ($1) on conflict do nothing`, lender)
	tx.Queue(`update lender_figures f set `+changes+` where lender_id = $1`, append([]any{lender}, args...)...)
}

// NoteLoan counts a loan from one library to another: the lender's balance with
// the borrower goes up by one and the borrower's with the lender down by one,
// after both were decayed to now.
func NoteLoan(tx *postgres.Tx, lender, borrower broker.ID, now time.Time) {
	first, second, change := lender, borrower, 1.0
	if bytes.Compare(first[:], second[:]) > 0 { // one order for all, so that two loans crossing never deadlock
		first, second, change = borrower, lender, -1.0
	}
	tx.Queue(`
		insert into lending_balances as b (lender_id, borrower_id, balance, as_of)
		values ($1, $2, $3, $4), ($2, $1, -$3::double precision, $4)
		on conflict (lender_id, borrower_id) do update
		set balance = b.balance * power(0.5, greatest(0, extract(epoch from excluded.as_of - b.as_of)) / $5) + excluded.balance,
		    as_of = greatest(b.as_of, excluded.as_of)`,
		first, second, change, now, HalfLife.Seconds())
}

// record is what the tables here say of a lender.
type record struct {
	Figures
	Balance float64 // with the borrower, decayed to now
}

func records(ctx context.Context, tx *postgres.Tx, lenders []broker.ID, borrower broker.ID, now time.Time) (map[broker.ID]record, error) {
	found := make(map[broker.ID]record, len(lenders))
	if len(lenders) == 0 {
		return found, nil
	}
	rows, err := tx.Query(ctx, `
		select l.id, coalesce(f.asked, 0), coalesce(f.filled, 0), coalesce(f.refused, 0), coalesce(f.silent, 0),
		       coalesce(f.supplied, 0), coalesce(f.answer_hours, 0), coalesce(f.supply_days, 0), coalesce(f.open_requests, 0),
		       coalesce(b.balance, 0), coalesce(b.as_of, 'epoch')
		from unnest($1::uuid[]) as l(id)
		left join lender_figures f on f.lender_id = l.id
		left join lending_balances b on b.lender_id = l.id and b.borrower_id = $2
		where f.lender_id is not null or b.lender_id is not null`, lenders, borrower)
	if err != nil {
		return nil, fmt.Errorf("read the figures of lenders: %w", err)
	}
	var lender broker.ID
	var one record
	var asOf time.Time
	_, err = pgx.ForEachRow(rows, []any{
		&lender, &one.Asked, &one.Filled, &one.Refused, &one.Silent, &one.Supplied,
		&one.AnswerHours, &one.SupplyDays, &one.Open, &one.Balance, &asOf,
	}, func() error {
		one.Balance = Decayed(one.Balance, asOf, now)
		found[lender] = one
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the figures of lenders: %w", err)
	}
	return found, nil
}
