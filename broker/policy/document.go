package policy

import (
	"cmp"
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
	"github.com/goccy/go-yaml/token"

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
	// may name, beside those of the documents above.
	Classes []string `yaml:"classes"`
	Items   []string `yaml:"items"`
}

// file is a policy document as written.
type file struct {
	Head       header `yaml:",inline"`
	Attributes Rules  `yaml:"attributes"`
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
			text, err := PresetText(name)
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
	return ParseUnder(name, text, PresetText)
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
	said.Attributes.each(func(rule string, attribute Entries) { attribute.Label(rule, said.Head.Policy, said.Head.Document) })
	return &said, nil
}

// check refuses what a single entry cannot know: a missing attribute, or a
// condition that names a value nobody declared and so could never be met.
func (d *Document) check(nearest *file) error {
	var wrong []error
	zone, err := time.LoadLocation(d.head.Zone)
	if err != nil || d.head.Zone == "" {
		wrong = append(wrong, nearest.faultAt("zone", fmt.Errorf("zone %q is not a time zone; one is written America/Chicago", d.head.Zone)))
	}
	d.zone = zone
	if len(d.head.Currency) != 3 || strings.ToUpper(d.head.Currency) != d.head.Currency {
		wrong = append(wrong, nearest.faultAt("currency", fmt.Errorf("currency %q is not a currency code such as USD", d.head.Currency)))
	}
	known := [7][]string{
		{string(OwnerOwn), string(OwnerConsortium), string(OwnerILL)},
		d.head.Classes, d.head.Items,
		{"adult", "teen", "child"},
		{"new", "high_demand"},
		texts(allChannels()), texts(allActions()),
	}
	d.rules.each(func(id string, attribute Entries) {
		wrong = append(wrong, attribute.Vocabulary(func(when When) error { return when.check(known) }))
		if len(attribute.List()) == 0 {
			wrong = append(wrong, fmt.Errorf("%s is missing", id))
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
func (r *Rules) each(visit func(rule string, attribute Entries)) {
	fields := reflect.ValueOf(r).Elem()
	for i := range fields.NumField() {
		visit(fields.Type().Field(i).Tag.Get("yaml"), fields.Field(i).Addr().Interface().(Entries))
	}
}

func (r *Rules) byRule() map[string]Entries {
	all := map[string]Entries{}
	r.each(func(rule string, attribute Entries) { all[rule] = attribute })
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

// Rules are the document's attributes, for the packages below this one to decide
// by; nobody writes to them.
func (d *Document) Rules() *Rules { return &d.rules }

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
	d.rules.each(func(_ string, attribute Entries) { all = append(all, attribute.List()...) })
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

// faultIn makes an invalid error that names document, line and column of each
// mistake.
func faultIn(name string, err error) error {
	ours := &broker.Error{Kind: broker.KindInvalid, Code: "policy_document", Cause: err}
	var said []string
	for _, one := range apart(err) {
		message := name + ": " + one.Error()
		var located yaml.Error
		if errors.As(one, &located) {
			message = name + ": " + located.GetMessage()
			if at := located.GetToken(); at != nil {
				message = fmt.Sprintf("%s:%d:%d: %s", name, at.Position.Line, at.Position.Column, located.GetMessage())
			}
		}
		if !slices.Contains(said, message) {
			said = append(said, message)
			ours.Fields = append(ours.Fields, broker.FieldError{Pointer: "/", Code: "policy_document", Message: message})
		}
	}
	ours.Detail = strings.Join(said, "; ")
	return ours
}

// apart gives the errors that were joined into one, in the order in which they
// are written.
func apart(err error) []error {
	joined, several := err.(interface{ Unwrap() []error })
	if !several {
		return []error{err}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, apart(one)...)
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
func (a Attribute) WhereText() string { return cmp.Or(a.When.String(), "always") }
