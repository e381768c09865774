package requests

import (
	"context"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/workflow/requests"
	"afield/workflow/routing"
)

// PreviewRequest tells what would happen, and changes nothing.
func (r Requests) PreviewRequest(ctx context.Context, request gen.PreviewRequestRequestObject) (gen.PreviewRequestResponseObject, error) {
	view, err := pipeline.Read(ctx, r.Base, func(ctx context.Context, t *pipeline.Turn) (gen.Preview, error) {
		in, err := submission(ctx, t, *request.Body)
		if err != nil {
			return gen.Preview{}, err
		}
		outlook, err := r.Requests.Preview(ctx, t.Tx, t.Now(), t.Caller.Actor(), in)
		if err != nil {
			return gen.Preview{}, err
		}
		return previewView(outlook, t.IsPatron()), nil
	})
	return gen.PreviewRequest200JSONResponse(view), err
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
		view.LikelyLender = views.LibraryNamed(likely.Lender, likely.Name, likely.Symbol)
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
				Lender: views.LibraryNamed(entry.Lender, entry.Name, entry.Symbol), Fulfilment: gen.LikelyLenderFulfilment(entry.Fulfilment),
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
				Lender:     views.LibraryNamed(entry.Lender, entry.Name, entry.Symbol),
				Fulfilment: gen.LikelyLenderFulfilment(entry.Fulfilment), Why: append([]broker.Reason{}, entry.Reasons...),
			})
		}
	}
	return lenders, passed
}
