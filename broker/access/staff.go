package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// StaffUser is what may be shown of a staff user, or of somebody who is invited
// and has no account yet.
type StaffUser struct {
	// ID is NoID for somebody who is only invited.
	ID       broker.ID `json:"id,omitzero"`
	Username string    `json:"username"`
	Roles    []string  `json:"roles"`
	Branch   broker.ID `json:"branch_id,omitzero"`
	Disabled bool      `json:"disabled"`
	// InvitedUntil is when an open invitation ends; zero where there is none.
	InvitedUntil time.Time `json:"invited_until,omitzero"`
	// PasswordSetAt is zero where there is no password, or where it was set before
	// this was noted.
	PasswordSetAt time.Time `json:"password_set_at,omitzero"`
	CreatedAt     time.Time `json:"created_at"`
	// Sessions are those that have not ended.
	Sessions int `json:"sessions"`
	// Wait is how long a sign-in must wait because too many failed.
	Wait time.Duration `db:"-" json:"-"`
}

// Staff lists a library's staff users, and those who are invited, by name.
func (s *Service) Staff(ctx context.Context, tx *postgres.Tx, library broker.ID) ([]StaffUser, error) {
	now := s.wall.Now()
	rows, err := tx.Query(ctx, `
		select u.id, coalesce(u.username, i.username) as username, coalesce(i.roles, u.roles) as roles,
		       case when i.id is not null then i.branch_id else u.branch_id end as branch, u.disabled_at is not null as disabled,
		       i.expires_at as invited_until, u.password_set_at, coalesce(u.created_at, i.created_at) as created_at,
		       (select count(*)::int from access_tokens t where t.library_id = $1 and t.principal_id = u.id and `+notEnded("$3", "$4")+`) as sessions
		from (select * from staff_users where library_id = $1) u
		full join (select * from invitations where library_id = $1 and accepted_at is null and withdrawn_at is null and expires_at > $2) i
			on i.username = u.username
		order by 2`, library, now, now.Add(-staffIdle), now.Add(-patronIdle))
	if err != nil {
		return nil, fmt.Errorf("list staff users: %w", err)
	}
	users, err := pgx.CollectRows(rows, pgx.RowToStructByName[StaffUser])
	if err != nil {
		return nil, fmt.Errorf("list staff users: %w", err)
	}
	buckets := make([]string, len(users))
	for i, user := range users {
		buckets[i] = s.staffBucket(library, user.Username)
	}
	waits, err := s.waits(ctx, tx, buckets)
	if err != nil {
		return nil, err
	}
	for i := range users {
		users[i].Wait = waits[buckets[i]]
		users[i].CreatedAt, users[i].PasswordSetAt, users[i].InvitedUntil = users[i].CreatedAt.UTC(), users[i].PasswordSetAt.UTC(), users[i].InvitedUntil.UTC()
	}
	return users, nil
}

func (s *Service) staffBucket(library broker.ID, username string) string {
	return s.hasher.bucket("staff", library.String(), normalUsername(username))
}

func (s *Service) cardBucket(realm broker.ID, number string) string {
	return s.hasher.bucket("card", realm.String(), normalCard(number))
}

// waits gives how long those must wait who failed too often, wherever they did.
func (s *Service) waits(ctx context.Context, tx *postgres.Tx, accounts []string) (map[string]time.Duration, error) {
	now := s.wall.Now()
	type key struct{ account, bucket string }
	tallies := map[key][]tally{}
	err := readTallies(ctx, tx, "bucket = any ($1) or about = any ($1)", accounts, now, func(bucket, about string, one tally) {
		of := key{cmp.Or(about, bucket), bucket}
		tallies[of] = append(tallies[of], one)
	})
	if err != nil {
		return nil, err
	}
	waits := map[string]time.Duration{}
	for of, tries := range tallies {
		limits := guessLimits
		if of.account == of.bucket {
			limits = accountLimits
		}
		waits[of.account] = max(waits[of.account], waitFor(limits, tries, now))
	}
	return waits, nil
}

// Later is an instant of wall time from now.
func (s *Service) Later(wait time.Duration) time.Time {
	return s.wall.Now().Add(wait).UTC().Truncate(time.Second)
}

// LetIn lets a staff user who failed too often try again at once.
func (s *Service) LetIn(tx *postgres.Tx, library broker.ID, username string) {
	forgetTries(tx, s.staffBucket(library, username))
}

// ResetPassword takes a staff user's password away, ends their sessions, and
// gives an invitation with which they choose another. It is shown once.
func (s *Service) ResetPassword(ctx context.Context, tx *postgres.Tx, library broker.ID, username string) (token string, made Invitation, err error) {
	to := Invitation{Library: library, Username: normalUsername(username)}
	var id broker.ID
	var disabled bool
	err = tx.QueryRow(ctx, `select id, roles, branch_id, disabled_at is not null from staff_users
		where library_id = $1 and username = $2 for update`, library, to.Username).Scan(&id, &to.Roles, &to.Branch, &disabled)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "", Invitation{}, broker.NotFound("staff user")
	case err != nil:
		return "", Invitation{}, fmt.Errorf("read a staff user: %w", err)
	case disabled:
		return "", Invitation{}, broker.Conflict("account_suspended", "The account is suspended. Restore it: that invites the person to choose a new password.")
	}
	tx.Queue(`update staff_users set password_hash = '', password_set_at = null where library_id = $1 and id = $2`, library, id)
	s.RevokeAll(tx, library, id)
	s.LetIn(tx, library, to.Username)
	return s.Invite(tx, to)
}

// SignedIn is a session of a staff user that has not ended.
type SignedIn struct {
	ID       broker.ID
	Username string
	Since    time.Time
	// Used is when it last was, within some minutes; it ends when it lies idle.
	Used  time.Time
	Until time.Time
}

// Sessions lists the sessions of a library's staff, the newest first.
func (s *Service) Sessions(ctx context.Context, tx *postgres.Tx, library broker.ID) ([]SignedIn, error) {
	now := s.wall.Now()
	rows, err := tx.Query(ctx, `select t.id, u.username, t.created_at as since, t.used_at as used, least(t.expires_at, t.used_at + $5::interval) as until
		from (select * from access_tokens where library_id = $1 and kind = 'staff' and `+notEnded("$3", "$4")+`) t
		join staff_users u on u.library_id = t.library_id and u.id = t.principal_id and u.disabled_at is null
		order by t.created_at desc, t.id`, library, now, now.Add(-staffIdle), now.Add(-patronIdle), staffIdle)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[SignedIn])
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}

// EndSession ends one session of a library's staff, and gives whose it was.
// Ending it twice is no error.
func (s *Service) EndSession(ctx context.Context, tx *postgres.Tx, library, session broker.ID) (username string, err error) {
	err = tx.QueryRow(ctx, `update access_tokens t set revoked_at = coalesce(t.revoked_at, $3) from staff_users u
		where t.library_id = $1 and t.id = $2 and t.kind = 'staff' and u.library_id = t.library_id and u.id = t.principal_id
		returning u.username`, library, session, s.wall.Now()).Scan(&username)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", broker.NotFound("session")
	}
	if err != nil {
		return "", fmt.Errorf("end a session: %w", err)
	}
	return username, nil
}

// Operators counts those of the consortium's office who may sign in or are
// invited. The transaction sees all libraries, or counts its own office only.
func (s *Service) Operators(ctx context.Context, tx *postgres.Tx) (count int, err error) {
	err = tx.QueryRow(ctx, `select count(distinct s.name)::int from (
			select u.username as name, u.library_id from staff_users u where u.disabled_at is null and $1 = any (u.roles)
			union all select i.username, i.library_id from invitations i where i.accepted_at is null and i.withdrawn_at is null and i.expires_at > $2
		) s join libraries l on l.id = s.library_id and l.kind = 'consortium'`, RoleAdmin, s.wall.Now()).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("count operators: %w", err)
	}
	return count, nil
}
