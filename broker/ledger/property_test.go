package ledger_test

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/postgres"
)

// books keep beside the ledger, in plain sums, what it should say.
type books struct {
	till
	run      int
	loan     broker.ID
	sum      int64
	charges  []broker.ID
	receipts []int64
	vouchers []broker.ID
}

// act does one act under a cause, and gives by how much it raises what is owed.
type act func(ctx context.Context, tx *postgres.Tx, r *rapid.T, b *books, cause string, minor int64) (moved int64, err error)

func moved(entries []ledger.Entry, err error) (int64, error) {
	sum := int64(0)
	for _, entry := range entries {
		sum += entry.Amount.Minor
	}
	return sum, err
}

func (b *books) answer(r *rapid.T, cause string) ledger.Answer {
	answer := ledger.Answer{Library: b.patron.Library, Cause: cause, Note: "why", Actor: b.actor, At: noon}
	if len(b.charges) > 0 {
		answer.Charge = rapid.SampledFrom(b.charges).Draw(r, "charge")
	}
	return answer
}

func (b *books) refund(cause string, minor int64) ledger.Refund {
	return ledger.Refund{Account: b.patron, Amount: usd(minor), Method: ledger.Cash, Reason: "why", Cause: cause, Actor: b.actor, At: noon}
}

func (b *books) paying(minor int64, cause string, goods bool) act {
	return func(ctx context.Context, tx *postgres.Tx, _ *rapid.T, b *books, _ string, _ int64) (int64, error) {
		receipt, err := ledger.Pay(ctx, tx, ledger.Payment{
			Account: b.patron, Amount: usd(minor), InAdvance: !goods, NotRefundable: goods, Cause: cause, Actor: b.actor, At: noon,
		})
		if err == nil {
			b.receipts = append(b.receipts, receipt.Number)
		}
		return -receipt.Paid.Minor, err
	}
}

func acts() map[string]act {
	return map[string]act{
		"charge": func(_ context.Context, tx *postgres.Tx, _ *rapid.T, b *books, cause string, minor int64) (int64, error) {
			entry, err := ledger.Post(tx, ledger.Charge{Account: b.patron, Kind: ledger.Overdue, Loan: b.loan, Amount: usd(minor), Cause: cause, Actor: b.actor, At: noon})
			return entry.Amount.Minor, err
		},
		"pay": func(ctx context.Context, tx *postgres.Tx, r *rapid.T, b *books, cause string, minor int64) (int64, error) {
			return b.paying(minor, cause, false)(ctx, tx, r, b, cause, minor)
		},
		"pay in goods": func(ctx context.Context, tx *postgres.Tx, r *rapid.T, b *books, cause string, minor int64) (int64, error) {
			return b.paying(minor, cause, true)(ctx, tx, r, b, cause, minor)
		},
		"waive": func(ctx context.Context, tx *postgres.Tx, r *rapid.T, b *books, cause string, minor int64) (int64, error) {
			entry, err := ledger.Waive(ctx, tx, b.answer(r, cause), usd(minor))
			return entry.Amount.Minor, err
		},
		"take back in part": func(ctx context.Context, tx *postgres.Tx, r *rapid.T, b *books, cause string, minor int64) (int64, error) {
			var money ledger.LoanMoney
			ledger.AskLoan(tx, b.patron, b.loan, ledger.Overdue, &money)
			if err := tx.Flush(ctx); err != nil {
				return 0, err
			}
			return moved(ledger.TakeBack(tx, money, usd(minor), b.answer(r, cause)))
		},
		"take back and refund": func(ctx context.Context, tx *postgres.Tx, r *rapid.T, b *books, cause string, _ int64) (int64, error) {
			undone, err := ledger.TakeBackPaid(ctx, tx, b.answer(r, cause), ledger.Cash, broker.NoID)
			return moved(undone.Entries, err)
		},
		"void": func(ctx context.Context, tx *postgres.Tx, r *rapid.T, b *books, _ string, _ int64) (int64, error) {
			if len(b.receipts) == 0 {
				return 0, broker.NotFound("receipt")
			}
			at := rapid.IntRange(0, len(b.receipts)-1).Draw(r, "receipt")
			number := b.receipts[at]
			before := b.balanceIn(ctx, tx)
			entries, err := ledger.VoidPayment(ctx, tx, ledger.Void{Library: b.patron.Library, Receipt: number, Reason: "mistyped", Actor: b.actor, At: noon})
			if err != nil {
				return 0, err
			}
			if after := b.balanceIn(ctx, tx); after == before {
				return 0, nil // it was voided in an earlier step
			}
			return moved(entries, nil)
		},
		"refund": func(ctx context.Context, tx *postgres.Tx, _ *rapid.T, b *books, cause string, minor int64) (int64, error) {
			return moved(ledger.GiveBack(ctx, tx, b.refund(cause, minor)))
		},
		"voucher": func(ctx context.Context, tx *postgres.Tx, _ *rapid.T, b *books, cause string, minor int64) (int64, error) {
			voucher, err := ledger.WriteVoucher(ctx, tx, b.refund(cause, minor))
			if err == nil {
				b.vouchers = append(b.vouchers, voucher.ID)
			}
			return voucher.Amount.Minor, err
		},
		"cancel a voucher": func(ctx context.Context, tx *postgres.Tx, r *rapid.T, b *books, _ string, _ int64) (int64, error) {
			if len(b.vouchers) == 0 {
				return 0, broker.NotFound("voucher")
			}
			id := rapid.SampledFrom(b.vouchers).Draw(r, "voucher")
			voucher, err := ledger.CancelVoucher(ctx, tx, ledger.Void{Library: b.patron.Library, Reason: "not wanted", Actor: b.actor, At: noon}, id)
			return -voucher.Amount.Minor, err
		},
		"use credit": func(ctx context.Context, tx *postgres.Tx, r *rapid.T, b *books, cause string, _ int64) (int64, error) {
			return moved(ledger.UseCredit(ctx, tx, b.patron, b.answer(r, cause)))
		},
		"write off": func(ctx context.Context, tx *postgres.Tx, r *rapid.T, b *books, cause string, minor int64) (int64, error) {
			return moved(ledger.WriteOff(ctx, tx, b.patron, usd(minor), b.answer(r, cause)))
		},
	}
}

func (b *books) balanceIn(ctx context.Context, tx *postgres.Tx) int64 {
	balances, err := ledger.BalancesOf(ctx, tx, b.patron)
	must(b.t, err)
	return balances.Total().Minor
}

// Whatever is charged, paid, waived, taken back, given back and undone, in
// whatever order and however often an act is repeated, the balance is what plain
// sums say, no charge is credited beyond its amount, and nobody is given back
// more than stood in their favour.
func TestTheLedgerNeverLosesACent(t *testing.T) {
	t.Parallel()
	b := &books{till: newTill(t), loan: broker.NewID()}
	names := []string{
		"charge", "charge", "charge", "pay", "pay", "pay in goods", "waive", "take back in part", "take back and refund",
		"void", "refund", "voucher", "cancel a voucher", "use credit", "write off",
	}
	rapid.Check(t, func(r *rapid.T) {
		b.run++
		b.sum = b.balances(b.patron).Total().Minor
		b.charges = nil
		for step := range rapid.IntRange(1, 12).Draw(r, "steps") {
			cause := fmt.Sprintf("run %d step %d;", b.run, step)
			name := rapid.SampledFrom(names).Draw(r, "act")
			minor := rapid.Int64Range(1, 5000).Draw(r, "minor")
			b.step(r, name, cause, minor)
		}
	})
	b.sound()
}

func (b *books) step(r *rapid.T, name, cause string, minor int64) {
	before := b.sum
	for attempt := range rapid.IntRange(1, 2).Draw(r, "times") { // a lost answer is asked again
		var more int64
		err := b.try(func(ctx context.Context, tx *postgres.Tx) (err error) {
			more, err = acts()[name](ctx, tx, r, b, cause, minor)
			return err
		})
		if err != nil {
			if _, ours := broker.AsError(err); !ours {
				r.Fatal(err)
			}
			break
		}
		if attempt == 0 { // the repeat must change nothing
			b.sum += more
		}
		if name == "cancel a voucher" || name == "void" {
			break // drawn anew each time, so no repeat of the same
		}
	}
	if got := b.balances(b.patron).Total().Minor; got != b.sum {
		r.Fatalf("%s %s: balance %d, the sums say %d", name, cause, got, b.sum)
	}
	if given := name == "refund" || name == "voucher"; given && b.sum > 0 && b.sum != before {
		r.Fatalf("%s %s: %d was given back and now %d is owed", name, cause, b.sum-before, b.sum)
	}
	if name == "charge" {
		b.remember(cause)
	}
}

// remember keeps the charge that was just made.
func (b *books) remember(cause string) {
	must(b.t, b.try(func(ctx context.Context, tx *postgres.Tx) error {
		page, err := ledger.Statement(ctx, tx, b.patron, broker.NoID, 1000000)
		for _, entry := range page {
			if entry.Cause == cause {
				b.charges = append(b.charges, entry.ID)
			}
		}
		return err
	}))
}
