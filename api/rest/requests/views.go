package requests

import (
	"encoding/json"

	"afield/api/gen"
	"afield/api/rest/views"
	"afield/broker"
	"afield/workflow"
	"afield/workflow/messages"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/tasks"
)

// The views of requests: the results of the use cases, in the words of the
// contract.

func deadlineView(r *engine.Request, deadline *requests.Deadline) gen.Deadline {
	if deadline == nil {
		return gen.Deadline{}
	}
	label, _ := workflow.Of(workflow.Tables(), r.Side).Called(r.State, deadline.Event)
	return gen.Deadline{Kind: deadline.Kind, Event: string(deadline.Event), DueAt: views.UTC(deadline.DueAt), ThenLabel: label}
}

func flagsView(r *engine.Request) gen.Flags {
	return gen.Flags{Overdue: r.Overdue, Recalled: r.Recalled, RenewalPending: r.RenewalPending, ReturnUnused: r.ReturnUnused}
}

func summaryView(line requests.Summary, names map[broker.ID]requests.Name) gen.RequestSummary {
	r := &line.Request
	return gen.RequestSummary{
		ID: r.ID, Number: r.Number, Side: gen.RequestSummarySide(r.Side), State: string(r.State), StateLabel: line.Label, PatronLabel: line.Told,
		Version: r.Version, Owner: gen.RequestSummaryOwner(r.Owner), Citation: r.Citation,
		Service: gen.RequestSummaryService(r.Service), Rush: r.Rush, NeedBy: r.NeedBy, PatronID: r.PatronID,
		Borrower: views.Library(r.BorrowerLibraryID, names), Lender: views.Library(line.LenderID, names),
		SubmittedAt: views.UTC(r.SubmittedAt), Deadline: deadlineView(r, line.Deadline), Flags: flagsView(r),
		PickUpBy: r.PickUpBy, PatronDueOn: r.PatronDueOn, LenderDueOn: r.LenderDueOn,
		ClosedAt: views.UTC(r.ClosedAt), ClosedReason: views.OrZero(r.ClosedReason),
		TierName: line.Tier.Name, Reach: line.Tier.Reach, Tried: line.Tried, Cost: line.Cost,
		Task: line.Task, TaskKind: line.TaskKind, FirstAction: string(line.First), FirstLabel: line.FirstLabel,
		FirstAsks: line.FirstAsks,
	}
}

// requestView is one request. Patrons see where it is and what they can do, and
// neither why lenders were passed over nor the staff's tasks.
func requestView(view requests.View, forPatron bool) gen.Request {
	r := view.Request
	var submittedBy broker.Actor
	_ = json.Unmarshal(r.SubmittedBy, &submittedBy) // written by us as an actor
	out := gen.Request{
		ID: r.ID, Number: r.Number, Side: gen.RequestSide(r.Side), State: string(r.State), StateLabel: view.Label, PatronLabel: view.Told,
		Version: r.Version, Owner: gen.RequestOwner(r.Owner), Citation: r.Citation, TitleID: r.TitleID,
		Service: gen.RequestService(r.Service), Rush: r.Rush, NeedBy: r.NeedBy, PatronID: r.PatronID,
		PickupBranchID: r.PickupBranchID, Copyright: views.OrZero(r.Copyright),
		Borrower: views.Library(r.BorrowerLibraryID, view.Names), SubmittedAt: views.UTC(r.SubmittedAt),
		SubmittedBy: views.Actor(submittedBy, forPatron), Deadline: deadlineView(r, view.Deadline), Flags: flagsView(r),
		PickUpBy: r.PickUpBy, PatronDueOn: r.PatronDueOn, LenderDueOn: r.LenderDueOn, Renewals: r.Renewals,
		Fulfilment: gen.RequestFulfilment(views.OrZero(r.Fulfilment)), ExternalNumber: views.OrZero(r.ExternalNumber),
		BorrowerRequestID: views.OrZero(r.BorrowerRequestID), BorrowerNote: r.BorrowerNote, ItemID: r.ItemID,
		CancelReason: views.OrZero(r.CancelReason), PreviousState: views.OrZero(r.PreviousState),
		ClosedAt: views.UTC(r.ClosedAt), ClosedReason: views.OrZero(r.ClosedReason),
		AvailableActions: actionViews(view.Actions), Items: []gen.RequestItem{}, Tasks: []gen.Task{},
		ExpectedWait: waitView(view.Wait), MisplacedOn: r.MisplacedOn, LenderRenewals: r.LenderRenewals,
	}
	if fine := r.LenderFine(); fine != nil {
		out.LenderFine, out.LenderFineMost = fine.Rate, views.OrZero(fine.Cap)
	}
	if r.MaxCostMinor != nil {
		out.MaxCost = r.Money(*r.MaxCostMinor)
	}
	if r.OfferedCostMinor != nil {
		out.OfferedCost = r.Money(*r.OfferedCostMinor)
	}
	if r.Side == workflow.SideBorrowing {
		out.ApprovedCost = r.Money(r.ApprovedCostMinor)
	}
	for _, volume := range view.Volumes {
		out.Items = append(out.Items, gen.RequestItem{
			ID: volume.ID, Volume: volume.Label, Barcode: views.OrZero(volume.Barcode), Custody: gen.Custody(volume.Custody),
			ItemID: volume.ItemID, ReceivedAt: views.UTC(volume.ReceivedAt), Condition: volume.Condition,
			ReturnedAt: views.UTC(volume.ReturnedAt),
		})
	}
	if r.Side != workflow.SideLending {
		out.Rota, out.Lender = rotaView(view, forPatron)
	}
	if !forPatron {
		out.Tasks = taskViews(view.Tasks)
		out.LateParcels = lateViews(view)
	}
	return out
}

func lateViews(view requests.View) (shown []gen.LateParcel) {
	for _, parcel := range view.Late {
		shown = append(shown, gen.LateParcel{
			ID: parcel.ID, Lender: views.Library(parcel.LenderID, view.Names), Volume: parcel.Volume, Barcode: parcel.Barcode,
			AnnouncedAt: views.UTC(parcel.AnnouncedAt), ArrivedAt: views.UTC(parcel.ArrivedAt),
			SentAt: views.UTC(parcel.SentAt), HomeAt: views.UTC(parcel.HomeAt),
		})
	}
	return shown
}

func actionViews(actions []workflow.Action) []gen.AvailableAction {
	shown := make([]gen.AvailableAction, 0, len(actions))
	for _, action := range actions {
		view := gen.AvailableAction{
			Name: string(action.Name), Label: action.Label, AtDesk: action.AtDesk,
			Form: []gen.FormField{}, Undo: undoText(action.Undo), First: action.First, Theirs: action.Theirs,
		}
		for _, field := range action.Form {
			view.Form = append(view.Form, gen.FormField{
				Name: field.Name, Type: gen.FormFieldType(field.Type),
				Label: field.Label, Required: field.Required, Choices: field.Choices,
			})
		}
		shown = append(shown, view)
	}
	return shown
}

func undoText(undo workflow.Undo) string {
	switch undo.Kind {
	case workflow.UndoUntilSent:
		return "until_sent"
	case workflow.UndoBy:
		return "by " + string(undo.Event)
	case workflow.UndoNever:
	}
	return "never"
}

// rotaView sorts the lenders into tried, now, next and passed over, and names
// the lender the request depends on.
func rotaView(view requests.View, forPatron bool) (gen.Rota, gen.LibraryRef) {
	rota := gen.Rota{Tried: []gen.RotaEntry{}, Next: []gen.RotaEntry{}, PassedOver: []gen.RotaEntry{}}
	var lender gen.LibraryRef
	for _, entry := range view.Rota {
		shown := entryView(entry, view.Names, forPatron)
		if view.Request.RotaEntryID != broker.NoID && view.Request.RotaEntryID == entry.ID {
			lender = shown.Lender
		}
		switch {
		case entry.Active:
			rota.Now = shown
		case entry.Status == engine.EntryNext:
			rota.Next = append(rota.Next, shown)
		case entry.Status == engine.EntryPassed:
			rota.PassedOver = append(rota.PassedOver, shown)
		default:
			rota.Tried = append(rota.Tried, shown)
		}
	}
	if forPatron {
		rota.Next, rota.PassedOver = []gen.RotaEntry{}, []gen.RotaEntry{}
	}
	return rota, lender
}

func entryView(entry *engine.RotaEntry, names map[broker.ID]requests.Name, forPatron bool) gen.RotaEntry {
	view := gen.RotaEntry{
		ID: entry.ID, Position: entry.Position, Lender: views.Library(entry.LenderID, names), Tier: entry.Tier, TierName: entry.TierName,
		Fulfilment: gen.RotaEntryFulfilment(entry.Fulfilment), Status: string(entry.Status), Why: []broker.Reason{},
		PatronCost:    broker.Money{Minor: entry.PatronCostMinor, Currency: entry.Currency},
		DaysToRespond: entry.DaysToRespond, RetryAfter: entry.RetryAfter,
		AskedAt: views.UTC(entry.AskedAt), ConfirmedAt: views.UTC(entry.ConfirmedAt), AnsweredAt: views.UTC(entry.AnsweredAt),
	}
	if forPatron {
		return view
	}
	view.Cost, view.Conditions, view.Answer = entry.Cost(), entry.Conditions, entry.Answer
	if entry.Why != nil {
		view.Why = entry.Why
	}
	return view
}

func taskViews(tasks []tasks.Task) []gen.Task {
	shown := make([]gen.Task, 0, len(tasks))
	for _, task := range tasks {
		view := gen.Task{
			ID: task.ID, RequestID: views.OrZero(task.RequestID), RequestNumber: views.OrZero(task.Number), Kind: task.Kind,
			Detail: task.Detail, Choices: task.Choices, OpenedAt: views.UTC(task.OpenedAt), DueOn: task.DueOn, Facts: views.Object(task.Facts),
		}
		if view.Choices == nil {
			view.Choices = []string{}
		}
		shown = append(shown, view)
	}
	return shown
}

// eventView is one line of the timeline. What came with it may hold what staff
// wrote, so patrons see the line alone.
func eventView(line requests.EventLine, forPatron bool) gen.Event {
	view := gen.Event{
		ID: line.ID, Version: line.Version, Event: string(line.Event), Label: line.Label(),
		FromState: string(line.FromState), ToState: string(line.ToState), Actor: views.Actor(line.Actor, forPatron), At: views.UTC(line.At),
	}
	if !forPatron {
		view.Cause, view.Data = views.Object(line.Cause), views.Object(line.Data)
	}
	return view
}

func messageView(line messages.Logged, names map[broker.ID]requests.Name) gen.Message {
	view := gen.Message{
		ID: line.ID, Direction: gen.MessageDirection(line.Direction), Peer: views.Library(line.Peer, names),
		Kind: line.Kind, Status: gen.MessageStatus(line.Status), Tries: line.Tries, NextTryAt: views.UTCOrZero(line.NextTryAt),
		LastError: line.LastError, Payload: views.Object(line.Payload), Answer: views.Object(line.Answer), Raw: views.OrZero(line.Raw),
		CreatedAt: views.UTC(line.CreatedAt), DoneAt: views.UTCOrZero(line.DoneAt),
	}
	if view.Payload == nil {
		view.Payload = map[string]any{}
	}
	return view
}

func noteView(note requests.Note, forPatron bool) gen.Note {
	return gen.Note{
		ID: note.ID, Audience: gen.NoteAudience(note.Audience), Text: note.Text,
		Actor: views.Actor(note.Actor, forPatron), At: views.UTC(note.At),
	}
}
