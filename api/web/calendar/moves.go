package calendar

import (
	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// moveLine is one time that due dates were moved together.
type moveLine struct {
	gen.Adjustment
	OneDay bool
}

// moveForm is what was typed to move due dates.
type moveForm struct{ From, To, New, Branch, Reason string }

type movesPage struct {
	Tabs     []tab
	Moves    []moveLine
	Form     moveForm
	Branches []gen.Branch
	Would    *gen.Adjustment
	// Undoing is the one that is looked at before it is taken back.
	Undoing *undoing
	Trouble *frame.Trouble
	Today   broker.Date
	Cash    string
}

type undoing struct {
	moveLine
	// Typed is the reason as it was typed.
	Typed string
	// Back is what taking it back would do; nil before anybody looked.
	Back    *gen.AdjustmentReversed
	Trouble *frame.Trouble
}

// Line is the one itself.
func (u undoing) Line() moveLine { return u.moveLine }

func (c Calendar) moves(v *frame.Visit) error {
	id, err := broker.ParseID("move", v.QueryParam("take_back"))
	if err != nil {
		id = broker.NoID
	}
	return c.showMoves(v, movesPage{}, id)
}

func (c Calendar) showMoves(v *frame.Visit, page movesPage, undo broker.ID) error {
	found, err := frame.Ask[gen.ListAdjustments200JSONResponse](v, "listAdjustments", c.ops.ListAdjustments, gen.ListAdjustmentsRequestObject{})
	if err != nil {
		return err
	}
	for _, one := range found.Adjustments {
		line := moveLine{one, one.DueFrom == one.DueTo}
		page.Moves = append(page.Moves, line)
		if undo != broker.NoID && one.ID == undo {
			if page.Undoing == nil {
				page.Undoing = &undoing{}
			}
			page.Undoing.moveLine = line
		}
	}
	if undo != broker.NoID && (page.Undoing == nil || page.Undoing.ID == broker.NoID) {
		return broker.NotFound("adjustment")
	}
	page.Tabs, page.Branches, page.Today, page.Cash = tabs(v, "moves"), v.Place.Branches, v.Today, v.Place.Currency
	trouble := page.Trouble
	if page.Undoing != nil && page.Undoing.Trouble != nil {
		trouble = page.Undoing.Trouble
	}
	return v.ShowWith(trouble, "moves", frame.Head{Title: v.Say("Moved due dates"), At: "calendar"}, page)
}

// move shows which due dates would move, and moves them once that was seen.
func (c Calendar) move(v *frame.Visit) error {
	page := movesPage{Form: moveForm{v.Field("due_from"), v.Field("due_to"), v.Field("new_due"), v.Field("branch_id"), v.Field("reason")}}
	read := v.Reading()
	wish := gen.NewAdjustment{DueFrom: read.Date("due_from"), DueTo: read.Date("due_to"), NewDue: read.Date("new_due"), BranchID: read.ID("branch_id"), Reason: page.Form.Reason, DryRun: v.Field("go") == ""}
	for _, name := range []string{"due_from", "due_to", "new_due"} {
		if v.Field(name) == "" {
			read.Wrong(name, "required", v.Say("must be a date"))
		}
	}
	ask, key := gen.AdjustDueDatesRequestObject{Body: &wish}, v.Key()
	if wish.DryRun {
		key = ""
	}
	err := read.Err()
	if err == nil {
		var done gen.AdjustDueDates200JSONResponse
		if done, err = frame.AskOnce[gen.AdjustDueDates200JSONResponse](v, "adjustDueDates", key, c.ops.AdjustDueDates, ask); err == nil {
			if !wish.DryRun {
				return v.Done("/calendar/moves", v.Count(done.Loans, "1 loan has a new due date.", "{n} loans have a new due date."))
			}
			page.Would = (*gen.Adjustment)(&done)
			return c.showMoves(v, page, broker.NoID)
		}
	}
	return v.Refused(err, func(trouble *frame.Trouble) error {
		page.Trouble = trouble
		return c.showMoves(v, page, broker.NoID)
	})
}

// reverse shows which loans would get their old dates back, and gives them back
// once that was seen.
func (c Calendar) reverse(v *frame.Visit) error {
	id, err := broker.ParseID("adjustment", v.Param("move"))
	if err != nil {
		return broker.NotFound("adjustment")
	}
	page := movesPage{Undoing: &undoing{Typed: v.Field("reason")}}
	wish := gen.ReverseAdjustment{Reason: page.Undoing.Typed, DryRun: v.Field("go") == ""}
	key := v.Key()
	if wish.DryRun {
		key = ""
	}
	done, err := frame.AskOnce[gen.ReverseAdjustment200JSONResponse](v, "reverseAdjustment", key, c.ops.ReverseAdjustment, gen.ReverseAdjustmentRequestObject{ID: id, Body: &wish})
	switch {
	case err != nil:
		if broker.IsKind(err, broker.KindNotFound) {
			return err
		}
		return v.Refused(err, func(trouble *frame.Trouble) error {
			page.Undoing.Trouble = trouble
			return c.showMoves(v, page, id)
		})
	case !wish.DryRun:
		return v.Done("/calendar/moves", v.Count(done.Restored, "1 loan has its old due date again.", "{n} loans have their old due date again."))
	}
	page.Undoing.Back = (*gen.AdjustmentReversed)(&done)
	return c.showMoves(v, page, id)
}
