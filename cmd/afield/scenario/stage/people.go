package stage

import (
	"context"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/cmd/afield/scenario/language"
)

// patron makes a patron with a card; debts and blocks come later.
func (p *Play) patron(name string, v language.Values) error {
	ref := patrons.Ref{Library: p.Home.ID, ID: broker.NewID()}
	day := p.Home.Today(p.start)
	patron := patrons.Patron{
		Library: ref.Library, ID: ref.ID, Class: v.Text("class"), BornOn: v.Date("born"),
		PhoneCheckedOn: v.Date("phone_checked"), NoticeChannel: v.Text("wishes"),
		ExpiresOn: v.Date("expires"), Status: patrons.Active, CreatedAt: p.start.AddDate(-1, 0, 0), NotFor: v.Texts("not_for"),
	}
	if patron.Class == "" {
		patron.Class = "resident"
	}
	if v.Has("last_used") {
		patron.LastActiveOn = v.Date("last_used")
	}
	if v.Has("age") {
		patron.BornOn = day.AddMonths(-12 * v.Count("age")).AddDays(-1)
	}
	if phone, said := v.FlagSaid("phone"); !said || phone {
		patron.Phone = "555-0100"
		if patron.PhoneCheckedOn.IsZero() {
			patron.PhoneCheckedOn = day
		}
	}
	if v.Flag("email") {
		patron.Email = "patron@example.org"
	}
	made := Person{Ref: ref, Card: p.Number("2100")}
	if v.Text("card") != "none" {
		made.cardID = broker.NewID()
	}
	p.Patrons[name] = made
	return p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		if patron.Household, err = p.Household(ctx, tx, v.Text("household"), patron.Class); err != nil {
			return err
		}
		if err := patrons.SavePatron(tx, patron); err != nil {
			return err
		}
		return p.giveCard(tx, made, patrons.CardActive)
	})
}

// giveCard saves the card of a patron who has one.
func (p *Play) giveCard(tx *postgres.Tx, of Person, status patrons.CardStatus) error {
	if of.cardID == broker.NoID {
		return nil
	}
	return patrons.SaveCard(tx, patrons.Card{
		Library: of.Library, ID: of.cardID, Realm: p.group, Number: of.Card, Patron: of.ID,
		Status: status, CreatedAt: p.start.AddDate(-1, 0, 0),
	})
}

// links says who is responsible for whom.
func (p *Play) links() error {
	return p.Everywhere(func(_ context.Context, tx *postgres.Tx) error {
		return p.Scenario.Given.Patrons.Each(func(name string, v language.Values) error {
			for _, proxy := range v.Texts("proxies") {
				err := patrons.SaveProxy(tx, patrons.Proxy{Patron: p.Patrons[name].Ref, Proxy: p.Patrons[proxy].Ref}, p.start.AddDate(-1, 0, 0))
				if err != nil {
					return err
				}
			}
			for _, parent := range v.Texts("parents") {
				if err := patrons.Link(tx, p.Patrons[parent].Ref, p.Patrons[name].Ref, p.Home.Today(p.start.AddDate(-1, 0, 0))); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// account adds debts and blocks, and stops a lost card: only after the patron's
// loans were made.
func (p *Play) account(name string, v language.Values) error {
	owes, ref := v.Amounts("owes"), p.Patrons[name].Ref
	kinds := make([]string, 0, len(owes))
	for kind := range owes {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	if err := p.takenOut(name, v); err != nil {
		return err
	}
	stops, status := v.Texts("blocked"), patrons.CardStatus(v.Text("card"))
	stopped := status == patrons.CardLost || status == patrons.CardStolen
	if len(kinds)+len(stops) == 0 && !v.Flag("ill_suspended") && !stopped {
		return nil
	}
	return p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		if stopped {
			if err := p.giveCard(tx, p.Patrons[name], status); err != nil {
				return err
			}
		}
		for _, kind := range kinds {
			if owes[kind] == 0 {
				continue
			}
			_, err := ledger.Post(tx, ledger.Charge{
				Account: patrons.Account(p.Home.Library, ref), Kind: kind, Amount: owes[kind].Money(p.Home.Currency),
				Cause: "given:" + ref.ID.String() + ":" + kind, Note: "owed before", Actor: Staff(p.Home.ID, "desk"), At: p.start.Add(-time.Hour),
			})
			if err != nil {
				return err
			}
		}
		if err := p.block(tx, ref, stops, v); err != nil {
			return err
		}
		_, err := standing.UpdateLatch(ctx, tx, p.Home.Library, p.Document, ref, p.start.Add(-time.Hour))
		return err
	})
}

func (p *Play) block(tx *postgres.Tx, ref patrons.Ref, stops []string, v language.Values) error {
	put := func(kind patrons.BlockKind, stops []string) error {
		_, err := patrons.PutBlock(tx, patrons.Block{
			Library: ref.Library, Patron: ref.ID, Kind: kind, Stops: stops, Reason: "put before",
			From: p.Home.Today(p.start.AddDate(-1, 0, 0)), Until: v.Date("blocked_until"), PutBy: Staff(p.Home.ID, "director"),
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
	if v.Flag("ill_suspended") {
		return put(patrons.BlockILLSuspended, nil)
	}
	return nil
}

// Household gives the household or business of a name, making it on first use.
func (p *Play) Household(_ context.Context, tx *postgres.Tx, name, class string) (broker.ID, error) {
	if name == "" {
		return broker.NoID, nil
	}
	if id, known := p.Households[name]; known {
		return id, nil
	}
	kind := patrons.OfHousehold
	if class == "business" {
		kind = patrons.OfBusiness
	}
	id := broker.NewID()
	p.Households[name] = id
	return id, patrons.SaveHousehold(tx, patrons.Household{Library: p.Home.ID, ID: id, Kind: kind, Name: name, CreatedAt: p.Now()})
}
