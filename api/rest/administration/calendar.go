package administration

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/loans"
)

// ListClosures lists the closures of the library and its branches.
func (a Administration) ListClosures(ctx context.Context, request gen.ListClosuresRequestObject) (gen.ListClosuresResponseObject, error) {
	from, err := views.Date("from", request.Params.From)
	if err != nil {
		return nil, err
	}
	to, err := views.Date("to", request.Params.To)
	if err != nil {
		return nil, err
	}
	list, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.ClosureList, error) {
		list := gen.ClosureList{Closures: []gen.Closure{}}
		closures, err := directory.Closures(ctx, t.Tx, t.Library(), from, to)
		for _, closure := range closures {
			list.Closures = append(list.Closures, closureView(closure))
		}
		return list, err
	})
	return gen.ListClosures200JSONResponse(list), err
}

func closureView(c directory.Closure) gen.Closure {
	return gen.Closure{
		ID: c.ID, From: c.From, To: c.To, BranchID: c.Branch, Kind: string(c.Kind), Reason: c.Reason, Cancelled: !c.CancelledAt.IsZero(),
	}
}

// AddClosure closes the library or a branch.
func (a Administration) AddClosure(ctx context.Context, request gen.AddClosureRequestObject) (gen.AddClosureResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Once(ctx, a.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (gen.ClosureDone, error) {
		closed, err := a.Desk.Closures.Close(ctx, t.Tx, t.At(), directory.Closure{
			Branch: in.BranchID, Kind: directory.ClosureKind(in.Kind),
			Closure: calendar.Closure{From: in.From, To: in.To, Reason: in.Reason},
		}, false)
		return gen.ClosureDone{Closure: closureView(closed.Closure), Adjustment: movedView(closed.Moved)}, err
	})
	return gen.AddClosure201JSONResponse(view), err
}

// CancelClosure cancels a closure.
func (a Administration) CancelClosure(ctx context.Context, request gen.CancelClosureRequestObject) (gen.CancelClosureResponseObject, error) {
	view, err := pipeline.Once(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.ClosureCancelled, error) {
		closure, reversed, err := a.Desk.Closures.Reopen(ctx, t.Tx, t.At(), request.ID)
		return gen.ClosureCancelled{Closure: closureView(closure), Restored: reversed.Restored}, err
	})
	return gen.CancelClosure200JSONResponse(view), err
}

// ListAdjustments lists the due dates that were moved together.
func (a Administration) ListAdjustments(ctx context.Context, _ gen.ListAdjustmentsRequestObject) (gen.ListAdjustmentsResponseObject, error) {
	list, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.AdjustmentList, error) {
		list := gen.AdjustmentList{Adjustments: []gen.Adjustment{}}
		library, err := t.Home(ctx)
		if err != nil {
			return list, err
		}
		adjustments, err := loans.Adjustments(ctx, t.Tx, library.ID, maxAdjustments)
		for _, adjustment := range adjustments {
			list.Adjustments = append(list.Adjustments, movedView(loans.Moved{Adjustment: adjustment, TakenBack: broker.Money{Currency: library.Currency}}))
		}
		return list, err
	})
	return gen.ListAdjustments200JSONResponse(list), err
}

// maxAdjustments bounds the list: a library makes a handful a year.
const maxAdjustments = 200

func movedView(m loans.Moved) gen.Adjustment {
	view := gen.Adjustment{
		ID: m.ID, Kind: string(m.Kind), DueFrom: m.From, DueTo: m.To, NewDue: m.NewDue, Reason: m.Reason,
		Reversed: !m.ReversedAt.IsZero(), Loans: m.Loans, Kept: m.Kept, TakenBack: m.TakenBack,
	}
	view.Dates = make([]struct {
		From  gen.Date `json:"from"`
		Loans int      `json:"loans"`

		To gen.Date `json:"to"`
	}, len(m.Dates))
	for i, date := range m.Dates {
		view.Dates[i].From, view.Dates[i].To, view.Dates[i].Loans = date.From, date.To, date.Loans
	}
	return view
}

// AdjustDueDates moves due dates together, or tells which would move.
func (a Administration) AdjustDueDates(ctx context.Context, request gen.AdjustDueDatesRequestObject) (gen.AdjustDueDatesResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Once(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.Adjustment, error) {
		at, err := t.AtBranch(ctx, in.BranchID)
		if err != nil {
			return gen.Adjustment{}, err
		}
		moved, err := a.Desk.Closures.AdjustDueDates(ctx, t.Tx, at, loans.AdjustDueDates{
			Branch: in.BranchID, From: in.DueFrom, To: in.DueTo, NewDue: in.NewDue, Reason: in.Reason, DryRun: in.DryRun,
		})
		return movedView(moved), err
	})
	return gen.AdjustDueDates200JSONResponse(view), err
}

// ReverseAdjustment gives loans their old due dates back.
func (a Administration) ReverseAdjustment(ctx context.Context, request gen.ReverseAdjustmentRequestObject) (gen.ReverseAdjustmentResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Once(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.AdjustmentReversed, error) {
		reversed, err := a.Desk.Closures.ReverseAdjustment(ctx, t.Tx, t.At(), request.ID, in.Reason, in.DryRun)
		view := gen.AdjustmentReversed{Restored: reversed.Restored, Today: reversed.Today, Left: []broker.ID{}}
		for _, loan := range reversed.Left {
			view.Left = append(view.Left, loan.ID)
		}
		return view, err
	})
	return gen.ReverseAdjustment200JSONResponse(view), err
}
