// Package messages is the outbox, the inbox and the log of every dialogue with
// another library.
//
// An outgoing message exists as a row with a stable id before anything is sent;
// sending it twice therefore does no harm. An incoming message is stored before
// it is acted on, once for each sender and id, so a replay finds the first
// answer. This package only stores messages; what a message means is decided in
// workflow/requests, and the wire belongs to connectors.
//
//	messages.Put(tx, now, messages.Outgoing{Library: ours, Peer: lender, Request: id, Message: m})
//	stored, replay, err := messages.Take(ctx, tx, now, incoming)
package messages
