package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"afield/cmd/afield/shell"
)

// Every command that can be run shows how, with itself in the example.
func TestEveryCommandShowsAnExample(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&commandLine{}, kong.Name("afield"), versionVars())
	if err != nil {
		t.Fatal(err)
	}
	leaves := 0
	for _, leaf := range parser.Model.Leaves(false) {
		leaves++
		command := "afield " + pathOf(leaf)
		if _, examples, found := strings.Cut(leaf.Detail, "xample"); !found || !strings.Contains(examples, "\n  "+command) && !strings.Contains(examples, "| "+command) && !strings.Contains(examples, "… "+command) {
			t.Errorf("%s --help has no example of it", command)
		}
	}
	if leaves < 30 {
		t.Errorf("only %d commands were found", leaves)
	}
}

// pathOf is the names of a command and of those above it.
func pathOf(node *kong.Node) string {
	if node.Parent == nil || node.Parent.Type == kong.ApplicationNode {
		return node.Name
	}
	return pathOf(node.Parent) + " " + node.Name
}

// A wrong call says whose help to read.
func TestAWrongCallNamesTheCommandToTry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, try string }{
		{"nonsense", "Try: afield --help"},
		{"--nonsense", "Try: afield --help"},
		{"consortium plan", "Try: afield consortium plan --help"},
		{"consortium apply --nonsense", "Try: afield consortium apply --help"},
		{"user nonsense", "Try: afield user --help"},
	} {
		code, _, errOut := call(t, strings.Fields(c.args)...)
		if code != shell.ExitUsage || !strings.Contains(errOut, c.try+"\n") {
			t.Errorf("afield %s ends with %d: %s", c.args, code, errOut)
		}
	}
}

func TestTheVersionIsPrinted(t *testing.T) {
	t.Parallel()
	code, out, errOut := call(t, "--version")
	if code != shell.ExitDone || !strings.HasPrefix(out, "afield ") {
		t.Errorf("--version ends with %d: %s%s", code, out, errOut)
	}
	if _, same, _ := call(t, "version"); same != out {
		t.Errorf("version says %q, and --version %q", same, out)
	}
}
