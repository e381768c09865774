package administration

import (
	"time"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// change is one entry of the log: what was changed together.
type change struct {
	ID     broker.ID
	At     time.Time
	By     string
	Reason string
	Parts  []gen.ConfigurationChange
	// Lines is how much of it says what was changed; none can be taken back.
	Lines int
	// Trouble is what stood in the way of taking it back.
	Trouble *frame.Trouble
	Typed   string
	Today   broker.Date
}

type changesPage struct {
	Changes []change
	More    string
	Trouble *frame.Trouble
	Today   broker.Date
}

// changes lists what was changed in how libraries are set up, the newest first.
func (a Administration) changes(v *frame.Visit) error { return a.showChanges(v, broker.NoID, nil) }

func (a Administration) showChanges(v *frame.Visit, about broker.ID, trouble *frame.Trouble) error {
	found, err := frame.Ask[gen.ListConfigurationChanges200JSONResponse](v, "listConfigurationChanges", a.ops.ListConfigurationChanges,
		gen.ListConfigurationChangesRequestObject{Params: gen.ListConfigurationChangesParams{Cursor: v.QueryParam("cursor"), Limit: 50}})
	if err != nil {
		return err
	}
	page := changesPage{Today: v.Today, Trouble: trouble}
	for _, one := range found.Changes {
		if last := len(page.Changes) - 1; last >= 0 && page.Changes[last].ID == one.ChangeID {
			page.Changes[last].Parts = append(page.Changes[last].Parts, one)
			page.Changes[last].Lines += len(one.Lines)
			continue
		}
		shown := change{ID: one.ChangeID, At: one.At.In(v.Now.Location()), By: by(v, one.Actor), Reason: one.Reason, Parts: []gen.ConfigurationChange{one}, Lines: len(one.Lines), Today: v.Today}
		if one.ChangeID == about {
			shown.Trouble, shown.Typed, page.Trouble = trouble, v.Field("reason"), nil
		}
		page.Changes = append(page.Changes, shown)
	}
	if found.NextCursor != "" {
		page.More = "/changes?cursor=" + found.NextCursor
	}
	return v.ShowWith(trouble, "changes", frame.Head{Title: v.Say("Changes"), At: "libraries"}, page)
}

// by says who changed something, without names.
func by(v *frame.Visit, who gen.Actor) string {
	switch {
	case who.ID != broker.NoID && who.ID == v.Who.ID:
		return v.Say("you")
	case who.Kind == "system":
		return v.Say("on the server")
	case who.LibraryID != v.Who.Library && v.Who.Office:
		return v.Say("a library’s own staff")
	case who.LibraryID != v.Who.Library:
		return v.Say("the consortium’s office")
	}
	return v.Say("a colleague")
}

// undo puts back what was there before a change, as a change of its own.
func (a Administration) undo(v *frame.Visit) error {
	id, err := broker.ParseID("change", v.Param("change"))
	if err != nil {
		return broker.NotFound("change")
	}
	done, err := frame.Ask[gen.UndoConfigurationChange200JSONResponse](v, "undoConfigurationChange", a.ops.UndoConfigurationChange,
		gen.UndoConfigurationChangeRequestObject{ID: id, Body: &gen.ConfigurationUndo{Reason: v.Field("reason")}})
	if err == nil {
		if len(done.Invitations)+len(done.Secrets) > 0 {
			return a.changed(v, gen.ConfigurationChanged(done), "/changes")
		}
		return v.Done(v.Back(v.Field("back"), "/changes"), v.Say("Taken back."))
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return a.showChanges(v, id, trouble) })
}
