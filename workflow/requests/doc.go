// Package requests is where a request's state changes. Fire is the only writer
// of it; everything else here decides what to fire.
//
// The path of a request, in four calls: Submit stores it and fires its checks;
// Fire asks the table what is next and runs the row's effects; the effect
// ask_lender puts a message into the outbox; Receive turns the lender's answer
// into the next event and fires that.
//
//	one transaction:  state + event + deadlines + messages + jobs + notices + charges
//	never inside it:  a network call
//
// Steps that wait for nobody happen in one transaction ("run to quiescence").
// Guards and effects are named in package workflow and bound here in
// bindings.go; New fails when a name is not bound.
package requests
