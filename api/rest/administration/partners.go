package administration

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/broker"
	"afield/broker/directory"
	"afield/workflow/messages"
	"afield/workflow/routing"
)

// lastSaid is how many of the last messages are shown.
const lastSaid = 50

// ListPartners lists the libraries with systems of their own, and how they do.
func (a Administration) ListPartners(ctx context.Context, _ gen.ListPartnersRequestObject) (gen.ListPartnersResponseObject, error) {
	view, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.PartnerList, error) {
		partners, err := a.partners(ctx, t, broker.NoID)
		if err != nil {
			return gen.PartnerList{}, err
		}
		catalogues, err := catalogues(ctx, t)
		return gen.PartnerList{Partners: partners, Catalogues: catalogues}, err
	})
	return gen.ListPartners200JSONResponse(view), err
}

// catalogues gives those that are searched, and how they answer.
func catalogues(ctx context.Context, t *pipeline.Turn) ([]gen.SearchedCatalogue, error) {
	views := []gen.SearchedCatalogue{}
	ids, err := directory.Searched(ctx, t.Tx)
	if err != nil || len(ids) == 0 {
		return views, err
	}
	targets, err := directory.Targets(ctx, t.Tx, nil, ids)
	if err != nil {
		return nil, err
	}
	lenders, err := directory.LoadLenders(ctx, t.Tx, ids)
	for _, id := range ids {
		target, lender := targets[id], lenders[id]
		if lender == nil {
			continue
		}
		view := gen.SearchedCatalogue{
			ID: id, Name: lender.Name, System: target.System, Failures: target.Health.Failures, Problem: target.Health.Problem,
			AskedAt: target.Health.AskedAt, AnsweredAt: target.Health.AnsweredAt,
		}
		if lender.Symbol.Value != "" {
			view.Symbol = lender.Symbol.String()
		}
		if address, err := url.Parse(target.URL); err == nil {
			view.Host = address.Host
		}
		views = append(views, view)
	}
	return views, err
}

// partners gives all of them, or one.
func (a Administration) partners(ctx context.Context, t *pipeline.Turn, only broker.ID) ([]gen.Partner, error) {
	views := []gen.Partner{}
	ids, err := directory.ReachedBy(ctx, t.Tx, a.Protocols...)
	if err != nil {
		return nil, err
	}
	if only != broker.NoID {
		if !slices.Contains(ids, only) {
			return nil, broker.NotFound("partner")
		}
		ids = []broker.ID{only}
	}
	peers, err := directory.LoadPeers(ctx, t.Tx, nil, ids)
	if err != nil {
		return nil, err
	}
	figures, err := routing.FiguresOf(ctx, t.Tx, ids)
	if err != nil {
		return nil, err
	}
	talks, err := messages.Talks(ctx, t.Tx, t.Library(), ids)
	for _, talk := range talks {
		peer, answered := peers[talk.Peer], figures[talk.Peer]
		view := gen.Partner{
			ID: talk.Peer, Name: talk.Name, Protocol: string(peer.Protocol), Edition: peer.Edition, Dialect: peer.Dialect, Paused: peer.Paused,
			Waiting: talk.Waiting, Failing: talk.Failing, Refused: talk.Refused, Tries: talk.Tries, Error: talk.Error,
			Asked: int(answered.Asked), Yes: int(answered.Filled), No: int(answered.Refused), Silent: int(answered.Silent),
		}
		if peer.Symbol.Value != "" {
			view.Symbol = peer.Symbol.String()
		}
		if told := answered.Filled + answered.Refused; told > 0 {
			view.AnswerHours = int(answered.AnswerHours / float64(told))
		}
		if talk.NextTryAt != nil {
			view.NextTryAt = talk.NextTryAt.UTC()
		}
		if talk.HeardAt != nil {
			view.HeardAt = talk.HeardAt.UTC()
		}
		if talk.SentAt != nil {
			view.SentAt = talk.SentAt.UTC()
		}
		views = append(views, view)
	}
	return views, err
}

// GetPartner shows one, with the last messages.
func (a Administration) GetPartner(ctx context.Context, request gen.GetPartnerRequestObject) (gen.GetPartnerResponseObject, error) {
	view, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.PartnerTalk, error) {
		view := gen.PartnerTalk{Messages: []gen.PartnerSaid{}}
		partners, err := a.partners(ctx, t, request.ID)
		if err != nil {
			return view, err
		}
		view.Partner = partners[0]
		last, err := messages.LastSaid(ctx, t.Tx, t.Library(), request.ID, lastSaid)
		for _, one := range last {
			shown := gen.PartnerSaid{Out: one.Out, Kind: one.Kind, Status: one.Status, Tries: one.Tries, Error: one.Error, CreatedAt: one.CreatedAt.UTC(), Side: one.Side, Number: one.Number}
			if one.NextTryAt != nil {
				shown.NextTryAt = one.NextTryAt.UTC()
			}
			view.Messages = append(view.Messages, shown)
		}
		return view, err
	})
	return gen.GetPartner200JSONResponse(view), err
}

// TryPartner has what waits for a partner tried now: staff know that it is back.
func (a Administration) TryPartner(ctx context.Context, request gen.TryPartnerRequestObject) (gen.TryPartnerResponseObject, error) {
	view, err := pipeline.Once(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.PartnerTried, error) {
		partners, err := a.partners(ctx, t, request.ID)
		if err != nil {
			return gen.PartnerTried{}, err
		}
		if partners[0].Paused {
			return gen.PartnerTried{}, broker.Conflict("partner_paused", "Sending to this library is paused by the consortium's office; what waits goes out when it goes on.")
		}
		hastened, err := messages.Hasten(ctx, t.Tx, t.Library(), request.ID, t.Now())
		return gen.PartnerTried{Messages: hastened}, err
	})
	if err == nil && a.Reset != nil {
		a.Reset(request.ID)
	}
	return gen.TryPartner200JSONResponse(view), err
}
