package holds

import (
	"context"
	"net/http"
	"slices"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/holds"
	"afield/broker/policy/rule"
	"afield/workflow/desk/counter"
	"afield/workflow/desk/queue"
)

// madeHold names a hold for the answer, with what the act said.
type madeHold struct {
	ID    broker.ID       `json:"id"`
	Said  string          `json:"said,omitempty"`
	Notes []broker.Reason `json:"notes,omitempty"`
}

// PlaceHold puts a patron in the queue for a title, or for one copy of it.
func (h Holds) PlaceHold(ctx context.Context, request gen.PlaceHoldRequestObject) (gen.PlaceHoldResponseObject, error) {
	in := request.Body
	if err := pipeline.Overriding(in.Override, in.OverrideReason); err != nil {
		return nil, err
	}
	view, err := pipeline.Act(ctx, h.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (madeHold, error) {
		if err := t.StaffOnly("/channel", in.Channel != ""); err != nil {
			return madeHold{}, err
		}
		patron, err := t.PatronFor(ctx, in.PatronID, in.Card)
		if err != nil {
			return madeHold{}, err
		}
		_, rules, err := t.Rules(ctx)
		if err != nil {
			return madeHold{}, err
		}
		done, err := h.Desk.Queue.PlaceHold(ctx, t.Tx, t.At(), queue.PlaceHold{
			Title: in.TitleID, Item: in.ItemID, Patron: patron, Pickup: in.PickupBranchID, Channel: rule.Channel(in.Channel),
			ExpiresOn: in.ExpiresOn, Rules: rules, Overrides: in.Override, Reason: in.OverrideReason,
		})
		if err != nil {
			return madeHold{}, err
		}
		return madeHold{done.Hold.ID, done.Message, done.Notes}, nil
	}, hold)
	return gen.PlaceHold201JSONResponse(view), err
}

// hold reads one hold back for an answer. Patrons see only their own.
func hold(ctx context.Context, t *pipeline.Turn, made madeHold) (gen.Hold, error) {
	library, _, err := t.SharedCatalogue(ctx)
	if err != nil {
		return gen.Hold{}, err
	}
	found, err := holds.For(ctx, t.Tx, library.ID, made.ID)
	if err != nil {
		return gen.Hold{}, err
	}
	if t.IsPatron() && found.Patron.ID != t.Own() {
		return gen.Hold{}, broker.NotFound("hold")
	}
	shown, err := holdViews(ctx, t, []holds.Hold{found})
	if err != nil {
		return gen.Hold{}, err
	}
	view := shown[0]
	view.Said, view.Notes = made.Said, made.Notes
	view.Place, err = holds.Position(ctx, t.Tx, found.Ref)
	return view, err
}

// GetHold shows one hold.
func (h Holds) GetHold(ctx context.Context, request gen.GetHoldRequestObject) (gen.GetHoldResponseObject, error) {
	view, err := pipeline.Show(ctx, h.Base, madeHold{ID: request.ID}, hold)
	return gen.GetHold200JSONResponse(view), err
}

// act does something with a hold at the caller's desk and reads it back.
func (h Holds) act(ctx context.Context, id broker.ID, act func(context.Context, *pipeline.Turn) (counter.Done, error)) (gen.Hold, error) {
	return pipeline.Act(ctx, h.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (madeHold, error) {
		done, err := act(ctx, t)
		return madeHold{id, done.Message, done.Notes}, err
	}, hold)
}

// CancelHold ends a hold.
func (h Holds) CancelHold(ctx context.Context, request gen.CancelHoldRequestObject) (gen.CancelHoldResponseObject, error) {
	_, err := pipeline.Once(ctx, h.Base, http.StatusNoContent, func(ctx context.Context, t *pipeline.Turn) (madeHold, error) {
		at := t.At()
		hold, err := holds.For(ctx, t.Tx, at.Library, request.ID)
		if err != nil {
			return madeHold{}, err
		}
		_, err = h.Desk.Queue.CancelHold(ctx, t.Tx, at, hold.Ref)
		return madeHold{ID: request.ID}, err
	})
	return gen.CancelHold204Response{}, err
}

// SuspendHold has a hold skipped for a while.
func (h Holds) SuspendHold(ctx context.Context, request gen.SuspendHoldRequestObject) (gen.SuspendHoldResponseObject, error) {
	in := views.OrZero(request.Body)
	view, err := h.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn) (counter.Done, error) {
		return h.Desk.Queue.SuspendHold(ctx, t.Tx, t.At(), request.ID, in.From, in.Until)
	})
	return gen.SuspendHold200JSONResponse(view), err
}

// ResumeHold ends a suspension.
func (h Holds) ResumeHold(ctx context.Context, request gen.ResumeHoldRequestObject) (gen.ResumeHoldResponseObject, error) {
	view, err := h.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn) (counter.Done, error) {
		return h.Desk.Queue.ResumeHold(ctx, t.Tx, t.At(), request.ID)
	})
	return gen.ResumeHold200JSONResponse(view), err
}

// MovePickup moves the pick-up of a hold to another branch.
func (h Holds) MovePickup(ctx context.Context, request gen.MovePickupRequestObject) (gen.MovePickupResponseObject, error) {
	view, err := h.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn) (counter.Done, error) {
		if _, err := t.AtBranch(ctx, request.Body.BranchID); err != nil { // names the field of this body
			return counter.Done{}, err
		}
		return h.Desk.Queue.MovePickup(ctx, t.Tx, t.At(), request.ID, request.Body.BranchID)
	})
	return gen.MovePickup200JSONResponse(view), err
}

// PermitHold notes that somebody else may take what is kept.
func (h Holds) PermitHold(ctx context.Context, request gen.PermitHoldRequestObject) (gen.PermitHoldResponseObject, error) {
	other := views.OrZero(request.Body).PatronID
	view, err := h.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn) (counter.Done, error) {
		return h.Desk.Queue.PermitHold(ctx, t.Tx, t.At(), request.ID, other)
	})
	return gen.PermitHold200JSONResponse(view), err
}

// NoteHoldContact notes that the patron asked to have it kept longer.
func (h Holds) NoteHoldContact(ctx context.Context, request gen.NoteHoldContactRequestObject) (gen.NoteHoldContactResponseObject, error) {
	view, err := h.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn) (counter.Done, error) {
		return h.Desk.Queue.HoldContact(ctx, t.Tx, t.At(), request.ID)
	})
	return gen.NoteHoldContact200JSONResponse(view), err
}

// ExtendHold gives more time on the hold shelf.
func (h Holds) ExtendHold(ctx context.Context, request gen.ExtendHoldRequestObject) (gen.ExtendHoldResponseObject, error) {
	until := views.OrZero(request.Body).Until
	view, err := h.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn) (counter.Done, error) {
		return h.Desk.Queue.ExtendHold(ctx, t.Tx, t.At(), request.ID, until)
	})
	return gen.ExtendHold200JSONResponse(view), err
}

// ExpireHoldOn sets the last day a hold waits to be filled.
func (h Holds) ExpireHoldOn(ctx context.Context, request gen.ExpireHoldOnRequestObject) (gen.ExpireHoldOnResponseObject, error) {
	day := views.OrZero(request.Body).ExpiresOn
	view, err := h.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn) (counter.Done, error) {
		return h.Desk.Queue.ExpireHoldOn(ctx, t.Tx, t.At(), request.ID, day)
	})
	return gen.ExpireHoldOn200JSONResponse(view), err
}

// ClearHold takes something off the hold shelf that was not picked up.
func (h Holds) ClearHold(ctx context.Context, request gen.ClearHoldRequestObject) (gen.ClearHoldResponseObject, error) {
	view, err := h.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn) (counter.Done, error) {
		return h.Desk.Queue.ClearFromShelf(ctx, t.Tx, t.At(), request.ID)
	})
	return gen.ClearHold200JSONResponse(view), err
}

// GetSlip gives what to print for a hold.
func (h Holds) GetSlip(ctx context.Context, request gen.GetSlipRequestObject) (gen.GetSlipResponseObject, error) {
	slip, err := pipeline.Read(ctx, h.Base, func(ctx context.Context, t *pipeline.Turn) (queue.Slip, error) {
		return h.Desk.Queue.Slip(ctx, t.Tx, t.At(), request.ID)
	})
	if err != nil {
		return nil, err
	}
	view := gen.Slip{Kind: gen.SlipKindTransit, Hold: views.OrZero(slip.Hold), Transit: views.OrZero(slip.Transit)}
	if slip.Hold != nil {
		view.Kind = gen.SlipKindHold
	}
	return gen.GetSlip200JSONResponse(view), nil
}

// GetQueue shows who waits for a title at the caller's library.
func (h Holds) GetQueue(ctx context.Context, request gen.GetQueueRequestObject) (gen.GetQueueResponseObject, error) {
	view, err := pipeline.Show(ctx, h.Base, request.ID, queueOf)
	return gen.GetQueue200JSONResponse(view), err
}

func queueOf(ctx context.Context, t *pipeline.Turn, title broker.ID) (gen.Queued, error) {
	view := gen.Queued{TitleID: title, Holds: []gen.Hold{}}
	library, _, err := t.SharedCatalogue(ctx)
	if err != nil {
		return view, err
	}
	if err := titleKnown(ctx, t, title); err != nil {
		return view, err
	}
	held, err := holds.Queue(ctx, t.Tx, library.ID, title)
	if err != nil {
		return view, err
	}
	view.Version = holds.QueueVersion(held)
	view.Holds, err = holdViews(ctx, t, held)
	for i := range view.Holds {
		view.Holds[i].Place = i + 1
	}
	return view, err
}

// ReorderQueue changes the order of a queue.
func (h Holds) ReorderQueue(ctx context.Context, request gen.ReorderQueueRequestObject) (gen.ReorderQueueResponseObject, error) {
	in := request.Body
	view, err := pipeline.Change(ctx, h.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		if err := titleKnown(ctx, t, request.ID); err != nil {
			return broker.NoID, err
		}
		_, err := h.Desk.Queue.ReorderQueue(ctx, t.Tx, t.At(), holds.Reorder{
			Title: request.ID, Order: slices.Clone(in.Order), Version: in.Version, Reason: in.Reason,
		})
		return request.ID, err
	}, queueOf)
	return gen.ReorderQueue200JSONResponse(view), err
}

// ListPatronHolds shows what a patron waits for.
func (h Holds) ListPatronHolds(ctx context.Context, request gen.ListPatronHoldsRequestObject) (gen.ListPatronHoldsResponseObject, error) {
	list, err := pipeline.Show(ctx, h.Base, request.ID, holdsOf)
	return gen.ListPatronHolds200JSONResponse(list), err
}

// ListHolds lists the holds of the library's patrons.
func (h Holds) ListHolds(ctx context.Context, request gen.ListHoldsRequestObject) (gen.ListHoldsResponseObject, error) {
	in := request.Params
	page, err := pipeline.Read(ctx, h.Base, func(ctx context.Context, t *pipeline.Turn) (gen.HoldPage, error) {
		page := gen.HoldPage{Holds: []gen.Hold{}}
		if _, _, err := t.SharedCatalogue(ctx); err != nil {
			return page, err
		}
		list := pipeline.List{Name: "holds " + string(in.Status) + " " + in.BranchID.String() + " " + t.Library().String(), Cursor: in.Cursor, Limit: in.Limit}
		found, next, err := pipeline.Page(t, list, func(hold holds.Hold) pipeline.Position { return pipeline.Identified(hold.ID) },
			func(after pipeline.Position, limit int) ([]holds.Hold, error) {
				filter := holds.Filter{Status: holds.Status(in.Status), PickupBranch: in.BranchID}
				return holds.List(ctx, t.Tx, t.Library(), filter, broker.Page{After: after.ID(), Limit: limit})
			})
		if err != nil {
			return page, err
		}
		page.NextCursor = next
		page.Holds, err = holdViews(ctx, t, found)
		return page, err
	})
	return gen.ListHolds200JSONResponse(page), err
}

// ListMyHolds shows what the signed-in patron waits for.
func (h Holds) ListMyHolds(ctx context.Context, _ gen.ListMyHoldsRequestObject) (gen.ListMyHoldsResponseObject, error) {
	list, err := pipeline.Read(ctx, h.Base, func(ctx context.Context, t *pipeline.Turn) (gen.HoldList, error) {
		return holdsOf(ctx, t, t.Own())
	})
	return gen.ListMyHolds200JSONResponse(list), err
}

func holdsOf(ctx context.Context, t *pipeline.Turn, patron broker.ID) (gen.HoldList, error) {
	list := gen.HoldList{Holds: []gen.Hold{}}
	_, ref, err := t.Patron(ctx, patron)
	if err != nil {
		return list, err
	}
	if _, _, err := t.SharedCatalogue(ctx); err != nil {
		return list, err
	}
	holds, err := holds.Of(ctx, t.Tx, ref)
	if err != nil {
		return list, err
	}
	list.Holds, err = holdViews(ctx, t, holds)
	return list, err
}
