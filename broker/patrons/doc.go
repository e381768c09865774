// Package patrons keeps those who borrow: patrons, their cards, who answers for whom,
// and the blocks put on them. A borrowing library is a patron too, an
// institutional one. It owns the tables patrons, cards, blocks, households,
// patron_links, proxies, overrides and disclosures.
//
// It gathers the facts about a patron that policies read (Standing), with every
// account linked to theirs, and leaves decisions to broker/policy: who may
// have a card and what it costs (Register, RenewCard, ReplaceCard), what is given
// back (SurrenderCard), who may be told anything (AskDisclosure), which account
// may go (Purge). The one rule it carries out itself is a block that latches: put
// when a policy's threshold is crossed, lifted when its way out is reached.
// Latch does both from a standing; standing.UpdateLatch works that out up to
// today, and is called after every posting.
//
// What is open on an account (loans, holds, requests) belongs to other packages; only
// the count of it is passed in. Merging two accounts, and forgetting one everywhere, is
// therefore done by workflow/desk.
//
// Names, numbers and phones stay in these rows: they go into no job and no log.
//
//	patron, card, err := patrons.ByCard(ctx, tx, library.SharingGroup, "21234000123456")
//	standing, err := patrons.StandingOf(ctx, tx, library, patron.Ref())
//	decision := lending.MayCheckOut(document, moment, lending.Checkout{Patron: standing.Facts(today), …})
package patrons
