package accounts

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/broker"
	"afield/broker/patrons"
	rules "afield/broker/policy/accounts"
	"afield/broker/policy/rule"
)

// ChangePassword changes the caller's own password.
func (a Accounts) ChangePassword(ctx context.Context, request gen.ChangePasswordRequestObject) (gen.ChangePasswordResponseObject, error) {
	return gen.ChangePassword204Response{}, a.Access.ChangePassword(ctx, pipeline.Caller(ctx), request.Body.Old, request.Body.New)
}

// ChangePIN changes the calling patron's PIN.
func (a Accounts) ChangePIN(ctx context.Context, request gen.ChangePINRequestObject) (gen.ChangePINResponseObject, error) {
	return gen.ChangePIN204Response{}, a.Access.ChangePIN(ctx, pipeline.Caller(ctx), request.Body.Old, request.Body.New)
}

// SetPIN gives one of a patron's cards a new PIN.
func (a Accounts) SetPIN(ctx context.Context, request gen.SetPINRequestObject) (gen.SetPINResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Change(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		_, ref, err := t.Patron(ctx, request.ID)
		if err != nil {
			return broker.NoID, err
		}
		cards, err := patrons.Cards(ctx, t.Tx, ref)
		if err != nil {
			return broker.NoID, err
		}
		card, err := patrons.InUse(cards, in.CardID)
		if err != nil {
			return broker.NoID, err
		}
		return card.ID, a.Access.SetPIN(ctx, t.Tx, ref.Library, card.ID, in.Pin)
	}, func(ctx context.Context, t *pipeline.Turn, card broker.ID) (gen.Card, error) {
		return a.oneCard(ctx, t, patrons.Ref{Library: t.Library(), ID: request.ID}, card)
	})
	return gen.SetPIN200JSONResponse(view), err
}

// LetPatronIn ends the lock-out of a patron's cards.
func (a Accounts) LetPatronIn(ctx context.Context, request gen.LetPatronInRequestObject) (gen.LetPatronInResponseObject, error) {
	_, err := pipeline.Once(ctx, a.Base, http.StatusNoContent, func(ctx context.Context, t *pipeline.Turn) (pipeline.Made, error) {
		_, ref, err := t.Patron(ctx, request.ID)
		if err != nil {
			return pipeline.Made{}, err
		}
		cards, err := patrons.Cards(ctx, t.Tx, ref)
		a.Access.LetPatronIn(t.Tx, cards)
		return pipeline.Made{ID: request.ID}, err
	})
	return gen.LetPatronIn204Response{}, err
}

// ChangeMe changes what the library knows of the calling patron, as far as its
// policy leaves that to patrons.
func (a Accounts) ChangeMe(ctx context.Context, request gen.ChangeMeRequestObject) (gen.ChangeMeResponseObject, error) {
	in := *request.Body
	me, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.Me, error) {
		library, document, err := t.Rules(ctx)
		if err != nil {
			return gen.Me{}, err
		}
		_, err = patrons.ChangeOwn(ctx, t.Tx, library, document, patrons.Ref{Library: library.ID, ID: t.Caller.ID}, patrons.Details{
			Address: in.Address, Email: in.Email, Phone: in.Phone, Language: in.Language, NoticeChannel: in.NoticeChannel, KeepHistory: in.KeepHistory,
		}, t.Now())
		if err != nil {
			return gen.Me{}, err
		}
		return a.me(ctx, t)
	})
	return gen.ChangeMe200JSONResponse(me), err
}

// ownChanges says what a patron may change of their own.
func (a Accounts) ownChanges(ctx context.Context, t *pipeline.Turn, who rule.Match) ([]string, error) {
	_, document, err := t.Rules(ctx)
	if err != nil {
		return nil, err
	}
	words := []string{}
	for _, one := range rules.OwnChanges(document, who).Value {
		words = append(words, string(one))
	}
	return words, nil
}
