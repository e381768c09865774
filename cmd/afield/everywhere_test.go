package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// seesEverywhere lists every function that may look past row-level security,
// each with the reason why it cannot name the libraries it is about. Whatever
// writes names them.
var seesEverywhere = map[string]string{
	"workflow/nightly scope":               "some steps forget what timelines and accounts say, which only the second role may change",
	"workflow/requests dueDeadlines":       "finds what is due, whosever it is; the firing names the library",
	"workflow/requests Repair":             "finds stuck requests, whosever they are; the repair names the library",
	"workflow/requests CountStuck":         "counts stuck requests, whosever they are",
	"workflow/jobs resend":                 "finds messages that wait, whosever they are; sending names the library",
	"workflow/jobs forget":                 "drops old wire texts, tokens and keys of all libraries at once",
	"workflow/jobs beginLoads":             "whose file is to be read now",
	"workflow/jobs beginNights":            "finds libraries whose night is on; the night names its library",
	"workflow/jobs sendDueNotices":         "finds notices that are due, whosever they are; sending names the library",
	"workflow/jobs reclaim":                "takes back a dead node's messages and jobs, whosever they are",
	"api/peer address":                     "whom a message is for is told by its request where the message names nobody; the peer is proved first",
	"api/rest/pipeline SetUp":              "what one library says must fit with the others; who may change what is checked in the plan",
	"broker/postgres Invariants":           "asks whether the invariants hold in the whole database",
	"broker/directory flush":               "the directory belongs to no one library",
	"broker/policy/published Refresh":      "published versions are of many libraries and of none",
	"broker/exchange refuseAnothers":       "asks only whether an id of a file is another library's",
	"cmd/afield/policies inDatabase":       "published versions are of many libraries and of none",
	"cmd/afield/setup inForce":             "a consortium is set up as a whole, by its operator",
	"cmd/afield checkSetUp":                "counts what is there of a consortium's set-up",
	"cmd/afield/app HasOperator":           "operators belong to the consortium's office and not to a library",
	"cmd/afield checkWaiting":              "counts what waits on this server, by channel only",
	"cmd/afield/demo Load":                 "sets up the demonstration's many libraries",
	"cmd/afield/demo register":             "sets up the demonstration's partners",
	"cmd/afield/demo nextDue":              "the demonstration's clock goes on to whatever is due first",
	"cmd/afield/demo lastEvent":            "the demonstration waits until nothing more happens",
	"cmd/afield/scenario/stage clear":      "the scenarios' database belongs to them alone",
	"cmd/afield/scenario/stage Everywhere": "the scenarios' database belongs to them alone",
}

// callersOfEverywhere names the functions outside tests that ask for a scope
// that sees all libraries.
func callersOfEverywhere(house fs.FS) (callers []string, err error) {
	err = fs.WalkDir(house, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			forTests := path == "broker/towntest" || path == "workflow/town" || path == "broker/postgres/pgtest"
			if forTests || path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(house, path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declared := range file.Decls {
			function, is := declared.(*ast.FuncDecl)
			if !is || function.Body == nil {
				continue
			}
			ast.Inspect(function.Body, func(node ast.Node) bool {
				if call, is := node.(*ast.CallExpr); is && calls(call.Fun, "Everywhere") {
					callers = append(callers, fmt.Sprintf("%s %s", filepath.ToSlash(filepath.Dir(path)), function.Name.Name))
				}
				return true
			})
		}
		return nil
	})
	slices.Sort(callers)
	return slices.Compact(callers), err
}

// calls tells whether a function of the database's package is called by name.
func calls(called ast.Expr, name string) bool {
	switch called := called.(type) {
	case *ast.SelectorExpr:
		of, is := called.X.(*ast.Ident)
		return is && of.Name == "postgres" && called.Sel.Name == name
	case *ast.Ident:
		return called.Name == name
	}
	return false
}

func TestHouseSeesEverywhereByListOnly(t *testing.T) {
	t.Parallel()
	callers, err := callersOfEverywhere(os.DirFS(filepath.Join("..", "..")))
	if err != nil {
		t.Fatal(err)
	}
	for _, caller := range callers {
		if seesEverywhere[caller] == "" {
			t.Errorf("%s looks past row-level security: name the libraries it is about, or put it on the list with its reason", caller)
		}
	}
	for listed := range seesEverywhere {
		if !slices.Contains(callers, listed) {
			t.Errorf("%s is on the list and does not look past row-level security any more", listed)
		}
	}
}
