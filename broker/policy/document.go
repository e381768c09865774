package policy

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/currency"

	"afield/broker"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

//go:embed presets/*.yaml
var presets embed.FS

// defaultName is the document every other one inherits from.
const defaultName = "default"

// Document is a library's policy with everything it inherits, ready to answer.
// It never changes once parsed; many goroutines may share one.
type Document struct {
	head    header
	rules   attributes.Rules
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

// check refuses what shows only in the whole document: a missing attribute, or a
// condition that names a value nobody declared and so could never be met.
// A strict check also refuses what has no effect: a condition on a fact that is
// never asked with, and a word that nothing answers to.
func (d *Document) check(nearest *file, strict bool) error {
	var wrong []error
	zone, err := time.LoadLocation(d.head.Zone)
	if err != nil || d.head.Zone == "" {
		wrong = append(wrong, nearest.faultAt("zone", fmt.Errorf("zone %q is not a time zone; one is written America/Chicago", d.head.Zone)))
	}
	d.zone = zone
	if _, err := currency.ParseISO(d.head.Currency); strict && (err != nil || strings.ToUpper(d.head.Currency) != d.head.Currency) {
		wrong = append(wrong, nearest.faultAt("currency", fmt.Errorf("currency %q is not a currency code such as USD or EUR", d.head.Currency)))
	}
	if d.head.Place != "" && strict {
		if err := attributes.CheckPlace(d.head.Place); err != nil {
			wrong = append(wrong, nearest.faultAt("place", err))
		}
	}
	known := [7][]string{
		broker.Texts(rule.EveryOwner()),
		d.head.Classes, d.head.Items,
		{"adult", "teen", "child"},
		{"new", "high_demand"},
		broker.Texts(rule.EveryChannel()), broker.Texts(rule.EveryAction()),
	}
	d.rules.Each(func(id string, attribute rule.Entries) {
		wrong = append(wrong, attribute.Examine(func(said rule.Attribute) error {
			if !strict || !d.own(said) {
				return said.When.Check(known)
			}
			return errors.Join(attributes.MayDepend(said), said.When.Check(known), said.Lacks(), attributes.Understood(said, d.head.Items))
		}))
		if len(attribute.List()) == 0 {
			wrong = append(wrong, fmt.Errorf("%s is missing", id))
		}
	})
	return errors.Join(wrong...)
}

// own tells whether an entry stands in this very document.
func (d *Document) own(said rule.Attribute) bool { return said.From == d.head.Policy }

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

// Rules are the attributes that the packages of decisions below broker/policy
// decide by. Nobody else reads them, and nobody writes to them.
func (d *Document) Rules() *attributes.Rules { return &d.rules }

// Listening is the same document, which tells of every value that decides a
// question it is asked: also of those that say yes. Each value is told once.
func (d *Document) Listening(heard func(rule.Attribute)) *Document {
	listening, told := *d, map[string]bool{}
	once := func(attribute rule.Attribute) {
		if name := attribute.Rule + " " + attribute.WhereText(); !told[name] {
			told[name] = true
			heard(attribute)
		}
	}
	listening.rules.Each(func(_ string, attribute rule.Entries) { attribute.Listen(once) })
	return &listening
}

// Money turns an amount of the document into the library's currency.
func (d *Document) Money(amount rule.Amount) broker.Money {
	return broker.Money{Minor: int64(amount), Currency: d.head.Currency}
}

// Version names this exact content: two documents with the same version decide
// alike. Comments and layout do not count.
func (d *Document) Version() string { return d.version }

// Attributes lists every value that can still decide something in this
// document: its own and the inherited ones that it does not replace.
func (d *Document) Attributes() []rule.Attribute {
	var all []rule.Attribute
	d.rules.Each(func(_ string, attribute rule.Entries) { all = append(all, attribute.List()...) })
	return all
}

// digest hashes the content; JSON of fixed structs is canonical.
func (d *Document) digest() string {
	content, err := json.Marshal(struct {
		Head       header
		Attributes []rule.Attribute
	}{d.head, d.Attributes()})
	if err != nil {
		panic("policy: a value cannot be written as JSON: " + err.Error()) // a fault in attributes.go
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}
