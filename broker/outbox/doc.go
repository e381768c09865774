// Package outbox holds the rules by which stored rows are sent to somebody
// outside: messages to libraries and notices to patrons follow the same rules.
//
// What goes out is a row of its owner's table. A worker claims it for a while
// (Lease), calls outside between two transactions, and records the outcome.
// A row whose worker died is free again once the lease is over. After a failure
// the row waits, longer each time, and in the end is given up (Retries); what
// that means, and who is told, is for the owner to decide. A receiver that keeps
// failing is left alone for a while by a breaker (connectors.Breakers).
//
// It has no table of its own: owners put its conditions into their own
// statements.
//
//	var outgoing = outbox.Rows{Waiting: "status = 'due'", Due: "due_at"}
//	tx.Query(ctx, `… where `+outgoing.Free("$1", "$2"), now, wall)
//	next := retries.After(trouble, tries, now)
package outbox
