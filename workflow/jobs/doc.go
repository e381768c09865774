// Package jobs is the River side of the workflow: the client, the arguments of
// jobs (ids only) and thin workers that each call one use case.
//
// A job exists only where something outside must be called or time must pass.
// Handing messages over runs in one queue for all members and one for each
// library outside, so a dead one slows nobody else. Notices have a queue for each
// channel and one job for each library in it, however many notices wait. Both
// follow the rules of broker/outbox. Nothing that waits for business time is a
// River schedule: the sweep, every ten seconds, looks at rows (deadlines, what is
// to go out) and works off what is due.
//
// Every worker may run twice: claims and unique ids make the second run do
// nothing.
package jobs
