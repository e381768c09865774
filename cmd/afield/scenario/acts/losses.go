package acts

import (
	"context"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
)

func lossActs() []act {
	loss := []language.Field{
		{Word: "replace", Kind: language.Flag, Says: "true: a new copy is to be bought."},
		{Word: "price", Kind: language.Money, Says: "What it costs, as staff say; the item's own price when left out."},
		{Word: "shipping", Kind: language.Money, Says: "What a new copy's delivery costs."},
	}
	return []act{
		{word: "claim", says: "The patron says that an item is back, or was never borrowed.", fields: []language.Field{
			itemField,
			{Word: "that", Kind: language.OneOf("returned", "never_borrowed"), Says: "Which of the two; returned when left out."},
			{Word: "shelf_checked", Kind: language.Flag, Says: "false: nobody looked on the shelves yet."},
			{Word: "by_guardian", Kind: language.Flag, Says: "true: a guardian says so."},
			{Word: "names", Kind: language.Text, Says: "Who was involved, in words of their roles."},
		}, run: claim},
		{word: "claim_found", says: "A claimed item was found on the library's own shelves.", fields: []language.Field{itemField}, run: claimFound},
		{word: "answer_claim", says: "End a claim, or let its item's owner decide.", fields: append([]language.Field{
			itemField, {Word: "with", Kind: language.OneOf("open", "refused", "withdrawn", "charged"), Must: true, Says: "What becomes of it."},
		}, loss...), run: answerClaim},
		{word: "report_lost", says: "The patron says that an item of the library's own is lost.", fields: append([]language.Field{itemField}, loss...), run: reportLost},
		{word: "found_again", says: "The patron has a lost item after all.", fields: []language.Field{itemField}, run: foundAgain},
		{word: "report_damaged", says: "An item comes back damaged.", fields: append([]language.Field{
			itemField,
			{Word: "beyond", Kind: language.Flag, Says: "true: it cannot be lent again."},
			{Word: "assessed", Kind: language.Money, Says: "What small damage costs."},
		}, loss...), run: damaged},
		{word: "donate", says: "A like item is offered in place of payment.", fields: []language.Field{
			itemField, {Word: "approved", Kind: language.Flag, Says: "true: the director approved it."},
		}, run: donate},
		{word: "buy_new_copy", says: "A new copy was bought for a lost item.", fields: []language.Field{itemField}, run: buyNewCopy},
		{word: "refer", says: "Hand a lost item's debt to a collection agency.", fields: []language.Field{
			itemField, {Word: "expenses", Kind: language.Money, Says: "What the recovery costs."},
		}, run: refer},
	}
}

func claim(p *stage.Play, s language.Step) (stage.Result, error) {
	kind := loans.ClaimReturned
	if s.Text("that") == string(loans.ClaimNeverBorrowed) {
		kind = loans.ClaimNeverBorrowed
	}
	checked, said := s.FlagSaid("shelf_checked")
	return withLoan(p, s, func(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID) (counter.Done, error) {
		return p.Desk.Claim(ctx, tx, at, desk.Claim{
			Loan: loan, Kind: kind, ShelfChecked: checked || !said, ByGuardian: s.Flag("by_guardian"), Names: s.Text("names"),
			Overrides: s.Texts("over"), Reason: s.Text("reason"),
		})
	})
}

func claimFound(p *stage.Play, s language.Step) (stage.Result, error) {
	item := p.Items[s.Text("item")]
	return p.WithDesk(s, func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
		return p.Desk.ClaimFound(ctx, tx, at, item.Barcode)
	})
}

func loss(p *stage.Play, s language.Step) returns.Loss {
	return returns.Loss{WillReplace: s.Flag("replace"), Price: moneyOf(p, s, "price"), Shipping: moneyOf(p, s, "shipping")}
}

func answerClaim(p *stage.Play, s language.Step) (stage.Result, error) {
	return withLoan(p, s, func(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID) (counter.Done, error) {
		return p.Desk.ClaimAnswer(ctx, tx, at, loan, loans.ClaimStatus(s.Text("with")), loss(p, s))
	})
}

func reportLost(p *stage.Play, s language.Step) (stage.Result, error) {
	return withLoan(p, s, func(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID) (counter.Done, error) {
		return p.Desk.Lost(ctx, tx, at, loan, loss(p, s))
	})
}

func foundAgain(p *stage.Play, s language.Step) (stage.Result, error) {
	return withLoan(p, s, p.Desk.FoundAgain)
}

func damaged(p *stage.Play, s language.Step) (stage.Result, error) {
	return withLoan(p, s, func(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID) (counter.Done, error) {
		return p.Desk.Damaged(ctx, tx, at, desk.Damaged{Loan: loan, Beyond: s.Flag("beyond"), Assessed: moneyOf(p, s, "assessed"), Loss: loss(p, s)})
	})
}

func donate(p *stage.Play, s language.Step) (stage.Result, error) {
	return withLoan(p, s, func(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID) (counter.Done, error) {
		return p.Desk.Donate(ctx, tx, at, loan, s.Flag("approved"))
	})
}

func refer(p *stage.Play, s language.Step) (stage.Result, error) {
	return withLoan(p, s, func(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID) (counter.Done, error) {
		return p.Desk.Refer(ctx, tx, at, loan, moneyOf(p, s, "expenses"))
	})
}

func buyNewCopy(p *stage.Play, s language.Step) (stage.Result, error) {
	item := p.Items[s.Text("item")]
	return stage.Result{}, p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := catalog.LoadItem(ctx, tx, item.Library, item.ID, true); err != nil {
			return err
		}
		catalog.SetReplaced(tx, item.Library, item.ID, p.Today())
		return nil
	})
}
