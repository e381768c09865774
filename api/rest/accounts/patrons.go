package accounts

import (
	"context"
	"time"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/patrons"
	rules "afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/workflow/desk/counter"
)

// standing is everything about a patron that decides what they may do, as of
// today. It can be read while the patron is signing in.
func (a Accounts) standing(ctx context.Context, t *pipeline.Turn, patron broker.ID) (patrons.Standing, error) {
	return a.Desk.Accounts.Standing(ctx, t.Tx, counter.At{Library: t.Library(), Now: t.Now()}, patron)
}

// patronView is a patron's account, with what is owed as of today. Patrons do
// not see the staff's notes.
func (a Accounts) patronView(ctx context.Context, t *pipeline.Turn, library directory.Library, id broker.ID, forPatron bool) (gen.Patron, error) {
	account, err := a.standing(ctx, t, id)
	if err != nil {
		return gen.Patron{}, err
	}
	p := account.Patron
	view := gen.Patron{
		ID: p.ID, Class: p.Class, Name: p.Name, Phone: p.Phone, PhoneCheckedOn: p.PhoneCheckedOn, Email: p.Email,
		NoticeChannel: gen.TellBy(p.NoticeChannel), BranchID: p.Branch, ExpiresOn: p.ExpiresOn, Status: gen.PatronStatus(p.Status),
		BornOn: p.BornOn, Address: p.Address, Language: p.Language, HouseholdID: p.Household, HomeLibrary: p.HomeLibrary,
		KeepHistory: p.KeepHistory, NotFor: p.NotFor, RegisteredOn: p.RegisteredOn, Note: p.Note, MergedIntoID: p.MergedInto,
	}
	if forPatron {
		view.Note = ""
	} else if view.AnsweredFor, err = a.answeredFor(t.Now(), library, account); err != nil {
		return view, err
	}
	view.Owes = account.Balances.Total()
	for _, block := range account.Blocks {
		shown := blockView(block)
		if forPatron && block.Kind == patrons.BlockManual {
			shown.Reason, shown.Ground = "Please ask at the desk.", "" // what staff wrote is theirs
		}
		view.Blocks = append(view.Blocks, shown)
	}
	return view, nil
}

// answeredFor says who answers for what a patron borrows, so that staff know whom
// to turn to.
func (a Accounts) answeredFor(now time.Time, library directory.Library, standing patrons.Standing) (gen.AnsweredFor, error) {
	document, err := a.Policies.At(library, now)
	if err != nil {
		return gen.AnsweredFor{}, err
	}
	liable := rules.LiableFor(document, standing.Patron.Class)
	view := gen.AnsweredFor{By: gen.AnsweredForBy(liable.Value), Rule: liable.Rule, Clause: liable.Clause}
	for _, linked := range standing.Linked {
		if liable.Value == attributes.LiableGuardian && linked.Parent {
			view.PatronIds = append(view.PatronIds, linked.Ref.ID)
		}
	}
	return view, nil
}

// GetPatron shows a patron.
func (a Accounts) GetPatron(ctx context.Context, request gen.GetPatronRequestObject) (gen.GetPatronResponseObject, error) {
	view, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.Patron, error) {
		library, ref, err := t.Patron(ctx, request.ID)
		if err != nil {
			return gen.Patron{}, err
		}
		return a.patronView(ctx, t, library, ref.ID, false)
	})
	return gen.GetPatron200JSONResponse(view), err
}
