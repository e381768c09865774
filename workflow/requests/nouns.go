package requests

import (
	"afield/workflow/requests/engine"
	"afield/workflow/requests/items"
)

// The engine's words, as callers of the use cases know them.
type (
	// Request is one row of requests, on any side.
	Request = engine.Request
	// RotaEntry is one lender of a request's rota.
	RotaEntry = engine.RotaEntry
	// Firing is one event to be fired at one request.
	Firing = engine.Firing
	// Fired is what became of a firing.
	Fired = engine.Fired
	// Move is one row of the table taken.
	Move = engine.Move
	// Cause is what brought an event.
	Cause = engine.Cause
)

// The statuses of a rota entry that others look at.
const (
	EntryNext   = engine.EntryNext
	EntryPassed = engine.EntryPassed
)

// CopyGiven is the event of a request whose hold was given a copy.
var CopyGiven = items.CopyGiven
