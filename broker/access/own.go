package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// ChangePassword gives a signed-in staff user a new password, if the old one is
// right, and ends their other sessions. Wrong tries count as those of signing in do,
// for this session alone. Sent again after it was done, it is done.
func (s *Service) ChangePassword(ctx context.Context, who Principal, old, fresh string) error {
	if who.Kind != KindStaff {
		return broker.Forbidden("A program has a token and no password.")
	}
	found, err := s.beginOwn(ctx, who, func(ctx context.Context, tx *postgres.Tx) (string, lookup, error) {
		held := secretOf{library: who.Library, id: who.ID}
		var username string
		err := tx.QueryRow(ctx, `select username, password_hash from staff_users where library_id = $1 and id = $2`, who.Library, who.ID).
			Scan(&username, &held.hash)
		if err != nil {
			return "", nil, fmt.Errorf("read a staff user: %w", err)
		}
		if wrong := CheckPassword("/new", fresh, Known{Username: username}); wrong != nil {
			return "", nil, broker.Invalid(wrong...)
		}
		return s.staffBucket(who.Library, username), func() (secretOf, error) { return held, nil }, nil
	})
	if err != nil {
		return err
	}
	keeps, err := s.compare(ctx, old, fresh, found.hash)
	if err != nil {
		return err
	}
	hash := found.hash
	if !keeps {
		if hash, err = s.hasher.hash(ctx, fresh); err != nil {
			return err
		}
	}
	return s.db.InTx(ctx, postgres.ForLibraries(who.Library), func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update staff_users set password_hash = $3, password_set_at = $4 where library_id = $1 and id = $2`, who.Library, who.ID, hash, s.wall.Now())
		s.revokeOthers(tx, who)
		forgiveTries(tx, found.counters, found.at)
		return nil
	})
}

// beginOwn counts the try of somebody who is signed in: nobody else's tries stop
// them, nor theirs anybody else.
func (s *Service) beginOwn(ctx context.Context, who Principal, find func(context.Context, *postgres.Tx) (string, lookup, error)) (attempt, error) {
	now := s.wall.Now()
	var found attempt
	err := s.db.InTx(ctx, postgres.ForLibraries(who.Library), func(ctx context.Context, tx *postgres.Tx) error {
		account, look, err := find(ctx, tx)
		if err != nil {
			return err
		}
		found = attempt{at: now, counters: []counter{{bucket: s.hasher.bucket("session", who.Token.String()), about: account, limits: guessLimits}}}
		if err := count(ctx, tx, found.counters, now); err != nil {
			return err
		}
		found.secretOf, err = look()
		return err
	})
	return found, err
}

// compare tells whether a change from an old secret to a new one was made
// before. A wrong old secret is an error.
func (s *Service) compare(ctx context.Context, old, fresh, stored string) (made bool, err error) {
	good, err := s.hasher.matches(ctx, old, stored)
	if err != nil || good {
		return false, err
	}
	if made, err = s.hasher.matches(ctx, fresh, stored); err != nil || made {
		return made, err
	}
	return false, broker.Invalid(broker.FieldError{Pointer: "/old", Code: "wrong_secret", Message: "is not the one in use"})
}

// ChangePIN gives a signed-in patron a new PIN, if the old one is right, on every
// card of theirs that has the old one, and ends their other sessions. Wrong tries
// count as those of signing in do, for this session alone. Sent again after it was
// done, it is done.
func (s *Service) ChangePIN(ctx context.Context, who Principal, old, fresh string) error {
	var cards []patrons.Card
	found, err := s.beginOwn(ctx, who, func(ctx context.Context, tx *postgres.Tx) (string, lookup, error) {
		patron, err := patrons.ByID(ctx, tx, patrons.Ref{Library: who.Library, ID: who.ID})
		if err != nil {
			return "", nil, err
		}
		all, err := patrons.Cards(ctx, tx, patron.Ref())
		if err != nil {
			return "", nil, err
		}
		cards = cards[:0]
		for _, card := range all {
			if card.Status != patrons.CardActive || card.PINHash == "" {
				continue
			}
			if wrong := CheckPIN("/new", fresh, Known{Card: card.Number, BornOn: patron.BornOn}); wrong != nil {
				return "", nil, broker.Invalid(wrong...)
			}
			cards = append(cards, card)
		}
		if len(cards) == 0 {
			return "", nil, broker.Conflict("no_pin", "None of your cards is in use with a PIN. Ask at the desk.")
		}
		return s.cardBucket(cards[0].Realm, cards[0].Number), func() (secretOf, error) { return secretOf{}, nil }, nil
	})
	if err != nil {
		return err
	}
	var changed []patrons.Card
	var refused error
	done := false
	for _, card := range cards {
		made, err := s.compare(ctx, old, fresh, card.PINHash)
		switch {
		case broker.IsKind(err, broker.KindInvalid):
			refused = err
		case err != nil:
			return err
		case made:
			done = true
		default:
			changed = append(changed, card)
		}
	}
	if len(changed) == 0 && !done {
		return refused
	}
	hash := ""
	if len(changed) > 0 {
		if hash, err = s.hasher.hash(ctx, fresh); err != nil {
			return err
		}
	}
	return s.db.InTx(ctx, postgres.ForLibraries(who.Library), func(_ context.Context, tx *postgres.Tx) error {
		for _, card := range changed {
			patrons.SetPINHash(tx, card.Library, card.ID, hash, s.wall.Now())
		}
		s.revokeOthers(tx, who)
		forgiveTries(tx, found.counters, found.at)
		return nil
	})
}

// revokeOthers ends every session of a principal but the one they act in.
func (s *Service) revokeOthers(tx *postgres.Tx, who Principal) {
	tx.Queue(`update access_tokens set revoked_at = $4
		where library_id = $1 and principal_id = $2 and id <> $3 and revoked_at is null`, who.Library, who.ID, who.Token, s.wall.Now())
}

// SetPIN gives a patron's card a new PIN, lets it try again at once, and ends the
// patron's sessions.
func (s *Service) SetPIN(ctx context.Context, tx *postgres.Tx, library, card broker.ID, pin string) error {
	var of Known
	var patron, realm broker.ID
	err := tx.QueryRow(ctx, `select c.number, c.realm_id, c.patron_id, p.born_on
		from cards c join patrons p on p.library_id = c.library_id and p.id = c.patron_id
		where c.library_id = $1 and c.id = $2`, library, card).Scan(&of.Card, &realm, &patron, &of.BornOn)
	if errors.Is(err, pgx.ErrNoRows) {
		return broker.NotFound("card")
	}
	if err != nil {
		return fmt.Errorf("read a card: %w", err)
	}
	if wrong := CheckPIN("/pin", pin, of); wrong != nil {
		return broker.Invalid(wrong...)
	}
	hash, err := s.hasher.hash(ctx, pin)
	if err != nil {
		return err
	}
	patrons.SetPINHash(tx, library, card, hash, s.wall.Now())
	forgetTries(tx, s.cardBucket(realm, of.Card))
	s.RevokeAll(tx, library, patron)
	return nil
}

// LetPatronIn lets a patron whose cards failed too often try again at once.
func (s *Service) LetPatronIn(tx *postgres.Tx, cards []patrons.Card) {
	for _, card := range cards {
		forgetTries(tx, s.cardBucket(card.Realm, card.Number))
	}
}

// CardWaits gives how long cards must wait because too many sign-ins failed; those
// that need not wait are left out.
func (s *Service) CardWaits(ctx context.Context, tx *postgres.Tx, cards []patrons.Card) (map[broker.ID]time.Duration, error) {
	buckets := make([]string, len(cards))
	for i, card := range cards {
		buckets[i] = s.cardBucket(card.Realm, card.Number)
	}
	waits, err := s.waits(ctx, tx, buckets)
	if err != nil {
		return nil, err
	}
	of := map[broker.ID]time.Duration{}
	for i, card := range cards {
		if wait := waits[buckets[i]]; wait > 0 {
			of[card.ID] = wait
		}
	}
	return of, nil
}
