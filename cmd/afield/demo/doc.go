// Package demo is a small world to look at: five libraries with their real
// rules, their neighbours, systems and networks, and lenders elsewhere that
// misbehave, each a real HTTP server. On it, stories are played through the
// real API, jobs and messages, on a clock that starts in the past and ends
// today, and every story is checked to the day and to the cent.
//
//	report, err := demo.Run(ctx, demo.Config{DB: db, Secret: secret, Out: os.Stdout})
//
// The package only drives and observes; it decides nothing about requests. It
// writes to the database only what an import would write (Load), and reads it
// directly only to know how far the clock may jump. The libraries' names are
// real, their patrons are roles; the lenders called Demonstration Library do
// not exist.
package demo
