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
	personal, network string
	at                time.Time
}

// SignInStaff signs a staff user in. The errors are sign_in_failed, which does
// not say what was wrong, and too_many_tries with the wait in seconds.
func (s *Service) SignInStaff(ctx context.Context, try StaffSignIn) (Session, error) {
	name := normalUsername(try.Username)
	found, err := s.begin(ctx, try.Address, func(ctx context.Context, tx *postgres.Tx) (string, lookup, error) {
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
	found, err := s.begin(ctx, try.Address, func(ctx context.Context, tx *postgres.Tx) (string, lookup, error) {
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
// up. Above a limit nothing is read and nothing more is counted.
func (s *Service) begin(ctx context.Context, address string,
	find func(context.Context, *postgres.Tx) (string, lookup, error),
) (attempt, error) {
	now := s.wall.Now()
	found := attempt{network: s.hasher.bucket("network", networkOf(address)), at: now}
	err := s.db.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		bucket, look, err := find(ctx, tx)
		if err != nil {
			return err
		}
		found.personal = bucket
		counters := []bucketLimits{{bucket, cardLimits}, {found.network, networkLimits}}
		tallies, err := selectTallies(ctx, tx, counters, now)
		if err != nil {
			return err
		}
		var wait time.Duration
		for _, counter := range counters {
			wait = max(wait, waitFor(counter.limits, tallies[counter.bucket], now))
		}
		if wait > 0 {
			return throttled(wait)
		}
		for _, counter := range counters {
			countTry(tx, counter.bucket, now)
		}
		found.secretOf, err = look()
		return err
	})
	return found, err
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
		forgiveTries(tx, found.personal, found.network, found.at)
		insertToken(tx, tokenHash(session.Token), held, "", s.wall.Now())
		return nil
	})
	if err != nil {
		return Session{}, err
	}
	return session, nil
}
