package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// causesAreKeys is the first migration whose SQL may no longer read a cause:
// before it, and once in it, what an entry is about was read from the text of
// its cause.
const causesAreKeys = "0016"

// textOfCause finds SQL that looks into the text of a cause instead of
// comparing it as a whole.
var textOfCause = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b(starts_with|split_part|substr|substring|strpos|position|left|right|overlay|replace|regexp_\w+|string_to_array)\s*\([^()]*\bcause\b`),
	regexp.MustCompile(`(?i)\bcause\b\s*(not\s+)?(like|ilike|similar\s+to|!?~\*?|\^@)`),
	regexp.MustCompile(`(?i)\bcause\b\s*(<|>|between\b)`),
}

// readsCauseInSQL gives the piece of SQL that looks into a cause, or nothing.
func readsCauseInSQL(sql string) string {
	for _, pattern := range textOfCause {
		if found := pattern.FindString(sql); found != "" {
			return found
		}
	}
	return ""
}

// readsCauseInGo finds where a Go file looks into a cause: passes it to a
// function that takes texts apart, cuts a piece out of it, or does so in SQL.
func readsCauseInGo(path string, source any) (found []string, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, 0)
	if err != nil {
		return nil, err
	}
	at := func(node ast.Node, what string) {
		position := files.Position(node.Pos())
		found = append(found, filepath.ToSlash(path)+":"+strconv.Itoa(position.Line)+": "+what)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(node.Value); err == nil && node.Kind == token.STRING {
				if sql := readsCauseInSQL(text); sql != "" {
					at(node, sql)
				}
			}
		case *ast.SliceExpr:
			if isCause(node.X) {
				at(node, "a piece of a cause")
			}
		case *ast.IndexExpr:
			if isCause(node.X) {
				at(node, "a letter of a cause")
			}
		case *ast.CallExpr:
			if name := takesApart(node.Fun); name != "" && len(node.Args) > 0 && isCause(node.Args[0]) {
				at(node, name+" of a cause")
			}
		}
		return true
	})
	return found, nil
}

// takesApart names a function of the packages that take texts apart.
func takesApart(called ast.Expr) string {
	function, ok := called.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	from, ok := function.X.(*ast.Ident)
	if ok && (from.Name == "strings" || from.Name == "regexp" || (from.Name == "fmt" && strings.HasPrefix(function.Sel.Name, "Sscan"))) {
		return from.Name + "." + function.Sel.Name
	}
	if strings.HasPrefix(function.Sel.Name, "Find") || strings.HasPrefix(function.Sel.Name, "Match") { // of a *regexp.Regexp
		return function.Sel.Name
	}
	return ""
}

// isCause tells whether an expression is a cause: a field or a variable of that
// name.
func isCause(expression ast.Expr) bool {
	switch expression := expression.(type) {
	case *ast.SelectorExpr:
		return expression.Sel.Name == "Cause"
	case *ast.Ident:
		return expression.Name == "cause"
	}
	return false
}

// A cause makes sure that one thing is written once. What a ledger entry or a
// notice is about stands in columns: nothing may read it out of the cause.
func TestHouseReadsNothingOutOfACause(t *testing.T) {
	t.Parallel()
	house, seen := filepath.Join("..", ".."), 0
	err := filepath.WalkDir(house, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		switch {
		case entry.IsDir() && path != house && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || name == "gen"):
			return fs.SkipDir
		case strings.HasSuffix(name, ".sql") && name >= causesAreKeys:
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if found := readsCauseInSQL(string(text)); found != "" {
				t.Errorf("%s: %s", path, found)
			}
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			seen++
			found, err := readsCauseInGo(path, nil)
			if err != nil {
				return err
			}
			for _, problem := range found {
				t.Error(problem)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Errorf("only %d files were read; is this the top of the house?", seen)
	}
}

func TestHouseCatchesWhoReadsACause(t *testing.T) {
	t.Parallel()
	for body, caught := range map[string]bool{
		"_ = strings.HasPrefix(entry.Cause, \"overdue:\")":                    true,
		"_, _ = strings.Cut(cause, \":\")":                                    true,
		"_ = why.Cause[8:]":                                                   true,
		"tx.Query(`select 1 from ledger_entries e where e.cause like '%x%'`)": true,
		"tx.Query(`where split_part(c.cause, ':', 3) = l.renewals::text`)":    true,
		"tx.Query(`where not starts_with(e.cause, $4)`)":                      true,
		"tx.Query(`where e.cause ~ '^overdue'`)":                              true,
		"tx.Query(`where e.cause = $4`)":                                      false,
		"tx.Query(`where e.cause in ($4, 'overdue:' || l.id)`)":               false,
		"_ = \"reverse:\" + charge.Cause":                                     false,
		"_ = strings.Join(parts, cause)":                                      false,
		"_ = err.Cause":                                                       false,
	} {
		found, err := readsCauseInGo("some.go", "package some\nfunc f() { "+body+" }")
		if err != nil {
			t.Fatal(err)
		}
		if (len(found) > 0) != caught {
			t.Errorf("%s: found %q, want caught = %v", body, found, caught)
		}
	}
}
