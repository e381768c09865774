package policy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

func TestAFaultNamesLineAndColumn(t *testing.T) {
	t.Parallel()
	const clause = "    clause: {section: A, says: b}\n"
	tests := map[string]struct{ text, wantWhere, wantMessage string }{
		"unknown key at the top":    {"colour: red\n", "test:7:1", `unknown key "colour"`},
		"unknown attribute":         {"attributes:\n  ill.aktive_limit: 3\n", "test:8:3", `unknown key "ill.aktive_limit"`},
		"unknown key in a value":    {"attributes:\n  shelf.days:\n    value: {days: 10, count: open, extended: true}\n" + clause, "test:9:36", `unknown key "extended"`},
		"text for a number":         {"attributes:\n  holds.limit:\n    value: \"5\"\n" + clause, "test:9:12", "whole number"},
		"fraction for a number":     {"attributes:\n  holds.limit:\n    value: 5.5\n" + clause, "test:9:12", "whole number"},
		"number for a truth":        {"attributes:\n  ill.may_ask:\n    value: 1\n" + clause, "test:9:12", "true or false"},
		"amount without quotes":     {"attributes:\n  ill.fee_consent:\n    value: {ask_above: 5.00}\n" + clause, "test:9:24", "not an amount"},
		"amount with half a cent":   {"attributes:\n  ill.fee_consent:\n    value: {ask_above: \"5.005\"}\n" + clause, "test:9:24", "not an amount"},
		"key given twice":           {"attributes:\n  ill.may_ask:\n    value: true\n    value: false\n" + clause, "test:10:5", "already defined"},
		"operator that cannot be":   {"attributes:\n  blocks.checkout:\n    value: {blocked_when: \"=\", amount: \"5.00\", counts: all}\n" + clause, "test:9:13", "blocked_when"},
		"threshold without kinds":   {"attributes:\n  blocks.checkout:\n    value: {blocked_when: \">\", amount: \"5.00\"}\n" + clause, "test:9:13", "counts"},
		"way out above the way in":  {"attributes:\n  blocks.checkout:\n    value: {blocked_when: \">\", amount: \"5.00\", counts: all, lifted_when: {operator: \"<\", amount: \"6.00\"}}\n" + clause, "test:9:13", "lifted_when"},
		"days counted by nobody":    {"attributes:\n  shelf.days:\n    value: {days: 10, count: working}\n" + clause, "test:9:13", "calendar or open"},
		"no value":                  {"attributes:\n  ill.may_ask:\n" + clause, "test:9:5", "value is missing"},
		"no clause":                 {"attributes:\n  ill.may_ask:\n    value: true\n", "test:9:5", "clause"},
		"role nobody has":           {"attributes:\n  ill.may_ask:\n    value: true\n    override: [king]\n" + clause, "test:10:15", "not a role"},
		"class nobody declared":     {"attributes:\n  ill.may_ask:\n    when: {class: pirate}\n    value: true\n" + clause, "test:9:5", `"pirate"`},
		"not YAML":                  {"attributes: [\n", "test:", ""},
		"two documents in one file": {"---\npolicy: other\n", "test", "exactly one document"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := policy.Parse("test", []byte(policytest.Head+test.text))
			if !broker.IsKind(err, broker.KindInvalid) {
				t.Fatalf("got %v, want an invalid document", err)
			}
			ours, _ := broker.AsError(err)
			if !strings.HasPrefix(ours.Detail, test.wantWhere) || !strings.Contains(ours.Detail, test.wantMessage) {
				t.Errorf("got %q, want it to begin with %q and to say %q", ours.Detail, test.wantWhere, test.wantMessage)
			}
		})
	}
}

func TestTwoEquallySpecificEntriesAreRefused(t *testing.T) {
	t.Parallel()
	_, err := policy.Parse("test", []byte(policytest.Head+`attributes:
  loans.renewals:
    - when: {item: [book, dvd]}
      value: 1
      clause: {section: A, says: once}
    - when: {item: [dvd, toy]}
      value: 2
      clause: {section: B, says: twice}
`))
	if err == nil || !strings.Contains(err.Error(), "equally specific") || !strings.Contains(err.Error(), "test:12:") {
		t.Errorf("a tie gave %v, want a refusal that names line 12", err)
	}
}

func TestTheMostSpecificEntryOfTheNearestDocumentWins(t *testing.T) {
	t.Parallel()
	document := policytest.Parsed(t, `
  fines.overdue:
    - value: {set_by: library, rate: "0.01", cap: none, count: open}
      clause: {section: base, says: base}
    - when: {owner: ill}
      value: {set_by: library, rate: "0.02", cap: none, count: open}
      clause: {section: owner, says: owner}
    - when: {class: plac, item: dvd, audience: child, age: new}
      value: {set_by: library, rate: "0.03", cap: none, count: open}
      clause: {section: all but owner, says: all but owner}
    - when: {item: dvd}
      value: {set_by: library, rate: "0.04", cap: none, count: open}
      clause: {section: item, says: item}
    - when: {audience: child, age: new}
      value: {set_by: library, rate: "0.05", cap: none, count: open}
      clause: {section: audience and age, says: audience and age}
`)
	full := rule.Match{Owner: rule.OwnerILL, Class: "plac", Item: "dvd", Audience: "child", Age: "new"}
	own := full
	own.Owner = rule.OwnerOwn
	tests := map[string]struct {
		match rule.Match
		want  string
	}{
		"nothing named":                          {rule.Match{}, "0.01"},
		"owner outweighs all the rest together":  {full, "0.02"},
		"class, item, audience and age together": {own, "0.03"},
		"item outweighs audience and age":        {rule.Match{Item: "dvd", Audience: "child", Age: "new"}, "0.04"},
		"audience and age":                       {rule.Match{Item: "book", Audience: "child", Age: "new"}, "0.05"},
		"half a condition is no match":           {rule.Match{Item: "book", Audience: "child"}, "0.01"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := costs.ResolveTerms(document, costs.LoanFacts{Match: test.match}).Overdue.Rate.Decimal()
			if got != test.want {
				t.Errorf("rate is %s, want %s", got, test.want)
			}
		})
	}
}

func TestNoneIsAnAnswerAndAbsentIsNot(t *testing.T) {
	t.Parallel()
	// The default document lends with two renewals.
	absent := policytest.Parsed(t, "  holds.limit:\n    value: 5\n    clause: {section: A, says: b}\n")
	none := policytest.Parsed(t, "  loans.renewals:\n    value: none\n    clause: {section: A, says: any number}\n")
	if got := costs.ResolveTerms(absent, costs.LoanFacts{}).Renewals; got != rule.Some(2) {
		t.Errorf("an absent attribute gave %s renewals, want the default's 2", got)
	}
	if got := costs.ResolveTerms(none, costs.LoanFacts{}).Renewals; got.Is {
		t.Errorf("none gave %s renewals, want none", got)
	}
}

func TestTheVersionFollowsTheContentOnly(t *testing.T) {
	t.Parallel()
	five := "  holds.limit:\n    value: 5\n    clause: {section: A, says: b}\n"
	first := policytest.Parsed(t, five)
	if again := policytest.Parsed(t, "# a remark\n"+five); again.Version() != first.Version() {
		t.Error("a remark changed the version")
	}
	if other := policytest.Parsed(t, strings.Replace(five, "5", "6", 1)); other.Version() == first.Version() {
		t.Error("another value kept the version")
	}
}

func TestAnAttributeSaysWhichDocumentItComesFrom(t *testing.T) {
	t.Parallel()
	document := policytest.Parsed(t, "  holds.limit:\n    value: 5\n    clause: {section: A, says: b}\n")
	from := map[string]string{}
	for _, attribute := range document.Attributes() {
		from[attribute.Rule] += attribute.From + ";"
	}
	if from["holds.limit"] != "test;" {
		t.Errorf("holds.limit comes from %q, want the document alone", from["holds.limit"])
	}
	if from["holds.formats"] != "default;" {
		t.Errorf("holds.formats comes from %q, want the default document", from["holds.formats"])
	}
}

func TestAttributesCanBeWrittenAsJSON(t *testing.T) {
	t.Parallel()
	document, err := policy.Preset("perth")
	if err != nil {
		t.Fatal(err)
	}
	for _, attribute := range document.Attributes() {
		if attribute.Rule != "blocks.checkout" || !attribute.When.IsZero() {
			continue
		}
		got, err := json.Marshal(attribute.Value)
		want := `{"blocked_when":"\u003e","amount":"20.00","counts":"all","lifted_when":{"operator":"\u003c=","amount":"0.00"}}`
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
		return
	}
	t.Error("Perth has no blocks.checkout")
}

func TestEveryMistakeIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := policy.Parse("test", []byte(policytest.Head+`attributes:
  shelf.day:
    value: {days: 7, count: open}
    clause: {section: A, says: b}
  shelf.days:
    value: {days: seven, count: open, extended: true}
    clause: {section: A, says: b}
  loans.type_limit:
    - when: {item: dvd, itm: book}
      value: 3
      clause: {section: A, says: b}
    - value: -1
      clause: {section: A, says: b}
`))
	ours, known := broker.AsError(err)
	if !known {
		t.Fatalf("got %v, want an invalid document", err)
	}
	want := []string{
		`test:8:3: unknown key "shelf.day"; did you mean "shelf.days"?`,
		`test:12:19: must be a whole number, not "seven"`,
		`test:12:39: unknown key "extended"; did you mean "extend"?; known here: count, days, extend`,
		`test:15:25: unknown key "itm"; did you mean "item"?; known here: `,
		`test:18:14: must be none, or a number from 0 up`,
	}
	if len(ours.Fields) != len(want) {
		t.Fatalf("got %d mistakes, want %d:\n%s", len(ours.Fields), len(want), strings.ReplaceAll(ours.Detail, "; test:", "\ntest:"))
	}
	for i, field := range ours.Fields {
		if !strings.HasPrefix(field.Message, want[i]) {
			t.Errorf("got %q, want it to begin with %q", field.Message, want[i])
		}
	}
}

func TestWhatTheHeadGetsWrongIsNamedWhereItStands(t *testing.T) {
	t.Parallel()
	const begins = "policy: ours\ntitle: Ours\ndocument: Our rules\n"
	tests := map[string]struct{ head, want string }{
		"a name that nothing has": {"inherits: westchestr\n", `test:4:1: inherits "westchestr", which is neither a policy beside this one nor one that ships; did you mean "westchester"?`},
		"beside, not below":       {"inherits: westchester\n", "test:4:1: a library document cannot inherit from westchester, which is a library document; write level: branch"},
		"a zone nobody lives in":  {"inherits: westchester\nlevel: branch\nzone: America/Chicgo\n", `test:6:1: zone "America/Chicgo" is not a time zone`},
		"a currency nobody has":   {"inherits: westchester\nlevel: branch\ncurrency: dollars\n", `test:6:1: currency "dollars" is not a currency code`},
		"a level there is not":    {"inherits: westchester\nlevel: desk\n", `test:5:1: level is "desk"; it must be one of`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := policy.Parse("test", []byte(begins+test.head))
			if ours, known := broker.AsError(err); !known || !strings.HasPrefix(ours.Detail, test.want) {
				t.Errorf("got %v, want it to begin with %q", err, test.want)
			}
		})
	}
}
