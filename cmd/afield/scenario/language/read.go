package language

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"afield/broker/strictyaml"
)

// Position is a position in a file, for people who edit it.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// String gives file:line:column.
func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Mistake is something in a file that cannot be read, and what would be right.
type Mistake struct {
	Position
	Message string `json:"message"`
}

// Error gives the position and the message.
func (m Mistake) Error() string { return m.Position.String() + ": " + m.Message }

// reader reads one file strictly and collects every mistake in it.
type reader struct {
	file       string
	vocabulary Vocabulary
	mistakes   []Mistake
	// named are the things a scenario has, by what they are; used are the
	// positions that name one.
	named map[string][]string
	used  []use
}

type use struct {
	what, name string
	at         Position
}

// node is one value of the file.
type node struct {
	ast.Node
	r *reader
}

func (n node) at() Position {
	from := startOf(n.Node)
	return Position{n.r.file, from.Position.Line, from.Position.Column}
}

func (n node) wrong(format string, args ...any) {
	n.r.mistakes = append(n.r.mistakes, Mistake{n.at(), fmt.Sprintf(format, args...)})
}

// raw is the text of a single value as it was written.
func (n node) raw() string { return n.GetToken().Value }

// text reads a single value as text, whatever type YAML would give it: 5.00
// stays 5.00.
func (n node) text(wanted string) (string, bool) {
	switch value := n.Node.(type) {
	case *ast.StringNode:
		return value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.raw(), true
	case *ast.LiteralNode:
		return strings.TrimSpace(value.Value.Value), true
	}
	n.wrong("must be %s", wanted)
	return "", false
}

// isSingle tells a single value from a list or a mapping.
func (n node) isSingle() bool {
	switch n.Node.(type) {
	case *ast.SequenceNode, ast.MapNode, *ast.NullNode:
		return false
	}
	return true
}

// list reads a list; a single value stands for a list of one.
func (n node) list() []node {
	values, ok := n.Node.(*ast.SequenceNode)
	if !ok {
		return []node{n}
	}
	nodes := make([]node, 0, len(values.Values))
	for _, value := range values.Values {
		nodes = append(nodes, node{value, n.r})
	}
	return nodes
}

// entry is one key of a mapping with its value.
type entry struct {
	key   node
	value node
}

// entries reads a mapping in the order written; a repeated key is a mistake.
func (n node) entries(wanted string) []entry {
	mapping, ok := n.Node.(ast.MapNode)
	if !ok {
		if _, empty := n.Node.(*ast.NullNode); !empty {
			n.wrong("must be %s", wanted)
		}
		return nil
	}
	var entries []entry
	for at := mapping.MapRange(); at.Next(); {
		key := node{at.Key(), n.r}
		if slices.ContainsFunc(entries, func(e entry) bool { return e.key.raw() == key.raw() }) {
			key.wrong("%q stands here twice", key.raw())
			continue
		}
		entries = append(entries, entry{key, node{at.Value(), n.r}})
	}
	return entries
}

// startOf gives the token a node begins with; a mapping's own token is the colon
// after its first key.
func startOf(of ast.Node) *token.Token {
	if mapping, ok := of.(ast.MapNode); ok {
		if at := mapping.MapRange(); at.Next() {
			return at.Key().GetToken()
		}
	}
	return of.GetToken()
}

// define records that the scenario has a thing of this name.
func (r *reader) define(what, name string) {
	if !slices.Contains(r.named[what], name) {
		r.named[what] = append(r.named[what], name)
	}
}

// checkNames finds names that nothing has.
func (r *reader) checkNames() {
	for _, use := range r.used {
		known := r.named[use.what]
		if slices.Contains(known, use.name) {
			continue
		}
		message := fmt.Sprintf("there is no %s %q", use.what, use.name)
		if len(known) > 0 {
			message += "; there " + plural(len(known), "is", "are") + " " + strings.Join(known, ", ")
		}
		r.mistakes = append(r.mistakes, Mistake{use.at, message})
	}
	r.used = nil
}

func plural(count int, one, many string) string {
	if count == 1 {
		return one
	}
	return many
}

// bounds are far above any file of scenarios that a person would write.
var bounds = strictyaml.Bounds{Bytes: 1 << 20, Depth: 24, Documents: 200}

// parse splits a file into its documents.
func (r *reader) parse(text []byte) []node {
	bodies, err := strictyaml.ParseAll(text, bounds)
	if err != nil {
		r.mistakes = append(r.mistakes, r.syntax(err))
		return nil
	}
	var documents []node
	for _, body := range bodies {
		if body != nil {
			documents = append(documents, node{body, r})
		}
	}
	return documents
}

// syntax finds the position of what could not be read.
func (r *reader) syntax(err error) Mistake {
	at, message := Position{File: r.file, Line: 1, Column: 1}, err.Error
	var located yaml.Error
	if errors.As(err, &located) { // whose own text would print the file around it
		message = located.GetMessage
		if from := located.GetToken(); from != nil {
			at.Line, at.Column = from.Position.Line, from.Position.Column
		}
	}
	return Mistake{at, "this is not YAML: " + message()}
}
