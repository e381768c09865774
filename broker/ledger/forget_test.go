package ledger_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

// The ledger refuses every change but one: the system may cut an entry off from
// its loan or request, which takes the note and the key's ids along and leaves
// every number as it is.
func TestOnlyALinkOfAnEntryCanGo(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	loan, request := broker.NewID(), broker.NewID()
	var entry ledger.Entry
	if err := tl.try(func(_ context.Context, tx *postgres.Tx) (err error) {
		entry, err = ledger.Post(tx, ledger.Charge{
			Account: tl.patron, Kind: ledger.Overdue, Amount: broker.Money{Minor: 250, Currency: "USD"}, Loan: loan, Request: request, Period: 1,
			Cause: "overdue:" + loan.String() + ":0", Note: "The book of Job", Actor: tl.actor, At: noon,
		})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	change := func(scope postgres.Scope, set string) error {
		return tl.db.InTx(t.Context(), scope, func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, `update ledger_entries set `+set)
			return err
		})
	}
	admin := pgtest.Admin(t, tl.db)
	for _, set := range []string{
		`amount_minor = 1`, `note = 'another'`, `note = '', amount_minor = 1`, `cause = 'another'`, `patron_id = gen_random_uuid()`, `at = now()`,
		`loan_id = gen_random_uuid()`, `loan_id = null, amount_minor = 1`,
	} {
		if err := change(postgres.Everywhere(), set); err == nil {
			t.Errorf("the system may change %s", set)
		}
		if _, err := admin.Exec(t.Context(), `update ledger_entries set `+set); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("the owner may change %s: %v", set, err)
		}
	}
	if err := change(postgres.ForLibraries(tl.patron.Library), `loan_id = null`); err == nil {
		t.Error("the application may cut a link")
	}
	read := func() (text string) {
		if err := admin.QueryRow(t.Context(), `select concat_ws(' ', amount_minor, note, loan_id, request_id, loan_period, cause)
			from ledger_entries`).Scan(&text); err != nil {
			t.Fatal(err)
		}
		return text
	}
	forget := func(loans, requests []broker.ID) {
		if err := tl.db.InTx(t.Context(), postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
			ledger.ForgetLinks(tx, tl.patron.Library, loans, requests)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	forget([]broker.ID{entry.ID}, nil)
	if got, want := read(), "250  "+request.String()+" overdue:"+entry.ID.String()+":0"; got != want {
		t.Errorf("cut off from its loan: %s, want %s", got, want)
	}
	forget(nil, []broker.ID{entry.ID})
	if got, want := read(), "250  overdue:"+entry.ID.String()+":0"; got != want {
		t.Errorf("cut off from its request: %s, want %s", got, want)
	}
	forget(nil, []broker.ID{entry.ID})
}
