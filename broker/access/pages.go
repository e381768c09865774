package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker/postgres"
)

// PageSessions keeps what the pages remember of a browser between two clicks. Its
// names are the hashes of cookies, its values are opaque here. It fits the session
// manager of the pages, which calls it.
type PageSessions struct {
	db *postgres.DB
}

// PageSessions gives the store of page sessions.
func (s *Service) PageSessions() *PageSessions { return &PageSessions{s.db} }

// FindCtx gives the value under a name, and whether there is one that has not ended.
func (p *PageSessions) FindCtx(ctx context.Context, name string) (value []byte, found bool, err error) {
	err = p.db.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		err := tx.QueryRow(ctx, `select data from page_sessions where token = $1 and expires_at > now()`, name).Scan(&value)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		found = err == nil
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("find a page's session: %w", err)
	}
	return value, found, nil
}

// CommitCtx keeps a value under a name until it ends.
func (p *PageSessions) CommitCtx(ctx context.Context, name string, value []byte, ends time.Time) error {
	return p.write(ctx, `insert into page_sessions (token, data, expires_at) values ($1, $2, $3)
		on conflict (token) do update set data = excluded.data, expires_at = excluded.expires_at`, name, value, ends)
}

// DeleteCtx forgets a name. Forgetting it twice is no error.
func (p *PageSessions) DeleteCtx(ctx context.Context, name string) error {
	return p.write(ctx, `delete from page_sessions where token = $1`, name)
}

// Find, Commit and Delete are the same without a context, as the session manager
// asks for them; it prefers the others.
func (p *PageSessions) Find(name string) ([]byte, bool, error) {
	return p.FindCtx(context.Background(), name)
}

// Commit is CommitCtx without a context.
func (p *PageSessions) Commit(name string, value []byte, ends time.Time) error {
	return p.CommitCtx(context.Background(), name, value, ends)
}

// Delete is DeleteCtx without a context.
func (p *PageSessions) Delete(name string) error { return p.DeleteCtx(context.Background(), name) }

func (p *PageSessions) write(ctx context.Context, sql string, args ...any) error {
	err := p.db.InTx(ctx, postgres.ForLibraries(), func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(sql, args...)
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep a page's session: %w", err)
	}
	return nil
}
