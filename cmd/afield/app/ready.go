package app

import (
	"context"
	"fmt"

	"afield/broker/postgres"
	"afield/migrations"
)

// migratedUp makes the check that the database is not behind this program, as
// one restored from an older backup under a running server would be. A database
// ahead of it is fine: a newer node may have migrated it first. The check is
// one small look-up, so it may be asked often.
func migratedUp(db *postgres.DB) (func(context.Context) error, error) {
	files, err := migrations.Files()
	if err != nil {
		return nil, err
	}
	needed := 0
	for _, file := range files {
		needed = max(needed, file.Version)
	}
	return func(ctx context.Context) error {
		var applied int
		if err := db.AppPool().QueryRow(ctx, "select coalesce(max(version), 0) from public.schema_migrations").Scan(&applied); err != nil {
			return fmt.Errorf("read which migrations are applied: %w", err)
		}
		if applied < needed {
			return fmt.Errorf("the database is at migration %04d, this program needs %04d: run afield migrate", applied, needed)
		}
		return nil
	}, nil
}
