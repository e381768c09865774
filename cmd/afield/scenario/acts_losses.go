package scenario

import (
	"context"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

func lossActs() []act {
	loss := []field{
		{word: "replace", kind: flagKind, says: "true: a new copy is to be bought."},
		{word: "price", kind: moneyKind, says: "What it costs, as staff say; the item's own price when left out."},
		{word: "shipping", kind: moneyKind, says: "What a new copy's delivery costs."},
	}
	return []act{
		{word: "claim", says: "The patron says that an item is back, or was never borrowed.", fields: []field{
			itemField,
			{word: "that", kind: oneOf("returned", "never_borrowed"), says: "Which of the two; returned when left out."},
			{word: "shelf_checked", kind: flagKind, says: "false: nobody looked on the shelves yet."},
			{word: "by_guardian", kind: flagKind, says: "true: a guardian says so."},
			{word: "names", kind: textKind, says: "Who was involved, in words of their roles."},
		}, run: (*play).claim},
		{word: "claim_found", says: "A claimed item was found on the library's own shelves.", fields: []field{itemField}, run: (*play).claimFound},
		{word: "answer_claim", says: "End a claim, or let its item's owner decide.", fields: append([]field{
			itemField, {word: "with", kind: oneOf("open", "refused", "withdrawn", "charged"), must: true, says: "What becomes of it."},
		}, loss...), run: (*play).answerClaim},
		{word: "report_lost", says: "The patron says that an item of the library's own is lost.", fields: append([]field{itemField}, loss...), run: (*play).reportLost},
		{word: "found_again", says: "The patron has a lost item after all.", fields: []field{itemField}, run: (*play).foundAgain},
		{word: "report_damaged", says: "An item comes back damaged.", fields: append([]field{
			itemField,
			{word: "beyond", kind: flagKind, says: "true: it cannot be lent again."},
			{word: "assessed", kind: moneyKind, says: "What small damage costs."},
		}, loss...), run: (*play).damaged},
		{word: "donate", says: "A like item is offered in place of payment.", fields: []field{
			itemField, {word: "approved", kind: flagKind, says: "true: the director approved it."},
		}, run: (*play).donate},
		{word: "buy_new_copy", says: "A new copy was bought for a lost item.", fields: []field{itemField}, run: (*play).buyNewCopy},
		{word: "refer", says: "Hand a lost item's debt to a collection agency.", fields: []field{
			itemField, {word: "expenses", kind: moneyKind, says: "What the recovery costs."},
		}, run: (*play).refer},
	}
}

func (p *play) claim(s step) (result, error) {
	kind := circulation.ClaimReturned
	if s.text("that") == string(circulation.ClaimNeverBorrowed) {
		kind = circulation.ClaimNeverBorrowed
	}
	checked, said := s.flagSaid("shelf_checked")
	return p.withLoan(s, func(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID) (desk.Done, error) {
		return p.desk.Claim(ctx, tx, at, desk.Claim{
			Loan: loan, Kind: kind, ShelfChecked: checked || !said, ByGuardian: s.flag("by_guardian"), Names: s.text("names"),
			Overrides: s.texts("over"), Reason: s.text("reason"),
		})
	})
}

func (p *play) claimFound(s step) (result, error) {
	item := p.items[s.text("item")]
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return p.desk.ClaimFound(ctx, tx, at, item.barcode)
	})
}

func (p *play) loss(s step) circulation.Loss {
	return circulation.Loss{WillReplace: s.flag("replace"), Price: p.moneyOf(s, "price"), Shipping: p.moneyOf(s, "shipping")}
}

func (p *play) answerClaim(s step) (result, error) {
	return p.withLoan(s, func(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID) (desk.Done, error) {
		return p.desk.ClaimAnswer(ctx, tx, at, loan, circulation.ClaimStatus(s.text("with")), p.loss(s))
	})
}

func (p *play) reportLost(s step) (result, error) {
	return p.withLoan(s, func(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID) (desk.Done, error) {
		return p.desk.Lost(ctx, tx, at, loan, p.loss(s))
	})
}

func (p *play) foundAgain(s step) (result, error) { return p.withLoan(s, p.desk.FoundAgain) }

func (p *play) damaged(s step) (result, error) {
	return p.withLoan(s, func(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID) (desk.Done, error) {
		return p.desk.Damaged(ctx, tx, at, desk.Damaged{Loan: loan, Beyond: s.flag("beyond"), Assessed: p.moneyOf(s, "assessed"), Loss: p.loss(s)})
	})
}

func (p *play) donate(s step) (result, error) {
	return p.withLoan(s, func(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID) (desk.Done, error) {
		return p.desk.Donate(ctx, tx, at, loan, s.flag("approved"))
	})
}

func (p *play) refer(s step) (result, error) {
	return p.withLoan(s, func(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID) (desk.Done, error) {
		return p.desk.Refer(ctx, tx, at, loan, p.moneyOf(s, "expenses"))
	})
}

func (p *play) buyNewCopy(s step) (result, error) {
	item := p.items[s.text("item")]
	return result{}, p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := catalog.LoadItem(ctx, tx, item.Library, item.ID, true); err != nil {
			return err
		}
		catalog.SetReplaced(tx, item.Library, item.ID, p.today())
		return nil
	})
}
