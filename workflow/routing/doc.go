// Package routing finds who could lend what a request asks for, tier by tier,
// and in what order to ask them, with the reason for every choice.
//
// Rank is pure: facts in, a rota out, the same for any order of the facts. The
// look-ups beside it gather the facts: FindCandidates in a transaction,
// LiveAvailability over the network between transactions. It changes no
// request: workflow/requests stores the rota and asks the lenders.
//
//	peers, err := finder.LivePeers(ctx, tx, vault, query)   // in one transaction
//	live := routing.LiveAvailability(ctx, asker, peers, citation, routing.UsualLimits()) // outside
//	candidates, err := finder.FindCandidates(ctx, tx, query, title, live) // in the next
//	rota := routing.Rank(query, candidates)
//	first := rota.Entries[0] // first.Why says why it is first
//
// It keeps the figures by which lenders are ranked (NoteAsked and its
// neighbours); they hold no patron data.
package routing
