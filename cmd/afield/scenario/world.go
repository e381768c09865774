package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
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
	card string
}

type thing struct {
	circulation.ItemRef
	barcode string
	title   broker.ID
	request broker.ID
	fine    *policy.LenderFine // what its lender asks for lateness
}

func (p *play) now() time.Time     { return p.clock.Now() }
func (p *play) today() broker.Date { return p.home.Today(p.now()) }

// everywhere works without looking at whose the rows are: the stage is set so.
func (p *play) everywhere(work func(context.Context, *postgres.Tx) error) error {
	return p.db.InTx(p.ctx, postgres.Everywhere(), work)
}

// try works as a desk of the library does.
func (p *play) try(at *house, work func(context.Context, *postgres.Tx) error) error {
	return p.db.InTx(p.ctx, postgres.ForLibraries(at.ID), work)
}

// staff is who sets the stage: somebody with every role.
func staff(library broker.ID, roles ...string) broker.Actor {
	return broker.Actor{Kind: broker.ActorStaff, ID: broker.NewID(), Library: library, Roles: roles}
}

func everyRole() []string { return []string{"desk", "ill", "director", "board", "admin"} }

// set brings about everything that is given.
func (p *play) set() error {
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
	plan := calendar.Plan{Hours: get[calendar.Week](v, "hours")}
	if plan.Hours == nil {
		plan.Hours = calendar.Week{}
		for day := time.Sunday; day <= time.Saturday; day++ {
			plan.Hours[day] = calendar.MustHours("09:00-17:00")
		}
	}
	closed := get[shut](v, "closed")
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
		for _, closure := range get[shut](v, "weather").dates {
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
	if get[bool](v, "shares") {
		document := p.document
		if name := get[string](v, "policy"); name != "" {
			var err error
			if document, err = readPolicy(p.scenario.At.File, name); err != nil {
				return Mistakes{{v.where["policy"], err.Error()}}
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
	state := get[string](v, "state")
	if state == "" {
		state = p.home.State
	}
	zone, known := directory.ZoneOf(p.home.Country, state)
	if !known {
		return nil, Mistakes{{v.where["state"], fmt.Sprintf("%q is no state or province of %s", state, p.home.Country)}}
	}
	h := &house{outside: true, symbol: broker.NewSymbol("OUTSIDE", strings.ToUpper(broker.NewID().String()[24:]))}
	id, now := broker.NewID(), p.start.AddDate(-1, 0, 0)
	days := get[int](v, "loan_days")
	if days == 0 {
		days = 28
	}
	err := p.everywhere(func(ctx context.Context, tx *postgres.Tx) (err error) {
		err = directory.SaveLibrary(tx, directory.Library{
			ID: id, Name: name, Kind: directory.KindLibrary, Country: p.home.Country, State: state, Zone: zone,
			Currency: p.home.Currency, Plan: planOf(v), Status: directory.StatusActive,
		}, now)
		if err != nil {
			return err
		}
		directory.SaveSymbols(tx, id, h.symbol)
		if !get[bool](v, "fee_unknown") {
			directory.SaveTerms(tx, directory.LendingTerms{
				Library: id, Known: true, Lends: true, LoanDays: days, Renewals: 1,
				Formats: []broker.Format{broker.FormatBook, broker.FormatAudiobook, broker.FormatDVD, broker.FormatMusicCD, broker.FormatPeriodical, broker.FormatGame, broker.FormatArticle},
				Fee:     get[amount](v, "fee").money(p.home.Currency),
			})
		}
		err = directory.SavePeer(tx, p.vault, directory.Peer{
			Library: id, Protocol: directory.ProtocolPartner, BaseURL: "http://127.0.0.1:1", OutboundSecret: directory.NewSecret(),
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
			tier := max(1, get[int](p.scenario.given.libraries.of[name], "tier"))
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

// patron makes a patron with a card; what is owed and blocked comes later.
func (p *play) patron(name string, v values) error {
	ref := patrons.Ref{Library: p.home.ID, ID: broker.NewID()}
	day := p.home.Today(p.start)
	patron := patrons.Patron{
		Library: ref.Library, ID: ref.ID, Class: get[string](v, "class"), BornOn: get[broker.Date](v, "born"),
		PhoneCheckedOn: get[broker.Date](v, "phone_checked"), NoticeChannel: get[string](v, "wishes"),
		ExpiresOn: get[broker.Date](v, "expires"), Status: patrons.Active, CreatedAt: p.start.AddDate(-1, 0, 0), NotFor: textsOf(v, "not_for"),
	}
	if patron.Class == "" {
		patron.Class = "resident"
	}
	if v.has("last_used") {
		patron.LastActiveOn = get[broker.Date](v, "last_used")
	}
	if v.has("age") {
		patron.BornOn = day.AddMonths(-12 * get[int](v, "age")).AddDays(-1)
	}
	if phone, said := v.read["phone"].(bool); !said || phone {
		patron.Phone = "555-0100"
		if patron.PhoneCheckedOn.IsZero() {
			patron.PhoneCheckedOn = day
		}
	}
	if get[bool](v, "email") {
		patron.Email = "patron@example.org"
	}
	made := person{Ref: ref, card: p.number("2100")}
	p.patrons[name] = made
	return p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		if patron.Household, err = p.household(ctx, tx, get[string](v, "household"), patron.Class); err != nil {
			return err
		}
		if err := patrons.SavePatron(tx, patron); err != nil {
			return err
		}
		status := get[string](v, "card")
		if status == "none" {
			return nil
		}
		return patrons.SaveCard(tx, patrons.Card{
			Library: ref.Library, ID: broker.NewID(), Realm: p.group, Number: made.card, Patron: ref.ID,
			Status: patrons.CardStatus(status), CreatedAt: patron.CreatedAt,
		})
	})
}

// links says who answers for whom.
func (p *play) links() error {
	return p.everywhere(func(_ context.Context, tx *postgres.Tx) error {
		return p.scenario.given.patrons.each(func(name string, v values) error {
			for _, proxy := range textsOf(v, "proxies") {
				err := patrons.SaveProxy(tx, patrons.Proxy{Patron: p.patrons[name].Ref, Proxy: p.patrons[proxy].Ref}, p.start.AddDate(-1, 0, 0))
				if err != nil {
					return err
				}
			}
			for _, parent := range textsOf(v, "parents") {
				if err := patrons.Link(tx, p.patrons[parent].Ref, p.patrons[name].Ref, p.home.Today(p.start.AddDate(-1, 0, 0))); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// account puts what is owed and blocked.
func (p *play) account(name string, v values) error {
	owes, ref := get[amounts](v, "owes"), p.patrons[name].Ref
	kinds := make([]string, 0, len(owes))
	for kind := range owes {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	if err := p.takenOut(name, v); err != nil {
		return err
	}
	stops := textsOf(v, "blocked")
	if len(kinds)+len(stops) == 0 && !get[bool](v, "ill_suspended") {
		return nil
	}
	return p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		for _, kind := range kinds {
			if owes[kind] == 0 {
				continue
			}
			_, err := ledger.Post(tx, ledger.Charge{
				Account: patrons.Account(p.home.Library, ref), Kind: kind, Amount: owes[kind].money(p.home.Currency),
				Cause: "given:" + ref.ID.String() + ":" + kind, Note: "owed before", Actor: staff(p.home.ID, "desk"), At: p.start.Add(-time.Hour),
			})
			if err != nil {
				return err
			}
		}
		if err := p.block(tx, ref, stops, v); err != nil {
			return err
		}
		_, err := patrons.UpdateLatch(ctx, tx, p.home.Library, p.document, ref, p.start.Add(-time.Hour))
		return err
	})
}

func (p *play) block(tx *postgres.Tx, ref patrons.Ref, stops []string, v values) error {
	put := func(kind patrons.BlockKind, stops []string) error {
		_, err := patrons.PutBlock(tx, patrons.Block{
			Library: ref.Library, Patron: ref.ID, Kind: kind, Stops: stops, Reason: "put before",
			From: p.home.Today(p.start.AddDate(-1, 0, 0)), Until: get[broker.Date](v, "blocked_until"), PutBy: staff(p.home.ID, "director"),
		})
		return err
	}
	if len(stops) > 0 {
		if slices.Contains(stops, "everything") {
			stops = nil
		}
		if err := put(patrons.BlockManual, stops); err != nil {
			return err
		}
	}
	if get[bool](v, "ill_suspended") {
		return put(patrons.BlockILLSuspended, nil)
	}
	return nil
}

// titleOf gives the title of a name, making it the first time.
func (p *play) titleOf(tx *postgres.Tx, name, kind string) (broker.ID, error) {
	if id, known := p.titles[name]; known {
		return id, nil
	}
	id, err := catalog.SaveTitle(p.ctx, tx, catalog.Title{
		ID: broker.NewID(), Title: name + " " + broker.NewID().String(), Format: formatOf(kind),
	}, p.start.AddDate(-1, 0, 0))
	p.titles[name] = id
	return id, err
}

// formatOf gives the format of a title whose items are of a type.
func formatOf(kind string) broker.Format {
	switch format := broker.Format(kind); format {
	case broker.FormatPeriodical, broker.FormatDVD, broker.FormatMusicCD, broker.FormatAudiobook, broker.FormatGame, broker.FormatMicrofilm:
		return format
	}
	return broker.FormatBook
}

func titleName(name string, v values) string {
	if title := get[string](v, "title"); title != "" {
		return title
	}
	return name
}

func (p *play) ownItems() error {
	given := p.scenario.given.items
	if len(given.names) == 0 {
		return nil
	}
	return p.everywhere(func(_ context.Context, tx *postgres.Tx) error {
		return given.each(func(name string, v values) error {
			if get[bool](v, "ill") {
				return nil
			}
			return p.addItem(tx, name, v)
		})
	})
}

func (p *play) addItem(tx *postgres.Tx, name string, v values) error {
	owner, branch := p.home, p.home.branches[mainBranch]
	if of := get[string](v, "owner"); of != "" {
		owner = p.houses[of]
		if owner.outside {
			return Mistakes{{v.where["owner"], fmt.Sprintf("%s does not share the catalogue: say \"ill: true\" and \"lender: %s\"", of, of)}}
		}
		branch = owner.branches[mainBranch]
	}
	if at := get[string](v, "branch"); at != "" {
		branch = p.home.branches[at]
	}
	title, err := p.titleOf(tx, titleName(name, v), get[string](v, "type"))
	if err != nil {
		return err
	}
	lendable, said := v.read["lendable"].(bool)
	item := catalog.Item{
		Library: owner.ID, ID: broker.NewID(), Realm: p.group, Barcode: p.number("3100"), Title: title, Branch: branch,
		Type: get[string](v, "type"), Audience: get[string](v, "audience"), Status: catalog.OnShelf, Lendable: !said || lendable,
		AgeMark: get[string](v, "age"), Parts: get[int](v, "parts"),
	}
	item.Price, item.PricePaid, item.ListPrice = priceOf(v, "price", owner), priceOf(v, "price_paid", owner), priceOf(v, "list_price", owner)
	catalog.SaveItem(tx, item, p.start.AddDate(-1, 0, 0))
	p.items[name] = thing{ItemRef: circulation.RefOf(item), barcode: item.Barcode, title: title}
	return nil
}

func priceOf(v values, word string, owner *house) *broker.Money {
	if !v.has(word) {
		return nil
	}
	price := get[amount](v, word).money(owner.Currency)
	return &price
}

// holdings says which titles libraries outside have.
func (p *play) holdings() error {
	return p.everywhere(func(_ context.Context, tx *postgres.Tx) error {
		return p.scenario.given.libraries.each(func(name string, v values) error {
			for _, title := range textsOf(v, "has") {
				id, err := p.titleOf(tx, title, "book")
				if err != nil {
					return err
				}
				catalog.SaveHoldings(tx, []catalog.Holding{{Title: id, Library: p.houses[name].ID, Copies: 1, Lends: true, SeenAt: p.start.AddDate(0, 0, -1)}})
			}
			return nil
		})
	})
}

// lent brings about loans and holds in the order in which they began.
func (p *play) lent() error {
	type beginning struct {
		at   time.Time
		of   values
		make func(values, time.Time) error
	}
	var all []beginning
	for _, v := range p.scenario.given.loans {
		all = append(all, beginning{get[local](v, "since").in(p.home.Zone), v, p.lend})
	}
	for i, v := range p.scenario.given.holds {
		since := p.start.Add(-time.Hour).Add(time.Duration(i) * time.Second)
		if v.has("since") {
			since = get[local](v, "since").in(p.home.Zone)
		}
		all = append(all, beginning{since, v, p.waits})
	}
	slices.SortStableFunc(all, func(a, b beginning) int { return a.at.Compare(b.at) })
	for _, one := range all {
		err := one.make(one.of, one.at)
		if ours, known := broker.AsError(err); known {
			return Mistakes{{one.of.at, "what is given could not have begun so: " + ours.Error()}}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lend lends an item at the moment it was lent.
func (p *play) lend(v values, since time.Time) error {
	patron, item := p.patrons[get[string](v, "patron")], p.items[get[string](v, "item")]
	at, branch := p.deskNamed(get[string](v, "desk"))
	if item.request != broker.NoID {
		return p.lendBorrowed(patron, item, since)
	}
	renewals, due := get[int](v, "renewals"), get[broker.Date](v, "due")
	first := due
	if !due.IsZero() {
		first = due.AddDays(-renewals)
	}
	return p.try(at, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(p.everyone()...)
		place := circulation.Desk{Library: at.Library, Branch: branch, Actor: staff(at.ID, everyRole()...), Now: since}
		out, err := p.circulation.CheckOut(ctx, tx, circulation.CheckOut{Desk: place, Item: item.ItemRef, Patron: patron.Ref, Due: first})
		if err != nil {
			return err
		}
		for done := 1; done <= renewals; done++ {
			next := out.Loan.DueOn.AddDays(1)
			out, err = p.circulation.ChangeDue(ctx, tx, circulation.ChangeDue{Desk: place, Loan: out.Loan.LoanRef, Due: next, Why: circulation.DueRenewed})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// everyone lists the member libraries of the scenario.
func (p *play) everyone() []broker.ID {
	ids := []broker.ID{p.home.ID}
	for _, h := range p.houses {
		if !h.outside {
			ids = append(ids, h.ID)
		}
	}
	return ids
}

// deskNamed gives the library and branch of a desk's name; the library's first
// desk for none.
func (p *play) deskNamed(name string) (*house, broker.ID) {
	if name == "" {
		name = mainBranch
	}
	if branch, ours := p.home.branches[name]; ours {
		return p.home, branch
	}
	other := p.houses[name]
	return other, other.branches[mainBranch]
}

// takenOut lends what a patron has out by count.
func (p *play) takenOut(name string, v values) error {
	out, patron := get[map[string]any](v, "out"), p.patrons[name]
	types := make([]string, 0, len(out))
	for kind := range out {
		types = append(types, kind)
	}
	slices.Sort(types)
	if len(types) == 0 {
		return nil
	}
	if err := p.outTypes(v, types); err != nil {
		return err
	}
	since := p.start.AddDate(0, 0, -1)
	err := p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		for _, kind := range types {
			for range out[kind].(int) {
				item := catalog.Item{
					Library: p.home.ID, ID: broker.NewID(), Realm: p.group, Barcode: p.number("3200"), Branch: p.home.branches[mainBranch],
					Type: kind, Status: catalog.OnShelf, Lendable: true,
				}
				catalog.SaveItem(tx, item, since)
				_, err := p.circulation.CheckOut(ctx, tx, circulation.CheckOut{
					Desk: circulation.Desk{Library: p.home.Library, Branch: p.home.branches[mainBranch], Actor: staff(p.home.ID, everyRole()...), Now: since},
					Item: circulation.RefOf(item), Patron: patron.Ref,
				})
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if ours, known := broker.AsError(err); known {
		return Mistakes{{v.where["out"], "what is given as out could not have been lent: " + ours.Error()}}
	}
	return err
}

func (p *play) outTypes(v values, types []string) error {
	known := p.document.Items()
	for _, kind := range types {
		if !slices.Contains(known, kind) {
			return Mistakes{{v.where["out"], fmt.Sprintf("the policy knows no type of material %q; it knows %s", kind, strings.Join(known, ", "))}}
		}
	}
	return nil
}

// waits places a hold that is given.
func (p *play) waits(v values, since time.Time) error {
	item, only := p.items[get[string](v, "item")], broker.NoID
	if get[bool](v, "this_copy") {
		only = item.ID
	}
	return p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(p.everyone()...)
		_, err := p.circulation.PlaceHold(ctx, tx, circulation.PlaceHold{
			Desk:    circulation.Desk{Library: p.home.Library, Branch: p.home.branches[mainBranch], Actor: staff(p.home.ID, everyRole()...), Now: since},
			Library: item.Library, Patron: p.patrons[get[string](v, "patron")].Ref, Title: item.title, Item: only, Pickup: p.pickup(v), QueuedAt: since,
		})
		return err
	})
}

func (p *play) pickup(v values) broker.ID {
	if name := get[string](v, "pickup"); name != "" {
		return p.home.branches[name]
	}
	return p.home.branches[mainBranch]
}

var errFault = errors.New("a fault of Afield's own")
