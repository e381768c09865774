package rest

import (
	"context"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow/requests"
	"afield/workflow/routing"
)

// PreviewRequest tells what would happen, and changes nothing.
func (s *Server) PreviewRequest(ctx context.Context, request gen.PreviewRequestRequestObject) (gen.PreviewRequestResponseObject, error) {
	outlook, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (requests.Outlook, error) {
		in, err := s.submission(ctx, tx, *request.Body)
		if err != nil {
			return requests.Outlook{}, err
		}
		return s.Requests.Preview(ctx, tx, s.Clock.Now(), callOf(ctx).principal.Actor(), in)
	})
	if err != nil {
		return nil, err
	}
	return gen.PreviewRequest200JSONResponse(previewView(outlook, callOf(ctx).isPatron())), nil
}

func submissionFor(about asked, in gen.Explain) requests.Submission {
	return requests.Submission{Library: about.library.ID, Patron: about.patron.ID, Citation: in.Citation}
}

// previewView shows staff the lenders by name; a patron sees how far the request
// would go, what it may cost and how long it may take.
func previewView(outlook requests.Outlook, forPatron bool) gen.Preview {
	view := gen.Preview{
		Allowed: outlook.Decision.Allowed, Reasons: append([]broker.Reason{}, outlook.Decision.Reasons...),
		Notes: append([]broker.Reason{}, outlook.Decision.Notes...), LocalCopies: outlook.LocalCopies,
		Duplicates: append([]broker.ID{}, outlook.Duplicates...), ActiveRequests: outlook.Active, Tiers: []gen.TierView{},
		ExpectedWait: waitView(outlook.Wait),
	}
	if likely := outlook.Likely; likely != nil {
		view.LikelyLender = refOf(likely.Lender, likely.Name, likely.Symbol)
		view.LikelyCost, view.LikelyDays = likely.PatronCost, int(likely.ExpectedDays+0.5)
		if view.LikelyCost.Currency == "" {
			view.LikelyCost.Currency = outlook.Currency
		}
	}
	for _, tier := range outlook.Tiers {
		shown := gen.TierView{
			Position: tier.Position, Name: tier.Name, Holders: tier.Holders, Askable: tier.Askable,
			Lenders: []gen.LikelyLender{}, PassedOver: []gen.LikelyLender{},
		}
		if !forPatron {
			shown.Lenders, shown.PassedOver = lendersOf(outlook.Rota, tier.Position)
		}
		view.Tiers = append(view.Tiers, shown)
	}
	return view
}

// waitView is what a patron is told about the time it takes.
func waitView(wait *requests.ExpectedWait) gen.ExpectedWait {
	if wait == nil {
		return gen.ExpectedWait{}
	}
	return gen.ExpectedWait{FromDays: wait.FromDays, ToDays: wait.ToDays.Value, FromOn: wait.From, ToOn: wait.To, Clause: wait.Source.Clause}
}

func lendersOf(rota routing.Rota, tier int) (lenders, passed []gen.LikelyLender) {
	lenders, passed = []gen.LikelyLender{}, []gen.LikelyLender{}
	for _, entry := range rota.Entries {
		if entry.Tier == tier {
			view := gen.LikelyLender{
				Lender: refOf(entry.Lender, entry.Name, entry.Symbol), Fulfilment: gen.LikelyLenderFulfilment(entry.Fulfilment),
				DaysToRespond: entry.DaysToRespond, ExpectedDays: int(entry.ExpectedDays + 0.5), Why: append([]broker.Reason{}, entry.Why...),
			}
			if entry.CostKnown {
				view.Cost, view.PatronCost = entry.Cost, entry.PatronCost
			}
			lenders = append(lenders, view)
		}
	}
	for _, entry := range rota.PassedOver {
		if entry.Tier == tier {
			passed = append(passed, gen.LikelyLender{
				Lender:     refOf(entry.Lender, entry.Name, entry.Symbol),
				Fulfilment: gen.LikelyLenderFulfilment(entry.Fulfilment), Why: append([]broker.Reason{}, entry.Reasons...),
			})
		}
	}
	return lenders, passed
}

func refOf(id broker.ID, name string, symbol broker.Symbol) gen.LibraryRef {
	ref := gen.LibraryRef{ID: id, Name: name}
	if symbol.Namespace != "" {
		ref.Symbol = symbol.String()
	}
	return ref
}
