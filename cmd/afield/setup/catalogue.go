package setup

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	server "afield/cmd/afield/app"
	"afield/cmd/afield/shell"
	"afield/connectors/sru"
	"afield/workflow/routing"
)

// Catalogue looks after the catalogues of libraries that are searched by SRU.
type Catalogue struct {
	List     catalogueListCommand     `cmd:"" help:"List them, and how they answer."`
	Try      catalogueTryCommand      `cmd:"" help:"Search one now, and show each copy."`
	Password cataloguePasswordCommand `cmd:"" help:"Give the password of the account with which one is searched."`
}

// Help is shown by afield catalogue --help.
func (Catalogue) Help() string {
	return `When no lender known here is left for a request, the catalogues of libraries within reach are searched for copies that are in. Where they are is a part of the consortium's file: search, at a library of any kind.

Examples:
  afield catalogue list
  afield catalogue try EXAMPLE:HILLS --isbn 9780140449136
  pass show hills | afield catalogue password EXAMPLE:HILLS --stdin`
}

type catalogueListCommand struct{}

// Help is shown by afield catalogue list --help.
func (catalogueListCommand) Help() string {
	return `Example:
  afield catalogue list --json`
}

// catalogueLine is one catalogue in a list.
type catalogueLine struct {
	Symbol     string    `json:"symbol"`
	Name       string    `json:"name"`
	Host       string    `json:"host"`
	System     string    `json:"system"`
	Failures   int       `json:"failures"`
	Problem    string    `json:"problem,omitempty"`
	AskedAt    time.Time `json:"asked_at,omitzero"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
}

// Run lists them.
func (catalogueListCommand) Run(a *shell.App) error {
	lines := []catalogueLine{}
	err := a.WithDoors("", func(d shell.Doors) error {
		return d.DB.InTx(a.Ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
			ids, err := directory.Searched(ctx, tx)
			if err != nil {
				return err
			}
			targets, err := directory.Targets(ctx, tx, nil, ids)
			if err != nil {
				return err
			}
			lenders, err := directory.LoadLenders(ctx, tx, ids)
			if err != nil {
				return err
			}
			for _, id := range ids {
				line := catalogueLine{
					Symbol: lenders[id].Symbol.String(), Name: lenders[id].Name, System: targets[id].System, Failures: targets[id].Health.Failures,
					Problem: targets[id].Health.Problem, AskedAt: targets[id].Health.AskedAt, AnsweredAt: targets[id].Health.AnsweredAt,
				}
				if address, err := url.Parse(targets[id].URL); err == nil {
					line.Host = address.Host
				}
				lines = append(lines, line)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return a.Print(lines, func(out io.Writer) {
		for _, line := range lines {
			state := "not searched yet"
			switch {
			case line.Failures > 0:
				state = fmt.Sprintf("away, %d tries: %s", line.Failures, line.Problem)
			case !line.AnsweredAt.IsZero():
				state = "answered " + line.AnsweredAt.Format(time.RFC3339)
			}
			fmt.Fprintf(out, "%-24s %-40s %-28s %s\n", line.Symbol, line.Name, line.Host, state)
		}
		fmt.Fprintf(out, "%d catalogues.\n", len(lines))
	})
}

type catalogueTryCommand struct {
	Library string `arg:"" help:"Symbol or id." placeholder:"LIBRARY"`
	ISBN    string `help:"ISBN to look for." placeholder:"NUMBER"`
	ISSN    string `help:"ISSN to look for." placeholder:"NUMBER"`
	OCLC    string `help:"OCLC number to look for." placeholder:"NUMBER"`
	Title   string `help:"Title to look for." placeholder:"TEXT"`
	Author  string `help:"Its author." placeholder:"TEXT"`
	Format  string `help:"Format, for a search by title." default:"book" enum:"book,periodical,dvd,music_cd,audiobook,game,microfilm,article"`
}

// Help is shown by afield catalogue try --help.
func (catalogueTryCommand) Help() string {
	return `Searches as a request would, and stores nothing: a library that was just put into the consortium's file can be tried before anybody waits for it.

Examples:
  afield catalogue try EXAMPLE:HILLS --isbn 9780140449136
  afield catalogue try EXAMPLE:HILLS --title "The Odyssey" --author Homer --json`
}

// Tried is what a catalogue answered.
type Tried struct {
	Library   string      `json:"library"`
	Owned     bool        `json:"owned"`
	Available int         `json:"available"`
	Perhaps   int         `json:"perhaps"`
	DueBack   string      `json:"due_back,omitempty"`
	Copies    []triedCopy `json:"copies"`
}

type triedCopy struct {
	Count      int    `json:"count"`
	Library    string `json:"library,omitempty"`
	Place      string `json:"place,omitempty"`
	Shelf      string `json:"shelf,omitempty"`
	CallNumber string `json:"call_number,omitempty"`
	Barcode    string `json:"barcode,omitempty"`
	Stands     string `json:"stands"`
	DueBack    string `json:"due_back,omitempty"`
	// Counts is false for a copy of another library of a shared catalogue.
	Counts bool `json:"counts"`
}

// Run searches it.
func (c catalogueTryCommand) Run(a *shell.App) error {
	citation := broker.Citation{ISBN: c.ISBN, ISSN: c.ISSN, OCLC: c.OCLC, Title: c.Title, Author: c.Author, Format: broker.Format(c.Format)}
	shown := Tried{Copies: []triedCopy{}}
	err := a.WithDoors(c.Library, func(d shell.Doors) error {
		shown.Library = d.Library.Name
		var targets map[broker.ID]directory.Target
		err := d.In(a, func(ctx context.Context, tx *postgres.Tx) (err error) {
			targets, err = directory.Targets(ctx, tx, d.Vault, []broker.ID{d.Library.ID})
			return err
		})
		if err != nil {
			return err
		}
		target, searched := targets[d.Library.ID]
		if !searched {
			return fmt.Errorf("the catalogue of %s is not searched; say where it is in the consortium's file (afield consortium example shows how)", d.Library.Name)
		}
		client := server.Catalogues("Afield")
		defer client.Close()
		copies, err := client.Copies(a.Ctx, *routing.TargetOf(target), citation)
		if err != nil {
			return fmt.Errorf("the catalogue of %s could not be searched: %w", d.Library.Name, err)
		}
		shown.sum(copies, target.Owner, citation.Format)
		return nil
	})
	if err != nil {
		return err
	}
	return a.Print(shown, shown.words)
}

func (s *Tried) sum(copies []sru.Copy, owner string, format broker.Format) {
	said := sru.Sum(copies, owner, format)
	s.Owned, s.Available, s.Perhaps, s.DueBack = said.Owned, said.Available, said.Perhaps, dayOrNone(said.Due)
	for _, one := range copies {
		s.Copies = append(s.Copies, triedCopy{
			Count: one.Count, Library: one.Library, Place: one.Place, Shelf: one.Shelf, CallNumber: one.CallNumber, Barcode: one.Barcode,
			Stands: one.InWords(), DueBack: dayOrNone(one.Due), Counts: one.Of(owner),
		})
	}
}

func dayOrNone(day broker.Date) string {
	if day.IsZero() {
		return ""
	}
	return day.String()
}

func (s *Tried) words(out io.Writer) {
	for _, one := range s.Copies {
		others := ""
		if !one.Counts {
			others = "  (of another library)"
		}
		if one.DueBack != "" {
			one.Stands += ", back on " + one.DueBack
		}
		fmt.Fprintf(out, "%3d  %-12s %-24s %-24s %-16s %s%s\n", one.Count, one.Library, one.Place, one.CallNumber, one.Barcode, one.Stands, others)
	}
	switch {
	case !s.Owned:
		fmt.Fprintf(out, "%s does not have it.\n", s.Library)
	case s.Available > 0:
		fmt.Fprintf(out, "%s could lend %d now.\n", s.Library, s.Available)
	case s.Perhaps > 0:
		fmt.Fprintf(out, "%s has it, and does not say whether it is in.\n", s.Library)
	default:
		fmt.Fprintf(out, "%s can lend none now.\n", s.Library)
	}
}

type cataloguePasswordCommand struct {
	Library string `arg:"" help:"Symbol or id." placeholder:"LIBRARY"`
	Stdin   bool   `help:"Read the password from standard input."`
	None    bool   `help:"Take the password away." xor:"how"`
}

// Help is shown by afield catalogue password --help.
func (cataloguePasswordCommand) Help() string {
	return `The name of the account stands in the consortium's file; the password is sealed with the server's key and shown nowhere.

Examples:
  pass show hills | afield catalogue password EXAMPLE:HILLS --stdin
  afield catalogue password EXAMPLE:HILLS --none`
}

// passwordKept is what came of it.
type passwordKept struct {
	Library string `json:"library"`
	Kept    bool   `json:"kept"`
}

// Run keeps the password.
func (c cataloguePasswordCommand) Run(a *shell.App) error {
	var password string
	if !c.None {
		typed, made, err := secret(a, c.Stdin, "Password", func() string { return "" })
		if err != nil {
			return err
		}
		if made || typed == "" {
			return fmt.Errorf("there is no password; give it with --stdin, or --none to take it away (%w)", shell.ErrUsage)
		}
		password = typed
	}
	shown := passwordKept{Kept: password != ""}
	err := a.WithDoors(c.Library, func(d shell.Doors) error {
		shown.Library = d.Library.Name
		return d.In(a, func(ctx context.Context, tx *postgres.Tx) error {
			return directory.SetTargetPassword(ctx, tx, d.Vault, d.Library.ID, password)
		})
	})
	if err != nil {
		return err
	}
	return a.Print(shown, func(out io.Writer) {
		if shown.Kept {
			fmt.Fprintf(out, "The catalogue of %s is searched with this password from now on.\n", shown.Library)
		} else {
			fmt.Fprintf(out, "The catalogue of %s is searched without a password from now on.\n", shown.Library)
		}
	})
}
