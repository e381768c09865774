package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/postgres"
)

// lent brings about loans and holds in the order in which they began.
func (p *play) lent() error {
	type beginning struct {
		at   time.Time
		of   values
		make func(values, time.Time) error
	}
	var all []beginning
	for _, v := range p.scenario.given.loans {
		all = append(all, beginning{v.moment("since").in(p.home.Zone), v, p.lend})
	}
	for i, v := range p.scenario.given.holds {
		since := p.start.Add(-time.Hour).Add(time.Duration(i) * time.Second)
		if v.has("since") {
			since = v.moment("since").in(p.home.Zone)
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
	patron, item := p.patrons[v.text("patron")], p.items[v.text("item")]
	at, branch := p.deskNamed(v.text("desk"))
	if item.request != broker.NoID {
		return p.lendBorrowed(patron, item, since)
	}
	renewals, due := v.count("renewals"), v.date("due")
	first := due
	if !due.IsZero() {
		first = due.AddDays(-renewals)
	}
	return p.try(at, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(p.everyone()...)
		place := circulation.Desk{Library: at.Library, Branch: branch, Actor: staff(at.ID, everyRole()...), Now: since}
		out, err := p.circulation.CheckOut(ctx, tx, circulation.CheckOut{Desk: place, Item: item.Ref, Patron: patron.Ref, Due: first})
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
	out, patron := v.counts("out"), p.patrons[name]
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
		return Mistakes{{v.placeOf("out"), "what is given as out could not have been lent: " + ours.Error()}}
	}
	return err
}

func (p *play) outTypes(v values, types []string) error {
	known := p.document.Items()
	for _, kind := range types {
		if !slices.Contains(known, kind) {
			return Mistakes{{v.placeOf("out"), fmt.Sprintf("the policy knows no type of material %q; it knows %s", kind, strings.Join(known, ", "))}}
		}
	}
	return nil
}

// waits places a hold that is given.
func (p *play) waits(v values, since time.Time) error {
	item, only := p.items[v.text("item")], broker.NoID
	if v.flag("this_copy") {
		only = item.ID
	}
	return p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(p.everyone()...)
		_, err := p.circulation.PlaceHold(ctx, tx, circulation.PlaceHold{
			Desk:    circulation.Desk{Library: p.home.Library, Branch: p.home.branches[mainBranch], Actor: staff(p.home.ID, everyRole()...), Now: since},
			Library: item.Library, Patron: p.patrons[v.text("patron")].Ref, Title: item.title, Item: only, Pickup: p.pickup(v), QueuedAt: since,
		})
		return err
	})
}

func (p *play) pickup(v values) broker.ID {
	if name := v.text("pickup"); name != "" {
		return p.home.branches[name]
	}
	return p.home.branches[mainBranch]
}

var errFault = errors.New("a fault of Afield's own")
