package accounts

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/patrons"
	rules "afield/broker/policy/accounts"
)

func disclosureView(d patrons.Disclosure) gen.Disclosure {
	return gen.Disclosure{
		ID: d.ID, PatronID: d.Patron, By: string(d.By), AskedBy: d.AskedBy, Paper: d.Paper, About: d.About,
		Status: gen.DisclosureStatus(d.Status), Reasons: append([]broker.Reason{}, d.Reasons...),
		AskedAt: views.UTC(d.AskedAt), DecidedAt: views.UTC(d.DecidedAt), Note: d.Note,
	}
}

// ListDisclosures lists requests for patrons' records.
func (a Accounts) ListDisclosures(ctx context.Context, request gen.ListDisclosuresRequestObject) (gen.ListDisclosuresResponseObject, error) {
	in := request.Params
	page, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.DisclosurePage, error) {
		list := pipeline.List{Name: "disclosures " + t.Library().String(), Cursor: in.Cursor, Limit: in.Limit}
		if in.InReview {
			list.Name += " in review"
		}
		found, next, err := pipeline.Page(t, list, func(d patrons.Disclosure) pipeline.Position { return pipeline.Identified(d.ID) },
			func(after pipeline.Position, limit int) ([]patrons.Disclosure, error) {
				return patrons.Disclosures(ctx, t.Tx, t.Library(), in.InReview, after.ID(), limit)
			})
		page := gen.DisclosurePage{Disclosures: []gen.Disclosure{}, NextCursor: next}
		for _, d := range found {
			page.Disclosures = append(page.Disclosures, disclosureView(d))
		}
		return page, err
	})
	return gen.ListDisclosures200JSONResponse(page), err
}

// disclosure reads one request back for an answer.
func disclosure(ctx context.Context, t *pipeline.Turn, id broker.ID) (gen.Disclosure, error) {
	d, err := patrons.DisclosureByID(ctx, t.Tx, t.Library(), id)
	return disclosureView(d), err
}

// AskDisclosure records a request for a patron's record.
func (a Accounts) AskDisclosure(ctx context.Context, request gen.AskDisclosureRequestObject) (gen.AskDisclosureResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Change(ctx, a.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		library, document, err := t.Rules(ctx)
		if err != nil {
			return broker.NoID, err
		}
		d, err := patrons.AskDisclosure(ctx, t.Tx, library, document, patrons.Disclosure{
			Patron: in.PatronID, By: rules.Asker(in.By), AskedBy: in.AskedBy, Paper: in.Paper, About: in.About,
			TakenBy: t.Caller.Actor(),
		}, t.Now())
		return d.ID, err
	}, disclosure)
	return gen.AskDisclosure201JSONResponse(view), err
}

// DecideDisclosure records what was decided about a request in review.
func (a Accounts) DecideDisclosure(ctx context.Context, request gen.DecideDisclosureRequestObject) (gen.DecideDisclosureResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Change(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		library, document, err := t.Rules(ctx)
		if err != nil {
			return broker.NoID, err
		}
		_, err = patrons.DecideDisclosure(ctx, t.Tx, library, document, request.ID, in.Approve, in.Note, deed(t, nil, ""))
		return request.ID, err
	}, disclosure)
	return gen.DecideDisclosure200JSONResponse(view), err
}
