package policy

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"afield/broker"
)

//go:embed presets/*.yaml
var presets embed.FS

// defaultName is the document every other one inherits from.
const defaultName = "default"

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
	// may name, beside those of the documents above.Head.
	Classes []string `yaml:"classes"`
	Items   []string `yaml:"items"`
}

// file is a policy document as written.
type file struct {
	Head       header `yaml:",inline"`
	Attributes Rules  `yaml:"attributes"`
}

// Document is a library's policy with everything it inherits, ready to answer.
// It never changes once parsed; many goroutines may share one.
type Document struct {
	head    header
	rules   Rules
	levels  []Level
	version string
	zone    *time.Location
}

// Presets lists the policy documents that ship with Afield, sorted by name.
func Presets() []string {
	entries, err := fs.ReadDir(presets, "presets")
	if err != nil {
		return nil // the folder is embedded; it cannot be missing
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), ".yaml"))
	}
	slices.Sort(names)
	return names
}

// Preset gives a policy document that ships with Afield, for example
// "western-district"; it is read once. An unknown name is a not-found error.
func Preset(name string) (*Document, error) {
	read, known := shipped[name]
	if !known {
		return nil, broker.NotFound("policy document " + name)
	}
	return read()
}

// shipped reads each document that ships when it is first asked for: reading one
// with all it inherits takes longer than a hundred decisions.
var shipped = func() map[string]func() (*Document, error) {
	all := map[string]func() (*Document, error){}
	for _, name := range Presets() {
		all[name] = sync.OnceValues(func() (*Document, error) {
			text, err := presetText(name)
			if err != nil {
				return nil, err
			}
			return Parse(name, text)
		})
	}
	return all
}()

// Parse reads a policy document strictly: an unknown key, a wrong type or two
// entries that are equally specific for one case is an error of kind invalid
// that names line and column. Attributes the text leaves out come from the
// default document.
func Parse(name string, text []byte) (*Document, error) {
	return ParseUnder(name, text, presetText)
}

// read decodes one document, without what it inherits.
func read(name string, text []byte) (*file, error) {
	var said file
	if err := decodeFile(text, &said); err != nil {
		return nil, faultIn(name, err)
	}
	for _, field := range []struct{ name, value string }{{"policy", said.Head.Policy}, {"title", said.Head.Title}, {"document", said.Head.Document}} {
		if field.value == "" {
			return nil, faultIn(name, fmt.Errorf("%s is missing from the head of the document", field.name))
		}
	}
	if err := said.Head.settleLevel(); err != nil {
		return nil, faultIn(name, err)
	}
	said.Attributes.each(func(rule string, attribute attribute) { attribute.label(rule, said.Head) })
	return &said, nil
}

func cmpOr(value, otherwise string) string {
	if value != "" {
		return value
	}
	return otherwise
}

// check refuses what a single entry cannot know: a missing attribute, or a
// condition that names a value nobody declared and so could never be met.
func (d *Document) check() error {
	zone, err := time.LoadLocation(d.head.Zone)
	if err != nil || d.head.Zone == "" {
		return fmt.Errorf("zone %q is not a time zone", d.head.Zone)
	}
	d.zone = zone
	if len(d.head.Currency) != 3 || strings.ToUpper(d.head.Currency) != d.head.Currency {
		return fmt.Errorf("currency %q is not a currency code such as USD", d.head.Currency)
	}
	known := [7][]string{
		{string(OwnerOwn), string(OwnerConsortium), string(OwnerILL)},
		d.head.Classes, d.head.Items,
		{"adult", "teen", "child"},
		{"new", "high_demand"},
		texts(allChannels()), texts(allActions()),
	}
	var wrong []error
	d.rules.each(func(rule string, attribute attribute) {
		wrong = append(wrong, attribute.vocabulary(func(when When) error { return when.check(known) }))
		if len(attribute.list()) == 0 {
			wrong = append(wrong, fmt.Errorf("%s is missing", rule))
		}
	})
	return errors.Join(wrong...)
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	return all
}

// each visits every attribute in the order of Rules.
func (r *Rules) each(visit func(rule string, attribute attribute)) {
	fields := reflect.ValueOf(r).Elem()
	for i := range fields.NumField() {
		visit(fields.Type().Field(i).Tag.Get("yaml"), fields.Field(i).Addr().Interface().(attribute))
	}
}

func (r *Rules) byRule() map[string]attribute {
	all := map[string]attribute{}
	r.each(func(rule string, attribute attribute) { all[rule] = attribute })
	return all
}

// Name is the document's name, for example "western-district".
func (d *Document) Name() string { return d.head.Policy }

// Title is the name of the library the document is for.
func (d *Document) Title() string { return d.head.Title }

// Place is the library's state or province, for example US-IN.
func (d *Document) Place() string { return d.head.Place }

// Currency is the ISO 4217 code every amount of the document is in.
func (d *Document) Currency() string { return d.head.Currency }

// Zone is the library's time zone.
func (d *Document) Zone() *time.Location { return d.zone }

// Classes lists the patron classes that the document knows, inherited ones too.
func (d *Document) Classes() []string { return slices.Clone(d.head.Classes) }

// Items lists the material types that the document knows, inherited ones too.
func (d *Document) Items() []string { return slices.Clone(d.head.Items) }

// Money turns an amount of the document into the library's currency.
func (d *Document) Money(amount Amount) broker.Money {
	return broker.Money{Minor: int64(amount), Currency: d.head.Currency}
}

// Version names this exact content: two documents with the same version decide
// alike. Comments and layout do not count.
func (d *Document) Version() string { return d.version }

// Attribute is one value of a document with where it comes from, for people and
// programs that want to read the rules.
type Attribute struct {
	Source
	When  When `json:"when,omitzero"`
	Value any  `json:"value"`
	level int
}

// Attributes lists every value that can still decide something in this
// document: its own and the inherited ones that it does not replace.
func (d *Document) Attributes() []Attribute {
	var all []Attribute
	d.rules.each(func(_ string, attribute attribute) { all = append(all, attribute.list()...) })
	return all
}

// digest hashes the content; JSON of fixed structs is canonical.
func (d *Document) digest() string {
	content, err := json.Marshal(struct {
		Head       header
		Attributes []Attribute
	}{d.head, d.Attributes()})
	if err != nil {
		panic("policy: a value cannot be written as JSON: " + err.Error()) // a fault in attributes.go
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// faultIn makes an invalid error that names document, line and column.
func faultIn(name string, err error) error {
	where, message := name, err.Error()
	var located yaml.Error
	if errors.As(err, &located) {
		message = located.GetMessage()
		if at := located.GetToken(); at != nil {
			where = fmt.Sprintf("%s:%d:%d", name, at.Position.Line, at.Position.Column)
		}
	}
	return &broker.Error{
		Kind: broker.KindInvalid, Code: "policy_document", Detail: where + ": " + message,
		Fields: []broker.FieldError{{Pointer: "/", Code: "policy_document", Message: where + ": " + message}}, Cause: err,
	}
}

// Text gives the value as JSON, with < and > as they are, for people who read
// rules.
func (a Attribute) Text() string {
	text, err := json.Marshal(a.Value)
	if err != nil {
		return fmt.Sprint(a.Value)
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text))
}

// WhereText says for which cases the value holds: "owner ill", or "always".
func (a Attribute) WhereText() string { return cmpOr(a.When.String(), "always") }
