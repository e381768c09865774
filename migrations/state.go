package migrations

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// MismatchError says that the database does not come from this program's files.
type MismatchError struct{ Detail string }

// Error gives the plain sentence.
func (e *MismatchError) Error() string { return e.Detail }

type appliedRow struct {
	Version  int
	Name     string
	Checksum string
}

// compare gives the files that are still to be applied, and refuses a database in
// which other files were applied.
func compare(ctx context.Context, conn *pgx.Conn, files []File) ([]File, error) {
	rows, err := conn.Query(ctx, "select version, name, checksum from public.schema_migrations order by version")
	if err != nil {
		return nil, fmt.Errorf("read which migrations are applied: %w", err)
	}
	done, err := pgx.CollectRows(rows, pgx.RowToStructByName[appliedRow])
	if err != nil {
		return nil, fmt.Errorf("read which migrations are applied: %w", err)
	}
	known := map[int]File{}
	for _, file := range files {
		known[file.Version] = file
	}
	last := 0
	for _, row := range done {
		file, ok := known[row.Version]
		if !ok {
			return nil, &MismatchError{fmt.Sprintf(
				"The database has migration %s, which this program does not know: a newer Afield has used it. Run that version, or restore a backup.", row.Name)}
		}
		if file.Checksum != row.Checksum {
			return nil, &MismatchError{fmt.Sprintf(
				"Migration %s was changed after the database had applied it. Put the file back as it was and write a new one.", row.Name)}
		}
		delete(known, row.Version)
		last = row.Version
	}
	var pending []File
	for _, file := range files {
		if _, isPending := known[file.Version]; !isPending {
			continue
		}
		if file.Version < last {
			return nil, &MismatchError{fmt.Sprintf(
				"Migration %s is new, but the database already has number %04d. Give it the next number.", file.Name, last)}
		}
		pending = append(pending, file)
	}
	return pending, nil
}

// Pending lists what Up would apply, changing nothing. A database that was never
// migrated lists everything.
func Pending(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	files, err := Files()
	if err != nil {
		return nil, err
	}
	var migrated bool
	if err := conn.QueryRow(ctx, "select to_regclass('public.schema_migrations') is not null").Scan(&migrated); err != nil {
		return nil, fmt.Errorf("look whether the database was migrated: %w", err)
	}
	pending := files
	var names []string
	if migrated {
		if pending, err = compare(ctx, conn, files); err != nil {
			return nil, err
		}
	}
	waiting, err := pendingRiver(ctx, conn)
	if err != nil {
		return nil, err
	}
	if waiting {
		names = append(names, "river")
	}
	for _, file := range pending {
		names = append(names, file.Name)
	}
	return names, nil
}
