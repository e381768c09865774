package returns

import (
	"context"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// pricing says by whose rules a lost or damaged item is priced.
type pricing struct {
	document *policy.Document
	match    rule.Match
	// owner tells that the owner's rules price it, so that what the patron is
	// charged is owed to the owner.
	owner bool
}

// pricedBy finds whose policy prices an item: the lending desk's or, for
// another library's item, the owner's, where the lending desk's policy leaves
// it to the owner (lost.other_owner).
func (c *Service) pricedBy(ctx context.Context, tx *postgres.Tx, lender standing.Desk, loan loans.Loan, item catalog.Item) (pricing, error) {
	document, err := loans.LentBy(c.Policies, lender, loan)
	p := pricing{document: document, match: loan.MatchOf(item), owner: item.Library == lender.Library.ID}
	if err != nil || p.owner || costs.LostSetBy(document, p.match).Value != attributes.DecidedByOwner {
		return p, err
	}
	then := lender
	then.Now = loan.StartedAt
	_, p.document, err = c.RulesOf(ctx, tx, then, item.Library)
	if broker.IsKind(err, broker.KindNotFound) {
		_, p.document, err = c.RulesOf(ctx, tx, lender, item.Library)
	}
	p.match.Owner, p.owner = rule.OwnerOwn, true
	return p, err
}

// priced refuses what cannot be charged to a loan's account: an item without a
// price, and a price in another currency.
func priced(loan loans.Loan, charges []costs.Charge, err error) ([]costs.Charge, error) {
	if ours, ok := broker.AsError(err); ok && ours.Code == "price_unknown" {
		conflict := broker.Conflict("price_unknown", "No price of this item is known: enter what it costs.")
		conflict.Reasons = ours.Reasons
		return nil, conflict
	}
	if err != nil {
		return nil, err
	}
	for _, charge := range charges {
		if charge.Amount.Currency != loans.AccountOf(loan).Currency {
			return nil, broker.Conflict("currency_differs", "Its price is in %s: enter it in %s.", charge.Amount.Currency, loans.AccountOf(loan).Currency)
		}
	}
	return charges, nil
}

// ownerAccount is what a patron's library owes to the owner of a lent item.
func ownerAccount(loan loans.Loan) ledger.Account {
	return ledger.Between(loan.Item.Library, loan.Patron.Library, loans.AccountOf(loan).Currency)
}

// askOwner queues reading what the owner charged the patron's library for a
// loss. Where they are the same library, there is nothing to read.
func askOwner(tx *postgres.Tx, loan loans.Loan, into *ledger.LoanMoney) {
	if loan.Item.Library != loan.Patron.Library {
		ledger.AskLoan(tx, ownerAccount(loan), loan.ID, ledger.Lost, into)
	}
}

// invoice bills the patron's library, on the owner's behalf, for what the
// patron was charged for the owner's item: the patron pays at home, and the
// home library pays the owner. number names what it is for, so that it is
// billed once; "" makes a new one.
func (p pricing) invoice(ctx context.Context, tx *postgres.Tx, desk standing.Desk, loan loans.Loan, number string, charges []costs.Charge, out *loans.Outcome) error {
	if !p.owner || loan.Item.Library == loan.Patron.Library || loan.SettledElsewhere() || len(charges) == 0 {
		return nil
	}
	account := ownerAccount(loan)
	sum := broker.Money{Currency: account.Currency}
	for _, charge := range charges {
		sum = sum.Plus(charge.Amount)
	}
	asked, err := ledger.RaiseInvoice(ctx, tx, ledger.Invoice{
		Creditor: account.Library, Debtor: account.Debtor, Number: number, Kind: ledger.InvoiceReplacement, Amount: sum,
		Loan: loan.ID, IssuedOn: desk.Today(),
	}, charges[0].Rule, charges[0].Clause, desk.Actor, desk.Now)
	if err != nil {
		return err
	}
	out.Say("Its owner is owed %s: invoice %s.", asked.Amount, asked.Number)
	return nil
}

// numberOf is an invoice number that is always the same for the same matter on
// the same loan.
func numberOf(what string, loan loans.Loan) string {
	id := loan.ID.String()
	return what + "-" + id[len(id)-12:]
}
