package scenario

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/connectors/partner"
)

// play is one scenario being played on a stage.
type play struct {
	*Stage
	ctx      context.Context
	scenario *Scenario
	document *policy.Document
	clock    *broker.ManualClock
	start    time.Time // the moment of the first step

	home     *house
	houses   map[string]*house
	patrons  map[string]person
	items    map[string]thing
	titles   map[string]broker.ID
	requests map[string]broker.ID
	// households by their names, and the last request for a patron's record
	households map[string]broker.ID
	disclosure broker.ID
	count      int
	documents  []string
	group      broker.ID
}

// house is a library of the scenario.
type house struct {
	directory.Library
	symbol   broker.Symbol
	branches map[string]broker.ID
	outside  bool // reached by messages
}

type person struct {
	patrons.Ref
	card   string // its number
	cardID broker.ID
}

type thing struct {
	catalog.Ref
	barcode string
	title   broker.ID
	request broker.ID
}

func (p *play) now() time.Time     { return p.clock.Now() }
func (p *play) today() broker.Date { return p.home.Today(p.now()) }

// everywhere works without looking at whose the rows are: the stage is set so.
func (p *play) everywhere(work func(context.Context, *postgres.Tx) error) error {
	return p.db.InTx(p.ctx, postgres.Everywhere(), work)
}

// try works as a desk of the library does. What was refused was never there:
// titles and households that it made are forgotten again.
func (p *play) try(at *house, work func(context.Context, *postgres.Tx) error) error {
	titles, households := maps.Clone(p.titles), maps.Clone(p.households)
	err := p.db.InTx(p.ctx, postgres.ForLibraries(at.ID), work)
	if err != nil {
		p.titles, p.households = titles, households
	}
	return err
}

// staff is who sets the stage: somebody with every role.
func staff(library broker.ID, roles ...string) broker.Actor {
	return broker.Actor{Kind: broker.ActorStaff, ID: broker.NewID(), Library: library, Roles: roles}
}

func everyRole() []string { return []string{"desk", "ill", "director", "board", "admin"} }

// bringAbout makes everything that is given.
func (p *play) bringAbout() error {
	p.group = broker.NewID()
	var err error
	err = p.everywhere(func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: p.group, Name: "Catalogue"})
		return nil
	})
	if err != nil {
		return err
	}
	given := p.scenario.given
	if p.home, err = p.settle(p.scenario.Library, given.values, p.document, given.branches); err != nil {
		return err
	}
	for _, part := range []func() error{
		func() error { return given.libraries.each(p.library) },
		p.tiers,
		func() error { return given.patrons.each(p.patron) },
		p.links,
		p.ownItems,
		p.holdings,
		func() error { return p.borrowed() },
		p.lent,
		func() error { return given.patrons.each(p.account) },
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func planOf(v values) calendar.Plan {
	plan := calendar.Plan{Hours: v.hours("hours")}
	if plan.Hours == nil {
		plan.Hours = calendar.Week{}
		for day := time.Sunday; day <= time.Saturday; day++ {
			plan.Hours[day] = calendar.MustHours("09:00-17:00")
		}
	}
	closed := v.closed("closed")
	for _, day := range closed.weekdays {
		delete(plan.Hours, day)
	}
	plan.Closed = append(plan.Closed, closed.dates...)
	return plan
}

// settle makes a member library with its branches.
func (p *play) settle(name string, v values, document *policy.Document, branches named) (*house, error) {
	key := fmt.Sprintf("%s %s", document.Name(), broker.NewID())
	p.keep(key, document)
	p.documents = append(p.documents, key)
	country, state, _ := strings.Cut(document.Place(), "-")
	p.count++
	h := &house{branches: map[string]broker.ID{}, symbol: broker.NewSymbol("SCENARIO", strings.ToUpper(broker.NewID().String()[24:]))}
	library := directory.Library{
		ID: broker.NewID(), Name: name, Kind: directory.KindLibrary, Member: true, Country: country, State: state,
		Zone: document.Zone(), Currency: document.Currency(), SharingGroup: p.group, Policy: key, Plan: planOf(v), Status: directory.StatusActive,
	}
	if library.Country == "" {
		library.Country = "US"
	}
	now := p.start.AddDate(-1, 0, 0)
	err := p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		if err := directory.SaveLibrary(tx, library, now); err != nil {
			return err
		}
		directory.SaveSymbols(tx, library.ID, h.symbol)
		if err := directory.SavePeer(tx, p.vault, directory.Peer{Library: library.ID, Protocol: directory.ProtocolMember, Timeout: time.Second}, now); err != nil {
			return err
		}
		h.branches[mainBranch] = broker.NewID()
		if err := directory.SaveBranch(tx, directory.Branch{Library: library.ID, ID: h.branches[mainBranch], Code: mainBranch, Name: "Main"}); err != nil {
			return err
		}
		err := branches.each(func(name string, v values) error {
			branch := directory.Branch{Library: library.ID, ID: broker.NewID(), Code: name, Name: name}
			if v.has("hours") || v.has("closed") {
				plan := planOf(v)
				branch.Plan = &plan
			}
			h.branches[name] = branch.ID
			return directory.SaveBranch(tx, branch)
		})
		if err != nil {
			return err
		}
		for _, closure := range v.closed("weather").dates {
			closure.Reason = "weather"
			_, _, err := directory.Close(ctx, tx, directory.Closure{Library: library.ID, Kind: directory.ClosureWeather, Closure: closure, By: staff(library.ID), PutAt: now})
			if err != nil {
				return err
			}
		}
		h.Library, err = directory.Load(ctx, tx, library.ID)
		return err
	})
	return h, err
}

// library makes another library: of the shared catalogue, or outside it.
func (p *play) library(name string, v values) error {
	if v.flag("shares") {
		document := p.document
		if name := v.text("policy"); name != "" {
			var err error
			if document, err = readPolicy(p.scenario.At.File, name); err != nil {
				return Mistakes{{v.placeOf("policy"), err.Error()}}
			}
		}
		made, err := p.settle(name, v, document, named{})
		p.houses[name] = made
		return err
	}
	made, err := p.outside(name, v)
	p.houses[name] = made
	return err
}

// outside makes a library that is reached by messages.
func (p *play) outside(name string, v values) (*house, error) {
	state := v.text("state")
	if state == "" {
		state = p.home.State
	}
	country := p.home.Country
	if abroad, place, written := strings.Cut(state, "-"); written {
		country, state = abroad, place
	}
	zone, known := directory.ZoneOf(country, state)
	if !known {
		return nil, Mistakes{{v.placeOf("state"), fmt.Sprintf("%q is no state or province of %s", state, country)}}
	}
	h := &house{outside: true, symbol: broker.NewSymbol("OUTSIDE", strings.ToUpper(broker.NewID().String()[24:]))}
	id, now := broker.NewID(), p.start.AddDate(-1, 0, 0)
	days := v.count("loan_days")
	if days == 0 {
		days = 28
	}
	err := p.everywhere(func(ctx context.Context, tx *postgres.Tx) (err error) {
		err = directory.SaveLibrary(tx, directory.Library{
			ID: id, Name: name, Kind: directory.KindLibrary, Country: country, State: state, Zone: zone,
			Currency: p.home.Currency, Plan: planOf(v), Status: directory.StatusActive,
		}, now)
		if err != nil {
			return err
		}
		directory.SaveSymbols(tx, id, h.symbol)
		if !v.flag("fee_unknown") {
			directory.SaveTerms(tx, directory.LendingTerms{
				Library: id, Known: true, Lends: true, LoanDays: days, Renewals: 1,
				Formats: []broker.Format{broker.FormatBook, broker.FormatAudiobook, broker.FormatDVD, broker.FormatMusicCD, broker.FormatPeriodical, broker.FormatGame, broker.FormatArticle},
				Fee:     v.amount("fee").money(p.home.Currency),
			})
		}
		err = directory.SavePeer(tx, p.vault, directory.Peer{
			Library: id, Protocol: partner.Name, BaseURL: "http://127.0.0.1:1", OutboundSecret: directory.NewSecret(),
			InboundSecret: directory.NewSecret(), AllowPrivateAddress: true, Timeout: time.Second,
		}, now)
		if err != nil {
			return err
		}
		h.Library, err = directory.Load(ctx, tx, id)
		return err
	})
	return h, err
}

// tiers says how far the library looks: its shelves, its catalogue, then the
// libraries outside, tier by tier.
func (p *play) tiers() error {
	members := map[int][]broker.ID{}
	for _, name := range p.scenario.given.libraries.names {
		if h := p.houses[name]; h.outside {
			tier := max(1, p.scenario.given.libraries.of[name].count("tier"))
			members[tier] = append(members[tier], h.ID)
		}
	}
	usual, err := p.outside("some library", values{})
	if err != nil {
		return err
	}
	p.houses[usualLender] = usual
	members[maxTier] = append(members[maxTier], usual.ID)
	return p.everywhere(func(_ context.Context, tx *postgres.Tx) error {
		list := []directory.Tier{
			{Name: "Own shelves", Members: directory.TierOwn, CostRule: directory.CostFree, DaysToRespond: 2, Fulfilment: directory.FulfilHold},
			{Name: "Shared catalogue", Members: directory.TierSharingGroup, CostRule: directory.CostFree, DaysToRespond: 3, Fulfilment: directory.FulfilHold},
		}
		for tier := 1; tier <= maxTier; tier++ {
			if members[tier] == nil {
				continue
			}
			group := directory.Group{ID: broker.NewID(), Name: fmt.Sprintf("Network %d", tier), Kind: directory.GroupNetwork}
			directory.SaveGroup(tx, group, members[tier]...)
			list = append(list, directory.Tier{
				Name: group.Name, Members: directory.TierGroup, Group: group.ID,
				CostRule: directory.CostLenderFee, DaysToRespond: 3, Fulfilment: directory.FulfilILL,
			})
		}
		return directory.SaveTiers(tx, p.home.ID, list)
	})
}

const (
	// usualLender lends what an item says was borrowed from nobody in particular.
	usualLender = " "
	maxTier     = 9
)

func (p *play) number(prefix string) string {
	p.count++
	return fmt.Sprintf("%s%010d", prefix, p.count)
}
