package accounts

import (
	"context"
	"fmt"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy/attributes"
)

// deed is what the caller does to an account, and which refusals they override.
func deed(t *pipeline.Turn, override []string, why string) patrons.Act {
	return patrons.Act{Actor: t.Caller.Actor(), Now: t.Now(), PassOver: override, Why: why}
}

func feeOf(in gen.CardFee) patrons.Fee {
	fee := patrons.Fee{Paid: in.Paid, How: in.How}
	if in.Set.Currency != "" {
		fee.Set = &in.Set
	}
	return fee
}

func papersOf(met []gen.CardNeed, shown gen.PapersShown) patrons.Papers {
	papers := patrons.Papers{Shown: shown}
	for _, need := range met {
		papers.Met = append(papers.Met, attributes.CardNeed(need))
	}
	return papers
}

// SearchPatrons finds patrons of the caller's library.
func (a Accounts) SearchPatrons(ctx context.Context, request gen.SearchPatronsRequestObject) (gen.SearchPatronsResponseObject, error) {
	in := request.Params
	if (in.Q == "") == (in.Card == "") {
		return nil, broker.Invalid(broker.FieldError{Pointer: "query:q", Code: "required", Message: "give either q or card"})
	}
	page, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.PatronPage, error) {
		page := gen.PatronPage{Patrons: []gen.PatronLine{}}
		library, err := t.Home(ctx)
		if err != nil {
			return page, err
		}
		if in.Card != "" {
			patron, _, err := patrons.ByCard(ctx, t.Tx, library.SharingGroup, in.Card)
			if broker.IsKind(err, broker.KindNotFound) || err == nil && patron.Library != library.ID {
				return page, nil
			}
			page.Patrons = append(page.Patrons, patronLine(patron))
			return page, err
		}
		list := pipeline.List{Name: "patrons " + library.ID.String() + " " + in.Q, Cursor: in.Cursor, Limit: in.Limit}
		found, next, err := pipeline.Page(t, list, func(p patrons.Patron) pipeline.Position { return pipeline.Identified(p.ID) },
			func(after pipeline.Position, limit int) ([]patrons.Patron, error) {
				var place patrons.Place // the cursor holds no name
				if after != "" {
					last, err := patrons.ByID(ctx, t.Tx, patrons.Ref{Library: library.ID, ID: after.ID()})
					if err != nil {
						return nil, err
					}
					place = patrons.PlaceOf(last)
				}
				return patrons.Search(ctx, t.Tx, library, in.Q, place, limit)
			})
		page.NextCursor = next
		for _, patron := range found {
			page.Patrons = append(page.Patrons, patronLine(patron))
		}
		return page, err
	})
	return gen.SearchPatrons200JSONResponse(page), err
}

func patronLine(p patrons.Patron) gen.PatronLine {
	return gen.PatronLine{
		ID: p.ID, Class: p.Class, Name: p.Name, Phone: p.Phone, Email: p.Email, BornOn: p.BornOn,
		BranchID: p.Branch, ExpiresOn: p.ExpiresOn, Status: gen.PatronLineStatus(p.Status),
	}
}

// registered is the outcome of a registration or renewal as it is remembered: ids
// and reasons, nothing about the person.
type registered struct {
	Patron, Card broker.ID
	Charges      []broker.ID
	Passed       []broker.Reason
	Alike        []broker.ID
}

func registeredBy(done patrons.Registered, err error) (registered, error) {
	out := registered{Patron: done.Patron.ID, Card: done.Card.ID, Passed: done.Passed, Alike: done.Alike}
	for _, charge := range done.Charges {
		out.Charges = append(out.Charges, charge.ID)
	}
	return out, err
}

// registeredView reads the outcome of a registration or renewal back.
func (a Accounts) registeredView(ctx context.Context, t *pipeline.Turn, done registered) (gen.Registered, error) {
	view := gen.Registered{Charges: []gen.Charge{}, PassedOver: append([]broker.Reason{}, done.Passed...)}
	library, ref, err := t.Patron(ctx, done.Patron)
	if err != nil {
		return view, err
	}
	if view.Patron, err = a.patronView(ctx, t, library, ref.ID, false); err != nil {
		return view, err
	}
	if done.Card != broker.NoID {
		if view.Card, err = a.oneCard(ctx, t, ref, done.Card); err != nil {
			return view, err
		}
	}
	for _, id := range done.Charges {
		charge, err := ledger.ChargeByID(ctx, t.Tx, library.ID, id)
		if err != nil {
			return view, err
		}
		view.Charges = append(view.Charges, views.Charge(charge))
	}
	view.Alike, err = alikeLines(ctx, t, library.ID, done.Alike)
	return view, err
}

// alikeLines reads the accounts that may be of the same person.
func alikeLines(ctx context.Context, t *pipeline.Turn, library broker.ID, ids []broker.ID) ([]gen.PatronLine, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	refs, found := make([]patrons.Ref, len(ids)), map[patrons.Ref]patrons.Patron{}
	for i, id := range ids {
		refs[i] = patrons.Ref{Library: library, ID: id}
	}
	patrons.AskAll(t.Tx, refs, found)
	if err := t.Tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("read accounts alike: %w", err)
	}
	var lines []gen.PatronLine
	for _, ref := range refs {
		if patron, there := found[ref]; there {
			lines = append(lines, patronLine(patron))
		}
	}
	return lines, nil
}

// RegisterPatron gives somebody a card as the library's policy says.
func (a Accounts) RegisterPatron(ctx context.Context, request gen.RegisterPatronRequestObject) (gen.RegisterPatronResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Act(ctx, a.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (registered, error) {
		library, document, err := t.Rules(ctx)
		if err != nil {
			return registered{}, err
		}
		application, err := a.application(ctx, t, library, gen.PatronDraft(in))
		if err != nil {
			return registered{}, err
		}
		if application.Patron.Household, err = household(t, library, in); err != nil {
			return registered{}, err
		}
		done, err := registeredBy(patrons.Register(ctx, t.Tx, library, document, application))
		if err != nil || in.Pin == "" {
			return done, err
		}
		return done, a.Access.SetPIN(ctx, t.Tx, library.ID, done.Card, in.Pin)
	}, a.registeredView)
	return gen.RegisterPatron201JSONResponse(view), err
}

// application reads what is known of somebody who wants a card; the household is
// seen to apart.
func (a Accounts) application(ctx context.Context, t *pipeline.Turn, library directory.Library, in gen.PatronDraft) (patrons.Application, error) {
	if _, err := t.AtBranch(ctx, in.BranchID); err != nil {
		return patrons.Application{}, err
	}
	patron := patrons.Patron{
		Class: in.Class, Name: in.Name, BornOn: in.BornOn, Address: in.Address, Phone: in.Phone, Email: in.Email,
		Language: in.Language, NoticeChannel: string(in.NoticeChannel), Branch: in.BranchID, HomeLibrary: in.HomeLibrary,
	}
	if in.Phone != "" {
		patron.PhoneCheckedOn = library.Today(t.Now())
	}
	application := patrons.Application{
		Patron: patron, Number: in.Card, Papers: papersOf(in.Met, in.Shown), Fee: feeOf(in.Fee), Until: in.Until,
		Act: deed(t, in.Override, in.OverrideReason),
	}
	if in.Pin != "" {
		application.Wrong = access.CheckPIN("/pin", in.Pin, access.Known{Card: in.Card, BornOn: in.BornOn})
	}
	var err error
	application.Guardian, err = a.guardianOf(ctx, t, in.GuardianID)
	return application, err
}

// PreviewPatron says what giving somebody a card would come to.
func (a Accounts) PreviewPatron(ctx context.Context, request gen.PreviewPatronRequestObject) (gen.PreviewPatronResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.PatronPreview, error) {
		view := gen.PatronPreview{Needs: []gen.RegistrationNeed{}, Likely: []gen.LikelyPatron{}}
		library, document, err := t.Rules(ctx)
		if err != nil {
			return view, err
		}
		application, err := a.application(ctx, t, library, in)
		if err != nil {
			return view, err
		}
		application.Patron.Household = in.HouseholdID
		preview, err := patrons.Consider(ctx, t.Tx, library, document, application)
		if err != nil {
			return view, err
		}
		view.Wrong, view.Reasons = append([]broker.FieldError{}, preview.Wrong...), append([]broker.Reason{}, preview.Decision.Reasons...)
		view.May = len(view.Wrong) == 0 && len(view.Reasons) == 0
		view.Fee, view.Deposit = inCurrency(preview.Decision.Fee, library.Currency), inCurrency(preview.Decision.Deposit, library.Currency)
		view.FeeToEnter, view.ExpiresOn, view.AcceptedID = preview.Decision.FeeUnknown, preview.Expires, preview.AcceptedIDs
		for _, need := range preview.Needs {
			view.Needs = append(view.Needs, gen.RegistrationNeed{Need: string(need.Need), Met: need.Met, Clause: need.Clause})
		}
		for _, likely := range preview.Likely {
			line := gen.LikelyPatron{Patron: patronLine(likely.Patron)}
			for _, sign := range likely.Why {
				line.Why = append(line.Why, string(sign))
			}
			view.Likely = append(view.Likely, line)
		}
		return view, nil
	})
	return gen.PreviewPatron200JSONResponse(view), err
}

// guardianOf gives the account of the adult who answers for a minor, as it is
// today; nil for nobody.
func (a Accounts) guardianOf(ctx context.Context, t *pipeline.Turn, id broker.ID) (*patrons.Standing, error) {
	if id == broker.NoID {
		return nil, nil
	}
	standing, err := a.standing(ctx, t, id)
	return &standing, err
}

// household gives the household named, or a new one.
func household(t *pipeline.Turn, library directory.Library, in gen.NewPatron) (broker.ID, error) {
	if in.NewHousehold.Kind == "" {
		return in.HouseholdID, nil
	}
	if in.HouseholdID != broker.NoID {
		return broker.NoID, broker.Invalid(broker.FieldError{Pointer: "/new_household", Code: "given_twice", Message: "must be left out where household_id is given"})
	}
	id := broker.NewID()
	return id, patrons.SaveHousehold(t.Tx, patrons.Household{
		Library: library.ID, ID: id, Kind: patrons.HouseholdKind(in.NewHousehold.Kind), Name: in.NewHousehold.Name, CreatedAt: t.Now(),
	})
}

// ChangePatron changes what is known of a patron.
func (a Accounts) ChangePatron(ctx context.Context, request gen.ChangePatronRequestObject) (gen.ChangePatronResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.Patron, error) {
		library, document, err := t.Rules(ctx)
		if err != nil {
			return gen.Patron{}, err
		}
		if _, err := t.AtBranch(ctx, in.BranchID); err != nil {
			return gen.Patron{}, err
		}
		details := patrons.Details{
			Name: in.Name, Address: in.Address, Email: in.Email, NoticeChannel: (*string)(in.NoticeChannel), Language: in.Language,
			Note: in.Note, Phone: in.Phone, KeepHistory: in.KeepHistory, NotFor: in.NotFor,
		}
		if in.BranchID != broker.NoID {
			details.Branch = &in.BranchID
		}
		if !in.BornOn.IsZero() {
			details.BornOn = &in.BornOn
		}
		ref := patrons.Ref{Library: library.ID, ID: request.ID}
		if _, err := patrons.ChangeDetails(ctx, t.Tx, library, document, ref, details, t.Now()); err != nil {
			return gen.Patron{}, err
		}
		return a.patronView(ctx, t, library, ref.ID, false)
	})
	return gen.ChangePatron200JSONResponse(view), err
}

// ChangeClass gives a patron another class.
func (a Accounts) ChangeClass(ctx context.Context, request gen.ChangeClassRequestObject) (gen.ChangeClassResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Act(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (registered, error) {
		library, document, err := t.Rules(ctx)
		if err != nil {
			return registered{}, err
		}
		return registeredBy(patrons.ChangeClass(ctx, t.Tx, library, document, patrons.Ref{Library: library.ID, ID: request.ID},
			in.Class, papersOf(in.Met, in.Shown), feeOf(in.Fee), deed(t, in.Override, in.OverrideReason)))
	}, a.registeredView)
	return gen.ChangeClass200JSONResponse(view), err
}
