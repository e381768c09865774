package cashier

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/acts"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk/counter"
)

// Payment is money that a patron hands over at a desk.
type Payment struct {
	Card   string
	Patron broker.ID
	Amount broker.Money
	// Method is how it is paid, in a way that the policy takes: cash, check ….
	// It may be left out where no till is open.
	Method string
	// Charge is the one charge it is for; To says how much each receives. With
	// neither, the policy says how it is spread over the open charges.
	Charge broker.ID
	To     []ledger.Share
	// Keep keeps what is paid beyond what is owed as credit.
	Keep bool
	// By is who pays, where it is not the patron.
	By   string
	Note string
	// Key names the act, so that it happens once even if sent twice; "" for a
	// new one.
	Key string
}

// TakePayment takes a patron's payment into the till that is open at the desk,
// if one is. What overdue loans have come to until today is charged first, so
// that it can be paid, and blocks that latch are brought up to date before and
// after. It refuses a way of paying that the policy does not take, and more than
// is owed unless it is kept as credit.
func (s *Service) TakePayment(ctx context.Context, tx *postgres.Tx, at counter.At, in Payment) (Paid, error) {
	act := acts.Act{ID: acts.Begin(tx, at.Library), Kind: acts.Payment}
	receipt, err := s.takePayment(ctx, tx, at, in)
	if err != nil {
		return Paid{}, err
	}
	return s.paid(ctx, tx, at, act, receipt)
}

// paid ends the act of a payment. One that is sent again is the act it was.
func (s *Service) paid(ctx context.Context, tx *postgres.Tx, at counter.At, act acts.Act, receipt ledger.Receipt) (Paid, error) {
	act.Receipt = receipt.Number
	act, err := s.counter.Recorded(ctx, tx, at, act)
	if err == nil && act.None() {
		act, err = acts.OfReceipt(ctx, tx, at.Library, receipt.Number)
	}
	return Paid{Receipt: receipt, Act: act}, err
}

// Paid is a payment that was taken, with the act by which it can be undone.
type Paid struct {
	ledger.Receipt
	Act acts.Act
}

func (s *Service) takePayment(ctx context.Context, tx *postgres.Tx, at counter.At, in Payment) (ledger.Receipt, error) {
	r, err := s.open(ctx, tx, at)
	if err != nil {
		return ledger.Receipt{}, err
	}
	account, err := r.serve(ctx, tx, in.Card, in.Patron)
	if err != nil {
		return ledger.Receipt{}, err
	}
	if in.Method != "" {
		if err := r.mayPayBy(in.Method); err != nil {
			return ledger.Receipt{}, err
		}
	}
	if in.To, err = r.shares(ctx, tx, account, in); err != nil {
		return ledger.Receipt{}, err
	}
	till, err := r.till(ctx, tx)
	if err != nil {
		return ledger.Receipt{}, err
	}
	receipt, err := ledger.Pay(ctx, tx, ledger.Payment{
		Account: account, Amount: in.Amount, Charge: in.Charge, To: in.To, InAdvance: in.Keep, Method: in.Method, Till: till,
		By: in.By, Cause: "payment:" + orNew(in.Key), Note: in.Note, Actor: at.Actor, At: at.Now,
	})
	if err != nil {
		return ledger.Receipt{}, err
	}
	return receipt, r.latch(ctx, tx, account)
}

// shares spreads a payment evenly over the open charges where the policy says
// so and the payment says nothing.
func (r register) shares(ctx context.Context, tx *postgres.Tx, account ledger.Account, in Payment) ([]ledger.Share, error) {
	if in.To != nil || in.Charge != broker.NoID || costs.PaymentTerms(r.rules, r.served).Value.Split != attributes.SplitEvenly {
		return in.To, nil
	}
	open, err := ledger.OpenCharges(ctx, tx, account)
	if err != nil {
		return nil, err
	}
	owed := make([]broker.Money, len(open))
	for i, charge := range open {
		owed[i] = charge.Owed
	}
	parts, _ := costs.SplitPayment(attributes.SplitEvenly, in.Amount, owed)
	var shares []ledger.Share
	for i, part := range parts {
		if part.Minor > 0 {
			shares = append(shares, ledger.Share{Charge: open[i].ID, Amount: part})
		}
	}
	return shares, nil
}

// Waiver is the forgiving of a charge, or of part of it.
type Waiver struct {
	Charge broker.ID
	Amount broker.Money
	// Reason is required.
	Reason string
	Key    string // as of Payment
}

// Waive forgives part of what is left of a charge. Only a director may.
func (s *Service) Waive(ctx context.Context, tx *postgres.Tx, at counter.At, in Waiver) (ledger.Entry, error) {
	r, err := s.open(ctx, tx, at, access.RoleDirector)
	if err != nil {
		return ledger.Entry{}, err
	}
	if err := needsReason(in.Reason); err != nil {
		return ledger.Entry{}, err
	}
	charge, err := ledger.ChargeByID(ctx, tx, at.Library, in.Charge)
	if err != nil {
		return ledger.Entry{}, err
	}
	if err := r.latch(ctx, tx, charge.Account); err != nil {
		return ledger.Entry{}, err
	}
	entry, err := ledger.Waive(ctx, tx, ledger.Answer{
		Library: at.Library, Charge: in.Charge, Cause: "waiver:" + orNew(in.Key), Note: in.Reason, Actor: at.Actor, At: at.Now,
	}, in.Amount)
	if err != nil {
		return ledger.Entry{}, err
	}
	return entry, r.latch(ctx, tx, charge.Account)
}

// Void takes back a payment that was entered by mistake, by the number of its
// receipt: what it paid is owed again. Only a director may, with a reason.
func (s *Service) Void(ctx context.Context, tx *postgres.Tx, at counter.At, receipt int64, reason string) ([]ledger.Entry, error) {
	r, err := s.open(ctx, tx, at, access.RoleDirector)
	if err != nil {
		return nil, err
	}
	paid, err := ledger.ReceiptByNumber(ctx, tx, at.Library, receipt)
	if err != nil {
		return nil, err
	}
	if err := r.latch(ctx, tx, paid.Account); err != nil {
		return nil, err
	}
	entries, err := ledger.VoidPayment(ctx, tx, ledger.Void{Library: at.Library, Receipt: receipt, Reason: reason, Actor: at.Actor, At: at.Now})
	if err != nil {
		return nil, err
	}
	return entries, r.latch(ctx, tx, paid.Account)
}

// ByVoucher is the method of a refund on paper.
const ByVoucher = "voucher"

// Refund is a patron's credit to be given back.
type Refund struct {
	Card   string
	Patron broker.ID
	Amount broker.Money
	// Method is how: ByVoucher, or cash from the open till, check ….
	Method string
	// Reason is required.
	Reason string
	Key    string // as of Payment
}

// Given is a refund: its entries, or the voucher that was written.
type Given struct {
	Entries []ledger.Entry
	Voucher *ledger.Voucher
}

// GiveBack gives a patron's credit back, never more than is left once
// everything owed until today is counted. Only a director may, with a reason.
func (s *Service) GiveBack(ctx context.Context, tx *postgres.Tx, at counter.At, in Refund) (given Given, err error) {
	r, err := s.open(ctx, tx, at, access.RoleDirector)
	if err != nil {
		return Given{}, err
	}
	account, err := r.serve(ctx, tx, in.Card, in.Patron)
	if err != nil {
		return Given{}, err
	}
	refund := ledger.Refund{
		Account: account, Amount: in.Amount, Method: in.Method, Reason: in.Reason,
		Cause: "refund:" + orNew(in.Key), Actor: at.Actor, At: at.Now,
	}
	if in.Method == ByVoucher {
		voucher, err := ledger.WriteVoucher(ctx, tx, refund)
		if err != nil {
			return Given{}, err
		}
		given.Voucher = &voucher
		return given, r.latch(ctx, tx, account)
	}
	if in.Method == "" {
		return Given{}, broker.Invalid(broker.FieldError{Pointer: "/method", Code: "required", Message: "must say by what"})
	}
	if err := r.mayPayBy(in.Method, ByVoucher); err != nil {
		return Given{}, err
	}
	if refund.Till, err = r.till(ctx, tx); err != nil {
		return Given{}, err
	}
	if given.Entries, err = ledger.GiveBack(ctx, tx, refund); err != nil {
		return Given{}, err
	}
	return given, r.latch(ctx, tx, account)
}

// TakeBackCharge is a charge that should not have been made, or no longer
// holds.
type TakeBackCharge struct {
	Charge broker.ID
	// Method is how the patron gets back what they paid: cash from the open
	// till, check …; "" keeps it as credit, for which a voucher can be written
	// (GiveBack).
	Method string
	// Reason is required.
	Reason string
	Key    string // as of Payment
}

// TakeBackCharge takes a whole charge of a patron back and gives each who paid
// their part: an agency at once, the patron by the method named, never more
// than is left after everything owed until today. Only a director may, with a
// reason.
func (s *Service) TakeBackCharge(ctx context.Context, tx *postgres.Tx, at counter.At, in TakeBackCharge) (ledger.Undone, error) {
	r, err := s.open(ctx, tx, at, access.RoleDirector)
	if err != nil {
		return ledger.Undone{}, err
	}
	if err := needsReason(in.Reason); err != nil {
		return ledger.Undone{}, err
	}
	if in.Method == ByVoucher {
		return ledger.Undone{}, broker.Invalid(broker.FieldError{
			Pointer: "/method", Code: "voucher_is_for_credit", Message: "leave it out, and write the voucher for the credit that is left",
		})
	}
	charge, err := ledger.ChargeByID(ctx, tx, at.Library, in.Charge)
	if err != nil {
		return ledger.Undone{}, err
	}
	if charge.Account.Patron == broker.NoID { // another library's: its invoice is withdrawn
		return ledger.Undone{}, broker.NotFound("charge")
	}
	if _, err := r.serve(ctx, tx, "", charge.Account.Patron); err != nil {
		return ledger.Undone{}, err
	}
	till := broker.NoID
	if in.Method != "" {
		if err := r.mayPayBy(in.Method); err != nil {
			return ledger.Undone{}, err
		}
		if till, err = r.till(ctx, tx); err != nil {
			return ledger.Undone{}, err
		}
	}
	undone, err := ledger.TakeBackPaid(ctx, tx, ledger.Answer{
		Library: at.Library, Charge: in.Charge, Cause: "taken_back:" + orNew(in.Key), Note: in.Reason, Actor: at.Actor, At: at.Now,
	}, in.Method, till)
	if err != nil {
		return ledger.Undone{}, err
	}
	return undone, r.latch(ctx, tx, charge.Account)
}

// UseCredit is a patron's credit to be used for what they owe.
type UseCredit struct {
	Card   string
	Patron broker.ID
	Note   string
	Key    string // as of Payment
}

// UseCredit pays a patron's open charges, and what overdue loans have come to
// until today, from their credit: oldest first, and no money moves. It settles
// a kind of charge that blocks.
func (s *Service) UseCredit(ctx context.Context, tx *postgres.Tx, at counter.At, in UseCredit) ([]ledger.Entry, error) {
	r, err := s.open(ctx, tx, at)
	if err != nil {
		return nil, err
	}
	account, err := r.serve(ctx, tx, in.Card, in.Patron)
	if err != nil {
		return nil, err
	}
	entries, err := ledger.UseCredit(ctx, tx, account, ledger.Answer{
		Library: at.Library, Cause: "credit:" + orNew(in.Key), Note: in.Note, Actor: at.Actor, At: at.Now,
	})
	if err != nil {
		return nil, err
	}
	return entries, r.latch(ctx, tx, account)
}

// Growing reads what a patron's overdue loans have come to by today and is not
// charged yet; it changes nothing.
func (s *Service) Growing(ctx context.Context, tx *postgres.Tx, at counter.At, patron broker.ID) (standing.Growing, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return standing.Growing{}, err
	}
	return standing.GrowingOf(ctx, tx, desk, patrons.Ref{Library: at.Library, ID: patron})
}

// register is an open desk where money is taken, with the rules that apply there.
type register struct {
	loans *loans.Service
	desk  standing.Desk
	rules *policy.Document
	// served is what the policy's entries are matched against for the patron at the
	// desk; zero while nobody is served.
	served rule.Match
}

// open opens the desk to staff with one of the roles; with none named, to
// all staff.
func (s *Service) open(ctx context.Context, tx *postgres.Tx, at counter.At, roles ...string) (register, error) {
	if err := needsRole(at.Actor, roles...); err != nil {
		return register{}, err
	}
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return register{}, err
	}
	rules, err := s.counter.Policies.Rules(desk)
	return register{loans: s.counter.Loans, desk: desk, rules: rules}, err
}

func needsRole(actor broker.Actor, roles ...string) error {
	if actor.Kind != broker.ActorStaff {
		return broker.Forbidden("Money is handled by staff.")
	}
	for _, role := range roles {
		if actor.HasRole(role) {
			return nil
		}
	}
	if len(roles) == 0 {
		return nil
	}
	return broker.Forbidden("That takes the role %s.", roles[0])
}

// mayPayBy refuses a way of paying, or of giving back, that the policy does not
// know; besides are others that will do.
func (r register) mayPayBy(method string, besides ...string) error {
	return costs.MayPayBy(r.rules, r.moment(), r.served, method, besides...).Err("may_not_pay_so")
}

func (r register) moment() policy.Moment {
	return policy.Moment{Now: r.desk.Now, Calendar: r.desk.Library.Calendar}
}

// serve finds the account of the patron at the desk, with everything charged
// that is owed until today and blocks brought up to date; it locks the patron.
// Accounts are kept at the patron's home library, and are settled there.
func (r *register) serve(ctx context.Context, tx *postgres.Tx, card string, id broker.ID) (ledger.Account, error) {
	patron, err := patronNamed(ctx, tx, r.desk, card, id)
	if err != nil {
		return ledger.Account{}, err
	}
	if patron.Library != r.desk.Library.ID {
		return ledger.Account{}, broker.Conflict("at_home_elsewhere", "That account is settled at the patron's own library.")
	}
	if _, err := r.loans.ChargeAccrued(ctx, tx, r.desk, patron.Ref()); err != nil {
		return ledger.Account{}, err
	}
	r.served = patron.Match(r.desk.Today())
	account := patrons.Account(r.desk.Library, patron.Ref())
	return account, r.latch(ctx, tx, account)
}

// latch sets and lifts the blocks that latch, by what a patron owes.
func (r register) latch(ctx context.Context, tx *postgres.Tx, account ledger.Account) error {
	if account.Patron == broker.NoID {
		return nil
	}
	ref := patrons.Ref{Library: account.Library, ID: account.Patron}
	_, err := standing.UpdateLatch(ctx, tx, r.desk.Library, r.rules, ref, r.desk.Now)
	return err
}

// till is the one that is open at the desk, or NoID.
func (r register) till(ctx context.Context, tx *postgres.Tx) (broker.ID, error) {
	till, err := ledger.OpenTillOf(ctx, tx, r.desk.Library.ID, r.desk.Branch)
	if broker.IsKind(err, broker.KindNotFound) {
		return broker.NoID, nil
	}
	return till.ID, err
}

func needsReason(reason string) error {
	if reason == "" {
		return broker.Invalid(broker.FieldError{Pointer: "/reason", Code: "required", Message: "must say why"})
	}
	return nil
}

// orNew is the key of an act, or one that no other act has.
func orNew(key string) string {
	if key != "" {
		return key
	}
	return fmt.Sprint(broker.NewID())
}

// patronNamed finds a patron by card in the desk's realm. A card that was
// stopped is refused, whatever other cards the patron has.
func patronNamed(ctx context.Context, tx *postgres.Tx, desk standing.Desk, card string, patron broker.ID) (patrons.Patron, error) {
	if card != "" {
		found, shown, err := patrons.ByCard(ctx, tx, desk.Library.SharingGroup, card)
		if err != nil {
			return found, err
		}
		return found, shown.Usable()
	}
	return patrons.ByID(ctx, tx, patrons.Ref{Library: desk.Library.ID, ID: patron})
}
