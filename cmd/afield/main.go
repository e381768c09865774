// Command afield is the whole of Afield in one program: the server, the jobs,
// the demo and the tools around the database.
//
// This folder only wires things together. Each subcommand is one file with one
// struct, and a method Run(*app) error.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// commandLine is every flag and subcommand. To add a subcommand, write its
// struct in a file of its own and name it here.
type commandLine struct {
	settings

	Serve      serveCommand      `cmd:"" help:"Serve the API and work the jobs."`
	Consortium consortiumCommand `cmd:"" help:"Set a consortium up from one file, and see and undo what was changed."`
	Demo       demoCommand       `cmd:"" help:"Play the demo's stories and serve what there is."`
	Verify     verifyCommand     `cmd:"" help:"Check what must always be true; status 1 on a breach."`
	Workflow   workflowCommand   `cmd:"" help:"Print the state tables, as diagrams or JSON."`
	Policy     policyCommand     `cmd:"" help:"Read, check, explain and compare libraries' policies."`
	Scenario   scenarioCommand   `cmd:"" help:"Play written scenarios against a policy, and say what differs."`
	Nightly    nightlyCommand    `cmd:"" help:"Do the nightly work by hand, or show what it came to."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the database up to this version."`
	Operator   operatorCommand   `cmd:"" help:"Make those who run the consortium."`
	User       userCommand       `cmd:"" help:"Keep staff users, and patrons' PINs."`
	Token      tokenCommand      `cmd:"" help:"Keep the tokens of libraries' own programs."`
	Partner    partnerCommand    `cmd:"" help:"Keep the connections to libraries elsewhere."`
	Import     importCommand     `cmd:"" help:"Read a library's rows, or a directory of libraries, from files."`
	Export     exportCommand     `cmd:"" help:"Write everything a library owns into files."`
	Doctor     doctorCommand     `cmd:"" help:"Check the configuration, the database and what is still to do."`
	Version    versionCommand    `cmd:"" help:"Print which version this is."`
}

// settings are the flags all subcommands share; each can also come from the
// environment.
type settings struct {
	Data        string `help:"Folder for everything Afield keeps, and for its private database." default:".afield" env:"AFIELD_DATA" placeholder:"FOLDER"`
	DatabaseURL string `help:"PostgreSQL to use instead of a private one." env:"DATABASE_URL" placeholder:"URL"`
	Listen      string `help:"Address to serve on." default:"127.0.0.1:8080" env:"AFIELD_LISTEN" placeholder:"HOST:PORT"`
	Postgres    string `help:"Folder of PostgreSQL's programs; searched for by default." env:"AFIELD_POSTGRES" placeholder:"FOLDER"`
	Secret      string `help:"The server's own secret, 32 bytes or more in base64; kept in --data by default." env:"AFIELD_SECRET" placeholder:"BASE64"`
	JSON        bool   `help:"Print results as JSON." env:"AFIELD_JSON"`

	ShowVersion kong.VersionFlag `name:"version" help:"Print which version this is."`
}

// app is what a subcommand works with.
type app struct {
	settings
	// ctx ends at Ctrl-C or when the process is asked to terminate.
	ctx context.Context
	// out takes results; err takes progress and what went wrong.
	out, err io.Writer
}

// The exit codes of every subcommand.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

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
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(errOut, "afield: %v\nTry: %s --help\n", err, reached(err))
		return exitUsage
	}
	running := &app{settings: line.settings, ctx: ctx, out: out, err: errOut}
	return running.finish(chosen.Run(running))
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

// errUsage wraps a mistake in how the program was called, found after parsing.
var errUsage = errors.New("usage")

// errReported ends a subcommand with status 1 when its output already says why.
var errReported = errors.New("reported")

func (a *app) finish(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errReported):
		return exitFailed
	}
	text := err.Error()
	if errors.Is(err, context.Canceled) && a.ctx.Err() != nil {
		text = "stopped"
	}
	if a.JSON {
		_ = json.NewEncoder(a.err).Encode(map[string]string{"error": text})
	} else {
		fmt.Fprintln(a.err, "afield:", text)
	}
	if errors.Is(err, errUsage) {
		return exitUsage
	}
	return exitFailed
}

// print writes a result: as indented JSON with --json, else in words.
func (a *app) print(result any, words func(io.Writer)) error {
	if !a.JSON {
		words(a.out)
		return nil
	}
	encoder := json.NewEncoder(a.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

// notice tells the person at the keyboard something while the command runs.
func (a *app) notice(text string) { fmt.Fprintln(a.err, text) }
