package rest

import (
	"context"
	"net/http"
	"slices"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

// madeHold names a hold for the answer, with what the act said.
type madeHold struct {
	ID    broker.ID       `json:"id"`
	Said  string          `json:"said,omitempty"`
	Notes []broker.Reason `json:"notes,omitempty"`
}

// overriding refuses to pass over a rule without saying why.
func overriding(overrides []string, reason string) error {
	if len(overrides) > 0 && reason == "" {
		return broker.Invalid(broker.FieldError{Pointer: "/override_reason", Code: "required", Message: "is required: why is the rule passed over?"})
	}
	return nil
}

// PlaceHold puts a patron in the queue for a title, or for one copy of it.
func (s *Server) PlaceHold(ctx context.Context, request gen.PlaceHoldRequestObject) (gen.PlaceHoldResponseObject, error) {
	in := request.Body
	if err := overriding(in.Override, in.OverrideReason); err != nil {
		return nil, err
	}
	if callOf(ctx).isPatron() && in.Channel != "" {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/channel", Code: "staff_only", Message: "is for staff"})
	}
	placed, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (madeHold, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return madeHold{}, err
		}
		patron, err := s.patronFor(ctx, tx, in.PatronID, in.Card)
		if err != nil {
			return madeHold{}, err
		}
		library, err := directory.Load(ctx, tx, at.Library)
		if err != nil {
			return madeHold{}, err
		}
		rules, err := s.Policies.At(library, s.Clock.Now())
		if err != nil {
			return madeHold{}, err
		}
		done, err := s.Desk.PlaceHold(ctx, tx, at, desk.PlaceHold{
			Title: in.TitleID, Item: in.ItemID, Patron: patron, Pickup: in.PickupBranchID, Channel: rule.Channel(in.Channel),
			ExpiresOn: in.ExpiresOn, Rules: rules, Overrides: in.Override, Reason: in.OverrideReason,
		})
		if err != nil {
			return madeHold{}, err
		}
		return madeHold{done.Hold.ID, done.Message, done.Notes}, nil
	})
	if err != nil {
		return nil, err
	}
	view, err := s.hold(ctx, placed)
	if err != nil {
		return nil, err
	}
	return gen.PlaceHold201JSONResponse(view), nil
}

// hold reads one hold back for an answer. A patron's own are all they see.
func (s *Server) hold(ctx context.Context, made madeHold) (gen.Hold, error) {
	this := callOf(ctx)
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Hold, error) {
		library, err := directory.Load(ctx, tx, this.library())
		if err != nil {
			return gen.Hold{}, err
		}
		if err := shareCatalogue(ctx, tx, library); err != nil {
			return gen.Hold{}, err
		}
		hold, err := circulation.HoldFor(ctx, tx, library.ID, made.ID)
		if err != nil {
			return gen.Hold{}, err
		}
		if this.isPatron() && hold.Patron.ID != this.own() {
			return gen.Hold{}, broker.NotFound("hold")
		}
		views, err := holdViews(ctx, tx, []circulation.Hold{hold})
		if err != nil {
			return gen.Hold{}, err
		}
		view := views[0]
		view.Said, view.Notes = made.Said, made.Notes
		view.Place, err = circulation.Place(ctx, tx, hold.HoldRef)
		return view, err
	})
}

// GetHold shows one hold.
func (s *Server) GetHold(ctx context.Context, request gen.GetHoldRequestObject) (gen.GetHoldResponseObject, error) {
	view, err := s.hold(ctx, madeHold{ID: request.ID})
	if err != nil {
		return nil, err
	}
	return gen.GetHold200JSONResponse(view), nil
}

// holdAct does something with a hold at the caller's desk and reads it back.
func (s *Server) holdAct(ctx context.Context, id broker.ID, act func(context.Context, *postgres.Tx, desk.At) (desk.Done, error)) (gen.Hold, error) {
	made, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (madeHold, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return madeHold{}, err
		}
		done, err := act(ctx, tx, at)
		return madeHold{id, done.Message, done.Notes}, err
	})
	if err != nil {
		return gen.Hold{}, err
	}
	return s.hold(ctx, made)
}

// CancelHold ends a hold.
func (s *Server) CancelHold(ctx context.Context, request gen.CancelHoldRequestObject) (gen.CancelHoldResponseObject, error) {
	_, err := once(ctx, s, http.StatusNoContent, func(ctx context.Context, tx *postgres.Tx) (madeHold, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return madeHold{}, err
		}
		hold, err := circulation.HoldFor(ctx, tx, at.Library, request.ID)
		if err != nil {
			return madeHold{}, err
		}
		_, err = s.Desk.CancelHold(ctx, tx, at, hold.HoldRef)
		return madeHold{ID: request.ID}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.CancelHold204Response{}, nil
}

// SuspendHold has a hold passed by for a while.
func (s *Server) SuspendHold(ctx context.Context, request gen.SuspendHoldRequestObject) (gen.SuspendHoldResponseObject, error) {
	in := orZero(request.Body)
	view, err := s.holdAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return s.Desk.SuspendHold(ctx, tx, at, request.ID, in.From, in.Until)
	})
	if err != nil {
		return nil, err
	}
	return gen.SuspendHold200JSONResponse(view), nil
}

// ResumeHold ends a suspension.
func (s *Server) ResumeHold(ctx context.Context, request gen.ResumeHoldRequestObject) (gen.ResumeHoldResponseObject, error) {
	view, err := s.holdAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return s.Desk.ResumeHold(ctx, tx, at, request.ID)
	})
	if err != nil {
		return nil, err
	}
	return gen.ResumeHold200JSONResponse(view), nil
}

// MovePickup has a hold picked up at another branch.
func (s *Server) MovePickup(ctx context.Context, request gen.MovePickupRequestObject) (gen.MovePickupResponseObject, error) {
	view, err := s.holdAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		if _, err := s.at(ctx, tx, request.Body.BranchID); err != nil { // names the field of this body
			return desk.Done{}, err
		}
		return s.Desk.MovePickup(ctx, tx, at, request.ID, request.Body.BranchID)
	})
	if err != nil {
		return nil, err
	}
	return gen.MovePickup200JSONResponse(view), nil
}

// PermitHold notes that somebody else may take what is kept.
func (s *Server) PermitHold(ctx context.Context, request gen.PermitHoldRequestObject) (gen.PermitHoldResponseObject, error) {
	other := orZero(request.Body).PatronID
	view, err := s.holdAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return s.Desk.PermitHold(ctx, tx, at, request.ID, other)
	})
	if err != nil {
		return nil, err
	}
	return gen.PermitHold200JSONResponse(view), nil
}

// NoteHoldContact notes that the patron asked to keep it longer.
func (s *Server) NoteHoldContact(ctx context.Context, request gen.NoteHoldContactRequestObject) (gen.NoteHoldContactResponseObject, error) {
	view, err := s.holdAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return s.Desk.HoldContact(ctx, tx, at, request.ID)
	})
	if err != nil {
		return nil, err
	}
	return gen.NoteHoldContact200JSONResponse(view), nil
}

// ExtendHold gives more time on the hold shelf.
func (s *Server) ExtendHold(ctx context.Context, request gen.ExtendHoldRequestObject) (gen.ExtendHoldResponseObject, error) {
	until := orZero(request.Body).Until
	view, err := s.holdAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return s.Desk.ExtendHold(ctx, tx, at, request.ID, until)
	})
	if err != nil {
		return nil, err
	}
	return gen.ExtendHold200JSONResponse(view), nil
}

// ExpireHoldOn sets the last day a hold waits to be filled.
func (s *Server) ExpireHoldOn(ctx context.Context, request gen.ExpireHoldOnRequestObject) (gen.ExpireHoldOnResponseObject, error) {
	day := orZero(request.Body).ExpiresOn
	view, err := s.holdAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return s.Desk.ExpireHoldOn(ctx, tx, at, request.ID, day)
	})
	if err != nil {
		return nil, err
	}
	return gen.ExpireHoldOn200JSONResponse(view), nil
}

// ClearHold takes something off the hold shelf that was not picked up.
func (s *Server) ClearHold(ctx context.Context, request gen.ClearHoldRequestObject) (gen.ClearHoldResponseObject, error) {
	view, err := s.holdAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return s.Desk.ClearFromShelf(ctx, tx, at, request.ID)
	})
	if err != nil {
		return nil, err
	}
	return gen.ClearHold200JSONResponse(view), nil
}

// GetSlip gives what to print for a hold.
func (s *Server) GetSlip(ctx context.Context, request gen.GetSlipRequestObject) (gen.GetSlipResponseObject, error) {
	slip, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (desk.Slip, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return desk.Slip{}, err
		}
		return s.Desk.Slip(ctx, tx, at, request.ID)
	})
	if err != nil {
		return nil, err
	}
	view := gen.Slip{Kind: gen.SlipKindTransit, Hold: orZero(slip.Hold), Transit: orZero(slip.Transit)}
	if slip.Hold != nil {
		view.Kind = gen.SlipKindHold
	}
	return gen.GetSlip200JSONResponse(view), nil
}

// GetQueue shows who waits for a title at the caller's library.
func (s *Server) GetQueue(ctx context.Context, request gen.GetQueueRequestObject) (gen.GetQueueResponseObject, error) {
	view, err := s.queue(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	return gen.GetQueue200JSONResponse(view), nil
}

func (s *Server) queue(ctx context.Context, title broker.ID) (gen.Queued, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Queued, error) {
		view := gen.Queued{TitleID: title, Holds: []gen.Hold{}}
		library, err := directory.Load(ctx, tx, callOf(ctx).library())
		if err != nil {
			return view, err
		}
		if err := shareCatalogue(ctx, tx, library); err != nil {
			return view, err
		}
		if err := titleKnown(ctx, tx, title); err != nil {
			return view, err
		}
		holds, err := circulation.Queue(ctx, tx, library.ID, title)
		if err != nil {
			return view, err
		}
		view.Version = circulation.QueueVersion(holds)
		views, err := holdViews(ctx, tx, holds)
		for i := range views {
			views[i].Place = i + 1
		}
		view.Holds = append(view.Holds, views...)
		return view, err
	})
}

// ReorderQueue changes the order of a queue.
func (s *Server) ReorderQueue(ctx context.Context, request gen.ReorderQueueRequestObject) (gen.ReorderQueueResponseObject, error) {
	in := request.Body
	_, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return made{}, err
		}
		if err := titleKnown(ctx, tx, request.ID); err != nil {
			return made{}, err
		}
		_, err = s.Desk.ReorderQueue(ctx, tx, at, circulation.Reorder{
			Title: request.ID, Order: slices.Clone(in.Order), Version: in.Version, Reason: in.Reason,
		})
		return made{}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.queue(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	return gen.ReorderQueue200JSONResponse(view), nil
}
