package rest

import (
	"context"
	"strings"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/postgres"
)

// call is what a handler knows about the call it answers.
type call struct {
	// id names the call in the log and in problems.
	id        string
	operation string
	principal access.Principal
	// address is the caller's network address; kept out of every log.
	address string
	// key is the Idempotency-Key, or "".
	key string
	// route is method and path with ids, for the key.
	route    string
	bodyHash []byte
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callOf gives the call; every handler runs inside one.
func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	if c == nil {
		return &call{}
	}
	return c
}

// scope is the rows the caller's transactions may see.
func (c *call) scope() postgres.Scope { return postgres.ForLibraries(c.principal.Library) }

func (c *call) library() broker.ID { return c.principal.Library }

func (c *call) isPatron() bool { return c.principal.Kind == access.KindPatron }

// own narrows to the caller's own rows: a patron's id, or NoID for staff.
func (c *call) own() broker.ID {
	if c.isPatron() {
		return c.principal.ID
	}
	return broker.NoID
}

// bearer reads the token of an Authorization header; the scheme's letter case
// does not count.
func bearer(header string) (string, bool) {
	scheme, token, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}
