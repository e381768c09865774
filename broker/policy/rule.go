package policy

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"afield/broker"
)

// Owner says whose item it is, the first thing a rule may depend on.
type Owner string

// The three kinds of ownership.
const (
	OwnerOwn        Owner = "own"        // ours
	OwnerConsortium Owner = "consortium" // of another library in the shared catalogue
	OwnerILL        Owner = "ill"        // borrowed from a lender for this loan
)

// Match says what a question is about, in the dimensions a rule may name. An
// empty dimension meets only entries that do not name it.
type Match struct {
	Owner Owner `json:"owner,omitempty"`
	// Class is the patron's class, for example "resident" or "reciprocal".
	Class string `json:"class,omitempty"`
	// Item is the material type, for example "book" or "dvd".
	Item string `json:"item,omitempty"`
	// Audience is the material's: adult, teen or child.
	Audience string `json:"audience,omitempty"`
	// Age is the item's: new, high_demand, or empty.
	Age string `json:"age,omitempty"`
}

// When limits an entry to some questions. A dimension that is not named meets
// everything; one that is named meets any of its values.
type When struct {
	Owner    OneOf `yaml:"owner" json:"owner,omitempty"`
	Class    OneOf `yaml:"class" json:"class,omitempty"`
	Item     OneOf `yaml:"item" json:"item,omitempty"`
	Audience OneOf `yaml:"audience" json:"audience,omitempty"`
	Age      OneOf `yaml:"age" json:"age,omitempty"`
}

// OneOf is a list of values, any of which meets; in YAML one alone may be
// written without brackets.
type OneOf []string

// UnmarshalYAML reads one value or a list.
func (o *OneOf) UnmarshalYAML(node ast.Node) error {
	if _, isList := node.(*ast.SequenceNode); !isList {
		var one string
		if err := decode(node, &one); err != nil {
			return err
		}
		*o = OneOf{one}
		return nil
	}
	return decode(node, (*[]string)(o))
}

func (o OneOf) meets(value string) bool { return len(o) == 0 || slices.Contains(o, value) }

// dimensions gives the named values in order of weight, heaviest first.
func (w When) dimensions() [5]OneOf { return [5]OneOf{w.Owner, w.Class, w.Item, w.Audience, w.Age} }

func (w When) meets(m Match) bool {
	return w.Owner.meets(string(m.Owner)) && w.Class.meets(m.Class) && w.Item.meets(m.Item) &&
		w.Audience.meets(m.Audience) && w.Age.meets(m.Age)
}

// weight orders entries of one level: naming the owner weighs more than naming
// everything after it, and so on down to the item's age.
func (w When) weight() int {
	weight := 0
	for _, named := range w.dimensions() {
		weight *= 2
		if len(named) > 0 {
			weight++
		}
	}
	return weight
}

// overlaps tells whether one question could meet both.
func (w When) overlaps(other When) bool {
	mine, theirs := w.dimensions(), other.dimensions()
	for i := range mine {
		if len(mine[i]) > 0 && len(theirs[i]) > 0 &&
			!slices.ContainsFunc(mine[i], func(value string) bool { return slices.Contains(theirs[i], value) }) {
			return false
		}
	}
	return true
}

// IsZero tells whether nothing is named, so that it meets every question.
func (w When) IsZero() bool { return w.weight() == 0 }

// String gives "owner ill, class plac or teacher", or "" when nothing is named.
func (w When) String() string {
	var parts []string
	for i, name := range [5]string{"owner", "class", "item", "audience", "age"} {
		if named := w.dimensions()[i]; len(named) > 0 {
			parts = append(parts, name+" "+strings.Join(named, " or "))
		}
	}
	return strings.Join(parts, ", ")
}

// Source says where a value comes from and who may pass over it.
type Source struct {
	// Rule is the attribute's id, for example "ill.active_limit".
	Rule string `json:"rule"`
	// From names the policy document the value stands in.
	From   string        `json:"from"`
	Clause broker.Clause `json:"clause"`
	// Override lists the roles that may pass over a refusal by this rule; nil
	// leaves it to the decision's own custom, empty means nobody.
	Override []string `json:"override,omitempty"`
}

// Entry is one value of an attribute, beside its source.
type Entry[T any] struct {
	Source
	When  When
	Value T
	level int          // 0 is the nearest document
	at    *token.Token // where it is written
}

// Rule is one attribute: its entries at every level, the nearest level first.
type Rule[T any] struct{ entries []Entry[T] }

// For gives the entry that decides a question. The nearest level that has any
// entry meeting it wins outright; within a level the most specific entry does.
// Every attribute has a default that meets everything, so there is always one.
func (r Rule[T]) For(m Match) Entry[T] {
	best := Entry[T]{level: -1}
	for _, entry := range r.entries {
		if !entry.When.meets(m) || (best.level >= 0 && entry.level > best.level) {
			continue
		}
		if best.level < 0 || entry.level < best.level || entry.When.weight() > best.When.weight() {
			best = entry
		}
	}
	return best
}

// written is an entry as the document says it.
type written[T any] struct {
	When     When          `yaml:"when"`
	Value    *T            `yaml:"value"`
	Clause   broker.Clause `yaml:"clause"`
	Override *Roles        `yaml:"override"`
}

// UnmarshalYAML reads one entry or a list of entries.
func (r *Rule[T]) UnmarshalYAML(node ast.Node) error {
	nodes := []ast.Node{node}
	if list, isList := node.(*ast.SequenceNode); isList {
		nodes = list.Values
	}
	for _, node := range nodes {
		entry, err := readEntry[T](node)
		if err != nil {
			return err
		}
		for _, earlier := range r.entries {
			if earlier.When.weight() == entry.When.weight() && earlier.When.overlaps(entry.When) {
				return faultAt(node, "two entries are equally specific for the same case (%s): say which one is meant",
					describeWhen(entry.When))
			}
		}
		r.entries = append(r.entries, entry)
	}
	return nil
}

func readEntry[T any](node ast.Node) (Entry[T], error) {
	var said written[T]
	if err := decode(node, &said); err != nil {
		return Entry[T]{}, err
	}
	if said.Value == nil {
		return Entry[T]{}, faultAt(node, "value is missing")
	}
	if said.Clause.Section == "" || said.Clause.Says == "" {
		return Entry[T]{}, faultAt(node, "clause must give section and says: where does this value come from?")
	}
	if checked, ok := any(*said.Value).(interface{ check() error }); ok {
		if err := checked.check(); err != nil {
			return Entry[T]{}, faultAt(valueOf(node, "value"), "%s", err)
		}
	}
	entry := Entry[T]{When: said.When, Value: *said.Value, at: startOf(node)}
	entry.Clause = said.Clause
	if said.Override != nil {
		entry.Override = *said.Override
	}
	return entry, nil
}

func describeWhen(when When) string {
	if text := when.String(); text != "" {
		return text
	}
	return "no condition"
}

// attribute is what every Rule can do whatever its value, so that the list of
// attributes is written once: in Rules.
type attribute interface {
	label(rule string, doc header)
	inherit(base attribute)
	vocabulary(check func(When) error) error
	list() []Attribute
}

func (r *Rule[T]) label(rule string, doc header) {
	for i := range r.entries {
		r.entries[i].Rule, r.entries[i].From = rule, doc.Policy
		if r.entries[i].Clause.Document == "" {
			r.entries[i].Clause.Document = doc.Document
		}
	}
}

// inherit puts the entries of the document above behind our own.
func (r *Rule[T]) inherit(base attribute) {
	own := slices.Clone(r.entries)
	for _, entry := range base.(*Rule[T]).entries {
		entry.level++
		own = append(own, entry)
	}
	r.entries = own
}

func (r *Rule[T]) vocabulary(check func(When) error) error {
	for _, entry := range r.entries {
		if err := check(entry.When); err != nil {
			return &yaml.SyntaxError{Message: entry.Rule + ": " + err.Error(), Token: entry.at}
		}
	}
	return nil
}

func (r *Rule[T]) list() []Attribute {
	var listed []Attribute
	for _, entry := range r.entries {
		covered := slices.ContainsFunc(listed, func(nearer Attribute) bool {
			return nearer.level < entry.level && nearer.When.covers(entry.When)
		})
		if covered {
			continue
		}
		listed = append(listed, Attribute{Source: entry.Source, When: entry.When, Value: entry.Value, level: entry.level})
	}
	return listed
}

// covers tells whether every question that meets other meets w too.
func (w When) covers(other When) bool {
	mine, theirs := w.dimensions(), other.dimensions()
	for i := range mine {
		if len(mine[i]) == 0 {
			continue
		}
		if len(theirs[i]) == 0 || slices.ContainsFunc(theirs[i], func(v string) bool { return !slices.Contains(mine[i], v) }) {
			return false
		}
	}
	return true
}
