package expect

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A code that nothing ever gives is told apart from one that was not given.
func TestACodeThatNothingGivesIsNamed(t *testing.T) {
	t.Parallel()
	for expected, want := range map[string]string{
		"[owes_to_much, card_expired]": `"owes_to_much" is not a code that is known; did you mean "owes_too_much"?`,
		"[owes_too_much]":              "",
		"[]":                           "",
	} {
		if got := strings.Join(unknownReasons(expectedCodes("refused", expected)), " "); got != want {
			t.Errorf("%s: got %q, want %q", expected, got, want)
		}
	}
}

// Every code by which the program refuses at a desk is listed for those who
// write scenarios.
func TestEveryCodeOfARefusalIsListed(t *testing.T) {
	t.Parallel()
	written := regexp.MustCompile(`\bcode:\s*"([a-z_]+)"|\b(?:Refused|Conflict)\("([a-z_]+)"|\.Err\("([a-z_]+)"\)`)
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	known, found := codesOfReasons(), 0
	elsewhere := []string{"access", "background", "cutover", "exchange", "messages", "postgres"} // their refusals are not given at a desk
	for _, folder := range []string{"broker", "workflow"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(file string, entry fs.DirEntry, err error) error {
			switch {
			case err == nil && entry.IsDir() && slices.Contains(elsewhere, entry.Name()):
				return fs.SkipDir
			case err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || entry.Name() == "register.go":
				return err
			}
			text, err := os.ReadFile(file)
			for _, match := range written.FindAllStringSubmatch(string(text), -1) {
				found++
				if code := match[1] + match[2] + match[3]; !slices.Contains(known, code) {
					t.Errorf("%s: %q is not in reasons.go", file, code)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 100 {
		t.Errorf("only %d codes were found: they are written otherwise", found)
	}
}
