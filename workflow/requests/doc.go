// Package requests holds the use cases of a request: submit, preview, act on it,
// receive a message about it, read it, and work off what has fallen due.
//
// The path of a request, in four calls: Submit stores it and fires its checks;
// the engine asks the table what is next and carries out the row's effects; the
// effect ask_lender puts a message into the outbox; Receive turns the lender's
// answer into the next event and fires that.
//
//	one transaction:  state + event + deadlines + messages + jobs + notices + charges
//	never inside it:  a network call
//
// Whatever waits for nobody happens in that one transaction.
//
// The rooms below:
//
//	engine    moves a request; the only writer of its state
//	guards    the conditions the tables name
//	checks    what the rules say of a request somebody wants to make
//	rota      effects: whom to ask, and how each lender's part ended
//	items     effects: the copy, its hold, its loan, its due date
//	money     effects: the patron's charges, the borrowing library's
//	dialogue  effects: what is said to the library at the other end
//	people    effects: notices to the patron, tasks for staff
//	flags     effects: what is noted on the request itself
//	undo      taking the last act back
//	tasks     what staff must decide or do
//	lookup    which request something in hand is for
package requests
