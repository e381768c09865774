// Package nightly does, for every member library and once a day, what no person
// asks for: fines grow, long overdue items are declared lost, what nobody picked
// up leaves the hold shelf, notices fall due, and accounts and histories are
// deleted once they may be. It owns the tables nightly_steps and
// nightly_failures.
//
// A night is a library's own date. It is over when each of its steps is. A step
// works in slices, each in a transaction of its own that also records how
// far the step has come, so a night that is broken off goes on where it was and
// two nodes share it without doing anything twice. Every rule has the form
// "a threshold is crossed and it is not done yet": a night that was missed is
// caught up by the next one, once.
//
// A slice that fails is halved until the bad row stands alone. That row is put
// aside (nightly_failures, and a task for staff) and the rest goes on.
//
// A night acts for its library and sees the shared catalogue besides. Only the
// steps that change timelines of requests run under the system role.
//
// What a step does is decided in broker/policy and written by the package that
// owns the rows; this package only goes from one to the next.
//
//	report, err := nights.Run(ctx, library, now, time.Time{}, nil)
package nightly
