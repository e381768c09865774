package consortium

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/policy/published"
	"afield/broker/postgres"
)

// Tables owned here: configuration_changes.

// InForce is how a consortium is set up now, in the words of its file, with the
// ids that the file does not know.
type InForce struct {
	File
	register   policy.Register
	consortium broker.ID
	libraries  map[string]*standing // by symbol
	groups     map[string]broker.ID // by groupKey
	catalogues map[string]broker.ID // by groupKey
	// unnamed are libraries without a symbol, which no file can name.
	unnamed []string
}

// standing is one library as it is in force.
type standing struct {
	directory.Library
	said      Library // as a file would say it
	catalogue string  // the name of its sharing group
	branches  map[string]directory.Branch
	// invited are the staff who have not accepted their invitation.
	invited map[string]bool
	// staff has the account of each staff user, by name.
	staff map[string]broker.ID
	// settled tells that cards or items have numbers in its catalogue; paid, that
	// its accounts hold money.
	settled, paid bool
}

// Nothing is what is in force in an empty database.
func Nothing() *InForce {
	return &InForce{libraries: map[string]*standing{}, groups: map[string]broker.ID{}, catalogues: map[string]broker.ID{}}
}

// lock lets one change of the set-up happen at a time, from reading what is in
// force to writing what will be.
const lock = 4_715_028

// Load reads what is in force: every library that somebody set up, and those that
// only a directory file brought in where a file names one of their symbols. The
// transaction must see all libraries; until it ends nobody else changes anything.
func Load(ctx context.Context, tx *postgres.Tx, doors *access.Service, named File) (*InForce, error) {
	tx.Queue(`select pg_advisory_xact_lock($1)`, lock)
	ids, err := directory.SetUp(ctx, tx)
	if err != nil {
		return nil, err
	}
	known, err := directory.WithSymbols(ctx, tx, named.symbols())
	if err != nil {
		return nil, err
	}
	for _, id := range known {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	read := reading{ids: ids}
	if err := read.all(ctx, tx, doors); err != nil {
		return nil, err
	}
	in := Nothing()
	in.register = read.register
	read.groupsApart()
	in.shared(read)
	for _, id := range ids {
		library, symbols := read.libraries[id], read.symbols[id]
		if len(symbols) == 0 {
			in.unnamed = append(in.unnamed, library.Name)
			continue
		}
		if library.Kind == directory.KindConsortium {
			in.consortium = id
			in.Consortium = &Consortium{Symbols: texts(symbols), Name: library.Name, Place: placeOf(library.Country, library.State), Zone: library.Zone.String(), Currency: library.Currency}
			continue
		}
		one := read.library(id)
		for _, symbol := range one.said.Symbols {
			in.libraries[symbol] = one
		}
		in.Libraries = append(in.Libraries, one.said)
	}
	in.groupsOf(read)
	return in, nil
}

// symbols lists every symbol a file names, readable ones only.
func (f File) symbols() []broker.Symbol {
	var all []broker.Symbol
	add := func(texts []string) {
		for _, text := range texts {
			if symbol, err := broker.ParseSymbol(text); err == nil {
				all = append(all, symbol)
			}
		}
	}
	if f.Consortium != nil {
		add(f.Consortium.Symbols)
	}
	for _, library := range f.Libraries {
		add(library.Symbols)
	}
	for _, group := range f.Groups {
		add(group.Libraries)
	}
	for _, group := range f.SharingGroups {
		add(group.Libraries)
	}
	return all
}

func texts(symbols []broker.Symbol) []string {
	all := make([]string, len(symbols))
	for i, symbol := range symbols {
		all[i] = symbol.String()
	}
	return all
}

// reading is everything that Load reads, by library.
type reading struct {
	ids        []broker.ID
	libraries  map[broker.ID]directory.Library
	symbols    map[broker.ID][]broker.Symbol
	terms      map[broker.ID]directory.LendingTerms
	peers      map[broker.ID]directory.Peer
	targets    map[broker.ID]directory.Target
	numbers    map[broker.ID][]directory.NumberPattern
	memberOf   map[broker.ID][]broker.ID
	branches   map[broker.ID][]directory.Branch
	tiers      map[broker.ID][]directory.Tier
	staff      map[broker.ID][]access.Colleague
	groups     []directory.Group
	catalogues []directory.SharingGroup
	register   policy.Register
	settled    map[broker.ID]bool
	paid       map[broker.ID]bool
}

func (r *reading) all(ctx context.Context, tx *postgres.Tx, doors *access.Service) error {
	r.branches, r.tiers = map[broker.ID][]directory.Branch{}, map[broker.ID][]directory.Tier{}
	steps := []func() error{
		func() (err error) { r.libraries, err = directory.LoadMany(ctx, tx, r.ids); return err },
		func() (err error) { r.symbols, err = directory.SymbolsOf(ctx, tx, r.ids); return err },
		func() (err error) { r.terms, err = directory.Terms(ctx, tx, r.ids); return err },
		func() (err error) { r.peers, err = directory.LoadPeers(ctx, tx, nil, r.ids); return err },
		func() (err error) { r.targets, err = directory.Targets(ctx, tx, nil, r.ids); return err },
		func() (err error) { r.numbers, err = directory.Numbers(ctx, tx, r.ids); return err },
		func() (err error) { r.memberOf, err = directory.GroupsOf(ctx, tx, r.ids); return err },
		func() (err error) { r.groups, err = directory.Groups(ctx, tx); return err },
		func() (err error) { r.catalogues, err = directory.SharingGroups(ctx, tx); return err },
		func() (err error) { r.register, err = published.Load(ctx, tx); return err },
		func() (err error) { r.staff, err = doors.Colleagues(ctx, tx, r.ids); return err },
		func() (err error) {
			r.settled, err = has(ctx, tx, `select l.id from libraries l where l.id = any ($1) and (exists (select from cards c where c.library_id = l.id)
				or exists (select from items i where i.library_id = l.id))`, r.ids)
			return err
		},
		func() (err error) {
			r.paid, err = has(ctx, tx, `select l.id from libraries l where l.id = any ($1)
				and exists (select from ledger_entries e where e.library_id = l.id)`, r.ids)
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	for id, library := range r.libraries {
		if !library.Member {
			continue
		}
		var err error
		if r.branches[id], err = directory.Branches(ctx, tx, id); err != nil {
			return err
		}
		if r.tiers[id], err = directory.Tiers(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

func has(ctx context.Context, tx *postgres.Tx, sql string, ids []broker.ID) (map[broker.ID]bool, error) {
	rows, err := tx.Query(ctx, sql, ids)
	if err != nil {
		return nil, fmt.Errorf("look what libraries have: %w", err)
	}
	defer rows.Close()
	found := map[broker.ID]bool{}
	for rows.Next() {
		var id broker.ID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("look what libraries have: %w", err)
		}
		found[id] = true
	}
	return found, rows.Err()
}

func (r *reading) groupNames() map[broker.ID]string {
	names := map[broker.ID]string{}
	for _, group := range r.groups {
		names[group.ID] = group.Name
	}
	return names
}

// library says one library as a file would.
func (r *reading) library(id broker.ID) *standing {
	l, peer, names := r.libraries[id], r.peers[id], r.groupNames()
	one := &standing{Library: l, branches: map[string]directory.Branch{}, invited: map[string]bool{}, staff: map[string]broker.ID{}, settled: r.settled[id], paid: r.paid[id]}
	if !l.Member { // what it had as a member says nothing any more
		l.Policy = ""
	}
	said := Library{
		Symbols: texts(r.symbols[id]), Name: l.Name, Is: isByHand, Status: string(l.Status), Place: placeOf(l.Country, l.State),
		Latitude: l.Latitude, Longitude: l.Longitude, Zone: l.Zone.String(), Currency: l.Currency, Policy: l.Policy,
		Hours: weekOf(l.Plan), Closed: closedOf(l.Plan), Special: specialOf(l.Plan), Tiers: []Tier{}, Numbers: numbersOf(nil),
	}
	if l.YearlyLoans != nil {
		said.YearlyLoans = new(int(*l.YearlyLoans))
	}
	switch {
	case l.Member:
		said.Is, said.Numbers = isMember, numbersOf(r.numbers[id])
	case peer.Protocol != directory.ProtocolManual:
		said.Is = isPartner
		said.Reached = &Reached{
			By: string(peer.Protocol), URL: peer.BaseURL, Timeout: peer.Timeout.String(), Private: &peer.AllowPrivateAddress, Paused: &peer.Paused,
			Edition: peer.Edition, Dialect: peer.Dialect, Account: peer.Account,
		}
	}
	if target, searched := r.targets[id]; searched {
		said.Search = &Search{
			URL: target.URL, System: target.System, Version: target.Version, Schema: target.Schema, Holdings: target.Holdings,
			Owner: target.Owner, Account: target.Account, Private: &target.AllowPrivateAddress,
		}
		if len(target.Indexes) > 0 {
			said.Search.Indexes = target.Indexes
		}
	}
	if terms := r.terms[id]; terms.Known {
		said.Lending = new(lendingOf(terms, l.Currency, names))
	}
	codes := map[broker.ID]string{}
	for _, branch := range r.branches[id] {
		codes[branch.ID], one.branches[branch.Code] = branch.Code, branch
		as := Branch{Code: branch.Code, Name: branch.Name, Policy: branch.Policy, Hours: &Week{}, Closed: []ClosedDays{}, Special: []SpecialDay{}}
		if branch.Plan != nil {
			as.Hours, as.Closed, as.Special = weekOf(*branch.Plan), closedOf(*branch.Plan), specialOf(*branch.Plan)
			if *as.Hours == (Week{}) {
				as.Hours = open() // what a calendar of its own without hours means
			}
		}
		said.Branches = append(said.Branches, as)
	}
	for _, tier := range r.tiers[id] {
		said.Tiers = append(said.Tiers, tierOf(tier, names))
	}
	for _, member := range r.staff[id] {
		if !l.Member {
			break
		}
		as := StaffMember{Username: member.Username, Roles: member.Roles, Branch: codes[member.Branch], Status: staffActive}
		if member.Disabled {
			as.Status = staffDisabled
		}
		one.invited[member.Username], one.staff[member.Username] = member.Invited, member.ID
		said.Staff = append(said.Staff, as)
	}
	one.said = said.plain()
	return one
}

// shared reads the shared catalogues. One with a single library is not said where
// it only has a name that it would get anyway. Where two have one name, the second
// is told apart by its first library.
func (in *InForce) shared(r reading) {
	for i, group := range r.catalogues {
		said, usual := SharingGroup{Name: group.Name}, false
		for _, id := range r.ids {
			library := r.libraries[id]
			if library.SharingGroup == group.ID && library.Member && len(r.symbols[id]) > 0 {
				said.Libraries = append(said.Libraries, r.symbols[id][0].String())
				own := ownCatalogue(library.Name)
				usual = slices.Contains([]string{groupKey(own), groupKey(apart(own, said.Libraries[0]))}, groupKey(group.Name))
			}
		}
		if len(said.Libraries) == 0 {
			continue
		}
		if _, twice := in.catalogues[groupKey(said.Name)]; twice {
			said.Name = apart(said.Name, said.Libraries[0])
			r.catalogues[i].Name = said.Name
		}
		in.catalogues[groupKey(said.Name)] = group.ID
		if len(said.Libraries) > 1 || !usual {
			in.SharingGroups = append(in.SharingGroups, said)
		}
	}
}

// groupsApart numbers groups of one name.
func (r *reading) groupsApart() {
	known := map[string]int{}
	for i, group := range r.groups {
		key := groupKey(group.Name)
		if known[key]++; known[key] > 1 {
			r.groups[i].Name = apart(group.Name, strconv.Itoa(known[key]))
		}
	}
}

// groupsOf says the systems and networks, and remembers whose catalogue is whose.
func (in *InForce) groupsOf(r reading) {
	for _, group := range r.groups {
		in.groups[groupKey(group.Name)] = group.ID
		said := Group{Name: group.Name, Kind: string(group.Kind), Libraries: []string{}}
		for _, id := range r.ids {
			if slices.Contains(r.memberOf[id], group.ID) && len(r.symbols[id]) > 0 {
				said.Libraries = append(said.Libraries, r.symbols[id][0].String())
			}
		}
		in.Groups = append(in.Groups, said)
	}
	for _, group := range r.catalogues {
		for _, one := range in.libraries {
			if one.SharingGroup == group.ID {
				one.catalogue = group.Name
			}
		}
	}
}
