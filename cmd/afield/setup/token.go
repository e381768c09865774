package setup

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/postgres"
	"afield/cmd/afield/shell"
)

// Token manages the tokens of libraries' own programs.
type Token struct {
	Add    tokenAddCommand    `cmd:"" help:"Make a token for a program; it is shown once."`
	List   tokenListCommand   `cmd:"" help:"List a library's tokens."`
	Revoke tokenRevokeCommand `cmd:"" help:"End a token at once."`
}

// Help is shown by afield token --help.
func (Token) Help() string {
	return `A program sends its token as "Authorization: Bearer af_…" and acts as its library's staff, with the roles given. Only a hash of the token is kept.

Examples:
  afield token add ISIL:US-NWPTL --label "catalogue sync" --role ill --days 365
  afield token list ISIL:US-NWPTL
  afield token revoke ISIL:US-NWPTL 01890a5d-ac96-774b-bcce-b302099a8057`
}

type tokenAddCommand struct {
	Library string   `arg:"" help:"Symbol or id." placeholder:"LIBRARY"`
	Label   string   `help:"What the token is for." required:"" placeholder:"TEXT"`
	Role    []string `help:"Roles: desk, ill, director, admin." required:""`
	Days    int      `help:"How long it lasts, in days; 730 at most." default:"365"`
}

// Help is shown by afield token add --help.
func (tokenAddCommand) Help() string {
	return `The token is shown once.

Example:
  afield token add ISIL:US-NWPTL --label "catalogue sync" --role ill --days 365`
}

// MadeToken is the output for a new token; the token is never shown again.
type MadeToken struct {
	Token     string    `json:"token"`
	ID        broker.ID `json:"id"`
	Library   string    `json:"library"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Run makes the token.
func (c tokenAddCommand) Run(a *shell.App) error {
	return a.WithDoors(c.Library, func(d shell.Doors) error {
		if err := d.Members(); err != nil {
			return err
		}
		shown := MadeToken{Library: d.Library.Name}
		err := d.In(a, func(_ context.Context, tx *postgres.Tx) error {
			token, info, err := d.IssueToken(tx, access.NewToken{
				Library: d.Library.ID, Label: c.Label, Roles: c.Role,
				Lifetime: time.Duration(c.Days) * 24 * time.Hour,
			})
			shown.Token, shown.ID, shown.ExpiresAt = token, info.ID, info.ExpiresAt
			return err
		})
		if err != nil {
			return err
		}
		return a.Print(shown, func(out io.Writer) {
			fmt.Fprintf(out, "%s\n", shown.Token)
			a.Notice(fmt.Sprintf("Token %s for %s, good until %s. It is shown this once.", shown.ID, shown.Library, shown.ExpiresAt.Format(time.DateOnly)))
		})
	})
}

type tokenListCommand struct {
	Library string `arg:"" help:"Symbol or id." placeholder:"LIBRARY"`
}

// Help is shown by afield token list --help.
func (tokenListCommand) Help() string {
	return `Example:
  afield token list ISIL:US-NWPTL`
}

// Run lists the tokens.
func (c tokenListCommand) Run(a *shell.App) error {
	return a.WithDoors(c.Library, func(d shell.Doors) error {
		var tokens []access.TokenInfo
		err := d.In(a, func(ctx context.Context, tx *postgres.Tx) (err error) {
			tokens, err = d.Tokens(ctx, tx, d.Library.ID)
			return err
		})
		if err != nil {
			return err
		}
		return a.Print(tokens, func(out io.Writer) {
			for _, token := range tokens {
				state := "until " + token.ExpiresAt.Format(time.DateOnly)
				if token.RevokedAt != nil {
					state = "revoked " + token.RevokedAt.Format(time.DateOnly)
				}
				fmt.Fprintf(out, "%s  %-18s  %-20s  %s\n", token.ID, state, strings.Join(token.Roles, ", "), token.Label)
			}
			fmt.Fprintf(out, "%d tokens of %s.\n", len(tokens), d.Library.Name)
		})
	})
}

type tokenRevokeCommand struct {
	Library string `arg:"" help:"Symbol or id." placeholder:"LIBRARY"`
	ID      string `arg:"" help:"The token's id, as afield token list shows it." placeholder:"ID"`
}

// Help is shown by afield token revoke --help.
func (tokenRevokeCommand) Help() string {
	return `The program is refused from its next call on.

Example:
  afield token revoke ISIL:US-NWPTL 01890a5d-ac96-774b-bcce-b302099a8057`
}

// Run revokes the token.
func (c tokenRevokeCommand) Run(a *shell.App) error {
	id, err := broker.ParseID("token", c.ID)
	if err != nil {
		return fmt.Errorf("%q is not an id (%w)", c.ID, shell.ErrUsage)
	}
	return a.WithDoors(c.Library, func(d shell.Doors) error {
		err := d.In(a, func(ctx context.Context, tx *postgres.Tx) error { return d.Revoke(ctx, tx, d.Library.ID, id) })
		if err != nil {
			return err
		}
		return a.Print(map[string]string{"revoked": id.String()}, func(out io.Writer) { fmt.Fprintf(out, "Token %s has ended.\n", id) })
	})
}
