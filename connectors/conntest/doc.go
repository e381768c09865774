// Package conntest is a partner library that misbehaves: a real HTTP server
// that lends over the partner REST, or ISO 18626, and can be slow, silent, lying, broken or
// dead whenever it is told to. The demo and the tests use it.
// Only cmd and tests may import it; it shares nothing with Afield but the wire.
//
// What it does is data. A Plan says which answers follow a message of each
// kind, and which Troubles befall the exchanges:
//
//	partner, err := conntest.NewPartner(conntest.Options{
//		Symbol:      broker.NewSymbol("ISIL", "US-EXAMPLE"),
//		CallbackURL: server.URL + "/v1/partner/messages",
//		Plans: []conntest.Plan{
//			conntest.Refuses(connectors.ReasonOnLoan).For("Moby"),
//			conntest.Lends(28, nil).WithTrouble(connectors.KindRequest, conntest.Trouble{Fault: conntest.LostAnswer}),
//		},
//		Now: clock.Now,
//	})
//	…
//	err = partner.Settle(ctx) // its answers have arrived at Afield
//
// Two clocks: Now is business time and dates what the partner says and does;
// signatures and delays go by the wall clock.
//
// The folder suite holds the conformance suite that every connector passes.
package conntest
