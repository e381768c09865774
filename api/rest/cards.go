package rest

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

func cardView(card patrons.Card) gen.Card {
	return gen.Card{
		ID: card.ID, Number: card.Number, Status: gen.CardStatus(card.Status), StoppedOn: card.StoppedOn,
		ReplacesID: card.Replaces, CreatedAt: utc(card.CreatedAt),
	}
}

// oneCard reads one card of a patron.
func oneCard(ctx context.Context, tx *postgres.Tx, ref patrons.Ref, id broker.ID) (gen.Card, error) {
	cards, err := patrons.Cards(ctx, tx, ref)
	if err != nil {
		return gen.Card{}, err
	}
	for _, card := range cards {
		if card.ID == id {
			return cardView(card), nil
		}
	}
	return gen.Card{}, broker.NotFound("card")
}

// card reads one card of a patron back for an answer.
func (s *Server) card(ctx context.Context, patron, id broker.ID) (gen.Card, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Card, error) {
		return oneCard(ctx, tx, patrons.Ref{Library: callOf(ctx).library(), ID: patron}, id)
	})
}

// ListCards lists a patron's cards.
func (s *Server) ListCards(ctx context.Context, request gen.ListCardsRequestObject) (gen.ListCardsResponseObject, error) {
	list, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.CardList, error) {
		list := gen.CardList{Cards: []gen.Card{}}
		_, ref, err := s.ours(ctx, tx, request.ID)
		if err != nil {
			return list, err
		}
		cards, err := patrons.Cards(ctx, tx, ref)
		for _, card := range cards {
			list.Cards = append(list.Cards, cardView(card))
		}
		return list, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListCards200JSONResponse(list), nil
}

// RenewCard makes an account good for another time.
func (s *Server) RenewCard(ctx context.Context, request gen.RenewCardRequestObject) (gen.RenewCardResponseObject, error) {
	in := *request.Body
	done, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (registered, error) {
		library, document, err := s.rules(ctx, tx)
		if err != nil {
			return registered{}, err
		}
		return registeredBy(patrons.RenewCard(ctx, tx, library, document, patrons.Renewal{
			Patron: patrons.Ref{Library: library.ID, ID: request.ID}, Papers: papersOf(in.Met, in.Shown), Fee: feeOf(in.Fee), Until: in.Until,
			Act: s.deed(ctx, in.Override, in.OverrideReason),
		}))
	})
	if err != nil {
		return nil, err
	}
	view, err := s.registeredView(ctx, done)
	if err != nil {
		return nil, err
	}
	return gen.RenewCard200JSONResponse(view), nil
}

// ReplaceCard gives a new card for an old one.
func (s *Server) ReplaceCard(ctx context.Context, request gen.ReplaceCardRequestObject) (gen.ReplaceCardResponseObject, error) {
	in := *request.Body
	done, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (registered, error) {
		library, document, err := s.rules(ctx, tx)
		if err != nil {
			return registered{}, err
		}
		done, err := patrons.ReplaceCard(ctx, tx, library, document, patrons.Replacement{
			Patron: patrons.Ref{Library: library.ID, ID: request.ID}, Card: in.CardID, Number: in.Number, Act: s.deed(ctx, nil, ""),
		})
		if err == nil {
			s.Access.RevokeAll(tx, library.ID, request.ID) // as if it had been reported first
		}
		return registeredBy(done, err)
	})
	if err != nil {
		return nil, err
	}
	view, err := s.registeredView(ctx, done)
	if err != nil {
		return nil, err
	}
	return gen.ReplaceCard200JSONResponse(view), nil
}

// ReportCard stops a card that was lost or stolen.
func (s *Server) ReportCard(ctx context.Context, request gen.ReportCardRequestObject) (gen.ReportCardResponseObject, error) {
	in := *request.Body
	_, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		library, ref, err := s.ours(ctx, tx, request.ID)
		if err != nil {
			return made{}, err
		}
		if _, err = patrons.ReportCard(ctx, tx, ref, in.CardID, patrons.CardStatus(in.As), library.Today(s.Clock.Now())); err != nil {
			return made{}, err
		}
		s.Access.RevokeAll(tx, ref.Library, ref.ID) // whoever has the card may be signed in with it
		return made{in.CardID}, nil
	})
	if err != nil {
		return nil, err
	}
	view, err := s.card(ctx, request.ID, in.CardID)
	if err != nil {
		return nil, err
	}
	return gen.ReportCard200JSONResponse(view), nil
}

// SurrenderCard takes a card back for good.
func (s *Server) SurrenderCard(ctx context.Context, request gen.SurrenderCardRequestObject) (gen.SurrenderCardResponseObject, error) {
	in := *request.Body
	type handed struct{ Back, Left broker.Money }
	done, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (handed, error) {
		library, ref, err := s.ours(ctx, tx, request.ID)
		if err != nil {
			return handed{}, err
		}
		done, err := desk.SurrenderCard(ctx, tx, library, patrons.Surrender{
			Patron: ref, Card: in.CardID, NetOfDebt: in.NetOfDebt, How: in.How, Act: s.deed(ctx, nil, ""),
		})
		return handed{inCurrency(done.Back, library.Currency), inCurrency(done.Left, library.Currency)}, err
	})
	if err != nil {
		return nil, err
	}
	view := gen.Surrendered{Back: done.Back, Left: done.Left}
	if view.Card, err = s.card(ctx, request.ID, in.CardID); err != nil {
		return nil, err
	}
	return gen.SurrenderCard200JSONResponse(view), nil
}

// inCurrency gives nothing its currency.
func inCurrency(amount broker.Money, currency string) broker.Money {
	if amount.Currency == "" {
		amount.Currency = currency
	}
	return amount
}
