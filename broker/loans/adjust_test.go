package loans_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/broker/standing"
	"afield/broker/towntest"
)

func TestWeatherClosures(t *testing.T) {
	t.Parallel()
	t.Run("DUE-14 DEL-11 what was due on closed days has until the next open one", func(t *testing.T) {
		t.Parallel()
		delaware := towntest.OneLibrary(t, "delaware", "America/New_York")
		patron := delaware.Patron("adult")
		loan := delaware.Lent(patron, "book", "2026-01-05 10:00")
		towntest.Equal(t, "due", loan.DueOn, broker.MustDate("2026-01-26"))
		moved := delaware.Shut(directory.ClosureWeather, "2026-01-26", "2026-01-27", "2026-01-26 08:00")
		towntest.Equal(t, "moved", moved.Loans, 1)
		again := delaware.Shut(directory.ClosureWeather, "2026-01-26", "2026-01-27", "2026-01-26 09:00")
		towntest.Equal(t, "closing again replays", again.Replayed && again.ID == moved.ID, true)
		towntest.Equal(t, "due now", delaware.Loan(loan.Ref).DueOn, broker.MustDate("2026-01-28"))
		delaware.TakenBack(loan, "2026-01-28 16:00")
		towntest.Equal(t, "fine", delaware.Owes(patron), "0.00")
	})
	t.Run("DUE-15 what was overdue before gains nothing but the closed day", func(t *testing.T) {
		t.Parallel()
		delaware := towntest.OneLibrary(t, "delaware", "America/New_York")
		patron := delaware.Patron("adult")
		loan := delaware.Lent(patron, "book", "2026-01-02 10:00")
		towntest.Equal(t, "moved", delaware.Shut(directory.ClosureWeather, "2026-01-26", "2026-01-26", "2026-01-26 08:00").Loans, 0)
		delaware.TakenBack(loan, "2026-01-27 16:00")
		towntest.Equal(t, "fine", delaware.Owes(patron), "0.20")
	})
	t.Run("a planned closure moves what the loan period moves", func(t *testing.T) {
		t.Parallel()
		delaware := towntest.OneLibrary(t, "delaware", "America/New_York")
		loan := delaware.Lent(delaware.Patron("adult"), "book", "2026-01-05 10:00")
		towntest.Equal(t, "moved", delaware.Shut(directory.ClosurePlanned, "2026-01-26", "2026-01-26", "2026-01-10 08:00").Loans, 1)
		towntest.Equal(t, "due", delaware.Loan(loan.Ref).DueOn, broker.MustDate("2026-01-27"))
	})
	t.Run("a cancelled closure gives the old dates back", func(t *testing.T) {
		t.Parallel()
		delaware := towntest.OneLibrary(t, "delaware", "America/New_York")
		loan := delaware.Lent(delaware.Patron("adult"), "book", "2026-01-05 10:00")
		moved := delaware.Shut(directory.ClosureWeather, "2026-01-26", "2026-01-26", "2026-01-25 08:00")
		delaware.Do(func(ctx context.Context, tx *postgres.Tx) error {
			desk := delaware.At("2026-01-25 12:00")
			_, err := directory.Reopen(ctx, tx, delaware.Library.ID, moved.Closure, desk.Actor, desk.Now)
			delaware.Must(err)
			desk.Library, err = directory.Load(ctx, tx, delaware.Library.ID)
			delaware.Must(err)
			towntest.Equal(t, "open again", desk.Library.Calendar.IsOpen(broker.MustDate("2026-01-26")), true)
			closure, err := directory.ClosureByID(ctx, tx, delaware.Library.ID, moved.Closure)
			delaware.Must(err)
			reversed, err := delaware.Loans.UndoRelief(ctx, tx, desk, closure)
			towntest.Equal(t, "restored", reversed.Restored, 1)
			return err
		})
		towntest.Equal(t, "due", delaware.Loan(loan.Ref).DueOn, broker.MustDate("2026-01-26"))
	})
}

func TestEmergencyClosings(t *testing.T) {
	t.Parallel()
	t.Run("DUE-18 open days: fines for the closed days are taken back, of what is out and of what came back", func(t *testing.T) {
		t.Parallel()
		delaware := towntest.OneLibrary(t, "delaware", "America/New_York")
		back, out := delaware.Patron("adult"), delaware.Patron("adult")
		returned := delaware.Lent(back, "book", "2026-01-05 10:00")
		open := delaware.Lent(out, "book", "2026-01-05 10:00")
		delaware.TakenBack(returned, "2026-01-29 10:00") // 27, 28 and 29
		towntest.Equal(t, "charged", delaware.Owes(back), "0.30")
		moved := delaware.Shut(directory.ClosureEmergency, "2026-01-26", "2026-01-27", "2026-01-30 10:00")
		towntest.Equal(t, "moved", moved.Loans, 1)
		towntest.Equal(t, "given back", moved.TakenBack.Decimal(), "0.20")
		towntest.Equal(t, "owes for 29", delaware.Owes(back), "0.10")
		towntest.Equal(t, "due", delaware.Loan(open.Ref).DueOn, broker.MustDate("2026-01-28"))
		delaware.TakenBack(open, "2026-01-30 15:00")
		towntest.Equal(t, "owes for 29 and 30", delaware.Owes(out), "0.20")
	})
	t.Run("DUE-18 calendar days: the closed days cost nothing although they count", func(t *testing.T) {
		t.Parallel()
		library := towntest.OneLibrary(t, "western-district", "America/Chicago")
		patron := library.Patron("adult")
		loan := library.Lent(patron, "book", "2026-01-05 10:00") // due Monday 26
		library.TakenBack(loan, "2026-01-30 10:00")              // 27, 28, 29 and 30
		towntest.Equal(t, "charged", library.Owes(patron), "0.40")
		library.Shut(directory.ClosureEmergency, "2026-01-28", "2026-01-29", "2026-01-31 10:00")
		towntest.Equal(t, "owes for 27 and 30", library.Owes(patron), "0.20")
	})
}

func TestAdjustingDueDatesTogether(t *testing.T) {
	t.Parallel()
	library := towntest.OneLibrary(t, "delaware", "America/New_York")
	patron := library.Patron("adult")
	first, second := library.Lent(patron, "book", "2026-03-02 10:00"), library.Lent(patron, "book", "2026-03-03 10:00")
	other := library.Lent(patron, "dvd", "2026-03-02 10:00")
	borrowed, request := library.Borrowed("book", library.At("2026-03-02 10:00"))
	out, err := towntest.Act(library.Town, library.Loans.CheckOut, loans.CheckOut{
		Desk: library.At("2026-03-02 10:00"), Item: borrowed, Patron: patron, Request: request, LenderDue: broker.MustDate("2026-03-24"),
	})
	library.Must(err)
	director := library.At("2026-03-20 10:00")
	director.Actor.Roles = []string{"director"}
	adjust := loans.AdjustDueDates{
		Desk: director, From: broker.MustDate("2026-03-23"), To: broker.MustDate("2026-03-24"), NewDue: broker.MustDate("2026-04-05"),
		Reason: "the heating failed", ID: broker.NewID(),
	}
	run := func(in loans.AdjustDueDates) (moved loans.Moved, err error) {
		err = library.Try(func(ctx context.Context, tx *postgres.Tx) error {
			moved, err = library.Loans.AdjustDueDates(ctx, tx, in)
			return err
		})
		return moved, err
	}

	refused := adjust
	refused.Desk.Actor.Roles, refused.Reason = []string{"desk"}, " "
	_, err = run(refused)
	ours := towntest.WantCode(t, err, "adjustment_refused")
	towntest.Equal(t, "reasons", len(ours.Reasons), 2)

	preview := adjust
	preview.DryRun = true
	foreseen, err := run(preview)
	library.Must(err)
	towntest.Equal(t, "would move", foreseen.Loans, 2)
	towntest.Equal(t, "nothing moved yet", library.Loan(first.Ref).DueOn, broker.MustDate("2026-03-23"))

	moved, err := run(adjust)
	library.Must(err)
	towntest.Equal(t, "moved as foreseen", len(moved.Dates) == 2 && moved.Dates[0] == foreseen.Dates[0] && moved.Dates[1] == foreseen.Dates[1], true)
	towntest.Equal(t, "a borrowed copy stays within its lender's date", moved.Kept, 1)
	towntest.Equal(t, "the borrowed copy", library.Loan(out.Loan.Ref).DueOn, broker.MustDate("2026-03-24"))
	monday := broker.MustDate("2026-04-06") // the fifth is a Sunday
	for _, loan := range []loans.Loan{first, second} {
		now := library.Loan(loan.Ref)
		towntest.Equal(t, "due", now.DueOn, monday)
		towntest.Equal(t, "until closing", now.DueAt, library.Calendar.EndOfBusiness(monday))
	}
	towntest.Equal(t, "due on another day", library.Loan(other.Ref).DueOn, broker.MustDate("2026-03-09"))
	again, err := run(adjust)
	library.Must(err)
	towntest.Equal(t, "done once", again.Replayed, true)

	_, err = towntest.Act(library.Town, library.Loans.Renew, loans.Renew{Desk: library.At("2026-03-31 10:00"), Loan: second.Ref})
	library.Must(err)
	later := library.At("2026-04-01 10:00")
	later.Actor.Roles = []string{"director"}
	var reversed loans.Reversed
	undo := func(dryRun bool) {
		library.Do(func(ctx context.Context, tx *postgres.Tx) error {
			reversed, err = library.Loans.ReverseAdjustment(ctx, tx, later, moved.ID, "it was mended", dryRun)
			return err
		})
	}
	undo(true)
	towntest.Equal(t, "nothing restored yet", library.Loan(first.Ref).DueOn, monday)
	undo(false)
	towntest.Equal(t, "restored", reversed.Restored, 1)
	towntest.Equal(t, "renewed since: left", len(reversed.Left) == 1 && reversed.Left[0] == second.Ref, true)
	towntest.Equal(t, "the old date has passed, so today", library.Loan(first.Ref).DueOn, broker.MustDate("2026-04-01"))
	undo(false)
	towntest.Equal(t, "reversed once", reversed.Replayed, true)
}

func TestTakenBackOnAClosedDayNothingIsDueThen(t *testing.T) {
	t.Parallel()
	library := towntest.OneLibrary(t, "delaware", "America/New_York")
	loan := library.Lent(library.Patron("adult"), "book", "2026-03-02 10:00") // due the 23rd
	director := library.At("2026-03-20 10:00")
	director.Actor.Roles = []string{"director"}
	sunday := library.At("2026-03-29 10:00")
	sunday.Actor = director.Actor
	library.Do(func(ctx context.Context, tx *postgres.Tx) error {
		moved, err := library.Loans.AdjustDueDates(ctx, tx, loans.AdjustDueDates{
			Desk: director, From: broker.MustDate("2026-03-23"), To: broker.MustDate("2026-03-23"), NewDue: broker.MustDate("2026-04-06"), Reason: "flood",
		})
		library.Must(err)
		_, err = library.Loans.ReverseAdjustment(ctx, tx, sunday, moved.ID, "it was mended", false)
		return err
	})
	towntest.Equal(t, "due on the next open day", library.Loan(loan.Ref).DueOn, broker.MustDate("2026-03-30"))
}

func TestARecalledCopyIsNotMovedBeyondItsLendersNewDate(t *testing.T) {
	t.Parallel()
	library := towntest.OneLibrary(t, "delaware", "America/New_York")
	patron := library.Patron("adult")
	borrowed, request := library.Borrowed("book", library.At("2026-03-02 10:00"))
	out, err := towntest.Act(library.Town, library.Loans.CheckOut, loans.CheckOut{
		Desk: library.At("2026-03-02 10:00"), Item: borrowed, Patron: patron, Request: request, LenderDue: broker.MustDate("2026-03-30"),
	})
	library.Must(err)
	_, err = towntest.Act(library.Town, library.Loans.ChangeDue, loans.ChangeDue{
		Desk: library.At("2026-03-10 10:00"), Loan: out.Loan.Ref, LenderDue: broker.MustDate("2026-03-17"), Why: loans.DueRecalled,
	})
	library.Must(err)
	director := library.At("2026-03-11 10:00")
	director.Actor.Roles = []string{"director"}
	library.Do(func(ctx context.Context, tx *postgres.Tx) error {
		moved, err := library.Loans.AdjustDueDates(ctx, tx, loans.AdjustDueDates{
			Desk: director, From: broker.MustDate("2026-03-10"), To: broker.MustDate("2026-03-18"), NewDue: broker.MustDate("2026-03-25"), Reason: "flood",
		})
		towntest.Equal(t, "moved", moved.Loans, 0)
		return err
	})
	towntest.Equal(t, "due", library.Loan(out.Loan.Ref).DueOn, broker.MustDate("2026-03-17"))
}

func TestAnAmnestyTakesBackWhatWasCharged(t *testing.T) {
	t.Parallel()
	library := towntest.OneLibrary(t, "delaware", "America/New_York")
	patron := library.Patron("adult")
	loan := library.Lent(patron, "book", "2026-03-02 10:00") // due 23 March
	// Renewed late, the fine up to then is charged; then it is late again.
	_, err := towntest.Act(library.Town, library.Loans.Renew, loans.Renew{Desk: library.At("2026-03-25 10:00"), Loan: loan.Ref})
	library.Must(err)
	towntest.Equal(t, "charged for the first time out", library.Owes(patron), "0.20")
	director := library.At("2026-04-20 10:00")
	director.Actor.Roles = []string{"director"}
	library.Do(func(ctx context.Context, tx *postgres.Tx) error {
		moved, err := library.Loans.AdjustDueDates(ctx, tx, loans.AdjustDueDates{
			Desk: director, From: broker.MustDate("2026-04-01"), To: broker.MustDate("2026-04-18"), NewDue: broker.MustDate("2026-04-25"), Reason: "amnesty",
		})
		towntest.Equal(t, "moved", moved.Loans, 1)
		return err
	})
	library.TakenBack(loan, "2026-04-24 10:00")
	towntest.Equal(t, "what an earlier due date cost stands", library.Owes(patron), "0.20")
}

// TestAdjustmentsWorkInSlices moves more loans than one statement handles.
func TestAdjustmentsWorkInSlices(t *testing.T) {
	t.Parallel()
	library := towntest.OneLibrary(t, "delaware", "America/New_York")
	loan := library.Lent(library.Patron("adult"), "book", "2026-03-02 10:00")
	const more = 1203
	admin := pgtest.Admin(t, library.DB)
	for _, copied := range []string{
		`insert into items (` + columnsOf(t, library, "items", "id", "barcode") + `, id, barcode)
			select ` + columnsOf(t, library, "items", "id", "barcode") + `, gen_random_uuid(), 'copy' || n from items, generate_series(1, $2) n where id = $1`,
		`insert into loans (` + columnsOf(t, library, "loans", "id", "item_id") + `, id, item_id)
			select ` + columnsOf(t, library, "loans", "id", "item_id", "l") + `, gen_random_uuid(), i.id from loans l, items i where l.item_id = $1 and i.barcode like 'copy%' and $2 > 0`,
	} {
		if _, err := admin.Exec(t.Context(), copied, loan.Item.ID, more); err != nil {
			t.Fatal(err)
		}
	}
	moved := library.Shut(directory.ClosureWeather, "2026-03-23", "2026-03-23", "2026-03-23 08:00")
	towntest.Equal(t, "moved", moved.Loans, more+1)
	var stayed, recorded int
	library.Must(admin.QueryRow(t.Context(), `select count(*) filter (where due_on <> '2026-03-24'), (select count(*) from adjusted_loans) from loans`).Scan(&stayed, &recorded))
	towntest.Equal(t, "stayed", stayed, 0)
	towntest.Equal(t, "recorded", recorded, more+1)
}

// columnsOf lists a table's columns that can be written, but for some.
func columnsOf(t *testing.T, h towntest.House, table string, but ...string) string {
	t.Helper()
	prefix := ""
	if len(but) == 3 {
		prefix = but[2] + "."
	}
	var columns []string
	h.Must(pgtest.Admin(t, h.DB).QueryRow(t.Context(), `select array_agg($3 || column_name::text) from information_schema.columns
		where table_name = $1 and is_generated = 'NEVER' and not column_name = any ($2)`, table, but, prefix).Scan(&columns))
	return strings.Join(columns, ", ")
}

// On one day a fine is charged, an amnesty is taken back, which makes nobody late
// for days before, and an emergency is entered: each cause still names one act,
// and what is owed is what was, less the closed day.
func TestAnEmergencyIsNotedOnADayThatWasChargedAlready(t *testing.T) {
	t.Parallel()
	library := towntest.OneLibrary(t, "western-district", "America/Chicago")
	patron := library.Patron("adult")
	loan := library.Lent(patron, "book", "2026-01-05 10:00") // due Monday 26
	director := func(local string) standing.Desk {
		desk := library.At(local)
		desk.Actor.Roles = []string{"director"}
		return desk
	}
	var moved loans.Moved
	library.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		moved, err = library.Loans.AdjustDueDates(ctx, tx, loans.AdjustDueDates{
			Desk: director("2026-01-27 09:00"), From: broker.MustDate("2026-01-26"), To: broker.MustDate("2026-01-26"),
			NewDue: broker.MustDate("2026-01-29"), Reason: "the heating failed", ID: broker.NewID(),
		})
		return err
	})
	library.ChargeAccrued(patron, "2026-02-02 10:00")
	towntest.Equal(t, "30, 31, 1 and 2", library.Owes(patron), "0.40")
	library.Do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := library.Loans.ReverseAdjustment(ctx, tx, director("2026-02-02 11:00"), moved.ID, "it was mended", false)
		return err
	})
	towntest.Equal(t, "due", library.Loan(loan.Ref).DueOn, broker.MustDate("2026-01-29"))
	library.Shut(directory.ClosureEmergency, "2026-01-31", "2026-01-31", "2026-02-02 12:00")
	towntest.Equal(t, "four days but for one", library.Owes(patron), "0.30")
}
