package scenario

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"afield/cmd/afield/scenario/language"
)

// given reads one of the files kept beside the repository; without it there is
// nothing to compare.
func givenFile(t *testing.T, path ...string) []byte {
	t.Helper()
	for folder := "."; ; folder = filepath.Join(folder, "..") {
		text, err := os.ReadFile(filepath.Join(append([]string{folder, "shared", "policies"}, path...)...))
		if err == nil {
			return text
		}
		if absolute, err := filepath.Abs(folder); err != nil || absolute == string(filepath.Separator) {
			t.Skip("the given cases are not beside this repository")
		}
	}
}

func shippedScenarios(t *testing.T) []*language.Scenario {
	t.Helper()
	files, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	var all []*language.Scenario
	for _, file := range files {
		all = append(all, file.Scenarios...)
	}
	return all
}

// Every given case about one library is a scenario here.
func TestEveryCaseOfOneLibraryHasAScenario(t *testing.T) {
	t.Parallel()
	var given struct {
		Cases []struct {
			ID      string `yaml:"id"`
			Library string `yaml:"library"`
		} `yaml:"cases"`
	}
	if err := yaml.Unmarshal(givenFile(t, "cases.yaml"), &given); err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, scenario := range shippedScenarios(t) {
		have = append(have, scenario.Cases...)
	}
	var missing []string
	for _, one := range given.Cases {
		if one.Library != "any" && !slices.Contains(have, one.ID) {
			missing = append(missing, one.ID)
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d cases without a scenario: %s", len(missing), strings.Join(missing, ", "))
	}
}

// Every row of the five libraries' rules is shown by a scenario.
func TestEveryRuleHasAScenario(t *testing.T) {
	t.Parallel()
	row := regexp.MustCompile(`(?m)^(?:\| |- )((?:WPT|WCH|DEL|WDL|PER)-[A-Z]?[0-9]+)\b`)
	var have []string
	for _, scenario := range shippedScenarios(t) {
		have = append(have, scenario.Rules...)
	}
	var rows, missing []string
	for _, found := range row.FindAllStringSubmatch(string(givenFile(t, "seed-rules.md")), -1) {
		rows = append(rows, found[1])
		if !slices.Contains(have, found[1]) {
			missing = append(missing, found[1])
		}
	}
	if len(rows) < 100 {
		t.Fatalf("only %d rows were found: the file is written otherwise", len(rows))
	}
	for _, rule := range have {
		if !slices.Contains(rows, rule) {
			t.Errorf("there is no rule %s", rule)
		}
	}
	if len(missing) > 0 {
		t.Errorf("%d of %d rules without a scenario: %s", len(missing), len(rows), strings.Join(missing, ", "))
	}
}

// Each library has at least five stories of its own.
func TestEveryLibraryHasFiveStories(t *testing.T) {
	t.Parallel()
	files, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	stories := map[string]int{}
	for _, file := range files {
		if parts := strings.Split(file.Path, "/"); parts[0] == "stories" {
			stories[parts[1]] += len(file.Scenarios)
		}
	}
	for _, library := range []string{"westport", "westchester", "delaware", "western-district", "perth"} {
		if stories[library] < 5 {
			t.Errorf("%s has %d stories", library, stories[library])
		}
	}
}
