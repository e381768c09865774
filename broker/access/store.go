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

// notEnded is the condition of a token that is good at $2: not revoked, not over, and
// used since the instants of staff and of patrons.
func notEnded(staffSince, patronsSince string) string {
	return `revoked_at is null and expires_at > $2 and (kind = 'program' or used_at > case kind when 'staff' then ` + staffSince + `::timestamptz else ` + patronsSince + ` end)`
}

// askToken queues who holds a token that is still good. access_tokens is shared,
// so the transaction need not see any library yet: the first statement lets it
// see the token's library, and the second looks at who holds the token today: a
// staff user who was disabled or given other roles, a patron whose membership
// was closed.
func askToken(tx *postgres.Tx, by tokenKey, value any, now time.Time, uses bool, asked *AskedToken) {
	p := &asked.principal
	tx.Queue(`with good as (select * from access_tokens where `+string(by)+` = $1 and `+notEnded("$4", "$5")+`),
			used as (update access_tokens t set used_at = $2 from good g where t.hash = g.hash and t.kind <> 'program' and t.used_at < $3 and $6)
		select id, kind, library_id, principal_id, expires_at, set_config('afield.libraries', '{' || library_id || '}', true) from good`,
		value, now, now.Add(-usedEvery), now.Add(-staffIdle), now.Add(-patronIdle), uses).
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
	tx.Queue(`insert into access_tokens (hash, id, kind, library_id, principal_id, roles, label, created_at, used_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)`,
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

// counter is where tries are counted, and how many it lets through.
type counter struct {
	bucket string
	// about is the account whose counter it is beside the account's own; "" for that
	// one and for a network's.
	about  string
	limits []limit
}

// selectTallies locks the counters, in the order given, and reads them. The
// lock makes a hundred tries at once count as a hundred.
func selectTallies(ctx context.Context, tx *postgres.Tx, counters []counter, now time.Time) (map[string][]tally, error) {
	names := make([]string, len(counters))
	for i, one := range counters {
		names[i] = one.bucket
		tx.Queue(`select pg_advisory_xact_lock(hashtextextended('signin:' || $1, 0))`, one.bucket)
	}
	tallies := map[string][]tally{}
	err := readTallies(ctx, tx, "bucket = any ($1)", names, now, func(bucket, _ string, one tally) { tallies[bucket] = append(tallies[bucket], one) })
	return tallies, err
}

// readTallies reads the counters that a condition on the names picks.
func readTallies(ctx context.Context, tx *postgres.Tx, which string, names []string, now time.Time, each func(bucket, about string, one tally)) error {
	rows, err := tx.Query(ctx, `select bucket, coalesce(about, ''), window_start, tries from signin_attempts
		where (`+which+`) and window_start > $2`, names, now.Add(-longestWindow))
	if err != nil {
		return fmt.Errorf("count sign-ins: %w", err)
	}
	var bucket, about string
	var one tally
	_, err = pgx.ForEachRow(rows, []any{&bucket, &about, &one.minute, &one.tries}, func() error {
		each(bucket, about, one)
		return nil
	})
	if err != nil {
		return fmt.Errorf("count sign-ins: %w", err)
	}
	return nil
}

func countTry(tx *postgres.Tx, one counter, now time.Time) {
	tx.Queue(`insert into signin_attempts (bucket, about, window_start, tries) values ($1, nullif($2, ''), $3, 1)
		on conflict (bucket, window_start) do update set tries = signin_attempts.tries + 1`,
		one.bucket, one.about, now.Truncate(time.Minute))
}

// forgiveTries clears, after a success, the first of its counters, which is its own
// network's, device's or session's, and takes the one try off the others. Failures of
// other networks stay, or the owner would hand a guesser a new count by signing in,
// and a guesser could wash away a network's with a card of their own.
func forgiveTries(tx *postgres.Tx, counters []counter, tried time.Time) {
	tx.Queue(`delete from signin_attempts where bucket = $1`, counters[0].bucket)
	for _, one := range counters[1:] {
		tx.Queue(`update signin_attempts set tries = tries - 1 where bucket = $1 and window_start = $2 and tries > 0`,
			one.bucket, tried.Truncate(time.Minute))
	}
}

// forgetTries clears an account's counter, and all that are about it.
func forgetTries(tx *postgres.Tx, account string) {
	tx.Queue(`delete from signin_attempts where bucket = $1 or about = $1`, account)
}
