package access

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// Config is what the service is made with.
type Config struct {
	// Key is the server's own secret, at least 32 bytes. It peppers passwords
	// and PINs, so it must outlive the process: with another key nobody can
	// sign in.
	Key []byte
	// Wall is wall time; nil means the system's.
	Wall broker.Clock
	// Cost of one password hash; zero means production's. For tests.
	Cost Cost
}

// Service signs callers in and recognises them by their tokens.
type Service struct {
	db     *postgres.DB
	wall   broker.Clock
	hasher *hasher
}

// ErrShortKey says that the server's key cannot protect PINs.
var ErrShortKey = errors.New("access: the server key must have at least 32 bytes")

// New makes the service. The only error is ErrShortKey.
func New(db *postgres.DB, config Config) (*Service, error) {
	if len(config.Key) < 32 {
		return nil, ErrShortKey
	}
	if config.Wall == nil {
		config.Wall = broker.SystemClock{}
	}
	return &Service{db: db, wall: config.Wall, hasher: newHasher(config.Key, config.Cost)}, nil
}

// AskedToken is the question whose token this is, on its way with what else the
// transaction asks.
type AskedToken struct {
	principal     Principal
	known, stands bool
	status        directory.Status // of the token's library
}

// AskToken queues the question whose token this is. The transaction may have any
// scope: where the token is good it sees the rows of the token's library from then
// on.
func (s *Service) AskToken(tx *postgres.Tx, bearer string) *AskedToken {
	asked := &AskedToken{}
	if strings.HasPrefix(bearer, tokenPrefix) && len(bearer) <= 100 {
		askToken(tx, byHash, tokenHash(bearer), s.wall.Now(), true, asked)
	}
	return asked
}

// Principal judges the answer once it has come, by how the caller stands now: the
// token of a disabled staff user or a closed patron is refused, and changed roles
// count at once.
func (a *AskedToken) Principal() (Principal, error) {
	if !a.known || !a.stands {
		return Principal{}, badToken()
	}
	if err := mayEnter(a.principal.Kind, a.status); err != nil {
		return Principal{}, err
	}
	return a.principal, nil
}

// Authenticate is AskToken with a transaction of its own.
func (s *Service) Authenticate(ctx context.Context, bearer string) (Principal, error) {
	return s.authenticate(ctx, func(tx *postgres.Tx) *AskedToken { return s.AskToken(tx, bearer) })
}

// AuthenticateSession recognises the holder of a page's session, which remembers
// the id of the token it was signed in with and never the token itself. It judges
// as Authenticate does: a token that was revoked ends the session too. uses tells
// whether somebody is there: a page that looks after itself keeps no session awake.
func (s *Service) AuthenticateSession(ctx context.Context, token broker.ID, uses bool) (Principal, error) {
	return s.authenticate(ctx, func(tx *postgres.Tx) *AskedToken {
		asked := &AskedToken{}
		askToken(tx, byID, token, s.wall.Now(), uses, asked)
		return asked
	})
}

func (s *Service) authenticate(ctx context.Context, ask func(*postgres.Tx) *AskedToken) (principal Principal, err error) {
	err = s.db.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		asked := ask(tx)
		if err := tx.Flush(ctx); err != nil {
			return fmt.Errorf("look a token up: %w", err)
		}
		principal, err = asked.Principal()
		return err
	})
	if err != nil {
		return Principal{}, err
	}
	return principal, nil
}

// CreateStaff adds a staff user and gives the id. Everything wrong with the
// input is reported at once; a name in use is a conflict. The transaction must
// see the library.
func (s *Service) CreateStaff(ctx context.Context, tx *postgres.Tx, staff NewStaff) (broker.ID, error) {
	if err := checkStaff(staff); err != nil {
		return broker.NoID, err
	}
	hash, err := s.hasher.hash(ctx, staff.Password)
	if err != nil {
		return broker.NoID, err
	}
	id := broker.NewID()
	tag, err := tx.Exec(ctx, `insert into staff_users (library_id, id, username, password_hash, roles, branch_id, created_at, password_set_at)
		values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict (library_id, username) do nothing`,
		staff.Library, id, normalUsername(staff.Username), hash, staff.Roles, staff.Branch, s.wall.Now())
	if err != nil {
		return broker.NoID, fmt.Errorf("create a staff user: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return broker.NoID, broker.Conflict("username_taken", "The library already has a staff user of that name.")
	}
	return id, nil
}

// SetPassword gives a staff user a new password and ends their sessions.
func (s *Service) SetPassword(ctx context.Context, tx *postgres.Tx, library broker.ID, username, password string) error {
	name := normalUsername(username)
	if err := checkStaff(NewStaff{Username: name, Password: password, Roles: []string{RoleDesk}}); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.changeStaff(ctx, tx, library, name, `update staff_users set password_hash = $3, password_set_at = $4
		where library_id = $1 and username = $2 returning id`, hash, s.wall.Now())
}

// DisableStaff stops a staff user from signing in and ends their sessions.
func (s *Service) DisableStaff(ctx context.Context, tx *postgres.Tx, library broker.ID, username string) error {
	return s.changeStaff(ctx, tx, library, normalUsername(username), `update staff_users set disabled_at = $3
		where library_id = $1 and username = $2 returning id`, s.wall.Now())
}

func (s *Service) changeStaff(ctx context.Context, tx *postgres.Tx, library broker.ID, name, sql string, values ...any) error {
	var id broker.ID
	err := tx.QueryRow(ctx, sql, append([]any{library, name}, values...)...).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return broker.NotFound("staff user")
	}
	if err != nil {
		return fmt.Errorf("change a staff user: %w", err)
	}
	s.RevokeAll(tx, library, id)
	return nil
}

// IssueToken makes a program's token. It is returned once and cannot be read
// again.
func (s *Service) IssueToken(tx *postgres.Tx, wanted NewToken) (string, TokenInfo, error) {
	wrong := checkRoles(wanted.Roles)
	if strings.TrimSpace(wanted.Label) == "" || len(wanted.Label) > 200 || !printable(wanted.Label) {
		wrong = append(wrong, broker.FieldError{
			Pointer: "/label", Code: "bad_label",
			Message: "must say in 1 to 200 characters what the token is for",
		})
	}
	if wanted.Lifetime <= 0 || wanted.Lifetime > longestProgram {
		wrong = append(wrong, broker.FieldError{
			Pointer: "/lifetime", Code: "bad_lifetime",
			Message: "must be more than nothing and at most two years",
		})
	}
	if len(wrong) > 0 {
		return "", TokenInfo{}, broker.Invalid(wrong...)
	}
	now, token := s.wall.Now(), newToken()
	principal := Principal{
		Kind: KindProgram, Library: wanted.Library, ID: broker.NewID(), Roles: wanted.Roles,
		Token: broker.NewID(), ExpiresAt: now.Add(wanted.Lifetime),
	}
	insertToken(tx, tokenHash(token), principal, wanted.Label, now)
	return token, TokenInfo{
		ID: principal.Token, Kind: KindProgram, Label: wanted.Label, Roles: wanted.Roles,
		CreatedAt: now, ExpiresAt: principal.ExpiresAt,
	}, nil
}

// Tokens lists the tokens of a library's programs, the newest first.
func (s *Service) Tokens(ctx context.Context, tx *postgres.Tx, library broker.ID) ([]TokenInfo, error) {
	rows, err := tx.Query(ctx, `select id, kind, label, roles, created_at, expires_at, revoked_at from access_tokens
		where library_id = $1 and kind = 'program' order by created_at desc`, library)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	tokens, err := pgx.CollectRows(rows, pgx.RowToStructByName[TokenInfo])
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return tokens, nil
}

// Revoke ends one token of a library. Ending it twice is no error.
func (s *Service) Revoke(ctx context.Context, tx *postgres.Tx, library, token broker.ID) error {
	tag, err := tx.Exec(ctx, `update access_tokens set revoked_at = coalesce(revoked_at, $3)
		where library_id = $1 and id = $2`, library, token, s.wall.Now())
	if err != nil {
		return fmt.Errorf("revoke a token: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return broker.NotFound("token")
	}
	return nil
}

// RevokeAll ends every token of one staff user, patron or program.
func (s *Service) RevokeAll(tx *postgres.Tx, library, principal broker.ID) {
	tx.Queue(`update access_tokens set revoked_at = $3
		where library_id = $1 and principal_id = $2 and revoked_at is null`, library, principal, s.wall.Now())
}

// Forget deletes what no longer counts: old attempts to sign in, tokens and
// invitations a month after their end, and idempotency keys after 48 hours. It
// touches shared tables only, so any transaction may run it; the jobs' sweep does.
func (s *Service) Forget(tx *postgres.Tx) {
	now := s.wall.Now()
	tx.Queue(`delete from signin_attempts where window_start < $1`, now.Add(-2*longestWindow))
	tx.Queue(`delete from access_tokens where expires_at < $1`, now.AddDate(0, -1, 0))
	tx.Queue(`delete from invitations where expires_at < $1`, now.AddDate(0, -1, 0))
	tx.Queue(`delete from page_sessions where expires_at < $1`, now)
	tx.Queue(`delete from idempotency_keys where created_at < $1`, now.Add(-KeyKept))
}
