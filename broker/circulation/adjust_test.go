package circulation_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

func TestWeatherClosures(t *testing.T) {
	t.Parallel()
	t.Run("DUE-14 DEL-11 what was due on closed days has until the next open one", func(t *testing.T) {
		t.Parallel()
		delaware := oneLibrary(t, "delaware", "America/New_York")
		patron := delaware.patron("adult")
		loan := delaware.lent(patron, "book", "2026-01-05 10:00")
		equal(t, "due", loan.DueOn, broker.MustDate("2026-01-26"))
		moved := delaware.shut(directory.ClosureWeather, "2026-01-26", "2026-01-27", "2026-01-26 08:00")
		equal(t, "moved", moved.Loans, 1)
		again := delaware.shut(directory.ClosureWeather, "2026-01-26", "2026-01-27", "2026-01-26 09:00")
		equal(t, "closing again replays", again.Replayed && again.ID == moved.ID, true)
		equal(t, "due now", delaware.loan(loan.LoanRef).DueOn, broker.MustDate("2026-01-28"))
		delaware.takenBack(loan, "2026-01-28 16:00")
		equal(t, "fine", delaware.owes(patron), "0.00")
	})
	t.Run("DUE-15 what was overdue before gains nothing but the closed day", func(t *testing.T) {
		t.Parallel()
		delaware := oneLibrary(t, "delaware", "America/New_York")
		patron := delaware.patron("adult")
		loan := delaware.lent(patron, "book", "2026-01-02 10:00")
		equal(t, "moved", delaware.shut(directory.ClosureWeather, "2026-01-26", "2026-01-26", "2026-01-26 08:00").Loans, 0)
		delaware.takenBack(loan, "2026-01-27 16:00")
		equal(t, "fine", delaware.owes(patron), "0.20")
	})
	t.Run("a planned closure moves nothing", func(t *testing.T) {
		t.Parallel()
		delaware := oneLibrary(t, "delaware", "America/New_York")
		loan := delaware.lent(delaware.patron("adult"), "book", "2026-01-05 10:00")
		equal(t, "moved", delaware.shut(directory.ClosurePlanned, "2026-01-26", "2026-01-26", "2026-01-10 08:00").Loans, 0)
		equal(t, "due", delaware.loan(loan.LoanRef).DueOn, broker.MustDate("2026-01-26"))
	})
	t.Run("a cancelled closure gives the old dates back", func(t *testing.T) {
		t.Parallel()
		delaware := oneLibrary(t, "delaware", "America/New_York")
		loan := delaware.lent(delaware.patron("adult"), "book", "2026-01-05 10:00")
		moved := delaware.shut(directory.ClosureWeather, "2026-01-26", "2026-01-26", "2026-01-25 08:00")
		delaware.do(func(ctx context.Context, tx *postgres.Tx) error {
			desk := delaware.at("2026-01-25 12:00")
			_, err := directory.Reopen(ctx, tx, delaware.Library.ID, moved.Closure, desk.Actor, desk.Now)
			delaware.must(err)
			desk.Library, err = directory.Load(ctx, tx, delaware.Library.ID)
			delaware.must(err)
			equal(t, "open again", desk.Library.Calendar.IsOpen(broker.MustDate("2026-01-26")), true)
			reversed, err := delaware.Circ.UndoRelief(ctx, tx, desk, moved.Closure)
			equal(t, "restored", reversed.Restored, 1)
			return err
		})
		equal(t, "due", delaware.loan(loan.LoanRef).DueOn, broker.MustDate("2026-01-26"))
	})
}

func TestEmergencyClosings(t *testing.T) {
	t.Parallel()
	t.Run("DUE-18 open days: fines for the closed days are taken back, of what is out and of what came back", func(t *testing.T) {
		t.Parallel()
		delaware := oneLibrary(t, "delaware", "America/New_York")
		back, out := delaware.patron("adult"), delaware.patron("adult")
		returned := delaware.lent(back, "book", "2026-01-05 10:00")
		open := delaware.lent(out, "book", "2026-01-05 10:00")
		delaware.takenBack(returned, "2026-01-29 10:00") // 27, 28 and 29
		equal(t, "charged", delaware.owes(back), "0.30")
		moved := delaware.shut(directory.ClosureEmergency, "2026-01-26", "2026-01-27", "2026-01-30 10:00")
		equal(t, "moved", moved.Loans, 1)
		equal(t, "given back", moved.TakenBack.Decimal(), "0.20")
		equal(t, "owes for 29", delaware.owes(back), "0.10")
		equal(t, "due", delaware.loan(open.LoanRef).DueOn, broker.MustDate("2026-01-28"))
		delaware.takenBack(open, "2026-01-30 15:00")
		equal(t, "owes for 29 and 30", delaware.owes(out), "0.20")
	})
	t.Run("DUE-18 calendar days: the closed days cost nothing although they count", func(t *testing.T) {
		t.Parallel()
		library := oneLibrary(t, "western-district", "America/Chicago")
		patron := library.patron("adult")
		loan := library.lent(patron, "book", "2026-01-05 10:00") // due Monday 26
		library.takenBack(loan, "2026-01-30 10:00")              // 27, 28, 29 and 30
		equal(t, "charged", library.owes(patron), "0.40")
		library.shut(directory.ClosureEmergency, "2026-01-28", "2026-01-29", "2026-01-31 10:00")
		equal(t, "owes for 27 and 30", library.owes(patron), "0.20")
	})
}

func TestAdjustingDueDatesTogether(t *testing.T) {
	t.Parallel()
	library := oneLibrary(t, "delaware", "America/New_York")
	patron := library.patron("adult")
	first, second := library.lent(patron, "book", "2026-03-02 10:00"), library.lent(patron, "book", "2026-03-03 10:00")
	other := library.lent(patron, "dvd", "2026-03-02 10:00")
	borrowed, request := library.borrowed("book", library.at("2026-03-02 10:00"))
	out, err := act(library.town, library.Circ.CheckOut, circulation.CheckOut{
		Desk: library.at("2026-03-02 10:00"), Item: borrowed, Patron: patron, Request: request, LenderDue: broker.MustDate("2026-03-24"),
	})
	library.must(err)
	director := library.at("2026-03-20 10:00")
	director.Actor.Roles = []string{"director"}
	adjust := circulation.AdjustDueDates{
		Desk: director, From: broker.MustDate("2026-03-23"), To: broker.MustDate("2026-03-24"), NewDue: broker.MustDate("2026-04-05"),
		Reason: "the heating failed", ID: broker.NewID(),
	}
	run := func(in circulation.AdjustDueDates) (moved circulation.Moved, err error) {
		err = library.try(func(ctx context.Context, tx *postgres.Tx) error {
			moved, err = library.Circ.AdjustDueDates(ctx, tx, in)
			return err
		})
		return moved, err
	}

	refused := adjust
	refused.Desk.Actor.Roles, refused.Reason = []string{"desk"}, " "
	_, err = run(refused)
	ours := wantCode(t, err, "adjustment_refused")
	equal(t, "reasons", len(ours.Reasons), 2)

	preview := adjust
	preview.DryRun = true
	foreseen, err := run(preview)
	library.must(err)
	equal(t, "would move", foreseen.Loans, 2)
	equal(t, "nothing moved yet", library.loan(first.LoanRef).DueOn, broker.MustDate("2026-03-23"))

	moved, err := run(adjust)
	library.must(err)
	equal(t, "moved as foreseen", len(moved.Dates) == 2 && moved.Dates[0] == foreseen.Dates[0] && moved.Dates[1] == foreseen.Dates[1], true)
	equal(t, "a borrowed copy stays within its lender's date", moved.Kept, 1)
	equal(t, "the borrowed copy", library.loan(out.Loan.LoanRef).DueOn, broker.MustDate("2026-03-24"))
	monday := broker.MustDate("2026-04-06") // the fifth is a Sunday
	for _, loan := range []circulation.Loan{first, second} {
		now := library.loan(loan.LoanRef)
		equal(t, "due", now.DueOn, monday)
		equal(t, "until closing", now.DueAt, library.Calendar.EndOfBusiness(monday))
	}
	equal(t, "due on another day", library.loan(other.LoanRef).DueOn, broker.MustDate("2026-03-09"))
	again, err := run(adjust)
	library.must(err)
	equal(t, "done once", again.Replayed, true)

	_, err = act(library.town, library.Circ.Renew, circulation.Renew{Desk: library.at("2026-03-31 10:00"), Loan: second.LoanRef})
	library.must(err)
	later := library.at("2026-04-01 10:00")
	later.Actor.Roles = []string{"director"}
	var reversed circulation.Reversed
	undo := func(dryRun bool) {
		library.do(func(ctx context.Context, tx *postgres.Tx) error {
			reversed, err = library.Circ.ReverseAdjustment(ctx, tx, later, moved.ID, "it was mended", dryRun)
			return err
		})
	}
	undo(true)
	equal(t, "nothing restored yet", library.loan(first.LoanRef).DueOn, monday)
	undo(false)
	equal(t, "restored", reversed.Restored, 1)
	equal(t, "renewed since: left", len(reversed.Left) == 1 && reversed.Left[0] == second.LoanRef, true)
	equal(t, "the old date has passed, so today", library.loan(first.LoanRef).DueOn, broker.MustDate("2026-04-01"))
	undo(false)
	equal(t, "reversed once", reversed.Replayed, true)
}

func TestTakenBackOnAClosedDayNothingIsDueThen(t *testing.T) {
	t.Parallel()
	library := oneLibrary(t, "delaware", "America/New_York")
	loan := library.lent(library.patron("adult"), "book", "2026-03-02 10:00") // due the 23rd
	director := library.at("2026-03-20 10:00")
	director.Actor.Roles = []string{"director"}
	sunday := library.at("2026-03-29 10:00")
	sunday.Actor = director.Actor
	library.do(func(ctx context.Context, tx *postgres.Tx) error {
		moved, err := library.Circ.AdjustDueDates(ctx, tx, circulation.AdjustDueDates{
			Desk: director, From: broker.MustDate("2026-03-23"), To: broker.MustDate("2026-03-23"), NewDue: broker.MustDate("2026-04-06"), Reason: "flood",
		})
		library.must(err)
		_, err = library.Circ.ReverseAdjustment(ctx, tx, sunday, moved.ID, "it was mended", false)
		return err
	})
	equal(t, "due on the next open day", library.loan(loan.LoanRef).DueOn, broker.MustDate("2026-03-30"))
}

func TestARecalledCopyIsNotMovedBeyondItsLendersNewDate(t *testing.T) {
	t.Parallel()
	library := oneLibrary(t, "delaware", "America/New_York")
	patron := library.patron("adult")
	borrowed, request := library.borrowed("book", library.at("2026-03-02 10:00"))
	out, err := act(library.town, library.Circ.CheckOut, circulation.CheckOut{
		Desk: library.at("2026-03-02 10:00"), Item: borrowed, Patron: patron, Request: request, LenderDue: broker.MustDate("2026-03-30"),
	})
	library.must(err)
	_, err = act(library.town, library.Circ.ChangeDue, circulation.ChangeDue{
		Desk: library.at("2026-03-10 10:00"), Loan: out.Loan.LoanRef, LenderDue: broker.MustDate("2026-03-17"), Why: circulation.DueRecalled,
	})
	library.must(err)
	director := library.at("2026-03-11 10:00")
	director.Actor.Roles = []string{"director"}
	library.do(func(ctx context.Context, tx *postgres.Tx) error {
		moved, err := library.Circ.AdjustDueDates(ctx, tx, circulation.AdjustDueDates{
			Desk: director, From: broker.MustDate("2026-03-10"), To: broker.MustDate("2026-03-18"), NewDue: broker.MustDate("2026-03-25"), Reason: "flood",
		})
		equal(t, "moved", moved.Loans, 0)
		return err
	})
	equal(t, "due", library.loan(out.Loan.LoanRef).DueOn, broker.MustDate("2026-03-17"))
}

func TestAnAmnestyTakesBackWhatWasCharged(t *testing.T) {
	t.Parallel()
	library := oneLibrary(t, "delaware", "America/New_York")
	patron := library.patron("adult")
	loan := library.lent(patron, "book", "2026-03-02 10:00") // due 23 March
	// Renewed late, the fine up to then is charged; then it is late again.
	_, err := act(library.town, library.Circ.Renew, circulation.Renew{Desk: library.at("2026-03-25 10:00"), Loan: loan.LoanRef})
	library.must(err)
	equal(t, "charged for the first time out", library.owes(patron), "0.20")
	director := library.at("2026-04-20 10:00")
	director.Actor.Roles = []string{"director"}
	library.do(func(ctx context.Context, tx *postgres.Tx) error {
		moved, err := library.Circ.AdjustDueDates(ctx, tx, circulation.AdjustDueDates{
			Desk: director, From: broker.MustDate("2026-04-01"), To: broker.MustDate("2026-04-18"), NewDue: broker.MustDate("2026-04-25"), Reason: "amnesty",
		})
		equal(t, "moved", moved.Loans, 1)
		return err
	})
	library.takenBack(loan, "2026-04-24 10:00")
	equal(t, "what an earlier due date cost stands", library.owes(patron), "0.20")
}

// TestAdjustmentsWorkInSlices moves more loans than one statement takes.
func TestAdjustmentsWorkInSlices(t *testing.T) {
	t.Parallel()
	library := oneLibrary(t, "delaware", "America/New_York")
	loan := library.lent(library.patron("adult"), "book", "2026-03-02 10:00")
	const more = 1203
	admin := pgtest.Admin(t, library.db)
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
	moved := library.shut(directory.ClosureWeather, "2026-03-23", "2026-03-23", "2026-03-23 08:00")
	equal(t, "moved", moved.Loans, more+1)
	var stayed, recorded int
	library.must(admin.QueryRow(t.Context(), `select count(*) filter (where due_on <> '2026-03-24'), (select count(*) from adjusted_loans) from loans`).Scan(&stayed, &recorded))
	equal(t, "stayed", stayed, 0)
	equal(t, "recorded", recorded, more+1)
}

// columnsOf lists a table's columns that can be written, but for some.
func columnsOf(t *testing.T, h house, table string, but ...string) string {
	t.Helper()
	prefix := ""
	if len(but) == 3 {
		prefix = but[2] + "."
	}
	var columns []string
	h.must(pgtest.Admin(t, h.db).QueryRow(t.Context(), `select array_agg($3 || column_name::text) from information_schema.columns
		where table_name = $1 and is_generated = 'NEVER' and not column_name = any ($2)`, table, but, prefix).Scan(&columns))
	return strings.Join(columns, ", ")
}

// On one day a fine is charged, the due date it was charged for is given back its
// old, earlier one, and an emergency is noted: each cause still names one act, and
// what is owed is what the old date comes to, but for the closed day.
func TestAnEmergencyIsNotedOnADayThatWasChargedAlready(t *testing.T) {
	t.Parallel()
	library := oneLibrary(t, "western-district", "America/Chicago")
	patron := library.patron("adult")
	loan := library.lent(patron, "book", "2026-01-05 10:00") // due Monday 26
	director := func(local string) circulation.Desk {
		desk := library.at(local)
		desk.Actor.Roles = []string{"director"}
		return desk
	}
	var moved circulation.Moved
	library.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		moved, err = library.Circ.AdjustDueDates(ctx, tx, circulation.AdjustDueDates{
			Desk: director("2026-01-27 09:00"), From: broker.MustDate("2026-01-26"), To: broker.MustDate("2026-01-26"),
			NewDue: broker.MustDate("2026-01-29"), Reason: "the heating failed", ID: broker.NewID(),
		})
		return err
	})
	library.chargeAccrued(patron, "2026-02-02 10:00")
	equal(t, "30, 31, 1 and 2", library.owes(patron), "0.40")
	library.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := library.Circ.ReverseAdjustment(ctx, tx, director("2026-02-02 11:00"), moved.ID, "it was mended", false)
		return err
	})
	equal(t, "due", library.loan(loan.LoanRef).DueOn, broker.MustDate("2026-01-26"))
	library.shut(directory.ClosureEmergency, "2026-01-28", "2026-01-28", "2026-02-02 12:00")
	equal(t, "seven days but for one", library.owes(patron), "0.60")
}
