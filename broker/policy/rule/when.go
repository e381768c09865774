package rule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"afield/broker"
	"afield/broker/strictyaml"
)

// Match says what a question is about, in the dimensions a rule may name. An
// empty dimension meets only entries that do not name it.
type Match struct {
	Owner Owner `json:"owner,omitempty"`
	// Class is the patron's class, for example "resident" or "reciprocal".
	Class string `json:"class,omitempty"`
	// PatronAge is the patron's age in years, none when nobody knows.
	PatronAge Optional[int] `json:"patron_age,omitzero"`
	// Item is the material type, for example "book" or "dvd".
	Item string `json:"item,omitempty"`
	// Audience is the material's: adult, teen or child.
	Audience string `json:"audience,omitempty"`
	// Age is the item's: new, high_demand, or empty.
	Age string `json:"age,omitempty"`
	// Channel is how the patron asks, and Action what for.
	Channel Channel `json:"channel,omitempty"`
	Action  Action  `json:"action,omitempty"`
}

// When limits an entry to some questions. A dimension that is not named meets
// everything; one that is named meets any of its values.
type When struct {
	Owner     OneOf    `yaml:"owner" json:"owner,omitempty"`
	Class     OneOf    `yaml:"class" json:"class,omitempty"`
	PatronAge AgeRange `yaml:"patron_age" json:"patron_age,omitzero"`
	Item      OneOf    `yaml:"item" json:"item,omitempty"`
	Audience  OneOf    `yaml:"audience" json:"audience,omitempty"`
	Age       OneOf    `yaml:"age" json:"age,omitempty"`
	Channel   OneOf    `yaml:"channel" json:"channel,omitempty"`
	Action    OneOf    `yaml:"action" json:"action,omitempty"`
}

// dimensionNames are the named lists of When in order of weight, heaviest first;
// the patron's age stands between class and item.
var dimensionNames = [7]Fact{FactOwner, FactClass, FactItem, FactAudience, FactAge, FactChannel, FactAction}

// AgeRange limits an entry to patrons of some ages in years: from this age, and
// under that one. A zero Under has no upper end.
type AgeRange struct {
	From  int `yaml:"from" json:"from,omitempty"`
	Under int `yaml:"under" json:"under,omitempty"`
}

func (r AgeRange) named() bool { return r != AgeRange{} }

func (r AgeRange) meets(age Optional[int]) bool {
	return !r.named() || (age.Is && age.Value >= r.From && (r.Under == 0 || age.Value < r.Under))
}

func (r AgeRange) overlaps(other AgeRange) bool {
	return !r.named() || !other.named() ||
		((r.Under == 0 || other.From < r.Under) && (other.Under == 0 || r.From < other.Under))
}

func (r AgeRange) covers(other AgeRange) bool {
	return !r.named() || (other.named() && r.From <= other.From && (r.Under == 0 || (other.Under != 0 && other.Under <= r.Under)))
}

// Check implements Checked.
func (r AgeRange) Check() error {
	if r.From < 0 || r.Under < 0 || (r.Under > 0 && r.Under <= r.From) {
		return errors.New("patron_age must name ages from 0 up, and end above where it begins")
	}
	return nil
}

// String gives "from 14 under 18".
func (r AgeRange) String() string {
	var parts []string
	if r.From > 0 {
		parts = append(parts, fmt.Sprintf("from %d", r.From))
	}
	if r.Under > 0 {
		parts = append(parts, fmt.Sprintf("under %d", r.Under))
	}
	return strings.Join(parts, " ")
}

// OneOf is a list of values, any of which meets; in YAML one alone may be
// written without brackets.
type OneOf []string

// UnmarshalYAML reads one value or a list.
func (o *OneOf) UnmarshalYAML(node ast.Node) error {
	if _, isList := node.(*ast.SequenceNode); !isList {
		var one string
		if err := strictyaml.Decode(node, &one); err != nil {
			return err
		}
		*o = OneOf{one}
		return nil
	}
	return strictyaml.Decode(node, (*[]string)(o))
}

func (o OneOf) meets(value string) bool { return len(o) == 0 || slices.Contains(o, value) }

// dimensions gives the named lists in the order of dimensionNames.
func (w When) dimensions() [7]OneOf {
	return [7]OneOf{w.Owner, w.Class, w.Item, w.Audience, w.Age, w.Channel, w.Action}
}

// Facts are those that the condition names.
func (w When) Facts() []Fact {
	var named []Fact
	for i, values := range w.dimensions() {
		if len(values) > 0 {
			named = append(named, dimensionNames[i])
		}
	}
	if w.PatronAge.named() {
		named = append(named, FactPatronAge)
	}
	return named
}

func (w When) meets(m Match) bool {
	return w.Owner.meets(string(m.Owner)) && w.Class.meets(m.Class) && w.PatronAge.meets(m.PatronAge) && w.Item.meets(m.Item) &&
		w.Audience.meets(m.Audience) && w.Age.meets(m.Age) && w.Channel.meets(string(m.Channel)) && w.Action.meets(string(m.Action))
}

// weight orders entries of one level: naming the owner weighs more than naming
// everything after it, and so on through class, patron's age, item type,
// audience, the item's age and the channel down to the action.
func (w When) weight() int {
	weight := 0
	for i, named := range w.dimensions() {
		if i == 2 {
			weight *= 2
			if w.PatronAge.named() {
				weight++
			}
		}
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
	return w.PatronAge.overlaps(other.PatronAge)
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
	return w.PatronAge.covers(other.PatronAge)
}

// Check refuses a value that nobody declared: an entry that names it could never
// be met.
func (w When) Check(known [7][]string) error {
	for i, named := range w.dimensions() {
		for _, value := range named {
			if !slices.Contains(known[i], value) {
				return fmt.Errorf("when names %q, which is none of %s%s", value, strings.Join(known[i], ", "), broker.Meant(value, known[i]))
			}
		}
	}
	return w.PatronAge.Check()
}

// IsZero tells whether nothing is named, so that it meets every question.
func (w When) IsZero() bool { return w.weight() == 0 }

// String gives "owner ill, class plac or teacher", or "" when nothing is named.
func (w When) String() string {
	var parts []string
	for i, named := range w.dimensions() {
		if i == 2 && w.PatronAge.named() {
			parts = append(parts, "patron "+w.PatronAge.String())
		}
		if len(named) > 0 {
			parts = append(parts, string(dimensionNames[i])+" "+strings.Join(named, " or "))
		}
	}
	return strings.Join(parts, ", ")
}
