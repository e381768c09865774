package cashier

import (
	"context"

	"afield/broker"
	"afield/broker/acts"
	"afield/broker/ledger"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/workflow/desk/counter"
)

// Fee is something asked of a patron at the desk: pages by the policy's prices,
// or an amount that staff know.
type Fee struct {
	Card   string
	Patron broker.ID
	// Kind is ledger.Print, Copy, Fax, Card, Deposit, Collection, Damage or Other.
	Kind string
	// Pages are what was printed, copied or faxed.
	Pages  int
	Colour bool
	// Country is where a fax goes (ISO 3166); "" is the library's own.
	Country string
	// Amount is what staff ask, with a note that says why; the policy's price
	// where it is zero.
	Amount broker.Money
	Note   string
	Loan   broker.ID
	// Method is how it is paid at once; "" puts it on the account, where the
	// policy allows that.
	Method string
	Key    string // as of Payment
}

// AddFee charges a fee, and takes its payment where it is paid at once. It
// refuses a fax to a country the policy does not allow, a fee on the account
// where the policy wants it paid at once, and an amount without a note.
func (s *Service) AddFee(ctx context.Context, tx *postgres.Tx, at counter.At, in Fee) (ledger.Entry, *Paid, error) {
	act := acts.Act{Kind: acts.Payment}
	if in.Method != "" { // the fee and its payment are undone together
		act.ID = acts.Begin(tx, at.Library)
	}
	r, err := s.open(ctx, tx, at)
	if err != nil {
		return ledger.Entry{}, nil, err
	}
	account, err := r.serve(ctx, tx, in.Card, in.Patron)
	if err != nil {
		return ledger.Entry{}, nil, err
	}
	fee, err := r.price(in)
	if err != nil {
		return ledger.Entry{}, nil, err
	}
	key := orNew(in.Key)
	entry, err := ledger.Post(tx, ledger.Charge{
		Account: account, Kind: fee.Kind, Amount: fee.Amount, Cause: "fee:" + key, Rule: fee.Rule, Clause: fee.Clause,
		Note: in.Note, Loan: in.Loan, Actor: at.Actor, At: at.Now,
	})
	if err != nil {
		return ledger.Entry{}, nil, err
	}
	if entry, err = ledger.ChargeByCause(ctx, tx, account, entry.Cause); err != nil { // asked before, it is the first
		return ledger.Entry{}, nil, err
	}
	if in.Method == "" {
		return entry, nil, r.latch(ctx, tx, account)
	}
	receipt, err := s.takePayment(ctx, tx, at, Payment{
		Patron: account.Patron, Amount: entry.Amount, Method: in.Method, To: []ledger.Share{{Charge: entry.ID, Amount: entry.Amount}},
		Keep: true, Note: in.Note, Key: "fee:" + key,
	})
	if err != nil {
		return ledger.Entry{}, nil, err
	}
	paid, err := s.paid(ctx, tx, at, act, receipt)
	return entry, &paid, err
}

// price is what a fee comes to, and by which rule.
func (r register) price(in Fee) (costs.Charge, error) {
	fee := costs.Charge{Kind: in.Kind, Amount: in.Amount, Rule: "fee.by_staff"}
	switch in.Kind {
	case ledger.Print, ledger.Copy:
		fee = costs.PrintFee(r.rules, r.served, in.Pages, in.Colour)
	case ledger.Fax:
		fee = costs.FaxFee(r.rules, r.served, in.Pages)
		if in.Country != "" {
			if err := costs.MayFax(r.rules, r.moment(), r.served, in.Country).Err("may_not_fax"); err != nil {
				return fee, err
			}
		}
	case ledger.Card, ledger.Deposit, ledger.Collection, ledger.Damage, ledger.Other:
	default:
		return fee, broker.Invalid(broker.FieldError{
			Pointer: "/kind", Code: "unknown_kind", Message: "must be print, copy, fax, card, deposit, collection, damage or other",
		})
	}
	fee.Kind = in.Kind
	if in.Amount.Minor != 0 {
		fee.Amount, fee.Rule, fee.Clause = in.Amount, "fee.by_staff", broker.Clause{}
		if in.Note == "" {
			return fee, broker.Invalid(broker.FieldError{Pointer: "/note", Code: "required", Message: "must say what the amount is for"})
		}
	}
	if fee.Amount.Minor <= 0 {
		return fee, broker.Invalid(broker.FieldError{Pointer: "/amount", Code: "not_above_zero", Message: "must be above zero: nothing is asked for that"})
	}
	return fee, r.mayStand(in)
}

// mayStand refuses to put prints, copies and faxes on the account where the
// policy wants them paid at once.
func (r register) mayStand(in Fee) error {
	terms := costs.FeesOnAccount(r.rules, r.served)
	pages := in.Kind == ledger.Print || in.Kind == ledger.Copy || in.Kind == ledger.Fax
	if in.Method != "" || !pages || terms.Value {
		return nil
	}
	return broker.Refused("pay_at_once", "That is paid at once, and is not put on the account.", broker.Reason{
		Code: "pay_at_once", Rule: terms.Rule, Clause: terms.Clause, Message: "It is paid at once.", Needed: "a way of paying", Found: "none",
	})
}
