package stage

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/postgres"
	"afield/cmd/afield/scenario/language"
)

// TitleOf gives the title of a name, making it on first use.
func (p *Play) TitleOf(tx *postgres.Tx, name, kind string) (broker.ID, error) {
	if id, known := p.titles[name]; known {
		return id, nil
	}
	id, err := catalog.SaveTitle(p.Ctx, tx, catalog.Title{
		ID: broker.NewID(), Title: name + " " + broker.NewID().String(), Format: FormatOf(kind),
	}, p.start.AddDate(-1, 0, 0))
	p.titles[name] = id
	return id, err
}

// FormatOf gives the format of a title whose items are of a type.
func FormatOf(kind string) broker.Format {
	switch format := broker.Format(kind); format {
	case broker.FormatPeriodical, broker.FormatDVD, broker.FormatMusicCD, broker.FormatAudiobook, broker.FormatGame, broker.FormatMicrofilm, broker.FormatArticle:
		return format
	}
	return broker.FormatBook
}

func titleName(name string, v language.Values) string {
	if title := v.Text("title"); title != "" {
		return title
	}
	return name
}

func (p *Play) ownItems() error {
	given := p.Scenario.Given.Items
	if len(given.Names) == 0 {
		return nil
	}
	return p.Everywhere(func(_ context.Context, tx *postgres.Tx) error {
		return given.Each(func(name string, v language.Values) error {
			if v.Flag("ill") {
				return nil
			}
			return p.addItem(tx, name, v)
		})
	})
}

func (p *Play) addItem(tx *postgres.Tx, name string, v language.Values) error {
	owner, branch := p.Home, p.Home.Branches[language.MainBranch]
	if of := v.Text("owner"); of != "" {
		owner = p.Houses[of]
		if owner.outside {
			return language.Mistakes{{Position: v.PlaceOf("owner"), Message: fmt.Sprintf("%s does not share the catalogue: say \"ill: true\" and \"lender: %s\"", of, of)}}
		}
		branch = owner.Branches[language.MainBranch]
	}
	if at := v.Text("branch"); at != "" {
		branch = p.Home.Branches[at]
	}
	title, err := p.TitleOf(tx, titleName(name, v), v.Text("type"))
	if err != nil {
		return err
	}
	lendable, said := v.FlagSaid("lendable")
	item := catalog.Item{
		Library: owner.ID, ID: broker.NewID(), Realm: p.group, Barcode: p.Number("3100"), Title: title, Branch: branch,
		Type: v.Text("type"), Audience: v.Text("audience"), Status: catalog.OnShelf, Lendable: !said || lendable,
		AgeMark: v.Text("age"), Parts: v.Count("parts"),
	}
	item.Price, item.PricePaid, item.ListPrice = priceOf(v, "price", owner), priceOf(v, "price_paid", owner), priceOf(v, "list_price", owner)
	if stands := v.Text("stands"); stands != "" {
		item.Status = catalog.ItemStatus(stands)
	}
	catalog.SaveItem(tx, item, p.start.AddDate(-1, 0, 0))
	p.Items[name] = Thing{Ref: item.Ref(), Barcode: item.Barcode, Title: title}
	return nil
}

func priceOf(v language.Values, word string, owner *House) *broker.Money {
	if !v.Has(word) {
		return nil
	}
	price := v.Amount(word).Money(owner.Currency)
	return &price
}

// holdings says which titles libraries outside have.
func (p *Play) holdings() error {
	return p.Everywhere(func(_ context.Context, tx *postgres.Tx) error {
		return p.Scenario.Given.Libraries.Each(func(name string, v language.Values) error {
			for _, title := range v.Texts("has") {
				id, err := p.TitleOf(tx, title, "book")
				if err != nil {
					return err
				}
				catalog.SaveHoldings(tx, []catalog.Holding{{Title: id, Library: p.Houses[name].ID, Copies: 1, Lends: true, SeenAt: p.start.AddDate(0, 0, -1)}})
			}
			return nil
		})
	})
}

// Find reads an item; one that a lender announced exists here only once it was
// received.
func (p *Play) Find(ctx context.Context, tx *postgres.Tx, thing Thing) (catalog.Item, error) {
	if thing.ID != broker.NoID {
		return catalog.LoadItem(ctx, tx, thing.Library, thing.ID, false)
	}
	if thing.Request != broker.NoID && thing.Barcode != "" {
		item, err := catalog.ItemByBarcode(ctx, tx, p.group, thing.Barcode, false)
		if err == nil || !broker.IsKind(err, broker.KindNotFound) {
			return item, err
		}
	}
	if thing.Request != broker.NoID {
		return catalog.ItemOfRequest(ctx, tx, p.Home.ID, thing.Request, false)
	}
	return catalog.ItemByBarcode(ctx, tx, p.group, thing.Barcode, false)
}
