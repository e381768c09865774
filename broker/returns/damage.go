package returns

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Damage is an item that came back damaged.
type Damage struct {
	Desk standing.Desk
	// Loan is the loan it came back from; it is closed.
	Loan loans.Ref
	// Beyond is set when it cannot be lent again: it is charged as lost, and
	// withdrawn.
	Beyond bool
	// Assessed is what small damage costs, as assessed by staff.
	Assessed broker.Money
	Loss     Loss
}

// Damage charges the patron for a damaged item, by the policy of whichever
// library prices it: small damage as staff assess it, or nothing where it is
// wear; an item that cannot be lent again, as a loss. What damage to a lender's
// item costs is for the lender to say, through the request. Charged again,
// nothing changes.
func (c *Service) Damage(ctx context.Context, tx *postgres.Tx, in Damage) (loans.Outcome, error) {
	loan, item, err := endedLoan(ctx, tx, in.Loan)
	if err != nil {
		return loans.Outcome{}, err
	}
	if loan.SettledElsewhere() {
		return loans.Outcome{}, broker.Conflict("lender_decides", "The lender says what the damage of its item costs: enter its invoice on the request.")
	}
	lender, err := standing.LendersFrom(in.Desk).Of(ctx, tx, loan.Library, loan.Branch)
	if err != nil {
		return loans.Outcome{}, err
	}
	pricing, err := c.pricedBy(ctx, tx, lender, loan, item)
	if err != nil {
		return loans.Outcome{}, err
	}
	charges, err := costs.DamageCharges(pricing.document, in.Loss.item(pricing.match, item), in.Beyond, in.Assessed)
	if charges, err = priced(loan, charges, err); err != nil {
		return loans.Outcome{}, err
	}
	var out loans.Outcome
	out.SetLoan(loan)
	if err := postCharges(tx, in.Desk, loan, charges, "damage:"+loan.ID.String(), &out); err != nil {
		return loans.Outcome{}, err
	}
	if err := pricing.invoice(ctx, tx, in.Desk, loan, numberOf("DAMAGE", loan), charges, &out); err != nil {
		return loans.Outcome{}, err
	}
	item.DamagedOn = in.Desk.Today()
	catalog.SetDamaged(tx, item.Library, item.ID, item.DamagedOn)
	if in.Beyond && item.Status == catalog.OnShelf {
		item.Status = catalog.Withdrawn
		catalog.SetItemStatus(tx, item.Library, item.ID, item.Status)
		out.Say("It cannot be lent again: withdrawn.")
	}
	out.SetItem(item)
	if len(out.Charged) == 0 {
		out.Say("Nothing is charged for it.")
		return out, nil
	}
	return out, c.LatchAfter(ctx, tx, in.Desk, loan.Patron, standing.Late{})
}

// endedLoan reads a loan that was returned, whose patron is still known, and its
// item, under their locks.
func endedLoan(ctx context.Context, tx *postgres.Tx, ref loans.Ref) (loans.Loan, catalog.Item, error) {
	var item catalog.Item
	loan, err := loans.Locked(ctx, tx, ref)
	if err != nil {
		return loan, item, err
	}
	switch {
	case loan.Status != loans.Returned:
		return loan, item, broker.Conflict("still_on_loan", "Take the item back first.")
	case loan.Patron.ID == broker.NoID:
		return loan, item, broker.Conflict("no_patron", "Who had it is no longer known.")
	}
	catalog.AskItem(tx, loan.Item.Library, loan.Item.ID, &item)
	if err := tx.Flush(ctx); err != nil {
		return loan, item, fmt.Errorf("read a damaged item: %w", err)
	}
	return loan, item, nil
}

// MarkItem notes at a desk that an item of ours is missing, withdrawn, being made
// ready, or found again and right (on the shelf), wherever it is recorded to
// stand: a journey ends, and whoever it was kept for waits on in the first place.
// What is on a patron's account, or borrowed from a lender, is the conflict
// item_in_use; what is kept or travels is not marked as found, but scanned.
func (c *Service) MarkItem(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref catalog.Ref, status catalog.ItemStatus) (loans.Outcome, error) {
	var item catalog.Item
	var open loans.Loan
	catalog.AskItemLocked(tx, ref.Library, ref.ID, &item)
	loans.AskOutOn(tx, ref, &open)
	if err := tx.Flush(ctx); err != nil {
		return loans.Outcome{}, fmt.Errorf("read an item: %w", err)
	}
	switch {
	case item.ID == broker.NoID || item.Library != desk.Library.ID:
		return loans.Outcome{}, broker.NotFound("item")
	case item.Temporary():
		return loans.Outcome{}, broker.Conflict("item_in_use", "That item is borrowed: say what became of it on its request.")
	case open.ID != broker.NoID:
		return loans.Outcome{}, broker.Conflict("item_in_use", "That item is %s: take it back, or report the loan lost.", item.Status.Words())
	}
	switch status {
	case catalog.Missing, catalog.Withdrawn, catalog.InProcess:
		removed, err := c.holds.Remove(ctx, tx, desk, ref, status)
		return loans.Outcome{Outcome: removed}, err
	case catalog.OnShelf:
		return putRight(tx, item)
	case catalog.OnHoldShelf, catalog.OnLoan, catalog.InTransit, catalog.Received, catalog.Lost, catalog.GoneHome, catalog.OnOrder:
	}
	return loans.Outcome{}, broker.Invalid(broker.FieldError{
		Pointer: "/status", Code: "not_a_mark", Message: "must be missing, withdrawn, in_processing or on_shelf",
	})
}

// putRight puts an item back on its shelf, with nothing left to be looked at.
func putRight(tx *postgres.Tx, item catalog.Item) (loans.Outcome, error) {
	switch item.Status {
	case catalog.OnHoldShelf, catalog.InTransit, catalog.OnLoan, catalog.Received, catalog.GoneHome:
		return loans.Outcome{}, broker.Conflict("item_in_use", "That item is %s: scan it, and it goes where it is due.", item.Status.Words())
	case catalog.OnShelf, catalog.Missing, catalog.Lost, catalog.Withdrawn, catalog.OnOrder, catalog.InProcess:
	}
	var out loans.Outcome
	out.Replayed = item.Status == catalog.OnShelf && item.DamagedOn.IsZero()
	item.Status, item.DamagedOn = catalog.OnShelf, broker.Date{}
	catalog.SetItemStatus(tx, item.Library, item.ID, item.Status)
	catalog.SetDamaged(tx, item.Library, item.ID, item.DamagedOn)
	out.SetItem(item)
	out.Say("It is %s.", item.Status.Words())
	return out, nil
}

// Donate accepts an equivalent item in place of what is still owed for a lost
// one, where the policy allows it and, if the policy requires it, the director
// approved. Only a director's word counts as that approval.
func (c *Service) Donate(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref loans.Ref, approved bool) (loans.Outcome, error) {
	loan, money, lender, err := c.lostLoan(ctx, tx, desk, ref)
	if err != nil {
		return loans.Outcome{}, err
	}
	document, err := loans.LentBy(c.Policies, lender, loan)
	if err != nil {
		return loans.Outcome{}, err
	}
	if err := costs.MayDonate(document, lender.Moment(), loan.Match(), approved && desk.Actor.HasRole("director")).Err("may_not_donate"); err != nil {
		return loans.Outcome{}, err
	}
	var out loans.Outcome
	out.SetLoan(loan)
	unpaid := money.stands()
	for i, part := range money.loss() {
		unpaid[i] -= part.Paid.Minor
	}
	if err := money.takeBack(tx, desk, loan, unpaid, ledger.CorrectedDonation, &out); err != nil {
		return loans.Outcome{}, err
	}
	out.Say("A like item is taken in place of payment.")
	return out, c.LatchAfter(ctx, tx, desk, loan.Patron, standing.Late{})
}

// Refer refers the debt of a lost loan for recovery, and charges what that
// costs where the policy puts it on the patron. Referred again, nothing
// changes.
func (c *Service) Refer(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref loans.Ref, expenses broker.Money) (loans.Outcome, error) {
	loan, _, lender, err := c.lostLoan(ctx, tx, desk, ref)
	if err != nil {
		return loans.Outcome{}, err
	}
	document, err := c.Rules(lender)
	if err != nil {
		return loans.Outcome{}, err
	}
	decision, charged := costs.MayRefer(document, lender.Moment(), loan.Terms.Class)
	if err := decision.Err("may_not_refer"); err != nil {
		return loans.Outcome{}, err
	}
	var out loans.Outcome
	out.SetLoan(loan)
	if !loan.ReferredOn.IsZero() {
		out.Replayed = true
		return out, nil
	}
	loan.ReferredOn = lender.Today()
	loans.Save(tx, loan)
	out.SetLoan(loan)
	out.Say("Handed on for recovery.")
	if !charged || expenses.Minor <= 0 {
		return out, nil
	}
	charge := costs.Charge{Kind: "collection", Amount: expenses, Rule: decision.Rule, Clause: decision.Source}
	if err := postCharges(tx, desk, loan, []costs.Charge{charge}, "collection:"+loan.ID.String(), &out); err != nil {
		return loans.Outcome{}, err
	}
	return out, c.LatchAfter(ctx, tx, desk, loan.Patron, standing.Late{})
}

// lostLoan reads a lost loan under its lock, with what is on its account.
func (c *Service) lostLoan(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref loans.Ref) (loan loans.Loan, money loanMoney, lender standing.Desk, err error) {
	if loan, err = loans.Locked(ctx, tx, ref); err != nil {
		return loan, money, lender, err
	}
	if loan.Status != loans.Lost || loan.Patron.ID == broker.NoID {
		return loan, money, lender, broker.Conflict("not_lost", "That loan is %s.", loan.Status)
	}
	askLoanMoney(tx, loan, &money)
	if err = tx.Flush(ctx); err != nil {
		return loan, money, lender, fmt.Errorf("read what a loss cost: %w", err)
	}
	lender, err = standing.LendersFrom(desk).Of(ctx, tx, loan.Library, loan.Branch)
	return loan, money, lender, err
}
