package town

import (
	"context"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk/cashier"
	"afield/workflow/desk/counter"
)

// Owe charges a patron.
func (h *House) Owe(patron broker.ID, kind string, minor int64) {
	h.T.Helper()
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.Post(tx, ledger.Charge{
			Account: patrons.Account(h.Library, h.Ref(patron)), Kind: kind, Amount: broker.Money{Minor: minor, Currency: h.Currency},
			Cause: "test:" + broker.NewID().String(), Actor: h.Staff(), At: h.Clock.Now(),
		})
		if err != nil {
			return err
		}
		_, err = standing.UpdateLatch(ctx, tx, h.Library, h.Document(), h.Ref(patron), h.Clock.Now())
		return err
	}))
}

// PaysAhead takes money whether or not it is owed.
func (h *House) PaysAhead(patron broker.ID, minor int64) {
	h.T.Helper()
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.Pay(ctx, tx, ledger.Payment{
			Account: patrons.Account(h.Library, h.Ref(patron)), Amount: broker.Money{Minor: minor, Currency: h.Currency},
			InAdvance: true, Cause: "test:" + broker.NewID().String(), Actor: h.Staff(), At: h.Clock.Now(),
		})
		if err != nil {
			return err
		}
		_, err = standing.UpdateLatch(ctx, tx, h.Library, h.Document(), h.Ref(patron), h.Clock.Now())
		return err
	}))
}

// Balances are what a patron owes, by kind.
func (h *House) Balances(patron broker.ID) (balances ledger.Balances) {
	h.T.Helper()
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		balances, err = ledger.BalancesOf(ctx, tx, patrons.Account(h.Library, h.Ref(patron)))
		return err
	}))
	return balances
}

// OwedByLibraries is what other libraries owe this one, in cents.
func (h *House) OwedByLibraries() (minor int64) {
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select coalesce(sum(amount_minor), 0)::bigint from ledger_entries where library_id = $1 and debtor_library_id is not null`, h.Library.ID).Scan(&minor)
	})
	return minor
}

// CostTold is what the lender of a request says it costs.
func (h *House) CostTold(request broker.ID) (minor int64) {
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select cost_minor from rota_entries where library_id = $1 and request_id = $2 order by position desc limit 1`,
			h.Library.ID, request).Scan(&minor)
	})
	return minor
}

// Director stands at the desk with the director's role.
func (h *House) Director() counter.At {
	at := h.At()
	at.Actor.Roles = []string{"desk", "director"}
	return at
}

// Money is an amount in the library's currency.
func (h *House) Money(minor int64) broker.Money {
	return broker.Money{Minor: minor, Currency: h.Currency}
}

// Fee charges a fee at the desk.
func (h *House) Fee(in cashier.Fee) (entry ledger.Entry, receipt *cashier.Paid, err error) {
	err = h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		entry, receipt, err = h.Desk.Cashier.AddFee(ctx, tx, h.At(), in)
		return err
	})
	return entry, receipt, err
}

// Takes takes a payment at the desk.
func (h *House) Takes(in cashier.Payment) (receipt cashier.Paid, err error) {
	err = h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		receipt, err = h.Desk.Cashier.TakePayment(ctx, tx, h.At(), in)
		return err
	})
	return receipt, err
}

// Blocked tells whether a patron is blocked for money.
func (h *House) Blocked(patron broker.ID) (blocked bool) {
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		standing, err := patrons.StandingOf(ctx, tx, h.Library, patrons.Ref{Library: h.Library.ID, ID: patron})
		blocked = len(standing.Blocks) > 0
		return err
	}))
	return blocked
}

// Wants fails the test when an error has another code.
func (h *House) Wants(code string, err error) {
	h.T.Helper()
	if ours, ok := broker.AsError(err); !ok || ours.Code != code {
		h.T.Errorf("want %s, got %v", code, err)
	}
}

// Pays takes money from a patron at the desk.
func (h *House) Pays(patron broker.ID, minor int64) {
	h.T.Helper()
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.Pay(ctx, tx, ledger.Payment{
			Account: ledger.OfPatron(h.Library.ID, patron, h.Currency), Amount: USD(minor),
			Cause: "cash:" + broker.NewID().String(), Actor: h.Staff(), At: h.Clock.Now(),
		})
		return err
	}))
}

// Owed is what a patron owes.
func (h *House) Owed(patron broker.ID) (minor int64) {
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select coalesce(sum(amount_minor), 0)::bigint from ledger_entries where library_id = $1 and patron_id = $2`, h.Library.ID, patron).Scan(&minor)
	})
	return minor
}
