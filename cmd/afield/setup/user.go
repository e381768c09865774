package setup

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/cmd/afield/shell"
)

// User manages staff users and patrons' PINs.
type User struct {
	Add      userAddCommand      `cmd:"" help:"Add a staff user."`
	List     userListCommand     `cmd:"" help:"List a library's staff users."`
	Password userPasswordCommand `cmd:"" help:"Give a staff user a new password and end their sessions."`
	Disable  userDisableCommand  `cmd:"" help:"Stop a staff user from signing in and end their sessions."`
	PIN      userPINCommand      `cmd:"" name:"pin" help:"Give a patron's card a new PIN and end the patron's sessions."`
}

// Help is shown by afield user --help.
func (User) Help() string {
	return `A library is named by a symbol (ISIL:US-NWPTL) or its id. Without --stdin, and where nobody sits at a terminal, a random password or PIN is made and shown once; nothing has a password from the start.

Examples:
  afield user add ISIL:US-NWPTL desk1 --role desk --role ill
  pass show desk1 | afield user password ISIL:US-NWPTL desk1 --stdin
  afield user pin ISIL:US-NWPTL 21234000000011`
}

type userAddCommand struct {
	Library string   `arg:"" help:"Symbol or id." placeholder:"LIBRARY"`
	Name    string   `arg:"" help:"User name." placeholder:"USERNAME"`
	Role    []string `help:"Roles: desk, ill, director, admin." default:"desk"`
	Branch  string   `help:"Code of the branch whose desk it is." placeholder:"CODE"`
	Stdin   bool     `help:"Read the password from standard input."`
}

// Help is shown by afield user add --help.
func (userAddCommand) Help() string {
	return `Without --stdin, and where nobody sits at a terminal, a random password is made and shown once.

Examples:
  afield user add ISIL:US-NWPTL desk1 --role desk --role ill --branch main
  pass show director | afield user add ISIL:US-NWPTL chief --role director --stdin`
}

// MadeSecret is what a command prints of a secret it made.
type MadeSecret struct {
	ID       string `json:"id,omitempty"`
	Library  string `json:"library"`
	Username string `json:"username,omitempty"`
	Card     string `json:"card,omitempty"`
	// Password and PIN are set only when they were made here.
	Password string `json:"password,omitempty"`
	PIN      string `json:"pin,omitempty"`
}

func (s MadeSecret) words(out io.Writer) {
	who := s.Username
	if s.Card != "" {
		who = "card " + s.Card
	}
	fmt.Fprintf(out, "%s at %s: done.\n", who, s.Library)
	if s.Password+s.PIN != "" {
		fmt.Fprintf(out, "Made for you, shown this once: %s%s\n", s.Password, s.PIN)
	}
}

// Run adds the user.
func (c userAddCommand) Run(a *shell.App) error {
	return a.WithDoors(c.Library, func(d shell.Doors) error {
		if err := d.Members(); err != nil {
			return err
		}
		password, made, err := secret(a, c.Stdin, "Password", randomPassword)
		if err != nil {
			return err
		}
		shown := MadeSecret{Library: d.Library.Name, Username: c.Name}
		err = d.In(a, func(ctx context.Context, tx *postgres.Tx) error {
			branch, err := branchCalled(ctx, tx, d.Library.ID, c.Branch)
			if err != nil {
				return err
			}
			id, err := d.CreateStaff(ctx, tx, access.NewStaff{Library: d.Library.ID, Username: c.Name, Password: password, Roles: c.Role, Branch: branch})
			shown.ID = id.String()
			return err
		})
		if err != nil {
			return err
		}
		if made {
			shown.Password = password
		}
		return a.Print(shown, shown.words)
	})
}

func branchCalled(ctx context.Context, tx *postgres.Tx, library broker.ID, code string) (broker.ID, error) {
	if code == "" {
		return broker.NoID, nil
	}
	branches, err := directory.Branches(ctx, tx, library)
	if err != nil {
		return broker.NoID, err
	}
	var codes []string
	for _, branch := range branches {
		if branch.Code == code {
			return branch.ID, nil
		}
		codes = append(codes, branch.Code)
	}
	return broker.NoID, fmt.Errorf("no branch has the code %q; the branches are: %s", code, strings.Join(codes, ", "))
}

type userPasswordCommand struct {
	Library string `arg:"" help:"Symbol or id." placeholder:"LIBRARY"`
	Name    string `arg:"" help:"User name." placeholder:"USERNAME"`
	Stdin   bool   `help:"Read the password from standard input."`
}

// Help is shown by afield user password --help.
func (userPasswordCommand) Help() string {
	return `Ends the person's sessions. Without --stdin, and where nobody sits at a terminal, a random password is made and shown once.

Examples:
  afield user password ISIL:US-NWPTL desk1
  pass show desk1 | afield user password ISIL:US-NWPTL desk1 --stdin`
}

// Run sets the password.
func (c userPasswordCommand) Run(a *shell.App) error {
	return a.WithDoors(c.Library, func(d shell.Doors) error {
		password, made, err := secret(a, c.Stdin, "New password", randomPassword)
		if err != nil {
			return err
		}
		err = d.In(a, func(ctx context.Context, tx *postgres.Tx) error {
			return d.SetPassword(ctx, tx, d.Library.ID, c.Name, password)
		})
		if err != nil {
			return err
		}
		shown := MadeSecret{Library: d.Library.Name, Username: c.Name}
		if made {
			shown.Password = password
		}
		return a.Print(shown, shown.words)
	})
}

type userDisableCommand struct {
	Library string `arg:"" help:"Symbol or id." placeholder:"LIBRARY"`
	Name    string `arg:"" help:"User name." placeholder:"USERNAME"`
}

// Help is shown by afield user disable --help.
func (userDisableCommand) Help() string {
	return `What the person did stays; afield consortium apply or POST /v1/staff/{name}/restore lets them in again.

Example:
  afield user disable ISIL:US-NWPTL desk1`
}

// Run disables the user.
func (c userDisableCommand) Run(a *shell.App) error {
	return a.WithDoors(c.Library, func(d shell.Doors) error {
		err := d.In(a, func(ctx context.Context, tx *postgres.Tx) error {
			return d.DisableStaff(ctx, tx, d.Library.ID, c.Name)
		})
		if err != nil {
			return err
		}
		shown := MadeSecret{Library: d.Library.Name, Username: c.Name}
		return a.Print(shown, shown.words)
	})
}

type userListCommand struct {
	Library string `arg:"" help:"Symbol or id." placeholder:"LIBRARY"`
}

// Help is shown by afield user list --help.
func (userListCommand) Help() string {
	return `Examples:
  afield user list ISIL:US-NWPTL
  afield user list ISIL:US-NWPTL --json`
}

// Run lists the users.
func (c userListCommand) Run(a *shell.App) error {
	return a.WithDoors(c.Library, func(d shell.Doors) error {
		var users []access.StaffUser
		err := d.In(a, func(ctx context.Context, tx *postgres.Tx) (err error) {
			users, err = d.Staff(ctx, tx, d.Library.ID)
			return err
		})
		if err != nil {
			return err
		}
		return a.Print(users, func(out io.Writer) {
			for _, user := range users {
				state := ""
				switch {
				case user.Disabled:
					state = "  disabled"
				case user.ID == broker.NoID:
					state = "  invited"
				}
				fmt.Fprintf(out, "%-24s %s%s\n", user.Username, strings.Join(user.Roles, ", "), state)
			}
			fmt.Fprintf(out, "%d staff users at %s.\n", len(users), d.Library.Name)
		})
	})
}

type userPINCommand struct {
	Library string `arg:"" help:"Symbol or id of any library of the shared catalogue." placeholder:"LIBRARY"`
	Card    string `arg:"" help:"Card number." placeholder:"CARD"`
	Stdin   bool   `help:"Read the PIN from standard input."`
}

// Help is shown by afield user pin --help.
func (userPINCommand) Help() string {
	return `Without --stdin, and where nobody sits at a terminal, six digits are made and shown once. A PIN that would be guessed first is refused.

Example:
  afield user pin ISIL:US-NWPTL 21234000000011`
}

// Run sets the PIN.
func (c userPINCommand) Run(a *shell.App) error {
	return a.WithDoors(c.Library, func(d shell.Doors) error {
		if err := d.Members(); err != nil {
			return err
		}
		pin, made, err := secret(a, c.Stdin, "New PIN", func() string { return access.RandomPIN(access.Known{Card: c.Card}) })
		if err != nil {
			return err
		}
		err = d.In(a, func(ctx context.Context, tx *postgres.Tx) error {
			shared, err := directory.SharedWith(ctx, tx, d.Library.SharingGroup)
			if err != nil {
				return err
			}
			tx.Widen(shared...)
			_, card, err := patrons.ByCard(ctx, tx, d.Library.SharingGroup, c.Card)
			if err != nil {
				return err
			}
			return d.SetPIN(ctx, tx, card.Library, card.ID, pin)
		})
		if err != nil {
			return err
		}
		shown := MadeSecret{Library: d.Library.Name, Card: c.Card}
		if made {
			shown.PIN = pin
		}
		return a.Print(shown, shown.words)
	})
}

// secret reads a secret from standard input or the terminal, or makes one where
// there is neither.
func secret(a *shell.App, stdin bool, prompt string, random func() string) (secret string, made bool, err error) {
	if stdin {
		line, err := bufio.NewReader(io.LimitReader(os.Stdin, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", false, fmt.Errorf("read the secret: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), false, nil
	}
	if terminal, ok := a.Err.(*os.File); ok && term.IsTerminal(int(terminal.Fd())) && term.IsTerminal(int(os.Stdin.Fd())) {
		fmt.Fprint(a.Err, prompt+" (empty: make one): ")
		typed, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(a.Err)
		if err != nil {
			return "", false, fmt.Errorf("read the secret: %w", err)
		}
		if len(typed) > 0 {
			return string(typed), false, nil
		}
	}
	return random(), true, nil
}

// randomPassword makes twenty letters and digits.
func randomPassword() string { return rand.Text()[:20] }
