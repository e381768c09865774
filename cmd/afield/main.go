// Command afield is the whole of Afield in one program: the server, the jobs,
// the demo and the tools around the database.
//
// This folder only wires things together. Each subcommand is one file with one
// struct, and a method Run(*shell.App) error.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"afield/cmd/afield/files"
	"afield/cmd/afield/policies"
	"afield/cmd/afield/setup"
	"afield/cmd/afield/shell"
)

// commandLine is every flag and subcommand. To add a subcommand, write its
// struct in a file of its own, in the room of its theme, and name it here.
type commandLine struct {
	shell.Settings

	Serve      serveCommand     `cmd:"" help:"Serve the API and work the jobs."`
	Consortium setup.Consortium `cmd:"" help:"Set a consortium up from one file, and see and undo what was changed."`
	Demo       demoCommand      `cmd:"" help:"Play the demo's stories and serve what there is."`
	Verify     verifyCommand    `cmd:"" help:"Check what must always be true; status 1 on a breach."`
	Workflow   workflowCommand  `cmd:"" help:"Print the state tables, as diagrams or JSON."`
	Policy     policies.Policy  `cmd:"" help:"Read, check, explain and compare libraries' policies."`
	Scenario   scenarioCommand  `cmd:"" help:"Play written scenarios against a policy, and say what differs."`
	Nightly    nightlyCommand   `cmd:"" help:"Do the nightly work by hand, or show what it came to."`
	Migrate    migrateCommand   `cmd:"" help:"Bring the database up to this version."`
	Operator   setup.Operator   `cmd:"" help:"Make those who run the consortium."`
	User       setup.User       `cmd:"" help:"Keep staff users, and patrons' PINs."`
	Token      setup.Token      `cmd:"" help:"Keep the tokens of libraries' own programs."`
	Partner    setup.Partner    `cmd:"" help:"Keep the connections to libraries elsewhere."`
	Catalogue  setup.Catalogue  `cmd:"" help:"Look after the catalogues that are searched for copies."`
	Import     files.Import     `cmd:"" help:"Read a library's rows, or a directory of libraries, from files."`
	Export     files.Export     `cmd:"" help:"Write everything a library owns into files."`
	Figures    figuresCommand   `cmd:"" help:"Count a library's work, by day, month or year."`
	Backup     files.Backup     `cmd:"" help:"Write the whole database into one file."`
	Restore    files.Restore    `cmd:"" help:"Fill an empty database from a backup, and check it."`
	Loads      files.Loads      `cmd:"" help:"Files that are read every night, though nobody watches."`
	Titles     files.Titles     `cmd:"" help:"Records that were taken for one title, and how to part them."`
	Doctor     doctorCommand    `cmd:"" help:"Check the configuration, the database and what is still to do."`
	Version    versionCommand   `cmd:"" help:"Print which version this is."`
}

func main() {
	emptyIsUnset()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// emptyIsUnset unsets those of our settings that are empty in the environment,
// as container files write them: an empty address would mean every address of
// the machine.
func emptyIsUnset() {
	for _, setting := range os.Environ() {
		name, value, _ := strings.Cut(setting, "=")
		if value == "" && (strings.HasPrefix(name, "AFIELD_") || name == "DATABASE_URL") {
			_ = os.Unsetenv(name) // a name that was just read can be unset
		}
	}
}

// run is main without the process around it, so that tests can call it.
func run(ctx context.Context, args []string, out, errOut io.Writer) (code int) {
	// --help exits in the middle of parsing; this turns the exit into a return.
	type ended int
	defer func() {
		if recovered := recover(); recovered != nil {
			early, ok := recovered.(ended)
			if !ok {
				panic(recovered)
			}
			code = int(early)
		}
	}()
	var line commandLine
	parser, err := kong.New(&line,
		kong.Name("afield"),
		kong.Description(description),
		kong.Writers(out, errOut),
		kong.Exit(func(code int) { panic(ended(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		versionVars(),
	)
	if err != nil {
		fmt.Fprintln(errOut, "afield:", err)
		return shell.ExitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		misused(err, slices.Contains(args, "--json"), errOut)
		return shell.ExitUsage
	}
	running := &shell.App{Settings: line.Settings, Ctx: ctx, Out: out, Err: errOut}
	return running.Finish(chosen.Run(running))
}

// misused says what is wrong with a call, and whose help to read.
func misused(err error, asJSON bool, out io.Writer) {
	try := reached(err) + " --help"
	if asJSON {
		_ = json.NewEncoder(out).Encode(map[string]string{"error": err.Error(), "try": try})
		return
	}
	fmt.Fprintf(out, "afield: %v\nTry: %s\n", err, try)
}

// reached is the command as far as a wrong call named it.
func reached(err error) string {
	command := "afield"
	var wrong *kong.ParseError
	if !errors.As(err, &wrong) || wrong.Context == nil {
		return command
	}
	for _, step := range wrong.Context.Path {
		if step.Command != nil {
			command += " " + step.Command.Name
		}
	}
	return command
}

const description = `Afield finds a lender for what a library does not have, asks, and follows the item until it is home again.

Examples:
  afield doctor                     is this machine ready?
  afield migrate                    make or update the database
  afield migrate --data /srv/afield in another folder
  DATABASE_URL=postgres://… afield doctor`
