package scenario

import (
	"context"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

func deskActs() []act {
	return []act{
		{word: "checkout", says: "Lend an item to a patron who shows the card.", fields: []field{patronField, itemField}, run: (*play).checkout},
		{word: "return", says: "Take an item back at a service desk.", fields: []field{itemField}, run: (*play).takeBack},
		{word: "renew", says: "Renew a loan; a borrowed item's lender is asked.", fields: []field{itemField}, run: (*play).renew},
		{word: "scan", says: "Scan a barcode and do what is due with the item: receive, shelve, capture, pull, take in.", fields: []field{itemField}, run: (*play).scan},
	}
}

func (p *play) checkout(s step) (result, error) {
	patron, item := p.patronOf(s), p.items[get[string](s.values, "item")]
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return p.desk.CheckOut(ctx, tx, at, desk.CheckOut{Barcode: item.barcode, Patron: patron.ID, Overrides: textsOf(s.values, "over")})
	})
}

func (p *play) takeBack(s step) (result, error) {
	item := p.items[get[string](s.values, "item")]
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return p.desk.Scan(ctx, tx, at, desk.Scan{Barcode: item.barcode})
	})
}

func (p *play) renew(s step) (result, error) {
	loan, err := p.loanOf(s)
	if err != nil {
		return result{}, err
	}
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		done, _, err := p.desk.Renew(ctx, tx, at, loan.ID, textsOf(s.values, "over"))
		return done, err
	})
}

func (p *play) scan(s step) (result, error) {
	item := p.items[get[string](s.values, "item")]
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return p.desk.Scan(ctx, tx, at, desk.Scan{Barcode: item.barcode})
	})
}

// loanOf is the open loan of a step's item.
func (p *play) loanOf(s step) (loan circulation.Loan, err error) {
	item := p.items[get[string](s.values, "item")]
	err = p.everywhere(func(ctx context.Context, tx *postgres.Tx) (err error) {
		ref := item.ItemRef
		if ref.ID == broker.NoID {
			return broker.NotFound("item")
		}
		loan, err = circulation.LoanOfItem(ctx, tx, ref)
		return err
	})
	return loan, err
}
