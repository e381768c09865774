package words

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed en.yaml fr.yaml es.yaml
var files embed.FS

// Usual is the language of the templates, and of readers whose language has no file.
const Usual = "en"

// Words is one language.
type Words struct {
	// Language is its code, for the lang attribute; Name is its own name.
	Language string `yaml:"language"`
	Name     string `yaml:"name"`

	// Weekdays and Months are short and, in Long, in full; Monday comes first.
	Weekdays []string `yaml:"weekdays"`
	Months   []string `yaml:"months"`
	Long     struct {
		Weekdays []string `yaml:"weekdays"`
		Months   []string `yaml:"months"`
	} `yaml:"long"`
	// Day and DayYear are how a date is written: {weekday} {day} {month} {year}.
	// FullDay is for titles, with the long names.
	Day     string `yaml:"day"`
	DayYear string `yaml:"day_year"`
	FullDay string `yaml:"full_day"`
	// Decimal stands between units and cents; Thousand between groups of digits.
	Decimal  string `yaml:"decimal"`
	Thousand string `yaml:"thousand"`
	// Amount is how money is written: {sign} and {amount}.
	Amount string `yaml:"amount"`
	// Signs are currencies' signs; one without is written by its code.
	Signs map[string]string `yaml:"signs"`

	// Sentences are by the English one; Plurals by the English singular, each with
	// the forms the language has (one, other, many ...).
	Sentences map[string]string            `yaml:"sentences"`
	Plurals   map[string]map[string]string `yaml:"plurals"`

	tag language.Tag
}

// read gives the embedded files, read once. A test reads them too, so that a
// mistake in one never reaches a reader.
var read = sync.OnceValue(func() map[string]*Words {
	languages := map[string]*Words{}
	names, _ := fs.Glob(files, "*.yaml")
	for _, name := range names {
		text, err := files.ReadFile(name)
		one := &Words{}
		if err == nil {
			err = yaml.UnmarshalWithOptions(text, one, yaml.Strict())
		}
		if err != nil {
			panic(fmt.Sprintf("words: %s: %v", name, err))
		}
		one.tag = language.Make(one.Language)
		languages[one.Language] = one
	}
	return languages
})

// Languages lists the codes, English first and the others in order.
func Languages() []string {
	codes := []string{Usual}
	for code := range read() {
		if code != Usual {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes[1:])
	return codes
}

// In gives a language: fr for fr-CA, English for one that has no file.
func In(wish string) *Words {
	wish, _, _ = strings.Cut(strings.ToLower(strings.ReplaceAll(wish, "_", "-")), "-")
	if found := read()[wish]; found != nil {
		return found
	}
	return read()[Usual]
}

// Known tells whether a code has a file of its own.
func Known(code string) bool { return read()[code] != nil }

// Accepted gives the language a browser asks for in Accept-Language.
func Accepted(header string) *Words {
	wishes, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return In(Usual)
	}
	for _, wish := range wishes {
		base, _ := wish.Base()
		if Known(base.String()) {
			return In(base.String())
		}
	}
	return In(Usual)
}

// Say gives a sentence with its holes filled: name, value, name, value. A hole
// without a value stays visible, so that a test or a reader finds it.
func (w *Words) Say(sentence string, holes ...any) string {
	said := sentence
	if translated, is := w.Sentences[sentence]; is {
		said = translated
	}
	return fill(said, holes)
}

// Count is Say for a number: one and other are the English forms, and {n} in them
// is the number.
func (w *Words) Count(n int, one, other string, holes ...any) string {
	said := other
	if forms := w.Plurals[one]; forms != nil {
		said = forms["other"]
		if form, is := forms[w.form(n)]; is {
			said = form
		}
	} else if w.form(n) == "one" {
		said = one
	}
	return fill(said, append([]any{"n", w.Number(int64(n))}, holes...))
}

func (w *Words) form(n int) string {
	names := map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many"}
	if name, is := names[plural.Cardinal.MatchPlural(w.tag, n, 0, 0, 0, 0)]; is {
		return name
	}
	return "other"
}

func fill(said string, holes []any) string {
	if len(holes) == 0 {
		return said
	}
	pairs := make([]string, 0, len(holes))
	for i := 0; i+1 < len(holes); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(holes[i])+"}", fmt.Sprint(holes[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(said)
}

// Number writes a whole number with its thousands apart.
func (w *Words) Number(n int64) string {
	text := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, text = "-", text[1:]
	}
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + w.Thousand + text[at:]
	}
	return sign + text
}
