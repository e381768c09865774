package people

import (
	"context"
	"fmt"
	"slices"

	"afield/broker"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy/ill"
	"afield/broker/policy/telling"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// Effects lists the effects of this package by name.
func Effects() engine.Effects {
	return engine.Effects{
		workflow.DoTellArrived:    Tell(notices.Arrived),
		workflow.DoTellCost:       Tell(notices.CostApproval),
		workflow.DoTellUnfilled:   Tell(notices.Unfilled),
		workflow.DoTellCancelled:  Tell(notices.Cancelled),
		workflow.DoTellExpired:    Tell(notices.Expired),
		workflow.DoTellNotShelf:   Tell(notices.Expired),
		workflow.DoTellOverdue:    Tell(notices.Overdue),
		workflow.DoTellLost:       Tell(notices.Lost),
		workflow.DoTellRecalled:   Tell(notices.Recalled),
		workflow.DoTellRenewed:    Tell(notices.RenewalGranted),
		workflow.DoTellNotRenewed: Tell(notices.RenewalRefused),
		workflow.DoTellDueChanged: TellDueChanged,
		workflow.DoDropNotices:    DropNotices,
		workflow.DoOpenTask:       OpenTask,
		workflow.DoCloseTasks:     CloseTasks,
	}
}

// aboutTheLoan are the notices for whoever has the item, who may be another
// patron than the one who asked; the others are for the patron who asked.
var aboutTheLoan = []notices.Kind{
	notices.Overdue, notices.Lost, notices.Recalled, notices.RenewalGranted, notices.RenewalRefused, notices.DueChanged,
}

// Tell makes an effect that gives the patron concerned one kind of notice.
func Tell(kind notices.Kind) engine.Effect {
	return func(ctx context.Context, c *engine.Case) (engine.Wants, error) {
		whom := c.Patron()
		if slices.Contains(aboutTheLoan, kind) {
			whom = c.Holder()
		}
		if whom.ID == broker.NoID {
			return nil, nil
		}
		c.Tx.Widen(whom.Library)
		patron, err := patrons.ByID(ctx, c.Tx, whom)
		if err != nil {
			return nil, err
		}
		message := notices.Message{
			Kind: kind, Request: c.Request.ID, Cause: fmt.Sprintf("%s:%s:%d", kind, c.Request.ID, c.Request.Version),
			Facts: noticeFacts(c, kind),
		}
		if kind == notices.Arrived {
			for _, channel := range telling.ArrivalNotice(c.Policy, c.Asked()).Value {
				message.Channels = append(message.Channels, notices.Channel(channel))
			}
		}
		return engine.Wants{engine.Notify{Patron: patron, Message: message}}, nil
	}
}

func noticeFacts(c *engine.Case, kind notices.Kind) notices.Facts {
	facts := notices.Facts{
		Title: c.Request.Citation.Named(), Number: c.Request.Number, SayTitle: telling.TitlesOnVoicemail(c.Policy).Value,
	}
	switch kind {
	case notices.Arrived, notices.ShelfExpiring:
		facts.PickUpBy = c.Request.PickUpBy
	case notices.CostApproval:
		if entry := c.Active(); entry != nil {
			amount := c.Consent(entry).PatronPays
			facts.Amount = &amount
		}
		facts.AnswerBy = broker.DateIn(ill.DeadlineAt(c.Policy, c.Moment(), ill.DeadlineApproval), c.Library.Zone)
	case notices.Overdue, notices.Recalled, notices.RenewalGranted, notices.RenewalRefused, notices.DueChanged, notices.Lost:
		facts.DueOn = c.Request.PatronDueOn
	case notices.Unfilled, notices.Cancelled, notices.Expired:
		facts.Reason = c.Row.Label
	}
	return facts
}

// TellDueChanged tells the patron of a new due date, where there is one, in place
// of what was about to be said of the old one.
func TellDueChanged(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	if !c.DueMoved {
		return nil, nil
	}
	notices.WithdrawForRequest(c.Tx, c.Request.LibraryID, c.Request.ID, c.Now, notices.DueChanged, notices.DueSoon)
	return Tell(notices.DueChanged)(ctx, c)
}

// DropNotices withdraws what was not given to the patron yet.
func DropNotices(context.Context, *engine.Case) (engine.Wants, error) {
	return engine.Wants{engine.DropNotices{}}, nil
}

// OpenTask puts the event before staff, with the actions that settle it.
func OpenTask(_ context.Context, c *engine.Case) (engine.Wants, error) {
	return engine.Wants{engine.OpenTask{Kind: string(c.Firing.Event), Detail: c.Row.Label}}, nil
}

// CloseTasks ends what the event settles: everything that waited for the request
// to move on.
func CloseTasks(context.Context, *engine.Case) (engine.Wants, error) {
	return engine.Wants{engine.CloseTasks{}}, nil
}
