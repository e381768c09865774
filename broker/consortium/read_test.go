package consortium_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"afield/broker/consortium"
)

func around() consortium.Surroundings {
	return consortium.Surroundings{Now: time.Date(2026, 9, 1, 15, 0, 0, 0, time.UTC), Protocols: []string{"partner", "iso18626"}}
}

// mistakes of a file in an empty database, as an editor would list them.
func mistakes(t *testing.T, text string) string {
	t.Helper()
	_, wrong := consortium.NewPlan(consortium.Read([]byte(text), nil), consortium.Nothing(), around())
	var lines []string
	for _, one := range wrong {
		lines = append(lines, one.String())
	}
	return strings.Join(lines, "\n")
}

func TestTheExampleHasNoMistakes(t *testing.T) {
	t.Parallel()
	if wrong := mistakes(t, consortium.Example()); wrong != "" {
		t.Errorf("the example has mistakes:\n%s", wrong)
	}
}

// Each mistake is put into the example, one at a time, and all at once.
func TestEveryMistakeIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		old, with, want string
		// below is how many lines further down it shows that the word is wrong.
		below int
	}{
		{"is: by hand\n", "is: partner\n    reached: {by: partner, url: \"https://ill.example.org\", edition: \"1.2\"}\n", "is for libraries reached by iso18626", 1},
		{"is: by hand\n", "is: partner\n    reached: {by: iso18626, url: \"https://ill.example.org\", edition: \"1999\"}\n", "must be one of 1.2, 2021", 1},
		{"is: by hand\n", "is: partner\n    reached: {by: iso18626, url: \"https://ill.example.org\", dialect: allma}\n", "alma", 1},
		{"is: member              #", "is: membre              #", `must be one of member, partner, by hand, not "membre"; did you mean "member"?`, 0},
		{"status: active ", "stattus: active ", `unknown key "stattus"; did you mean "status"?`, 0},
		{"zone: America/New_York  # the", "zone: America/New_Yorck  # the", "a time zone is written America/Chicago", 0},
		{"latitude: 44.18", "latitude: 144.18", "must lie between -90 and 90 degrees", 0},
		{"policy: open-lender\n    # Opening", "policy: open-lendr\n    # Opening", `did you mean "open-lender"`, 0},
		{"thu: 09:00-17:00, fri", "thu: 17:00-09:00, fri", "are not opening hours", 0},
		{"to: 2027-01-01", "to: 2025-01-01", "must not lie before 2026-12-31", 0},
		{"on: 2026-12-24", "on: 24.12.2026", "a date is written 2026-12-25", 0},
		{"code: shore", "code: main", `two branches have the code "main"`, 0},
		{"group: Hills Network, fulfilment: ill, days: 4}\n      - {name: Everywhere", "group: Hill Network, fulfilment: ill, days: 4}\n      - {name: Everywhere", `no group is named "Hill Network"; did you mean "Hills Network"?`, 0},
		{"{name: Own shelves, of: own, fulfilment: hold}\n      - {name: Lakes catalogue, of: sharing_group, fulfilment: hold, days: 3}\n      - {name: Hills Network, of: group, group: Hills Network, fulfilment: ill, days: 4}\n      - {name: Every", "{name: Own shelves, of: own, fulfilment: ill}\n      - {name: Lakes catalogue, of: sharing_group, fulfilment: hold, days: 3}\n      - {name: Hills Network, of: group, group: Hills Network, fulfilment: ill, days: 4}\n      - {name: Every", "must be hold", 0},
		{"cost: lender_fee, days: 5", "cost: lender_fee, days: soon", `must be a whole number, not "soon"`, 0},
		{"fee: \"0.00\"\n", "fee: nothing\n", "write what one loan costs", 0},
		{"prefix: \"31001\"", "prefix: \"21001\"", "could be a card or an item", -1},
		{"prefix: \"31002\"", "prefix: \"21\"", "could be a card or an item of EXAMPLE:EAST", 0},
		{"roles: [desk], branch: main", "roles: [dsk], branch: main", `must be one of desk, ill, director, admin, not "dsk"; did you mean "desk"?`, 0},
		{"[desk], branch: main", "[desk], branch: maine", `no branch has the code "maine"; did you mean "main"?`, 0},
		{"username: desk,", "username: director,", "stands here twice", 0},
		{"libraries: [\"EXAMPLE:EAST\", \"EXAMPLE:WEST\"]\n", "libraries: [\"EXAMPLE:EAST\", \"EXAMPLE:WESTT\"]\n", "no library has the symbol EXAMPLE:WESTT; did you mean", 0},
		{"libraries: [\"EXAMPLE:EAST\", \"EXAMPLE:WEST\"]\n", "libraries: [\"EXAMPLE:EAST\", \"EXAMPLE:HILLS\"]\n", "is no member: only members share a catalogue", 0},
		{"is: by hand\n", "is: partner\n", "a partner says how", -2},
		{"is: by hand\n", "is: by hand\n    search: {url: \"http://sru.example.org\", system: koha}\n", "it is the https address at which SRU is spoken", 1},
		{"is: by hand\n", "is: by hand\n    search: {url: \"https://sru.example.org\", system: kohaa}\n", `not "kohaa"; did you mean "koha"?`, 1},
		{"is: by hand\n", "is: by hand\n    search: {url: \"https://sru.example.org\"}\n", "or else the indexes are named", 1},
		{"is: by hand\n", "is: by hand\n    search: {url: \"https://sru.example.org\", system: koha, version: \"3\"}\n", "must be one of 1.1, 1.2, 2.0", 1},
		{"is: by hand\n", "is: by hand\n    search: {url: \"https://sru.example.org\", system: koha, holdings: marc}\n", `reshare, not "marc"`, 1},
		{"is: by hand\n", "is: by hand\n    search: {url: \"https://sru.example.org\", indexes: {isbn: \"a b\"}}\n", "it is what the catalogue calls this index", 1},
		{"is: by hand\n", "is: by hand\n    policy: westport\n", `is for members; this library is "by hand"`, 1},
		{"currency: USD\n    latitude", "currency: CAD\n    latitude", "open-lender is in USD", 5},
		{"symbols: [\"EXAMPLE:WEST\"]", "symbols: [\"EXAMPLE:EAST\"]", "EXAMPLE:EAST stands in this file already", 0},
		{"is: by hand\n", "is: \"\"\n", "is missing; it is one of member, partner, by hand", 0},
		{"symbols: [\"CONSORTIUM:LAKES\"]", "symbols: [\"EXAMPLE:WEST\"]", "EXAMPLE:WEST is a symbol of West Lake Library", 0},
		{"symbols: [\"EXAMPLE:WEST\"]", "symbols: &west [\"EXAMPLE:WEST\"]", "anchors, aliases", 0},
	} {
		if strings.Count(consortium.Example(), c.old) != 1 {
			t.Errorf("%q stands %d times in the example", c.old, strings.Count(consortium.Example(), c.old))
			continue
		}
		text := strings.Replace(consortium.Example(), c.old, c.with, 1)
		wrong := mistakes(t, text)
		before, _, _ := strings.Cut(consortium.Example(), c.old)
		at := strings.Count(before, "\n") + 1 + c.below
		if !strings.Contains(wrong, c.want) {
			t.Errorf("%q for %q: want %q, got\n%s", c.with, c.old, c.want, wrong)
		}
		if strings.Count(c.old, "\n") < 2 && !strings.Contains(wrong, fmt.Sprintf("%d:", at)) {
			t.Errorf("%q: the mistake is in line %d, got\n%s", c.with, at, wrong)
		}
	}
}

func TestAllMistakesComeAtOnce(t *testing.T) {
	t.Parallel()
	text := consortium.Example()
	for old, with := range map[string]string{
		"kind: network": "kind: networkk", "place: US-VT": "place: Vermont", "days: 21": "days: \"21\"", "username: librarian": "user: librarian",
		"code: shore, name: Shore Branch": "code: shore", "of: everywhere": "of: anywhere",
	} {
		text = strings.Replace(text, old, with, 1)
	}
	wrong := mistakes(t, text)
	for _, want := range []string{"networkk", "Vermont", `a whole number, not "21"`, `unknown key "user"`, "name: is missing", "anywhere"} {
		want = strings.TrimPrefix(want, "name: ")
		if !strings.Contains(wrong, want) {
			t.Errorf("%q is not named among\n%s", want, wrong)
		}
	}
}

// What is too long, too deep or no YAML is refused before it is understood.
func TestStrangeFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"empty":       {"", "exactly one document"},
		"a list":      {"- a\n", "must be a mapping"},
		"deep flow":   {"libraries: " + strings.Repeat("[", 100), "nested more than"},
		"deep blocks": {"libraries:\n" + strings.Repeat("- ", 100) + "a\n", "nested more than"},
		"two":         {"libraries: []\n---\nlibraries: []\n", "exactly one document"},
		"long":        {strings.Repeat("#", consortium.Bounds.Bytes+1), "at most"},
		"twice":       {"libraries: []\nlibraries: []\n", "already defined"},
		"a tag":       {"libraries: !!binary abc\n", "anchors, aliases, tags"},
	} {
		if wrong := mistakes(t, c.text); !strings.Contains(wrong, c.want) {
			t.Errorf("%s: want %q, got %q", name, c.want, wrong)
		}
	}
}

func TestPolicyFilesBesideIt(t *testing.T) {
	t.Parallel()
	text := strings.Replace(consortium.Example(), "policy: open-lender\n    # Opening", "policy: ours.yaml\n    # Opening", 1)
	with := func(policy string) string {
		beside := func(name string) ([]byte, error) {
			if name != "ours.yaml" {
				return nil, errors.New("no such file")
			}
			return []byte(policy), nil
		}
		_, wrong := consortium.NewPlan(consortium.Read([]byte(text), beside), consortium.Nothing(), around())
		if len(wrong) == 0 {
			return ""
		}
		return fmt.Sprint(wrong)
	}
	good := "policy: ours\ntitle: Ours\ndocument: Rules\ninherits: default\nplace: US-NY\nzone: America/New_York\ncurrency: USD\n"
	if wrong := with(good); wrong != "" {
		t.Error(wrong)
	}
	if wrong := with(strings.Replace(good, "zone:", "zoen:", 1)); !strings.Contains(wrong, "ours:6:1") {
		t.Errorf("a mistake in the policy file: %s", wrong)
	}
	if wrong := with(strings.Replace(good, "policy: ours", "policy: theirs", 1)); !strings.Contains(wrong, `is named "theirs"`) {
		t.Errorf("a document of another name: %s", wrong)
	}
}
