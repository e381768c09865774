package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"afield/broker/consortium"
	"afield/broker/exchange"
	"afield/broker/postgres/pgtest"
	"afield/cmd/afield/shell"
)

// notAsJSON are the commands that print no result, with the reason.
var notAsJSON = map[string]string{
	"policy schema": "a JSON Schema has words of its own",
	"serve":         "runs until it is stopped", "demo": "runs until it is stopped; with --exit it has a test of its own",
	"restore": "has a test of its own", "export": "has a test of its own",
}

// keysAreWords lists where an object's keys are somebody's words and not names of
// fields.
var keysAreWords = regexp.MustCompile(`^(when|before|after|value|data|terms|words|columns)$`)

// With --json every command prints one JSON value in one style: a list is a list
// also when nothing is in it, and fields are named_like_this. What goes wrong is an
// object too.
func TestJSONHasOneStyle(t *testing.T) {
	t.Parallel()
	address, folder := pgtest.URL(t), t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ours := write("ours.yaml", consortium.Example())
	patrons := write("patrons.csv", "card,class,name\n21001000000001,adult,Adult patron 1\n")
	empty := func(kind string) string { return write(kind+".csv", columnsOf(kind)+"\n") }
	const east = "EXAMPLE:EAST"
	calls := []string{
		"version", "migrate", "consortium example", "consortium check " + ours, "consortium changes", "partner list", "consortium plan " + ours,
		"consortium apply " + ours + " --reason begins", "consortium export", "operator add office", "doctor", "verify", "workflow",
		"user list " + east, "user add " + east + " second", "user password " + east + " second", "user disable " + east + " second",
		"import patrons " + patrons + " --library " + east, "user pin " + east + " 21001000000001",
		"token list " + east, "token add " + east + " --label x --role desk", "token list " + east + " ", "import map koha",
		"figures annual --library " + east, "figures money --library " + east,
		"partner add EXAMPLE:FAR https://ill.example.org --name Far --state NY", "partner list", "partner pause EXAMPLE:FAR", "partner resume EXAMPLE:FAR",
		"catalogue list",
		"policy list", "policy list --versions", "policy list delaware --rule nothing", "policy check delaware", "policy reference loans", "policy example", "policy diff delaware delaware",
		"policy explain westchester checkout --at 2026-03-02T15:00", "policy publish " + write("policy.yaml", "policy: ours\ninherits: default\ntitle: Ours\ndocument: our rules\nlevel: library\n") + " --from 2099-01-01 --dry-run",
		"scenario --words", "scenario --example", "nightly --past 1", "nightly " + east + " --past 1", "backup " + filepath.Join(folder, "all.backup"),
		"titles joined --library " + east,
		"loads set people --library " + east + " --kind patrons --from " + patrons, "loads list --library " + east, "loads run people --library " + east,
		"loads accept people --library " + east, "loads remove people --library " + east, "loads list --library " + east + " ",
		"import directory " + write("directory.csv", "key,name\n"), "import marc " + write("none.xml", `<collection xmlns="http://www.loc.gov/MARC21/slim"></collection>`) + " --library " + east,
	}
	for _, kind := range []string{"calendar", "links", "proxies", "blocks", "items", "loans", "holds", "charges", "requests"} {
		calls = append(calls, "import "+kind+" "+empty(kind)+" --library "+east)
	}
	called := map[string]bool{}
	var token string
	run := func(args string, want int) {
		t.Helper()
		code, out, errOut := call(t, append(strings.Fields(args), "--json", "--database-url", address, "--secret", testSecret, "--data", folder)...)
		text := out
		if code != shell.ExitDone && out == "" {
			text = errOut
		}
		if code != want {
			t.Errorf("afield %s ended with %d, want %d: %s", args, code, want, text)
		}
		value := oneValue(t, args, text)
		oneStyle(t, args, value)
		if object, is := value.(map[string]any); is && strings.HasPrefix(args, "token add") {
			token, _ = object["id"].(string)
		}
		called[args] = true
	}
	for _, args := range calls {
		run(args, shell.ExitDone)
	}
	run("token revoke "+east+" "+token, shell.ExitDone)
	run("consortium plan "+filepath.Join(folder, "none.yaml"), shell.ExitUsage)
	run("titles split 00000000-0000-7000-8000-000000000001 --reason mistaken --library "+east, shell.ExitFailed)
	run("catalogue try "+east+" --isbn 9780140449136", shell.ExitFailed)
	run("catalogue password "+east+" --none", shell.ExitFailed)
	run("user add nonsense", shell.ExitUsage)
	run("consortium apply --nonsense", shell.ExitUsage)
	parser, err := kong.New(&commandLine{}, kong.Name("afield"), versionVars())
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(false) {
		tried := notAsJSON[pathOf(leaf)] != ""
		for args := range called {
			tried = tried || args == pathOf(leaf) || strings.HasPrefix(args, pathOf(leaf)+" ")
		}
		if !tried {
			t.Errorf("afield %s is not tried with --json", pathOf(leaf))
		}
	}
}

func oneValue(t *testing.T, args, text string) (value any) {
	t.Helper()
	reader := json.NewDecoder(strings.NewReader(text))
	if err := reader.Decode(&value); err != nil {
		t.Errorf("afield %s --json prints no JSON: %v\n%s", args, err, text)
		return nil
	}
	if value == nil {
		t.Errorf("afield %s --json prints null", args)
	}
	if err := reader.Decode(new(any)); err != io.EOF { //nolint:errorlint // the decoder gives it bare
		t.Errorf("afield %s --json prints more than one value:\n%s", args, text)
	}
	return value
}

var fieldName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// oneStyle looks at the names of all fields.
func oneStyle(t *testing.T, args string, value any) {
	t.Helper()
	switch value := value.(type) {
	case []any:
		for _, one := range value {
			oneStyle(t, args, one)
		}
	case map[string]any:
		for name, one := range value {
			if one == nil {
				t.Errorf("afield %s --json has nothing in field %q, which is then left out", args, name)
			}
			if !fieldName.MatchString(name) {
				t.Errorf("afield %s --json has a field %q", args, name)
			}
			if !keysAreWords.MatchString(name) {
				oneStyle(t, args, one)
			}
		}
	}
}

// columnsOf is the head of a file of some kind.
func columnsOf(kind string) string {
	var names []string
	for _, column := range exchange.ColumnsOf(kind) {
		names = append(names, column.Name)
	}
	return strings.Join(names, ",")
}
