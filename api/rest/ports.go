package rest

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// Requests is what the API needs of workflow/requests; *requests.Service is one.
type Requests interface {
	Submit(context.Context, *postgres.Tx, time.Time, broker.Actor, requests.Submission) (*requests.Request, error)
	Preview(context.Context, *postgres.Tx, time.Time, broker.Actor, requests.Submission) (requests.Outlook, error)
	Receive(context.Context, *postgres.Tx, time.Time, requests.Incoming) (messages.Answer, error)
	Look(context.Context, *postgres.Tx, time.Time, requests.Viewer, broker.ID, ...workflow.Side) (requests.View, error)
	List(context.Context, *postgres.Tx, requests.Viewer, requests.Filter, broker.ID, int) ([]requests.Summary, map[broker.ID]requests.Name, error)
	WriteNote(context.Context, *postgres.Tx, time.Time, requests.Viewer, broker.ID, requests.Note) (broker.ID, error)
}

// Desk is what the API needs of workflow/desk; *desk.Service is one.
type Desk interface {
	Act(context.Context, *postgres.Tx, desk.At, requests.Act) (requests.Fired, error)
	Scan(context.Context, *postgres.Tx, desk.At, desk.Scan) (desk.Done, error)
	CheckOut(context.Context, *postgres.Tx, desk.At, desk.CheckOut) (desk.Done, error)
	Renew(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID, overrides []string) (done desk.Done, pending bool, err error)
	TakeBack(ctx context.Context, tx *postgres.Tx, at desk.At, in desk.TakeBack) (desk.Done, error)
	PlaceHold(context.Context, *postgres.Tx, desk.At, desk.PlaceHold) (desk.Done, error)
	CancelHold(context.Context, *postgres.Tx, desk.At, circulation.HoldRef) (desk.Done, error)
	NotFound(context.Context, *postgres.Tx, desk.At, circulation.HoldRef, circulation.ItemRef) (desk.Done, error)
	NoCopy(context.Context, *postgres.Tx, desk.At, circulation.HoldRef) (desk.Done, error)
	Close(ctx context.Context, tx *postgres.Tx, at desk.At, closure directory.Closure, dryRun bool) (desk.Closed, error)
	Reopen(ctx context.Context, tx *postgres.Tx, at desk.At, closure broker.ID) (directory.Closure, circulation.Reversed, error)
	AdjustDueDates(context.Context, *postgres.Tx, desk.At, circulation.AdjustDueDates) (circulation.Moved, error)
	ReverseAdjustment(ctx context.Context, tx *postgres.Tx, at desk.At, adjustment broker.ID, reason string, dryRun bool) (circulation.Reversed, error)
}
