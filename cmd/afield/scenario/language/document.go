package language

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"afield/broker"
)

// Scenario is one story: what is given, what happens, and what must come of it.
type Scenario struct {
	Name string
	// Cases and Rules are ids of the cases and rules it shows, in lists kept
	// elsewhere.
	Cases, Rules []string
	// Library is a policy that ships, or a policy file.
	Library string
	// At is where it begins.
	At Position

	PolicyAt Position
	Given    given
	Steps    []Step
	used     []use // words that only the policy knows
}

// Step is one thing done, and what must come of it.
type Step struct {
	Values
	Does   string
	When   Local
	timed  bool
	Expect Values
	Order  []string // the words of expect, as written
}

// given is the state of things before the first step.
type given struct {
	Values
	Patrons, Items, Libraries, Branches Named
	Loans, Holds                        []Values
}

// Named are things by name, in the order written.
type Named struct {
	Names []string
	Of    map[string]Values
}

// Each visits them in the order written, until one fails.
func (n Named) Each(visit func(name string, of Values) error) error {
	for _, name := range n.Names {
		if err := visit(name, n.Of[name]); err != nil {
			return err
		}
	}
	return nil
}

// Mistakes are everything that is wrong in a file.
type Mistakes []Mistake

// Error gives one line for each.
func (m Mistakes) Error() string {
	lines := make([]string, 0, len(m))
	for _, mistake := range m {
		lines = append(lines, mistake.Error())
	}
	return strings.Join(lines, "\n")
}

// Read reads the scenarios of a file strictly: a word that is not known, a value
// of the wrong type or a name that nothing has is a mistake with its line and
// column. Every mistake is given, as Mistakes.
func Read(file string, text []byte, vocabulary Vocabulary) ([]*Scenario, error) {
	r := &reader{file: file, vocabulary: vocabulary}
	var scenarios []*Scenario
	for _, document := range r.parse(text) {
		r.named, r.used = map[string][]string{}, nil
		scenarios = append(scenarios, r.scenario(document))
	}
	if len(r.mistakes) > 0 {
		return nil, Mistakes(r.mistakes)
	}
	if len(scenarios) == 0 {
		return nil, Mistakes{{Position{file, 1, 1}, "the file holds no scenario"}}
	}
	return scenarios, nil
}

// rawKind keeps a value to be read later.
var rawKind = Kind{"words with their values", func(n node) any { return n }}

func documentFields() []Field {
	return []Field{
		{Word: "scenario", Kind: Text, Must: true, Says: "What the scenario shows, in a line."},
		{Word: "case", Kind: ListOf(Text), Says: "Ids of cases it proves."},
		{Word: "rules", Kind: ListOf(Text), Says: "Ids of rules it shows."},
		{Word: "source", Kind: Text, Says: "Where the expectation comes from, in your words."},
		{Word: "library", Kind: Text, Must: true, Says: "A policy that ships (westchester), or the path of a policy file, beside this file."},
		{Word: "given", Kind: rawKind, Says: "How things stand before the first step."},
		{Word: "steps", Kind: rawKind, Must: true, Says: "What happens, in order."},
	}
}

func (r *reader) scenario(n node) *Scenario {
	head := readFields(n, "a scenario", documentFields())
	s := &Scenario{
		Name: head.Text("scenario"), Cases: head.Texts("case"), Rules: head.Texts("rules"),
		Library: head.Text("library"), At: head.At, PolicyAt: head.PlaceOf("library"),
	}
	r.define("branch", MainBranch)
	if given, ok := head.read["given"].(node); ok {
		s.Given = r.given(given)
	}
	if steps, ok := head.read["steps"].(node); ok {
		for _, value := range steps.list() {
			s.Steps = append(s.Steps, r.step(value))
		}
		if len(s.Steps) == 0 {
			steps.wrong("a scenario has at least one step")
		} else if first := s.Steps[0]; !first.timed && first.Values.At.Line > 0 { // otherwise the mistake is already reported
			r.mistakes = append(r.mistakes, Mistake{first.Values.At, "the first step needs \"at\": " + Moment.Written})
		}
	}
	r.checkTimes(s.Steps)
	s.used = slices.DeleteFunc(slices.Clone(r.used), func(u use) bool { return u.what != WordClass && u.what != WordType })
	r.used = slices.DeleteFunc(r.used, func(u use) bool { return u.what == WordClass || u.what == WordType })
	r.named["desk"] = append(slices.Clone(r.named["branch"]), r.named["library"]...)
	r.checkNames()
	return s
}

func (r *reader) checkTimes(steps []Step) {
	for i := 1; i < len(steps); i++ {
		if !steps[i].timed {
			steps[i].When = steps[i-1].When
		}
		if steps[i].When.at.Before(steps[i-1].When.at) {
			r.mistakes = append(r.mistakes, Mistake{
				steps[i].PlaceOf("at"),
				"steps happen one after the other; this one is before the step above it",
			})
		}
	}
}

func (r *reader) given(n node) given {
	g := given{Values: readFields(n, "given", givenFields())}
	g.Branches = r.things(g.Values, "branches", "branch", branchFields())
	g.Libraries = r.things(g.Values, "libraries", "library", libraryFields())
	g.Patrons = r.things(g.Values, "patrons", "patron", patronFields())
	g.Items = r.things(g.Values, "items", "item", itemFields())
	g.Loans = r.list(g.Values, "loans", "a loan", loanFields())
	g.Holds = r.list(g.Values, "holds", "a hold", holdFields())
	return g
}

// things reads names with what each is. A list of names is enough where there
// is nothing to say about them.
func (r *reader) things(of Values, word, what string, fields []Field) Named {
	found := Named{Of: map[string]Values{}}
	n, ok := of.read[word].(node)
	if !ok {
		return found
	}
	for _, entry := range n.entries("names with what each " + what + " is") {
		name := entry.key.raw()
		r.define(what, name)
		found.Names = append(found.Names, name)
		found.Of[name] = readFields(entry.value, fmt.Sprintf("%s %q", what, name), fields)
		if found.Of[name].Flag("ill") {
			r.define("request", name)
		}
	}
	return found
}

func (r *reader) list(of Values, word, what string, fields []Field) []Values {
	n, ok := of.read[word].(node)
	if !ok {
		return nil
	}
	var found []Values
	for _, value := range n.list() {
		found = append(found, readFields(value, what, fields))
	}
	return found
}

// everyStep are the words any step may have.
func everyStep() []Field {
	return []Field{
		{Word: "at", Kind: Moment, Says: "When. Left out, at the same moment as the step above."},
		{Word: "do", Kind: Text, Must: true, Says: "What is done: one of the words below."},
		{Word: "by", Kind: OneOf("desk", "ill", "director", "patron", "system"), Says: "Who does it: staff of the desk (when left out), of interlibrary loan, the director, the patron in person, or Afield itself."},
		{Word: "desk", Kind: NameOf("desk"), Says: "At which branch, or at which other library of the catalogue."},
		{Word: "over", Kind: ListOf(Text), Says: "Codes of refusals to pass over, where the role of \"by\" may."},
		{Word: "reason", Kind: Text, Says: "Why, where a reason is asked."},
		{Word: "expect", Kind: rawKind, Says: "What must come of it."},
	}
}

func (r *reader) step(n node) Step {
	var found Step
	acts := r.vocabulary.Acts
	i := -1
	for _, entry := range n.entries("a step: words with their values") {
		if entry.key.raw() != "do" {
			continue
		}
		word := entry.value.raw()
		if i = slices.IndexFunc(acts, func(a Act) bool { return a.Word == word }); i < 0 {
			words := make([]string, 0, len(acts))
			for _, act := range acts {
				words = append(words, act.Word)
			}
			if near := broker.Nearest(word, words); near != "" {
				entry.value.wrong("nothing does %q; did you mean %q?", word, near)
			} else {
				entry.value.wrong("nothing does %q; there are %s", word, strings.Join(words, ", "))
			}
		}
	}
	fields := everyStep()
	if i >= 0 {
		found.Does = acts[i].Word
		fields = append(fields, acts[i].Fields...)
	} else if slices.ContainsFunc(n.entries("a step"), func(e entry) bool { return e.key.raw() == "do" }) {
		return found // its words cannot be checked
	}
	what := "a step"
	if found.Does != "" {
		what = "do: " + found.Does
	}
	found.Values = readFields(n, what, fields)
	found.When, found.timed = found.read["at"].(Local)
	if expect, ok := found.read["expect"].(node); ok {
		found.Expect = readFields(expect, "expect", r.vocabulary.Expects)
		for _, entry := range expect.entries("expect") {
			found.Order = append(found.Order, entry.key.raw())
		}
	}
	return found
}

// PolicyWords finds words of the scenario that its policy does not know.
func (s *Scenario) PolicyWords(classes, types []string) error {
	var wrong Mistakes
	for _, use := range s.used {
		known, what := classes, "class of patron"
		if use.what == WordType {
			known, what = types, "type of material"
		}
		if slices.Contains(known, use.name) {
			continue
		}
		message := fmt.Sprintf("the policy knows no %s %q", what, use.name)
		if near := broker.Nearest(use.name, known); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		} else {
			message += "; it knows " + strings.Join(known, ", ")
		}
		wrong = append(wrong, Mistake{use.at, message})
	}
	if wrong != nil {
		return wrong
	}
	return nil
}

// AsMistakes gives the mistakes in an error, if it has any.
func AsMistakes(err error) (Mistakes, bool) {
	var mistakes Mistakes
	if errors.As(err, &mistakes) {
		return mistakes, true
	}
	if ours, ok := broker.AsError(err); ok && ours.Code == "policy_document" {
		return Mistakes{{Position{}, ours.Detail}}, true
	}
	return nil, false
}
