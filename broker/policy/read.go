package policy

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"afield/broker"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
	"afield/broker/strictyaml"
)

// header is the head of a policy document.
type header struct {
	// Policy is the document's name, as a library row names it.
	Policy string `yaml:"policy"`
	// Title is the library's name.
	Title string `yaml:"title"`
	// Document is the written policy the clauses cite.
	Document string `yaml:"document"`
	// Level is state, consortium, library (when left out) or branch.
	Level LevelKind `yaml:"level"`
	// Inherits names the document above; the default document when left out.
	Inherits string `yaml:"inherits"`
	// Place is the library's state or province, for example US-IN (ISO 3166-2).
	Place    string `yaml:"place"`
	Zone     string `yaml:"zone"`
	Currency string `yaml:"currency"`
	// Classes and Items are the patron classes and material types that entries
	// may name, beside those of the documents above.
	Classes []string `yaml:"classes"`
	Items   []string `yaml:"items"`
}

// file is a policy document as written.
type file struct {
	Head       header           `yaml:",inline"`
	Attributes attributes.Rules `yaml:"attributes"`
	// where tells where each key of the head is written.
	where map[string]*token.Token
}

// faultAt blames a key of the head for an error, where it is written.
func (f *file) faultAt(key string, err error) error {
	at := f.where[key]
	if err == nil || at == nil {
		return err
	}
	return &yaml.SyntaxError{Message: err.Error(), Token: at}
}

// read decodes one document, without what it inherits.
func read(name string, text []byte) (*file, error) {
	var said file
	if err := decodeFile(text, &said); err != nil {
		return nil, faultIn(name, err)
	}
	var missing []string
	for _, field := range []struct{ name, value string }{{"policy", said.Head.Policy}, {"title", said.Head.Title}, {"document", said.Head.Document}} {
		if field.value == "" {
			missing = append(missing, field.name)
		}
	}
	if len(missing) > 0 {
		return nil, faultIn(name+":1:1", fmt.Errorf("the head of the document lacks %s (policy: its short name; title: the library's name; document: the written policy that the clauses cite)", strings.Join(missing, " and ")))
	}
	if err := said.Head.settleLevel(); err != nil {
		return nil, faultIn(name, said.faultAt("level", err))
	}
	said.Attributes.Each(func(rule string, attribute rule.Entries) { attribute.Label(rule, said.Head.Policy, said.Head.Document) })
	return &said, nil
}

// faultIn makes an invalid error that names document, line and column of each
// mistake.
func faultIn(name string, err error) error {
	ours := &broker.Error{Kind: broker.KindInvalid, Code: "policy_document", Cause: err}
	var said []string
	for _, one := range strictyaml.Apart(err) {
		var message string
		var located yaml.Error
		if errors.As(one, &located) { // whose own text would print the document around it
			message = name + ": " + located.GetMessage()
			if at := located.GetToken(); at != nil {
				message = fmt.Sprintf("%s:%d:%d: %s", name, at.Position.Line, at.Position.Column, located.GetMessage())
			}
		} else {
			message = name + ": " + one.Error()
		}
		if len(said) == mostMistakes {
			break
		}
		if !slices.Contains(said, message) {
			said = append(said, message)
			ours.Fields = append(ours.Fields, broker.FieldError{Pointer: "/", Code: "policy_document", Message: message})
		}
	}
	ours.Detail = strings.Join(said, "; ")
	return ours
}

// bounds are far above any policy that a person would write: ten times the longest
// that ships.
var bounds = strictyaml.Bounds{Bytes: 256 << 10, Depth: 24}

// mostMistakes is how many mistakes of a document are told.
const mostMistakes = 100

// decodeFile reads a whole document strictly. What is wrong with it is told all
// at once: an error for each key and each entry.
func decodeFile(text []byte, into *file) error {
	body, err := strictyaml.Parse(text, bounds)
	if err != nil {
		return err
	}
	if err := strictyaml.Decode(body, into); err != nil {
		return cmp.Or(gather(body), err)
	}
	into.where = strictyaml.KeysOf(body)
	return nil
}

// gather reads the parts of a document one by one, each for its own mistakes.
func gather(body ast.Node) error {
	var said file
	wrong := []error{strictyaml.CheckShape(body, reflect.TypeOf(said))}
	attributes, ok := strictyaml.ValueOf(body, "attributes").(ast.MapNode)
	if !ok || strictyaml.KeysOf(body)["attributes"] == nil {
		return errors.Join(wrong...)
	}
	rules := said.Attributes.ByID()
	for at := attributes.MapRange(); at.Next(); {
		if rule, known := rules[at.Key().GetToken().Value]; known {
			wrong = append(wrong, rule.(yaml.NodeUnmarshaler).UnmarshalYAML(at.Value()))
		}
	}
	return errors.Join(wrong...)
}
