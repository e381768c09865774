package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestEveryGivenCaseIsNamed checks that each case of the given list is named by
// a test or a scenario of this repository. The list is kept beside the
// repository; where it is absent there is nothing to check.
func TestEveryGivenCaseIsNamed(t *testing.T) {
	t.Parallel()
	const given = "../../../shared/policies/cases.yaml"
	text, err := os.ReadFile(given)
	if err != nil {
		t.Skip("the given cases are not beside the repository: nothing to compare with")
	}
	var list struct {
		Cases []struct {
			ID string `yaml:"id"`
		} `yaml:"cases"`
	}
	if err := yaml.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Cases) < 190 {
		t.Fatalf("only %d cases were read", len(list.Cases))
	}
	named := caseNames(t, "../..")
	var missing []string
	for _, c := range list.Cases {
		if !named[c.ID] {
			missing = append(missing, c.ID)
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d of %d cases are named nowhere: %s", len(missing), len(list.Cases), strings.Join(missing, " "))
	}
}

// caseNames gathers what looks like a case id in tests and scenarios.
func caseNames(t *testing.T, root string) map[string]bool {
	t.Helper()
	id := regexp.MustCompile(`[A-Z][A-Z0-9]*-[A-Za-z0-9]+(?:-[A-Za-z0-9_]+)*`)
	named := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		scenario := strings.Contains(filepath.ToSlash(path), "/scenario/") && strings.HasSuffix(path, ".yaml")
		if (!scenario && !strings.HasSuffix(path, "_test.go")) || filepath.Base(path) == "cases_named_test.go" {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, found := range id.FindAllString(string(text), -1) {
			named[found] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return named
}
