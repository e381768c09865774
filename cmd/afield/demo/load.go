package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/catalog"
	"afield/broker/consortium"
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
func Load(ctx context.Context, db *postgres.DB, doors *access.Service, now time.Time, confirmed broker.Date) error {
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
		if err := setUp(ctx, tx, doors, wholeFile(), consortium.Applying{Reason: "the demo begins", Now: now}); err != nil {
			return err
		}
		loadPast(tx)
		if err := loadBooks(ctx, tx, now); err != nil {
			return err
		}
		return loadPeople(tx, now, confirmed)
	})
	if err != nil {
		return fmt.Errorf("load the demo's consortium: %w", err)
	}
	return nil
}

// loadPast writes how each library has answered so far.
func loadPast(tx *postgres.Tx) {
	for _, p := range places() {
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
	directors map[string]string // and directors
	pins      map[broker.ID]string
}

const (
	staffName    = "ill-desk"
	directorName = "director"
)

// issue gives every member library's staff and every patron a fresh secret.
func issue(ctx context.Context, db *postgres.DB, to issuer) (*Credentials, error) {
	made := &Credentials{passwords: map[string]string{}, directors: map[string]string{}, pins: map[broker.ID]string{}}
	for _, p := range places() {
		if !p.member() {
			continue
		}
		made.passwords[p.key], made.directors[p.key] = randomPassword(), randomPassword()
		staff := []access.NewStaff{
			{Username: staffName, Password: made.passwords[p.key], Roles: []string{access.RoleDesk, access.RoleILL}},
			{Username: directorName, Password: made.directors[p.key], Roles: []string{access.RoleDesk, access.RoleILL, access.RoleDirector}},
		}
		err := db.InTx(ctx, postgres.ForLibraries(p.id()), func(ctx context.Context, tx *postgres.Tx) error {
			for _, member := range staff {
				member.Library, member.Branch = p.id(), p.branch(p.buildings()[0])
				_, err := to.CreateStaff(ctx, tx, member)
				if broker.IsKind(err, broker.KindConflict) {
					err = to.SetPassword(ctx, tx, p.id(), member.Username, member.Password)
				}
				if err != nil {
					return err
				}
			}
			for _, one := range people() {
				if one.library != p.key {
					continue
				}
				made.pins[one.id()] = access.RandomPIN(access.Known{Card: one.card()})
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
