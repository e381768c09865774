package ledger_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/postgres"
)

// known adds another patron of the library.
func (tl till) known() ledger.Account {
	return ledger.OfPatron(tl.patron.Library, broker.NewID(), tl.patron.Currency)
}

// owing gives an account a charge to answer.
func (tl till) owing(account ledger.Account, cause string, minor int64) ledger.Entry {
	entry, err := tl.charge(account, ledger.Print, usd(minor).Decimal(), cause)
	must(tl.t, err)
	return entry
}

// inFavour gives an account credit.
func (tl till) inFavour(account ledger.Account, minor int64, cause string) {
	_, err := tl.take(ledger.Payment{Account: account, Amount: usd(minor), InAdvance: true, Cause: cause})
	must(tl.t, err)
}

// A key names one act: the very same act again changes nothing, and any other
// under it (another patron's, of another amount, of another kind) is refused and
// leaves every account as it was.
func TestAKeyNamesOneAct(t *testing.T) {
	t.Parallel()
	const key = "key"
	type act func(ctx context.Context, tx *postgres.Tx) error
	refund := func(tl till, account ledger.Account, minor int64) ledger.Refund {
		return ledger.Refund{Account: account, Amount: usd(minor), Method: ledger.Cash, Reason: "why", Cause: key, Actor: tl.actor, At: noon}
	}
	answer := func(tl till, charge broker.ID) ledger.Answer {
		return ledger.Answer{Library: tl.patron.Library, Charge: charge, Cause: key, Note: "why", Actor: tl.actor, At: noon}
	}
	posting := func(tl till, account ledger.Account, kind string, minor int64) act {
		return func(_ context.Context, tx *postgres.Tx) error {
			_, err := ledger.Post(tx, ledger.Charge{Account: account, Kind: kind, Amount: usd(minor), Cause: key, Actor: tl.actor, At: noon})
			return err
		}
	}
	paying := func(tl till, account ledger.Account, minor int64, method string) act {
		return func(ctx context.Context, tx *postgres.Tx) error {
			_, err := ledger.Pay(ctx, tx, ledger.Payment{Account: account, Amount: usd(minor), Method: method, Cause: key, Actor: tl.actor, At: noon})
			return err
		}
	}
	waiving := func(tl till, charge broker.ID, minor int64) act {
		return func(ctx context.Context, tx *postgres.Tx) error {
			_, err := ledger.Waive(ctx, tx, answer(tl, charge), usd(minor))
			return err
		}
	}
	reversing := func(tl till, charge broker.ID) act {
		return func(ctx context.Context, tx *postgres.Tx) error {
			_, err := ledger.Reverse(ctx, tx, answer(tl, charge))
			return err
		}
	}
	giving := func(r ledger.Refund) act {
		return func(ctx context.Context, tx *postgres.Tx) error { _, err := ledger.GiveBack(ctx, tx, r); return err }
	}
	vouching := func(r ledger.Refund) act {
		return func(ctx context.Context, tx *postgres.Tx) error {
			_, err := ledger.WriteVoucher(ctx, tx, r)
			return err
		}
	}
	writingOff := func(tl till, account ledger.Account) act {
		return func(ctx context.Context, tx *postgres.Tx) error {
			_, err := ledger.WriteOff(ctx, tx, account, usd(5000), answer(tl, broker.NoID))
			return err
		}
	}
	// Each act is given accounts of two patrons who owe 10.00 by one charge and
	// 3.00 by another, or have 10.00 in their favour.
	for name, acts := range map[string]func(tl till, mine, theirs ledger.Account) (first act, others map[string]act){
		"charge": func(tl till, mine, theirs ledger.Account) (act, map[string]act) {
			return posting(tl, mine, ledger.Print, 100), map[string]act{
				"another patron": posting(tl, theirs, ledger.Print, 100), "another amount": posting(tl, mine, ledger.Print, 101),
				"another kind": posting(tl, mine, ledger.Fax, 100),
			}
		},
		"payment": func(tl till, mine, theirs ledger.Account) (act, map[string]act) {
			tl.owing(mine, "mine", 1000)
			tl.owing(theirs, "theirs", 1000)
			return paying(tl, mine, 100, "check"), map[string]act{
				"another patron": paying(tl, theirs, 100, "check"), "another amount": paying(tl, mine, 101, "check"),
				"another way": paying(tl, mine, 100, "card"),
			}
		},
		"waiver": func(tl till, mine, theirs ledger.Account) (act, map[string]act) {
			charge, more, other := tl.owing(mine, "mine", 1000), tl.owing(mine, "more", 300), tl.owing(theirs, "theirs", 1000)
			return waiving(tl, charge.ID, 100), map[string]act{
				"another patron": waiving(tl, other.ID, 100), "another amount": waiving(tl, charge.ID, 101),
				"another charge": waiving(tl, more.ID, 100), "another kind": reversing(tl, charge.ID),
			}
		},
		"reversal": func(tl till, mine, theirs ledger.Account) (act, map[string]act) {
			charge, more, other := tl.owing(mine, "mine", 1000), tl.owing(mine, "more", 300), tl.owing(theirs, "theirs", 1000)
			return reversing(tl, charge.ID), map[string]act{
				"another patron": reversing(tl, other.ID), "another charge": reversing(tl, more.ID), "another kind": waiving(tl, charge.ID, 1000),
			}
		},
		"refund": func(tl till, mine, theirs ledger.Account) (act, map[string]act) {
			tl.inFavour(mine, 1000, "mine")
			tl.inFavour(theirs, 1000, "theirs")
			byCheck := refund(tl, mine, 100)
			byCheck.Method = "check"
			return giving(refund(tl, mine, 100)), map[string]act{
				"another patron": giving(refund(tl, theirs, 100)), "another amount": giving(refund(tl, mine, 101)), "another way": giving(byCheck),
			}
		},
		"voucher": func(tl till, mine, theirs ledger.Account) (act, map[string]act) {
			tl.inFavour(mine, 1000, "mine")
			tl.inFavour(theirs, 1000, "theirs")
			return vouching(refund(tl, mine, 100)), map[string]act{
				"another patron": vouching(refund(tl, theirs, 100)), "another amount": vouching(refund(tl, mine, 101)),
			}
		},
		"write-off": func(tl till, mine, theirs ledger.Account) (act, map[string]act) {
			tl.owing(mine, "mine", 1000)
			tl.owing(theirs, "theirs", 1000)
			return writingOff(tl, mine), map[string]act{"another patron": writingOff(tl, theirs)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tl := newTill(t)
			mine, theirs := tl.patron, tl.known()
			first, others := acts(tl, mine, theirs)
			must(t, tl.try(first))
			owed, theirsOwed := tl.balances(mine).Total(), tl.balances(theirs).Total()
			must(t, tl.try(first)) // a double click
			for which, other := range others {
				if ours, ok := broker.AsError(tl.try(other)); !ok || ours.Code != "key_used" {
					t.Errorf("%s: want the conflict key_used, got %v", which, ours)
				}
			}
			if now, other := tl.balances(mine).Total(), tl.balances(theirs).Total(); now != owed || other != theirsOwed {
				t.Errorf("owed %s and %s, and now %s and %s", owed, theirsOwed, now, other)
			}
			tl.sound()
		})
	}
}

// One check pays the invoices it was written for; its key does not pay others.
func TestAKeyNamesOnePaymentOfInvoices(t *testing.T) {
	t.Parallel()
	tl := newTill(t)
	first, err := tl.invoice("A", ledger.InvoicePostage, 725, 20)
	must(t, err)
	second, err := tl.invoice("B", ledger.InvoicePostage, 725, 20)
	must(t, err)
	pay := func(ids ...broker.ID) error {
		return tl.try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := ledger.PayInvoices(ctx, tx, tl.library.Library, ids, ledger.Payment{Method: "check", Cause: "check 88", Actor: tl.actor, At: noon})
			return err
		})
	}
	must(t, pay(first.ID))
	must(t, pay(first.ID))
	wantCode(t, pay(second.ID), "key_used")
	wantCode(t, pay(first.ID, second.ID), "key_used")
	if tl.invoiceNow(second.ID).Owed != usd(725) {
		t.Error("the other invoice is still owed")
	}
}
