package scenario

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

	policyAt Position
	given    given
	steps    []step
	used     []use // words that only the policy knows
}

// step is one thing done, and what must come of it.
type step struct {
	values
	does   string
	when   local
	timed  bool
	expect values
	order  []string // the words of expect, as written
}

// given is the state of things before the first step.
type given struct {
	values
	patrons, items, libraries, branches named
	loans, holds                        []values
}

// named are things by their name, in the order written.
type named struct {
	names []string
	of    map[string]values
}

func (n named) each(visit func(name string, of values) error) error {
	for _, name := range n.names {
		if err := visit(name, n.of[name]); err != nil {
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

// readScenarios reads the scenarios of a file strictly: a word that is not known, a value
// of the wrong type or a name that nothing has is a mistake with its line and
// column. Every mistake is given, as Mistakes.
func readScenarios(file string, text []byte, vocabulary Vocabulary) ([]*Scenario, error) {
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

// rawKind hands a value on to be read later.
var rawKind = kind{"words with their values", func(n node) any { return n }}

func documentFields() []field {
	return []field{
		{word: "scenario", kind: textKind, must: true, says: "What the scenario shows, in a line."},
		{word: "case", kind: listOf(textKind), says: "Ids of cases it proves."},
		{word: "rules", kind: listOf(textKind), says: "Ids of rules it shows."},
		{word: "source", kind: textKind, says: "Where the expectation comes from, in your words."},
		{word: "library", kind: textKind, must: true, says: "A policy that ships (westchester), or the path of a policy file, beside this file."},
		{word: "given", kind: rawKind, says: "How things stand before the first step."},
		{word: "steps", kind: rawKind, must: true, says: "What happens, in order."},
	}
}

func (r *reader) scenario(n node) *Scenario {
	head := readFields(n, "a scenario", documentFields())
	s := &Scenario{
		Name: head.text("scenario"), Cases: head.texts("case"), Rules: head.texts("rules"),
		Library: head.text("library"), At: head.at, policyAt: head.placeOf("library"),
	}
	r.define("branch", mainBranch)
	if given, ok := head.read["given"].(node); ok {
		s.given = r.given(given)
	}
	if steps, ok := head.read["steps"].(node); ok {
		for _, value := range steps.list() {
			s.steps = append(s.steps, r.step(value))
		}
		if len(s.steps) == 0 {
			steps.wrong("a scenario has at least one step")
		} else if first := s.steps[0]; !first.timed && first.values.at.Line > 0 { // else it was wrong otherwise
			r.mistakes = append(r.mistakes, Mistake{first.values.at, "the first step needs \"at\": " + momentKind.written})
		}
	}
	r.checkTimes(s.steps)
	s.used = slices.DeleteFunc(slices.Clone(r.used), func(u use) bool { return u.what != wordClass && u.what != wordType })
	r.used = slices.DeleteFunc(r.used, func(u use) bool { return u.what == wordClass || u.what == wordType })
	r.named["desk"] = append(slices.Clone(r.named["branch"]), r.named["library"]...)
	r.checkNames()
	return s
}

func (r *reader) checkTimes(steps []step) {
	for i := 1; i < len(steps); i++ {
		if !steps[i].timed {
			steps[i].when = steps[i-1].when
		}
		if steps[i].when.at.Before(steps[i-1].when.at) {
			r.mistakes = append(r.mistakes, Mistake{
				steps[i].placeOf("at"),
				"steps happen one after the other; this one is before the step above it",
			})
		}
	}
}

func (r *reader) given(n node) given {
	g := given{values: readFields(n, "given", givenFields())}
	g.branches = r.things(g.values, "branches", "branch", branchFields())
	g.libraries = r.things(g.values, "libraries", "library", libraryFields())
	g.patrons = r.things(g.values, "patrons", "patron", patronFields())
	g.items = r.things(g.values, "items", "item", itemFields())
	g.loans = r.list(g.values, "loans", "a loan", loanFields())
	g.holds = r.list(g.values, "holds", "a hold", holdFields())
	return g
}

// things reads names with what each is. A list of names is enough where nothing
// is to be said of them.
func (r *reader) things(of values, word, what string, fields []field) named {
	found := named{of: map[string]values{}}
	n, ok := of.read[word].(node)
	if !ok {
		return found
	}
	for _, entry := range n.entries("names with what each " + what + " is") {
		name := entry.key.raw()
		r.define(what, name)
		found.names = append(found.names, name)
		found.of[name] = readFields(entry.value, fmt.Sprintf("%s %q", what, name), fields)
		if found.of[name].flag("ill") {
			r.define("request", name)
		}
	}
	return found
}

func (r *reader) list(of values, word, what string, fields []field) []values {
	n, ok := of.read[word].(node)
	if !ok {
		return nil
	}
	var found []values
	for _, value := range n.list() {
		found = append(found, readFields(value, what, fields))
	}
	return found
}

// everyStep are the words any step may have.
func everyStep() []field {
	return []field{
		{word: "at", kind: momentKind, says: "When. Left out, at the same moment as the step above."},
		{word: "do", kind: textKind, must: true, says: "What is done: one of the words below."},
		{word: "by", kind: oneOf("desk", "ill", "director", "patron", "system"), says: "Who does it: staff of the desk (when left out), of interlibrary loan, the director, the patron in person, or Afield itself."},
		{word: "desk", kind: nameOf("desk"), says: "At which branch, or at which other library of the catalogue."},
		{word: "over", kind: listOf(textKind), says: "Codes of refusals to pass over, where the role of \"by\" may."},
		{word: "reason", kind: textKind, says: "Why, where a reason is asked."},
		{word: "expect", kind: rawKind, says: "What must come of it."},
	}
}

func (r *reader) step(n node) step {
	var found step
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
		found.does = acts[i].Word
		fields = append(fields, acts[i].Fields...)
	} else if slices.ContainsFunc(n.entries("a step"), func(e entry) bool { return e.key.raw() == "do" }) {
		return found // its words cannot be judged
	}
	what := "a step"
	if found.does != "" {
		what = "do: " + found.does
	}
	found.values = readFields(n, what, fields)
	found.when, found.timed = found.read["at"].(local)
	if expect, ok := found.read["expect"].(node); ok {
		found.expect = readFields(expect, "expect", r.vocabulary.Expects)
		for _, entry := range expect.entries("expect") {
			found.order = append(found.order, entry.key.raw())
		}
	}
	return found
}

// policyWords finds words of the scenario that its policy does not know.
func (s *Scenario) policyWords(classes, types []string) error {
	var wrong Mistakes
	for _, use := range s.used {
		known, what := classes, "class of patron"
		if use.what == wordType {
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

// asMistakes gives the mistakes in an error, if it is made of them.
func asMistakes(err error) (Mistakes, bool) {
	var mistakes Mistakes
	if errors.As(err, &mistakes) {
		return mistakes, true
	}
	if ours, ok := broker.AsError(err); ok && ours.Code == "policy_document" {
		return Mistakes{{Position{}, ours.Detail}}, true
	}
	return nil, false
}
