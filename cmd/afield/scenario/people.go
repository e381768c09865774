package scenario

import (
	"context"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// patron makes a patron with a card; what is owed and blocked comes later.
func (p *play) patron(name string, v values) error {
	ref := patrons.Ref{Library: p.home.ID, ID: broker.NewID()}
	day := p.home.Today(p.start)
	patron := patrons.Patron{
		Library: ref.Library, ID: ref.ID, Class: v.text("class"), BornOn: v.date("born"),
		PhoneCheckedOn: v.date("phone_checked"), NoticeChannel: v.text("wishes"),
		ExpiresOn: v.date("expires"), Status: patrons.Active, CreatedAt: p.start.AddDate(-1, 0, 0), NotFor: v.texts("not_for"),
	}
	if patron.Class == "" {
		patron.Class = "resident"
	}
	if v.has("last_used") {
		patron.LastActiveOn = v.date("last_used")
	}
	if v.has("age") {
		patron.BornOn = day.AddMonths(-12 * v.count("age")).AddDays(-1)
	}
	if phone, said := v.flagSaid("phone"); !said || phone {
		patron.Phone = "555-0100"
		if patron.PhoneCheckedOn.IsZero() {
			patron.PhoneCheckedOn = day
		}
	}
	if v.flag("email") {
		patron.Email = "patron@example.org"
	}
	made := person{Ref: ref, card: p.number("2100")}
	if v.text("card") != "none" {
		made.cardID = broker.NewID()
	}
	p.patrons[name] = made
	return p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		if patron.Household, err = p.household(ctx, tx, v.text("household"), patron.Class); err != nil {
			return err
		}
		if err := patrons.SavePatron(tx, patron); err != nil {
			return err
		}
		return p.giveCard(tx, made, patrons.CardActive)
	})
}

// giveCard saves the card of a patron who has one.
func (p *play) giveCard(tx *postgres.Tx, of person, status patrons.CardStatus) error {
	if of.cardID == broker.NoID {
		return nil
	}
	return patrons.SaveCard(tx, patrons.Card{
		Library: of.Library, ID: of.cardID, Realm: p.group, Number: of.card, Patron: of.ID,
		Status: status, CreatedAt: p.start.AddDate(-1, 0, 0),
	})
}

// links says who answers for whom.
func (p *play) links() error {
	return p.everywhere(func(_ context.Context, tx *postgres.Tx) error {
		return p.scenario.given.patrons.each(func(name string, v values) error {
			for _, proxy := range v.texts("proxies") {
				err := patrons.SaveProxy(tx, patrons.Proxy{Patron: p.patrons[name].Ref, Proxy: p.patrons[proxy].Ref}, p.start.AddDate(-1, 0, 0))
				if err != nil {
					return err
				}
			}
			for _, parent := range v.texts("parents") {
				if err := patrons.Link(tx, p.patrons[parent].Ref, p.patrons[name].Ref, p.home.Today(p.start.AddDate(-1, 0, 0))); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// account puts what is owed and blocked, and stops a card that was lost after
// what the patron has was lent.
func (p *play) account(name string, v values) error {
	owes, ref := v.amounts("owes"), p.patrons[name].Ref
	kinds := make([]string, 0, len(owes))
	for kind := range owes {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	if err := p.takenOut(name, v); err != nil {
		return err
	}
	stops, status := v.texts("blocked"), patrons.CardStatus(v.text("card"))
	stopped := status == patrons.CardLost || status == patrons.CardStolen
	if len(kinds)+len(stops) == 0 && !v.flag("ill_suspended") && !stopped {
		return nil
	}
	return p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		if stopped {
			if err := p.giveCard(tx, p.patrons[name], status); err != nil {
				return err
			}
		}
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
		_, err := circulation.UpdateLatch(ctx, tx, p.home.Library, p.document, ref, p.start.Add(-time.Hour))
		return err
	})
}

func (p *play) block(tx *postgres.Tx, ref patrons.Ref, stops []string, v values) error {
	put := func(kind patrons.BlockKind, stops []string) error {
		_, err := patrons.PutBlock(tx, patrons.Block{
			Library: ref.Library, Patron: ref.ID, Kind: kind, Stops: stops, Reason: "put before",
			From: p.home.Today(p.start.AddDate(-1, 0, 0)), Until: v.date("blocked_until"), PutBy: staff(p.home.ID, "director"),
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
	if v.flag("ill_suspended") {
		return put(patrons.BlockILLSuspended, nil)
	}
	return nil
}

// household gives the household or business of a name, making it the first time.
func (p *play) household(_ context.Context, tx *postgres.Tx, name, class string) (broker.ID, error) {
	if name == "" {
		return broker.NoID, nil
	}
	if id, known := p.households[name]; known {
		return id, nil
	}
	kind := patrons.OfHousehold
	if class == "business" {
		kind = patrons.OfBusiness
	}
	id := broker.NewID()
	p.households[name] = id
	return id, patrons.SaveHousehold(tx, patrons.Household{Library: p.home.ID, ID: id, Kind: kind, Name: name, CreatedAt: p.now()})
}
