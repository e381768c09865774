package calendar

import (
	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// wouldClose is what closing would do, as it stands before anything is closed.
type wouldClose struct {
	gen.ClosureDone
	Kind, Where string
	OneDay      bool
}

// wouldOpen is what taking a closure back would do.
type wouldOpen struct {
	gen.ClosureCancelled
	Kind, Where string
	OneDay      bool
}

// close shows what closing some days would do, and closes them once that was seen.
func (c Calendar) close(v *frame.Visit) error {
	page := monthPage{Branch: v.Field("branch"), Form: form{From: v.Field("from"), To: v.Field("to"), Kind: v.Field("kind"), Branch: v.Field("branch"), Reason: v.Field("reason")}}
	read := v.Reading()
	wish := gen.NewClosure{From: read.Date("from"), To: read.Date("to"), BranchID: read.ID("branch"), Kind: gen.NewClosureKind(page.Form.Kind), Reason: page.Form.Reason}
	if page.Form.From == "" {
		read.Wrong("from", "required", v.Say("must say from which day"))
	}
	if page.Form.Reason == "" {
		read.Wrong("reason", "required", v.Say("must say why"))
	}
	err := read.Err()
	if err == nil && v.Field("go") == "" {
		wish.DryRun = true
		var done gen.AddClosure200JSONResponse
		if done, err = frame.Ask[gen.AddClosure200JSONResponse](v, "addClosure", c.ops.AddClosure, gen.AddClosureRequestObject{Body: &wish}); err == nil {
			page.Would = &wouldClose{ClosureDone: gen.ClosureDone(done), Kind: kindOf(v, done.Closure.Kind), Where: v.Place.Branch(done.Closure.BranchID), OneDay: done.Closure.From == done.Closure.To}
			return c.showMonth(v, page, monthOf(page.Form.From))
		}
	}
	if err == nil {
		var done gen.AddClosure201JSONResponse
		if done, err = frame.AskOnce[gen.AddClosure201JSONResponse](v, "addClosure", v.Key(), c.ops.AddClosure, gen.AddClosureRequestObject{Body: &wish}); err == nil {
			v.Tell(frame.Toast{
				Text: v.Say("Closed: {day}.", "day", v.Date(done.Closure.From, v.Today)) + " " + v.Count(done.Adjustment.Loans, "1 loan has a new due date.", "{n} loans have a new due date."),
				Undo: "/calendar/closures/" + done.Closure.ID.String() + "/reopen", UndoLabel: v.Say("Undo: open again"), Fields: map[string]string{"go": "1"},
			})
			return v.Go(monthLink(v, done.Closure.From, page.Branch).To)
		}
	}
	return v.Refused(err, func(trouble *frame.Trouble) error {
		page.Trouble = trouble
		return c.showMonth(v, page, monthOf(page.Form.From))
	})
}

// reopen shows what taking a closure back would do, and takes it back once that was
// seen.
func (c Calendar) reopen(v *frame.Visit) error {
	id, err := broker.ParseID("closure", v.Param("closure"))
	if err != nil {
		return broker.NotFound("closure")
	}
	seen := v.Field("go") != ""
	done, err := frame.Ask[gen.CancelClosure200JSONResponse](v, "cancelClosure", c.ops.CancelClosure, gen.CancelClosureRequestObject{ID: id, Params: gen.CancelClosureParams{DryRun: !seen}})
	page := monthPage{Form: form{Kind: "planned"}}
	switch {
	case err != nil:
		return v.Refused(err, func(trouble *frame.Trouble) error {
			page.Trouble = trouble
			return c.showMonth(v, page, "")
		})
	case seen:
		v.Tell(frame.Toast{Text: v.Say("Open again: {day}.", "day", v.Date(done.Closure.From, v.Today)) + " " + v.Count(done.Restored, "1 loan has its old due date again.", "{n} loans have their old due date again.")})
		return v.Go(monthLink(v, done.Closure.From, "").To)
	}
	page.Opening = &wouldOpen{ClosureCancelled: gen.ClosureCancelled(done), Kind: kindOf(v, done.Closure.Kind), Where: v.Place.Branch(done.Closure.BranchID), OneDay: done.Closure.From == done.Closure.To}
	return c.showMonth(v, page, monthOf(done.Closure.From.String()))
}
