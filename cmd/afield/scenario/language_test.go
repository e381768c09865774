package scenario

import (
	"os"
	"strings"
	"testing"
)

// README.md describes every word with what it takes. AFIELD_WRITE=1 rewrites
// its last part.
func TestReadmeTellsEveryWord(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const from = "<!-- words -->\n"
	head, words, found := strings.Cut(string(text), from)
	if !found {
		t.Fatalf("README.md has no %q", strings.TrimSpace(from))
	}
	if want := wordsForReadme(); words != want {
		if os.Getenv("AFIELD_WRITE") == "" {
			t.Fatal("README.md is behind the language; run this test with AFIELD_WRITE=1")
		}
		if err := os.WriteFile("README.md", []byte(head+from+want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The examples of the text are scenarios that can be read.
	for i, block := range strings.Split(head, "```yaml\n")[1:] {
		example, _, _ := strings.Cut(block, "```")
		if !strings.HasPrefix(example, "scenario:") {
			continue
		}
		if _, err := Read("README.md", []byte(example)); err != nil {
			t.Errorf("example %d: %v", i+1, err)
		}
	}
}

func wordsForReadme() string {
	var out strings.Builder
	part, head := "", ""
	for _, word := range Words() {
		if word.Part != part {
			head = "\n| word | takes | meaning |\n|---|---|---|\n"
			if part = word.Part; part == "do" {
				part = "do: " + word.Word
				out.WriteString("\n### do: " + word.Word + "\n\n" + word.Says + "\n")
				continue
			}
			out.WriteString("\n### " + part + "\n")
		}
		out.WriteString(head)
		head = ""
		name := "`" + word.Word + "`"
		if word.Must {
			name += " (needed)"
		}
		escape := strings.NewReplacer("|", "\\|")
		out.WriteString("| " + name + " | " + escape.Replace(word.Takes) + " | " + escape.Replace(word.Says) + " |\n")
	}
	return out.String()
}

// Every mistake in a file is reported with its position and what would be
// right, all at once.
func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"a word that is not known": {
			"scenario: x\nlibrary: westport\nsteps:\n  - {at: 2026-03-02, do: look, patorn: adult}\n",
			[]string{`t.yaml:4:32: do: look has no "patorn"; did you mean "patron"?`},
		},
		"an act that is not known": {
			"scenario: x\nlibrary: westport\nsteps:\n  - {at: 2026-03-02, do: chekout}\n",
			[]string{`t.yaml:4:26: nothing does "chekout"; did you mean "checkout"?`},
		},
		"something missing": {
			"scenario: x\nsteps:\n  - {at: 2026-03-02, do: checkout}\n",
			[]string{
				`t.yaml:1:1: a scenario needs "library": a text`,
				`t.yaml:3:6: do: checkout needs "patron": the name of a patron`, `t.yaml:3:6: do: checkout needs "item": the name of an item`,
			},
		},
		"a name that nothing has": {
			"scenario: x\nlibrary: westport\ngiven:\n  patrons: {adult: {}}\nsteps:\n  - {at: 2026-03-02, do: look, patron: child}\n",
			[]string{`t.yaml:6:40: there is no patron "child"; there is adult`},
		},
		"wrong values": {
			"scenario: x\nlibrary: westport\ngiven:\n  patrons: {adult: {owes: five, expires: soon, age: old, phone: maybe}}\nsteps:\n  - {at: yesterday, do: look}\n",
			[]string{
				`t.yaml:4:27: "five" is not an amount; write it as "5.00"`, `t.yaml:4:42: "soon" is not a date; write it as 2026-08-23`,
				`t.yaml:4:53: "old" is not a whole number`, `t.yaml:4:65: "maybe" must be true or false`,
				`t.yaml:6:10: "yesterday" is not a moment; write it as 2026-08-23T15:00, by the library's clock`,
			},
		},
		"steps in the wrong order": {
			"scenario: x\nlibrary: westport\nsteps:\n  - {at: 2026-03-02, do: look}\n  - {at: 2026-03-01, do: look}\n",
			[]string{`t.yaml:5:10: steps happen one after the other; this one is before the step above it`},
		},
		"a word twice": {
			"scenario: x\nscenario: y\nlibrary: westport\nsteps:\n  - {at: 2026-03-02, do: look}\n",
			[]string{`t.yaml:2:1: this is not YAML: mapping key "scenario" already defined`},
		},
		"no YAML": {
			"scenario: [x\n",
			[]string{"t.yaml:1:11: this is not YAML: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Read("t.yaml", []byte(test.text))
			if err == nil {
				t.Fatal("that was read without a mistake")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("found\n%v\nwithout\n%s", err, want)
				}
			}
		})
	}
}
