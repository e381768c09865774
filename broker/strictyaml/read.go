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
type Bounds struct {
	Bytes, Depth int
	// Documents is how many there may be in one text; 0 stands for one.
	Documents int
}

// What a text may hold that no person needs, and that costs the library which reads
// it the square of what there is of it: each key of a mapping is read inside the one
// before it, each empty line at the end of a block copies the block.
const (
	mostKeys  = 1000
	mostEmpty = 50
)

// signs are the characters that can begin or end a token. A text of some length has
// so many of them and a fifth of its bytes; texts that people write have an eighth.
const (
	signs     = "[]{},:-?&*!|>'\"%@`#\n"
	freeSigns = 20_000
	signEach  = 5 // bytes
)

// mostMistakes is how many mistakes of a text are told.
const mostMistakes = 500

// Mistake is one thing that is wrong with a text, and where.
type Mistake struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// String gives "12:5: must be a text".
func (m Mistake) String() string { return fmt.Sprintf("%d:%d: %s", m.Line, m.Column, m.Message) }

// Parse reads a text into the node of its one document. It looks at the length and
// the signs before the text is taken apart, and at the nesting before anything is
// built.
func Parse(text []byte, bounds Bounds) (ast.Node, error) {
	bodies, err := ParseAll(text, bounds)
	if err != nil {
		return nil, err
	}
	if len(bodies) != 1 || bodies[0] == nil {
		return nil, oneDocument()
	}
	return bodies[0], nil
}

func oneDocument() error { return errors.New("a file holds exactly one document") }

// ParseAll reads a text into the nodes of its documents; that of an empty one is nil.
func ParseAll(text []byte, bounds Bounds) ([]ast.Node, error) {
	if err := harmless(text, bounds); err != nil {
		return nil, err
	}
	tokens := lexer.Tokenize(string(text))
	if err := shallow(tokens, bounds.Depth); err != nil {
		return nil, err
	}
	tree, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, err
	}
	if len(tree.Docs) > max(bounds.Documents, 1) {
		return nil, tooMany(bounds)
	}
	bodies := make([]ast.Node, len(tree.Docs))
	for i, document := range tree.Docs {
		bodies[i] = document.Body
	}
	return bodies, nil
}

// harmless looks at the bytes alone.
func harmless(text []byte, bounds Bounds) error {
	if len(text) > bounds.Bytes {
		return fmt.Errorf("is %d bytes long; at most %d are read", len(text), bounds.Bytes)
	}
	most := freeSigns + len(text)/signEach
	count := 0
	for i := range len(signs) {
		count += bytes.Count(text, []byte(signs[i:i+1]))
	}
	if count > most {
		return fmt.Errorf("has %d signs such as brackets, colons, quotes and ends of lines; a text of this length has at most %d", count, most)
	}
	ends, empty := 0, 0
	for line := range bytes.Lines(text) {
		if empty++; len(bytes.TrimSpace(line)) > 0 {
			empty = 0
		}
		if empty > mostEmpty {
			return fmt.Errorf("has more than %d empty lines after each other", mostEmpty)
		}
		if bytes.HasPrefix(line, []byte("---")) || bytes.HasPrefix(line, []byte("...")) {
			ends++
		}
	}
	if ends > 2*max(bounds.Documents, 1) {
		return tooMany(bounds)
	}
	return nil
}

func tooMany(bounds Bounds) error {
	if bounds.Documents > 1 {
		return fmt.Errorf("holds more than %d documents", bounds.Documents)
	}
	return oneDocument()
}

// open is a list or a mapping that has begun, at a column.
type open struct{ column, keys int }

// shallow refuses nesting that is too deep, mappings that are too wide, and what makes
// a short text long or strange: anchors, aliases, tags, directives and keys in parts.
func shallow(tokens token.Tokens, most int) error {
	flow := 0
	var opened []open // outermost first
	for _, at := range tokens {
		switch at.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType, token.MappingKeyType:
			return &yaml.SyntaxError{Message: fmt.Sprintf("%q is not taken here: write out what is meant (anchors, aliases, tags, directives and keys after a question mark are not read; a text that begins with such a sign stands in quotes)", at.Value), Token: at}
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingValueType:
			if flow > 0 {
				break
			}
			column, keys := at.Position.Column, 0
			if at.Type == token.MappingValueType {
				if keys = 1; at.Prev != nil {
					column = at.Prev.Position.Column // the colon's own place says nothing
				}
			}
			for len(opened) > 0 && opened[len(opened)-1].column > column {
				opened = opened[:len(opened)-1]
			}
			if len(opened) == 0 || opened[len(opened)-1].column < column {
				opened = append(opened, open{column: column})
			}
			last := &opened[len(opened)-1]
			if last.keys += keys; last.keys > mostKeys {
				return &yaml.SyntaxError{Message: fmt.Sprintf("is a mapping of more than %d keys", mostKeys), Token: at}
			}
		default:
		}
		if flow+len(opened) > most {
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
		if len(w.wrong) >= mostMistakes {
			return
		}
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
	if len(w.wrong) >= mostMistakes {
		return
	}
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
