// Package notices keeps what to tell whom, and by which channel. It owns the
// table notices.
//
// A phone notice is a row of the call list: a person calls, and records what
// came of it. A notice is made once for each cause, so whoever is unsure may
// make it again. What a call list says never contains a title: whoever answers
// the telephone need not be the patron.
//
// It sends nothing itself, and it does not know why a notice is due.
//
//	notice := notices.Make(tx, patron, notices.Message{Kind: notices.Arrived, Channels: wanted, Cause: "arrived:" + hold.String(), …}, now)
//	calls, err := notices.CallList(ctx, tx, library, notices.Page{Limit: 50}, now)
//	result, err := notices.Record(ctx, tx, library, calls[0].ID, notices.NoAnswer, actor, now)
package notices
