package policy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"afield/broker/policy/attributes"
)

// Every attribute is read by a decision that is used outside broker/policy, or is
// marked informative. Package explain decides nothing, so its questions do not
// count as use.
func TestEveryAttributeIsObeyed(t *testing.T) {
	t.Parallel()
	uses := readUses(t, os.DirFS(filepath.Join("..", "..")))
	asked := uses.asked()
	rules := reflect.TypeFor[attributes.Rules]()
	for i := range rules.NumField() {
		field := rules.Field(i)
		id := field.Tag.Get("yaml")
		by, obeyed := asked[field.Name]
		switch why := attributes.Informative(id); {
		case !obeyed && why == "":
			t.Errorf("%s changes nothing: no decision that is asked for outside broker/policy looks at it, and it is not marked as being for information", id)
		case obeyed && why != "":
			t.Errorf("%s is marked as being for information, and %s decides by it", id, by)
		}
	}
	for _, where := range uses.readOutside {
		t.Errorf("%s reads the attributes of a policy itself; let it ask a decision", where)
	}
	if len(asked) < rules.NumField()/2 {
		t.Errorf("only %d attributes were found to be asked; is this the top of the module?", len(asked))
	}
}

func TestADecisionThatNobodyAsksForDoesNotCount(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	decisions := "package lending\nfunc May(d *policy.Document) { limit(d) }\nfunc limit(d *policy.Document) { _ = d.Rules().TotalLimit }\n" +
		"func Unasked(d *policy.Document) { rules := d.Rules(); _ = rules.TypeLimit }\n"
	uses := readUses(t, fstest.MapFS{
		"broker/policy/lending/loans.go": file(decisions),
		"broker/policy/explain/all.go":   file("package explain\nimport \"afield/broker/policy/lending\"\nfunc All(d *policy.Document) { lending.Unasked(d) }\n"),
		"workflow/desk/desk.go":          file("package desk\nimport \"afield/broker/policy/lending\"\nfunc checkOut() { lending.May(document) }\n"),
		"workflow/desk/desk_test.go":     file("package desk\nimport \"afield/broker/policy/lending\"\nfunc test() { lending.Unasked(document) }\n"),
		"cmd/afield/explain.go":          file("package main\nimport \"afield/broker/policy/explain\"\nfunc main() { explain.All(document) }\n"),
		"api/rest/rules.go":              file("package rest\nfunc rules() { _ = document.Rules().TotalLimit.For(match) }\n"),
	})
	if asked := uses.asked(); asked["TotalLimit"] != "lending.May" || asked["TypeLimit"] != "" {
		t.Errorf("asked %v", asked)
	}
	if !slices.Equal(uses.readOutside, []string{"api/rest"}) {
		t.Errorf("reading the attributes themselves: %v", uses.readOutside)
	}
}

const policyPackages = "afield/broker/policy/"

// decisionUse is what the sources say about who uses which decision and which
// decision looks at which attribute. Names are "lending.MayCheckOut".
type decisionUse struct {
	looksAt     map[string][]string // function → fields of attributes.Rules
	calls       map[string][]string // function → functions
	wanted      []string            // functions asked for outside broker/policy
	readOutside []string
}

func readUses(t *testing.T, sources fs.FS) decisionUse {
	t.Helper()
	read := decisionUse{looksAt: map[string][]string{}, calls: map[string][]string{}}
	err := fs.WalkDir(sources, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "bin"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := fs.ReadFile(sources, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		read.file(path.Dir(name), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// file notes what one source file does.
func (u *decisionUse) file(folder string, file *ast.File) {
	imports := map[string]bool{} // the packages of decisions this file may ask
	for _, imported := range file.Imports {
		if name, of := strings.CutPrefix(strings.Trim(imported.Path.Value, `"`), policyPackages); of && imported.Name == nil {
			imports[name] = true
		}
	}
	inside := folder == "broker/policy" || strings.HasPrefix(folder, "broker/policy/")
	if !inside {
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.SelectorExpr:
				if of, isName := node.X.(*ast.Ident); isName && imports[of.Name] {
					u.wanted = append(u.wanted, of.Name+"."+node.Sel.Name)
				}
			case *ast.CallExpr:
				if isRules(node) {
					u.readOutside = append(u.readOutside, folder)
				}
			}
			return true
		})
		return
	}
	here := path.Base(folder)
	for _, declared := range file.Decls {
		if function, ok := declared.(*ast.FuncDecl); ok {
			name := here + "." + function.Name.Name
			if function.Recv != nil {
				name = here + ".(method)." + function.Name.Name
			}
			ast.Walk(looking{uses: u, here: here, function: name, imports: imports}, function)
		}
	}
}

// looking walks the body of one function in a package of decisions.
type looking struct {
	uses           *decisionUse
	here, function string
	imports        map[string]bool
}

// Visit notes what a node looks at and what it calls.
func (l looking) Visit(node ast.Node) ast.Visitor {
	calls := func(name string) { l.uses.calls[l.function] = append(l.uses.calls[l.function], name) }
	switch node := node.(type) {
	case *ast.SelectorExpr:
		of, isName := node.X.(*ast.Ident)
		switch {
		case isName && l.imports[of.Name]:
			calls(of.Name + "." + node.Sel.Name)
		case isName && of.Name == "rules", isRules(node.X):
			l.uses.looksAt[l.function] = append(l.uses.looksAt[l.function], node.Sel.Name)
		default:
			calls(l.here + ".(method)." + node.Sel.Name)
		}
		ast.Walk(l, node.X)
		return nil
	case *ast.KeyValueExpr: // a key is the name of a field
		if _, isName := node.Key.(*ast.Ident); !isName {
			ast.Walk(l, node.Key)
		}
		ast.Walk(l, node.Value)
		return nil
	case *ast.Ident:
		calls(l.here + "." + node.Name)
	}
	return l
}

// isRules tells whether an expression is a call of Document.Rules.
func isRules(x ast.Expr) bool {
	call, ok := x.(*ast.CallExpr)
	if !ok {
		return false
	}
	selected, ok := call.Fun.(*ast.SelectorExpr)
	return ok && selected.Sel.Name == "Rules" && len(call.Args) == 0
}

// asked gives the attributes read by decisions that are used outside
// broker/policy, each with one such decision.
func (u *decisionUse) asked() map[string]string {
	by, seen := map[string]string{}, map[string]bool{}
	var follow func(function, from string)
	follow = func(function, from string) {
		if seen[function] {
			return
		}
		seen[function] = true
		for _, field := range u.looksAt[function] {
			by[field] = from
		}
		for _, called := range u.calls[function] {
			follow(called, from)
		}
	}
	for _, function := range u.wanted {
		if !strings.HasPrefix(function, "explain.") {
			follow(function, function)
		}
	}
	return by
}
