package patrons_test

import (
	"context"
	"slices"
	"testing"

	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/postgres"
)

// account saves a patron as told and gives them a card.
func (d desk) account(patron patrons.Patron) patrons.Ref {
	d.t.Helper()
	patron.Library, patron.ID, patron.CreatedAt = d.here.ID, broker.NewID(), noon.AddDate(-20, 0, 0)
	must(d.t, d.try(d.here, func(_ context.Context, tx *postgres.Tx) error {
		if err := patrons.SavePatron(tx, patron); err != nil {
			return err
		}
		return patrons.SaveCard(tx, patrons.Card{Library: d.here.ID, ID: broker.NewID(), Realm: d.here.SharingGroup, Number: patron.ID.String(), Patron: patron.ID, CreatedAt: patron.CreatedAt})
	}))
	return patron.Ref()
}

func (d desk) purge(document *policy.Document, ref patrons.Ref, day string) (done patrons.Purged) {
	d.t.Helper()
	must(d.t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = patrons.Purge(ctx, tx, d.here, document, ref, 0, d.at(day).Now)
		return err
	}))
	return done
}

func (d desk) candidates(document *policy.Document, day string) (ids []broker.ID) {
	d.t.Helper()
	must(d.t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
		ids, err = patrons.PurgeCandidates(ctx, tx, d.here, document, broker.MustDate(day), broker.NoID, 100)
		return err
	}))
	return ids
}

func TestAccountsGoBySchedule(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	western, westchester := preset(t, "western-district"), preset(t, "westchester")
	for name, c := range map[string]struct {
		document      *policy.Document
		expired, used string
		owes          string
		linked        bool
		by            string // "" stays
	}{
		"PAT-05 eight years, 100.00":               {western, "2018-03-02", "2018-03-01", "100.00", false, ""},
		"eight years, 99.99":                       {western, "2018-03-02", "2018-03-01", "99.99", false, "expired_7_years"},
		"PAT-06 seven years, 25.00":                {western, "2019-03-02", "2019-03-01", "25.00", false, "expired_7_years"},
		"PAT-06 seven years less a day, 25.00":     {western, "2019-03-03", "2019-03-01", "25.00", false, ""},
		"PAT-06 five years, 25.00":                 {western, "2021-03-02", "2021-03-01", "25.00", false, ""},
		"PAT-07 three years, 24.99":                {western, "2023-03-02", "2025-03-01", "24.99", false, "expired_3_years"},
		"PAT-07 three years less a day, 24.99":     {western, "2023-03-03", "2025-03-01", "24.99", false, ""},
		"unused three years, expired last year":    {western, "2025-12-31", "2023-03-02", "", false, "inactive"},
		"unused three years, expired this year":    {western, "2026-01-01", "2023-03-02", "", false, ""},
		"PAT-09 unused four years, linked":         {westchester, "2027-03-02", "2022-03-02", "", true, ""},
		"unused three years":                       {westchester, "2027-03-02", "2023-03-02", "", false, "unused"},
		"unused three years less a day":            {westchester, "2027-03-02", "2023-03-03", "", false, ""},
		"unused three years, a cent owed":          {westchester, "2027-03-02", "2023-03-02", "0.01", false, ""},
		"never used, but registered the other day": {westchester, "2029-02-01", "", "", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			patron := patrons.Patron{Class: "resident", Name: "adult patron 1", Phone: "555-0100", ExpiresOn: broker.MustDate(c.expired)}
			if patron.RegisteredOn = broker.MustDate("2026-02-01"); c.used != "" {
				patron.LastActiveOn = broker.MustDate(c.used)
			}
			ref := d.account(patron)
			if c.owes != "" {
				d.owe(ref, c.owes)
			}
			if c.linked {
				d.link(d.account(patrons.Patron{Class: "resident"}), ref)
			}
			offered := slices.Contains(d.candidates(c.document, "2026-03-02"), ref.ID)
			if c.by != "" && !offered {
				t.Error("is not offered to the night")
			}
			done := d.purge(c.document, ref, "2026-03-02")
			same(t, "by", done.By, c.by)
			if c.by == "" {
				same(t, "cards", len(d.cards(ref)), 1)
				return
			}
			same(t, "owes", d.owes(ref), "0.00")
			same(t, "cards", len(d.cards(ref)), 0)
			must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
				left, err := patrons.ByID(ctx, tx, ref)
				if left.Name != "" || left.Phone != "" || left.Status != patrons.Closed || left.PurgedOn.IsZero() || left.PurgedOn.After(today) {
					t.Errorf("left: %+v", left)
				}
				return err
			}))
			same(t, "purged again", d.purge(c.document, ref, "2026-03-02").By, "")
		})
	}
}

func TestWhoComesOfAgeIsShownToStaffAndNothingChanges(t *testing.T) {
	t.Parallel()
	western := preset(t, "western-district")
	prompted := func(d desk, document *policy.Document, on string) (ids []broker.ID) {
		d.t.Helper()
		must(d.t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
			ids, err = patrons.AdultsToPrompt(ctx, tx, d.here, document, broker.MustDate(on), broker.NoID, 10)
			return err
		}))
		return ids
	}
	t.Run("PAT-01 on the birthday, once, with class, card and all kept", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		minor := d.account(patrons.Patron{Class: "minor", BornOn: broker.MustDate("2008-03-02")})
		d.account(patrons.Patron{Class: "resident", BornOn: broker.MustDate("2008-03-02")}) // has an adult's card
		same(t, "the day before", len(prompted(d, western, "2026-03-01")), 0)
		if ids := prompted(d, western, "2026-03-02"); !slices.Equal(ids, []broker.ID{minor.ID}) {
			t.Fatalf("on the day: %v", ids)
		}
		must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
			on, err := patrons.PromptAdult(ctx, tx, d.here, western, minor)
			same(t, "dated", on, broker.MustDate("2026-03-02"))
			return err
		}))
		same(t, "once", len(prompted(d, western, "2026-03-03")), 0)
		change := func(met ...attributes.CardNeed) (done patrons.Registered, err error) {
			err = d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
				done, err = patrons.ChangeClass(ctx, tx, d.here, western, minor, "resident", brought(met...), patrons.Fee{}, d.at("2026-03-09"))
				return err
			})
			return done, err
		}
		must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
			found, err := patrons.ByID(ctx, tx, minor)
			if found.AdultPromptedOn != today || found.Class != "minor" {
				t.Errorf("put before staff: %+v", found)
			}
			return err
		}))
		_, err := change()
		same(t, "without identification", refused(t, err)[0], "card_need_missing")
		done, err := change(attributes.NeedID) // the own identification is enough
		must(t, err)
		same(t, "class", done.Patron.Class, "resident")
	})
	t.Run("PAT-02 born on a leap day", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		d.account(patrons.Patron{Class: "minor", BornOn: broker.MustDate("2008-02-29")})
		same(t, "28 February", len(prompted(d, western, "2026-02-28")), 0)
		same(t, "1 March", len(prompted(d, western, "2026-03-01")), 1)
	})
}

func TestMaterialsAreKeptFromMinorsWhereThePolicyLetsThem(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	minor := d.account(patrons.Patron{Class: "minor", BornOn: broker.MustDate("2008-03-03")})
	keep := func(preset *policy.Document, day string) error {
		return d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
			_, err := patrons.ChangeDetails(ctx, tx, d.here, preset, minor, patrons.Details{NotFor: &[]string{"dvd"}}, d.at(day).Now)
			return err
		})
	}
	same(t, "no such rule", refused(t, keep(preset(t, "westchester"), "2026-03-02"))[0], "no_restriction")
	same(t, "eighteen", refused(t, keep(preset(t, "western-district"), "2026-03-03"))[0], "not_a_minor")
	must(t, keep(preset(t, "western-district"), "2026-03-02"))
	same(t, "kept", len(d.facts(minor, today).NotFor), 1)
}

func TestStaffFindPatrons(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var byName []patrons.Ref
	for _, name := range []string{"Adult patron 1", "adult patron 2", "Adult patron 3", "Minor patron 1"} {
		byName = append(byName, d.account(patrons.Patron{Class: "adult", Name: name, Phone: "(219) 555-01" + name[len(name)-1:] + "0", Email: "Patron@example.org"}))
	}
	card := d.patron(d.here, "21234000000009")
	find := func(text string, after patrons.Place, limit int) (found []patrons.Patron) {
		must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
			found, err = patrons.Search(ctx, tx, d.here, text, after, limit)
			return err
		}))
		return found
	}
	first := find("adult pat", patrons.Place{}, 2)
	if len(first) != 2 || first[0].Ref() != byName[0] || first[1].Ref() != byName[1] {
		t.Fatalf("first page: %+v", first)
	}
	if next := find("adult pat", patrons.PlaceOf(first[1]), 2); len(next) != 1 || next[0].Ref() != byName[2] {
		t.Errorf("next page: %+v", next)
	}
	same(t, "a sign that means something in a pattern", len(find("adult%", patrons.Place{}, 9)), 0)
	same(t, "by e-mail", len(find("patron@EXAMPLE.org", patrons.Place{}, 9)), 4)
	if found := find("219-555-0120", patrons.Place{}, 9); len(found) != 1 || found[0].Ref() != byName[1] {
		t.Errorf("by telephone: %+v", found)
	}
	if found := find(" 21234000000009 ", patrons.Place{}, 9); len(found) != 1 || found[0].Ref() != card {
		t.Errorf("by card: %+v", found)
	}
	must(t, d.try(d.there, func(ctx context.Context, tx *postgres.Tx) error {
		found, err := patrons.Search(ctx, tx, d.here, "adult pat", patrons.Place{}, 9)
		same(t, "from another library", len(found), 0)
		return err
	}))
}

func TestAHouseholdsNameGoesWithTheLastOfItsPeople(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	western, home := preset(t, "western-district"), broker.NewID()
	must(t, d.try(d.here, func(_ context.Context, tx *postgres.Tx) error {
		return patrons.SaveHousehold(tx, patrons.Household{Library: d.here.ID, ID: home, Kind: patrons.OfHousehold, Name: "a family's name", CreatedAt: noon})
	}))
	name := func() (name string) {
		must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
			return tx.QueryRow(ctx, `select name from households where id = $1`, home).Scan(&name)
		}))
		return name
	}
	old := broker.MustDate("2010-03-01")
	account := patrons.Patron{Class: "resident", Name: "adult patron", Household: home, ExpiresOn: old, LastActiveOn: old, RegisteredOn: old, Status: patrons.Active}
	one, other := d.account(account), d.account(account)
	same(t, "goes", d.purge(western, one, "2026-03-02").By != "", true)
	same(t, "while one is left", name(), "a family's name")
	same(t, "goes", d.purge(western, other, "2026-03-02").By != "", true)
	same(t, "with the last", name(), "")
}
