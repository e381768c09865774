package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"afield/api/web/words"
	"afield/broker"
	"afield/workflow"
)

// said are the sentences of every page: those in templates and those in Go.
func said(t *testing.T) (sentences map[string]string, plurals map[[2]string]string) {
	t.Helper()
	sentences, plurals = map[string]string{}, map[[2]string]string{}
	text := `"((?:[^"\\]|\\.)*)"`
	one := regexp.MustCompile(`\bt ` + text)
	two := regexp.MustCompile(`\bn (?:\([^)]*\)|[^\s"]+) ` + text + ` ` + text)
	unquote := func(quoted string) string {
		plain, err := strconv.Unquote(`"` + quoted + `"`)
		if err != nil {
			t.Fatal(err)
		}
		return plain
	}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		switch filepath.Ext(path) {
		case ".html":
			for _, found := range one.FindAllStringSubmatch(string(body), -1) {
				sentences[unquote(found[1])] = path
			}
			for _, found := range two.FindAllStringSubmatch(string(body), -1) {
				plurals[[2]string{unquote(found[1]), unquote(found[2])}] = path
			}
		case ".go":
			file, err := parser.ParseFile(token.NewFileSet(), path, body, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(node ast.Node) bool {
				call, is := node.(*ast.CallExpr)
				if !is {
					return true
				}
				method, is := call.Fun.(*ast.SelectorExpr)
				if !is {
					return true
				}
				literal := func(i int) (string, bool) {
					if i >= len(call.Args) {
						return "", false
					}
					value, is := call.Args[i].(*ast.BasicLit)
					if !is || value.Kind != token.STRING {
						return "", false
					}
					plain, err := strconv.Unquote(value.Value)
					return plain, err == nil
				}
				switch method.Sel.Name {
				case "Say":
					if sentence, is := literal(0); is {
						sentences[sentence] = path
					}
				case "Count":
					one, is := literal(1)
					other, also := literal(2)
					if is && also {
						plurals[[2]string{one, other}] = path
					}
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sentences) < 300 || len(plurals) < 20 {
		t.Fatalf("only %d sentences and %d plurals were found", len(sentences), len(plurals))
	}
	return sentences, plurals
}

// labels are what the state tables call states, acts and fields.
func labels() map[string]string {
	found := map[string]string{}
	add := func(label string) {
		if label != "" {
			found[label] = "the state tables"
		}
	}
	for _, table := range workflow.Tables() {
		for _, place := range table.Places {
			add(place.Label)
			add(place.Patron)
			add(place.Unwanted)
			add(place.PatronUnwanted)
		}
		for _, row := range table.Transitions {
			add(row.Label)
			for _, field := range row.Form {
				add(field.Label)
			}
		}
	}
	for _, answer := range workflow.Answers {
		add(answer.Label)
		for _, field := range answer.Form {
			add(field.Label)
		}
	}
	return found
}

var hole = regexp.MustCompile(`\{[a-z]+\}`)

func holes(sentence string) []string {
	found := hole.FindAllString(sentence, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// Every sentence is there in every language with the same holes, and no
// translation says what no page says.
func TestEverySentenceIsTranslated(t *testing.T) {
	t.Parallel()
	sentences, plurals := said(t)
	for label, where := range labels() {
		sentences[label] = where
	}
	codes := words.In(words.Usual).Sentences
	for _, language := range words.Languages() {
		if language == words.Usual {
			continue
		}
		w := words.In(language)
		for sentence, path := range sentences {
			translated, is := w.Sentences[sentence]
			if !is {
				t.Errorf("%s: %s says %q, which has no translation", language, path, sentence)
			} else if !slices.Equal(holes(sentence), holes(translated)) {
				t.Errorf("%s: %q has other holes than %q", language, translated, sentence)
			}
		}
		for forms, path := range plurals {
			translated := w.Plurals[forms[0]]
			if translated["one"] == "" || translated["other"] == "" {
				t.Errorf("%s: %s counts %q, which has no translation", language, path, forms[0])
			}
			for _, text := range translated {
				for _, each := range holes(text) {
					if !slices.Contains(append(holes(forms[0]), append(holes(forms[1]), "{n}")...), each) {
						t.Errorf("%s: %q has a hole %s that nothing fills", language, text, each)
					}
				}
			}
		}
		for code := range codes {
			if w.Sentences[code] == "" {
				t.Errorf("%s: the code %s has no word", language, code)
			}
		}
		for sentence := range w.Sentences {
			if sentences[sentence] == "" && codes[sentence] == "" {
				t.Errorf("%s: nothing says %q", language, sentence)
			}
		}
		for one := range w.Plurals {
			if !slices.ContainsFunc(keys(plurals), func(forms [2]string) bool { return forms[0] == one }) {
				t.Errorf("%s: nothing counts %q", language, one)
			}
		}
	}
}

func keys[K comparable, V any](from map[K]V) []K {
	var all []K
	for key := range from {
		all = append(all, key)
	}
	return all
}

func TestDatesAndMoney(t *testing.T) {
	t.Parallel()
	today := broker.MustDate("2026-11-30")
	money := broker.Money{Minor: 123450, Currency: "USD"}
	for language, want := range map[string][4]string{
		"en": {"Fri 4 Dec", "Wed 30 Jun 2027", "$1,234.50", "$1,234.50 USD"},
		"fr": {"ven. 4 déc.", "mer. 30 juin 2027", "1\u202f234,50\u202f$", "1\u202f234,50\u202f$ USD"},
		"es": {"vie 4 dic", "mié 30 jun 2027", "$1,234.50", "$1,234.50 USD"},
	} {
		w := words.In(language)
		got := [4]string{w.Date(broker.MustDate("2026-12-04"), today), w.Date(broker.MustDate("2027-06-30"), today), w.Money(money, "USD"), w.Money(money, "CAD")}
		if got != want {
			t.Errorf("%s: got %q, want %q", language, got, want)
		}
		if w.Date(today.AddDays(1), today) != w.Say("tomorrow") {
			t.Errorf("%s: tomorrow is %s", language, w.Date(today.AddDays(1), today))
		}
	}
	if at := time.Date(2026, 11, 30, 9, 5, 0, 0, time.UTC); words.In("en").Instant(at, today) != "today 09:05" {
		t.Errorf("got %s", words.In("en").Instant(at, today))
	}
	if got := words.In("en").Money(broker.Money{Minor: -5, Currency: "XXX"}, "USD"); got != "−0.05 XXX" {
		t.Errorf("got %s", got)
	}
}

func TestPluralsFollowTheLanguage(t *testing.T) {
	t.Parallel()
	for language, want := range map[string][2]string{"en": {"0 requests", "One request"}, "fr": {"0 demande", "1 demande"}} {
		w := words.In(language)
		got := [2]string{w.Count(0, "One request", "{n} requests"), w.Count(1, "One request", "{n} requests")}
		if language == "fr" {
			got[1] = w.Count(1, "One request", "{n} requests")
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", language, got, want)
		}
	}
}

func TestTheLanguageOfAReader(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{"fr-CA, en;q=0.5": "fr", "de, es;q=0.4": "es", "": "en", ";;": "en", "de": "en"} {
		if got := words.Accepted(header).Language; got != want {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
}
