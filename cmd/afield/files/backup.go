package files

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"afield/broker/postgres"
	"afield/cmd/afield/shell"
)

// Backup writes the whole database into one file.
type Backup struct {
	File string `arg:"" help:"The file to write; one that is there is refused." placeholder:"FILE"`
}

// Help is shown by afield backup --help.
func (Backup) Help() string {
	return `Writes everything the database has, of one moment and of all libraries, into one file, with PostgreSQL's own pg_dump: afield restore reads it, and so does pg_restore. Servers may go on working meanwhile. The file is yours alone to read (mode 0600), has every patron's data in it, and appears when it is whole.

The server's secret is not in it. Keep a copy of secret.key in --data, or of AFIELD_SECRET, in another place: without it nobody can sign in after a restore.

Examples:
  afield backup afield-2026-12-01.backup
  afield backup /srv/backups/afield.backup --json --data /var/lib/afield`
}

// backedUp is what the command prints.
type backedUp struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	// Secret is where the secret is kept that a restore needs too.
	Secret string `json:"secret"`
}

// Run writes the file.
func (c Backup) Run(a *shell.App) (err error) {
	if _, err := os.Lstat(c.File); err == nil {
		return fmt.Errorf("%s is there already; a backup overwrites nothing", c.File)
	}
	partial, err := os.CreateTemp(filepath.Dir(c.File), "."+filepath.Base(c.File)+"-") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreMissing(os.Remove(partial.Name()))) }()
	done := backedUp{File: c.File}
	sum := sha256.New()
	err = c.dump(a, io.MultiWriter(partial, sum))
	if err == nil {
		err = partial.Sync()
	}
	if err = errors.Join(err, partial.Close()); err != nil {
		return err
	}
	if err := os.Link(partial.Name(), c.File); err != nil { // unlike a rename it overwrites nothing
		return err
	}
	info, err := os.Stat(c.File)
	if err != nil {
		return err
	}
	done.Bytes, done.SHA256 = info.Size(), hex.EncodeToString(sum.Sum(nil))
	done.Secret, _ = shell.SecretKept(a)
	return a.Print(done, func(out io.Writer) {
		fmt.Fprintf(out, "%s: %d bytes, SHA-256 %s\n", done.File, done.Bytes, done.SHA256)
		fmt.Fprintf(out, "The server's secret is not in it; keep a copy of %s in another place.\n", done.Secret)
	})
}

func (Backup) dump(a *shell.App, out io.Writer) error {
	reached, err := shell.ReachDatabase(a.Ctx, a)
	if err != nil {
		return err
	}
	return errors.Join(postgres.Backup(a.Ctx, reached.AdminURL, a.Postgres, out), reached.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
