package pipeline

import (
	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/live"
	"afield/broker/policy/published"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/connectors"
	"afield/workflow/background"
	"afield/workflow/desk"
	"afield/workflow/requests"
)

// Base is what the handlers of every theme share.
type Base struct {
	DB     *postgres.DB
	Access *access.Service
	// Clock is business time.
	Clock broker.Clock
	// Requests moves requests; Desk does what happens at the desk.
	Requests *requests.Service
	Desk     *desk.Service
	// Background shows the job queue.
	Background *background.Service
	// Live tells what has just changed.
	Live *live.Hub
	// Links are those by which lenders without a system answer.
	Links connectors.LinkKey
	// Policies gives libraries' policy documents.
	Policies standing.Policies
	// Published knows what libraries published; it is refreshed after a publish.
	Published *published.Source
	// Vault opens partners' secrets; Protocols are those that partners may speak.
	Vault     *directory.Vault
	Protocols []string
	// Reset lets a library's system be called at once that was left alone for a while.
	Reset func(broker.ID)

	cursors cursors
	// dear is passed by what takes much memory and time.
	dear gate
}

// NewBase completes a base with the key that signs cursors, 16 bytes or more.
func NewBase(base Base, cursorKey []byte) *Base {
	base.cursors, base.dear = cursors{cursorKey}, newGate()
	return &base
}
