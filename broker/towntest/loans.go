package towntest

import (
	"context"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
)

// Lent checks out a book of the library's own and gives the loan.
func (h House) Lent(patron patrons.Ref, kind, local string) loans.Loan {
	h.t.Helper()
	out, err := Act(h.Town, h.Loans.CheckOut, loans.CheckOut{Desk: h.At(local), Item: h.Item(kind, h.Title()), Patron: patron})
	h.Must(err)
	return *out.Loan
}

// Loan reads a loan again.
func (h House) Loan(ref loans.Ref) (loan loans.Loan) {
	h.t.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		loan, err = loans.ByID(ctx, tx, ref)
		return err
	})
	return loan
}

// TakenBack takes back the item of a loan.
func (h House) TakenBack(loan loans.Loan, local string) {
	h.t.Helper()
	_, err := Act(h.Town, h.Returns.Return, returns.Return{Desk: h.At(local), Item: loan.Item})
	h.Must(err)
}

// Shut closes days and gives relief for what was due then, as the desk does.
func (h *House) Shut(kind directory.ClosureKind, from, to, local string) (moved loans.Moved) {
	h.t.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		desk := h.At(local)
		closure, _, err := directory.Close(ctx, tx, directory.Closure{
			Library: h.Library.ID, Kind: kind, By: desk.Actor, PutAt: desk.Now,
			Closure: calendar.Closure{From: broker.MustDate(from), To: broker.MustDate(to), Reason: "a snow storm"},
		})
		h.Must(err)
		h.Library, err = directory.Load(ctx, tx, h.Library.ID)
		h.Must(err)
		desk.Library = h.Library
		moved, err = h.Loans.RelieveClosure(ctx, tx, desk, closure)
		return err
	})
	return moved
}

// Reopens takes a closure back, and the due dates it moved, as the desk does.
func (h *House) Reopens(closure broker.ID, local string) {
	h.t.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		desk := h.At(local)
		cancelled, err := directory.Reopen(ctx, tx, h.Library.ID, closure, desk.Actor, desk.Now)
		h.Must(err)
		h.Library, err = directory.Load(ctx, tx, h.Library.ID)
		h.Must(err)
		desk.Library = h.Library
		_, err = h.Loans.UndoRelief(ctx, tx, desk, cancelled)
		return err
	})
}

// Renews renews a loan.
func (h House) Renews(loan loans.Loan, local string) (loans.Outcome, error) {
	return Act(h.Town, h.Loans.Renew, loans.Renew{Desk: h.At(local), Loan: loan.Ref})
}

// WaiveAll forgives everything that is owed.
func (h House) WaiveAll(patron patrons.Ref, local string) {
	h.t.Helper()
	desk := h.At(local)
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		open, err := ledger.OpenCharges(ctx, tx, patrons.Account(h.Library, patron))
		if err != nil {
			return err
		}
		for _, charge := range open {
			if _, err := ledger.Waive(ctx, tx, ledger.Answer{Library: h.Library.ID, Charge: charge.ID, Cause: "waived:" + local, Actor: desk.Actor, At: desk.Now}, charge.Owed); err != nil {
				return err
			}
		}
		return nil
	})
}

// LostFor is what was charged for a loss, apart from lateness.
func LostFor(out loans.Outcome) string {
	var sum broker.Money
	for _, entry := range out.Charged {
		if entry.ChargeKind != ledger.Overdue {
			sum = sum.Plus(entry.Amount)
		}
	}
	return sum.Decimal()
}

// Charge posts a charge and updates blocks, as whatever posts must.
func (h House) Charge(patron patrons.Ref, amount, local string) {
	h.t.Helper()
	desk := h.At(local)
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		minor, err := broker.ParseMoney(amount, h.Currency)
		h.Must(err)
		_, err = ledger.Post(tx, ledger.Charge{
			Account: patrons.Account(h.Library, patron), Kind: ledger.Overdue,
			Amount: minor, Cause: "test:" + patron.ID.String() + local, Actor: desk.Actor, At: desk.Now,
		})
		h.Must(err)
		return h.latch(ctx, tx, patron, desk.Now)
	})
}

// Pay pays an amount off the patron's account.
func (h House) Pay(patron patrons.Ref, amount, local string) {
	h.t.Helper()
	desk := h.At(local)
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		minor, err := broker.ParseMoney(amount, h.Currency)
		h.Must(err)
		_, err = ledger.Pay(ctx, tx, ledger.Payment{
			Account: patrons.Account(h.Library, patron), Amount: minor,
			Cause: "test:" + patron.ID.String() + local, Actor: desk.Actor, At: desk.Now,
		})
		h.Must(err)
		return h.latch(ctx, tx, patron, desk.Now)
	})
}

func (h House) latch(ctx context.Context, tx *postgres.Tx, patron patrons.Ref, now time.Time) error {
	document, err := presets().At(h.Library, now)
	h.Must(err)
	_, err = standing.UpdateLatch(ctx, tx, h.Library, document, patron, now)
	return err
}

// Lend lends an item of our own and fails the test where it may not be lent.
func (h House) Lend(patron patrons.Ref, item catalog.Ref, local string, due ...string) loans.Loan {
	h.t.Helper()
	in := loans.CheckOut{Desk: h.At(local), Item: item, Patron: patron}
	out, err := Act(h.Town, h.Loans.CheckOut, in)
	h.Must(err)
	if len(due) > 0 {
		Equal(h.t, "due", out.Loan.DueOn, broker.MustDate(due[0]))
	}
	return *out.Loan
}

// Back takes an item back, and fails the test where that is refused.
func (h House) Back(in returns.Return) loans.Outcome {
	h.t.Helper()
	out, err := Act(h.Town, h.Returns.Return, in)
	h.Must(err)
	return out
}

// ChargeAccrued charges what has accrued, as before a payment.
func (h House) ChargeAccrued(patron patrons.Ref, local string) {
	h.t.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.Loans.ChargeAccrued(ctx, tx, h.At(local), patron)
		return err
	})
}

// PayAt pays the oldest charges, in a transaction of its own.
func (h House) PayAt(patron patrons.Ref, amount, local string) {
	h.t.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.Pay(ctx, tx, ledger.Payment{
			Account: patrons.Account(h.Library, patron), Amount: h.Money(amount), Method: "cash",
			Cause: "paid:" + patron.ID.String() + ":" + local, Actor: h.At(local).Actor, At: h.At(local).Now,
		})
		return err
	})
}

// Lose declares a loan lost.
func (h House) Lose(loan loans.Loan, local string, loss returns.Loss) (loans.Outcome, error) {
	return Act(h.Town, h.Returns.DeclareLost, returns.DeclareLost{Desk: h.At(local), Loan: loan.Ref, Loss: loss})
}

// Accrue accrues the fines of every overdue loan, a few loans at a time.
func (h House) Accrue(local string, slice int) (touched int) {
	h.t.Helper()
	desk := h.At(local)
	h.Must(h.DB.InTx(h.t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		branches, err := directory.Branches(ctx, tx, h.Library.ID)
		if err != nil {
			return err
		}
		var after loans.NightKey
		for {
			last, changed, err := loans.AccrueSlice(ctx, tx, h.Library, branches, desk.Now, after, slice)
			if err != nil || last == after {
				return err
			}
			touched += changed
			after = last
		}
	}))
	return touched
}

// Accrued reads what is recorded as accrued for a loan.
func (h House) Accrued(loan loans.Ref) ledger.Accrual {
	h.t.Helper()
	var accrual ledger.Accrual
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		ledger.AskAccrual(tx, h.Library.ID, loan.ID, &accrual)
		return tx.Flush(ctx)
	})
	return accrual
}

// Post charges what has accrued for a loan, as a payment would.
func (h House) Post(loan loans.Loan, patron patrons.Ref) int64 {
	h.t.Helper()
	accrual := h.Accrued(loan.Ref)
	h.Do(func(_ context.Context, tx *postgres.Tx) error {
		_, err := ledger.Post(tx, ledger.Charge{
			Account: ledger.OfPatron(patron.Library, patron.ID, h.Library.Currency), Kind: ledger.Overdue, Amount: accrual.Amount,
			Cause: "overdue:" + loan.ID.String() + ":0:through:" + accrual.Through.String(), Loan: loan.ID, Period: 1, At: Founded,
		})
		if err != nil {
			return err
		}
		accrual.Amount.Minor = 0
		ledger.SetAccrual(tx, accrual)
		return nil
	})
	return h.charged(loan.ID)
}

func (h House) charged(loan broker.ID) (minor int64) {
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select coalesce(sum(amount_minor), 0)::bigint from ledger_entries where loan_id = $1`, loan).Scan(&minor)
	})
	return minor
}

// Asks is what an owner charges the borrower's library by invoices that stand.
func (h House) Asks(of House) (sum string, invoices []ledger.Invoice) {
	h.t.Helper()
	owed := broker.Money{Currency: h.Currency}
	h.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		invoices, err = ledger.Invoices(ctx, tx, ledger.InvoiceFilter{Creditor: h.Library.ID, Debtor: of.Library.ID, Limit: 10})
		for _, invoice := range invoices {
			owed = owed.Plus(invoice.Owed)
		}
		return err
	})
	return owed.Decimal(), invoices
}

// ReturnedLate lends a borrowed copy and takes it back, and gives the outcome.
func (h House) ReturnedLate(kind, class, due, back string, lenderFine *costs.LenderFine) (loans.Outcome, returns.Return) {
	h.t.Helper()
	desk := h.At("2026-03-02 10:00")
	item, request := h.Borrowed(kind, desk)
	_, err := Act(h.Town, h.Loans.CheckOut, loans.CheckOut{
		Desk: desk, Item: item, Patron: h.Patron(class), Request: request,
		Due: broker.MustDate(due), LenderDue: broker.MustDate(due), LenderFine: lenderFine,
	})
	h.Must(err)
	in := returns.Return{Desk: h.At(back), Item: item}
	out, err := Act(h.Town, h.Returns.Return, in)
	h.Must(err)
	return out, in
}

// Charged sums what an act charged, as decimal text.
func Charged(out loans.Outcome) string {
	sum := broker.Money{}
	for _, entry := range out.Charged {
		sum = sum.Plus(entry.Amount)
	}
	return sum.Decimal()
}

// FoundAgain reverses the declaration that an item is lost.
func (h House) FoundAgain(loan loans.Loan, local string) {
	h.t.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.Returns.FoundAgain(ctx, tx, h.At(local), loan.Ref)
		return err
	})
}

// Waive forgives what is left of every open charge of a kind.
func (h House) Waive(patron patrons.Ref, kind, local string) {
	h.t.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		open, err := ledger.OpenCharges(ctx, tx, patrons.Account(h.Library, patron))
		for _, charge := range open {
			if charge.ChargeKind != kind {
				continue
			}
			answer := ledger.Answer{Library: h.Library.ID, Charge: charge.ID, Cause: "waiver:" + charge.ID.String(), Note: "kindness", Actor: h.At(local).Actor, At: h.At(local).Now}
			if _, err := ledger.Waive(ctx, tx, answer, charge.Owed); err != nil {
				return err
			}
		}
		return err
	})
}

// Latched tells whether an account has the block for owing too much, or that of
// another rule.
func (h House) Latched(ref patrons.Ref, rule ...string) (stands bool) {
	if rule == nil {
		rule = []string{"blocks.checkout"}
	}
	h.t.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		standing, err := patrons.StandingOf(ctx, tx, h.Library, ref)
		for _, block := range standing.Blocks {
			stands = stands || block.Kind == patrons.BlockLatched && slices.Contains(rule, block.Rule)
		}
		return err
	})
	return stands
}

// Owing lends a number of books at Perth, each of which owes 7.00 by the time
// of standing_test.longAfter, and charges the rest.
func (h House) Owing(books int, rest string) (patrons.Ref, []loans.Loan) {
	h.t.Helper()
	member := h.Patron("member")
	var loans []loans.Loan
	for range books {
		loans = append(loans, h.Lend(member, h.CopyOf(Of("book")), "2026-03-02 10:00"))
	}
	if rest != "" {
		h.Charge(member, rest, "2026-03-02 10:00")
	}
	return member, loans
}
