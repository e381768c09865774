package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/workflow/routing"
)

// Loaded tells whether the demo's libraries are in the database.
func Loaded(ctx context.Context, db *postgres.DB) (bool, error) {
	home := places()[0]
	loaded := false
	err := db.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		_, err := directory.Load(ctx, tx, home.id())
		loaded = err == nil
		if broker.IsKind(err, broker.KindNotFound) {
			return nil
		}
		return err
	})
	return loaded, err
}

// Played tells whether stories were played in this database: whether the demo's
// libraries have requests.
func Played(ctx context.Context, db *postgres.DB) (played bool, err error) {
	var ids []broker.ID
	for _, p := range places() {
		ids = append(ids, p.id())
	}
	err = db.InTx(ctx, postgres.ForLibraries(ids...), func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select exists (select 1 from requests where library_id = any ($1))`, ids).Scan(&played)
	})
	if err != nil {
		return false, fmt.Errorf("look whether the demo was played: %w", err)
	}
	return played, nil
}

// ErrInUse says that a database has member libraries other than the demo's.
var ErrInUse = errors.New("this database has member libraries of its own; the demo needs one without")

// Load writes the demo's libraries, titles, copies and patrons as of an
// instant, all or nothing. What is there already is left as it is. confirmed is
// when the patrons last confirmed their telephone numbers. ErrInUse means that
// the database has other member libraries, which must not run on the demo's
// clock.
func Load(ctx context.Context, db *postgres.DB, now time.Time, confirmed broker.Date) error {
	there, err := Loaded(ctx, db)
	if err != nil || there {
		return err
	}
	err = db.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		members, err := directory.Members(ctx, tx)
		if err != nil {
			return err
		}
		if len(members) > 0 {
			return ErrInUse
		}
		for _, write := range []func(context.Context, *postgres.Tx, time.Time) error{loadLibraries, loadReach, loadBooks} {
			if err := write(ctx, tx, now); err != nil {
				return err
			}
		}
		return loadPeople(tx, now, confirmed)
	})
	if err != nil {
		return fmt.Errorf("load the demo's consortium: %w", err)
	}
	return nil
}

func loadLibraries(_ context.Context, tx *postgres.Tx, now time.Time) error {
	for _, p := range places() {
		library := directory.Library{
			ID: p.id(), Name: p.name, Member: p.member(), State: p.state, Country: p.country, Latitude: &p.latitude, Longitude: &p.longitude,
			Zone: p.location(), Currency: p.currency, Policy: p.policy, Plan: calendar.Plan{Hours: p.hours},
		}
		if p.yearlyLoans > 0 {
			library.YearlyLoans = &p.yearlyLoans
		}
		if p.member() {
			library.SharingGroup = p.realm()
			directory.SaveSharingGroup(tx, directory.SharingGroup{ID: p.realm(), Name: p.catalogue})
		}
		if err := directory.SaveLibrary(tx, library, now); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		symbol, err := broker.ParseSymbol(p.symbol)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		directory.SaveSymbols(tx, p.id(), symbol)
		if !p.member() {
			continue
		}
		for number, building := range p.buildings() {
			branch := directory.Branch{Library: p.id(), ID: p.branch(building), Code: fmt.Sprint(number + 1), Name: building}
			if err := directory.SaveBranch(tx, branch); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return nil
}

// loadReach writes the groups, how far each library looks for lenders, what
// each lends and how it has answered so far.
func loadReach(_ context.Context, tx *postgres.Tx, now time.Time) error {
	byKey := map[string]place{}
	for _, p := range places() {
		byKey[p.key] = p
	}
	groupID := func(key string) broker.ID { return broker.DeriveID("demo", "group", key) }
	for _, group := range groupPlans() {
		var members []broker.ID
		for _, key := range group.members {
			member := byKey[key]
			members = append(members, member.id())
		}
		directory.SaveGroup(tx, directory.Group{ID: groupID(group.key), Name: group.name, Kind: group.kind}, members...)
	}
	for _, p := range byKey {
		directory.SaveTerms(tx, directory.LendingTerms{
			Library: p.id(), Lends: true, LoanDays: p.terms.days, Renewals: 1, Fee: broker.Money{Minor: p.terms.fee, Currency: p.currency}, FreeInState: true,
		})
		if p.protocol == directory.ProtocolManual {
			if err := directory.SavePeer(tx, nil, directory.Peer{Library: p.id(), Protocol: p.protocol}, now); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
		var tiers []directory.Tier
		for _, one := range p.tiers {
			if one.group != "" {
				one.Group = groupID(one.group)
			}
			tiers = append(tiers, one.Tier)
		}
		if err := directory.SaveTiers(tx, p.id(), tiers); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		for answer, count := range map[routing.Answer]int{
			routing.AnswerFilled: p.past.filled, routing.AnswerRefused: p.past.refused, routing.AnswerSilent: p.past.silent,
		} {
			for range count {
				routing.NoteAsked(tx, p.id())
				routing.NoteAnswered(tx, p.id(), answer, p.past.hours)
				if answer == routing.AnswerFilled {
					routing.NoteSupplied(tx, p.id(), 3, true)
				}
			}
		}
	}
	return nil
}

func loadBooks(ctx context.Context, tx *postgres.Tx, now time.Time) error {
	byKey := map[string]place{}
	for _, p := range places() {
		byKey[p.key] = p
	}
	for _, b := range books() {
		title, err := catalog.SaveTitle(ctx, tx, catalog.Title{ID: b.id(), Title: b.title, Author: b.author, ISBNs: []string{b.isbn}}, now)
		if err != nil {
			return fmt.Errorf("%s: %w", b.title, err)
		}
		for _, key := range b.copies {
			p := byKey[key]
			if !p.member() {
				catalog.SaveHoldings(tx, []catalog.Holding{{Title: title, Library: p.id(), Copies: 1, Lends: true, SeenAt: now}})
				continue
			}
			price := broker.Money{Minor: 1800, Currency: p.currency}
			catalog.SaveItem(tx, catalog.Item{
				Library: p.id(), ID: broker.DeriveID("demo", "item", key, b.isbn), Realm: p.realm(),
				Barcode: barcodeOf(key, b), Title: title, Branch: p.branch(p.buildings()[0]), Price: &price, Lendable: true,
			}, now)
		}
	}
	return nil
}

func loadPeople(tx *postgres.Tx, now time.Time, confirmed broker.Date) error {
	byKey := map[string]place{}
	for _, p := range places() {
		byKey[p.key] = p
	}
	for _, one := range people() {
		home := byKey[one.library]
		today := broker.DateIn(now, home.location())
		patron := patrons.Patron{
			Library: home.id(), ID: one.id(), Class: one.class, Name: one.name(), Branch: home.branch(home.buildings()[0]),
			Phone: one.phone(), PhoneCheckedOn: confirmed, ExpiresOn: today.AddMonths(60), CreatedAt: now,
		}
		if err := patrons.SavePatron(tx, patron); err != nil {
			return fmt.Errorf("%s: %w", one.name(), err)
		}
		card := patrons.Card{Library: home.id(), ID: one.cardID(), Realm: home.realm(), Number: one.card(), Patron: one.id(), CreatedAt: now}
		if err := patrons.SaveCard(tx, card); err != nil {
			return fmt.Errorf("%s: %w", one.name(), err)
		}
		if one.owes == 0 {
			continue
		}
		_, err := ledger.Post(tx, ledger.Charge{
			Account: ledger.OfPatron(home.id(), one.id(), home.currency), Kind: "print",
			Amount: broker.Money{Minor: one.owes, Currency: home.currency}, Cause: "print:" + one.id().String(), Rule: "print",
			Note: "copies and printing", Actor: broker.System(home.id()), At: now,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", one.name(), err)
		}
	}
	return nil
}

// issuer issues credentials; *access.Service is one.
type issuer interface {
	CreateStaff(context.Context, *postgres.Tx, access.NewStaff) (broker.ID, error)
	SetPassword(ctx context.Context, tx *postgres.Tx, library broker.ID, username, password string) error
	SetPIN(ctx context.Context, tx *postgres.Tx, library, card broker.ID, pin string) error
}

// Credentials are fresh passwords and PINs: each start of the demo makes its
// own, and those of an earlier start stop working.
type Credentials struct {
	passwords map[string]string // staff, by library key
	pins      map[broker.ID]string
}

const staffName = "ill-desk"

// issue gives every member library's staff and every patron a fresh secret.
func issue(ctx context.Context, db *postgres.DB, to issuer) (*Credentials, error) {
	made := &Credentials{passwords: map[string]string{}, pins: map[broker.ID]string{}}
	for _, p := range places() {
		if !p.member() {
			continue
		}
		made.passwords[p.key] = randomPassword()
		err := db.InTx(ctx, postgres.ForLibraries(p.id()), func(ctx context.Context, tx *postgres.Tx) error {
			_, err := to.CreateStaff(ctx, tx, access.NewStaff{
				Library: p.id(), Username: staffName, Password: made.passwords[p.key],
				Roles: []string{access.RoleDesk, access.RoleILL}, Branch: p.branch(p.buildings()[0]),
			})
			if broker.IsKind(err, broker.KindConflict) {
				err = to.SetPassword(ctx, tx, p.id(), staffName, made.passwords[p.key])
			}
			if err != nil {
				return err
			}
			for _, one := range people() {
				if one.library != p.key {
					continue
				}
				made.pins[one.id()] = randomPIN()
				if err := to.SetPIN(ctx, tx, p.id(), one.cardID(), made.pins[one.id()]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("issue the demo's sign-ins at %s: %w", p.name, err)
		}
	}
	return made, nil
}
