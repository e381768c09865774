package reference

import (
	_ "embed"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// Attribute is all there is to know about one attribute.
type Attribute struct {
	ID   string `json:"attribute"`
	Says string `json:"says"`
	// Informative says why nothing in Afield decides by it; empty where something
	// does.
	Informative string `json:"informative,omitempty"`
	Value       Shape  `json:"value"`
	// When are the facts that the condition of an entry may name.
	When []rule.Fact `json:"when,omitempty"`
	// Default is what holds where no policy says anything.
	Default []string `json:"default"`
	// Example is an entry of a policy that ships, as it may be written, and From that
	// policy.
	Example string `json:"example"`
	From    string `json:"example_from"`
}

//go:embed meanings.yaml
var meaningsText []byte

//go:embed example.yaml
var exampleText string

type meanings struct {
	Attributes map[string]string   `yaml:"attributes"`
	Keys       map[string]string   `yaml:"keys"`
	Words      map[string][]string `yaml:"words"`
}

// meant reads what is written by hand.
var meant = sync.OnceValue(func() meanings {
	var said meanings
	if err := yaml.UnmarshalWithOptions(meaningsText, &said, yaml.Strict()); err != nil {
		panic("policy reference: " + err.Error()) // it is part of the program
	}
	return said
})

// Example is a small policy with comments, to begin from.
func Example() string { return exampleText }

// All gives every attribute, in the order in which the program lists them.
var All = sync.OnceValues(func() ([]Attribute, error) {
	standard, err := policy.Preset("default")
	if err != nil {
		return nil, err
	}
	shown, err := examples(standard)
	if err != nil {
		return nil, err
	}
	var all []Attribute
	fields := reflect.TypeFor[attributes.Rules]()
	for i := range fields.NumField() {
		id := fields.Field(i).Tag.Get("yaml")
		value, _ := fields.Field(i).Type.MethodByName("For")
		entry, _ := value.Type.Out(0).FieldByName("Value")
		one := Attribute{
			ID: id, Says: meant().Attributes[id], Informative: attributes.Informative(id), Value: shapeOf(entry.Type),
			When: attributes.AskedWith(id), Example: written(shown[id]), From: shown[id].From,
		}
		one.nameWords()
		for _, standing := range standard.Attributes() {
			if standing.Rule == id {
				one.Default = append(one.Default, condition(standing.When)+flow(standing.Text()))
			}
		}
		all = append(all, one)
	}
	return all, nil
})

// nameWords gives the lists of words that one attribute alone takes.
func (a *Attribute) nameWords() {
	switch {
	case a.ID == "loans.period_set_by":
		a.Value.Words = attributes.PeriodSetters()
	case a.ID == "holds.states":
		a.Value.Of.Words = attributes.CopyStates()
	case a.ID == "ill.active_limit":
		a.listOf("states").Words = attributes.RequestStates()
	case strings.HasPrefix(a.ID, "blocks.") && a.listOf("counts") != nil:
		a.listOf("counts").Words = attributes.ChargeKinds()
	}
}

// listOf is what the list under a key is of; nil where there is none.
func (a *Attribute) listOf(key string) *Shape {
	for _, one := range a.Value.Keys {
		if one.Name == key {
			return one.Shape.Of
		}
	}
	return nil
}

// examples picks an entry for each attribute: of a library that says it for
// everybody, or at least says it, or else the default.
func examples(standard *policy.Document) (map[string]rule.Attribute, error) {
	shown := map[string]rule.Attribute{}
	offer := func(entry rule.Attribute, better func(known rule.Attribute) bool) {
		if known, has := shown[entry.Rule]; !has || better(known) {
			shown[entry.Rule] = entry
		}
	}
	for _, entry := range standard.Attributes() {
		offer(entry, func(rule.Attribute) bool { return false })
	}
	for _, name := range policy.Presets() {
		document, err := policy.Preset(name)
		if err != nil {
			return nil, err
		}
		for _, entry := range document.Attributes() {
			if entry.From == name && entry.When.IsZero() && !entry.Final {
				offer(entry, func(known rule.Attribute) bool { return known.From == standard.Name() && name != standard.Name() })
			}
		}
	}
	return shown, nil
}

// Find gives the attributes with an id, or whose ids begin so.
func Find(id string) ([]Attribute, error) {
	all, err := All()
	if err != nil {
		return nil, err
	}
	var found []Attribute
	for _, one := range all {
		if one.ID == id {
			return []Attribute{one}, nil
		}
		if strings.HasPrefix(one.ID, id) {
			found = append(found, one)
		}
	}
	return found, nil
}

var (
	quotedKey  = regexp.MustCompile(`"([a-z_]+)":`)
	quotedWord = regexp.MustCompile(`"([a-z_]+)"`)
	afterComma = regexp.MustCompile(`,([^ ])`)
)

// flow writes a value as people write it in a policy: without the quotes that
// only JSON needs.
func flow(text string) string {
	text = quotedWord.ReplaceAllString(quotedKey.ReplaceAllString(text, "$1: "), "$1")
	return afterComma.ReplaceAllString(text, ", $1")
}

// written is an entry as it stands in a policy.
func written(entry rule.Attribute) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s:\n  value: %s\n", entry.Rule, flow(entry.Text()))
	fmt.Fprintf(&text, "  clause: {section: %q, says: %q}\n", entry.Clause.Section, entry.Clause.Says)
	return text.String()
}

func condition(when rule.When) string {
	if text := when.String(); text != "" {
		return "where " + text + ": "
	}
	return ""
}

// Lines tells of an attribute in plain lines.
func (a Attribute) Lines() []string {
	lines := []string{a.ID, "  " + a.Says}
	if a.Informative != "" {
		lines = append(lines, "  Nothing decides by it: "+a.Informative)
	}
	lines = append(lines, "  value: "+a.Value.phrase())
	lines = append(lines, a.Value.keyLines("    ")...)
	switch {
	case len(a.When) > 0:
		lines = append(lines, "  when may name: "+strings.Join(broker.Texts(a.When), ", "))
	default:
		lines = append(lines, "  when: the same for everybody and everything")
	}
	lines = append(lines, "  final: by a state, a consortium or a library, for those below")
	for _, standard := range a.Default {
		lines = append(lines, "  default: "+standard)
	}
	lines = append(lines, "  example ("+a.From+"):")
	for line := range strings.Lines(a.Example) {
		lines = append(lines, "    "+strings.TrimRight(line, "\n"))
	}
	return lines
}

// phrase says in one line how a value is written.
func (s Shape) phrase() string {
	text := string(s.Is)
	switch {
	case s.Is == List && s.Of.Is == Keys:
		text = "a list, each with these keys"
	case s.Is == List:
		text = "a list of " + s.Of.words("words")
	case s.Is == Keys:
		text = "these keys"
	case s.Is == Text:
		text = s.words(text)
	}
	if s.All {
		text += ", or all"
	}
	if s.None {
		text += ", or none"
	}
	return text
}

func (s Shape) words(free string) string {
	if len(s.Words) > 0 {
		return strings.Join(s.Words, " | ")
	}
	return free
}

func (s Shape) keyLines(indent string) []string {
	keys := s.Keys
	if s.Is == List {
		keys = s.Of.Keys
	}
	var lines []string
	for _, key := range keys {
		may := ""
		if key.May {
			may = " (may be left out)"
		}
		lines = append(lines, indent+key.Name+": "+key.Shape.phrase()+may+"; "+key.Says)
		lines = append(lines, key.Shape.keyLines(indent+"  ")...)
	}
	return lines
}

// Print writes some attributes, with an empty line between them.
func Print(out io.Writer, all []Attribute) {
	for i, one := range all {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, strings.Join(one.Lines(), "\n"))
	}
}

// Page is the whole reference as a page of documentation.
func Page() (string, error) {
	all, err := All()
	if err != nil {
		return "", err
	}
	var page strings.Builder
	page.WriteString("# Policy reference\n\nEvery attribute that a policy may give. `afield policy reference ATTRIBUTE` prints one, `afield policy example` a small policy to begin from, `afield policy schema` a JSON Schema for editors, and `afield policy check` reads a policy and says what is wrong with it.\n\nThis page is written by `AFIELD_WRITE=1 go test ./broker/policy/reference`.\n")
	group := ""
	for _, one := range sorted(all) {
		if now, _, _ := strings.Cut(one.ID, "."); now != group {
			group = now
			page.WriteString("\n## " + group + "\n")
		}
		page.WriteString("\n```\n" + strings.Join(one.Lines(), "\n") + "\n```\n")
	}
	return page.String(), nil
}

// sorted keeps the attributes of one first word together, in the order in which
// the words first come.
func sorted(all []Attribute) []Attribute {
	var groups []string
	first := func(one Attribute) string { word, _, _ := strings.Cut(one.ID, "."); return word }
	for _, one := range all {
		if !slices.Contains(groups, first(one)) {
			groups = append(groups, first(one))
		}
	}
	together := slices.Clone(all)
	slices.SortStableFunc(together, func(a, b Attribute) int {
		return slices.Index(groups, first(a)) - slices.Index(groups, first(b))
	})
	return together
}
