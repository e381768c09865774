package loans_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/broker/towntest"
)

// lateBook keeps, independently of the ledger and in plain sums, what was
// charged and forgiven of one loan's fines.
type lateBook struct {
	loan    loans.Ref
	terms   costs.Terms
	opening *calendar.Calendar
	due     broker.Date
	// period is which of its periods the loan is in; posted what is charged and
	// was forgiven in each.
	period  int
	posted  map[int]*costs.Posted
	charges []*lateCharge
}

// lateCharge is a charge of a fine: how much of it may still be reversed, and
// what is still owed.
type lateCharge struct {
	id         broker.ID
	period     int
	left, owed int64
}

// lateTown is a library whose calendar, loans and ledger are drawn.
type lateTown struct {
	towntest.House
	r      *rapid.T
	desk   standing.Desk
	patron patrons.Ref
	books  []*lateBook
	causes int
}

func drawPlan(r *rapid.T, name string) calendar.Plan {
	plan := calendar.Plan{Hours: calendar.Week{}}
	for _, day := range rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 1, 7, rapid.ID).Draw(r, name+": open on") {
		plan.Hours[time.Weekday(day)] = calendar.MustHours("09:00-17:00")
	}
	for range rapid.IntRange(0, 3).Draw(r, name+": closings") {
		from := broker.MustDate("2026-02-01").AddDays(rapid.IntRange(0, 90).Draw(r, "closed from"))
		plan.Closed = append(plan.Closed, calendar.Closure{From: from, To: from.AddDays(rapid.IntRange(0, 12).Draw(r, "closed for"))})
	}
	return plan
}

// drawTerms gives terms by the day: with or without a cap, an item's price, and
// days of grace.
func drawTerms(r *rapid.T, currency string) costs.Terms {
	money := func(most int64, name string) *broker.Money {
		if !rapid.Bool().Draw(r, "has a "+name) {
			return nil
		}
		return &broker.Money{Minor: rapid.Int64Range(1, most).Draw(r, name), Currency: currency}
	}
	fine := drawFine(r)
	fine.Rate = broker.Money{Minor: rapid.Int64Range(0, 150).Draw(r, "rate"), Currency: currency}
	fine.Cap, fine.Price = money(2000, "cap"), money(3000, "price")
	return costs.Terms{Policy: "drawn", Version: "1", Item: "book", Class: "resident", Overdue: fine}
}

func drawFine(r *rapid.T) costs.FineTerms {
	fine := costs.FineTerms{Count: rapid.SampledFrom([]calendar.Count{calendar.OpenDays, calendar.CalendarDays}).Draw(r, "count")}
	if rapid.IntRange(0, 4).Draw(r, "grace") == 0 { // these few are processed one by one
		fine.Grace = &attributes.Grace{
			Days: rapid.IntRange(1, 10).Draw(r, "days of grace"),
			Mode: rapid.SampledFrom([]attributes.GraceMode{attributes.GraceAlwaysFree, attributes.GraceUntilExceeded}).Draw(r, "mode"),
		}
	}
	return fine
}

// drawLateTown makes a library with two calendars and a patron with some loans.
func drawLateTown(r *rapid.T, tw *towntest.Town) *lateTown {
	lt := &lateTown{r: r, House: tw.AddLibrary("western-district", "America/Chicago")}
	lt.Library.Plan = drawPlan(r, "library")
	own := drawPlan(r, "branch")
	branch := directory.Branch{Library: lt.Library.ID, ID: broker.NewID(), Code: "own", Name: "Own hours", Plan: &own}
	var branches []directory.Branch
	lt.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		if err := directory.SaveLibrary(tx, lt.Library, towntest.Founded); err != nil {
			return err
		}
		if err := directory.SaveBranch(tx, branch); err != nil {
			return err
		}
		if lt.Library, err = directory.Load(ctx, tx, lt.Library.ID); err != nil {
			return err
		}
		branches, err = directory.Branches(ctx, tx, lt.Library.ID)
		return err
	})
	lt.patron, lt.desk = lt.House.Patron("resident"), lt.At("2026-02-01 10:00")
	title := lt.Title()
	lt.Do(func(_ context.Context, tx *postgres.Tx) error {
		for range rapid.IntRange(1, 5).Draw(r, "loans") {
			lt.lendDrawn(tx, title, rapid.SampledFrom(branches).Draw(r, "lent at"))
		}
		return nil
	})
	return lt
}

// lendDrawn writes an item and an open loan of it, on drawn terms.
func (lt *lateTown) lendDrawn(tx *postgres.Tx, title broker.ID, branch directory.Branch) {
	lt.Count++
	book := &lateBook{
		loan:  loans.Ref{Library: lt.Library.ID, ID: broker.NewID()},
		terms: drawTerms(lt.r, lt.Library.Currency), opening: branch.Calendar, period: 1, posted: map[int]*costs.Posted{},
		due: broker.MustDate("2026-02-01").AddDays(rapid.IntRange(0, 30).Draw(lt.r, "due")),
	}
	item := catalog.Item{
		Library: lt.Library.ID, ID: broker.NewID(), Realm: lt.Group, Barcode: fmt.Sprintf("3%013d", lt.Count),
		Title: title, Branch: branch.ID, Type: "book", Lendable: true,
	}
	catalog.SaveItem(tx, item, towntest.Founded)
	tx.Queue(`insert into loans (library_id, id, item_library_id, item_id, patron_library_id, patron_id, branch_id, started_at, due_on, due_at, terms)
		values ($1, $2, $1, $3, $1, $4, $5, $6, $7, $6, $8)`,
		lt.Library.ID, book.loan.ID, item.ID, lt.patron.ID, branch.ID, towntest.Founded, book.due, book.terms)
	lt.books = append(lt.books, book)
}

// of is what was posted for a period.
func (b *lateBook) of(period int) *costs.Posted {
	if b.posted[period] == nil {
		currency := b.terms.Overdue.Rate.Currency
		b.posted[period] = &costs.Posted{Charged: broker.Money{Currency: currency}, Adjusted: broker.Money{Currency: currency}}
	}
	return b.posted[period]
}

func (lt *lateTown) cause() string {
	lt.causes++
	return fmt.Sprintf("%s:back:%d", lt.Library.ID, lt.causes) // a key may be spelt in any way
}

func (lt *lateTown) upTo(most int64) broker.Money {
	return broker.Money{Minor: rapid.Int64Range(1, most).Draw(lt.r, "minor"), Currency: lt.Library.Currency}
}

func (lt *lateTown) answer(charge broker.ID, correction ledger.Correction) ledger.Answer {
	answer := ledger.Answer{
		Library: lt.Library.ID, Charge: charge, Cause: lt.cause(), Correction: correction, Note: "why", Actor: lt.desk.Actor, At: lt.desk.Now,
	}
	if correction == ledger.CorrectedAtLoss {
		answer.LostOn = broker.MustDate("2026-02-20")
	}
	return answer
}

// act does one drawn thing to a loan or to its account.
func (lt *lateTown) act(ctx context.Context, tx *postgres.Tx, b *lateBook) error {
	var charge *lateCharge
	if len(b.charges) > 0 {
		charge = rapid.SampledFrom(b.charges).Draw(lt.r, "charge")
	}
	names := []string{"charge", "charge", "renew", "move the due date", "damage"}
	if charge != nil && charge.left > 0 {
		names = append(names, "waive", "waive", "take back", "forgive", "correct", "correct", "pay", "pay and void")
	}
	name := rapid.SampledFrom(names).Draw(lt.r, "act")
	switch name {
	case "charge", "damage":
		return lt.post(tx, b, name)
	case "renew", "move the due date":
		b.due = b.due.AddDays(rapid.IntRange(-10, 25).Draw(lt.r, "moved by"))
		if name == "renew" {
			b.period++
		}
		tx.Queue(`update loans set due_on = $3, renewals = $4 where library_id = $1 and id = $2`, b.loan.Library, b.loan.ID, b.due, b.period-1)
		ledger.EndAccrual(tx, lt.patron.Library, b.loan.ID)
		return nil
	case "waive":
		if charge.owed <= 0 {
			return nil
		}
		entry, err := ledger.Waive(ctx, tx, lt.answer(charge.id, ""), lt.upTo(min(charge.owed, charge.left)))
		b.gaveAway(charge.period, entry)
		return err
	case "take back":
		entry, err := ledger.Reverse(ctx, tx, lt.answer(charge.id, ""))
		b.gaveAway(charge.period, entry)
		return err
	case "pay", "pay and void":
		return lt.pay(ctx, tx, charge, name == "pay")
	}
	return lt.takeBack(ctx, tx, b, charge.period, name == "correct")
}

func (lt *lateTown) post(tx *postgres.Tx, b *lateBook, name string) error {
	charge := ledger.Charge{
		Account: ledger.OfPatron(lt.patron.Library, lt.patron.ID, lt.Library.Currency), Kind: ledger.Damage, Amount: lt.upTo(900),
		Cause: lt.cause(), Loan: b.loan.ID, Actor: lt.desk.Actor, At: lt.desk.Now,
	}
	if name == "charge" {
		charge.Kind, charge.Period = ledger.Overdue, b.period
	}
	entry, err := ledger.Post(tx, charge)
	if name == "charge" {
		b.charges = append(b.charges, &lateCharge{entry.ID, b.period, entry.Amount.Minor, entry.Amount.Minor})
		b.of(b.period).Charged.Minor += entry.Amount.Minor
	}
	return err
}

// pay pays part of a charge; whether or not the payment is voided, what the
// loan has cost does not change.
func (lt *lateTown) pay(ctx context.Context, tx *postgres.Tx, charge *lateCharge, keep bool) error {
	if charge.owed <= 0 {
		return nil
	}
	receipt, err := ledger.Pay(ctx, tx, ledger.Payment{
		Account: ledger.OfPatron(lt.patron.Library, lt.patron.ID, lt.Library.Currency), Charge: charge.id, Amount: lt.upTo(charge.owed),
		Method: ledger.Cash, Cause: lt.cause(), Actor: lt.desk.Actor, At: lt.desk.Now,
	})
	if ours, known := broker.AsError(err); known && ours.Code == "more_than_owed" {
		return nil // credit elsewhere on the account leaves less to pay
	}
	if err != nil || keep {
		charge.owed -= receipt.Paid.Minor
		return err
	}
	_, err = ledger.VoidPayment(ctx, tx, ledger.Void{Library: lt.Library.ID, Receipt: receipt.Number, Reason: "mistyped", Actor: lt.desk.Actor, At: lt.desk.Now})
	return err
}

// takeBack reverses part of what is charged for a period: as counted wrongly,
// or forgiven.
func (lt *lateTown) takeBack(ctx context.Context, tx *postgres.Tx, b *lateBook, period int, correct bool) error {
	correction := ledger.Correction("")
	if correct {
		correction = rapid.SampledFrom([]ledger.Correction{
			ledger.CorrectedAtReturn, ledger.CorrectedAtRenewal, ledger.CorrectedDueDate, ledger.CorrectedAtLoss,
			ledger.CorrectedAdjustment, ledger.CorrectedClosing, ledger.CorrectedMerge,
		}).Draw(lt.r, "correction")
	}
	var all ledger.LoanMoney
	ledger.AskLoan(tx, ledger.OfPatron(lt.patron.Library, lt.patron.ID, lt.Library.Currency), b.loan.ID, ledger.Overdue, &all)
	if err := tx.Flush(ctx); err != nil {
		return err
	}
	money := all.OfPeriod(period)
	entries, err := ledger.TakeBack(tx, money, lt.upTo(money.Stands().Minor), lt.answer(broker.NoID, correction))
	if !correct {
		b.gaveAway(period, entries...)
		return err
	}
	for _, entry := range entries {
		b.lower(entry)
		b.of(period).Charged.Minor += entry.Amount.Minor
	}
	return err
}

func (b *lateBook) gaveAway(period int, entries ...ledger.Entry) {
	for _, entry := range entries {
		b.lower(entry)
		b.of(period).Adjusted.Minor -= entry.Amount.Minor
	}
}

func (b *lateBook) lower(entry ledger.Entry) {
	at := slices.IndexFunc(b.charges, func(c *lateCharge) bool { return c.id == entry.Against })
	if at >= 0 {
		b.charges[at].left += entry.Amount.Minor
		b.charges[at].owed += entry.Amount.Minor
	}
}

// growing is what a patron is told their overdue loans have cost so far.
func (lt *lateTown) growing() map[broker.ID]int64 {
	amounts := map[broker.ID]int64{}
	lt.Do(func(ctx context.Context, tx *postgres.Tx) error {
		growing, err := standing.GrowingOf(ctx, tx, lt.desk, lt.patron)
		for _, loan := range growing.Loans {
			amounts[loan.Loan] = loan.Amount.Minor
		}
		return err
	})
	return amounts
}

// The nightly statement, the patron's account and the pure rule give the same
// amount for each loan, whatever the calendar, rate, cap, price and grace, and
// whatever was charged, waived, reversed, paid, voided, renewed and given a new
// due date in between.
func TestTheNightAndTheRuleComeToTheSame(t *testing.T) {
	t.Parallel()
	tw := towntest.New(t)
	rapid.Check(t, func(r *rapid.T) {
		lt := drawLateTown(r, tw)
		today := broker.MustDate("2026-02-20")
		for range rapid.IntRange(1, 2).Draw(r, "nights") {
			for range rapid.IntRange(0, 8).Draw(r, "acts") {
				book := rapid.SampledFrom(lt.books).Draw(r, "loan")
				lt.Do(func(ctx context.Context, tx *postgres.Tx) error { return lt.act(ctx, tx, book) })
			}
			today = today.AddDays(rapid.IntRange(1, 40).Draw(r, "days on"))
			lt.desk = lt.At(today.String() + " 02:00")
			lt.Accrue(today.String()+" 02:00", rapid.IntRange(1, 6).Draw(r, "slice"))
			told := lt.growing()
			for nth, book := range lt.books {
				want := costs.Accrue(book.terms, book.due, today, book.opening, *book.of(book.period)).Minor
				if got := lt.Accrued(book.loan).Amount.Minor; got != want || told[book.loan.ID] != want {
					r.Fatalf("loan %d due %s on %s: the rule says %d, the night %d, the account %d", nth, book.due, today, want, got, told[book.loan.ID])
				}
			}
		}
	})
}
