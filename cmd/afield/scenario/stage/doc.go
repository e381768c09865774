// Package stage is where a scenario plays: a database with the use cases over
// it, a post that carries messages without a network, and the libraries,
// patrons, items, loans and holds that a scenario gives, brought about through
// the real use cases. It does no steps and checks no expectations.
//
//	on, err := stage.New(db)
//	play := on.Open(ctx, scenario)
//	defer play.Close()
//	err = play.Set()
package stage
