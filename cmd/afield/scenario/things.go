package scenario

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/postgres"
)

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
	case broker.FormatPeriodical, broker.FormatDVD, broker.FormatMusicCD, broker.FormatAudiobook, broker.FormatGame, broker.FormatMicrofilm, broker.FormatArticle:
		return format
	}
	return broker.FormatBook
}

func titleName(name string, v values) string {
	if title := v.text("title"); title != "" {
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
			if v.flag("ill") {
				return nil
			}
			return p.addItem(tx, name, v)
		})
	})
}

func (p *play) addItem(tx *postgres.Tx, name string, v values) error {
	owner, branch := p.home, p.home.branches[mainBranch]
	if of := v.text("owner"); of != "" {
		owner = p.houses[of]
		if owner.outside {
			return Mistakes{{v.placeOf("owner"), fmt.Sprintf("%s does not share the catalogue: say \"ill: true\" and \"lender: %s\"", of, of)}}
		}
		branch = owner.branches[mainBranch]
	}
	if at := v.text("branch"); at != "" {
		branch = p.home.branches[at]
	}
	title, err := p.titleOf(tx, titleName(name, v), v.text("type"))
	if err != nil {
		return err
	}
	lendable, said := v.flagSaid("lendable")
	item := catalog.Item{
		Library: owner.ID, ID: broker.NewID(), Realm: p.group, Barcode: p.number("3100"), Title: title, Branch: branch,
		Type: v.text("type"), Audience: v.text("audience"), Status: catalog.OnShelf, Lendable: !said || lendable,
		AgeMark: v.text("age"), Parts: v.count("parts"),
	}
	item.Price, item.PricePaid, item.ListPrice = priceOf(v, "price", owner), priceOf(v, "price_paid", owner), priceOf(v, "list_price", owner)
	if stands := v.text("stands"); stands != "" {
		item.Status = catalog.ItemStatus(stands)
	}
	catalog.SaveItem(tx, item, p.start.AddDate(-1, 0, 0))
	p.items[name] = thing{Ref: item.Ref(), barcode: item.Barcode, title: title}
	return nil
}

func priceOf(v values, word string, owner *house) *broker.Money {
	if !v.has(word) {
		return nil
	}
	price := v.amount(word).money(owner.Currency)
	return &price
}

// holdings says which titles libraries outside have.
func (p *play) holdings() error {
	return p.everywhere(func(_ context.Context, tx *postgres.Tx) error {
		return p.scenario.given.libraries.each(func(name string, v values) error {
			for _, title := range v.texts("has") {
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

// find reads an item; one that a lender announced has a place here only once it
// was received.
func (p *play) find(ctx context.Context, tx *postgres.Tx, thing thing) (catalog.Item, error) {
	if thing.ID != broker.NoID {
		return catalog.LoadItem(ctx, tx, thing.Library, thing.ID, false)
	}
	if thing.request != broker.NoID {
		return catalog.ItemOfRequest(ctx, tx, p.home.ID, thing.request, false)
	}
	return catalog.ItemByBarcode(ctx, tx, p.group, thing.barcode, false)
}
