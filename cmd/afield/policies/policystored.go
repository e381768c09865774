package policies

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/published"
	"afield/broker/postgres"
	"afield/cmd/afield/shell"
)

// storedPolicies reads what was published in the database.
func storedPolicies(a *shell.App) ([]published.Version, policy.Register, error) {
	var versions []published.Version
	var register policy.Register
	err := inDatabase(a, func(ctx context.Context, tx *postgres.Tx) (err error) {
		if versions, err = published.Versions(ctx, tx, ""); err == nil {
			register, err = published.Load(ctx, tx)
		}
		return err
	})
	return versions, register, err
}

func inDatabase(a *shell.App, work func(context.Context, *postgres.Tx) error) (err error) {
	db, err := shell.OpenDatabase(a.Ctx, a, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.InTx(a.Ctx, postgres.Everywhere(), work)
}

// stored tells whether a name means a published version: ours@2, ours@2026-09-01.
func stored(name string) bool {
	_, err := os.Stat(name)
	return strings.Contains(name, "@") && err != nil
}

// readPolicyOn reads a published version where the name or a day asks for one,
// else it does as readPolicy.
func readPolicyOn(a *shell.App, name, on string) (*policy.Document, error) {
	if on == "" && !stored(name) {
		return readPolicy(name)
	}
	day := broker.DateIn(broker.SystemClock{}.Now(), time.Local)
	if on != "" {
		var err error
		if day, err = broker.ParseDate(on); err != nil {
			return nil, fmt.Errorf("%w: --on: %w", shell.ErrUsage, err)
		}
	}
	_, register, err := storedPolicies(a)
	if err != nil {
		return nil, err
	}
	return register.Named(name, day)
}

// policyPublishCommand stores a new version of a document.
type policyPublishCommand struct {
	File    string `arg:"" help:"The policy file; - reads standard input."`
	From    string `help:"The first day it rules." required:"" placeholder:"DATE"`
	Library string `help:"Whose it is: symbol or id. Left out for a document above libraries." placeholder:"LIBRARY"`
	DryRun  bool   `help:"Check everything and store nothing."`
}

// Help is shown by afield policy publish --help.
func (policyPublishCommand) Help() string {
	return `Reads the file strictly, under the documents that rule above it on its first day, and stores it as a new version. A version never changes: to take something back, publish another one. A day that has passed, and a day on which a version begins already, are refused. Servers that run notice it within seconds.

Examples:
  afield policy publish our-library.yaml --from 2026-09-01 --library ISIL:US-NWPTL
  afield policy publish our-state.yaml --from 2027-01-01 --dry-run`
}

type policyPublished struct {
	Policy    string      `json:"policy"`
	Version   int         `json:"version"`
	Effective broker.Date `json:"effective"`
	Stored    bool        `json:"stored"`
	// Libraries is how many it rules, by itself or through a document below it.
	Libraries int `json:"libraries"`
}

// Run publishes.
func (c policyPublishCommand) Run(a *shell.App) error {
	from, err := broker.ParseDate(c.From)
	if err != nil {
		return fmt.Errorf("%w: --from: %w", shell.ErrUsage, err)
	}
	text, err := os.ReadFile(c.File)
	if c.File == "-" {
		text, err = io.ReadAll(os.Stdin)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", shell.ErrUsage, err)
	}
	in := published.Publication{Text: text, Effective: from, Now: broker.SystemClock{}.Now(), DryRun: c.DryRun, Actor: broker.System(broker.NoID)}
	var version published.Version
	var bound int
	err = inDatabase(a, func(ctx context.Context, tx *postgres.Tx) (err error) {
		if c.Library != "" {
			if in.Library, _, err = shell.LibraryNamed(ctx, tx, c.Library); err != nil {
				return err
			}
			in.Actor = broker.System(in.Library.ID)
		}
		if version, err = published.Publish(ctx, tx, in); err != nil {
			return err
		}
		bound, err = published.Bound(ctx, tx, version.Policy, version.Effective)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(c.File), err)
	}
	shown := policyPublished{Policy: version.Policy, Version: version.Number, Effective: version.Effective, Stored: !c.DryRun, Libraries: bound}
	return a.Print(shown, func(out io.Writer) {
		did := "published"
		if c.DryRun {
			did = "would be published (nothing was stored)"
		}
		fmt.Fprintf(out, "%s version %d %s; it rules from %s on.\n", shown.Policy, shown.Version, did, shown.Effective)
		if bound == 0 {
			fmt.Fprintln(out, published.HowToBind(shown.Policy))
		}
	})
}

// policyVersionListed is one line of the output of policy list --versions.
type policyVersionListed struct {
	Policy    string      `json:"policy"`
	Version   int         `json:"version"`
	Effective broker.Date `json:"effective"`
	Published time.Time   `json:"published_at"`
	Library   broker.ID   `json:"library_id,omitzero"`
}

// listVersions lists what was published, of one document or of all.
func listVersions(a *shell.App, name string) error {
	versions, _, err := storedPolicies(a)
	if err != nil {
		return err
	}
	listed := []policyVersionListed{}
	for _, version := range versions {
		if name == "" || name == version.Policy {
			listed = append(listed, policyVersionListed{version.Policy, version.Number, version.Effective, version.At, version.Library})
		}
	}
	return a.Print(listed, func(out io.Writer) {
		for _, one := range listed {
			fmt.Fprintf(out, "%-24s rules from %s  published %s\n", fmt.Sprintf("%s@%d", one.Policy, one.Version), one.Effective, one.Published.Format(time.DateOnly))
		}
		fmt.Fprintf(out, "%d versions.\n", len(listed))
	})
}
