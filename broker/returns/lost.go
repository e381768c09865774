package returns

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// shipping is the charge kind of what a new copy's delivery costs.
const shipping = "shipping"

// loanMoney is what is on the account for a loan, for its lateness and for its
// loss; and what the owner of the item charged the patron's library for the
// loss.
type loanMoney struct {
	overdue, lost, shipping, processing, owner ledger.LoanMoney
}

// askLoanMoney queues reading what is on the account for a loan, and locks the
// account.
func askLoanMoney(tx *postgres.Tx, loan loans.Loan, into *loanMoney) {
	loans.AskFine(tx, loan, &into.overdue)
	if loan.Status != loans.Open {
		account := loans.AccountOf(loan)
		ledger.AskLoan(tx, account, loan.ID, ledger.Lost, &into.lost)
		ledger.AskLoan(tx, account, loan.ID, shipping, &into.shipping)
		ledger.AskLoan(tx, account, loan.ID, ledger.Processing, &into.processing)
		askOwner(tx, loan, &into.owner)
	}
}

// Loss is how an item was lost, and what staff know of its price.
type Loss struct {
	How loans.LostHow
	// On is the day from which it counts as lost; zero means today. By age that is
	// the day the policy names, whenever the night was run.
	On broker.Date
	// WillReplace tells that a new copy is to be bought.
	WillReplace bool
	// Price is what staff say the item costs; zero takes the price on the item's
	// record.
	Price broker.Money
	// Shipping is what a new copy's delivery costs.
	Shipping broker.Money
	// ForgiveOverdue reverses what the lateness cost so far.
	ForgiveOverdue bool
}

// DeclareLost is somebody's report that an item will not come back.
type DeclareLost struct {
	Desk standing.Desk
	Loan loans.Ref
	Loss
}

// DeclareLost notes that an item will not come back, and charges what its
// owner's policy says. What a borrowed copy, or one lent to another library,
// costs is for its lender to say, and is charged through its request. Where no
// price is known it is the conflict price_unknown. Declared again, nothing
// changes.
func (c *Service) DeclareLost(ctx context.Context, tx *postgres.Tx, in DeclareLost) (loans.Outcome, error) {
	loan, err := loans.Locked(ctx, tx, in.Loan)
	if err != nil {
		return loans.Outcome{}, err
	}
	if in.How == "" {
		in.How = loans.LostReported
	}
	return c.declareLost(ctx, tx, in.Desk, loan, in.Loss)
}

// declareLost declares a locked loan lost: by report, by age, or by a claim
// whose item was not found.
func (c *Service) declareLost(ctx context.Context, tx *postgres.Tx, desk standing.Desk, loan loans.Loan, loss Loss) (loans.Outcome, error) {
	var out loans.Outcome
	switch loan.Status {
	case loans.Lost:
		out.Replayed = true
		out.SetLoan(loan)
		out.Say("Declared lost already.")
		return out, nil
	case loans.Returned:
		return out, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	case loans.Open:
	}
	lender, err := standing.LendersFrom(desk).Of(ctx, tx, loan.Library, loan.Branch)
	if err != nil {
		return out, err
	}
	l := losing{loan: loan, lender: lender}
	l.ask(tx)
	if err := tx.Flush(ctx); err != nil {
		return out, fmt.Errorf("read for a loss: %w", err)
	}
	return c.lose(ctx, tx, desk, l, loss)
}

// losing is an open loan that is to be declared lost, with what must be read
// for that.
type losing struct {
	loan   loans.Loan
	lender standing.Desk
	item   catalog.Item
	money  ledger.LoanMoney
}

// ask queues reading the item, and what is on the account for the lateness; it
// locks the account.
func (l *losing) ask(tx *postgres.Tx) {
	catalog.AskItem(tx, l.loan.Item.Library, l.loan.Item.ID, &l.item)
	loans.AskFine(tx, l.loan, &l.money)
}

// lose declares an open loan lost, once everything about it was read. Where the
// price is not known nothing is charged or changed.
func (c *Service) lose(ctx context.Context, tx *postgres.Tx, desk standing.Desk, l losing, loss Loss) (out loans.Outcome, err error) {
	loan, lender, item := l.loan, l.lender, l.item
	if loss.ForgiveOverdue { // records what had accrued before it is forgiven
		if err := c.LatchAfter(ctx, tx, desk, loan.Patron, standing.Late{}); err != nil {
			return out, err
		}
	}
	if err := c.chargeLoss(ctx, tx, lender, loan, item, loss, &out); err != nil {
		return out, err
	}
	on := lender.Today()
	if !loss.On.IsZero() {
		on = loss.On.Earlier(on)
	}
	end := loans.Settling{
		Desk: desk, Loan: loan, Through: loan.Late().Through(on, lender.Calendar()), Forgiven: loss.ForgiveOverdue,
		Opening: lender.Calendar(), Why: ledger.CorrectedAtLoss, Money: l.money,
	}
	if end.Forgiven {
		end.LostOn = on // what is forgiven because of the loss may be restored; what was counted beyond it may not
	}
	end.Fine = costs.FineAtReturn(loan.Terms, loan.DueOn, lending.ReturnDecision{On: end.Through, FineFree: end.Forgiven}, lender.Moment())
	if err := end.Settle(tx, &out); err != nil {
		return out, err
	}
	ledger.EndAccrual(tx, loan.Patron.Library, loan.ID)
	loan.Status, loan.LostOn, loan.LostHow = loans.Lost, on, loss.How
	loans.Save(tx, loan)
	catalog.SetItemStatus(tx, item.Library, item.ID, catalog.Lost)
	item.Status = catalog.Lost
	out.SetLoan(loan)
	out.SetItem(item)
	out.Say("Declared lost.")
	return out, loans.LatchLate(ctx, tx, c.Policies, desk, loan, end.Through.DaysSince(loan.DueOn), out)
}

// lossCause names one declaration of a loss, or its reversal: the loan's status
// lets each happen only once, and the same item may be lost again the same day.
func lossCause(loan loans.Loan) string {
	return "lost:" + loan.ID.String() + ":" + broker.NewID().String()
}

func (c *Service) chargeLoss(ctx context.Context, tx *postgres.Tx, lender standing.Desk, loan loans.Loan, item catalog.Item, loss Loss, out *loans.Outcome) error {
	if loan.SettledElsewhere() {
		return nil
	}
	pricing, err := c.pricedBy(ctx, tx, lender, loan, item)
	if err != nil {
		return err
	}
	charges, err := costs.LostCharges(pricing.document, loss.item(pricing.match, item))
	if charges, err = priced(loan, charges, err); err != nil {
		return err
	}
	if err := postCharges(tx, lender, loan, charges, lossCause(loan), out); err != nil {
		return err
	}
	return pricing.invoice(ctx, tx, lender, loan, "", charges, out)
}

// item is the loss in the terms of policies.
func (l Loss) item(match rule.Match, item catalog.Item) costs.LostItem {
	lost := costs.LostItem{
		Match: match, WillReplace: l.WillReplace, Shipping: l.Shipping,
		PricePaid: known(item.PricePaid), Replacement: known(item.Price), ListPrice: known(item.ListPrice),
	}
	if l.Price.Minor > 0 {
		lost.PricePaid, lost.Replacement, lost.ListPrice = l.Price, l.Price, l.Price
	}
	return lost
}

func known(price *broker.Money) broker.Money {
	if price == nil {
		return broker.Money{}
	}
	return *price
}

// postCharges posts charges for a loan, each kind once for a cause.
func postCharges(tx *postgres.Tx, desk standing.Desk, loan loans.Loan, charges []costs.Charge, cause string, out *loans.Outcome) error {
	for _, charge := range charges {
		entry, err := ledger.Post(tx, ledger.Charge{
			Account: loans.AccountOf(loan), Kind: charge.Kind, Amount: charge.Amount, Cause: cause + ":" + charge.Kind,
			Rule: charge.Rule, Clause: charge.Clause, Loan: loan.ID, Request: loan.Request, Actor: desk.Actor, At: desk.Now,
		})
		if err != nil {
			return err
		}
		out.Charged = append(out.Charged, entry)
		out.Say("Charged for %s: %s.", charge.Kind, charge.Amount)
	}
	return nil
}

// FoundAgain reverses a declaration of loss, with all that was charged for it:
// the patron still has the item, and the loan goes on as it was. An item that
// turns up at a desk is returned instead.
func (c *Service) FoundAgain(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref loans.Ref) (loans.Outcome, error) {
	loan, err := loans.Locked(ctx, tx, ref)
	if err != nil {
		return loans.Outcome{}, err
	}
	var out loans.Outcome
	out.SetLoan(loan)
	out.Say("Found again, and still on loan.")
	switch loan.Status {
	case loans.Open:
		out.Replayed = true
		return out, nil
	case loans.Returned:
		return loans.Outcome{}, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	case loans.Lost:
	}
	if loan.Patron.ID == broker.NoID {
		return loans.Outcome{}, broker.Conflict("no_patron", "Who had it is no longer known.")
	}
	var money loanMoney
	askLoanMoney(tx, loan, &money)
	if err := tx.Flush(ctx); err != nil {
		return loans.Outcome{}, fmt.Errorf("read what a loss cost: %w", err)
	}
	if err := money.takeBack(tx, desk, loan, money.stands(), ledger.CorrectedFound, &out); err != nil {
		return loans.Outcome{}, err
	}
	loan.Status, loan.LostOn, loan.LostHow = loans.Open, broker.Date{}, ""
	loans.Save(tx, loan)
	catalog.SetItemStatus(tx, loan.Item.Library, loan.Item.ID, catalog.OnLoan)
	out.SetLoan(loan)
	if len(out.TakenBack) == 0 {
		return out, nil
	}
	return out, c.LatchAfter(ctx, tx, desk, loan.Patron, standing.Late{})
}

// loss is what was charged for the loss: the item, its delivery, the processing.
func (m loanMoney) loss() [3]ledger.LoanMoney {
	return [3]ledger.LoanMoney{m.lost, m.shipping, m.processing}
}

// stands is how much of it is still charged, part by part in minor units.
func (m loanMoney) stands() (minor [3]int64) {
	for i, part := range m.loss() {
		minor[i] = part.Stands().Minor
	}
	return minor
}

// takeBack reverses an amount of each part of the charge for a loss, and the
// same of what the owner charged for it.
func (m loanMoney) takeBack(tx *postgres.Tx, desk standing.Desk, loan loans.Loan, minor [3]int64, why ledger.Correction, out *loans.Outcome) error {
	cause := lossCause(loan)
	sum := int64(0)
	back := func(money ledger.LoanMoney, minor int64, what string) ([]ledger.Entry, error) {
		if minor = min(minor, money.Stands().Minor); minor <= 0 {
			return nil, nil
		}
		return ledger.TakeBack(tx, money, broker.Money{Minor: minor, Currency: money.Charged.Currency}, ledger.Answer{
			Cause: cause + ":" + what + ":back:" + string(why), Correction: why, Note: "the item came back", Actor: desk.Actor, At: desk.Now,
		})
	}
	for i, part := range m.loss() {
		kind := [3]string{ledger.Lost, shipping, ledger.Processing}[i]
		entries, err := back(part, minor[i], kind)
		if err != nil {
			return err
		}
		out.TakenBack = append(out.TakenBack, entries...)
		sum += max(0, min(minor[i], part.Stands().Minor))
	}
	_, err := back(m.owner, sum, "owner")
	return err
}
