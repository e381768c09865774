package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/consortium"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/cmd/afield/shell"
	"afield/connectors/iso18626"
	"afield/connectors/partner"
	"afield/connectors/wire"
)

// Partner manages the outside libraries whose own systems are reached: by partner
// REST, or by ISO 18626.
type Partner struct {
	Add    partnerAddCommand   `cmd:"" help:"Connect a library elsewhere; its two secrets are shown once."`
	List   partnerListCommand  `cmd:"" help:"List the partners."`
	Pause  partnerPauseCommand `cmd:"" help:"Stop sending to a partner; messages wait."`
	Resume partnerGoCommand    `cmd:"" help:"Send to a partner again."`
}

// Help is shown by afield partner --help.
func (Partner) Help() string {
	return `A partner is a library whose own system talks to this one: it signs what it sends with one secret and checks what it receives with the other. How, is on the page /docs under Partners.

Examples:
  afield partner add ISIL:US-NPLAT https://ill.example.org/afield
  afield partner add ISIL:US-XYZ https://ill.example.net --name "Example Library" --state VT
  afield partner add ISIL:US-ALMA https://alma.example.org/iso18626 --iso18626 1.2 --dialect alma
  afield partner pause ISIL:US-NPLAT`
}

type partnerAddCommand struct {
	Symbol  string        `arg:"" help:"Symbol of the library, NAMESPACE:VALUE." placeholder:"SYMBOL"`
	URL     string        `arg:"" help:"Base address of its system." placeholder:"URL"`
	Name    string        `help:"Name of the library, where the directory does not have it yet." placeholder:"TEXT"`
	State   string        `help:"Two letters of the state or province, for a new library." placeholder:"XX"`
	Country string        `help:"Two letters of the country, for a new library." default:"US" placeholder:"XX"`
	Edition string        `help:"It speaks ISO 18626, in this edition; without it, Afield's partner REST." name:"iso18626" enum:",1.2,2021" default:"" placeholder:"EDITION"`
	Dialect string        `help:"Whose system it is, where that differs from others." enum:",alma,reshare,koha" default:"" placeholder:"VENDOR"`
	Account string        `help:"Our name in its system; messages then carry it with the secret (accountId and securityCode)." placeholder:"TEXT"`
	Replace bool          `help:"It is a partner already: give it new secrets and this address."`
	Private bool          `help:"Allow an address on a private network or this machine."`
	Timeout time.Duration `help:"How long one try may take." default:"10s"`
	Reason  string        `help:"Why; it is recorded with the change." default:"connected with afield partner add" placeholder:"TEXT"`
}

// Help is shown by afield partner add --help.
func (partnerAddCommand) Help() string {
	return `Examples:
  afield partner add ISIL:US-NPLAT https://ill.example.org/afield
  afield partner add ISIL:US-XYZ https://ill.example.net --name "Example Library" --state VT
  afield partner add ISIL:US-NPLAT https://ill.example.org/afield --replace --reason "its secret leaked"
  afield partner add ISIL:US-KOHA https://koha.example.net/iso18626 --iso18626 2021 --dialect koha --account afield`
}

// MadePartner is a new partner with its secrets.
type MadePartner struct {
	Symbol  string `json:"symbol"`
	Name    string `json:"name"`
	BaseURL string `json:"base_url"`
	// Protocol is partner or iso18626, Edition that of the standard.
	Protocol string `json:"protocol"`
	Edition  string `json:"edition,omitempty"`
	// TheyUse is the secret that signs what the partner sends; WeUse signs what it
	// receives.
	TheyUse string `json:"signs_what_they_send"`
	WeUse   string `json:"signs_what_they_receive"`
}

// Run connects the partner.
func (c partnerAddCommand) Run(a *shell.App) error {
	symbol, err := broker.ParseSymbol(c.Symbol)
	if err != nil {
		return fmt.Errorf("%q is not a symbol such as ISIL:US-NPLAT (%w)", c.Symbol, shell.ErrUsage)
	}
	base, err := url.Parse(c.URL)
	if err != nil || base.Host == "" || (base.Scheme != "https" && !(base.Scheme == "http" && c.Private)) {
		return fmt.Errorf("%q is not an https address; http is only for --private ones (%w)", c.URL, shell.ErrUsage)
	}
	if c.Timeout < 100*time.Millisecond || c.Timeout > time.Minute {
		return fmt.Errorf("--timeout must lie between 100ms and 1m (%w)", shell.ErrUsage)
	}
	by := partner.Name
	if c.Edition != "" {
		by = iso18626.Name
	} else if c.Dialect != "" || c.Account != "" {
		return fmt.Errorf("--dialect and --account are for libraries that speak ISO 18626: give --iso18626 1.2 or 2021 (%w)", shell.ErrUsage)
	}
	shown := MadePartner{Symbol: symbol.String(), BaseURL: c.URL, Protocol: by, Edition: c.Edition}
	err = inForce(a, func(ctx context.Context, tx *postgres.Tx, d shell.Doors) error {
		library, err := c.library(ctx, tx, symbol)
		if err != nil {
			return err
		}
		shown.Name = library.Name
		library.Reached = &consortium.Reached{
			By: by, URL: c.URL, Timeout: c.Timeout.String(), Private: &c.Private, Edition: c.Edition, Dialect: c.Dialect, Account: c.Account,
		}
		fresh := consortium.Secrets{TheyUse: directory.NewSecret(), WeUse: directory.NewSecret()}
		shown.TheyUse, shown.WeUse = wire.SecretText(fresh.TheyUse), wire.SecretText(fresh.WeUse)
		return change(ctx, tx, d, library, consortium.Applying{Reason: c.Reason, Secrets: map[string]consortium.Secrets{symbol.String(): fresh}})
	})
	if err != nil {
		return err
	}
	return a.Print(shown, shown.words)
}

// change changes one library as a file that says only this would.
func change(ctx context.Context, tx *postgres.Tx, d shell.Doors, library consortium.Library, as consortium.Applying) error {
	text, err := consortium.File{Libraries: []consortium.Library{library}}.YAML()
	if err != nil {
		return err
	}
	plan, wrong, err := planOf(ctx, tx, d, consortium.Read(text, nil))
	if err != nil || wrong != nil {
		return errors.Join(err, wrong.Error())
	}
	as.Doors, as.Vault, as.Actor, as.Now = d.Service, d.Vault, broker.System(broker.NoID), broker.SystemClock{}.Now()
	_, err = plan.Apply(ctx, tx, as)
	return err
}

// library finds the partner in the directory, or describes it when it is named.
func (c partnerAddCommand) library(ctx context.Context, tx *postgres.Tx, symbol broker.Symbol) (consortium.Library, error) {
	said := consortium.Library{Symbols: []string{symbol.String()}, Is: "partner"}
	library, err := directory.BySymbol(ctx, tx, symbol)
	switch {
	case err == nil && library.Member:
		return said, fmt.Errorf("%s is a member library and needs no connection", library.Name)
	case err == nil:
		said.Name = library.Name
		before, err := directory.LoadPeer(ctx, tx, nil, library.ID)
		if err == nil && byNetwork(before) && !c.Replace {
			err = fmt.Errorf("%s is a partner already; --replace gives it new secrets, and the old ones stop working", library.Name)
		}
		return said, err
	case !broker.IsKind(err, broker.KindNotFound):
		return said, err
	case c.Name == "":
		return said, fmt.Errorf("the directory has no %s; give --name (and --state) to add it (%w)", symbol, shell.ErrUsage)
	}
	if _, known := directory.ZoneOf(c.Country, c.State); !known {
		return said, fmt.Errorf("--state %q of --country %q is not known (%w)", c.State, c.Country, shell.ErrUsage)
	}
	said.Name, said.Place = c.Name, c.Country+"-"+c.State
	return said, nil
}

// byNetwork tells whether a library's own system is reached with two secrets.
func byNetwork(peer directory.Peer) bool { return slices.Contains(networked, string(peer.Protocol)) }

// networked are the protocols of such libraries.
var networked = []string{partner.Name, iso18626.Name}

func (s MadePartner) words(out io.Writer) {
	if s.Protocol == iso18626.Name {
		fmt.Fprintf(out, `%s (%s) is connected at %s, by ISO 18626 (%s).
It posts to /iso18626 here. Its programmers set these two secrets; they are shown this once:
  what it sends carries:     %s
  what it receives carries:  %s
as bearer token, as password of basic authentication (name %s), or as securityCode in the message.
`, s.Name, s.Symbol, s.BaseURL, s.Edition, s.TheyUse, s.WeUse, s.Symbol)
		return
	}
	fmt.Fprintf(out, `%s (%s) is connected at %s.
Give its programmers these two secrets; they are shown this once:
  signs what they send:     %s
  signs what they receive:  %s
`, s.Name, s.Symbol, s.BaseURL, s.TheyUse, s.WeUse)
}

type partnerListCommand struct{}

// Help is shown by afield partner list --help.
func (partnerListCommand) Help() string {
	return `Example:
  afield partner list --json`
}

// partnerLine is one partner in a list, without its secrets.
type partnerLine struct {
	Symbol   string `json:"symbol"`
	Name     string `json:"name"`
	BaseURL  string `json:"base_url"`
	Protocol string `json:"protocol"`
	// Edition and Dialect are of ISO 18626.
	Edition string `json:"edition,omitempty"`
	Dialect string `json:"dialect,omitempty"`
	Paused  bool   `json:"paused"`
}

// Run lists the partners.
func (partnerListCommand) Run(a *shell.App) error {
	return a.WithDoors("", func(d shell.Doors) error {
		lines := []partnerLine{}
		err := d.DB.InTx(a.Ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
			ids, err := directory.ReachedBy(ctx, tx, networked...)
			if err != nil {
				return err
			}
			peers, err := directory.LoadPeers(ctx, tx, nil, ids)
			if err != nil {
				return err
			}
			libraries, err := directory.LoadMany(ctx, tx, ids)
			for _, id := range ids {
				lines = append(lines, lineOf(peers[id], libraries[id].Name))
			}
			return err
		})
		if err != nil {
			return err
		}
		return a.Print(lines, func(out io.Writer) {
			for _, line := range lines {
				state := ""
				if line.Paused {
					state = "  paused"
				}
				fmt.Fprintf(out, "%-24s %-40s %-14s %s%s\n", line.Symbol, line.Name, strings.TrimSpace(line.Protocol+" "+line.Edition), line.BaseURL, state)
			}
			fmt.Fprintf(out, "%d partners.\n", len(lines))
		})
	})
}

func lineOf(peer directory.Peer, name string) partnerLine {
	return partnerLine{
		Symbol: peer.Symbol.String(), Name: name, BaseURL: peer.BaseURL, Protocol: string(peer.Protocol), Edition: peer.Edition, Dialect: peer.Dialect, Paused: peer.Paused,
	}
}

type partnerPauseCommand struct {
	Library string `arg:"" help:"Symbol or id." placeholder:"LIBRARY"`
}

// Help is shown by afield partner pause --help.
func (partnerPauseCommand) Help() string {
	return `What is to be sent waits, and what they send is still taken.

Example:
  afield partner pause ISIL:US-NPLAT`
}

// Run pauses the partner.
func (c partnerPauseCommand) Run(a *shell.App) error { return setPaused(a, c.Library, true) }

type partnerGoCommand struct {
	Library string `arg:"" help:"Symbol or id." placeholder:"LIBRARY"`
}

// Help is shown by afield partner resume --help.
func (partnerGoCommand) Help() string {
	return `What waited is sent.

Example:
  afield partner resume ISIL:US-NPLAT`
}

// Run resumes sending.
func (c partnerGoCommand) Run(a *shell.App) error { return setPaused(a, c.Library, false) }

func setPaused(a *shell.App, library string, paused bool) error {
	var line partnerLine
	err := inForce(a, func(ctx context.Context, tx *postgres.Tx, d shell.Doors) error {
		found, symbol, err := shell.LibraryNamed(ctx, tx, library)
		if err != nil {
			return err
		}
		peer, err := directory.LoadPeer(ctx, tx, nil, found.ID)
		if err != nil {
			return err
		}
		if !byNetwork(peer) {
			return fmt.Errorf("%s is not a partner", found.Name)
		}
		line = lineOf(peer, found.Name)
		line.Symbol, line.Paused = symbol.String(), paused
		reason := map[bool]string{true: "paused with afield partner pause", false: "resumed with afield partner resume"}[paused]
		said := consortium.Library{Symbols: []string{symbol.String()}, Reached: &consortium.Reached{Paused: &paused}}
		return change(ctx, tx, d, said, consortium.Applying{Reason: reason})
	})
	if err != nil {
		return err
	}
	return a.Print(line, func(out io.Writer) {
		if paused {
			fmt.Fprintf(out, "Nothing is sent to %s until: afield partner resume %s\n", line.Name, line.Symbol)
		} else {
			fmt.Fprintf(out, "Messages to %s go out again.\n", line.Name)
		}
	})
}
