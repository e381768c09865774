package rule

import (
	"errors"
	"iter"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"afield/broker"
	"afield/broker/strictyaml"
)

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
	// Final marks a value that no document below may replace.
	Final bool `json:"final,omitempty"`
}

// Entry is one value of an attribute, beside its source.
type Entry[T any] struct {
	Source
	When  When
	Value T
	level int          // 0 is the nearest document
	at    *token.Token // where it is written
	lacks error        // what its value leaves out
}

// Rule is one attribute: its entries at every level, the nearest level first.
type Rule[T any] struct {
	entries []Entry[T]
	heard   func(Attribute)
}

// For gives the entry that decides a question. The nearest level that has any
// entry meeting it wins outright, unless a level above says that its own is
// final; within a level the most specific entry wins. Every attribute has a
// default that meets everything, so there is always one.
func (r Rule[T]) For(m Match) Entry[T] {
	entry := r.decides(m)
	if r.heard != nil && entry.Rule != "" {
		r.heard(entry.listed())
	}
	return entry
}

func (r Rule[T]) decides(m Match) Entry[T] {
	winners := r.winners(m)
	if len(winners) == 0 {
		return Entry[T]{level: -1}
	}
	for i := len(winners) - 1; i > 0; i-- {
		if winners[i].Final {
			return winners[i]
		}
	}
	return winners[0]
}

// Every gives all entries of every level, the nearest level first.
func (r Rule[T]) Every() iter.Seq[Entry[T]] { return slices.Values(r.entries) }

// SameAs tells whether both are one and the same entry of one document.
func (e Entry[T]) SameAs(other Entry[T]) bool {
	return e.level == other.level && e.When.String() == other.When.String()
}

// listed is the entry for people and programs that read the rules.
func (e Entry[T]) listed() Attribute {
	return Attribute{Source: e.Source, When: e.When, Value: e.Value, level: e.level, lacks: e.lacks}
}

// winners gives each level's most specific entry for a question, nearest first.
func (r Rule[T]) winners(m Match) []Entry[T] {
	var winners []Entry[T]
	for _, entry := range r.entries {
		last := len(winners) - 1
		switch {
		case !entry.When.meets(m):
		case last < 0 || winners[last].level != entry.level:
			winners = append(winners, entry)
		case entry.When.weight() > winners[last].When.weight():
			winners[last] = entry
		}
	}
	return winners
}

// written is an entry as the document says it.
type written[T any] struct {
	When     When          `yaml:"when"`
	Value    *T            `yaml:"value"`
	Clause   broker.Clause `yaml:"clause"`
	Override *Roles        `yaml:"override"`
	Final    bool          `yaml:"final"`
}

// UnmarshalYAML reads one entry or a list of entries.
func (r *Rule[T]) UnmarshalYAML(node ast.Node) error {
	nodes := []ast.Node{node}
	if list, isList := node.(*ast.SequenceNode); isList {
		nodes = list.Values
	}
	var wrong []error
	var known ties
	for _, node := range nodes {
		entry, err := readEntry[T](node)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		for _, i := range known.near(entry.When, len(r.entries)) {
			if earlier := r.entries[i]; earlier.When.weight() == entry.When.weight() && earlier.When.overlaps(entry.When) {
				wrong = append(wrong, strictyaml.FaultAt(node, "two entries are equally specific for the same case (%s, and line %d: %s): say which one is meant",
					describeWhen(entry.When), earlier.at.Position.Line, describeWhen(earlier.When)))
				break
			}
		}
		r.entries = append(r.entries, entry)
	}
	return errors.Join(wrong...)
}

func readEntry[T any](node ast.Node) (Entry[T], error) {
	var said written[T]
	if err := strictyaml.Decode(node, &said); err != nil {
		return Entry[T]{}, err
	}
	if said.Value == nil {
		return Entry[T]{}, strictyaml.FaultAt(node, "value is missing; for no limit, or no such rule, write none")
	}
	if said.Clause.Section == "" || said.Clause.Says == "" {
		return Entry[T]{}, strictyaml.FaultAt(node, "clause must give section and says: where does this value come from?")
	}
	if checked, ok := any(*said.Value).(Checked); ok {
		if err := checked.Check(); err != nil {
			return Entry[T]{}, strictyaml.FaultAt(strictyaml.ValueOf(node, "value"), "%s", err)
		}
	}
	entry := Entry[T]{When: said.When, Value: *said.Value, at: strictyaml.StartOf(node)}
	entry.lacks = lacking(strictyaml.ValueOf(node, "value"), reflect.TypeFor[T]())
	entry.Clause, entry.Final = said.Clause, said.Final
	if said.Override != nil {
		entry.Override = *said.Override
	}
	return entry, nil
}

// Checked is a value that knows whether what was read makes sense; it is asked as
// soon as it is read.
type Checked interface{ Check() error }

func describeWhen(when When) string {
	if text := when.String(); text != "" {
		return text
	}
	return "no condition"
}

// Entries is what every Rule can do whatever its value, so that the list of
// attributes is written once: in Rules.
type Entries interface {
	// Label writes the attribute's id and its document onto every entry.
	Label(rule, policy, document string)
	// Inherit puts the entries of a document so many levels above behind our own.
	Inherit(base Entries, level int)
	// Bound refuses an entry of our own where a level above has said the last word.
	Bound() error
	// Trace gives what each level says of a case, nil where it says nothing, and
	// the level that decides.
	Trace(m Match, levels int) (said []*Attribute, decides int)
	// Examine checks every entry, and blames each for what is wrong with it.
	Examine(check func(Attribute) error) error
	// Listen has every entry told that decides a question from now on.
	Listen(heard func(Attribute))
	// List gives the entries that can still decide something.
	List() []Attribute
}

// Label implements Entries.
func (r *Rule[T]) Label(rule, policy, document string) {
	for i := range r.entries {
		r.entries[i].Rule, r.entries[i].From = rule, policy
		if r.entries[i].Clause.Document == "" {
			r.entries[i].Clause.Document = document
		}
	}
}

// Inherit implements Entries.
func (r *Rule[T]) Inherit(base Entries, level int) {
	own := slices.Clone(r.entries)
	for _, entry := range base.(*Rule[T]).entries {
		entry.level = level
		own = append(own, entry)
	}
	r.entries = own
}

// Bound implements Entries.
func (r *Rule[T]) Bound() error {
	for _, own := range r.entries {
		for _, above := range r.entries {
			if own.level == 0 && above.level > 0 && above.Final && above.When.overlaps(own.When) {
				return &yaml.SyntaxError{Message: own.Rule + " is final in " + above.From + ": it cannot be replaced here", Token: own.at}
			}
		}
	}
	return nil
}

// Listen implements Entries.
func (r *Rule[T]) Listen(heard func(Attribute)) { r.heard = heard }

// Examine implements Entries.
func (r *Rule[T]) Examine(check func(Attribute) error) error {
	var wrong []error
	for _, entry := range r.entries {
		err := check(entry.listed())
		if err == nil {
			continue
		}
		for _, err := range strictyaml.Apart(err) {
			wrong = append(wrong, &yaml.SyntaxError{Message: entry.Rule + ": " + err.Error(), Token: entry.at})
		}
	}
	return errors.Join(wrong...)
}

// List implements Entries.
func (r *Rule[T]) List() []Attribute {
	var listed []Attribute
	for _, entry := range r.entries {
		covered := slices.ContainsFunc(listed, func(nearer Attribute) bool {
			return nearer.level < entry.level && nearer.When.covers(entry.When)
		})
		if covered {
			continue
		}
		listed = append(listed, entry.listed())
	}
	return listed
}

// Trace implements Entries.
func (r *Rule[T]) Trace(m Match, levels int) (said []*Attribute, decides int) {
	said = make([]*Attribute, levels)
	for _, entry := range r.winners(m) {
		attribute := entry.listed()
		said[entry.level] = &attribute
	}
	return said, r.decides(m).level
}
