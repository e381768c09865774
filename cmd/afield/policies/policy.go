package policies

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/rule"
	"afield/cmd/afield/shell"
)

// Policy reads policies: the ones that ship, files somebody writes, and
// the versions that were published.
type Policy struct {
	Check   policyCheckCommand   `cmd:"" help:"Read policy files strictly; status 1 when one is wrong."`
	Explain policyExplainCommand `cmd:"" help:"Answer a question from a policy, with every reason and its source."`
	List    policyListCommand    `cmd:"" help:"List the policies, or every value of one."`
	Diff    policyDiffCommand    `cmd:"" help:"Show the values in which two policies differ."`
	Publish policyPublishCommand `cmd:"" help:"Store a new version of a policy, to rule from a day on."`

	Reference policyReferenceCommand `cmd:"" help:"Explain the attributes: meaning, values, conditions, default, example."`
	Example   policyExampleCommand   `cmd:"" help:"Print a small policy with comments, to begin from."`
	Schema    policySchemaCommand    `cmd:"" help:"Print a JSON Schema of policies, for editors."`
}

// readPolicy reads a policy that ships, by its name, or a file. A file's parent
// documents are looked for beside it first.
func readPolicy(name string) (*policy.Document, error) {
	document, err := policy.Preset(name)
	if !broker.IsKind(err, broker.KindNotFound) {
		return document, err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is neither a policy that ships (%s) nor a file that can be read: %w",
			shell.ErrUsage, name, strings.Join(policy.Presets(), ", "), err)
	}
	return policy.ParseUnder(filepath.Base(name), text, beside(filepath.Dir(name)))
}

// beside finds documents in a folder, then among those that ship.
func beside(folder string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		text, err := os.ReadFile(filepath.Join(folder, filepath.Base(name)+".yaml"))
		if errors.Is(err, os.ErrNotExist) {
			return policy.PresetText(name)
		}
		return text, err
	}
}

// policyCheckCommand reads policy files and says what is wrong with them.
type policyCheckCommand struct {
	Files []string `arg:"" name:"file" help:"Policy files, or names of policies that ship."`
}

// Help is shown by afield policy check --help.
func (policyCheckCommand) Help() string {
	return `Reads each file as the server would: an unknown key, a wrong type, two entries that are equally specific, or a value that a level above has made final is named with its line and column. A document's own "inherits" is looked for beside it, then among the policies that ship. Ends with status 1 when a file is wrong.

Examples:
  afield policy check our-library.yaml
  afield policy check state.yaml library.yaml branch.yaml --json`
}

type policyChecked struct {
	File    string         `json:"file"`
	OK      bool           `json:"ok"`
	Policy  string         `json:"policy,omitempty"`
	Version string         `json:"version,omitempty"`
	Levels  []policy.Level `json:"levels,omitempty"`
	Error   string         `json:"error,omitempty"`
	// Mistakes are all that is wrong with the file, each with line and column.
	Mistakes []string `json:"mistakes,omitempty"`
}

// mistakes are the lines to print for an error: one for each mistake of a
// document, or the error itself.
func mistakes(err error) []string {
	ours, known := broker.AsError(err)
	if !known || ours.Code != "policy_document" {
		return []string{err.Error()}
	}
	lines := make([]string, len(ours.Fields))
	for i, field := range ours.Fields {
		lines[i] = field.Message
	}
	return lines
}

// Run checks them all; a mistake in one does not hide those in the next.
func (c policyCheckCommand) Run(a *shell.App) error {
	checked, wrong := []policyChecked{}, false
	for _, file := range c.Files {
		document, err := readPolicy(file)
		if err != nil {
			checked, wrong = append(checked, policyChecked{File: file, Error: err.Error(), Mistakes: mistakes(err)}), true
			continue
		}
		checked = append(checked, policyChecked{File: file, OK: true, Policy: document.Name(), Version: document.Version(), Levels: document.Levels()})
	}
	err := a.Print(checked, func(out io.Writer) {
		for _, one := range checked {
			if !one.OK {
				fmt.Fprintf(out, "WRONG  %s\n       %s\n", one.File, strings.Join(one.Mistakes, "\n       "))
				continue
			}
			var line []string
			for _, level := range one.Levels {
				line = append(line, level.Policy)
			}
			fmt.Fprintf(out, "ok     %s: %s, version %s, through %s\n", one.File, one.Policy, one.Version, strings.Join(line, " → "))
		}
	})
	if err == nil && wrong {
		return shell.ErrReported
	}
	return err
}

// policyListCommand lists policies or the values of one.
type policyListCommand struct {
	Policy string `arg:"" optional:"" help:"A policy that ships, or a file; all that ship when left out."`
	Rule   string `help:"Only attributes whose id begins so, for example fines." placeholder:"PREFIX"`
	Own    bool   `help:"Only what the document says itself, nothing inherited."`
	Silent bool   `help:"Only values where the library's text is silent and we chose."`

	On       string `help:"As published, ruling on this day." placeholder:"DATE"`
	Versions bool   `help:"The published versions, of the policy or of all."`
}

// Help is shown by afield policy list --help.
func (policyListCommand) Help() string {
	return `Without a policy, lists those that ship. With one, lists each of its values: when it holds, what it is, which document it comes from and the clause it rests on.

Examples:
  afield policy list
  afield policy list delaware --rule fines
  afield policy list western-district --silent --json
  afield policy list westchester --versions
  afield policy list westchester --on 2026-09-01`
}

type policyListed struct {
	Policy  string         `json:"policy"`
	Title   string         `json:"title"`
	Version string         `json:"version"`
	Levels  []policy.Level `json:"levels"`
}

// Run lists them.
func (c policyListCommand) Run(a *shell.App) error {
	if c.Versions {
		return listVersions(a, c.Policy)
	}
	if c.Policy == "" {
		return c.listAll(a)
	}
	document, err := readPolicyOn(a, c.Policy, c.On)
	if err != nil {
		return err
	}
	values := []rule.Attribute{}
	for _, value := range document.Attributes() {
		if strings.HasPrefix(value.Rule, c.Rule) && (!c.Own || value.From == document.Name()) && (!c.Silent || value.Clause.Silent) {
			values = append(values, value)
		}
	}
	return a.Print(values, func(out io.Writer) {
		for _, value := range values {
			fmt.Fprintf(out, "%s (%s): %s\n", value.Rule, value.WhereText(), value.Text())
			fmt.Fprintf(out, "    %s\n", sourceLine(value))
		}
		fmt.Fprintf(out, "%d values.\n", len(values))
	})
}

func (c policyListCommand) listAll(a *shell.App) error {
	all := []policyListed{}
	for _, name := range policy.Presets() {
		document, err := policy.Preset(name)
		if err != nil {
			return err
		}
		all = append(all, policyListed{Policy: name, Title: document.Title(), Version: document.Version(), Levels: document.Levels()})
	}
	return a.Print(all, func(out io.Writer) {
		for _, one := range all {
			fmt.Fprintf(out, "%-18s %-10s %s  %s\n", one.Policy, one.Levels[0].Level, one.Version, one.Title)
		}
	})
}

func sourceLine(value rule.Attribute) string {
	line := "from " + value.From + "; " + value.Clause.Document + ", " + value.Clause.Section + ": " + value.Clause.Says
	if value.Clause.Silent {
		line += " (the text is silent; our choice)"
	}
	if value.Final {
		line += " (final)"
	}
	return line
}

// policyDiffCommand compares two policies.
type policyDiffCommand struct {
	Old string `arg:"" help:"A policy that ships, a file, or a published version: ours@2, ours@2026-09-01."`
	New string `arg:"" help:"The one to compare it with."`
}

// Help is shown by afield policy diff --help.
func (policyDiffCommand) Help() string {
	return `Lists every value in which two policies differ, inherited ones too: two versions of one library's file, or two libraries. A clause in other words is no difference. Ends with status 0 whether they differ or not.

Examples:
  afield policy diff westchester our-library.yaml
  afield policy diff westchester western-district --json
  afield policy diff westchester@1 westchester@2`
}

// Run compares them.
func (c policyDiffCommand) Run(a *shell.App) error {
	old, err := readPolicyOn(a, c.Old, "")
	if err != nil {
		return err
	}
	now, err := readPolicyOn(a, c.New, "")
	if err != nil {
		return err
	}
	differences := append([]policy.Difference{}, policy.Diff(old, now)...)
	return a.Print(differences, func(out io.Writer) {
		for _, difference := range differences {
			where := difference.When.String()
			if where == "" {
				where = "always"
			}
			fmt.Fprintf(out, "%s (%s)\n", difference.Rule, where)
			sideLine(out, "-", difference.Old)
			sideLine(out, "+", difference.New)
		}
		fmt.Fprintf(out, "%d differences.\n", len(differences))
	})
}

func sideLine(out io.Writer, sign string, value *rule.Attribute) {
	if value != nil {
		fmt.Fprintf(out, "  %s %s  [%s, %s]\n", sign, value.Text(), value.From, value.Clause.Section)
	}
}
