package migrations

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// upRiver brings the job queue's tables up. River wants a pool and runs each of
// its migrations in a transaction of its own; our lock stays on our connection.
func upRiver(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	pool, err := pgxpool.ParseConfig(conn.Config().ConnString())
	if err != nil {
		return nil, fmt.Errorf("connect for River's migrations: %w", err)
	}
	pool.ConnConfig = conn.Config()
	pool.MaxConns, pool.MinConns = 1, 0
	connections, err := pgxpool.NewWithConfig(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("connect for River's migrations: %w", err)
	}
	defer connections.Close()
	migrator, err := rivermigrate.New(riverpgxv5.New(connections), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("prepare River's migrations: %w", err)
	}
	result, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return nil, fmt.Errorf("river's migrations: %w", err)
	}
	var names []string
	for _, version := range result.Versions {
		names = append(names, fmt.Sprintf("river_%03d", version.Version))
	}
	return names, nil
}

// latestRiver is the newest schema the River in this program knows.
func latestRiver() int {
	migrator, err := rivermigrate.New(riverpgxv5.New(nil), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0
	}
	latest := 0
	for _, version := range migrator.AllVersions() {
		latest = max(latest, version.Version)
	}
	return latest
}

func pendingRiver(ctx context.Context, conn *pgx.Conn) (bool, error) {
	var exists bool
	if err := conn.QueryRow(ctx, "select to_regclass('public.river_migration') is not null").Scan(&exists); err != nil {
		return false, fmt.Errorf("look for River's tables: %w", err)
	}
	if !exists {
		return true, nil
	}
	var version int
	if err := conn.QueryRow(ctx, "select coalesce(max(version), 0) from public.river_migration where line = 'main'").Scan(&version); err != nil {
		return false, fmt.Errorf("read River's version: %w", err)
	}
	return version < latestRiver(), nil
}
