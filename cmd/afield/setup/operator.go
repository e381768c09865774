package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/consortium"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/cmd/afield/shell"
)

// Operator keeps those who run the consortium.
type Operator struct {
	Add operatorAddCommand `cmd:"" help:"Make an operator, the first with the consortium's own entry."`
}

// Help is shown by afield operator --help.
func (Operator) Help() string {
	return `Operators sign in at the consortium's office, by its symbol. They see to how all libraries are set up and to their staff, and to no patrons. The first is made here, on the server; after that operators invite each other (POST /v1/staff).

Examples:
  afield operator add office --consortium "Dune Country Libraries" --symbol ISIL:US-DUNE --place US-IN
  afield operator add second`
}

type operatorAddCommand struct {
	Name       string `arg:"" help:"User name." placeholder:"USERNAME"`
	Consortium string `help:"Name of the consortium, where it has no entry yet." placeholder:"NAME"`
	Symbol     string `help:"Its symbol; operators sign in with it." placeholder:"SYMBOL"`
	Place      string `help:"Country and state of its office, for example US-IN." placeholder:"PLACE"`
	Zone       string `help:"Its time zone; that of the place when left out." placeholder:"ZONE"`
	Currency   string `help:"Its currency; that of the place when left out." placeholder:"CODE"`
	Stdin      bool   `help:"Read the password from standard input."`
}

// Help is shown by afield operator add --help.
func (operatorAddCommand) Help() string {
	return `Without --stdin, and where nobody sits at a terminal, a random password is made and shown once.

Examples:
  afield operator add office --consortium "Dune Country Libraries" --symbol ISIL:US-DUNE --place US-IN
  pass show afield | afield operator add second --stdin`
}

// Run makes the operator.
func (c operatorAddCommand) Run(a *shell.App) error {
	password, made, err := secret(a, c.Stdin, "Password", randomPassword)
	if err != nil {
		return err
	}
	shown := MadeSecret{Username: c.Name}
	err = inForce(a, func(ctx context.Context, tx *postgres.Tx, d shell.Doors) error {
		office, symbol, err := c.office(ctx, tx, d)
		if err != nil {
			return err
		}
		shown.Library = office.Name + " (" + symbol.String() + ")"
		id, err := d.CreateStaff(ctx, tx, access.NewStaff{Library: office.ID, Username: c.Name, Password: password, Roles: []string{access.RoleAdmin}})
		if err != nil {
			return err
		}
		shown.ID = id.String()
		return consortium.Note(tx, office, symbol, consortium.Applying{
			Actor: broker.System(broker.NoID), Reason: "made with afield operator add", Now: broker.SystemClock{}.Now(),
		}, "staff "+c.Name, "staff "+c.Name+" is an operator of the consortium's office")
	})
	if err != nil {
		return err
	}
	if made {
		shown.Password = password
	}
	return a.Print(shown, func(out io.Writer) {
		shown.words(out)
		fmt.Fprintf(out, "Sign in with POST /v1/sessions as staff of the symbol above; afield doctor says what comes next.\n")
	})
}

// office finds the consortium's own entry, or makes it.
func (c operatorAddCommand) office(ctx context.Context, tx *postgres.Tx, d shell.Doors) (office directory.Library, symbol broker.Symbol, err error) {
	office, err = directory.Office(ctx, tx)
	switch {
	case err == nil:
		symbol, err = directory.Symbol(ctx, tx, office.ID)
		return office, symbol, err
	case !broker.IsKind(err, broker.KindNotFound):
		return office, symbol, err
	case c.Consortium == "" || c.Symbol == "" || c.Place == "":
		return office, symbol, fmt.Errorf("%w: the consortium has no entry yet: give --consortium, --symbol and --place", shell.ErrUsage)
	}
	country, state, _ := strings.Cut(c.Place, "-")
	said := consortium.Consortium{Symbols: []string{c.Symbol}, Name: c.Consortium, Place: c.Place, Zone: c.Zone, Currency: c.Currency}
	if zone, known := directory.ZoneOf(country, state); known && said.Zone == "" {
		said.Zone = zone.String()
	}
	if said.Currency == "" {
		said.Currency = directory.CurrencyOf(country)
	}
	text, err := consortium.File{Consortium: &said}.YAML()
	if err != nil {
		return office, symbol, err
	}
	plan, wrong, err := planOf(ctx, tx, d, consortium.Read(text, nil))
	if err = errors.Join(err, wrong.Error()); err != nil {
		return office, symbol, err
	}
	_, err = plan.Apply(ctx, tx, consortium.Applying{
		Doors: d.Service, Vault: d.Vault, Actor: broker.System(broker.NoID), Reason: "the first operator", Now: broker.SystemClock{}.Now(),
	})
	if err != nil {
		return office, symbol, err
	}
	return c.office(ctx, tx, d)
}
