// Package patrons keeps who borrows: patrons, their cards, and the blocks put
// on them. A borrowing library is a patron too, an institutional one. It owns
// the tables patrons, cards and blocks.
//
// It gathers the facts about a patron that policies read (Standing) and leaves
// the deciding to broker/policy. The one rule it carries out itself is a block
// that latches: put when a policy's threshold is crossed, lifted when its way
// out is reached. UpdateLatch does both, and is called after every posting.
//
// Names, numbers and phones stay in these rows: they go into no job and no log.
//
//	patron, card, err := patrons.ByCard(ctx, tx, library.SharingGroup, "21234000123456")
//	standing, err := patrons.StandingOf(ctx, tx, library, patron.Ref(), now)
package patrons
