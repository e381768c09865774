package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

// document writes a policy file: its head, and attributes as ids and entries.
func document(name, level, inherits string, rules ...string) []byte {
	text := fmt.Sprintf("policy: %s\nlevel: %s\ninherits: %s\ntitle: T\ndocument: D\nplace: US-IN\nattributes:\n", name, level, inherits)
	for i := 0; i < len(rules); i += 2 {
		text += "  " + rules[i] + ": " + rules[i+1] + "\n"
	}
	if len(rules) == 0 {
		text = strings.TrimSuffix(text, "\n") + " {}\n"
	}
	return []byte(text)
}

func entry(value string) string {
	return "{value: " + value + ", clause: {section: A, says: b}}"
}

func finalEntry(value string) string {
	return "{final: true, value: " + value + ", clause: {section: A, says: b}}"
}

// line is a state, a consortium, a library and a branch that say different
// things about limits.
func line() map[string][]byte {
	return map[string][]byte{
		"the-state":   document("the-state", "state", "default", "holds.limit", entry("10"), "loans.total_limit", entry("50"), "loans.renewals", finalEntry("1")),
		"the-group":   document("the-group", "consortium", "the-state", "holds.limit", "[{when: {class: minor}, value: 3, clause: {section: A, says: b}}]"),
		"the-library": document("the-library", "library", "the-group", "loans.total_limit", entry("none")),
		"the-branch":  document("the-branch", "branch", "the-library", "holds.limit", entry("2")),
	}
}

func finder(files map[string][]byte) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if text, found := files[name]; found {
			return text, nil
		}
		return policy.PresetText(name)
	}
}

func under(t *testing.T, files map[string][]byte, name string) *policy.Document {
	t.Helper()
	read, err := policy.ParseUnder(name, files[name], finder(files))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// comesFrom gives an attribute's value after the document it comes from.
func comesFrom(t *testing.T, document *policy.Document, rule string, m rule.Match) string {
	t.Helper()
	steps, err := document.WhereFrom(rule, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if step.Decides {
			return step.Policy + " " + step.Entry.Text()
		}
	}
	t.Fatalf("nothing decides %s", rule)
	return ""
}

func TestTheNearestLevelWithAMatchingEntryWins(t *testing.T) {
	t.Parallel()
	files := line()
	minor, adult := rule.Match{Class: "minor"}, rule.Match{Class: "adult"}
	tests := []struct {
		document, rule string
		match          rule.Match
		want           string
	}{
		{"the-state", "holds.limit", minor, "the-state 10"},
		{"the-group", "holds.limit", minor, "the-group 3"},
		{"the-group", "holds.limit", adult, "the-state 10"},
		{"the-library", "holds.limit", minor, "the-group 3"},
		{"the-branch", "holds.limit", minor, "the-branch 2"}, // nearer, though less specific
		{"the-branch", "holds.limit", adult, "the-branch 2"},
		{"the-library", "loans.total_limit", adult, `the-library "none"`}, // none is an answer
		{"the-group", "loans.total_limit", adult, "the-state 50"},         // absent is not
		{"the-branch", "loans.renewals", adult, "the-state 1"},
		{"the-branch", "ill.queue_order", adult, `default "first_requested"`},
	}
	for _, test := range tests {
		policytest.MustBe(t, test.document+" "+test.rule, comesFrom(t, under(t, files, test.document), test.rule, test.match), test.want)
	}
	if _, err := under(t, files, "the-branch").WhereFrom("holds.colour", adult); !broker.IsKind(err, broker.KindNotFound) {
		t.Errorf("an unknown attribute gave %v, want not found", err)
	}
}

func TestALineThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text []byte
		says string
	}{
		"an entry for what is final above": {document("new", "library", "the-state", "loans.renewals", entry("3")), "new:8:20: loans.renewals is final in the-state"},
		"a state under a library":          {document("new", "state", "the-library"), "cannot inherit from the-library"},
		"a library under a library":        {document("new", "library", "the-library"), "cannot inherit from the-library"},
		"a document nobody has":            {document("new", "library", "atlantis"), "atlantis"},
		"a level that is none":             {document("new", "county", "default"), "level"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := policy.ParseUnder("new", test.text, finder(line()))
			if !broker.IsKind(err, broker.KindInvalid) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want it invalid and to say %q", err, test.says)
			}
		})
	}
}

func TestAPublishedVersionNeverChangesAndRulesFromItsDay(t *testing.T) {
	t.Parallel()
	today := broker.MustDate("2026-03-02")
	register := policy.NewRegister()
	publish := func(text []byte, effective string) error {
		next, _, err := register.Publish(text, broker.MustDate(effective), today)
		register = next
		return err
	}
	for _, step := range []struct{ limit, effective string }{{"5", "2026-03-02"}, {"7", "2026-06-01"}, {"6", "2026-04-01"}} {
		if err := publish(document("ours", "library", "default", "holds.limit", entry(step.limit)), step.effective); err != nil {
			t.Fatal(err)
		}
	}
	for day, want := range map[string]string{"2026-03-02": "5", "2026-03-31": "5", "2026-04-01": "6", "2026-05-31": "6", "2026-06-01": "7", "2027-01-01": "7"} {
		document, err := register.On("ours", broker.MustDate(day))
		if err != nil {
			t.Fatal(err)
		}
		policytest.MustBe(t, "limit on "+day, comesFrom(t, document, "holds.limit", rule.Match{}), "ours "+want)
	}
	if _, err := register.On("ours", broker.MustDate("2026-03-01")); !broker.IsKind(err, broker.KindNotFound) {
		t.Errorf("before its first day: %v, want not found", err)
	}
	policytest.MustBe(t, "versions", len(register.Versions("ours")), 3)
	if err := publish(document("ours", "library", "default"), "2026-03-01"); !broker.IsKind(err, broker.KindConflict) {
		t.Errorf("a policy in the past gave %v, want a conflict", err)
	}
	if err := publish(document("ours", "library", "default"), "2026-04-01"); !broker.IsKind(err, broker.KindConflict) {
		t.Errorf("a second version of one day gave %v, want a conflict", err)
	}
}

func TestALastWordSaidLaterWinsFromItsDay(t *testing.T) {
	t.Parallel()
	today := broker.MustDate("2026-03-02")
	register := policy.NewRegister()
	for _, step := range []struct {
		text      []byte
		effective string
	}{
		{document("our-state", "state", "default"), "2026-03-02"},
		{document("ours", "library", "our-state", "holds.limit", entry("9")), "2026-03-02"},
		{document("our-state", "state", "default", "holds.limit", finalEntry("4")), "2026-04-01"},
	} {
		next, _, err := register.Publish(step.text, broker.MustDate(step.effective), today)
		if err != nil {
			t.Fatal(err)
		}
		register = next
	}
	for day, want := range map[string]string{"2026-03-31": "ours 9", "2026-04-01": "our-state 4"} {
		document, err := register.On("ours", broker.MustDate(day))
		if err != nil {
			t.Fatal(err)
		}
		policytest.MustBe(t, "on "+day, comesFrom(t, document, "holds.limit", rule.Match{}), want)
	}
	// From then on the library cannot publish an entry of its own for it.
	_, _, err := register.Publish(document("ours", "library", "our-state", "holds.limit", entry("9")), broker.MustDate("2026-05-01"), today)
	if !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("an entry for what is final gave %v, want it invalid", err)
	}
}

func TestAVersionThatBreaksTheOnesBelowIsRefused(t *testing.T) {
	t.Parallel()
	today := broker.MustDate("2026-03-02")
	above := []byte("policy: our-state\nlevel: state\ntitle: T\ndocument: D\nplace: US-IN\nclasses: [angler]\nattributes: {}\n")
	register, _, err := policy.NewRegister().Publish(above, today, today)
	if err != nil {
		t.Fatal(err)
	}
	below := document("ours", "library", "our-state", "holds.limit", "[{when: {class: angler}, value: 1, clause: {section: A, says: b}}]")
	if register, _, err = register.Publish(below, today, today); err != nil {
		t.Fatal(err)
	}
	_, _, err = register.Publish(document("our-state", "state", "default"), broker.MustDate("2026-04-01"), today)
	if err == nil || !strings.Contains(err.Error(), "ours would no longer be readable") {
		t.Errorf("taking away a class that is used gave %v, want it refused", err)
	}
}

func TestDiffListsWhatDiffersAndNothingElse(t *testing.T) {
	t.Parallel()
	old, now := policytest.Parsed(t, "  holds.limit: "+entry("5")+"\n  loans.renewals: "+entry("2")+"\n"),
		policytest.Parsed(t, "  holds.limit: "+entry("none")+"\n  loans.renewals: {value: 2, clause: {section: Z, says: other words}}\n")
	differences := policy.Diff(old, now)
	if len(differences) != 1 || differences[0].Rule != "holds.limit" || differences[0].Old.Text() != "5" || differences[0].New.Text() != `"none"` {
		t.Errorf("got %+v, want the hold limit alone, 5 and none", differences)
	}
	policytest.MustBe(t, "with itself", len(policy.Diff(old, old)), 0)
}

func TestAPatronsAgeIsADimensionOfItsOwn(t *testing.T) {
	t.Parallel()
	library := policytest.Parsed(t, `
  loans.total_limit:
    - value: 25
      clause: {section: A, says: adults}
    - when: {patron_age: {under: 14}}
      value: 5
      clause: {section: B, says: children}
    - when: {patron_age: {from: 14, under: 18}}
      value: 10
      clause: {section: C, says: teens}
`)
	for age, want := range map[int]string{0: "5", 13: "5", 14: "10", 17: "10", 18: "25"} {
		policytest.MustBe(t, fmt.Sprint("aged ", age), comesFrom(t, library, "loans.total_limit", rule.Match{PatronAge: rule.Some(age)}), "test "+want)
	}
	policytest.MustBe(t, "age unknown", comesFrom(t, library, "loans.total_limit", rule.Match{}), "test 25")
	_, err := policy.Parse("test", []byte(policytest.Head+`attributes:
  loans.total_limit:
    - when: {patron_age: {under: 14}}
      value: 5
      clause: {section: B, says: children}
    - when: {patron_age: {from: 13}}
      value: 10
      clause: {section: C, says: teens}
`))
	if err == nil || !strings.Contains(err.Error(), "test:12:") {
		t.Errorf("ages that overlap gave %v, want a refusal that names line 12", err)
	}
}
