package access_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

const (
	card = "21234000000011"
	pin  = "4821"
	pass = "a long enough secret"
)

// town is a shared catalogue of two libraries with a patron and a staff user.
type town struct {
	db           *postgres.DB
	clock        *broker.ManualClock
	service      *access.Service
	north, south broker.ID
	patron       broker.ID
	card         broker.ID
}

func newTown(t *testing.T) town {
	t.Helper()
	h := town{
		db: pgtest.New(t), clock: broker.NewManualClock(time.Date(2026, 8, 3, 12, 0, 0, 0, time.UTC)),
		north: broker.NewID(), south: broker.NewID(), patron: broker.NewID(), card: broker.NewID(),
	}
	var err error
	h.service, err = access.New(h.db, access.Config{Key: []byte(strings.Repeat("k", 32)), Wall: h.clock, Cost: access.Cost{MemoryKiB: 64, Passes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	group := directory.SharingGroup{ID: broker.NewID(), Name: "Shared Shelves"}
	h.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, group)
		for id, symbol := range map[broker.ID]string{h.north: "US-NORTH", h.south: "US-SOUTH"} {
			library := directory.Library{
				ID: id, Name: symbol, Kind: directory.KindLibrary, Member: true, Country: "US", State: "NY",
				Zone: time.UTC, Currency: "USD", SharingGroup: group.ID, Policy: "westport", Status: directory.StatusActive,
			}
			if err := directory.SaveLibrary(tx, library, h.clock.Now()); err != nil {
				return err
			}
			directory.SaveSymbols(tx, id, broker.NewSymbol("ISIL", symbol))
		}
		err := patrons.SavePatron(tx, patrons.Patron{Library: h.south, ID: h.patron, Class: "adult", Name: "adult patron 1", CreatedAt: h.clock.Now()})
		if err != nil {
			return err
		}
		err = patrons.SaveCard(tx, patrons.Card{Library: h.south, ID: h.card, Realm: group.ID, Number: card, Patron: h.patron, CreatedAt: h.clock.Now()})
		if err != nil {
			return err
		}
		if err := h.service.SetPIN(ctx, tx, h.south, h.card, pin); err != nil {
			return err
		}
		_, err = h.service.CreateStaff(ctx, tx, access.NewStaff{Library: h.north, Username: "Desk1", Password: pass, Roles: []string{access.RoleDesk}})
		return err
	})
	return h
}

func (h town) in(t *testing.T, work func(context.Context, *postgres.Tx) error) {
	t.Helper()
	if err := h.db.InTx(t.Context(), postgres.ForLibraries(h.north, h.south), work); err != nil {
		t.Fatal(err)
	}
}

func (h town) patronSignIn(t *testing.T, realm, number, secret, address string) (access.Session, error) {
	t.Helper()
	return h.service.SignInPatron(t.Context(), access.PatronSignIn{Realm: realm, Card: number, PIN: secret, Caller: access.Caller{Address: address}})
}

func code(err error) string {
	if ours, ok := broker.AsError(err); ok {
		return ours.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	h := newTown(t)

	// A patron may name the realm by any library of the shared catalogue.
	for _, realm := range []string{"shared shelves", "ISIL:US-NORTH", "isil:us-south", h.south.String()} {
		session, err := h.patronSignIn(t, realm, "2123 4000 0000 11", pin, "203.0.113.9")
		if err != nil {
			t.Fatalf("realm %q: %v", realm, err)
		}
		if session.Principal.Library != h.south || session.Principal.ID != h.patron || session.Principal.Kind != access.KindPatron {
			t.Errorf("realm %q: %+v", realm, session.Principal)
		}
	}
	session, err := h.service.SignInStaff(t.Context(), access.StaffSignIn{Library: "ISIL:US-NORTH", Username: "DESK1 ", Password: pass})
	if err != nil || !session.Principal.Holds(access.RoleDesk) || session.Principal.Holds(access.RoleILL) {
		t.Fatalf("staff: %+v, %v", session.Principal, err)
	}
	again, err := h.service.Authenticate(t.Context(), session.Token)
	if err != nil || again.ID != session.Principal.ID || !again.Holds(access.RoleDesk) {
		t.Fatalf("the token: %+v, %v", again, err)
	}
	if _, err := h.service.Authenticate(t.Context(), session.Token+"x"); code(err) != "bad_token" {
		t.Errorf("another token: %v", err)
	}
	h.clock.Set(h.clock.Now().Add(13 * time.Hour))
	if _, err := h.service.Authenticate(t.Context(), session.Token); code(err) != "bad_token" {
		t.Errorf("an old token: %v", err)
	}
}

// Whatever is wrong, the answer is the same.
func TestAFailedSignInDoesNotTellWhy(t *testing.T) {
	t.Parallel()
	h := newTown(t)
	tries := map[string]func() error{
		"wrong PIN": func() error { _, err := h.patronSignIn(t, "shared shelves", card, "4822", "203.0.113.9"); return err },
		"unknown card": func() error {
			_, err := h.patronSignIn(t, "shared shelves", "29999000000000", pin, "203.0.113.9")
			return err
		},
		"unknown realm": func() error { _, err := h.patronSignIn(t, "nowhere", card, pin, "203.0.113.9"); return err },
		"unknown user": func() error {
			_, err := h.service.SignInStaff(t.Context(), access.StaffSignIn{Library: "ISIL:US-NORTH", Username: "desk2", Password: pass})
			return err
		},
		"another library's user": func() error {
			_, err := h.service.SignInStaff(t.Context(), access.StaffSignIn{Library: "ISIL:US-SOUTH", Username: "desk1", Password: pass})
			return err
		},
	}
	want := ""
	for name, try := range tries {
		err := try()
		if want == "" {
			want = err.Error()
		}
		if code(err) != "sign_in_failed" || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A hundred guesses at once at one card: five are looked at, whether the card
// exists or not, and by whichever name the realm is called.
func TestGuessingIsThrottled(t *testing.T) {
	t.Parallel()
	for _, number := range []string{card, "29999000000000"} {
		h := newTown(t)
		var failed, throttled atomic.Int32
		var group sync.WaitGroup
		for i := range 100 {
			group.Add(1)
			go func() {
				defer group.Done()
				realm := []string{"shared shelves", "ISIL:US-NORTH", "ISIL:US-SOUTH"}[i%3]
				_, err := h.patronSignIn(t, realm, number, "9999", "203.0.113."+string(rune('0'+i%10)))
				switch code(err) {
				case "sign_in_failed":
					failed.Add(1)
				case "too_many_tries":
					throttled.Add(1)
				default:
					t.Errorf("guess %d: %v", i, err)
				}
			}()
		}
		group.Wait()
		if failed.Load() != 5 || throttled.Load() != 95 {
			t.Errorf("card %s: %d guesses were looked at, %d refused", number, failed.Load(), throttled.Load())
		}
		_, err := h.patronSignIn(t, "shared shelves", number, pin, "203.0.113.77")
		if ours, ok := broker.AsError(err); !ok || ours.Code != "too_many_tries" || ours.RetryAfterSeconds < 1 || ours.RetryAfterSeconds > 60 {
			t.Errorf("the right PIN after that, from the same network: %v", err)
		}
		want := map[string]string{card: "", "29999000000000": "sign_in_failed"}[number]
		if _, err := h.patronSignIn(t, "shared shelves", number, pin, "198.51.100.1"); code(err) != want {
			t.Errorf("the right PIN after that, from elsewhere: %v", err)
		}
	}
}

// A successful sign-in clears a patron's own failures, not those of their
// network.
func TestSuccessForgivesTheCardNotTheNetwork(t *testing.T) {
	t.Parallel()
	h := newTown(t)
	sprayed := 0
	for i := range 40 {
		for range 4 { // a successful sign-in in between must not wash the count away
			if _, err := h.patronSignIn(t, "shared shelves", "2900000000"+string(rune('a'+i)), "1234", "203.0.113.7"); code(err) == "sign_in_failed" {
				sprayed++
			}
		}
		if _, err := h.patronSignIn(t, "shared shelves", card, pin, "203.0.113.7"); err != nil && code(err) != "too_many_tries" {
			t.Fatal(err)
		}
	}
	if sprayed != 30 {
		t.Errorf("%d guesses from one network in one minute, want 30", sprayed)
	}
	if _, err := h.patronSignIn(t, "shared shelves", card, pin, "198.51.100.1"); err != nil {
		t.Errorf("the same patron from another network: %v", err)
	}
}

func TestTokensOfPrograms(t *testing.T) {
	t.Parallel()
	h := newTown(t)
	var token string
	var info access.TokenInfo
	h.in(t, func(ctx context.Context, tx *postgres.Tx) (err error) {
		token, info, err = h.service.IssueToken(tx, access.NewToken{Library: h.north, Label: "catalogue sync", Roles: []string{access.RoleILL}, Lifetime: time.Hour})
		return err
	})
	principal, err := h.service.Authenticate(t.Context(), token)
	if err != nil || principal.Kind != access.KindProgram || !principal.Holds(access.RoleILL) || principal.Library != h.north {
		t.Fatalf("%+v, %v", principal, err)
	}
	// Another library can neither see nor end it.
	h.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		if err := h.service.Revoke(ctx, tx, h.south, info.ID); !broker.IsKind(err, broker.KindNotFound) {
			t.Errorf("another library revokes it: %v", err)
		}
		list, err := h.service.Tokens(ctx, tx, h.south)
		if err != nil || len(list) != 0 {
			t.Errorf("another library lists %v, %v", list, err)
		}
		return h.service.Revoke(ctx, tx, h.north, info.ID)
	})
	if _, err := h.service.Authenticate(t.Context(), token); code(err) != "bad_token" {
		t.Errorf("a revoked token: %v", err)
	}
}

func TestDisabledStaffAndClosedPatronsAreOutAtOnce(t *testing.T) {
	t.Parallel()
	h := newTown(t)
	staff, err := h.service.SignInStaff(t.Context(), access.StaffSignIn{Library: "ISIL:US-NORTH", Username: "desk1", Password: pass})
	if err != nil {
		t.Fatal(err)
	}
	patron, err := h.patronSignIn(t, "shared shelves", card, pin, "")
	if err != nil {
		t.Fatal(err)
	}
	h.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Queue(`update patrons set status = 'closed' where library_id = $1 and id = $2`, h.south, h.patron)
		return h.service.DisableStaff(ctx, tx, h.north, "desk1")
	})
	for _, token := range []string{staff.Token, patron.Token} {
		if _, err := h.service.Authenticate(t.Context(), token); code(err) != "bad_token" {
			t.Errorf("still good: %v", err)
		}
	}
	if _, err := h.patronSignIn(t, "shared shelves", card, pin, ""); code(err) != "sign_in_failed" {
		t.Errorf("a closed patron signs in: %v", err)
	}
}

// A repeated POST is recognised; while the first still runs, a repeat is refused
// with a conflict.
func TestRepeatedPosts(t *testing.T) {
	t.Parallel()
	h := newTown(t)
	post := access.Post{Principal: "staff:1", Route: "POST /v1/loans", Key: "k1", BodyHash: []byte("a")}
	h.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		done, err := h.service.Repeated(ctx, tx, post)
		if done != nil || err != nil {
			t.Fatalf("the first time: %v, %v", done, err)
		}
		h.in(t, func(ctx context.Context, inner *postgres.Tx) error {
			if _, err := h.service.Repeated(ctx, inner, post); code(err) != "in_flight" {
				t.Errorf("while it runs: %v", err)
			}
			return nil
		})
		h.service.Remember(tx, post, access.Done{Status: 201, Resource: json.RawMessage(`{"id":1}`)})
		return nil
	})
	h.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		done, err := h.service.Repeated(ctx, tx, post)
		if err != nil || done == nil || done.Status != 201 || string(done.Resource) != `{"id": 1}` {
			t.Errorf("sent again: %+v, %v", done, err)
		}
		other := post
		other.BodyHash = []byte("b")
		if _, err := h.service.Repeated(ctx, tx, other); code(err) != "key_reused" {
			t.Errorf("another body: %v", err)
		}
		return nil
	})
	h.clock.Set(h.clock.Now().Add(49 * time.Hour))
	h.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		done, err := h.service.Repeated(ctx, tx, post)
		if done != nil || err != nil {
			t.Errorf("after 49 hours: %+v, %v", done, err)
		}
		h.service.Forget(tx)
		return nil
	})
}

// A guesser with many networks closes an account for everybody who is not known to
// it. A device that has signed in before gets in, and its owner's success gives the
// guesser no new tries; another account's device and a made-up one are no help, and
// staff lift all of it.
func TestAKnownDeviceGetsInWhereGuessersClosedTheAccount(t *testing.T) {
	t.Parallel()
	h := newTown(t)
	try := func(number, pin, address string, devices ...string) (access.Session, error) {
		return h.service.SignInPatron(t.Context(), access.PatronSignIn{
			Realm: "shared shelves", Card: number, PIN: pin, Caller: access.Caller{Address: address, Devices: devices},
		})
	}
	own, err := try(card, pin, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	staff, err := h.service.SignInStaff(t.Context(), access.StaffSignIn{Library: "ISIL:US-NORTH", Username: "desk1", Password: pass})
	if err != nil {
		t.Fatal(err)
	}
	guess := func() (looked int) {
		for network := range 20 {
			for range 5 {
				if _, err := try(card, "9999", fmt.Sprintf("10.0.%d.1", network)); code(err) == "sign_in_failed" {
					looked++
				}
			}
		}
		return looked
	}
	if looked := guess(); looked != 12 {
		t.Errorf("%d guesses from many networks in one minute, want 12", looked)
	}
	for name, devices := range map[string][]string{
		"nothing": nil, "a made-up device": {"afd_00_zzzzzz_00"}, "another account's": {staff.Device}, "a changed one": {own.Device[:len(own.Device)-1] + "g"},
	} {
		if _, err := try(card, pin, "198.51.100.1", devices...); code(err) != "too_many_tries" {
			t.Errorf("with %s: %v", name, err)
		}
	}
	if _, err := try(card, pin, "198.51.100.1", staff.Device, own.Device); err != nil {
		t.Errorf("with the device: %v", err)
	}
	if looked := guess(); looked != 0 {
		t.Errorf("the owner's success gave the guesser %d tries", looked)
	}
	for range 5 {
		if _, err := try(card, "9999", "198.51.100.1", own.Device); code(err) != "sign_in_failed" {
			t.Errorf("a guess with the device: %v", err)
		}
	}
	if _, err := try(card, pin, "198.51.100.1", own.Device); code(err) != "too_many_tries" {
		t.Errorf("after five wrong ones with the device: %v", err)
	}
	h.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(h.south)
		cards, err := patrons.Cards(ctx, tx, patrons.Ref{Library: h.south, ID: h.patron})
		if err != nil {
			return err
		}
		if waits, err := h.service.CardWaits(ctx, tx, cards); err != nil || len(waits) != 1 {
			t.Errorf("who waits: %v, %v", waits, err)
		}
		h.service.LetPatronIn(tx, cards)
		return nil
	})
	for address, devices := range map[string][]string{"198.51.100.1": {own.Device}, "10.0.0.1": nil} {
		if _, err := try(card, pin, address, devices...); err != nil {
			t.Errorf("once they were let in, from %s: %v", address, err)
		}
	}
	h.clock.Set(h.clock.Now().Add(181 * 24 * time.Hour))
	if looked := guess(); looked != 12 {
		t.Errorf("%d guesses later on", looked)
	}
	if _, err := try(card, pin, "198.51.100.1", own.Device); code(err) != "too_many_tries" {
		t.Errorf("with a device that has ended: %v", err)
	}
	// A thief who once knew the PIN has signed in with a device of their own.
	h.clock.Set(h.clock.Now().Add(48 * time.Hour))
	thief, err := try(card, pin, "192.0.2.9")
	if err != nil {
		t.Fatal(err)
	}
	const fresh = "5930"
	h.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(h.south)
		cards, err := patrons.Cards(ctx, tx, patrons.Ref{Library: h.south, ID: h.patron})
		if err != nil {
			return err
		}
		return h.service.SetPIN(ctx, tx, h.south, cards[0].ID, fresh)
	})
	guess()
	if _, err := try(card, fresh, "198.51.100.1", thief.Device); code(err) != "too_many_tries" {
		t.Errorf("with a device of the old PIN: %v", err)
	}
}

// A session that nobody uses ends, and a page that looks after itself uses none.
func TestIdleSessionsEnd(t *testing.T) {
	t.Parallel()
	h := newTown(t)
	patron, err := h.patronSignIn(t, "shared shelves", card, pin, "")
	if err != nil {
		t.Fatal(err)
	}
	staff, err := h.service.SignInStaff(t.Context(), access.StaffSignIn{Library: "ISIL:US-NORTH", Username: "desk1", Password: pass})
	if err != nil {
		t.Fatal(err)
	}
	later := func(by time.Duration) { h.clock.Set(h.clock.Now().Add(by)) }
	used := func(session access.Session) string {
		_, err := h.service.Authenticate(t.Context(), session.Token)
		return code(err)
	}
	watched := func(session access.Session) string {
		_, err := h.service.AuthenticateSession(t.Context(), session.Principal.Token, false)
		return code(err)
	}
	for range 4 {
		later(25 * time.Minute)
		if used(patron) != "" || used(staff) != "" {
			t.Fatalf("in use: %q, %q", used(patron), used(staff))
		}
	}
	later(20 * time.Minute)
	if watched(patron) != "" {
		t.Error("a patron's page, after 20 minutes")
	}
	later(11 * time.Minute)
	if used(patron) != "bad_token" || watched(patron) != "bad_token" || used(staff) != "" {
		t.Errorf("after half an hour: %q, %q, %q", used(patron), watched(patron), used(staff))
	}
	h.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		list, err := h.service.Sessions(ctx, tx, h.north)
		if err != nil || len(list) != 1 || !list[0].Used.Equal(h.clock.Now()) || !list[0].Until.Equal(h.clock.Now().Add(90*time.Minute)) {
			t.Errorf("who is signed in: %+v, %v", list, err)
		}
		return nil
	})
	later(91 * time.Minute)
	if used(staff) != "bad_token" {
		t.Error("an idle member of staff is let in")
	}
	h.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		if list, err := h.service.Sessions(ctx, tx, h.north); err != nil || len(list) != 0 {
			t.Errorf("who is signed in at the end: %+v, %v", list, err)
		}
		return nil
	})
}
