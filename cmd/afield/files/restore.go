package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"afield/broker/directory"
	"afield/broker/postgres"
	server "afield/cmd/afield/app"
	"afield/cmd/afield/shell"
	"afield/migrations"
)

// Restore fills an empty database from a backup.
type Restore struct {
	File string `arg:"" help:"A file that afield backup wrote." placeholder:"FILE"`
}

// Help is shown by afield restore --help.
func (Restore) Help() string {
	return `Fills an empty database from a backup, all of it or nothing, brings it up to this version and then checks everything that must always be true, as afield verify does; the status is 1 when something is not. A database with anything in it is refused: nothing is ever taken away. Put the secret.key of the old server into --data first, or set AFIELD_SECRET.

Examples:
  afield restore afield-2026-12-01.backup --data /srv/afield-new
  DATABASE_URL=postgres://… afield restore afield-2026-12-01.backup`
}

// restored is what the command prints.
type restored struct {
	File string `json:"file"`
	// Applied are the migrations that the backup's version did not have yet.
	Applied []string `json:"applied"`
	// Checked is how many invariants were checked, Broken those that do not hold.
	Checked int                  `json:"checked"`
	Broken  []postgres.Invariant `json:"broken"`
	// Secret says whether the server's secret is the one that goes with the rows.
	Secret string `json:"secret"`
}

// What is known of the server's secret after a restore.
const (
	secretMissing = "missing"
	secretWrong   = "wrong"
	secretThere   = "there"
)

// Run restores.
func (c Restore) Run(a *shell.App) (err error) {
	if _, err := os.Stat(c.File); err != nil {
		return fmt.Errorf("%w: %w", shell.ErrUsage, err)
	}
	reached, err := shell.ReachDatabase(a.Ctx, a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reached.Close()) }()
	if err := c.fill(a, reached); err != nil {
		return fmt.Errorf("%w\nNothing was restored; the database is as it was", err)
	}
	if err := c.ready(a, reached); err != nil {
		return fmt.Errorf("everything was restored, and then could not be made ready: %w", err)
	}
	done := restored{File: c.File, Applied: append([]string{}, reached.Applied...), Broken: []postgres.Invariant{}}
	checked, err := reached.Invariants(a.Ctx)
	if err != nil {
		return fmt.Errorf("everything was restored, and could not be checked: %w", err)
	}
	done.Checked = len(checked)
	for _, one := range checked {
		if one.Count > 0 {
			done.Broken = append(done.Broken, one)
		}
	}
	done.Secret = c.secret(a, reached)
	if err := a.Print(done, func(out io.Writer) { done.words(a, out) }); err != nil {
		return err
	}
	if len(done.Broken) > 0 || done.Secret == secretWrong {
		return shell.ErrReported
	}
	return nil
}

// fill puts the rows in, when the file is one that this program knows.
func (c Restore) fill(a *shell.App, reached *shell.Database) error {
	has, err := postgres.Applied(a.Ctx, reached.AdminURL, a.Postgres, c.File)
	if err != nil {
		return err
	}
	newer, err := unknown(has)
	if err != nil {
		return err
	}
	if len(newer) > 0 {
		return fmt.Errorf("%s was made by a newer Afield: it has %s, which this version does not know; restore it with that version", c.File, strings.Join(newer, ", "))
	}
	err = reached.WithAdmin(a.Ctx, func(conn *pgx.Conn) error { return postgres.EnsureRoles(a.Ctx, conn) })
	if err != nil {
		return err
	}
	return postgres.Restore(a.Ctx, reached.AdminURL, a.Postgres, c.File)
}

// unknown gives those migrations that this program does not have.
func unknown(names []string) ([]string, error) {
	known, err := migrations.Files()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(known, func(file migrations.File) bool { return file.Name == name })
	}), nil
}

func (Restore) ready(a *shell.App, reached *shell.Database) error {
	if err := reached.Ready(a.Ctx); err != nil {
		return err
	}
	return postgres.Tidied(a.Ctx, reached.AdminURL)
}

// secret looks whether the server's secret opens what was sealed with it.
func (Restore) secret(a *shell.App, reached *shell.Database) string {
	if _, kept := shell.SecretKept(a); !kept {
		return secretMissing
	}
	secret, err := shell.ServerSecret(a)
	if err != nil {
		return secretWrong
	}
	_, vault, err := server.Doors(reached.DB, secret)
	if err == nil {
		err = reached.InTx(a.Ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
			return opensAll(ctx, tx, vault)
		})
	}
	if err != nil {
		return secretWrong
	}
	return secretThere
}

// opensAll tries the secret on every partner's.
func opensAll(ctx context.Context, tx *postgres.Tx, vault *directory.Vault) error {
	protocols, err := directory.Protocols(ctx, tx)
	if err != nil {
		return err
	}
	reached, err := directory.ReachedBy(ctx, tx, protocols...)
	if err != nil {
		return err
	}
	_, err = directory.LoadPeers(ctx, tx, vault, reached)
	return err
}

func (r restored) words(a *shell.App, out io.Writer) {
	fmt.Fprintf(out, "%s is restored; %d migrations applied.\n", r.File, len(r.Applied))
	for _, one := range r.Broken {
		fmt.Fprintf(out, "BROKEN  %s (%d rows in %s)\n", one.Rule, one.Count, one.View)
	}
	fmt.Fprintf(out, "%d invariants checked, %d broken.\n", r.Checked, len(r.Broken))
	where, _ := shell.SecretKept(a)
	switch r.Secret {
	case secretMissing:
		fmt.Fprintf(out, "The server's secret is missing: before you serve, put the old server's into %s, or set AFIELD_SECRET. Without it nobody can sign in.\n", where)
	case secretWrong:
		fmt.Fprintf(out, "TO DO   The secret in %s is not the one these rows were written with. Put the old server's in its place before you serve.\n", where)
	}
}
