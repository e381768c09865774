package policy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"afield/broker"
	"afield/broker/policy/rule"
)

// LevelKind is the place of a document in the line of inheritance.
type LevelKind string

// The levels, from the top down. Every line begins with the default document.
const (
	LevelDefault    LevelKind = "default"
	LevelState      LevelKind = "state"
	LevelConsortium LevelKind = "consortium"
	LevelLibrary    LevelKind = "library"
	LevelBranch     LevelKind = "branch"
)

// rank orders levels; a document inherits only from one of a higher level.
func (l LevelKind) rank() int {
	return slices.Index([]LevelKind{LevelDefault, LevelState, LevelConsortium, LevelLibrary, LevelBranch}, l)
}

// below says how to write a document that is to inherit from one of this level.
func (l LevelKind) below() string {
	switch l {
	case LevelState:
		return "write level: consortium, library or branch"
	case LevelConsortium:
		return "write level: library or branch"
	case LevelLibrary:
		return "write level: branch"
	}
	return "nothing inherits from such a document; name the one that it inherits from itself"
}

// Level is one document of a line of inheritance.
type Level struct {
	Policy   string    `json:"policy"`
	Level    LevelKind `json:"level"`
	Title    string    `json:"title"`
	Document string    `json:"document"`
	// Effective is the day this version began, where the document was published.
	Effective broker.Date `json:"effective,omitzero"`
}

// longestLine bounds a line of inheritance; more is a circle.
const longestLine = 8

// settleLevel fills what the head leaves out.
func (h *header) settleLevel() error {
	if h.Policy == defaultName {
		h.Level = LevelDefault
		return nil
	}
	h.Level = LevelKind(cmp.Or(string(h.Level), string(LevelLibrary)))
	h.Inherits = cmp.Or(h.Inherits, defaultName)
	return rule.Among("level", h.Level, LevelState, LevelConsortium, LevelLibrary, LevelBranch)
}

// ParseUnder reads a policy document, and finds the documents above it by name
// with find; the default document always comes from the program. An entry for
// something that a level above has made final is refused. Errors are those of
// Parse.
func ParseUnder(name string, text []byte, find func(policy string) ([]byte, error)) (*Document, error) {
	line, err := readLine(name, text, find)
	if err != nil {
		return nil, err
	}
	return compose(name, line, true)
}

// readLine reads a document and all those above it, the nearest first.
func readLine(name string, text []byte, find func(policy string) ([]byte, error)) ([]*file, error) {
	own, err := read(name, text)
	if err != nil {
		return nil, err
	}
	line := []*file{own}
	for own.Head.Policy != defaultName {
		if len(line) == longestLine {
			return nil, faultIn(name, errors.New("inherits from itself, or through too many documents"))
		}
		above := own.Head.Inherits
		next, err := readAbove(above, find)
		if err != nil {
			if broker.IsKind(err, broker.KindInvalid) {
				return nil, err
			}
			return nil, faultIn(name, own.faultAt("inherits", unknownParent(above, err)))
		}
		if next.Head.Level.rank() >= own.Head.Level.rank() {
			return nil, faultIn(name, own.faultAt("inherits", fmt.Errorf("a %s document cannot inherit from %s, which is a %s document; %s",
				own.Head.Level, above, next.Head.Level, next.Head.Level.below())))
		}
		line, own = append(line, next), next
	}
	return line, nil
}

// unknownParent says that a document to inherit from cannot be read.
func unknownParent(name string, err error) error {
	if !broker.IsKind(err, broker.KindNotFound) {
		return fmt.Errorf("inherits %q: %w", name, err)
	}
	return errors.New(fmt.Sprintf("inherits %q, which is neither a policy beside this one nor one that ships", name) + broker.Meant(name, Presets()))
}

// readAbove reads a document that another inherits from; the default document is
// read once for all.
func readAbove(policy string, find func(string) ([]byte, error)) (*file, error) {
	if policy == defaultName {
		return readDefault()
	}
	text, err := find(policy)
	if err != nil {
		return nil, err
	}
	return read(policy, text)
}

// readDefault gives the default document; nobody changes what it gives.
var readDefault = sync.OnceValues(func() (*file, error) {
	text, err := PresetText(defaultName)
	if err != nil {
		return nil, err
	}
	return read(defaultName, text)
})

// PresetText gives the text of a policy document that ships with Afield; it can
// be the find of ParseUnder. An unknown name is a not-found error.
func PresetText(policy string) ([]byte, error) {
	text, err := presets.ReadFile("presets/" + policy + ".yaml")
	if err != nil {
		return nil, broker.NotFound("policy document " + policy)
	}
	return text, nil
}

// compose lays the nearest document over the ones above it. A strict one
// refuses what a level above has made final; a published line is not strict,
// since a state may say its last word after the library wrote: it then wins.
func compose(name string, line []*file, strict bool) (*Document, error) {
	document := &Document{head: line[0].Head, rules: line[0].Attributes, levels: []Level{line[0].Head.level()}}
	for i, above := range line[1:] {
		document.head.Place = cmp.Or(document.head.Place, above.Head.Place)
		document.head.Zone = cmp.Or(document.head.Zone, above.Head.Zone)
		document.head.Currency = cmp.Or(document.head.Currency, above.Head.Currency)
		document.head.Classes = append(slices.Clone(document.head.Classes), above.Head.Classes...)
		document.head.Items = append(slices.Clone(document.head.Items), above.Head.Items...)
		document.levels = append(document.levels, above.Head.level())
		inherited := above.Attributes.ByID()
		document.rules.Each(func(rule string, attribute rule.Entries) { attribute.Inherit(inherited[rule], i+1) })
	}
	if err := document.check(line[0], strict); err != nil {
		return nil, faultIn(name, err)
	}
	if strict {
		var wrong []error
		document.rules.Each(func(_ string, attribute rule.Entries) { wrong = append(wrong, attribute.Bound()) })
		if err := errors.Join(wrong...); err != nil {
			return nil, faultIn(name, err)
		}
	}
	document.version = document.digest()
	return document, nil
}

func (h header) level() Level {
	return Level{Policy: h.Policy, Level: h.Level, Title: h.Title, Document: h.Document}
}

// Levels gives the line of inheritance, this document first and the default
// document last.
func (d *Document) Levels() []Level { return slices.Clone(d.levels) }

// Step is one level's word on an attribute, for "where does this value come
// from?".
type Step struct {
	// Policy and Level name the document.
	Policy string    `json:"policy"`
	Level  LevelKind `json:"level"`
	// Entry is its most specific value for the question, nil when it says nothing.
	Entry *rule.Attribute `json:"entry,omitempty"`
	// Decides is set on the one that counts.
	Decides bool `json:"decides"`
}

// WhereFrom walks the levels for one attribute and one case: what each document
// of the line says, and which one decides. An unknown attribute is a not-found
// error.
func (d *Document) WhereFrom(rule string, m rule.Match) ([]Step, error) {
	attribute, known := d.rules.ByID()[rule]
	if !known {
		return nil, broker.NotFound("attribute " + rule)
	}
	said, decides := attribute.Trace(m, len(d.levels))
	steps := make([]Step, len(d.levels))
	for i, level := range d.levels {
		steps[i] = Step{Policy: level.Policy, Level: level.Level, Entry: said[i], Decides: said[i] != nil && i == decides}
	}
	return steps, nil
}
