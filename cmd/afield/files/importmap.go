package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"afield/broker"
	"afield/broker/exchange"
	"afield/broker/filemap"
	"afield/cmd/afield/shell"
)

// importMapCommand prints a shipped map.
type importMapCommand struct {
	System string `arg:"" help:"koha, sierra or evergreen." enum:"koha,sierra,evergreen" placeholder:"SYSTEM"`
}

// Help is shown by afield import map --help.
func (importMapCommand) Help() string {
	return `A map says which columns of another system's files are which of ours, what its codes for types, branches and classes mean, how it writes dates, and in which field its records have copies. afield import reads by one with --map, which takes one of these names or a file. A file of one's own says only what differs:

  system: koha                    # begin with what is shipped
  dates: month-day-year           # or year-month-day, day-month-year
  codes:                          # of all files
    branch: {CPL: main, "E*": east}
    type: {BK: book, "DVD*": dvd}
  items:
    columns: {call_number: cn or itemcallnumber, title: title + subtitle}
    otherwise: {branch: main}     # where the cell is empty
    rest: ignore                  # columns that are not named
  holdings: {field: "949", subfields: {barcode: i, branch: l, call_number: ab}}

A code that has no meaning in its table is a wrong row.

Examples:
  afield import map koha
  afield import map sierra > ours.yaml
  afield import items items.csv --library ISIL:US-NWPTL --map ours.yaml --dry-run`
}

// Run prints it.
func (c importMapCommand) Run(a *shell.App) error {
	text, err := filemap.Text(c.System)
	if err != nil {
		return err
	}
	return a.Print(struct {
		System string `json:"system"`
		Text   string `json:"text"`
	}{c.System, string(text)}, func(out io.Writer) { _, _ = out.Write(text) })
}

// mapNamed reads the map of a system or a file; nil for none.
func mapNamed(name string) (*filemap.Map, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // files in our own form have no map
	}
	text, err := filemap.Text(name)
	if !slices.Contains(filemap.Names(), name) {
		text, err = os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%w: there is no map %s, neither a file nor one of evergreen, koha, sierra", shell.ErrUsage, name)
		}
	}
	if err != nil {
		return nil, err
	}
	made, err := filemap.Read(text, exchange.ColumnNames())
	if ours, wrong := broker.AsError(err); wrong && len(ours.Fields) > 0 {
		var all []error
		for _, field := range ours.Fields {
			all = append(all, fmt.Errorf("%s:%s", name, field.Message))
		}
		return nil, errors.Join(all...)
	}
	return made, err
}
