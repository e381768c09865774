package circulation_test

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

// lent checks out a book of the library's own and gives the loan.
func (h house) lent(patron patrons.Ref, kind, local string) circulation.Loan {
	h.t.Helper()
	out, err := act(h.town, h.Circ.CheckOut, circulation.CheckOut{Desk: h.at(local), Item: h.item(kind, h.title()), Patron: patron})
	h.must(err)
	return *out.Loan
}

func (h house) loan(ref circulation.LoanRef) (loan circulation.Loan) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		loan, err = circulation.LoanByID(ctx, tx, ref)
		return err
	})
	return loan
}

func (h house) takenBack(loan circulation.Loan, local string) {
	h.t.Helper()
	_, err := act(h.town, h.Circ.Return, circulation.Return{Desk: h.at(local), Item: loan.Item})
	h.must(err)
}

// shut closes days and relieves what was due then, as the desk does it.
func (h *house) shut(kind directory.ClosureKind, from, to, local string) (moved circulation.Moved) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		desk := h.at(local)
		closure, _, err := directory.Close(ctx, tx, directory.Closure{
			Library: h.Library.ID, Kind: kind, By: desk.Actor, PutAt: desk.Now,
			Closure: calendar.Closure{From: broker.MustDate(from), To: broker.MustDate(to), Reason: "a snow storm"},
		})
		h.must(err)
		h.Library, err = directory.Load(ctx, tx, h.Library.ID)
		h.must(err)
		desk.Library = h.Library
		moved, err = h.Circ.RelieveClosure(ctx, tx, desk, closure, false)
		return err
	})
	return moved
}

func (h house) renews(loan circulation.Loan, local string) (circulation.Outcome, error) {
	return act(h.town, h.Circ.Renew, circulation.Renew{Desk: h.at(local), Loan: loan.LoanRef})
}

// waiveAll forgives everything that is owed.
func (h house) waiveAll(patron patrons.Ref, local string) {
	h.t.Helper()
	desk := h.at(local)
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
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

// lostFor is what a loss was charged, lateness apart.
func lostFor(out circulation.Outcome) string {
	var sum broker.Money
	for _, entry := range out.Charged {
		if entry.ChargeKind != ledger.Overdue {
			sum = sum.Plus(entry.Amount)
		}
	}
	return sum.Decimal()
}

// charge posts a charge and lets blocks follow, as every poster must.
func (h house) charge(patron patrons.Ref, amount, local string) {
	h.t.Helper()
	desk := h.at(local)
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		minor, err := broker.ParseMoney(amount, h.Currency)
		h.must(err)
		_, err = ledger.Post(tx, ledger.Charge{
			Account: patrons.Account(h.Library, patron), Kind: ledger.Overdue,
			Amount: minor, Cause: "test:" + patron.ID.String() + local, Actor: desk.Actor, At: desk.Now,
		})
		h.must(err)
		return h.latch(ctx, tx, patron, desk.Now)
	})
}

func (h house) pay(patron patrons.Ref, amount, local string) {
	h.t.Helper()
	desk := h.at(local)
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		minor, err := broker.ParseMoney(amount, h.Currency)
		h.must(err)
		_, err = ledger.Pay(ctx, tx, ledger.Payment{
			Account: patrons.Account(h.Library, patron), Amount: minor,
			Cause: "test:" + patron.ID.String() + local, Actor: desk.Actor, At: desk.Now,
		})
		h.must(err)
		return h.latch(ctx, tx, patron, desk.Now)
	})
}

func (h house) latch(ctx context.Context, tx *postgres.Tx, patron patrons.Ref, now time.Time) error {
	document, err := presets().At(h.Library, now)
	h.must(err)
	_, err = circulation.UpdateLatch(ctx, tx, h.Library, document, patron, now)
	return err
}

// lend lends an item of our own and fails the test where it may not be lent.
func (h house) lend(patron patrons.Ref, item catalog.Ref, local string, due ...string) circulation.Loan {
	h.t.Helper()
	in := circulation.CheckOut{Desk: h.at(local), Item: item, Patron: patron}
	out, err := act(h.town, h.Circ.CheckOut, in)
	h.must(err)
	if len(due) > 0 {
		equal(h.t, "due", out.Loan.DueOn, broker.MustDate(due[0]))
	}
	return *out.Loan
}

func (h house) back(in circulation.Return) circulation.Outcome {
	h.t.Helper()
	out, err := act(h.town, h.Circ.Return, in)
	h.must(err)
	return out
}

func (h house) chargeAccrued(patron patrons.Ref, local string) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.Circ.ChargeAccrued(ctx, tx, h.at(local), patron)
		return err
	})
}

// payAt pays the oldest charges, in a transaction of its own.
func (h house) payAt(patron patrons.Ref, amount, local string) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.Pay(ctx, tx, ledger.Payment{
			Account: patrons.Account(h.Library, patron), Amount: h.money(amount), Method: "cash",
			Cause: "paid:" + patron.ID.String() + ":" + local, Actor: h.at(local).Actor, At: h.at(local).Now,
		})
		return err
	})
}

func (h house) lose(loan circulation.Loan, local string, loss circulation.Loss) (circulation.Outcome, error) {
	return act(h.town, h.Circ.DeclareLost, circulation.DeclareLost{Desk: h.at(local), Loan: loan.LoanRef, Loss: loss})
}

// accrue goes through every overdue loan, a few at a time.
func (h house) accrue(local string, slice int) (touched int) {
	h.t.Helper()
	desk := h.at(local)
	h.must(h.db.InTx(h.t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		branches, err := directory.Branches(ctx, tx, h.Library.ID)
		if err != nil {
			return err
		}
		var after circulation.NightKey
		for {
			last, changed, err := circulation.AccrueSlice(ctx, tx, h.Library, branches, desk.Now, after, slice)
			if err != nil || last == after {
				return err
			}
			touched += changed
			after = last
		}
	}))
	return touched
}

func (h house) accrued(loan circulation.LoanRef) ledger.Accrual {
	h.t.Helper()
	var accrual ledger.Accrual
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		ledger.AskAccrual(tx, h.Library.ID, loan.ID, &accrual)
		return tx.Flush(ctx)
	})
	return accrual
}

// post charges what has accrued for a loan, as a payment would.
func (h house) post(loan circulation.Loan, patron patrons.Ref) int64 {
	h.t.Helper()
	accrual := h.accrued(loan.LoanRef)
	h.do(func(_ context.Context, tx *postgres.Tx) error {
		_, err := ledger.Post(tx, ledger.Charge{
			Account: ledger.OfPatron(patron.Library, patron.ID, h.Library.Currency), Kind: ledger.Overdue, Amount: accrual.Amount,
			Cause: "overdue:" + loan.ID.String() + ":0:through:" + accrual.Through.String(), Loan: loan.ID, Period: 1, At: founded,
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

func (h house) charged(loan broker.ID) (minor int64) {
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select coalesce(sum(amount_minor), 0)::bigint from ledger_entries where loan_id = $1`, loan).Scan(&minor)
	})
	return minor
}

// asks is what an owner asks of the borrower's library by invoices that stand.
func (h house) asks(of house) (sum string, invoices []ledger.Invoice) {
	h.t.Helper()
	owed := broker.Money{Currency: h.Currency}
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		invoices, err = ledger.Invoices(ctx, tx, ledger.InvoiceFilter{Creditor: h.Library.ID, Debtor: of.Library.ID, Limit: 10})
		for _, invoice := range invoices {
			owed = owed.Plus(invoice.Owed)
		}
		return err
	})
	return owed.Decimal(), invoices
}

// returnedLate lends a borrowed copy and takes it back, and gives the outcome.
func (h house) returnedLate(kind, class, due, back string, lenderFine *costs.LenderFine) (circulation.Outcome, circulation.Return) {
	h.t.Helper()
	desk := h.at("2026-03-02 10:00")
	item, request := h.borrowed(kind, desk)
	_, err := act(h.town, h.Circ.CheckOut, circulation.CheckOut{
		Desk: desk, Item: item, Patron: h.patron(class), Request: request,
		Due: broker.MustDate(due), LenderDue: broker.MustDate(due), LenderFine: lenderFine,
	})
	h.must(err)
	in := circulation.Return{Desk: h.at(back), Item: item}
	out, err := act(h.town, h.Circ.Return, in)
	h.must(err)
	return out, in
}

func charged(out circulation.Outcome) string {
	sum := broker.Money{}
	for _, entry := range out.Charged {
		sum = sum.Plus(entry.Amount)
	}
	return sum.Decimal()
}

func (h house) foundAgain(loan circulation.Loan, local string) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.Circ.FoundAgain(ctx, tx, h.at(local), loan.LoanRef)
		return err
	})
}

// waive forgives what is left of every open charge of a kind.
func (h house) waive(patron patrons.Ref, kind, local string) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		open, err := ledger.OpenCharges(ctx, tx, patrons.Account(h.Library, patron))
		for _, charge := range open {
			if charge.ChargeKind != kind {
				continue
			}
			answer := ledger.Answer{Library: h.Library.ID, Charge: charge.ID, Cause: "waiver:" + charge.ID.String(), Note: "kindness", Actor: h.at(local).Actor, At: h.at(local).Now}
			if _, err := ledger.Waive(ctx, tx, answer, charge.Owed); err != nil {
				return err
			}
		}
		return err
	})
}

// latched tells whether the block of owing too much stands on an account.
func (h house) latched(ref patrons.Ref) (stands bool) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) error {
		standing, err := patrons.StandingOf(ctx, tx, h.Library, ref)
		for _, block := range standing.Blocks {
			stands = stands || block.Kind == patrons.BlockLatched && block.Rule == "blocks.checkout"
		}
		return err
	})
	return stands
}

// owing lends so many books at Perth, which come to 7.00 each by the time of
// longAfter, and charges the rest.
func (h house) owing(books int, rest string) (patrons.Ref, []circulation.Loan) {
	h.t.Helper()
	member := h.patron("member")
	var loans []circulation.Loan
	for range books {
		loans = append(loans, h.lend(member, h.copyOf(of("book")), "2026-03-02 10:00"))
	}
	if rest != "" {
		h.charge(member, rest, "2026-03-02 10:00")
	}
	return member, loans
}
