package pipeline

import (
	"context"
	"strings"

	"afield/broker/access"
)

// call is what the pipeline knows about the call it answers.
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

// Address is the caller's network address, for counting tries to sign in.
func Address(ctx context.Context) string { return callOf(ctx).address }

// Caller is who is signed in; the zero value on routes that anyone may call.
func Caller(ctx context.Context) access.Principal { return callOf(ctx).principal }

// bearer reads the token of an Authorization header; the scheme's letter case
// does not count.
func bearer(header string) (string, bool) {
	scheme, token, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}
