// Package rest answers the REST contract of ../openapi.yaml: each handler
// decodes, calls one use case and encodes. It may hold no rule about requests
// or loans and no SQL.
//
// A call passes, in this order: size and time limits, sign-in, the table of who
// may call what (roles.go), the check of every parameter and field against the
// contract (validate.go), the handler. Whatever goes wrong becomes one problem
// in api/problem.
//
// Every POST that changes something runs through once, which opens the
// transaction, takes the Idempotency-Key, lets the use case work in it and
// remembers the ids of what was made; the answer is then read back from those
// ids, the first time and every time after.
//
//	e := rest.New(rest.Deps{DB: db, Access: access, …})
//	err := http.ListenAndServe("127.0.0.1:8080", e)
package rest
