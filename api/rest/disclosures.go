package rest

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/policy/accounts"
	"afield/broker/postgres"
)

func disclosureView(d patrons.Disclosure) gen.Disclosure {
	return gen.Disclosure{
		ID: d.ID, PatronID: d.Patron, By: string(d.By), AskedBy: d.AskedBy, Paper: d.Paper, About: d.About,
		Status: gen.DisclosureStatus(d.Status), Reasons: append([]broker.Reason{}, d.Reasons...),
		AskedAt: utc(d.AskedAt), DecidedAt: utc(d.DecidedAt), Note: d.Note,
	}
}

// ListDisclosures lists requests for patrons' records.
func (s *Server) ListDisclosures(ctx context.Context, request gen.ListDisclosuresRequestObject) (gen.ListDisclosuresResponseObject, error) {
	in, list := request.Params, "disclosures "+callOf(ctx).library().String()
	if in.InReview {
		list += " in review"
	}
	after, err := s.cursorID(list, in.Cursor)
	if err != nil {
		return nil, err
	}
	size := pageSize(in.Limit)
	page, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.DisclosurePage, error) {
		page := gen.DisclosurePage{Disclosures: []gen.Disclosure{}}
		found, err := patrons.Disclosures(ctx, tx, callOf(ctx).library(), in.InReview, after, size+1)
		if len(found) > size {
			found = found[:size]
			page.NextCursor = s.cursors.seal(list, found[size-1].ID.String())
		}
		for _, d := range found {
			page.Disclosures = append(page.Disclosures, disclosureView(d))
		}
		return page, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListDisclosures200JSONResponse(page), nil
}

// disclosure reads one request back for an answer.
func (s *Server) disclosure(ctx context.Context, id broker.ID) (gen.Disclosure, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Disclosure, error) {
		d, err := patrons.DisclosureByID(ctx, tx, callOf(ctx).library(), id)
		return disclosureView(d), err
	})
}

// AskDisclosure records a request for a patron's record.
func (s *Server) AskDisclosure(ctx context.Context, request gen.AskDisclosureRequestObject) (gen.AskDisclosureResponseObject, error) {
	in := *request.Body
	asked, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		library, document, err := s.rules(ctx, tx)
		if err != nil {
			return made{}, err
		}
		d, err := patrons.AskDisclosure(ctx, tx, library, document, patrons.Disclosure{
			Patron: in.PatronID, By: accounts.Asker(in.By), AskedBy: in.AskedBy, Paper: in.Paper, About: in.About,
			TakenBy: callOf(ctx).principal.Actor(),
		}, s.Clock.Now())
		return made{d.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.disclosure(ctx, asked.ID)
	if err != nil {
		return nil, err
	}
	return gen.AskDisclosure201JSONResponse(view), nil
}

// DecideDisclosure records what was decided about a request in review.
func (s *Server) DecideDisclosure(ctx context.Context, request gen.DecideDisclosureRequestObject) (gen.DecideDisclosureResponseObject, error) {
	in := *request.Body
	_, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		library, document, err := s.rules(ctx, tx)
		if err != nil {
			return made{}, err
		}
		_, err = patrons.DecideDisclosure(ctx, tx, library, document, request.ID, in.Approve, in.Note, s.deed(ctx, nil, ""))
		return made{request.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.disclosure(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	return gen.DecideDisclosure200JSONResponse(view), nil
}
