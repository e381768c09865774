package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/cmd/afield/scenario/language"
)

// lent brings about loans and holds in the order in which they began.
func (p *Play) lent() error {
	type beginning struct {
		at   time.Time
		of   language.Values
		make func(language.Values, time.Time) error
	}
	var all []beginning
	for _, v := range p.Scenario.Given.Loans {
		all = append(all, beginning{v.Moment("since").In(p.Home.Zone), v, p.lend})
	}
	for i, v := range p.Scenario.Given.Holds {
		since := p.start.Add(-time.Hour).Add(time.Duration(i) * time.Second)
		if v.Has("since") {
			since = v.Moment("since").In(p.Home.Zone)
		}
		all = append(all, beginning{since, v, p.waits})
	}
	slices.SortStableFunc(all, func(a, b beginning) int { return a.at.Compare(b.at) })
	for _, one := range all {
		err := one.make(one.of, one.at)
		if ours, known := broker.AsError(err); known {
			return language.Mistakes{{Position: one.of.At, Message: "what is given could not have begun so: " + ours.Error()}}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lend lends an item at the moment it was lent.
func (p *Play) lend(v language.Values, since time.Time) error {
	patron, item := p.Patrons[v.Text("patron")], p.Items[v.Text("item")]
	at, branch := p.deskNamed(v.Text("desk"))
	if item.Request != broker.NoID {
		return p.lendBorrowed(patron, item, since)
	}
	renewals, due := v.Count("renewals"), v.Date("due")
	first := due
	if !due.IsZero() {
		first = due.AddDays(-renewals)
	}
	return p.Try(at, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(p.Everyone()...)
		place := standing.Desk{Library: at.Library, Branch: branch, Actor: Staff(at.ID, everyRole()...), Now: since}
		out, err := p.loans.CheckOut(ctx, tx, loans.CheckOut{Desk: place, Item: item.Ref, Patron: patron.Ref, Due: first})
		if err != nil {
			return err
		}
		for done := 1; done <= renewals; done++ {
			next := out.Loan.DueOn.AddDays(1)
			out, err = p.loans.ChangeDue(ctx, tx, loans.ChangeDue{Desk: place, Loan: out.Loan.Ref, Due: next, Why: loans.DueRenewed})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Everyone lists the member libraries of the scenario.
func (p *Play) Everyone() []broker.ID {
	ids := []broker.ID{p.Home.ID}
	for _, h := range p.Houses {
		if !h.outside {
			ids = append(ids, h.ID)
		}
	}
	return ids
}

// deskNamed gives the library and branch of a desk's name; the library's first
// desk for none.
func (p *Play) deskNamed(name string) (*House, broker.ID) {
	if name == "" {
		name = language.MainBranch
	}
	if branch, ours := p.Home.Branches[name]; ours {
		return p.Home, branch
	}
	other := p.Houses[name]
	return other, other.Branches[language.MainBranch]
}

// takenOut lends a patron the loans that are given only as a count.
func (p *Play) takenOut(name string, v language.Values) error {
	out, patron := v.Counts("out"), p.Patrons[name]
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
	err := p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		for _, kind := range types {
			for range out[kind].(int) {
				item := catalog.Item{
					Library: p.Home.ID, ID: broker.NewID(), Realm: p.group, Barcode: p.Number("3200"), Branch: p.Home.Branches[language.MainBranch],
					Type: kind, Status: catalog.OnShelf, Lendable: true,
				}
				catalog.SaveItem(tx, item, since)
				_, err := p.loans.CheckOut(ctx, tx, loans.CheckOut{
					Desk: standing.Desk{Library: p.Home.Library, Branch: p.Home.Branches[language.MainBranch], Actor: Staff(p.Home.ID, everyRole()...), Now: since},
					Item: item.Ref(), Patron: patron.Ref,
				})
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if ours, known := broker.AsError(err); known {
		return language.Mistakes{{Position: v.PlaceOf("out"), Message: "what is given as out could not have been lent: " + ours.Error()}}
	}
	return err
}

func (p *Play) outTypes(v language.Values, types []string) error {
	known := p.Document.Items()
	for _, kind := range types {
		if !slices.Contains(known, kind) {
			return language.Mistakes{{Position: v.PlaceOf("out"), Message: fmt.Sprintf("the policy knows no type of material %q; it knows %s", kind, strings.Join(known, ", "))}}
		}
	}
	return nil
}

// waits places a hold that is given.
func (p *Play) waits(v language.Values, since time.Time) error {
	item, only := p.Items[v.Text("item")], broker.NoID
	if v.Flag("this_copy") {
		only = item.ID
	}
	return p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(p.Everyone()...)
		_, err := p.holds.PlaceHold(ctx, tx, holds.PlaceHold{
			Desk:    standing.Desk{Library: p.Home.Library, Branch: p.Home.Branches[language.MainBranch], Actor: Staff(p.Home.ID, everyRole()...), Now: since},
			Library: item.Library, Patron: p.Patrons[v.Text("patron")].Ref, Title: item.Title, Item: only, Pickup: p.Pickup(v), QueuedAt: since,
		})
		return err
	})
}

// Pickup is the branch where something is to be picked up; the main one where
// none is named.
func (p *Play) Pickup(v language.Values) broker.ID {
	if name := v.Text("pickup"); name != "" {
		return p.Home.Branches[name]
	}
	return p.Home.Branches[language.MainBranch]
}

var errFault = errors.New("a fault of Afield's own")
