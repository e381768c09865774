package rest

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// Requests is what the API needs of workflow/requests; *requests.Service is one.
type Requests interface {
	Submit(context.Context, *postgres.Tx, time.Time, broker.Actor, requests.Submission) (*requests.Request, error)
	Preview(context.Context, *postgres.Tx, time.Time, broker.Actor, requests.Submission) (requests.Outlook, error)
	Act(context.Context, *postgres.Tx, time.Time, broker.Actor, requests.Act) (requests.Fired, error)
	Receive(context.Context, *postgres.Tx, time.Time, requests.Incoming) (messages.Answer, error)
	Look(context.Context, *postgres.Tx, time.Time, requests.Viewer, broker.ID, ...workflow.Side) (requests.View, error)
	List(context.Context, *postgres.Tx, requests.Viewer, requests.Filter, broker.ID, int) ([]requests.Summary, map[broker.ID]requests.Name, error)
	WriteNote(context.Context, *postgres.Tx, time.Time, requests.Viewer, broker.ID, requests.Note) (broker.ID, error)
}

// Policies gives the policy document that rules a library.
type Policies func(directory.Library) (*policy.Document, error)

// Of gives a library's policy document.
func (p Policies) Of(library directory.Library) (*policy.Document, error) { return p(library) }
