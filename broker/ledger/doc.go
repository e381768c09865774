// Package ledger keeps what is owed: by a patron to a library, and by one
// library to another. It owns the tables ledger_entries, accruals,
// tills, refund_vouchers and library_invoices.
//
// Rows are only ever added. A mistake is corrected by a reversal, a debt is
// forgiven by a waiver; a balance is nothing but the sum of the rows, and what
// overdue loans have come to without being charged. Every entry names its cause,
// and the same cause never posts twice, so a caller who is unsure whether a
// charge was made may simply post it again.
//
// It decides nothing: which amount, and whether it may be charged, is for
// broker/policy. It never converts currencies: an account has the currency of
// the library that is owed.
//
//	account := ledger.OfPatron(library.ID, patron.ID, library.Currency)
//	charge, err := ledger.Post(tx, ledger.Charge{Account: account, Kind: "overdue", Amount: fine, Cause: "overdue:" + loan.String(), …})
//	receipt, err := ledger.Pay(ctx, tx, ledger.Payment{Account: account, Amount: cash, Cause: "till:" + slip, …})
//
// Locks: an act that settles something on an account (a payment, a refund, a
// waiver, a reversal) locks it, before it locks the till the money goes through. A
// charge needs no lock.
package ledger
