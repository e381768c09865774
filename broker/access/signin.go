package access

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/postgres"
)

// attempt is a sign-in in progress: who it names and which counters it counts on.
type attempt struct {
	secretOf
	// counters are where it counts, its own first.
	counters []counter
	at       time.Time
}

// SignInStaff signs a staff user in. The errors are sign_in_failed, which does
// not say what was wrong, and too_many_tries with the wait in seconds.
func (s *Service) SignInStaff(ctx context.Context, try StaffSignIn) (Session, error) {
	name := normalUsername(try.Username)
	found, err := s.begin(ctx, try.Caller, KindStaff, func(ctx context.Context, tx *postgres.Tx) (string, lookup, error) {
		library, err := selectLibrary(ctx, tx, try.Library)
		if err != nil {
			return "", nil, err
		}
		tx.Widen(library)
		bucket := s.hasher.bucket("staff", where(library, try.Library), name) // staffBucket, where the library is known
		return bucket, func() (secretOf, error) { return selectStaffSecret(ctx, tx, library, name) }, nil
	})
	if err != nil {
		return Session{}, err
	}
	return s.finish(ctx, found, try.Password, KindStaff, staffSession)
}

// SignInPatron signs a patron in by card number and PIN. An unknown card or
// catalogue gets the same answer, after the same work and under the same
// throttle, as a wrong PIN.
func (s *Service) SignInPatron(ctx context.Context, try PatronSignIn) (Session, error) {
	card := normalCard(try.Card)
	found, err := s.begin(ctx, try.Caller, KindPatron, func(ctx context.Context, tx *postgres.Tx) (string, lookup, error) {
		group, err := selectRealm(ctx, tx, try.Realm)
		if err != nil {
			return "", nil, err
		}
		tx.Widen(group.libraries...)
		bucket := s.hasher.bucket("card", where(group.id, try.Realm), card) // cardBucket, where the realm is known
		return bucket, func() (secretOf, error) { return selectPatronSecret(ctx, tx, group.id, card) }, nil
	})
	if err != nil {
		return Session{}, err
	}
	return s.finish(ctx, found, try.PIN, KindPatron, patronSession)
}

// where keeps the several names of one realm in one bucket, and gives unknown
// names a bucket of their own.
func where(id broker.ID, named string) string {
	if id == broker.NoID {
		return "unknown:" + normalUsername(named)
	}
	return id.String()
}

// lookup reads who a sign-in names, once the throttle lets it.
type lookup func() (secretOf, error)

// begin counts the try and reads the stored hash in one transaction, which
// commits before the hash is compared: a guess counts even if its caller hangs
// up. Above a limit nothing more is counted, and nothing is read, but for who it is
// where the caller shows a device.
func (s *Service) begin(ctx context.Context, from Caller, kind Kind,
	find func(context.Context, *postgres.Tx) (string, lookup, error),
) (attempt, error) {
	now := s.wall.Now()
	var found attempt
	err := s.db.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		account, look, err := find(ctx, tx)
		if err != nil {
			return err
		}
		found = attempt{at: now}
		if len(from.Devices) > 0 {
			if found.secretOf, err = look(); err != nil {
				return err
			}
			for _, device := range from.Devices[:min(len(from.Devices), MostDevices)] {
				if s.isDevice(device, kind, found.secretOf, now) {
					found.counters = []counter{{bucket: s.hasher.bucket("device", device), about: account, limits: guessLimits}}
				}
			}
		}
		if found.counters == nil {
			found.counters = s.countersOf(account, from.Address)
		}
		if err := count(ctx, tx, found.counters, now); err != nil {
			return err
		}
		if len(from.Devices) == 0 {
			found.secretOf, err = look()
		}
		return err
	})
	return found, err
}

// countersOf are those of an account that is tried from an address. The first is of
// the two together: who guesses elsewhere has another.
func (s *Service) countersOf(account, address string) []counter {
	network := networkOf(address)
	return []counter{
		{bucket: s.hasher.bucket("guesser", account, network), about: account, limits: guessLimits},
		{bucket: account, limits: accountLimits},
		{bucket: s.hasher.bucket("network", network), limits: networkLimits},
	}
}

// count counts a try, unless one of its counters says that it must wait.
func count(ctx context.Context, tx *postgres.Tx, counters []counter, now time.Time) error {
	tallies, err := selectTallies(ctx, tx, counters, now)
	if err != nil {
		return err
	}
	var wait time.Duration
	for _, one := range counters {
		wait = max(wait, waitFor(one.limits, tallies[one.bucket], now))
	}
	if wait > 0 {
		return throttled(wait)
	}
	for _, one := range counters {
		countTry(tx, one, now)
	}
	return nil
}

// finish compares the secret and issues the session's token.
func (s *Service) finish(ctx context.Context, found attempt, secret string, kind Kind, lasts time.Duration) (Session, error) {
	good, err := s.hasher.matches(ctx, secret, found.hash)
	if err != nil {
		return Session{}, err
	}
	if !good {
		return Session{}, notSignedIn()
	}
	session := Session{Token: newToken(), Principal: Principal{
		Kind: kind, Library: found.library, ID: found.id,
		Roles: []string{}, Token: broker.NewID(), ExpiresAt: s.wall.Now().Add(lasts),
	}}
	err = s.db.InTx(ctx, postgres.ForLibraries(found.library), func(ctx context.Context, tx *postgres.Tx) error {
		held, err := standing(ctx, tx, session.Principal)
		if err != nil {
			return err
		}
		session.Principal = held
		forgiveTries(tx, found.counters, found.at)
		insertToken(tx, tokenHash(session.Token), held, "", s.wall.Now())
		return nil
	})
	if err != nil {
		return Session{}, err
	}
	session.Device = s.newDevice(kind, found.secretOf, s.wall.Now())
	return session, nil
}
