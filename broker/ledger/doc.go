// Package ledger keeps what is owed: by a patron to a library, and by one
// library to another. It owns the tables ledger_entries, accruals,
// tills, refund_vouchers and library_invoices.
//
// Rows are only ever added. A mistake is answered by a reversal, a kindness by
// a waiver; a balance is nothing but the sum of the rows, and what an overdue
// loan has come to without being charged. Every entry names its
// cause, and the same cause never posts twice, so whoever is unsure whether a
// charge was made may simply post it again.
//
// It decides nothing: which amount, and whether it may be asked, is for
// broker/policy. It never converts currencies: an account has the currency of
// the library that is owed.
//
//	account := ledger.OfPatron(library.ID, patron.ID, library.Currency)
//	charge, err := ledger.Post(tx, ledger.Charge{Account: account, Kind: "overdue", Amount: fine, Cause: "overdue:" + loan.String(), …})
//	receipt, err := ledger.Pay(ctx, tx, ledger.Payment{Account: account, Amount: cash, Cause: "till:" + slip, …})
//
// Locks: an account is locked by whatever settles something on it (a payment, a
// refund, a waiver, a taking back), before the till the money goes through. A
// charge needs no lock.
package ledger
