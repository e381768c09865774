package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers lists every package, from the vocabulary up to the program: each imports
// packages of earlier lines only. A new package is put in the first line that is
// later than all it imports; one that wants to go down again is a wrong arrow.
var layers = [][]string{
	{"api", "api/web/assets", "broker", "broker/exchange/seen", "broker/hostiletest", "broker/outbox"},
	{"api/problem", "api/web/words", "broker/calendar", "broker/csvfile", "broker/postgres", "broker/strictjson", "broker/strictyaml", "connectors"},
	{"connectors/line"},
	{
		"broker/acts", "broker/catalog", "broker/directory", "broker/exchange/runs", "broker/figures", "broker/filemap", "broker/live", "broker/openurl", "broker/policy/rule", "cmd/afield/scenario/language", "connectors/gateway",
		"connectors/letter", "connectors/mail", "connectors/sru", "connectors/wire", "migrations", "workflow", "workflow/requests/tasks",
	},
	{
		"broker/catalog/marc", "broker/policy/attributes", "broker/postgres/pgtest", "connectors/iso18626", "connectors/partner", "workflow/background", "workflow/messages", "workflow/proof",
		"workflow/requests/lookup",
	},
	{"broker/policy", "connectors/conntest"},
	{"broker/policy/blocks", "broker/policy/published", "broker/policy/telling", "connectors/conntest/suite"},
	{"broker/policy/lending"},
	{"broker/policy/costs", "broker/policy/shelf"},
	{"broker/ledger", "broker/policy/accounts", "broker/policy/ill"},
	{"broker/patrons", "broker/policy/explain", "broker/policy/policytest", "broker/policy/reference", "workflow/routing"},
	{"broker/access", "broker/notices", "broker/standing"},
	{"broker/holds"},
	{"api/gen", "broker/loans"},
	{"broker/consortium", "broker/exchange", "broker/returns", "workflow/requests/engine", "workflow/requests/waiting"},
	{
		"broker/towntest", "workflow/requests/checks", "workflow/requests/flags", "workflow/requests/guards",
		"workflow/requests/items", "workflow/requests/late", "workflow/requests/money", "workflow/requests/people", "workflow/requests/tallies",
	},
	{"workflow/requests/dialogue", "workflow/requests/rota", "workflow/requests/undo"},
	{"workflow/requests"},
	{"api/peer", "api/rest/views", "workflow/desk/counter"},
	{"workflow/desk/accounts", "workflow/desk/cashier", "workflow/desk/closures", "workflow/desk/queue"},
	{"workflow/desk"},
	{"api/rest/pipeline", "workflow/cutover", "workflow/loads", "workflow/nightly"},
	{
		"api/rest/accounts", "api/rest/administration", "api/rest/catalogue", "api/rest/holds", "api/rest/loans", "api/rest/money",
		"api/rest/requests", "api/web/frame", "cmd/afield/scenario/stage", "workflow/jobs",
	},
	{"api/web/account", "api/web/administration", "api/web/calendar", "api/web/catalogue", "api/web/desk", "api/web/ill", "api/web/imports", "api/web/partner", "api/web/partners", "api/web/people", "api/web/policies", "api/web/signin"},
	{"api/web"},
	{"api/rest", "cmd/afield/scenario/acts", "cmd/afield/scenario/expect", "workflow/town"},
	{"cmd/afield/app", "cmd/afield/scenario"},
	{"cmd/afield/demo", "cmd/afield/shell"},
	{"cmd/afield/files", "cmd/afield/policies", "cmd/afield/setup"},
	{"cmd/afield"},
}

// importsOutsideTests gives what each package of the module imports of it.
func importsOutsideTests(house fs.FS) (map[string][]string, error) {
	imports := map[string][]string{}
	err := fs.WalkDir(house, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
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
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		if strings.Contains(string(text[:file.Package-1]), "//go:build ignore") {
			return nil // a generator, which is no part of the package
		}
		here := filepath.ToSlash(filepath.Dir(path))
		imports[here] = append(imports[here], "")
		for _, imported := range file.Imports {
			to, err := strconv.Unquote(imported.Path.Value)
			if err != nil {
				return err
			}
			if ours, is := strings.CutPrefix(to, "afield/"); is {
				imports[here] = append(imports[here], ours)
			}
		}
		return nil
	})
	return imports, err
}

// wrongLayers says which packages are not listed, or import sideways or upwards.
func wrongLayers(layers [][]string, imports map[string][]string) (wrong []string) {
	layerOf := map[string]int{}
	for i, layer := range layers {
		for _, listed := range layer {
			if _, twice := layerOf[listed]; twice {
				wrong = append(wrong, listed+" is listed twice")
			}
			if layerOf[listed] = i; imports[listed] == nil {
				wrong = append(wrong, listed+" is listed and does not exist")
			}
		}
	}
	for from, all := range imports {
		here, known := layerOf[from]
		if !known {
			wrong = append(wrong, from+" is not listed: put it in the first line that is later than all it imports")
			continue
		}
		for _, to := range all {
			if there, known := layerOf[to]; to != "" && known && there >= here {
				wrong = append(wrong, from+" imports "+to+", which does not stand below it")
			}
		}
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}

func TestHouseIsBuiltInLayers(t *testing.T) {
	t.Parallel()
	imports, err := importsOutsideTests(os.DirFS(filepath.Join("..", "..")))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range wrongLayers(layers, imports) {
		t.Error(problem)
	}
}

func TestWrongLayersAreCaught(t *testing.T) {
	t.Parallel()
	small := [][]string{{"broker"}, {"broker/holds"}, {"broker/loans"}}
	for _, c := range []struct {
		imports map[string][]string
		want    string
	}{
		{map[string][]string{"broker": {""}, "broker/holds": {"broker"}, "broker/loans": {"broker/holds", "broker"}}, ""},
		{map[string][]string{"broker": {""}, "broker/holds": {"broker/loans"}, "broker/loans": {"broker"}}, "broker/holds imports broker/loans, which does not stand below it"},
		{map[string][]string{"broker": {""}, "broker/holds": {"broker"}, "broker/loans": {"broker"}, "broker/new": {"broker"}}, "broker/new is not listed: put it in the first line that is later than all it imports"},
		{map[string][]string{"broker": {""}, "broker/holds": {"broker"}}, "broker/loans is listed and does not exist"},
	} {
		if got := strings.Join(wrongLayers(small, c.imports), "; "); got != c.want {
			t.Errorf("%v: %q, want %q", c.imports, got, c.want)
		}
	}
}
