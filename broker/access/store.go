package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// tokenKey is the column a token is known by: callers of the API send the token
// itself, a page's session remembers the token's id.
type tokenKey string

const (
	byHash tokenKey = "hash"
	byID   tokenKey = "id"
)

// askToken queues who holds a token that is still good. access_tokens is shared,
// so the transaction need not see any library yet: the first statement lets it
// see the token's library, and the second looks at who holds the token today: a
// staff user who was disabled or given other roles, a patron whose membership
// was closed.
func askToken(tx *postgres.Tx, by tokenKey, value any, now time.Time, asked *AskedToken) {
	p := &asked.principal
	tx.Queue(`select id, kind, library_id, principal_id, expires_at, set_config('afield.libraries', '{' || library_id || '}', true)
		from access_tokens where `+string(by)+` = $1 and revoked_at is null and expires_at > $2`, value, now).
		QueryRow(noneIs(&asked.known, &p.Token, &p.Kind, &p.Library, &p.ID, &p.ExpiresAt, new(string)))
	tx.Queue(`select coalesce(s.roles, t.roles), s.branch_id, l.kind = 'consortium', l.status from access_tokens t
		join libraries l on l.id = t.library_id
		left join staff_users s on t.kind = 'staff' and s.library_id = t.library_id and s.id = t.principal_id and s.disabled_at is null
		left join patrons p on t.kind = 'patron' and p.library_id = t.library_id and p.id = t.principal_id and p.status <> 'closed'
		where t.`+string(by)+` = $1 and (t.kind = 'program' or s.id is not null or p.id is not null)`, value).
		QueryRow(noneIs(&asked.stands, &p.Roles, &p.Branch, &p.Office, &asked.status))
}

// noneIs reads one row of a queued query, and notes whether there was one.
func noneIs(there *bool, into ...any) func(pgx.Row) error {
	return func(row pgx.Row) error {
		err := row.Scan(into...)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		*there = err == nil
		return err
	}
}

// standing is who is signing in, as they stand today.
func standing(ctx context.Context, tx *postgres.Tx, p Principal) (Principal, error) {
	var status directory.Status
	err := tx.QueryRow(ctx, `select kind = 'consortium', status from libraries where id = $1`, p.Library).Scan(&p.Office, &status)
	if err == nil {
		err = mayEnter(p.Kind, status)
	}
	if err != nil {
		return Principal{}, err
	}
	switch p.Kind {
	case KindStaff:
		err = tx.QueryRow(ctx, `select roles, branch_id from staff_users
			where library_id = $1 and id = $2 and disabled_at is null`, p.Library, p.ID).Scan(&p.Roles, &p.Branch)
	case KindPatron:
		err = tx.QueryRow(ctx, `select '{}'::text[] from patrons
			where library_id = $1 and id = $2 and status <> 'closed'`, p.Library, p.ID).Scan(&p.Roles)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return Principal{}, badToken()
	}
	if err != nil {
		return Principal{}, fmt.Errorf("look the holder of a token up: %w", err)
	}
	return p, nil
}

func insertToken(tx *postgres.Tx, hash []byte, p Principal, label string, now time.Time) {
	tx.Queue(`insert into access_tokens (hash, id, kind, library_id, principal_id, roles, label, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		hash, p.Token, p.Kind, p.Library, p.ID, p.Roles, label, now, p.ExpiresAt)
}

// selectLibrary resolves the symbol or the id of a member, or of the consortium's
// office; NoID when there is none.
func selectLibrary(ctx context.Context, tx *postgres.Tx, name string) (broker.ID, error) {
	var row pgx.Row
	if id, err := broker.ParseID("library", name); err == nil {
		row = tx.QueryRow(ctx, `select id from libraries where id = $1 and (member or kind = 'consortium')`, id)
	} else {
		symbol, _ := broker.ParseSymbol(name) // a malformed symbol is simply not found
		row = tx.QueryRow(ctx, `select l.id from symbols s join libraries l on l.id = s.library_id
			where s.namespace = $1 and s.value = $2 and (l.member or l.kind = 'consortium')`, symbol.Namespace, symbol.Value)
	}
	var id broker.ID
	if err := row.Scan(&id); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return broker.NoID, fmt.Errorf("look a library up: %w", err)
	}
	return id, nil
}

// realm is a sharing group and the libraries in it.
type realm struct {
	id        broker.ID
	libraries []broker.ID
}

// selectRealm resolves a shared catalogue by its name or id, or by a library in
// it. An unknown or ambiguous name gives the empty realm.
func selectRealm(ctx context.Context, tx *postgres.Tx, name string) (realm, error) {
	library, err := selectLibrary(ctx, tx, name)
	if err != nil {
		return realm{}, err
	}
	id, _ := broker.ParseID("realm", name) // NoID matches nothing
	rows, err := tx.Query(ctx, `with found as (
			select id from sharing_groups where id = $1 or lower(name) = lower($2)
			union select sharing_group_id from libraries where id = $3)
		select f.id, l.id from found f join libraries l on l.sharing_group_id = f.id
		where (select count(*) from found) = 1`, id, name, library)
	if err != nil {
		return realm{}, fmt.Errorf("look a sharing group up: %w", err)
	}
	var found realm
	var member broker.ID
	_, err = pgx.ForEachRow(rows, []any{&found.id, &member}, func() error {
		found.libraries = append(found.libraries, member)
		return nil
	})
	if err != nil {
		return realm{}, fmt.Errorf("look a sharing group up: %w", err)
	}
	return found, nil
}

// secretOf is the person a sign-in names, with the stored hash. Where nobody is
// found it is the zero value, whose empty hash matches nothing.
type secretOf struct {
	library, id broker.ID
	hash        string
}

func selectStaffSecret(ctx context.Context, tx *postgres.Tx, library broker.ID, username string) (secretOf, error) {
	found := secretOf{library: library}
	err := tx.QueryRow(ctx, `select id, password_hash from staff_users
		where library_id = $1 and username = $2 and disabled_at is null`, library, username).Scan(&found.id, &found.hash)
	return noneIsZero(found, err)
}

func selectPatronSecret(ctx context.Context, tx *postgres.Tx, realmID broker.ID, card string) (secretOf, error) {
	var found secretOf
	err := tx.QueryRow(ctx, `select c.library_id, c.patron_id, coalesce(c.pin_hash, '')
		from cards c join patrons p on p.library_id = c.library_id and p.id = c.patron_id
		where c.realm_id = $1 and c.number = $2 and c.status = 'active' and p.status <> 'closed'`, realmID, card).
		Scan(&found.library, &found.id, &found.hash)
	return noneIsZero(found, err)
}

func noneIsZero(found secretOf, err error) (secretOf, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return secretOf{}, nil
	}
	if err != nil {
		return secretOf{}, fmt.Errorf("look a sign-in up: %w", err)
	}
	return found, nil
}

// bucketLimits is one counter and its limits.
type bucketLimits struct {
	bucket string
	limits []limit
}

// selectTallies locks the counters, in the order given, and reads them. The
// lock makes a hundred tries at once count as a hundred.
func selectTallies(ctx context.Context, tx *postgres.Tx, counters []bucketLimits, now time.Time) (map[string][]tally, error) {
	names := make([]string, len(counters))
	for i, counter := range counters {
		names[i] = counter.bucket
		tx.Queue(`select pg_advisory_xact_lock(hashtextextended('signin:' || $1, 0))`, counter.bucket)
	}
	return readTallies(ctx, tx, names, now)
}

// readTallies reads counters.
func readTallies(ctx context.Context, tx *postgres.Tx, names []string, now time.Time) (map[string][]tally, error) {
	rows, err := tx.Query(ctx, `select bucket, window_start, tries from signin_attempts
		where bucket = any ($1) and window_start > $2`, names, now.Add(-longestWindow))
	if err != nil {
		return nil, fmt.Errorf("count sign-ins: %w", err)
	}
	tallies := map[string][]tally{}
	var name string
	var one tally
	_, err = pgx.ForEachRow(rows, []any{&name, &one.minute, &one.tries}, func() error {
		tallies[name] = append(tallies[name], one)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count sign-ins: %w", err)
	}
	return tallies, nil
}

func countTry(tx *postgres.Tx, bucket string, now time.Time) {
	tx.Queue(`insert into signin_attempts (bucket, window_start, tries) values ($1, $2, 1)
		on conflict (bucket, window_start) do update set tries = signin_attempts.tries + 1`,
		bucket, now.Truncate(time.Minute))
}

// forgiveTries clears a card's counter after a success and takes the one try
// off its network's. The network's failures stay, or a guesser could wash them
// away by signing in with a card of their own.
func forgiveTries(tx *postgres.Tx, card, network string, tried time.Time) {
	forgetTries(tx, card)
	tx.Queue(`update signin_attempts set tries = tries - 1 where bucket = $1 and window_start = $2 and tries > 0`,
		network, tried.Truncate(time.Minute))
}

// forgetTries clears a counter.
func forgetTries(tx *postgres.Tx, bucket string) {
	tx.Queue(`delete from signin_attempts where bucket = $1`, bucket)
}
