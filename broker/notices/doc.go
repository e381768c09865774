// Package notices keeps what to tell which patron, in which words and by which channel.
// It owns the tables notices and notice_templates.
//
// A notice is made once for each cause, so a caller who is unsure may make it again. It
// carries the channels that reach the patron in the order they are tried: the
// policy's, then the patron's wish, writing and calling, and finally the
// account, where it is shown in any case.
//
// A phone notice is a row of the call list: a person calls, and records what came
// of it. E-mail, text messages and voice are sent by a program, which claims them
// (Claim), calls an outside service and records the outcome (RecordSent,
// RecordTrouble); the id stays the same, so that a second try can be recognised.
// What fails for about a day, or for good, goes on to the next channel. A channel
// that is not set up here keeps its notices for a day, visibly, and then passes on
// those that can be told otherwise (NotSetUp). Letters are printed together
// (LettersToPrint, MarkPrinted).
//
// Overdue notices and reminders are made in slices (OverdueSlice, DueSoonSlice) by
// the policy's stages: a threshold crossed with no notice sent yet, so nights that
// were missed are caught up, once. To leave out what was sent already, these two read
// open loans, their items and claims in one statement; they write none of them. A
// reminder whose loan is back or renewed meanwhile is withdrawn before it is sent,
// called or printed.
//
// Texts are templates in data files, one a language, and a library may write its
// own (SaveTemplate, Preview). What is heard or read where others are about never
// contains a title, an amount or a reason: whoever answers the telephone may not
// be the patron.
//
// It sends nothing itself, and it does not know why a notice is due.
//
//	notice := notices.Make(tx, patron, notices.Message{Kind: notices.Arrived, Channels: wanted, Cause: "arrived:" + hold.String(), …}, now)
//	calls, err := notices.CallList(ctx, tx, library, document, broker.Page{Limit: 50}, now)
//	result, err := notices.Record(ctx, tx, library, document, calls[0].ID, notices.NoAnswer, actor, now)
package notices
