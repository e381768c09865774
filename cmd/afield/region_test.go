package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	server "afield/cmd/afield/app"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/connectors/conntest"
	"afield/connectors/partner"
)

// region is a home library in Indiana, a member that lends to it, and partners,
// in a database of its own. No server runs in it until a test starts one.
type region struct {
	t      testing.TB
	url    string
	db     *postgres.DB
	secret []byte
	now    func() time.Time
	doors  *access.Service
	vault  *directory.Vault

	home, lender member
	partners     map[broker.ID]*conntest.Partner
	count        int
}

// member is a library that works here, with its staff signed in.
type member struct {
	directory.Library
	branch broker.ID
	staff  string // a token
}

// reader is a patron of the home library, signed in.
type reader struct {
	id    broker.ID
	card  string
	token string
}

const storyPassword = "a long enough secret"

// fee is what a partner out of state charges, in cents; the patron pays it.
const fee = 1250

func newRegion(t testing.TB, now func() time.Time) *region {
	t.Helper()
	r := &region{t: t, url: pgtest.URL(t), secret: bytes.Repeat([]byte("storm"), 8), now: now, partners: map[broker.ID]*conntest.Partner{}}
	var err error
	r.db, err = postgres.Open(t.Context(), postgres.Config{URL: r.url, AppConns: 8, SystemConns: 4})
	r.must(err)
	t.Cleanup(r.db.Close)
	r.doors, r.vault, err = server.Doors(r.db, r.secret)
	r.must(err)
	r.home, r.lender = r.member("westchester", "HOME"), r.member("open-lender", "LENDER")
	r.write(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveTiers(tx, r.home.ID, []directory.Tier{
			{Name: "Own shelves", Members: directory.TierOwn, CostRule: directory.CostFree, DaysToRespond: 2, Fulfilment: directory.FulfilHold},
			{Name: "Indiana", Members: directory.TierStates, States: []string{"IN"}, CostRule: directory.CostLenderFee, DaysToRespond: 3, Fulfilment: directory.FulfilILL},
			{Name: "Further afield", Members: directory.TierEverywhere, CostRule: directory.CostLenderFee, DaysToRespond: 3, Fulfilment: directory.FulfilILL},
		})
	})
	return r
}

func (r *region) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// write runs in one transaction that sees every library.
func (r *region) write(work func(context.Context, *postgres.Tx) error) {
	r.t.Helper()
	r.must(r.db.InTx(r.t.Context(), postgres.Everywhere(), work))
}

// number asks the database for one number, over all libraries.
func (r *region) number(sql string, args ...any) (found int) {
	r.t.Helper()
	r.write(func(ctx context.Context, tx *postgres.Tx) error { return tx.QueryRow(ctx, sql, args...).Scan(&found) })
	return found
}

// text asks the database for lines that show what is wrong, ten at most.
func (r *region) text(sql string, args ...any) (found string) {
	r.t.Helper()
	r.write(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, "select coalesce(string_agg(l, E'\n'), '') from (select * from ("+sql+") q limit 10) lines (l)", args...).Scan(&found)
	})
	return found
}

func (r *region) secretText() string { return base64.StdEncoding.EncodeToString(r.secret) }

func (r *region) library(name, state string) directory.Library {
	r.t.Helper()
	zone, err := time.LoadLocation("America/Chicago")
	r.must(err)
	plan := calendar.Plan{Hours: calendar.Week{}}
	for day := time.Sunday; day <= time.Saturday; day++ {
		plan.Hours[day] = calendar.MustHours("09:00-17:00")
	}
	return directory.Library{
		ID: broker.NewID(), Name: name, Kind: directory.KindLibrary, Country: "US", State: state, Zone: zone,
		Currency: "USD", Plan: plan, Status: directory.StatusActive,
	}
}

func (r *region) member(preset, name string) member {
	r.t.Helper()
	m := member{Library: r.library(name, "IN"), branch: broker.NewID()}
	m.Member, m.Policy, m.SharingGroup = true, preset, broker.NewID()
	symbol := broker.NewSymbol("TEST", name)
	r.write(func(ctx context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: m.SharingGroup, Name: name})
		if err := directory.SaveLibrary(tx, m.Library, r.now()); err != nil {
			return err
		}
		directory.SaveSymbols(tx, m.ID, symbol)
		if err := directory.SaveBranch(tx, directory.Branch{Library: m.ID, ID: m.branch, Code: "main", Name: "Main"}); err != nil {
			return err
		}
		_, err := r.doors.CreateStaff(ctx, tx, access.NewStaff{
			Library: m.ID, Username: "ill-desk", Password: storyPassword,
			Roles: []string{access.RoleILL, access.RoleDesk}, Branch: m.branch,
		})
		return err
	})
	session, err := r.doors.SignInStaff(r.t.Context(), access.StaffSignIn{Library: symbol.String(), Username: "ill-desk", Password: storyPassword, Caller: access.Caller{Address: "127.0.0.1"}})
	r.must(err)
	m.staff = session.Token
	return m
}

// reader makes a patron of the home library.
func (r *region) reader() reader {
	r.t.Helper()
	r.count++
	one := reader{id: broker.NewID(), card: fmt.Sprintf("2100000000%04d", r.count)}
	card := broker.NewID()
	today := r.home.Today(r.now())
	r.write(func(ctx context.Context, tx *postgres.Tx) error {
		err := patrons.SavePatron(tx, patrons.Patron{
			Library: r.home.ID, ID: one.id, Class: "resident", Name: fmt.Sprintf("Adult patron %d", r.count),
			Branch: r.home.branch, Phone: "(555) 555-0100", PhoneCheckedOn: today, ExpiresOn: today.AddMonths(36), Status: patrons.Active, CreatedAt: r.now(),
		})
		if err != nil {
			return err
		}
		err = patrons.SaveCard(tx, patrons.Card{Library: r.home.ID, ID: card, Realm: r.home.SharingGroup, Number: one.card, Patron: one.id, Status: patrons.CardActive, CreatedAt: r.now()})
		if err != nil {
			return err
		}
		return r.doors.SetPIN(ctx, tx, r.home.ID, card, "4821")
	})
	session, err := r.doors.SignInPatron(r.t.Context(), access.PatronSignIn{Realm: "TEST:HOME", Card: one.card, PIN: "4821", Caller: access.Caller{Address: "127.0.0.1"}})
	r.must(err)
	one.token = session.Token
	return one
}

// partner starts an outside library, which lends for a fee in cents (0 for
// none).
func (r *region) partner(name, state string, cents int64, timeout time.Duration, plans ...conntest.Plan) (directory.Library, *conntest.Partner) {
	r.t.Helper()
	library, symbol := r.library(name, state), broker.NewSymbol("TEST", name)
	running, err := conntest.NewPartner(conntest.Options{Symbol: symbol, Plans: plans, Now: r.now, Zone: library.Zone, Automatic: true})
	r.must(err)
	r.t.Cleanup(func() { _ = running.Close() })
	peer := running.Peer(library.ID)
	r.write(func(_ context.Context, tx *postgres.Tx) error {
		if err := directory.SaveLibrary(tx, library, r.now()); err != nil {
			return err
		}
		directory.SaveSymbols(tx, library.ID, symbol)
		directory.SaveTerms(tx, directory.LendingTerms{Library: library.ID, Known: true, Lends: true, LoanDays: 28, Renewals: 1, Fee: broker.Money{Minor: cents, Currency: "USD"}})
		return directory.SavePeer(tx, r.vault, directory.Peer{
			Library: library.ID, Protocol: partner.Name, BaseURL: peer.BaseURL,
			OutboundSecret: peer.OutboundSecret, InboundSecret: peer.InboundSecret, AllowPrivateAddress: true, Timeout: timeout,
		}, r.now())
	})
	r.partners[library.ID] = running
	return library, running
}

// answersTo tells every partner where to send its messages.
func (r *region) answersTo(base string) {
	for _, partner := range r.partners {
		partner.SetCallbackURL(base + "/v1/partner/messages")
	}
}

// heldBy writes a title that the given partners hold.
func (r *region) heldBy(title string, libraries ...broker.ID) {
	r.t.Helper()
	r.write(func(ctx context.Context, tx *postgres.Tx) error {
		id, err := catalog.SaveTitle(ctx, tx, catalog.Title{ID: broker.NewID(), Title: title, ISBNs: []string{citationOf(title).ISBN}, Format: broker.FormatBook}, r.now())
		for _, library := range libraries {
			catalog.SaveHoldings(tx, []catalog.Holding{{Title: id, Library: library, Copies: 1, Lends: true, SeenAt: r.now()}})
		}
		return err
	})
}

// ownedByLender writes a title of which the lending member has one copy.
func (r *region) ownedByLender(title string) (barcode string) {
	r.t.Helper()
	r.count++
	barcode = fmt.Sprintf("3100000000%04d", r.count)
	r.write(func(ctx context.Context, tx *postgres.Tx) error {
		id, err := catalog.SaveTitle(ctx, tx, catalog.Title{ID: broker.NewID(), Title: title, ISBNs: []string{citationOf(title).ISBN}, Format: broker.FormatBook}, r.now())
		catalog.SaveItem(tx, catalog.Item{
			Library: r.lender.ID, ID: broker.NewID(), Realm: r.lender.SharingGroup, Barcode: barcode, Title: id,
			Branch: r.lender.branch, Type: "book", Audience: "adult", Status: catalog.OnShelf, Lendable: true,
		}, r.now())
		return err
	})
	return barcode
}

// citationOf names a book, with an ISBN made from its title.
func citationOf(title string) broker.Citation {
	sum := sha256.Sum256([]byte(title))
	digits := fmt.Sprintf("978%09d", binary.BigEndian.Uint32(sum[:4])%1_000_000_000)
	check := 0
	for i, digit := range digits {
		check += int(digit-'0') * (1 + 2*(i%2))
	}
	return broker.Citation{Title: title, ISBN: fmt.Sprintf("%s%d", digits, (10-check%10)%10)}
}

// sound checks every invariant of the database.
func (r *region) sound() {
	r.t.Helper()
	checked, err := r.db.Invariants(r.t.Context())
	r.must(err)
	for _, invariant := range checked {
		if invariant.Count > 0 {
			r.t.Errorf("%s: %d rows break it, such as %s", invariant.Rule, invariant.Count, invariant.Rows[0])
		}
	}
}
