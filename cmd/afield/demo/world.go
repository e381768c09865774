package demo

import (
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/connectors/partner"
)

// place is one library of the demo, as data.
type place struct {
	key  string // names it within this package
	name string
	// symbol is NAMESPACE:VALUE; empty means DEMO: and the key.
	symbol              string
	state, country      string
	zone, currency      string
	latitude, longitude float64
	yearlyLoans         int64
	// catalogue names the sharing group of a member; empty means its own.
	catalogue string
	policy    string // members only
	protocol  directory.Protocol
	hours     calendar.Week
	branches  []string
	tiers     []tier
	terms     terms
	// past is how it answered before the stories began.
	past past
}

// tier is directory.Tier with its group by key.
type tier struct {
	directory.Tier
	group string
}

// terms are a library's lending terms; fee is in minor units of its currency.
type terms struct {
	days int
	fee  int64
}

// past counts earlier answers; hours is how long each took.
type past struct {
	filled, refused, silent int
	hours                   float64
}

// groupPlan is a system or network, with its members by key.
type groupPlan struct {
	key, name string
	kind      directory.GroupKind
	members   []string
}

const (
	systemCEF   = "cef"
	networkNCLS = "ncls"
)

func groupPlans() []groupPlan {
	return []groupPlan{
		{systemCEF, "Clinton Essex Franklin Library System", directory.GroupSystem, []string{"westport", "plattsburgh", "keeseville", "champlain"}},
		{networkNCLS, "North Country Library System", directory.GroupNetwork, []string{"massena", "potsdam", "still-pond"}},
	}
}

// weekdays is Monday to Saturday, the hours of every library here: holidays are
// left out, so that the stories come out the same on every day of the year.
func weekdays(hours string) calendar.Week {
	open := calendar.MustHours(hours)
	return calendar.Week{time.Monday: open, time.Tuesday: open, time.Wednesday: open, time.Thursday: open, time.Friday: open, time.Saturday: open}
}

func ownShelves() tier {
	return tier{Tier: directory.Tier{Name: "Own shelves", Members: directory.TierOwn, Fulfilment: directory.FulfilHold, DaysToRespond: 2}}
}

func sharedCatalogue(name string) tier {
	return tier{Tier: directory.Tier{Name: name, Members: directory.TierSharingGroup, Fulfilment: directory.FulfilHold, DaysToRespond: 7}}
}

func groupTier(key, name string, days int) tier {
	return tier{group: key, Tier: directory.Tier{Name: name, Members: directory.TierGroup, Fulfilment: directory.FulfilILL, DaysToRespond: days}}
}

func stateTier(name, state string) tier {
	return tier{Tier: directory.Tier{
		Name: name, Members: directory.TierStates, States: []string{state}, CostRule: directory.CostLenderFee,
		Fulfilment: directory.FulfilILL, DaysToRespond: 4,
	}}
}

func furtherAfield() tier {
	return tier{Tier: directory.Tier{
		Name: "Out of state", Members: directory.TierEverywhere, CostRule: directory.CostLenderFee,
		Fulfilment: directory.FulfilILL, DaysToRespond: 5,
	}}
}

const (
	catalogueCEF        = "Clinton Essex Franklin catalogue"
	catalogueDelaware   = "Delaware Library Catalog"
	cataloguePrairieCat = "PrairieCat"
)

// places lists every library of the demo. Names, states, positions and yearly
// loans of those that exist are facts of the Public Libraries Survey 2020.
func places() []place {
	const east, central = "America/New_York", "America/Chicago"
	list := []place{
		// Westport, its local system and its regional network.
		{
			key: "westport", name: "Westport Library Association", symbol: "ISIL:US-NWPTL", state: "NY", zone: east, latitude: 44.1819, longitude: -73.4342,
			yearlyLoans: 3094, catalogue: catalogueCEF, policy: "westport", hours: weekdays("10:00-17:00"),
			tiers: []tier{
				ownShelves(), sharedCatalogue("Shared catalogue of the local system"), groupTier(systemCEF, "Local system: Clinton Essex Franklin", 3),
				groupTier(networkNCLS, "Regional network: North Country", 4), furtherAfield(),
			},
		},
		{
			key: "plattsburgh", name: "Plattsburgh Public Library", state: "NY", zone: east, latitude: 44.6972, longitude: -73.4555, yearlyLoans: 51509,
			catalogue: catalogueCEF, policy: "open-lender", hours: weekdays("09:00-18:00"), tiers: []tier{ownShelves(), sharedCatalogue("Shared catalogue of the local system"), furtherAfield()},
		},
		{
			key: "keeseville", name: "Keeseville Free Library", state: "NY", zone: east, latitude: 44.5044, longitude: -73.4806, yearlyLoans: 3038,
			catalogue: catalogueCEF, policy: "open-lender", hours: weekdays("10:00-17:00"), tiers: []tier{ownShelves(), sharedCatalogue("Shared catalogue of the local system"), furtherAfield()},
		},
		{
			key: "champlain", name: "Champlain Memorial Library", state: "NY", zone: east, latitude: 44.9861, longitude: -73.4405, yearlyLoans: 1085,
			policy: "open-lender", hours: weekdays("10:00-17:00"), tiers: []tier{ownShelves(), furtherAfield()}, terms: terms{days: 42},
		},
		{
			key: "massena", name: "Massena Public Library", state: "NY", zone: east, latitude: 44.9311, longitude: -74.8910, yearlyLoans: 28154,
			policy: "open-lender", hours: weekdays("09:30-17:00"), tiers: []tier{ownShelves(), furtherAfield()}, past: past{filled: 60, hours: 8},
		},
		{
			key: "potsdam", name: "Potsdam Public Library", state: "NY", zone: east, latitude: 44.6694, longitude: -74.9826, yearlyLoans: 62349,
			policy: "open-lender", hours: weekdays("09:30-18:00"), tiers: []tier{ownShelves(), furtherAfield()}, past: past{filled: 5, refused: 95, hours: 120},
		},

		// Westchester stands alone, in two buildings.
		{
			key: "westchester", name: "Westchester Public Library", state: "IN", zone: central, latitude: 41.6099, longitude: -87.0538, yearlyLoans: 125561,
			policy: "westchester", hours: weekdays("09:00-20:00"), branches: []string{"Thomas Library", "Hageman Library"},
			tiers: []tier{ownShelves(), stateTier("Indiana", "IN"), furtherAfield()},
		},
		{
			key: "michigan-city", name: "Michigan City Public Library", state: "IN", zone: central, latitude: 41.7184, longitude: -86.9024, yearlyLoans: 112783,
			policy: "open-lender", hours: weekdays("09:00-20:00"), tiers: []tier{ownShelves(), furtherAfield()},
		},

		// A library of the Delaware Library Catalog.
		{
			key: "dover", name: "Dover Public Library", state: "DE", zone: east, latitude: 39.1586, longitude: -75.5226, yearlyLoans: 299700,
			catalogue: catalogueDelaware, policy: "delaware", hours: weekdays("09:00-20:00"), tiers: []tier{ownShelves(), sharedCatalogue(catalogueDelaware), furtherAfield()},
		},
		{
			key: "lewes", name: "Lewes Public Library", state: "DE", zone: east, latitude: 38.7675, longitude: -75.1411, yearlyLoans: 210724,
			catalogue: catalogueDelaware, policy: "open-lender", hours: weekdays("10:00-18:00"), tiers: []tier{ownShelves(), sharedCatalogue(catalogueDelaware), furtherAfield()},
		},
		{
			key: "rehoboth", name: "Rehoboth Beach Public Library", state: "DE", zone: east, latitude: 38.7158, longitude: -75.0829, yearlyLoans: 67775,
			catalogue: catalogueDelaware, policy: "open-lender", hours: weekdays("10:00-18:00"), tiers: []tier{ownShelves(), sharedCatalogue(catalogueDelaware), furtherAfield()},
		},

		// Western District and its consortium.
		{
			key: "western-district", name: "Western District Public Library", state: "IL", zone: central, latitude: 41.3531, longitude: -90.3814, yearlyLoans: 19026,
			catalogue: cataloguePrairieCat, policy: "western-district", hours: weekdays("09:00-18:00"),
			tiers: []tier{ownShelves(), sharedCatalogue(cataloguePrairieCat), stateTier("Illinois", "IL"), furtherAfield()},
		},
		{
			key: "geneseo", name: "Geneseo Public Library District", state: "IL", zone: central, latitude: 41.4631, longitude: -90.1438, yearlyLoans: 63150,
			catalogue: cataloguePrairieCat, policy: "open-lender", hours: weekdays("09:00-18:00"), tiers: []tier{ownShelves(), sharedCatalogue(cataloguePrairieCat), furtherAfield()},
		},
		{
			key: "coal-valley", name: "Robert R. Jones Public Library District", state: "IL", zone: central, latitude: 41.4431, longitude: -90.4611, yearlyLoans: 31010,
			catalogue: cataloguePrairieCat, policy: "open-lender", hours: weekdays("09:00-18:00"), tiers: []tier{ownShelves(), sharedCatalogue(cataloguePrairieCat), furtherAfield()},
		},

		// Perth, in Canada, and a neighbour that is asked by hand.
		{
			key: "perth", name: "Perth & District Union Public Library", state: "ON", country: "CA", zone: "America/Toronto", currency: "CAD", latitude: 44.9, longitude: -76.25,
			policy: "perth", hours: weekdays("10:00-18:00"), tiers: []tier{ownShelves(), stateTier("Ontario", "ON"), furtherAfield()},
		},
		{
			key: "smiths-falls", name: "Smiths Falls Public Library", state: "ON", country: "CA", zone: "America/Toronto", currency: "CAD", latitude: 44.9, longitude: -76.02,
			protocol: directory.ProtocolManual,
		},
	}
	list = append(list, lenders()...)
	for i := range list {
		list[i].fill()
	}
	return list
}

// lenders are the demonstration libraries elsewhere, each with a habit.
func lenders() []place {
	const east, central = "America/New_York", "America/Chicago"
	return []place{
		{key: "green-mountain", name: "Green Mountain Demonstration Library", state: "VT", zone: east, latitude: 44.48, longitude: -73.21, protocol: partner.Name, terms: terms{days: 28, fee: 1250}, past: past{filled: 30, hours: 12}},
		{key: "slow-river", name: "Slow River Demonstration Library", state: "MA", zone: east, latitude: 42.36, longitude: -71.06, protocol: partner.Name, terms: terms{days: 28}},
		{key: "two-tongues", name: "Two Tongues Demonstration Library", state: "OH", zone: east, latitude: 41.5, longitude: -81.69, protocol: partner.Name, terms: terms{days: 28}, past: past{filled: 60, hours: 4}},
		{key: "long-night", name: "Long Night Demonstration Library", state: "ME", zone: east, latitude: 44.8, longitude: -68.77, protocol: partner.Name, terms: terms{days: 28}},
		{key: "still-pond", name: "Still Pond Demonstration Library", state: "NY", zone: east, latitude: 44.3, longitude: -74.1, protocol: partner.Name, terms: terms{days: 28}, past: past{filled: 40, hours: 24}},
		{key: "tall-grass", name: "Tall Grass Demonstration Library", state: "IL", zone: central, latitude: 39.8, longitude: -89.65, protocol: partner.Name, terms: terms{days: 28}, past: past{filled: 30, hours: 12}},
		{key: "high-surf", name: "High Surf Demonstration Library", state: "HI", zone: "Pacific/Honolulu", latitude: 21.3, longitude: -157.86, protocol: directory.ProtocolManual, terms: terms{days: 28}},
	}
}

func (p *place) fill() {
	if p.country == "" {
		p.country = "US"
	}
	if p.currency == "" {
		p.currency = "USD"
	}
	if p.symbol == "" {
		p.symbol = "DEMO:" + p.key
	}
	if p.protocol == "" {
		p.protocol = directory.ProtocolMember
	}
	if p.catalogue == "" {
		p.catalogue = "Catalogue of " + p.name
	}
	if p.terms.days == 0 {
		p.terms.days = 28
	}
}

func (p *place) member() bool { return p.protocol == directory.ProtocolMember }

func (p *place) id() broker.ID { return broker.DeriveID("demo", "library", p.key) }

func (p *place) realm() broker.ID { return broker.DeriveID("demo", "catalogue", p.catalogue) }

func (p *place) branch(name string) broker.ID { return broker.DeriveID("demo", "branch", p.key, name) }

// buildings are the branches by name; a library without named branches has one.
func (p *place) buildings() []string {
	if len(p.branches) == 0 {
		return []string{"Main"}
	}
	return p.branches
}

func (p *place) location() *time.Location {
	zone, err := time.LoadLocation(p.zone)
	if err != nil {
		panic(err) // the demo's own data
	}
	return zone
}
