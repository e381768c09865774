package policies

import (
	"encoding/json"
	"fmt"
	"io"

	"afield/broker"
	"afield/broker/policy/attributes"
	"afield/broker/policy/reference"
	"afield/cmd/afield/shell"
)

// policyReferenceCommand explains attributes.
type policyReferenceCommand struct {
	Attribute string `arg:"" optional:"" help:"An attribute, or how its id begins; all when left out."`
}

// Help is shown by afield policy reference --help.
func (policyReferenceCommand) Help() string {
	return `Says of each attribute what it means, how its value is written, what the condition of an entry may name, what holds where no policy says anything, and gives an example.

Examples:
  afield policy reference
  afield policy reference loans.period
  afield policy reference blocks --json`
}

// Run prints them.
func (c policyReferenceCommand) Run(a *shell.App) error {
	found, err := reference.Find(c.Attribute)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("%w: there is no attribute %q%s", shell.ErrUsage, c.Attribute, broker.Meant(c.Attribute, attributes.IDs()))
	}
	return a.Print(found, func(out io.Writer) { reference.Print(out, found) })
}

// policyExampleCommand prints a policy to begin from.
type policyExampleCommand struct{}

// Help is shown by afield policy example --help.
func (policyExampleCommand) Help() string {
	return `Prints a small policy with comments, to begin from.

Examples:
  afield policy example > ours.yaml`
}

// Run prints it.
func (policyExampleCommand) Run(a *shell.App) error {
	return a.Print(map[string]string{"file": reference.Example()}, func(out io.Writer) { fmt.Fprint(out, reference.Example()) })
}

// policySchemaCommand prints a JSON Schema.
type policySchemaCommand struct{}

// Help is shown by afield policy schema --help.
func (policySchemaCommand) Help() string {
	return `Prints a JSON Schema of policies, by which an editor completes and checks them while they are written.

Examples:
  afield policy schema > policy.schema.json`
}

// Run prints it.
func (policySchemaCommand) Run(a *shell.App) error {
	schema, err := reference.Schema()
	if err != nil {
		return err
	}
	return a.Print(schema, func(out io.Writer) {
		write := json.NewEncoder(out)
		write.SetIndent("", "  ")
		write.SetEscapeHTML(false)
		_ = write.Encode(schema) // a broken pipe is the reader's business
	})
}
