package stage

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
	"afield/broker/policy/attributes"
	"afield/broker/postgres"
	"afield/cmd/afield/scenario/language"
	"afield/connectors/partner"
)

// Play is one scenario being played on a stage.
type Play struct {
	*Stage
	Ctx      context.Context
	Scenario *language.Scenario
	Document *policy.Document
	clock    *broker.ManualClock
	start    time.Time // the moment of the first step

	Home      *House
	Houses    map[string]*House
	Patrons   map[string]Person
	Items     map[string]Thing
	titles    map[string]broker.ID
	Requested map[string]broker.ID
	// Households are listed by name; Disclosure is the last request for a patron's
	// record.
	Households map[string]broker.ID
	Disclosure broker.ID
	count      int
	documents  []string
	group      broker.ID
}

// House is a library of the scenario.
type House struct {
	directory.Library
	symbol   broker.Symbol
	Branches map[string]broker.ID
	outside  bool // reached by messages
}

// Person is a patron of the scenario.
type Person struct {
	patrons.Ref
	Card   string // its number
	cardID broker.ID
}

// Thing is an item of the scenario.
type Thing struct {
	catalog.Ref
	Barcode string
	Title   broker.ID
	Request broker.ID
}

// Now is the moment of the scenario's clock.
func (p *Play) Now() time.Time { return p.clock.Now() }

// Today is the date at the library.
func (p *Play) Today() broker.Date { return p.Home.Today(p.Now()) }

// Everywhere runs work that sees the rows of all libraries, as setting the
// stage requires.
func (p *Play) Everywhere(work func(context.Context, *postgres.Tx) error) error {
	return p.db.InTx(p.Ctx, postgres.Everywhere(), work)
}

// Try runs work in the scope of the library's desk. If it is refused, titles
// and households that it made are forgotten again.
func (p *Play) Try(at *House, work func(context.Context, *postgres.Tx) error) error {
	titles, households := maps.Clone(p.titles), maps.Clone(p.Households)
	err := p.db.InTx(p.Ctx, postgres.ForLibraries(at.ID), work)
	if err != nil {
		p.titles, p.Households = titles, households
	}
	return err
}

// Staff is the actor that sets the stage: somebody with every role.
func Staff(library broker.ID, roles ...string) broker.Actor {
	return broker.Actor{Kind: broker.ActorStaff, ID: broker.NewID(), Library: library, Roles: roles}
}

func everyRole() []string { return []string{"desk", "ill", "director", "board", "admin"} }

// bringAbout makes everything that is given.
func (p *Play) bringAbout() error {
	p.group = broker.NewID()
	var err error
	err = p.Everywhere(func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: p.group, Name: "Catalogue"})
		return nil
	})
	if err != nil {
		return err
	}
	given := p.Scenario.Given
	if p.Home, err = p.settle(p.Scenario.Library, given.Values, p.Document, given.Branches); err != nil {
		return err
	}
	for _, part := range []func() error{
		func() error { return given.Libraries.Each(p.library) },
		p.tiers,
		func() error { return given.Patrons.Each(p.patron) },
		p.links,
		p.ownItems,
		p.holdings,
		func() error { return p.borrowed() },
		p.lent,
		func() error { return given.Patrons.Each(p.account) },
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func planOf(v language.Values) calendar.Plan {
	plan := calendar.Plan{Hours: v.Hours("hours")}
	if plan.Hours == nil {
		plan.Hours = calendar.Week{}
		for day := time.Sunday; day <= time.Saturday; day++ {
			plan.Hours[day] = calendar.MustHours("09:00-17:00")
		}
	}
	closed := v.Closed("closed")
	for _, day := range closed.Weekdays {
		delete(plan.Hours, day)
	}
	plan.Closed = append(plan.Closed, closed.Dates...)
	for _, special := range v.Closed("open_on").Dates {
		for day := special.From; !day.After(special.To.Later(special.From)); day = day.AddDays(1) {
			plan.Special = append(plan.Special, calendar.SpecialDay{On: day, Hours: calendar.MustHours("09:00-17:00")})
		}
	}
	return plan
}

// settle makes a member library with its branches.
func (p *Play) settle(name string, v language.Values, document *policy.Document, branches language.Named) (*House, error) {
	key := fmt.Sprintf("%s %s", document.Name(), broker.NewID())
	p.keep(key, document)
	p.documents = append(p.documents, key)
	country, state, _ := strings.Cut(document.Place(), "-")
	p.count++
	h := &House{Branches: map[string]broker.ID{}, symbol: broker.NewSymbol("SCENARIO", strings.ToUpper(broker.NewID().String()[24:]))}
	library := directory.Library{
		ID: broker.NewID(), Name: name, Kind: directory.KindLibrary, Member: true, Country: country, State: state,
		Zone: document.Zone(), Currency: document.Currency(), SharingGroup: p.group, Policy: key, Plan: planOf(v), Status: directory.StatusActive,
	}
	if library.Country == "" {
		library.Country = "US"
	}
	now := p.start.AddDate(-1, 0, 0)
	err := p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		if err := directory.SaveLibrary(tx, library, now); err != nil {
			return err
		}
		directory.SaveSymbols(tx, library.ID, h.symbol)
		if err := directory.SavePeer(tx, p.vault, directory.Peer{Library: library.ID, Protocol: directory.ProtocolMember, Timeout: time.Second}, now); err != nil {
			return err
		}
		h.Branches[language.MainBranch] = broker.NewID()
		if err := directory.SaveBranch(tx, directory.Branch{Library: library.ID, ID: h.Branches[language.MainBranch], Code: language.MainBranch, Name: "Main"}); err != nil {
			return err
		}
		err := branches.Each(func(name string, v language.Values) error {
			branch := directory.Branch{Library: library.ID, ID: broker.NewID(), Code: name, Name: name}
			if v.Has("hours") || v.Has("closed") {
				plan := planOf(v)
				branch.Plan = &plan
			}
			h.Branches[name] = branch.ID
			return directory.SaveBranch(tx, branch)
		})
		if err != nil {
			return err
		}
		for _, closure := range v.Closed("weather").Dates {
			closure.Reason = "weather"
			_, _, err := directory.Close(ctx, tx, directory.Closure{Library: library.ID, Kind: directory.ClosureWeather, Closure: closure, By: Staff(library.ID), PutAt: now})
			if err != nil {
				return err
			}
		}
		h.Library, err = directory.Load(ctx, tx, library.ID)
		return err
	})
	return h, err
}

// library makes another library: in the shared catalogue, or outside it.
func (p *Play) library(name string, v language.Values) error {
	if v.Flag("shares") {
		document := p.Document
		if name := v.Text("policy"); name != "" {
			var err error
			if document, err = readPolicy(p.Scenario.At.File, name); err != nil {
				return language.Mistakes{{Position: v.PlaceOf("policy"), Message: err.Error()}}
			}
		}
		made, err := p.settle(name, v, document, language.Named{})
		p.Houses[name] = made
		return err
	}
	made, err := p.outside(name, v)
	p.Houses[name] = made
	return err
}

// outside makes a library that is reached by messages.
func (p *Play) outside(name string, v language.Values) (*House, error) {
	state := v.Text("state")
	if state == "" {
		state = p.Home.State
	}
	country := p.Home.Country
	if abroad, place, written := strings.Cut(state, "-"); written {
		country, state = abroad, place
	}
	zone, known := directory.ZoneOf(country, state)
	if !known { // of other countries only the form is known
		place := directory.Library{Country: country, State: state}.Place()
		if err := attributes.CheckPlace(place); err != nil {
			return nil, language.Mistakes{{Position: v.PlaceOf("state"), Message: err.Error()}}
		}
		zone = p.Home.Zone
	}
	h := &House{outside: true, symbol: broker.NewSymbol("OUTSIDE", strings.ToUpper(broker.NewID().String()[24:]))}
	id, now := broker.NewID(), p.start.AddDate(-1, 0, 0)
	days := v.Count("loan_days")
	if days == 0 {
		days = 28
	}
	err := p.Everywhere(func(ctx context.Context, tx *postgres.Tx) (err error) {
		err = directory.SaveLibrary(tx, directory.Library{
			ID: id, Name: name, Kind: directory.KindLibrary, Country: country, State: state, Zone: zone,
			Currency: p.Home.Currency, Plan: planOf(v), Status: directory.StatusActive,
		}, now)
		if err != nil {
			return err
		}
		directory.SaveSymbols(tx, id, h.symbol)
		if !v.Flag("fee_unknown") {
			directory.SaveTerms(tx, directory.LendingTerms{
				Library: id, Known: true, Lends: true, LoanDays: days, Renewals: 1,
				Formats: []broker.Format{broker.FormatBook, broker.FormatAudiobook, broker.FormatDVD, broker.FormatMusicCD, broker.FormatPeriodical, broker.FormatGame, broker.FormatArticle},
				Fee:     v.Amount("fee").Money(p.Home.Currency),
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

// tiers says how far the library looks for lenders: its shelves, its shared
// catalogue, then the libraries outside, tier by tier.
func (p *Play) tiers() error {
	members := map[int][]broker.ID{}
	for _, name := range p.Scenario.Given.Libraries.Names {
		if h := p.Houses[name]; h.outside {
			tier := max(1, p.Scenario.Given.Libraries.Of[name].Count("tier"))
			members[tier] = append(members[tier], h.ID)
		}
	}
	usual, err := p.outside("some library", language.Values{})
	if err != nil {
		return err
	}
	p.Houses[UsualLender] = usual
	members[maxTier] = append(members[maxTier], usual.ID)
	return p.Everywhere(func(_ context.Context, tx *postgres.Tx) error {
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
		return directory.SaveTiers(tx, p.Home.ID, list)
	})
}

const (
	// UsualLender is the lender of a borrowed item that names none.
	UsualLender = " "
	maxTier     = 9
)

// Number makes a card number or barcode that is not in use yet.
func (p *Play) Number(prefix string) string {
	p.count++
	return fmt.Sprintf("%s%010d", prefix, p.count)
}
