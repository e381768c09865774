package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// invitationLasts is how long an invitation may be accepted.
const invitationLasts = 7 * 24 * time.Hour

// invitationPrefix tells an invitation from a token that signs calls.
const invitationPrefix = "afi_"

// Invitation lets somebody become a staff user by choosing a password.
type Invitation struct {
	Library  broker.ID
	Username string
	Roles    []string
	// Branch is optional.
	Branch broker.ID
	// ExpiresAt is set by Invite, in wall time.
	ExpiresAt time.Time
}

// Invite makes an invitation and gives its token, which is shown once: only a
// hash is kept. An open invitation of the same name at the library is withdrawn.
// A name that is in use already may be invited again: accepting then sets a new
// password. The transaction must see the library.
func (s *Service) Invite(tx *postgres.Tx, to Invitation) (token string, made Invitation, err error) {
	to.Username = normalUsername(to.Username)
	if wrong := append(checkUsername(to.Username), checkRoles(to.Roles)...); len(wrong) > 0 {
		return "", Invitation{}, broker.Invalid(wrong...)
	}
	now := s.wall.Now()
	token, to.ExpiresAt = invitationPrefix+strings.TrimPrefix(newToken(), tokenPrefix), now.Add(invitationLasts)
	s.withdraw(tx, to.Library, to.Username, now)
	tx.Queue(`insert into invitations (id, hash, library_id, username, roles, branch_id, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		broker.NewID(), tokenHash(token), to.Library, to.Username, to.Roles, to.Branch, now, to.ExpiresAt)
	return token, to, nil
}

// Withdraw ends the open invitation of a name, where there is one.
func (s *Service) Withdraw(tx *postgres.Tx, library broker.ID, username string) {
	s.withdraw(tx, library, normalUsername(username), s.wall.Now())
}

func (s *Service) withdraw(tx *postgres.Tx, library broker.ID, username string, now time.Time) {
	tx.Queue(`update invitations set withdrawn_at = $3
		where library_id = $1 and username = $2 and accepted_at is null and withdrawn_at is null`, library, username, now)
}

// AcceptInvitation makes the staff user that a token invites, with the password
// they chose, and gives whom it made. A token that is unknown, was used, was
// withdrawn or has ended is one answer: bad_invitation.
func (s *Service) AcceptInvitation(ctx context.Context, token, password string) (Invitation, error) {
	var found Invitation
	err := s.db.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		found, err = s.openInvitation(ctx, tx, token)
		return err
	})
	if err != nil {
		return Invitation{}, err
	}
	if err := checkStaff(NewStaff{Username: found.Username, Password: password, Roles: found.Roles}); err != nil {
		return Invitation{}, err
	}
	hash, err := s.hasher.hash(ctx, password) // before the second transaction: it takes long
	if err != nil {
		return Invitation{}, err
	}
	err = s.db.InTx(ctx, postgres.ForLibraries(found.Library), func(ctx context.Context, tx *postgres.Tx) error {
		tag, err := tx.Exec(ctx, `update invitations set accepted_at = $2
			where hash = $1 and accepted_at is null and withdrawn_at is null and expires_at > $2`, tokenHash(token), s.wall.Now())
		if err != nil {
			return fmt.Errorf("accept an invitation: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return badInvitation()
		}
		var id broker.ID
		err = tx.QueryRow(ctx, `insert into staff_users (library_id, id, username, password_hash, roles, branch_id, created_at, password_set_at)
			values ($1, $2, $3, $4, $5, $6, $7, $7)
			on conflict (library_id, username) do update set password_hash = excluded.password_hash, roles = excluded.roles,
				branch_id = excluded.branch_id, disabled_at = null, password_set_at = excluded.password_set_at
			returning id`, found.Library, broker.NewID(), found.Username, hash, found.Roles, found.Branch, s.wall.Now()).Scan(&id)
		if err != nil {
			return fmt.Errorf("create a staff user: %w", err)
		}
		s.RevokeAll(tx, found.Library, id)
		return nil
	})
	if err != nil {
		return Invitation{}, err
	}
	return found, nil
}

func (s *Service) openInvitation(ctx context.Context, tx *postgres.Tx, token string) (Invitation, error) {
	if !strings.HasPrefix(token, invitationPrefix) || len(token) > 100 {
		return Invitation{}, badInvitation()
	}
	var found Invitation
	err := tx.QueryRow(ctx, `select library_id, username, roles, branch_id, expires_at from invitations
		where hash = $1 and accepted_at is null and withdrawn_at is null and expires_at > $2`, tokenHash(token), s.wall.Now()).
		Scan(&found.Library, &found.Username, &found.Roles, &found.Branch, &found.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return Invitation{}, badInvitation()
	}
	if err != nil {
		return Invitation{}, fmt.Errorf("look an invitation up: %w", err)
	}
	return found, nil
}

// badInvitation does not tell an unknown token from one that was used.
func badInvitation() error {
	return &broker.Error{
		Kind: broker.KindNotFound, Code: "bad_invitation",
		Detail: "The invitation is not known here, was used already, or has ended. Ask the person who invited you for a new one.",
	}
}

// Colleague is somebody who signs in at a library, or is invited to.
type Colleague struct {
	Library broker.ID
	// ID is NoID for somebody who is only invited.
	ID       broker.ID
	Username string
	Roles    []string
	Branch   broker.ID
	Disabled bool
	// Invited is set where the invitation was not accepted yet; it has not ended.
	Invited bool
}

// Colleagues lists the staff users of libraries and those who are invited, by
// name. Somebody who is both stands there once, as they will be.
func (s *Service) Colleagues(ctx context.Context, tx *postgres.Tx, libraries []broker.ID) (map[broker.ID][]Colleague, error) {
	rows, err := tx.Query(ctx, `
		select coalesce(u.library_id, i.library_id) as library, u.id, coalesce(u.username, i.username) as username,
		       coalesce(i.roles, u.roles) as roles, case when i.id is not null then i.branch_id else u.branch_id end as branch,
		       u.disabled_at is not null and i.id is null as disabled, i.id is not null as invited
		from (select * from staff_users where library_id = any ($1)) u
		full join (select * from invitations where library_id = any ($1) and accepted_at is null and withdrawn_at is null and expires_at > $2) i
			on i.library_id = u.library_id and i.username = u.username
		order by 3`, libraries, s.wall.Now())
	if err != nil {
		return nil, fmt.Errorf("list staff users: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Colleague])
	if err != nil {
		return nil, fmt.Errorf("list staff users: %w", err)
	}
	all := map[broker.ID][]Colleague{}
	for _, one := range list {
		all[one.Library] = append(all[one.Library], one)
	}
	return all, nil
}

// ChangeStaff gives a staff user other roles or another branch; they count from
// the next call on.
func (s *Service) ChangeStaff(ctx context.Context, tx *postgres.Tx, library broker.ID, username string, roles []string, branch broker.ID) error {
	if wrong := checkRoles(roles); len(wrong) > 0 {
		return broker.Invalid(wrong...)
	}
	tag, err := tx.Exec(ctx, `update staff_users set roles = $3, branch_id = $4 where library_id = $1 and username = $2`,
		library, normalUsername(username), roles, branch)
	if err != nil {
		return fmt.Errorf("change a staff user: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return broker.NotFound("staff user")
	}
	return nil
}
