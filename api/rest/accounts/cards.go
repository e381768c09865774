package accounts

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/patrons"
	"afield/workflow/desk/accounts"
)

// cardViews shows a patron's cards, the newest first.
func (a Accounts) cardViews(ctx context.Context, t *pipeline.Turn, ref patrons.Ref) ([]gen.Card, error) {
	cards, err := patrons.Cards(ctx, t.Tx, ref)
	if err != nil {
		return nil, err
	}
	waits, err := a.Access.CardWaits(ctx, t.Tx, cards)
	if err != nil {
		return nil, err
	}
	list := []gen.Card{}
	for _, card := range cards {
		view := gen.Card{
			ID: card.ID, Number: card.Number, Status: gen.CardStatus(card.Status), StoppedOn: card.StoppedOn,
			ReplacesID: card.Replaces, CreatedAt: views.UTC(card.CreatedAt), HasPin: card.PINHash != "", PinSetAt: card.PINSetAt,
		}
		if wait, locked := waits[card.ID]; locked {
			view.LockedUntil = a.Access.Later(wait)
		}
		list = append(list, view)
	}
	return list, nil
}

// oneCard reads one card of a patron for an answer.
func (a Accounts) oneCard(ctx context.Context, t *pipeline.Turn, ref patrons.Ref, id broker.ID) (gen.Card, error) {
	cards, err := a.cardViews(ctx, t, ref)
	if err != nil {
		return gen.Card{}, err
	}
	for _, card := range cards {
		if card.ID == id {
			return card, nil
		}
	}
	return gen.Card{}, broker.NotFound("card")
}

// ListCards lists a patron's cards.
func (a Accounts) ListCards(ctx context.Context, request gen.ListCardsRequestObject) (gen.ListCardsResponseObject, error) {
	list, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.CardList, error) {
		list := gen.CardList{Cards: []gen.Card{}}
		_, ref, err := t.Patron(ctx, request.ID)
		if err != nil {
			return list, err
		}
		list.Cards, err = a.cardViews(ctx, t, ref)
		return list, err
	})
	return gen.ListCards200JSONResponse(list), err
}

// RenewCard makes an account good for another period.
func (a Accounts) RenewCard(ctx context.Context, request gen.RenewCardRequestObject) (gen.RenewCardResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Act(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (registered, error) {
		library, document, err := t.Rules(ctx)
		if err != nil {
			return registered{}, err
		}
		return registeredBy(patrons.RenewCard(ctx, t.Tx, library, document, patrons.Renewal{
			Patron: patrons.Ref{Library: library.ID, ID: request.ID}, Papers: papersOf(in.Met, in.Shown), Fee: feeOf(in.Fee), Until: in.Until,
			Act: deed(t, in.Override, in.OverrideReason),
		}))
	}, a.registeredView)
	return gen.RenewCard200JSONResponse(view), err
}

// ReplaceCard gives a new card for an old one.
func (a Accounts) ReplaceCard(ctx context.Context, request gen.ReplaceCardRequestObject) (gen.ReplaceCardResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Act(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (registered, error) {
		library, document, err := t.Rules(ctx)
		if err != nil {
			return registered{}, err
		}
		done, err := patrons.ReplaceCard(ctx, t.Tx, library, document, patrons.Replacement{
			Patron: patrons.Ref{Library: library.ID, ID: request.ID}, Card: in.CardID, Number: in.Number, Act: deed(t, nil, ""),
		})
		if err == nil {
			a.Access.RevokeAll(t.Tx, library.ID, request.ID) // as if it had been reported first
		}
		return registeredBy(done, err)
	}, a.registeredView)
	return gen.ReplaceCard200JSONResponse(view), err
}

// ReportCard stops a card that was lost or stolen.
func (a Accounts) ReportCard(ctx context.Context, request gen.ReportCardRequestObject) (gen.ReportCardResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Change(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		library, ref, err := t.Patron(ctx, request.ID)
		if err != nil {
			return broker.NoID, err
		}
		if _, err = patrons.ReportCard(ctx, t.Tx, ref, in.CardID, patrons.CardStatus(in.As), library.Today(t.Now())); err != nil {
			return broker.NoID, err
		}
		a.Access.RevokeAll(t.Tx, ref.Library, ref.ID) // whoever has the card may be signed in with it
		return in.CardID, nil
	}, func(ctx context.Context, t *pipeline.Turn, card broker.ID) (gen.Card, error) {
		return a.oneCard(ctx, t, patrons.Ref{Library: t.Library(), ID: request.ID}, card)
	})
	return gen.ReportCard200JSONResponse(view), err
}

// SurrenderCard takes a card back for good.
func (a Accounts) SurrenderCard(ctx context.Context, request gen.SurrenderCardRequestObject) (gen.SurrenderCardResponseObject, error) {
	in := *request.Body
	type handed struct{ Back, Left broker.Money }
	view, err := pipeline.Act(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (handed, error) {
		library, document, err := t.Rules(ctx)
		if err != nil {
			return handed{}, err
		}
		_, ref, err := t.Patron(ctx, request.ID)
		if err != nil {
			return handed{}, err
		}
		done, err := accounts.SurrenderCard(ctx, t.Tx, library, document, patrons.Surrender{
			Patron: ref, Card: in.CardID, NetOfDebt: in.NetOfDebt, How: in.How, Act: deed(t, nil, ""),
		})
		return handed{inCurrency(done.Back, library.Currency), inCurrency(done.Left, library.Currency)}, err
	}, func(ctx context.Context, t *pipeline.Turn, done handed) (gen.Surrendered, error) {
		card, err := a.oneCard(ctx, t, patrons.Ref{Library: t.Library(), ID: request.ID}, in.CardID)
		return gen.Surrendered{Back: done.Back, Left: done.Left, Card: card}, err
	})
	return gen.SurrenderCard200JSONResponse(view), err
}

// inCurrency gives an amount of nothing its currency.
func inCurrency(amount broker.Money, currency string) broker.Money {
	if amount.Currency == "" {
		amount.Currency = currency
	}
	return amount
}
