package strictyaml

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds are how long and how deeply nested a text may be.
type Bounds struct{ Bytes, Depth int }

// Mistake is one thing that is wrong with a text, and where.
type Mistake struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// String gives "12:5: must be a text".
func (m Mistake) String() string { return fmt.Sprintf("%d:%d: %s", m.Line, m.Column, m.Message) }

// Parse reads a text into the node of its one document. It looks at the length
// and the nesting before anything is built.
func Parse(text []byte, bounds Bounds) (ast.Node, error) {
	if len(text) > bounds.Bytes {
		return nil, fmt.Errorf("is %d bytes long; at most %d are read", len(text), bounds.Bytes)
	}
	if err := shallow(lexer.Tokenize(string(text)), bounds.Depth); err != nil {
		return nil, err
	}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, err
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return nil, errors.New("a file holds exactly one document")
	}
	return tree.Docs[0].Body, nil
}

// shallow refuses nesting that is too deep, and what makes a short text long or
// strange: anchors, aliases, tags and directives.
func shallow(tokens token.Tokens, most int) error {
	flow := 0
	var columns []int // of the lists and mappings that are open, outermost first
	for _, at := range tokens {
		switch at.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType:
			return &yaml.SyntaxError{Message: fmt.Sprintf("%q is not taken here: write out what is meant (anchors, aliases, tags and directives are not read; a text that begins with such a sign stands in quotes)", at.Value), Token: at}
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingValueType:
			column := at.Position.Column
			if at.Type == token.MappingValueType && at.Prev != nil {
				column = at.Prev.Position.Column // the colon's own place says nothing
			}
			for len(columns) > 0 && columns[len(columns)-1] >= column {
				columns = columns[:len(columns)-1]
			}
			if flow == 0 {
				columns = append(columns, column)
			}
		default:
		}
		if flow+len(columns) > most {
			return &yaml.SyntaxError{Message: fmt.Sprintf("is nested more than %d deep", most), Token: at}
		}
	}
	return nil
}

// Written is a text that was read, with the place of everything in it and what
// was found wrong so far.
type Written struct {
	places map[string]*token.Token // by JSON pointer
	wrong  []placed
}

type placed struct {
	pointer string
	Mistake
	shape bool
}

// Read fills into, a pointer to a struct with yaml tags, with everything in the
// text that has the right form; the rest is among the mistakes. The error is that
// of a text that cannot be read at all: a mistake too.
func Read(text []byte, bounds Bounds, into any) (*Written, error) {
	w := &Written{places: map[string]*token.Token{}}
	body, err := Parse(text, bounds)
	if err != nil {
		w.blame("", err)
		return w, err
	}
	w.fill(body, reflect.ValueOf(into).Elem(), "")
	return w, nil
}

// fill puts what a node says into a value.
func (w *Written) fill(node ast.Node, into reflect.Value, pointer string) {
	w.places[pointer] = StartOf(node)
	if into.Kind() == reflect.Pointer {
		made := reflect.New(into.Type().Elem())
		into.Set(made)
		into = made.Elem()
	}
	_, reads := into.Addr().Interface().(yaml.NodeUnmarshaler)
	switch mapping, isMapping := node.(ast.MapNode); {
	case !reads && into.Kind() == reflect.Struct && isMapping:
		w.fillFields(mapping, into, pointer)
		return
	case !reads && into.Kind() == reflect.Slice:
		if list, isList := node.(*ast.SequenceNode); isList {
			into.Set(reflect.MakeSlice(into.Type(), len(list.Values), len(list.Values)))
			for i, value := range list.Values {
				w.fill(value, into.Index(i), pointer+"/"+strconv.Itoa(i))
			}
			return
		}
	}
	if err := CheckShape(node, into.Type()); err != nil {
		w.blame(pointer, err)
		return
	}
	var nothing bytes.Buffer
	if err := yaml.NewDecoder(&nothing, yaml.Strict()).DecodeFromNode(node, into.Addr().Interface()); err != nil {
		w.blame(pointer, err)
	}
}

func (w *Written) fillFields(mapping ast.MapNode, into reflect.Value, pointer string) {
	known := map[string]int{}
	var names []string
	for i := range into.NumField() {
		if name, _, _ := strings.Cut(into.Type().Field(i).Tag.Get("yaml"), ","); name != "" {
			known[name], names = i, append(names, name)
		}
	}
	for at := mapping.MapRange(); at.Next(); {
		key := at.Key().GetToken().Value
		field, is := known[key]
		if !is {
			w.blame(pointer+"/"+key, unknownKey(at.Key(), names))
			continue
		}
		w.fill(at.Value(), into.Field(field), pointer+"/"+key)
		w.places[pointer+"/"+key] = at.Key().GetToken()
		if at.Value().Type() != ast.MappingType && at.Value().Type() != ast.SequenceType {
			w.places[pointer+"/"+key] = StartOf(at.Value())
		}
	}
}

// blame notes a mistake of form, where the error says it is.
func (w *Written) blame(pointer string, err error) {
	for _, one := range Apart(err) {
		mistake := w.at(pointer, "")
		var located yaml.Error
		if !errors.As(one, &located) {
			mistake.Message = one.Error()
		} else { // whose own text would show the file, as far as it was read
			mistake.Message = located.GetMessage()
			if at := located.GetToken(); at != nil {
				mistake.Line, mistake.Column = at.Position.Line, at.Position.Column
			}
		}
		w.wrong = append(w.wrong, placed{pointer, mistake, true})
	}
}

// Wrong notes a mistake of meaning at a JSON pointer, or where the nearest thing
// around it stands. Where the form is wrong already, nothing more is said of it.
func (w *Written) Wrong(pointer, format string, args ...any) {
	for _, known := range w.wrong {
		if known.shape && (pointer == known.pointer || strings.HasPrefix(pointer, known.pointer+"/")) {
			return
		}
	}
	w.wrong = append(w.wrong, placed{pointer, w.at(pointer, fmt.Sprintf(format, args...)), false})
}

// at gives a mistake its place. What is not there itself is named, at the place of
// what it is missing from.
func (w *Written) at(pointer, message string) Mistake {
	whole := pointer
	for {
		at := w.places[pointer]
		if at == nil && pointer != "" {
			pointer = pointer[:strings.LastIndexByte(pointer, '/')]
			continue
		}
		if missing := strings.Trim(whole[len(pointer):], "/"); missing != "" {
			message = strings.ReplaceAll(missing, "/", ".") + " " + message
		}
		if at == nil {
			return Mistake{1, 1, message}
		}
		return Mistake{at.Position.Line, at.Position.Column, message}
	}
}

// Mistakes lists all that is wrong, by line and column.
func (w *Written) Mistakes() []Mistake {
	all := make([]Mistake, len(w.wrong))
	for i, one := range w.wrong {
		all[i] = one.Mistake
	}
	slices.SortStableFunc(all, func(a, b Mistake) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return slices.Compact(all)
}

// Apart gives the errors that were joined into one, in the order in which they
// are written.
func Apart(err error) []error {
	joined, several := err.(interface{ Unwrap() []error })
	if !several {
		return []error{err}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, Apart(one)...)
	}
	slices.SortStableFunc(all, func(a, b error) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	return all
}

func lineOf(err error) int {
	var located yaml.Error
	if errors.As(err, &located) && located.GetToken() != nil {
		return located.GetToken().Position.Line
	}
	return 0
}
