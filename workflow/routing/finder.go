package routing

import (
	"cmp"
	"context"
	"slices"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow/requests/lookup"
)

// Finder gathers the facts that Rank needs.
type Finder struct {
	// Lenders keeps what the directory says of libraries.
	Lenders *directory.Cache
	// Live names the protocols by which holdings can be looked up.
	Live []string
}

// NewQuery starts a query with what the directory says of the borrower: the
// library, its groups and its tiers. The caller adds what is asked, and the
// policy (FollowPolicy).
func (f *Finder) NewQuery(ctx context.Context, tx *postgres.Tx, borrower broker.ID) (Query, error) {
	lenders, err := f.Lenders.Lenders(ctx, tx, []broker.ID{borrower})
	if err != nil {
		return Query{}, err
	}
	known, found := lenders[borrower]
	if !found {
		return Query{}, broker.NotFound("library")
	}
	tiers, err := directory.Tiers(ctx, tx, borrower)
	if err != nil {
		return Query{}, err
	}
	return Query{Borrower: known.Library, BorrowerGroups: known.Groups, Tiers: tiers}, nil
}

// FindCandidates finds the libraries that may have a title, with all facts for
// ranking: copies of members, stored holdings of partners, and what live
// look-ups said (nil for none made). NoID stands for a title that nobody has
// catalogued: then only live answers count.
//
// It widens the transaction to the members within reach, to count their copies;
// what is read afterwards in the same transaction must name its library.
func (f *Finder) FindCandidates(ctx context.Context, tx *postgres.Tx, query Query, title broker.ID, live map[broker.ID]Live) ([]Candidate, error) {
	holders, err := f.holders(ctx, tx, query, title)
	if err != nil {
		return nil, err
	}
	byLibrary := make(map[broker.ID]*catalog.Holder, len(holders))
	ids := make([]broker.ID, 0, len(holders)+len(live))
	for i := range holders {
		byLibrary[holders[i].Library] = &holders[i]
		ids = append(ids, holders[i].Library)
	}
	for library := range live {
		if byLibrary[library] == nil {
			ids = append(ids, library)
		}
	}
	lenders, err := f.Lenders.Lenders(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	records, err := records(ctx, tx, ids, query.Borrower.ID, query.Now)
	if err != nil {
		return nil, err
	}
	candidates := make([]Candidate, 0, len(ids))
	for _, id := range ids {
		lender, known := lenders[id]
		if !known {
			continue
		}
		candidate := Candidate{Lender: *lender, Holder: byLibrary[id], Figures: records[id].Figures, Balance: records[id].Balance}
		if said, asked := live[id]; asked {
			candidate.Live = &said
		}
		candidates = append(candidates, candidate)
	}
	return candidates, nil
}

func (f *Finder) holders(ctx context.Context, tx *postgres.Tx, query Query, title broker.ID) ([]catalog.Holder, error) {
	if title == broker.NoID {
		return nil, nil
	}
	members, err := directory.Members(ctx, tx)
	if err != nil {
		return nil, err
	}
	lenders, err := f.Lenders.Lenders(ctx, tx, members)
	if err != nil {
		return nil, err
	}
	members = slices.DeleteFunc(members, func(id broker.ID) bool {
		lender := lenders[id]
		return lender == nil || (id != query.Borrower.ID && !reached(query, lender))
	})
	visible := tx.Libraries()
	if unseen := slices.DeleteFunc(slices.Clone(members), func(id broker.ID) bool { return slices.Contains(visible, id) }); len(unseen) > 0 {
		tx.Widen(unseen...)
	}
	editions, err := catalog.Editions(ctx, tx, title, query.AnyEdition)
	if err != nil {
		return nil, err
	}
	promised, err := lookup.Promised(ctx, tx, editions, members)
	if err != nil {
		return nil, err
	}
	return catalog.HoldersOfAny(ctx, tx, editions, members, promised)
}

func reached(query Query, lender *directory.Lender) bool {
	_, inTier := tierOf(query, query.Tiers, &Candidate{Lender: *lender})
	return inTier
}

// MostLive is how many partners one request asks live.
const MostLive = 40

// LivePeers lists the libraries worth asking live what they have, nearest tier
// first and then by distance: partners that answer it, and libraries of any kind
// whose catalogue can be searched; those in reach that are active, not paused and
// not asked for this request already. What a hold reaches stands in the shared
// catalogue itself.
func (f *Finder) LivePeers(ctx context.Context, tx *postgres.Tx, vault *directory.Vault, query Query) ([]connectors.Peer, error) {
	partners, err := directory.SentTo(ctx, tx, f.Live...)
	if err != nil {
		return nil, err
	}
	searched, err := directory.Searched(ctx, tx)
	if err != nil {
		return nil, err
	}
	lenders, err := f.Lenders.Lenders(ctx, tx, append(partners, searched...))
	if err != nil {
		return nil, err
	}
	worth := worthAsking(query, lenders)
	if len(worth) == 0 {
		return nil, nil
	}
	peers, err := directory.LoadPeers(ctx, tx, vault, worth)
	if err != nil {
		return nil, err
	}
	targets, err := directory.Targets(ctx, tx, vault, worth)
	if err != nil {
		return nil, err
	}
	found := make([]connectors.Peer, 0, len(worth))
	for _, id := range worth {
		if peer, known := peers[id]; known && !peer.Paused {
			one := PeerOf(peer)
			if target, searched := targets[id]; searched {
				one.Target = TargetOf(target)
			}
			found = append(found, one)
		}
	}
	return found, nil
}

func worthAsking(query Query, lenders map[broker.ID]*directory.Lender) []broker.ID {
	type neighbour struct {
		library    broker.ID
		tier       int
		kilometres float64
	}
	var near []neighbour
	for id, lender := range lenders {
		tier, inTier := tierOf(query, query.Tiers, &Candidate{Lender: *lender})
		_, asked := query.Asked[id]
		if !inTier || asked || tier.Fulfilment == directory.FulfilHold || tier.Position < query.FromTier || lender.Status != directory.StatusActive ||
			(query.MayAsk != nil && len(query.MayAsk(lender.Library)) > 0) {
			continue
		}
		kilometres, known := directory.Kilometres(query.Borrower, lender.Library)
		if !known {
			kilometres = 1e6
		}
		near = append(near, neighbour{id, tier.Position, kilometres})
	}
	slices.SortFunc(near, func(a, b neighbour) int {
		return cmp.Or(cmp.Compare(a.tier, b.tier), cmp.Compare(a.kilometres, b.kilometres), compareIDs(a.library, b.library))
	})
	ids := make([]broker.ID, 0, MostLive)
	for _, peer := range near[:min(len(near), MostLive)] {
		ids = append(ids, peer.library)
	}
	return ids
}

// TargetOf turns where a catalogue is searched into a target for the connectors.
func TargetOf(target directory.Target) *connectors.Target {
	return &connectors.Target{
		URL: target.URL, System: target.System, Version: target.Version, Schema: target.Schema, Holdings: target.Holdings, Indexes: target.Indexes,
		Owner: target.Owner, Account: target.Account, Password: string(target.Password), AllowPrivateAddress: target.AllowPrivateAddress,
	}
}

// PeerOf turns a library of the directory into a peer for the connectors.
func PeerOf(peer directory.Peer) connectors.Peer {
	return connectors.Peer{
		Library: peer.Library, Symbol: peer.Symbol, Protocol: string(peer.Protocol), BaseURL: peer.BaseURL,
		OutboundSecret: peer.OutboundSecret, InboundSecret: peer.InboundSecret,
		AllowPrivateAddress: peer.AllowPrivateAddress, Timeout: peer.Timeout, Edition: peer.Edition, Dialect: peer.Dialect, Account: peer.Account,
	}
}
