package administration

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/workflow/desk/closures"
)

// How many days are listed: at most, and where no last day is given.
const (
	mostDays  = 366
	usualDays = 31
)

// ListDays lists days as they are at the library, or at a branch.
func (a Administration) ListDays(ctx context.Context, request gen.ListDaysRequestObject) (gen.ListDaysResponseObject, error) {
	from, err := views.Date("from", request.Params.From)
	if err != nil {
		return nil, err
	}
	to, err := views.Date("to", request.Params.To)
	if err != nil {
		return nil, err
	}
	list, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.DayList, error) {
		library, err := t.Home(ctx)
		if err != nil {
			return gen.DayList{}, err
		}
		if from.IsZero() {
			from = library.Today(t.Now())
		}
		if to.IsZero() {
			to = from.AddDays(usualDays - 1)
		}
		if days := to.DaysSince(from); days < 0 || days >= mostDays {
			return gen.DayList{}, broker.Invalid(broker.FieldError{Pointer: "query:to", Code: "out_of_range", Message: "must not be before from, nor a year or more after it"})
		}
		return daysOf(ctx, t.Tx, library, request.Params.BranchID, from, to)
	})
	return gen.ListDays200JSONResponse(list), err
}

func daysOf(ctx context.Context, tx *postgres.Tx, library directory.Library, branch broker.ID, from, to broker.Date) (gen.DayList, error) {
	opening, plan := library.Calendar, library.Plan
	if branch != broker.NoID {
		branches, err := directory.Branches(ctx, tx, library.ID)
		if err != nil {
			return gen.DayList{}, err
		}
		at := slices.IndexFunc(branches, func(b directory.Branch) bool { return b.ID == branch })
		if at < 0 {
			return gen.DayList{}, broker.NotFound("branch")
		}
		if opening = branches[at].Calendar; branches[at].Plan != nil {
			plan = *branches[at].Plan
		}
	}
	closed, err := directory.Closures(ctx, tx, library.ID, from, to)
	if err != nil {
		return gen.DayList{}, err
	}
	due, err := loans.DueOnDays(ctx, tx, library.ID, branch, from, to)
	if err != nil {
		return gen.DayList{}, err
	}
	list := gen.DayList{TimeZone: library.Zone.String(), Week: weekView(plan)}
	for day := from; !day.After(to); day = day.AddDays(1) {
		view := gen.Day{On: day, Reason: opening.WhyClosed(day), Due: due[day]}
		hours, open := opening.HoursOn(day)
		if view.Open = open; open {
			view.Hours = hours.String()
			view.Special = slices.ContainsFunc(plan.Special, func(s calendar.SpecialDay) bool { return s.On == day })
		}
		for _, closure := range closed {
			if closure.CancelledAt.IsZero() && (closure.Branch == broker.NoID || closure.Branch == branch) && !day.Before(closure.From) && !day.After(closure.To) {
				view.ClosureID, view.Closure = closure.ID, string(closure.Kind)
			}
		}
		list.Days = append(list.Days, view)
	}
	return list, nil
}

// weekView is the ordinary week, Monday first.
func weekView(plan calendar.Plan) (week []gen.Weekday) {
	for _, day := range []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday} {
		view := gen.Weekday{Day: strings.ToLower(day.String()[:3])}
		if hours, open := plan.Hours[day]; open {
			view.Hours = hours.String()
		} else if len(plan.Hours) == 0 {
			view.Hours = "00:00-24:00"
		}
		week = append(week, view)
	}
	return week
}

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
		found, err := directory.Closures(ctx, t.Tx, t.Library(), from, to)
		for _, closure := range found {
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

// AddClosure closes the library or a branch, or tells what that would do.
func (a Administration) AddClosure(ctx context.Context, request gen.AddClosureRequestObject) (gen.AddClosureResponseObject, error) {
	in := *request.Body
	closure := directory.Closure{
		Branch: in.BranchID, Kind: directory.ClosureKind(in.Kind),
		Closure: calendar.Closure{From: in.From, To: in.To, Reason: in.Reason},
	}
	if in.DryRun {
		view, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.ClosureDone, error) {
			closed, err := a.Desk.Closures.WouldClose(ctx, t.Tx, t.At(), closure)
			return closedView(closed), err
		})
		return gen.AddClosure200JSONResponse(view), err
	}
	view, err := pipeline.Once(ctx, a.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (gen.ClosureDone, error) {
		closed, err := a.Desk.Closures.Close(ctx, t.Tx, t.At(), closure)
		return closedView(closed), err
	})
	return gen.AddClosure201JSONResponse(view), err
}

func closedView(closed closures.Closed) gen.ClosureDone {
	return gen.ClosureDone{
		Closure: closureView(closed.Closure), Adjustment: movedView(closed.Moved), Shelf: closed.Shelf, Told: closed.Told, Known: closed.Replayed,
	}
}

// CancelClosure cancels a closure, or tells what that would do.
func (a Administration) CancelClosure(ctx context.Context, request gen.CancelClosureRequestObject) (gen.CancelClosureResponseObject, error) {
	reopen := a.Desk.Closures.Reopen
	if request.Params.DryRun {
		reopen = a.Desk.Closures.WouldReopen
	}
	view, err := pipeline.Once(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.ClosureCancelled, error) {
		done, err := reopen(ctx, t.Tx, t.At(), request.ID)
		return gen.ClosureCancelled{Closure: closureView(done.Closure), Restored: done.Restored, Today: done.Today, Told: done.Told}, err
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
