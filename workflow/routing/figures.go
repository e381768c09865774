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

// Count is what one act added to the figures of a lender, so that it can be
// taken back with the act.
type Count struct {
	Lender                         broker.ID
	Asked, Filled, Refused, Silent int
	Supplied, Open                 int
	AnswerHours, SupplyDays        float64
	// Borrower is who borrowed, where a loan was counted, and At when.
	Borrower broker.ID
	At       time.Time
}

// NoteAsked counts a lender being asked; it has one more request in hand.
func NoteAsked(tx *postgres.Tx, lender broker.ID) Count {
	return noted(tx, Count{Lender: lender, Asked: 1, Open: 1})
}

// NoteAnswered counts a lender's answer, and the hours from asking to it. After
// a no or a silence the lender no longer has the request in hand.
func NoteAnswered(tx *postgres.Tx, lender broker.ID, answer Answer, hours float64) Count {
	count := Count{Lender: lender}
	switch answer {
	case AnswerFilled:
		count.Filled, count.AnswerHours = 1, max(0, hours)
	case AnswerRefused:
		count.Refused, count.AnswerHours, count.Open = 1, max(0, hours), -1
	case AnswerSilent:
		count.Silent, count.Open = 1, -1
	}
	return noted(tx, count)
}

// NoteSupplied counts the arrival of what a lender sent, the given number of
// days after its yes. One that was asked for it has it in hand no longer.
func NoteSupplied(tx *postgres.Tx, lender broker.ID, days float64, asked bool) Count {
	count := Count{Lender: lender, Supplied: 1, SupplyDays: max(0, days)}
	if asked {
		count.Open = -1
	}
	return noted(tx, count)
}

// NoteWithdrawn counts a request leaving a lender's hands unanswered or
// unsupplied: cancelled, or never delivered to it.
func NoteWithdrawn(tx *postgres.Tx, lender broker.ID) Count {
	return noted(tx, Count{Lender: lender, Open: -1})
}

func noted(tx *postgres.Tx, c Count) Count {
	tx.Queue(`insert into lender_figures (lender_id) values ($1) on conflict do nothing`, c.Lender)
	tx.Queue(`update lender_figures f set asked = f.asked + $2, filled = f.filled + $3, refused = f.refused + $4, silent = f.silent + $5,
			supplied = f.supplied + $6, open_requests = greatest(f.open_requests + $7, 0),
			answer_hours = greatest(f.answer_hours + $8, 0), supply_days = greatest(f.supply_days + $9, 0)
		where lender_id = $1`, c.Lender, c.Asked, c.Filled, c.Refused, c.Silent, c.Supplied, c.Open, c.AnswerHours, c.SupplyDays)
	return c
}

// NoteLoan counts a loan from one library to another: the lender's balance with
// the borrower goes up by one and the borrower's with the lender down by one,
// after both were decayed to now.
func NoteLoan(tx *postgres.Tx, lender, borrower broker.ID, now time.Time) Count {
	move(tx, lender, borrower, 1, now)
	return Count{Lender: lender, Borrower: borrower, At: now}
}

// TakeBack takes a count back, because what it counted was undone. Of a loan it
// takes what has not decayed yet.
func (c Count) TakeBack(tx *postgres.Tx, now time.Time) {
	if c.Borrower != broker.NoID {
		move(tx, c.Lender, c.Borrower, -Decayed(1, c.At, now), now)
		return
	}
	noted(tx, Count{
		Lender: c.Lender, Asked: -c.Asked, Filled: -c.Filled, Refused: -c.Refused, Silent: -c.Silent,
		Supplied: -c.Supplied, Open: -c.Open, AnswerHours: -c.AnswerHours, SupplyDays: -c.SupplyDays,
	})
}

// move changes the balance between two libraries, both sides of it.
func move(tx *postgres.Tx, lender, borrower broker.ID, change float64, now time.Time) {
	first, second := lender, borrower
	if bytes.Compare(first[:], second[:]) > 0 { // one order for all, so that two loans crossing never deadlock
		first, second, change = borrower, lender, -change
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

// FiguresOf gives how lenders have answered so far, all their borrowers together;
// one that nobody has asked is left out.
func FiguresOf(ctx context.Context, tx *postgres.Tx, lenders []broker.ID) (map[broker.ID]Figures, error) {
	found, err := records(ctx, tx, lenders, broker.NoID, time.Time{})
	figures := make(map[broker.ID]Figures, len(found))
	for lender, one := range found {
		figures[lender] = one.Figures
	}
	return figures, err
}
