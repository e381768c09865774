package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/consortium"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors/partner"
)

// setUp makes the demo's consortium, or changes it, by a file as anybody would.
func setUp(ctx context.Context, tx *postgres.Tx, doors *access.Service, file consortium.File, as consortium.Applying) error {
	text, err := file.YAML()
	if err != nil {
		return err
	}
	document := consortium.Read(text, nil)
	in, err := consortium.Load(ctx, tx, doors, document.File)
	if err != nil {
		return err
	}
	plan, wrong := consortium.NewPlan(document, in, consortium.Surroundings{Now: as.Now, Protocols: []string{partner.Name}})
	if err := wrong.Error(); err != nil {
		return err
	}
	as.Doors, as.Actor, as.ID = doors, broker.System(broker.NoID), derivedID
	_, err = plan.Apply(ctx, tx, as)
	return err
}

// derivedID gives the ids of the demo, which are the same in every database.
func derivedID(kind string, names ...string) broker.ID {
	for _, p := range places() {
		if kind != "group" && kind != "catalogue" && strings.EqualFold(p.symbol, names[0]) {
			switch kind {
			case "library":
				return p.id()
			case "branch":
				for number, building := range p.buildings() {
					if fmt.Sprint(number+1) == names[1] {
						return p.branch(building)
					}
				}
			}
		}
	}
	return broker.DeriveID(append([]string{"demo", kind}, names...)...)
}

// wholeFile is the demo's consortium as a file. Its partners are reached by hand
// until they have started and have addresses.
func wholeFile() consortium.File {
	var file consortium.File
	symbols := map[string]string{}
	shared := map[string][]string{}
	var catalogues []string
	for _, p := range places() {
		symbols[p.key] = p.symbol
		if p.member() && !strings.HasPrefix(p.catalogue, "Catalogue of ") {
			if shared[p.catalogue] == nil {
				catalogues = append(catalogues, p.catalogue)
			}
			shared[p.catalogue] = append(shared[p.catalogue], p.symbol)
		}
	}
	for _, name := range catalogues {
		file.SharingGroups = append(file.SharingGroups, consortium.SharingGroup{Name: name, Libraries: shared[name]})
	}
	names := map[string]string{}
	for _, plan := range groupPlans() {
		group := consortium.Group{Name: plan.name, Kind: string(plan.kind)}
		for _, key := range plan.members {
			group.Libraries = append(group.Libraries, symbols[key])
		}
		names[plan.key] = plan.name
		file.Groups = append(file.Groups, group)
	}
	for _, p := range places() {
		file.Libraries = append(file.Libraries, p.inFile(names))
	}
	return file
}

// inFile is one library as its consortium's file says it.
func (p *place) inFile(groups map[string]string) consortium.Library {
	library := consortium.Library{
		Symbols: []string{p.symbol}, Name: p.name, Is: "by hand", Place: p.country + "-" + p.state, Zone: p.zone, Currency: p.currency,
		Latitude: &p.latitude, Longitude: &p.longitude,
		Lending: &consortium.Lending{
			Days: new(p.terms.days), Renewals: new(1), FreeInState: new(true),
			Fee: broker.Money{Minor: p.terms.fee, Currency: p.currency}.Decimal(),
		},
	}
	if p.yearlyLoans > 0 {
		library.YearlyLoans = new(int(p.yearlyLoans))
	}
	if !p.member() {
		return library
	}
	hours := func(day time.Weekday) string {
		if open, is := p.hours[day]; is {
			return open.String()
		}
		return ""
	}
	library.Is, library.Policy = "member", p.policy
	library.Hours = &consortium.Week{
		Mon: hours(time.Monday), Tue: hours(time.Tuesday), Wed: hours(time.Wednesday), Thu: hours(time.Thursday),
		Fri: hours(time.Friday), Sat: hours(time.Saturday), Sun: hours(time.Sunday),
	}
	for number, building := range p.buildings() {
		library.Branches = append(library.Branches, consortium.Branch{Code: fmt.Sprint(number + 1), Name: building})
	}
	for _, one := range p.tiers {
		library.Tiers = append(library.Tiers, consortium.Tier{
			Name: one.Name, Of: string(one.Members), Group: groups[one.group], States: one.States, Cost: string(one.CostRule),
			Days: new(one.DaysToRespond), Fulfilment: string(one.Fulfilment),
		})
	}
	library.Numbers = &consortium.Numbers{
		Cards: []consortium.Pattern{{Prefix: fmt.Sprintf("2%04d", libraryNumber(p.key)), Length: new(14)}},
		Items: []consortium.Pattern{{Prefix: fmt.Sprintf("3%04d", libraryNumber(p.key)), Length: new(14)}},
	}
	return library
}

// register writes the addresses of the partners that run now, and the secrets they
// were started with.
func (p partners) register(ctx context.Context, db *postgres.DB, doors *access.Service, vault *directory.Vault, now time.Time) error {
	var file consortium.File
	secrets := map[string]consortium.Secrets{}
	for _, at := range places() {
		library := p[at.key]
		if library == nil {
			continue
		}
		peer := library.Peer(at.id())
		file.Libraries = append(file.Libraries, consortium.Library{
			Symbols: []string{at.symbol}, Is: "partner",
			Reached: &consortium.Reached{By: partner.Name, URL: peer.BaseURL, Private: new(true), Timeout: peer.Timeout.String()},
		})
		secrets[strings.ToUpper(at.symbol)] = consortium.Secrets{TheyUse: peer.InboundSecret, WeUse: peer.OutboundSecret}
	}
	err := db.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		return setUp(ctx, tx, doors, file, consortium.Applying{Vault: vault, Reason: "the demo's partners have started", Now: now, Secrets: secrets})
	})
	if err != nil {
		return fmt.Errorf("register the demo's partners: %w", err)
	}
	return nil
}
