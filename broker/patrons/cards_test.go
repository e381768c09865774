package patrons_test

import (
	"context"
	"slices"
	"testing"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

func (d desk) cards(ref patrons.Ref) (cards []patrons.Card) {
	d.t.Helper()
	must(d.t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
		cards, err = patrons.Cards(ctx, tx, ref)
		return err
	}))
	return cards
}

func (d desk) report(ref patrons.Ref, card broker.ID, as patrons.CardStatus, day string) (reported patrons.Card, err error) {
	err = d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
		reported, err = patrons.ReportCard(ctx, tx, ref, card, as, broker.MustDate(day))
		return err
	})
	return reported, err
}

func (d desk) replace(document *policy.Document, ref patrons.Ref, card broker.ID, number, day string) (done patrons.Registered, err error) {
	err = d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = patrons.ReplaceCard(ctx, tx, d.here, document, patrons.Replacement{Patron: ref, Card: card, Number: number, Act: d.at(day)})
		return err
	})
	return done, err
}

func TestLostCardsCostMoreTheSecondTime(t *testing.T) {
	t.Parallel()
	westchester := preset(t, "westchester")
	for name, c := range map[string]struct {
		losses []string
		costs  []string
	}{
		"PAY-07 twice in a year":    {[]string{"2026-02-01", "2026-11-30"}, []string{"1.00", "5.00"}},
		"the last day of the year":  {[]string{"2026-02-01", "2027-01-31"}, []string{"1.00", "5.00"}},
		"a year to the day":         {[]string{"2026-02-01", "2027-02-01"}, []string{"1.00", "1.00"}},
		"WCH-C14 a third":           {[]string{"2026-02-01", "2026-11-30", "2027-10-01"}, []string{"1.00", "5.00", "5.00"}},
		"counted from loss to loss": {[]string{"2026-02-01", "2027-02-02", "2027-03-01"}, []string{"1.00", "1.00", "5.00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			ref := d.patron(d.here, "0")
			for i, day := range c.losses {
				cards := d.cards(ref)
				card := cards[slices.IndexFunc(cards, func(c patrons.Card) bool { return c.Status == patrons.CardActive })]
				_, err := d.report(ref, card.ID, patrons.CardLost, day)
				must(t, err)
				// Replaced weeks later: the day of the loss counts.
				later := broker.MustDate(day).AddDays(20).String()
				done, err := d.replace(westchester, ref, card.ID, string(rune('a'+i)), later)
				must(t, err)
				same(t, "replaced after the loss of "+day, amounts(done)[patrons.CardFee], c.costs[i])
				_, err = d.replace(westchester, ref, card.ID, "again", later)
				same(t, "the same card twice", broker.IsKind(err, broker.KindConflict), true)
			}
		})
	}
}

func TestALostOrStolenCardIsStoppedAtOnce(t *testing.T) {
	t.Parallel()
	for _, as := range []patrons.CardStatus{patrons.CardLost, patrons.CardStolen} {
		t.Run(string(as), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			ref := d.patron(d.here, "0")
			must(t, d.try(d.here, func(_ context.Context, tx *postgres.Tx) error { // a second card
				return patrons.SaveCard(tx, patrons.Card{Library: ref.Library, ID: broker.NewID(), Realm: d.here.SharingGroup, Number: "1", Patron: ref.ID, CreatedAt: noon.AddDate(0, 0, 1)})
			}))
			first := d.cards(ref)[1]
			reported, err := d.report(ref, first.ID, as, "2026-03-02")
			must(t, err)
			same(t, "stopped", reported.Usable() != nil, true)
			again, err := d.report(ref, first.ID, as, "2026-03-09")
			must(t, err)
			same(t, "the day of the first report", again.StoppedOn, today)
			if facts := d.facts(ref, today); facts.CardStopped || facts.NoCard {
				t.Errorf("the other card goes on: %+v", facts)
			}
			_, err = d.report(ref, d.cards(ref)[0].ID, as, "2026-03-02")
			must(t, err)
			if facts := d.facts(ref, today); !facts.CardStopped {
				t.Errorf("no card is left: %+v", facts)
			}
		})
	}
}

func TestATemporaryCardGivesItsDepositBack(t *testing.T) {
	t.Parallel()
	westchester := preset(t, "westchester")
	for name, c := range map[string]struct {
		owes       string
		net        bool
		back, left string
	}{
		"PAY-06 less what is owed":     {"3.00", true, "7.00", "0.00"},
		"PAY-06 in full, debt stays":   {"3.00", false, "10.00", "3.00"},
		"owes just the deposit":        {"10.00", true, "0.00", "0.00"},
		"owes a cent less":             {"9.99", true, "0.01", "0.00"},
		"owes a cent more":             {"10.01", true, "0.00", "0.01"},
		"owes nothing":                 {"", true, "10.00", "0.00"},
		"more than it, in full anyway": {"12.00", false, "10.00", "12.00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			until := broker.MustDate("2026-05-31")
			given, err := d.register(westchester, patrons.Application{
				Patron: patrons.Patron{Class: "temporary"}, Papers: brought(attributes.NeedBothResidences, attributes.NeedID),
				Fee: patrons.Fee{Paid: usd(t, "10.00")}, Until: until,
			})
			must(t, err)
			same(t, "until the day of leaving", given.Patron.ExpiresOn, until)
			ref := given.Patron.Ref()
			if c.owes != "" {
				d.owe(ref, c.owes)
			}
			surrender := func() (done patrons.Surrendered, err error) {
				err = d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
					done, err = patrons.SurrenderCard(ctx, tx, d.here, westchester, patrons.Surrender{Patron: ref, Card: given.Card.ID, NetOfDebt: c.net, Act: d.at("2026-05-30")})
					return err
				})
				return done, err
			}
			done, err := surrender()
			must(t, err)
			same(t, "handed out", done.Back.Decimal(), c.back)
			same(t, "left", done.Left.Decimal(), c.left)
			same(t, "owes", d.owes(ref), c.left)
			must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
				balances, err := ledger.BalancesOf(ctx, tx, patrons.Account(d.here, ref))
				if balances.ByKind[patrons.Deposit] != 0 {
					t.Errorf("by kind: %v", balances.ByKind)
				}
				return err
			}))
			if _, err = surrender(); !broker.IsKind(err, broker.KindConflict) {
				t.Errorf("surrendered twice: %v", err)
			}
		})
	}
}

func TestACardIsRenewedWithPapersAndFee(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	westchester := preset(t, "westchester")
	given, err := d.register(westchester, patrons.Application{
		Patron: patrons.Patron{Class: "teacher"}, Papers: brought(attributes.NeedTeachesHere, attributes.NeedID),
		Fee: patrons.Fee{Paid: usd(t, "1.00")},
	})
	must(t, err)
	ref := given.Patron.Ref()
	t.Run("PAT-15 expired after a year, good on its last day", func(t *testing.T) {
		for on, expired := range map[string]bool{"2027-03-01": false, "2027-03-02": false, "2027-03-03": true} {
			decision := lending.MayCheckOut(westchester, policy.Moment{Now: d.at(on).Now, Calendar: d.here.Calendar}, lending.Checkout{
				Patron: d.facts(ref, broker.MustDate(on)), Owner: rule.OwnerOwn, Item: "book", Lendable: true,
			})
			same(t, "on "+on, decision.Has("card_expired"), expired)
		}
	})
	renew := func(met ...attributes.CardNeed) (done patrons.Registered, err error) {
		err = d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
			done, err = patrons.RenewCard(ctx, tx, d.here, westchester, patrons.Renewal{Patron: ref, Papers: brought(met...), Act: d.at("2027-03-03")})
			return err
		})
		return done, err
	}
	_, err = renew(attributes.NeedID)
	same(t, "without proof of the address", refused(t, err)[0], "card_need_missing")
	done, err := renew(attributes.NeedID, attributes.NeedProofOfAddress)
	must(t, err)
	same(t, "good until", done.Patron.ExpiresOn, broker.MustDate("2028-03-03"))
	_, err = renew(attributes.NeedID, attributes.NeedProofOfAddress) // a double click
	must(t, err)
	same(t, "owes", d.owes(ref), "1.00")
	t.Run("a day of leaving shortens it and never gives more than the policy", func(t *testing.T) {
		for until, want := range map[string]string{"2027-06-30": "2027-06-30", "2099-01-01": "2028-03-03"} {
			must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
				done, err = patrons.RenewCard(ctx, tx, d.here, westchester, patrons.Renewal{
					Patron: ref, Papers: brought(attributes.NeedID, attributes.NeedProofOfAddress), Until: broker.MustDate(until), Act: d.at("2027-03-03"),
				})
				return err
			}))
			same(t, "asked for until "+until, done.Patron.ExpiresOn, broker.MustDate(want))
		}
	})
}
