package setup

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
	"afield/broker/consortium"
	"afield/broker/postgres"
	server "afield/cmd/afield/app"
	"afield/cmd/afield/shell"
	"afield/connectors/wire"
)

// Consortium sets a consortium up from one file.
type Consortium struct {
	Example consortiumExampleCommand `cmd:"" help:"Print a commented file of a small consortium that works as it is."`
	Check   consortiumCheckCommand   `cmd:"" help:"Read a consortium's file strictly; status 1 when something is wrong."`
	Plan    consortiumPlanCommand    `cmd:"" help:"Say what a file would change; change nothing."`
	Apply   consortiumApplyCommand   `cmd:"" help:"Make the changes of a file, with a reason that is recorded."`
	Export  consortiumExportCommand  `cmd:"" help:"Write what is in force as such a file."`
	Changes consortiumChangesCommand `cmd:"" help:"List what was changed: who, when, why, before and after."`
}

// Help is shown by afield consortium --help.
func (Consortium) Help() string {
	return `One YAML file says who the libraries are, how they are grouped and reached, their branches and hours, how far each looks for lenders, by which policy each is ruled, and who of the staff is invited. What it leaves out stays as it is.

Examples:
  afield consortium example > ours.yaml
  afield consortium check ours.yaml
  afield consortium plan ours.yaml
  afield consortium apply ours.yaml --reason "a fourth library joins"
  afield consortium export ours.yaml`
}

type consortiumExampleCommand struct{}

// Help is shown by afield consortium example --help.
func (consortiumExampleCommand) Help() string {
	return `Two libraries share a catalogue and one stands outside. Every key is explained where it stands.

Examples:
  afield consortium example
  afield consortium example > ours.yaml`
}

// Run prints it.
func (consortiumExampleCommand) Run(a *shell.App) error {
	return a.Print(map[string]string{"file": consortium.Example()}, func(out io.Writer) { fmt.Fprint(out, consortium.Example()) })
}

// readConsortium reads a consortium's file; - is standard input. Policy files are
// looked for beside it.
func readConsortium(name string) (*consortium.Document, error) {
	source, _, err := shell.OpenInput(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", shell.ErrUsage, err)
	}
	text, err := io.ReadAll(io.LimitReader(source, int64(consortium.Bounds.Bytes)+1))
	if err = errors.Join(err, source.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	folder := filepath.Dir(name)
	return consortium.Read(text, func(policy string) ([]byte, error) {
		return os.ReadFile(filepath.Join(folder, filepath.Base(policy)))
	}), nil
}

// surroundings are the protocols this program speaks, and the present.
func surroundings() consortium.Surroundings {
	around := consortium.Surroundings{Now: broker.SystemClock{}.Now()}
	for _, protocol := range server.Connectors("") {
		if protocol.Outside {
			around.Protocols = append(around.Protocols, protocol.Name)
		}
		if protocol.Close != nil {
			protocol.Close()
		}
	}
	return around
}

type consortiumCheckCommand struct {
	File string `arg:"" help:"The consortium's file; - reads standard input." placeholder:"FILE"`
}

// Help is shown by afield consortium check --help.
func (consortiumCheckCommand) Help() string {
	return `Reads the file by itself, without a database: an unknown key, a wrong type, a symbol nobody has, a pattern by which a card could be taken for an item. Every mistake is named at once, with line and column and what would be right; the status is then 1. A file that leaves out what the database has already is checked by plan.

Examples:
  afield consortium check ours.yaml
  afield consortium check ours.yaml --json | jq -r '.mistakes[].message'`
}

// Checked is what was found.
type Checked struct {
	File     string              `json:"file"`
	OK       bool                `json:"ok"`
	Mistakes consortium.Mistakes `json:"mistakes"`
}

// Run checks the file.
func (c consortiumCheckCommand) Run(a *shell.App) error {
	document, err := readConsortium(c.File)
	if err != nil {
		return err
	}
	_, wrong := consortium.NewPlan(document, consortium.Nothing(), surroundings())
	if len(wrong) > 0 {
		return mistaken(a, c.File, wrong)
	}
	return a.Print(Checked{c.File, true, consortium.Mistakes{}}, func(out io.Writer) {
		fmt.Fprintf(out, "ok     %s: %s\n", c.File, sized(document.File))
	})
}

func sized(file consortium.File) string {
	return fmt.Sprintf("%d libraries, %d groups, %d shared catalogues", len(file.Libraries), len(file.Groups), len(file.SharingGroups))
}

// mistaken prints all that is wrong with a file.
func mistaken(a *shell.App, file string, wrong consortium.Mistakes) error {
	err := a.Print(Checked{file, false, wrong}, func(out io.Writer) {
		for _, one := range wrong {
			fmt.Fprintf(out, "%s:%s\n", filepath.Base(file), one)
		}
		fmt.Fprintf(out, "%d mistakes.\n", len(wrong))
	})
	if err != nil {
		return err
	}
	return shell.ErrReported
}

type consortiumPlanCommand struct {
	File string `arg:"" help:"The consortium's file; - reads standard input." placeholder:"FILE"`
}

// Help is shown by afield consortium plan --help.
func (consortiumPlanCommand) Help() string {
	return `Compares the file with what is in force and says in words what would change, and what is in force and not in the file, which stays as it is. Nothing is changed.

Examples:
  afield consortium plan ours.yaml
  afield consortium plan ours.yaml --json | jq -r '.changes[].words'`
}

// inForce runs work on a plan, in the one transaction in which what is in force is
// read and changed.
func inForce(a *shell.App, work func(context.Context, *postgres.Tx, shell.Doors) error) error {
	return a.WithDoors("", func(d shell.Doors) error {
		return d.DB.InTx(a.Ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error { return work(ctx, tx, d) })
	})
}

// planOf compares a file with what is in force.
func planOf(ctx context.Context, tx *postgres.Tx, d shell.Doors, document *consortium.Document) (*consortium.Plan, consortium.Mistakes, error) {
	in, err := consortium.Load(ctx, tx, d.Service, document.File)
	if err != nil {
		return nil, nil, err
	}
	plan, wrong := consortium.NewPlan(document, in, surroundings())
	return plan, wrong, nil
}

// Run says what would change.
func (c consortiumPlanCommand) Run(a *shell.App) error {
	document, err := readConsortium(c.File)
	if err != nil {
		return err
	}
	var plan *consortium.Plan
	var wrong consortium.Mistakes
	err = inForce(a, func(ctx context.Context, tx *postgres.Tx, d shell.Doors) (err error) {
		plan, wrong, err = planOf(ctx, tx, d, document)
		return err
	})
	switch {
	case err != nil:
		return err
	case wrong != nil:
		return mistaken(a, c.File, wrong)
	}
	return a.Print(plan, func(out io.Writer) {
		for _, change := range plan.Changes {
			fmt.Fprintln(out, change.Words)
		}
		stays(out, plan.NotInFile)
		fmt.Fprintf(out, "%d changes.\n", len(plan.Changes))
	})
}

// stays says what a file does not name; a long list is cut short.
func stays(out io.Writer, names []string) {
	const most = 20
	for i, name := range names {
		if i == most {
			fmt.Fprintf(out, "  and %d more (--json lists all)\n", len(names)-most)
			break
		}
		if i == 0 {
			fmt.Fprintln(out, "In force and not in the file; it stays as it is:")
		}
		fmt.Fprintf(out, "  %s\n", name)
	}
}

type consortiumApplyCommand struct {
	File   string `arg:"" optional:"" help:"The consortium's file; - reads standard input." placeholder:"FILE"`
	Reason string `help:"Why; it is recorded with the change." required:"" placeholder:"TEXT"`
	Undo   string `help:"In place of a file: put back what this change took the place of." placeholder:"CHANGE"`
}

// Help is shown by afield consortium apply --help.
func (consortiumApplyCommand) Help() string {
	return `Makes the changes that plan shows, all or none, and records who, when, why, before and after. Prints once what is kept nowhere: an invitation for each new staff user, with which they choose a password, and the secrets of each new partner. Applying the same file again changes nothing.

With --undo a change is taken back: everything it changed becomes what it was; libraries that it added are closed, staff whom it invited are disabled.

Examples:
  afield consortium apply ours.yaml --reason "the consortium begins"
  afield consortium apply --undo 01890a5d-ac96-774b-bcce-b302099a8057 --reason "the fee was a mistake"`
}

// Applied is what apply prints.
type Applied struct {
	consortium.Applied
	Secrets []MadePartner `json:"secrets"`
}

// Run applies the file.
func (c consortiumApplyCommand) Run(a *shell.App) error {
	if (c.File == "") == (c.Undo == "") {
		return fmt.Errorf("%w: give a file, or --undo with a change", shell.ErrUsage)
	}
	if strings.TrimSpace(c.Reason) == "" {
		return fmt.Errorf("%w: --reason must say why; it is recorded", shell.ErrUsage)
	}
	var document *consortium.Document
	var err error
	if c.File != "" {
		if document, err = readConsortium(c.File); err != nil {
			return err
		}
	}
	var wrong consortium.Mistakes
	var applied consortium.Applied
	err = inForce(a, func(ctx context.Context, tx *postgres.Tx, d shell.Doors) error {
		if c.Undo != "" {
			if document, err = earlier(ctx, tx, c.Undo); err != nil {
				return err
			}
		}
		var plan *consortium.Plan
		if plan, wrong, err = planOf(ctx, tx, d, document); err != nil || wrong != nil {
			return err
		}
		applied, err = plan.Apply(ctx, tx, consortium.Applying{
			Doors: d.Service, Vault: d.Vault, Actor: broker.System(broker.NoID), Reason: c.Reason, Now: broker.SystemClock{}.Now(),
		})
		return err
	})
	switch {
	case err != nil:
		return err
	case wrong != nil:
		return mistaken(a, c.File, wrong)
	}
	shown := Applied{Applied: applied, Secrets: []MadePartner{}}
	for _, one := range applied.Secrets {
		shown.Secrets = append(shown.Secrets, MadePartner{Name: one.Library, TheyUse: wire.SecretText(one.TheyUse), WeUse: wire.SecretText(one.WeUse)})
	}
	return a.Print(shown, shown.words)
}

// earlier is the file that takes a change back.
func earlier(ctx context.Context, tx *postgres.Tx, change string) (*consortium.Document, error) {
	id, err := broker.ParseID("change", change)
	if err != nil {
		return nil, fmt.Errorf("%w: %q is not the id of a change; afield consortium changes lists them", shell.ErrUsage, change)
	}
	return consortium.Undoing(ctx, tx, id)
}

func (s Applied) words(out io.Writer) {
	for _, change := range s.Changes {
		fmt.Fprintln(out, change.Words)
	}
	if len(s.Changes) == 0 {
		fmt.Fprintln(out, "Nothing to change.")
		return
	}
	for i, one := range s.Invitations {
		if i == 0 {
			fmt.Fprintln(out, "\nInvitations, shown this once. Each becomes an account with POST /v1/invitations/accept and a password of the person's own:")
		}
		fmt.Fprintf(out, "  %s at %s, until %s: %s\n", one.Username, one.Library, one.ExpiresAt.Format(time.DateOnly), one.Token)
	}
	for i, one := range s.Secrets {
		if i == 0 {
			fmt.Fprintln(out, "\nSecrets of new partners, for their programmers, shown this once:")
		}
		fmt.Fprintf(out, "  %s\n    signs what they send:     %s\n    signs what they receive:  %s\n", one.Name, one.TheyUse, one.WeUse)
	}
	fmt.Fprintf(out, "\n%d changes made; to take them back: afield consortium apply --undo %s --reason …\n", len(s.Changes), s.Change)
}

type consortiumExportCommand struct {
	File string `arg:"" optional:"" help:"Where to write it; standard output when left out." default:"-" placeholder:"FILE"`
}

// Help is shown by afield consortium export --help.
func (consortiumExportCommand) Help() string {
	return `Writes everything that is in force, with the policies that were published for its libraries in the file itself. Applying it changes nothing. Passwords, invitations and partners' secrets are never in it; libraries that only a directory file brought in are left out.

Examples:
  afield consortium export
  afield consortium export ours.yaml`
}

// Run writes the file.
func (c consortiumExportCommand) Run(a *shell.App) error {
	var file consortium.File
	var text []byte
	err := inForce(a, func(ctx context.Context, tx *postgres.Tx, d shell.Doors) error {
		in, err := consortium.Load(ctx, tx, d.Service, consortium.File{})
		if err != nil {
			return err
		}
		file = in.Export(broker.SystemClock{}.Now())
		text, err = file.YAML()
		return err
	})
	if err != nil {
		return err
	}
	if c.File == "-" {
		return a.Print(map[string]string{"file": string(text)}, func(out io.Writer) { _, _ = out.Write(text) })
	}
	if err := os.WriteFile(c.File, text, 0o600); err != nil {
		return err
	}
	return a.Print(map[string]any{"written": c.File, "libraries": len(file.Libraries)}, func(out io.Writer) {
		fmt.Fprintf(out, "%s: %s\n", c.File, sized(file))
	})
}

type consortiumChangesCommand struct {
	Limit int `help:"How many to show, the newest first." default:"50" placeholder:"N"`
}

// Help is shown by afield consortium changes --help.
func (consortiumChangesCommand) Help() string {
	return `Lists the log of changes, the newest first. With --json each comes with the part of the file that was in force before it, and after.

Examples:
  afield consortium changes
  afield consortium changes --limit 5 --json`
}

// Run lists them.
func (c consortiumChangesCommand) Run(a *shell.App) error {
	var rows []consortium.Recorded
	err := inForce(a, func(ctx context.Context, tx *postgres.Tx, _ shell.Doors) (err error) {
		rows, err = consortium.Log(ctx, tx, broker.NoID, broker.NoID, c.Limit)
		return err
	})
	if err != nil {
		return err
	}
	return a.Print(rows, func(out io.Writer) {
		var last broker.ID
		for _, row := range rows {
			if row.Change != last {
				fmt.Fprintf(out, "%s  change %s: %s\n", row.At.Format(time.RFC3339), row.Change, row.Reason)
			}
			last = row.Change
			for _, line := range row.Lines {
				fmt.Fprintf(out, "  %s\n", line.Words)
			}
		}
	})
}
