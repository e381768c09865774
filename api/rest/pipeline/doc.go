// Package pipeline is what every call of the API passes before its handler and
// after it. A handler decodes, calls one use case and encodes; everything that
// is the same for all is here.
//
// A call passes, in this order: its number in the log, size and time limits,
// sign-in, who may call what (x-callers and x-roles in ../../openapi.yaml), and
// the check of every parameter and field against the contract. Whatever goes
// wrong becomes one problem in api/problem.
//
// Handlers reach the database only through Read and Once, which open the
// transaction and hand over a Turn: the caller and what they may see. Once takes
// the Idempotency-Key too, lets the use case work and remembers the ids of what
// it made; Act reads the answer back from those ids, the first time and every
// time after.
//
//	view, err := pipeline.Act(ctx, h.Base, http.StatusOK, effect, h.show)
//	return gen.RecallLoan200JSONResponse(view), err
//
// Every handler ends like that: where there is an error, the answer is
// ignored.
package pipeline
