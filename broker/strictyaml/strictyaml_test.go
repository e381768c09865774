package strictyaml_test

import (
	"fmt"
	"strings"
	"testing"

	"afield/broker/hostiletest"
	"afield/broker/strictyaml"
)

type file struct {
	Name  string            `yaml:"name"`
	Parts []part            `yaml:"parts"`
	Words map[string]string `yaml:"words"`
}

type part struct {
	Name  string `yaml:"name"`
	Count int    `yaml:"count"`
}

var bounds = strictyaml.Bounds{Bytes: 256 << 10, Depth: 12}

func read(text []byte) (said file, wrong []strictyaml.Mistake) {
	written, _ := strictyaml.Read(text, bounds, &said)
	written.Wrong("/parts/0/name", "is taken")
	return said, written.Mistakes()
}

// numbered makes a text of lines that are all different.
func numbered(before, line string) hostiletest.Attack {
	return func(length int) string {
		var out strings.Builder
		out.WriteString(before)
		for i := 0; out.Len() < length; i++ {
			fmt.Fprintf(&out, line, i)
		}
		return out.String()
	}
}

var attacks = map[string]hostiletest.Attack{
	"brackets":              hostiletest.Repeat("", "[", ""),
	"braces":                hostiletest.Repeat("", "{", ""),
	"dashes":                hostiletest.Repeat("", "- ", ""),
	"keys in keys":          hostiletest.Repeat("", "a: ", ""),
	"question marks":        hostiletest.Repeat("", "? ", ""),
	"anchors":               hostiletest.Repeat("", "&a ", ""),
	"merges":                hostiletest.Repeat("", "<<: ", ""),
	"signs of nothing":      hostiletest.Repeat("", "%", ""),
	"commas":                hostiletest.Repeat("[", ",", "]"),
	"quotes":                hostiletest.Repeat("name: [", `"",`, "]"),
	"an open quote":         hostiletest.Repeat(`"`, "x\n", ""),
	"empty lines of a text": hostiletest.Repeat("name: |\n", "\n", ""),
	"blank lines of a text": hostiletest.Repeat("name: >\n", "   \n", ""),
	"some empty lines":      hostiletest.Repeat("name: |\n", "  x"+strings.Repeat("\n", 50), ""),
	"texts that end empty":  hostiletest.Repeat("", "- |\n  x"+strings.Repeat("\n", 50), ""),
	"comments":              hostiletest.Repeat("name: a\n", "#\n", ""),
	"broken signs":          hostiletest.Repeat("", "[\xff", ""),
	"documents":             hostiletest.Repeat("", "a\n---\n", ""),
	"keys":                  numbered("", "k%d: 1\n"),
	"long keys":             numbered("", "k%0100d: 1\n"),
	"keys of lists":         numbered("", "kkkkkkkkkkkkkkkkkkkkk%d:\n- a\n"),
	"keys in parts":         numbered("", "? kkkkkkkkkkkkkkkkkkkkkkkkkkk%d\n"),
	"mappings":              numbered("parts:\n", "- name: a name of some length\n  count: %d\n"),
	"wrong mappings":        numbered("parts:\n", "- name: [a name of some length]\n  counted: %d\n"),
	"wrong words":           numbered("words:\n", "  a word of some length %d: [no text]\n"),
	"a long line":           hostiletest.Repeat("name: ", "x", ""),
	"a long number":         hostiletest.Repeat("name: ", "9", ""),
	"NULs":                  hostiletest.Repeat("", "\x00", ""),
}

// No text costs more than a multiple of its length, whatever it is made of.
func TestNoTextCostsMuchMoreThanItsLength(t *testing.T) { //nolint:paralleltest // it counts what is allocated
	hostiletest.Grows(t, 1000, func(text []byte) { read(text) }, attacks)
}

// What is refused is refused in words that say what would be right; a text that a
// person would write is read.
func TestWhatIsRefusedUnread(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"long":     {strings.Repeat("#", bounds.Bytes+1), "at most"},
		"signs":    {strings.Repeat("[", 100_000), "signs such as brackets"},
		"flow":     {"parts: " + strings.Repeat("[", 20), "nested more than 12 deep"},
		"blocks":   {"parts:\n" + strings.Repeat("- ", 20) + "a\n", "nested more than 12 deep"},
		"empty":    {"name: |\n" + strings.Repeat(" \n", 60) + "  a\n", "empty lines"},
		"two":      {"name: a\n---\nname: b\n", "exactly one document"},
		"many":     {strings.Repeat("a\n---\n", 100), "exactly one document"},
		"keys":     {numbered("words:\n", "  word%d: a\n")(20_000), "more than 1000 keys"},
		"an alias": {"name: *a\n", "anchors"},
		"in parts": {"? name\n: a\n", "question mark"},
		"nothing":  {"", "exactly one document"},
	} {
		_, wrong := read([]byte(c.text))
		if len(wrong) == 0 || !strings.Contains(wrong[0].Message, c.want) {
			t.Errorf("%s: want %q, got %v", name, c.want, wrong)
		}
	}
	said, wrong := read([]byte("---\n# a comment: with signs, [and] more\nname: 'it''s'\nparts:\n- name: a\n  count: 2\n- {name: b, count: 3}\nwords:\n  a: |\n    b\n\n    c\n  d: e\n"))
	if len(wrong) != 1 || wrong[0] != (strictyaml.Mistake{Line: 5, Column: 9, Message: "is taken"}) {
		t.Errorf("wrong: %v", wrong)
	}
	if said.Name != "it's" || len(said.Parts) != 2 || said.Parts[1].Count != 3 || said.Words["a"] != "b\n\nc\n" || said.Words["d"] != "e" {
		t.Errorf("read: %+v", said)
	}
}

// Mistakes without number are not all told.
func TestMistakesAreToldUpToANumber(t *testing.T) {
	t.Parallel()
	_, wrong := read([]byte("parts:\n" + strings.Repeat("- unknown: 1\n", 2000)))
	if len(wrong) != 500 {
		t.Errorf("%d mistakes are told", len(wrong))
	}
}

// Whatever is written, reading it ends without a panic and costs no more than it may.
func FuzzRead(f *testing.F) {
	for _, attack := range attacks {
		f.Add([]byte(attack(300)))
	}
	f.Add([]byte("name: a\nparts:\n- name: b\n  count: 1\nwords: {a: b}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		hostiletest.Within(t, 1000, text, func(text []byte) { read(text) })
	})
}
