package rest

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/postgres"
)

// rules gives the caller's library and the policy that is in force there today.
func (s *Server) rules(ctx context.Context, tx *postgres.Tx) (directory.Library, *policy.Document, error) {
	library, err := directory.Load(ctx, tx, callOf(ctx).library())
	if err != nil {
		return library, nil, err
	}
	document, err := s.Policies.At(library, s.Clock.Now())
	return library, document, err
}

// deed is what the caller does to an account, and which refusals they pass over.
func (s *Server) deed(ctx context.Context, override []string, why string) patrons.Act {
	return patrons.Act{Actor: callOf(ctx).principal.Actor(), Now: s.Clock.Now(), PassOver: override, Why: why}
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
func (s *Server) SearchPatrons(ctx context.Context, request gen.SearchPatronsRequestObject) (gen.SearchPatronsResponseObject, error) {
	in := request.Params
	if (in.Q == "") == (in.Card == "") {
		return nil, broker.Invalid(broker.FieldError{Pointer: "query:q", Code: "required", Message: "give either q or card"})
	}
	list := "patrons " + callOf(ctx).library().String() + " " + in.Q
	after, err := s.cursorID(list, in.Cursor)
	if err != nil {
		return nil, err
	}
	page, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.PatronPage, error) {
		page := gen.PatronPage{Patrons: []gen.PatronLine{}}
		library, err := directory.Load(ctx, tx, callOf(ctx).library())
		if err != nil {
			return page, err
		}
		if in.Card != "" {
			patron, _, err := patrons.ByCard(ctx, tx, library.SharingGroup, in.Card)
			if broker.IsKind(err, broker.KindNotFound) || err == nil && patron.Library != library.ID {
				return page, nil
			}
			page.Patrons = append(page.Patrons, patronLine(patron))
			return page, err
		}
		var place patrons.Place // the cursor holds no name
		if after != broker.NoID {
			last, err := patrons.ByID(ctx, tx, patrons.Ref{Library: library.ID, ID: after})
			if err != nil {
				return page, err
			}
			place = patrons.PlaceOf(last)
		}
		size := pageSize(in.Limit)
		found, err := patrons.Search(ctx, tx, library, in.Q, place, size+1)
		if len(found) > size {
			found = found[:size]
			page.NextCursor = s.cursors.seal(list, found[size-1].ID.String())
		}
		for _, patron := range found {
			page.Patrons = append(page.Patrons, patronLine(patron))
		}
		return page, err
	})
	if err != nil {
		return nil, err
	}
	return gen.SearchPatrons200JSONResponse(page), nil
}

func patronLine(p patrons.Patron) gen.PatronLine {
	return gen.PatronLine{
		ID: p.ID, Class: p.Class, Name: p.Name, Phone: p.Phone, Email: p.Email, BornOn: p.BornOn,
		BranchID: p.Branch, ExpiresOn: p.ExpiresOn, Status: gen.PatronLineStatus(p.Status),
	}
}

// registered is what a registration or renewal came to, as it is remembered:
// ids and reasons, nothing of the person.
type registered struct {
	Patron, Card broker.ID
	Charges      []broker.ID
	Passed       []broker.Reason
}

func registeredBy(done patrons.Registered, err error) (registered, error) {
	out := registered{Patron: done.Patron.ID, Card: done.Card.ID, Passed: done.Passed}
	for _, charge := range done.Charges {
		out.Charges = append(out.Charges, charge.ID)
	}
	return out, err
}

// registeredView reads back what a registration or renewal came to.
func (s *Server) registeredView(ctx context.Context, done registered) (gen.Registered, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Registered, error) {
		view := gen.Registered{Charges: []gen.Charge{}, PassedOver: append([]broker.Reason{}, done.Passed...)}
		library, ref, err := s.ours(ctx, tx, done.Patron)
		if err != nil {
			return view, err
		}
		if view.Patron, err = s.patronView(ctx, tx, library, ref.ID, false); err != nil {
			return view, err
		}
		if done.Card != broker.NoID {
			if view.Card, err = oneCard(ctx, tx, ref, done.Card); err != nil {
				return view, err
			}
		}
		for _, id := range done.Charges {
			charge, err := ledger.ChargeByID(ctx, tx, library.ID, id)
			if err != nil {
				return view, err
			}
			view.Charges = append(view.Charges, chargeView(charge))
		}
		return view, nil
	})
}

// RegisterPatron gives somebody a card as the library's policy says.
func (s *Server) RegisterPatron(ctx context.Context, request gen.RegisterPatronRequestObject) (gen.RegisterPatronResponseObject, error) {
	in := *request.Body
	done, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (registered, error) {
		library, document, err := s.rules(ctx, tx)
		if err != nil {
			return registered{}, err
		}
		if _, err := s.at(ctx, tx, in.BranchID); err != nil {
			return registered{}, err
		}
		patron := patrons.Patron{
			Class: in.Class, Name: in.Name, BornOn: in.BornOn, Address: in.Address, Phone: in.Phone, Email: in.Email,
			Language: in.Language, NoticeChannel: in.NoticeChannel, Branch: in.BranchID, HomeLibrary: in.HomeLibrary,
		}
		if in.Phone != "" {
			patron.PhoneCheckedOn = library.Today(s.Clock.Now())
		}
		if patron.Household, err = s.household(tx, library, in); err != nil {
			return registered{}, err
		}
		guardian, err := s.guardianOf(ctx, tx, library, in.GuardianID)
		if err != nil {
			return registered{}, err
		}
		return registeredBy(patrons.Register(ctx, tx, library, document, patrons.Application{
			Patron: patron, Number: in.Card, Papers: papersOf(in.Met, in.Shown), Guardian: guardian,
			Fee: feeOf(in.Fee), Until: in.Until, Act: s.deed(ctx, in.Override, in.OverrideReason),
		}))
	})
	if err != nil {
		return nil, err
	}
	view, err := s.registeredView(ctx, done)
	if err != nil {
		return nil, err
	}
	return gen.RegisterPatron201JSONResponse(view), nil
}

// guardianOf is who answers for a minor, as their account stands today; nil for
// nobody.
func (s *Server) guardianOf(ctx context.Context, tx *postgres.Tx, library directory.Library, id broker.ID) (*patrons.Standing, error) {
	if id == broker.NoID {
		return nil, nil
	}
	standing, err := s.standing(ctx, tx, library, id)
	return &standing, err
}

// household is the one named, or a new one.
func (s *Server) household(tx *postgres.Tx, library directory.Library, in gen.NewPatron) (broker.ID, error) {
	if in.NewHousehold.Kind == "" {
		return in.HouseholdID, nil
	}
	if in.HouseholdID != broker.NoID {
		return broker.NoID, broker.Invalid(broker.FieldError{Pointer: "/new_household", Code: "given_twice", Message: "must be left out where household_id is given"})
	}
	id := broker.NewID()
	return id, patrons.SaveHousehold(tx, patrons.Household{
		Library: library.ID, ID: id, Kind: patrons.HouseholdKind(in.NewHousehold.Kind), Name: in.NewHousehold.Name, CreatedAt: s.Clock.Now(),
	})
}

// ChangePatron changes what is known of a patron.
func (s *Server) ChangePatron(ctx context.Context, request gen.ChangePatronRequestObject) (gen.ChangePatronResponseObject, error) {
	in := *request.Body
	view, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Patron, error) {
		library, document, err := s.rules(ctx, tx)
		if err != nil {
			return gen.Patron{}, err
		}
		if _, err := s.at(ctx, tx, in.BranchID); err != nil {
			return gen.Patron{}, err
		}
		details := patrons.Details{
			Name: in.Name, Address: in.Address, Email: in.Email, NoticeChannel: in.NoticeChannel, Language: in.Language,
			Note: in.Note, Phone: in.Phone, KeepHistory: in.KeepHistory, NotFor: in.NotFor,
		}
		if in.BranchID != broker.NoID {
			details.Branch = &in.BranchID
		}
		if !in.BornOn.IsZero() {
			details.BornOn = &in.BornOn
		}
		ref := patrons.Ref{Library: library.ID, ID: request.ID}
		if _, err := patrons.ChangeDetails(ctx, tx, library, document, ref, details, s.Clock.Now()); err != nil {
			return gen.Patron{}, err
		}
		return s.patronView(ctx, tx, library, ref.ID, false)
	})
	if err != nil {
		return nil, err
	}
	return gen.ChangePatron200JSONResponse(view), nil
}

// ChangeClass gives a patron another class.
func (s *Server) ChangeClass(ctx context.Context, request gen.ChangeClassRequestObject) (gen.ChangeClassResponseObject, error) {
	in := *request.Body
	done, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (registered, error) {
		library, document, err := s.rules(ctx, tx)
		if err != nil {
			return registered{}, err
		}
		return registeredBy(patrons.ChangeClass(ctx, tx, library, document, patrons.Ref{Library: library.ID, ID: request.ID},
			in.Class, papersOf(in.Met, in.Shown), feeOf(in.Fee), s.deed(ctx, in.Override, in.OverrideReason)))
	})
	if err != nil {
		return nil, err
	}
	view, err := s.registeredView(ctx, done)
	if err != nil {
		return nil, err
	}
	return gen.ChangeClass200JSONResponse(view), nil
}
