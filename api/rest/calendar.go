package rest

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// ListClosures lists when the library and its branches are closed.
func (s *Server) ListClosures(ctx context.Context, request gen.ListClosuresRequestObject) (gen.ListClosuresResponseObject, error) {
	list := gen.ClosureList{Closures: []gen.Closure{}}
	from, err := dateParam("from", request.Params.From)
	if err != nil {
		return nil, err
	}
	to, err := dateParam("to", request.Params.To)
	if err != nil {
		return nil, err
	}
	_, err = read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		closures, err := directory.Closures(ctx, tx, callOf(ctx).library(), from, to)
		for _, closure := range closures {
			list.Closures = append(list.Closures, closureView(closure))
		}
		return made{}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListClosures200JSONResponse(list), nil
}

func closureView(c directory.Closure) gen.Closure {
	return gen.Closure{
		ID: c.ID, From: c.From, To: c.To, BranchID: c.Branch, Kind: string(c.Kind), Reason: c.Reason, Cancelled: !c.CancelledAt.IsZero(),
	}
}

// AddClosure closes the library or a branch.
func (s *Server) AddClosure(ctx context.Context, request gen.AddClosureRequestObject) (gen.AddClosureResponseObject, error) {
	in := *request.Body
	view, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (gen.ClosureDone, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return gen.ClosureDone{}, err
		}
		closed, err := s.Desk.Close(ctx, tx, at, directory.Closure{
			Branch: in.BranchID, Kind: directory.ClosureKind(in.Kind),
			Closure: calendar.Closure{From: in.From, To: in.To, Reason: in.Reason},
		}, false)
		return gen.ClosureDone{Closure: closureView(closed.Closure), Adjustment: movedView(closed.Moved)}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.AddClosure201JSONResponse(view), nil
}

// CancelClosure takes a closure back.
func (s *Server) CancelClosure(ctx context.Context, request gen.CancelClosureRequestObject) (gen.CancelClosureResponseObject, error) {
	view, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.ClosureCancelled, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return gen.ClosureCancelled{}, err
		}
		closure, reversed, err := s.Desk.Reopen(ctx, tx, at, request.ID)
		return gen.ClosureCancelled{Closure: closureView(closure), Restored: reversed.Restored}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.CancelClosure200JSONResponse(view), nil
}

// ListAdjustments lists due dates that were moved together.
func (s *Server) ListAdjustments(ctx context.Context, _ gen.ListAdjustmentsRequestObject) (gen.ListAdjustmentsResponseObject, error) {
	list := gen.AdjustmentList{Adjustments: []gen.Adjustment{}}
	_, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		library, err := directory.Load(ctx, tx, callOf(ctx).library())
		if err != nil {
			return made{}, err
		}
		adjustments, err := circulation.Adjustments(ctx, tx, library.ID, maxAdjustments)
		for _, adjustment := range adjustments {
			list.Adjustments = append(list.Adjustments, movedView(circulation.Moved{Adjustment: adjustment, TakenBack: broker.Money{Currency: library.Currency}}))
		}
		return made{}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListAdjustments200JSONResponse(list), nil
}

// maxAdjustments bounds the list: a library makes a handful a year.
const maxAdjustments = 200

func movedView(m circulation.Moved) gen.Adjustment {
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

// AdjustDueDates moves due dates together, or tells what would move.
func (s *Server) AdjustDueDates(ctx context.Context, request gen.AdjustDueDatesRequestObject) (gen.AdjustDueDatesResponseObject, error) {
	in := *request.Body
	view, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (gen.Adjustment, error) {
		at, err := s.at(ctx, tx, in.BranchID)
		if err != nil {
			return gen.Adjustment{}, err
		}
		moved, err := s.Desk.AdjustDueDates(ctx, tx, at, circulation.AdjustDueDates{
			Branch: in.BranchID, From: in.DueFrom, To: in.DueTo, NewDue: in.NewDue, Reason: in.Reason, DryRun: in.DryRun,
		})
		return movedView(moved), err
	})
	if err != nil {
		return nil, err
	}
	return gen.AdjustDueDates200JSONResponse(view), nil
}

// ReverseAdjustment gives loans their old due dates back.
func (s *Server) ReverseAdjustment(ctx context.Context, request gen.ReverseAdjustmentRequestObject) (gen.ReverseAdjustmentResponseObject, error) {
	in := *request.Body
	view, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (gen.AdjustmentReversed, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return gen.AdjustmentReversed{}, err
		}
		reversed, err := s.Desk.ReverseAdjustment(ctx, tx, at, request.ID, in.Reason, in.DryRun)
		view := gen.AdjustmentReversed{Restored: reversed.Restored, Today: reversed.Today, Left: []broker.ID{}}
		for _, loan := range reversed.Left {
			view.Left = append(view.Left, loan.ID)
		}
		return view, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ReverseAdjustment200JSONResponse(view), nil
}
