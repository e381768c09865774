package cashier

import (
	"context"
	"maps"
	"slices"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/workflow/desk/counter"
)

// OpenTill opens the desk's till with a given amount of cash in it. If a till
// is open already, that is a conflict.
func (s *Service) OpenTill(ctx context.Context, tx *postgres.Tx, at counter.At, float broker.Money) (ledger.Till, error) {
	r, err := s.open(ctx, tx, at)
	if err != nil {
		return ledger.Till{}, err
	}
	if wrong := r.desk.Library.Takes("/float", float); wrong != nil {
		return ledger.Till{}, broker.Invalid(wrong...)
	}
	return ledger.OpenTill{Library: at.Library, Branch: at.Branch, Float: float, Actor: at.Actor, At: at.Now}.Open(ctx, tx)
}

// CloseTill closes a till for good with what was counted, by method in minor
// units, beside what was expected. till NoID is the one open at the desk.
func (s *Service) CloseTill(ctx context.Context, tx *postgres.Tx, at counter.At, till broker.ID, counted map[string]int64, note string) (ledger.Till, error) {
	r, err := s.open(ctx, tx, at)
	if err != nil {
		return ledger.Till{}, err
	}
	if till == broker.NoID {
		open, err := ledger.OpenTillOf(ctx, tx, at.Library, at.Branch)
		if err != nil {
			return ledger.Till{}, err
		}
		till = open.ID
	}
	if err := r.mayCount(ctx, tx, till, counted); err != nil {
		return ledger.Till{}, err
	}
	return ledger.CloseTill{Library: at.Library, Till: till, Counted: counted, Note: note, Actor: at.Actor, At: at.Now}.Close(ctx, tx)
}

// mayCount refuses a count of something that the library does not take and that
// is not in the till either.
func (r register) mayCount(ctx context.Context, tx *postgres.Tx, till broker.ID, counted map[string]int64) error {
	kept, err := ledger.TillByID(ctx, tx, r.desk.Library.ID, till)
	if err != nil {
		return err
	}
	inside := append([]string{ledger.Cash}, slices.Sorted(maps.Keys(kept.Expected))...)
	for _, method := range slices.Sorted(maps.Keys(counted)) {
		if err := r.mayPayBy(method, inside...); method != "" && err != nil {
			return err
		}
	}
	return nil
}

// PayVoucher pays out a voucher: by the method, from the till that is open at the
// desk where it is cash.
func (s *Service) PayVoucher(ctx context.Context, tx *postgres.Tx, at counter.At, voucher broker.ID, method string) (ledger.Voucher, error) {
	r, err := s.open(ctx, tx, at, access.RoleDirector)
	if err != nil {
		return ledger.Voucher{}, err
	}
	if method != "" {
		if err := r.mayPayBy(method, costs.Transfer); err != nil {
			return ledger.Voucher{}, err
		}
	}
	till := broker.NoID
	if method == ledger.Cash {
		if till, err = r.till(ctx, tx); err != nil {
			return ledger.Voucher{}, err
		}
	}
	return ledger.PayVoucher(ctx, tx, at.Library, voucher, method, till, at.Actor, at.Now)
}

// CancelVoucher takes back a voucher that was not paid: the credit stands
// again. Only a director may, with a reason.
func (s *Service) CancelVoucher(ctx context.Context, tx *postgres.Tx, at counter.At, voucher broker.ID, reason string) (ledger.Voucher, error) {
	r, err := s.open(ctx, tx, at, access.RoleDirector)
	if err != nil {
		return ledger.Voucher{}, err
	}
	found, err := ledger.VoucherByID(ctx, tx, at.Library, voucher)
	if err != nil {
		return ledger.Voucher{}, err
	}
	account := ledger.OfPatron(at.Library, found.Patron, found.Amount.Currency)
	if err := r.latch(ctx, tx, account); err != nil { // the patron is locked before the account
		return ledger.Voucher{}, err
	}
	cancelled, err := ledger.CancelVoucher(ctx, tx, ledger.Void{Library: at.Library, Reason: reason, Actor: at.Actor, At: at.Now}, voucher)
	if err != nil {
		return ledger.Voucher{}, err
	}
	return cancelled, r.latch(ctx, tx, account)
}

// RaiseInvoice asks another library for money, in the currency of this one: a
// loan's fee, postage, a replacement. Without a due date it has thirty days.
func (s *Service) RaiseInvoice(ctx context.Context, tx *postgres.Tx, at counter.At, in ledger.Invoice) (ledger.Invoice, error) {
	if err := needsRole(at.Actor, access.RoleILL, access.RoleDirector); err != nil {
		return ledger.Invoice{}, err
	}
	library, err := directory.Load(ctx, tx, at.Library)
	if err != nil {
		return ledger.Invoice{}, err
	}
	if wrong := library.Takes("/amount", in.Amount); wrong != nil {
		return ledger.Invoice{}, broker.Invalid(wrong...)
	}
	if _, err := directory.Load(ctx, tx, in.Debtor); err != nil {
		return ledger.Invoice{}, err
	}
	in.Creditor, in.IssuedOn = at.Library, library.Today(at.Now)
	return ledger.RaiseInvoice(ctx, tx, in, "invoice."+string(in.Kind), broker.Clause{}, at.Actor, at.Now)
}

// PayInvoice records one payment of another library, a check for example, for
// all that is left of several invoices. key is as of Payment.
func (s *Service) PayInvoice(ctx context.Context, tx *postgres.Tx, at counter.At, invoices []broker.ID, method, note, key string) (ledger.Receipt, error) {
	r, err := s.open(ctx, tx, at, access.RoleILL, access.RoleDirector)
	if err != nil {
		return ledger.Receipt{}, err
	}
	if err := r.mayPayBy(method, costs.Transfer); err != nil {
		return ledger.Receipt{}, err
	}
	return ledger.PayInvoices(ctx, tx, at.Library, invoices, ledger.Payment{
		Method: method, Note: note, Cause: "invoices:" + orNew(key), Actor: at.Actor, At: at.Now,
	})
}

// DisputeInvoice says why this library does not accept what another asks.
func (s *Service) DisputeInvoice(ctx context.Context, tx *postgres.Tx, at counter.At, creditor, invoice broker.ID, reason string) error {
	if err := needsRole(at.Actor, access.RoleILL, access.RoleDirector); err != nil {
		return err
	}
	found, err := ledger.InvoiceByID(ctx, tx, creditor, invoice)
	if err != nil {
		return err
	}
	if found.Debtor != at.Library {
		return broker.NotFound("invoice")
	}
	return ledger.Dispute(ctx, tx, creditor, invoice, reason, at.Now)
}

// InsistOnInvoice answers a dispute: the invoice stands.
func (s *Service) InsistOnInvoice(ctx context.Context, tx *postgres.Tx, at counter.At, invoice broker.ID) error {
	if err := needsRole(at.Actor, access.RoleILL, access.RoleDirector); err != nil {
		return err
	}
	return ledger.Insist(ctx, tx, at.Library, invoice, at.Now)
}

// WithdrawInvoice takes back what this library asked, with a reason; what was
// paid of it stands as the other's credit.
func (s *Service) WithdrawInvoice(ctx context.Context, tx *postgres.Tx, at counter.At, invoice broker.ID, reason string) error {
	if err := needsRole(at.Actor, access.RoleILL, access.RoleDirector); err != nil {
		return err
	}
	return ledger.Withdraw(ctx, tx, ledger.Void{Library: at.Library, Reason: reason, Actor: at.Actor, At: at.Now}, invoice)
}
