package consortium

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/policy/published"
	"afield/broker/postgres"
)

// Applying is what is needed to make the changes of a plan.
type Applying struct {
	Doors *access.Service
	Vault *directory.Vault
	Actor broker.Actor
	// Reason is recorded with every change; it must say something.
	Reason string
	Now    time.Time
	// ID makes the ids of new libraries, branches, groups and catalogues from what
	// they are named by; nil makes ids that mean nothing.
	ID func(kind string, names ...string) broker.ID
	// Secrets are those of partners that have theirs already, by symbol; other
	// partners that are new get secrets of their own.
	Secrets map[string]Secrets
}

// Applied is what came of it. Its secrets are shown once and kept nowhere.
type Applied struct {
	// Change names the entry in the log; NoID where nothing changed.
	Change      broker.ID    `json:"change_id,omitzero"`
	Changes     []Change     `json:"changes"`
	Invitations []Invitation `json:"invitations"`
	Secrets     []Secrets    `json:"secrets"`
}

// Invitation is a staff user who can now choose a password.
type Invitation struct {
	Library   string    `json:"library"`
	Username  string    `json:"username"`
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Secrets are those of a partner that is new.
type Secrets struct {
	Library string `json:"library"`
	By      string `json:"by"`
	// TheyUse signs what the partner sends; WeUse signs what it receives.
	TheyUse []byte `json:"signs_what_they_send"`
	WeUse   []byte `json:"signs_what_they_receive"`
}

// Apply makes the changes in the transaction in which what is in force was read,
// and records them. A plan without changes records nothing.
func (p *Plan) Apply(ctx context.Context, tx *postgres.Tx, as Applying) (Applied, error) {
	if strings.TrimSpace(as.Reason) == "" {
		return Applied{}, broker.Invalid(broker.FieldError{Pointer: "/reason", Code: "required", Message: "must say why: it is recorded with the change"})
	}
	if as.ID == nil {
		as.ID = func(string, ...string) broker.ID { return broker.NewID() }
	}
	for _, t := range p.targets {
		if _, has := as.Secrets[t.symbol()]; has && t.Is == isPartner && !t.changed[partReached] {
			t.changed[partReached] = true
			p.say(t, t.title(), "secrets", "", "", "%s: its secrets are replaced", t.title())
		}
		if t.was == nil {
			t.id = as.ID("library", t.Symbols...)
		}
	}
	done := Applied{Changes: p.Changes, Invitations: []Invitation{}, Secrets: []Secrets{}}
	if len(p.Changes) == 0 {
		return done, nil
	}
	catalogues := map[string]broker.ID{}
	for _, one := range p.catalogues {
		if one.id == broker.NoID || one.was != "" {
			if one.id == broker.NoID {
				one.id = as.ID("catalogue", one.name)
			}
			directory.SaveSharingGroup(tx, directory.SharingGroup{ID: one.id, Name: one.name})
		}
		catalogues[groupKey(one.name)] = one.id
	}
	if err := p.saveConsortium(tx, as); err != nil {
		return Applied{}, err
	}
	for _, t := range p.targets {
		if err := t.saveLibrary(ctx, tx, as, catalogues[groupKey(t.catalogue)]); err != nil {
			return Applied{}, fmt.Errorf("%s: %w", t.title(), err)
		}
	}
	groups := p.saveGroups(tx, as)
	for _, t := range p.targets {
		if err := t.saveReach(ctx, tx, as, groups, &done); err != nil {
			return Applied{}, fmt.Errorf("%s: %w", t.title(), err)
		}
		if err := t.saveStaff(ctx, tx, as, &done); err != nil {
			return Applied{}, fmt.Errorf("%s: %w", t.title(), err)
		}
	}
	for _, one := range p.policies {
		_, err := published.Publish(ctx, tx, published.Publication{Text: one.text, Effective: one.from, Today: p.today(), Actor: as.Actor, Now: as.Now})
		if err != nil {
			return Applied{}, fmt.Errorf("policy %s: %w", one.name, err)
		}
	}
	done.Change = broker.NewID()
	if err := p.record(tx, as, done.Change); err != nil {
		return Applied{}, err
	}
	return done, tx.Flush(ctx) // what the database refuses is told here, with its library
}

func (p *Plan) saveConsortium(tx *postgres.Tx, as Applying) error {
	c := p.consortium
	if c == nil {
		return nil
	}
	id := p.in.consortium
	if id == broker.NoID {
		id = as.ID("consortium", c.Symbols...)
	}
	country, state, _ := strings.Cut(c.Place, "-")
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return fmt.Errorf("the consortium's zone: %w", err)
	}
	err = directory.SaveLibrary(tx, directory.Library{ID: id, Name: c.Name, Kind: directory.KindConsortium, Country: country, State: state, Zone: zone, Currency: c.Currency}, as.Now)
	directory.SaveSymbols(tx, id, symbolsOf(c.Symbols)...)
	return err
}

func symbolsOf(texts []string) []broker.Symbol {
	var symbols []broker.Symbol
	for _, text := range texts {
		symbol, _ := broker.ParseSymbol(text) // it was checked
		symbols = append(symbols, symbol)
	}
	return symbols
}

// saveLibrary writes a library with its symbols and branches.
func (t *target) saveLibrary(ctx context.Context, tx *postgres.Tx, as Applying, catalogue broker.ID) error {
	if t.changed[partLibrary] {
		library := directory.Library{ID: t.id}
		if t.was != nil {
			library = t.was.Library
		}
		country, state, _ := strings.Cut(t.Place, "-")
		zone, err := time.LoadLocation(t.Zone)
		if err != nil {
			return err
		}
		library.Name, library.Member, library.Country, library.State, library.Zone, library.Currency = t.Name, t.Is == isMember, country, state, zone, t.Currency
		library.Latitude, library.Longitude, library.Status = t.Latitude, t.Longitude, directory.Status(t.Status)
		library.Policy, library.Plan = t.Policy, planOf(t.Hours, t.Closed, t.Special)
		if t.YearlyLoans != nil {
			library.YearlyLoans = new(int64(*t.YearlyLoans))
		}
		if t.Is == isMember {
			library.SharingGroup = catalogue
		}
		if err := directory.SaveLibrary(tx, library, as.Now); err != nil {
			return err
		}
	}
	if t.changed[partSymbols] {
		directory.SaveSymbols(tx, t.id, symbolsOf(t.Symbols)...)
	}
	for _, one := range t.Branches {
		if !t.changed[partBranch+one.Code] {
			continue
		}
		branch := directory.Branch{Library: t.id, Code: one.Code, Name: one.Name, Policy: one.Policy}
		if t.was != nil {
			branch.ID = t.was.branches[one.Code].ID
		}
		if branch.ID == broker.NoID {
			branch.ID = as.ID("branch", t.symbol(), one.Code)
		}
		if one.Hours != nil && *one.Hours != (Week{}) {
			plan := planOf(one.Hours, one.Closed, one.Special)
			branch.Plan = &plan
		}
		if err := directory.SaveBranch(tx, branch); err != nil {
			return err
		}
	}
	return tx.Flush(ctx)
}

func (p *Plan) saveGroups(tx *postgres.Tx, as Applying) map[string]broker.ID {
	ids := map[string]broker.ID{}
	for _, one := range p.groups {
		if one.id == broker.NoID {
			one.id = as.ID("group", one.Name)
		}
		ids[groupKey(one.Name)] = one.id
		if !one.inFile || !slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Subject == one.Kind+" "+one.Name }) {
			continue
		}
		members := make([]broker.ID, len(one.members))
		for i, member := range one.members {
			members[i] = member.id
		}
		directory.SaveGroup(tx, directory.Group{ID: one.id, Name: one.Name, Kind: directory.GroupKind(one.Kind)}, members...)
	}
	return ids
}

// saveReach writes how far a library looks, what it lends, how its numbers look
// and how it is reached.
func (t *target) saveReach(ctx context.Context, tx *postgres.Tx, as Applying, groups map[string]broker.ID, done *Applied) error {
	if t.changed[partTiers] {
		tiers := make([]directory.Tier, len(t.Tiers))
		for i, tier := range t.Tiers {
			tiers[i] = tier.tier(groups)
		}
		if err := directory.SaveTiers(tx, t.id, tiers); err != nil {
			return err
		}
	}
	if t.changed[partLending] {
		directory.SaveTerms(tx, t.Lending.terms(t.id, t.Currency, groups))
	}
	if t.changed[partNumbers] {
		directory.SaveNumbers(tx, t.id, t.Numbers.patterns())
	}
	if t.changed[partSearch] {
		if err := t.saveSearch(tx, as.Now); err != nil {
			return err
		}
	}
	if !t.changed[partReached] {
		return nil
	}
	return t.saveReached(ctx, tx, as, done)
}

// saveSearch writes where its catalogue is searched.
func (t *target) saveSearch(tx *postgres.Tx, now time.Time) error {
	s := t.Search
	if s == nil {
		directory.DropTarget(tx, t.id)
		return nil
	}
	return directory.SaveTarget(tx, directory.Target{
		Library: t.id, URL: s.URL, System: s.System, Version: s.Version, Schema: s.Schema, Holdings: s.Holdings, Indexes: s.Indexes,
		Owner: s.Owner, Account: s.Account, AllowPrivateAddress: *s.Private,
	}, now)
}

func (t *target) saveReached(ctx context.Context, tx *postgres.Tx, as Applying, done *Applied) error {
	was := directory.Peer{Protocol: directory.ProtocolManual}
	if t.was != nil {
		var err error
		if was, err = directory.LoadPeer(ctx, tx, as.Vault, t.id); err != nil {
			return err
		}
	}
	peer := directory.Peer{Library: t.id, Protocol: directory.ProtocolMember}
	switch t.Is {
	case isByHand:
		peer.Protocol = directory.ProtocolManual
	case isPartner:
		timeout, err := time.ParseDuration(t.Reached.Timeout)
		if err != nil {
			return err
		}
		peer = directory.Peer{
			Library: t.id, Protocol: directory.Protocol(t.Reached.By), BaseURL: t.Reached.URL, AllowPrivateAddress: *t.Reached.Private,
			Paused: *t.Reached.Paused, Timeout: timeout, OutboundSecret: was.OutboundSecret, InboundSecret: was.InboundSecret,
			Edition: t.Reached.Edition, Dialect: t.Reached.Dialect, Account: t.Reached.Account,
		}
		if peer.Protocol == directory.ProtocolEmail {
			peer.OutboundSecret, peer.InboundSecret = nil, nil // its links are signed with a key of this server
		} else if known, has := as.Secrets[t.symbol()]; has {
			peer.OutboundSecret, peer.InboundSecret = known.WeUse, known.TheyUse
		} else if was.Protocol != peer.Protocol || peer.OutboundSecret == nil {
			peer.OutboundSecret, peer.InboundSecret = directory.NewSecret(), directory.NewSecret()
			done.Secrets = append(done.Secrets, Secrets{Library: t.title(), By: t.Reached.By, TheyUse: peer.InboundSecret, WeUse: peer.OutboundSecret})
		}
	}
	return directory.SavePeer(tx, as.Vault, peer, as.Now)
}

func (t *target) saveStaff(ctx context.Context, tx *postgres.Tx, as Applying, done *Applied) error {
	branches := map[string]broker.ID{"": broker.NoID}
	if len(t.Staff) > 0 {
		list, err := directory.Branches(ctx, tx, t.id)
		if err != nil {
			return err
		}
		for _, branch := range list {
			branches[branch.Code] = branch.ID
		}
	}
	invited := t.invited()
	for _, member := range t.Staff {
		if !t.changed[partStaff+member.Username] || slices.ContainsFunc(invited, func(s StaffMember) bool { return s.Username == member.Username }) {
			continue
		}
		if member.Status == staffDisabled {
			as.Doors.Withdraw(tx, t.id, member.Username)
			err := as.Doors.DisableStaff(ctx, tx, t.id, member.Username)
			if err != nil && !broker.IsKind(err, broker.KindNotFound) { // who was only invited is nobody yet
				return err
			}
			continue
		}
		if err := as.Doors.ChangeStaff(ctx, tx, t.id, member.Username, member.Roles, branches[member.Branch]); err != nil {
			return err
		}
	}
	for _, member := range invited {
		token, made, err := as.Doors.Invite(tx, access.Invitation{Library: t.id, Username: member.Username, Roles: member.Roles, Branch: branches[member.Branch]})
		if err != nil {
			return err
		}
		done.Invitations = append(done.Invitations, Invitation{Library: t.title(), Username: member.Username, Token: token, ExpiresAt: made.ExpiresAt})
	}
	return nil
}
