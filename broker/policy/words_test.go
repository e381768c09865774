package policy_test

import (
	"strings"
	"testing"

	"afield/broker/policy"
	"afield/broker/policy/policytest"
)

// What is written and would have no effect is refused, with what would be right.
func TestWhatWouldHaveNoEffectIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ attribute, value, when, want string }{
		"a kind of charge":      {"blocks.checkout", `{blocked_when: ">", amount: "5.00", counts: [overdues]}`, "", `did you mean "overdue"`},
		"a type of material":    {"holds.formats", "[books]", "", `did you mean "book"`},
		"a type in a group":     {"loans.group_limits", "[{name: films, items: [dvds], max: 2}]", "", `did you mean "dvd"`},
		"a type on a card":      {"cards.may_borrow", "{items: all, except: [dvds], owners: all}", "", `did you mean "dvd"`},
		"who sets a period":     {"loans.period_set_by", "lenders", "", `did you mean "lender"`},
		"an owner":              {"cards.may_borrow", "{items: all, owners: [ours]}", "", `"ours" is not a owner`},
		"a state of a request":  {"ill.active_limit", "{max: 3, states: [active]}", "", `"active" is not a state of a request`},
		"a state of a copy":     {"holds.states", "[on_shelf]", "", `"on_shelf" is not a state of a copy`},
		"a country":             {"ill.lender_places", "[Narnia]", "", `"Narnia" is not a place`},
		"a state":               {"ill.lender_places", "[US-ZZ]", "", `"US-ZZ" is not a state or province of US`},
		"a country that is not": {"fees.fax", `{first_pages: 1, first: "1.00", each_more: "1.00", within: XQ}`, "", "XQ is none"},
		"days left out":         {"shelf.days", "{count: open}", "", "days is missing"},
		"a key in a list":       {"loans.group_limits", "[{name: films, items: [dvd]}]", "", "max is missing"},
		"a key of a key":        {"lost.price", `{replaced: {basis: list}, not_replaced: {basis: list, processing: "0.00"}}`, "", "processing is missing"},
		"unlimited":             {"holds.limit", "unlimited", "", `"unlimited" is written none`},
		"unlimited in a key":    {"ill.active_limit", "{max: unlimited, states: [submitted]}", "", `"unlimited" is written none`},
		"nothing":               {"holds.limit", "", "", "write none"},
		"a fact never asked":    {"deadlines.ship", "{days: 3, count: open}", "{class: minor}", "the same for everybody"},
		"an item for a person":  {"cards.validity", "{months: 3}", "{item: dvd}", "it may name class or patron_age"},
		"a latch by the item":   {"blocks.checkout", `{blocked_when: ">", amount: "5.00", counts: all, lifted_when: {operator: "<=", amount: "0.00"}}`, "{item: dvd}", "not item"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			when := test.when
			if when == "" {
				when = "{}"
			}
			text := policytest.Head + "attributes:\n  " + test.attribute + ":\n    when: " + when + "\n    value: " + test.value + "\n    clause: {section: A, says: b}\n"
			_, err := policy.Parse("test", []byte(text))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "test:") {
				t.Errorf("got %v, want it to say %q and where", err, test.want)
			}
		})
	}
}

// A head is checked as strictly as a value.
func TestAHeadNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	const head = "policy: ours\ntitle: Ours\ndocument: Rules\n"
	for line, want := range map[string]string{
		"currency: XXQ": "is not a currency code", "currency: eur": "is not a currency code",
		"place: Narnia": "is not a place", "place: US-XX": "is not a state or province of US", "zone: Mars": "is not a time zone",
	} {
		if _, err := policy.Parse("test", []byte(head+line+"\nattributes: {}\n")); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "test:4:") {
			t.Errorf("%s gave %v", line, err)
		}
	}
	for _, line := range []string{"currency: EUR\nplace: DE-HE", "currency: GBP\nplace: GB-KEN", "currency: JPY\nplace: JP-13", "currency: KWD\nplace: KW"} {
		if _, err := policy.Parse("test", []byte(head+line+"\nattributes: {}\n")); err != nil {
			t.Errorf("%s gave %v", line, err)
		}
	}
}

// What was published before a word was checked still rules.
func TestAPublishedPolicyStaysReadable(t *testing.T) {
	t.Parallel()
	text := policytest.Head + "attributes:\n  holds.formats:\n    value: [books]\n    clause: {section: A, says: b}\n  deadlines.ship:\n    when: {class: minor}\n    value: {days: 3}\n    clause: {section: A, says: b}\n"
	register := policy.NewRegister(policy.Published{Policy: "test", Number: 1, Text: []byte(strings.Replace(text, "{days: 3}", "{days: 3, count: open}", 1))})
	if _, err := register.On("test", dueOn); err != nil {
		t.Error(err)
	}
	if _, err := policy.Parse("test", []byte(text)); err == nil {
		t.Error("the same is published anew")
	}
}
