package reference_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/policytest"
	"afield/broker/policy/reference"
)

func every(t *testing.T) []reference.Attribute {
	t.Helper()
	all, err := reference.All()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The reference has every attribute and every key, with a meaning, and each of
// its examples is a policy that check takes.
func TestTheReferenceIsComplete(t *testing.T) {
	t.Parallel()
	all := every(t)
	if len(all) != len(attributes.IDs()) {
		t.Errorf("%d attributes of %d", len(all), len(attributes.IDs()))
	}
	var keys func(where string, shape reference.Shape)
	keys = func(where string, shape reference.Shape) {
		if shape.Of != nil {
			keys(where, *shape.Of)
		}
		for _, key := range shape.Keys {
			if key.Says == "" {
				t.Errorf("%s.%s has no meaning", where, key.Name)
			}
			keys(where+"."+key.Name, key.Shape)
		}
	}
	for _, one := range all {
		if one.Says == "" {
			t.Errorf("%s has no meaning", one.ID)
		}
		if len(one.Default) == 0 {
			t.Errorf("%s has no default", one.ID)
		}
		keys(one.ID, one.Value)
		text := policytest.Head + "items: [bike]\nattributes:\n  " + strings.ReplaceAll(strings.TrimSpace(one.Example), "\n", "\n  ") + "\n"
		if _, err := policy.Parse("example", []byte(text)); err != nil {
			t.Errorf("the example of %s: %v\n%s", one.ID, err, one.Example)
		}
	}
}

// Whatever has a closed list of words shows it.
func TestTheReferenceShowsTheWordsThatCheckTakes(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"loans.period":    "closed_day: next_open | same_weekday | keep",
		"shelf.days":      "count: calendar | open",
		"cards.adulthood": "then: prompt_staff | nothing",
		"fines.overdue":   "per: day | hour",
		"fines.grace":     "mode: until_exceeded | always_free",
		"lost.price":      "basis: price_paid | replacement | list",
		"lost.refund":     "from: payment | lost",
		"cards.fee":       "set_by: library | state",
		"ill.submit_by":   "a list of staff | online | phone | email",
		"blocks.checkout": "blocked_when: >= | >",
		"lost.damage":     "minor: assessed | free",
		"payments.taken":  "receipt: always | on_request",
		"holds.states":    "available | on_loan | on_order | in_processing",
	}
	for _, one := range every(t) {
		if text := strings.Join(one.Lines(), "\n"); !strings.Contains(text, want[one.ID]) {
			t.Errorf("%s does not say %q:\n%s", one.ID, want[one.ID], text)
		}
	}
}

func TestTheExamplePolicyIsRight(t *testing.T) {
	t.Parallel()
	if _, err := policy.Parse("ours", []byte(reference.Example())); err != nil {
		t.Error(err)
	}
}

// The page is what the program would write.
func TestThePageIsUpToDate(t *testing.T) {
	t.Parallel()
	page, err := reference.Page()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("AFIELD_WRITE") != "" {
		if err := os.WriteFile("README.md", []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile("README.md")
	if err != nil || string(text) != page {
		t.Errorf("write it again with AFIELD_WRITE=1 (%v)", err)
	}
}

// The schema has what check knows: each attribute, each fact and no more.
func TestTheSchemaHasEveryAttribute(t *testing.T) {
	t.Parallel()
	schema, err := reference.Schema()
	if err != nil {
		t.Fatal(err)
	}
	known := schema["properties"].(map[string]any)["attributes"].(map[string]any)["properties"].(map[string]any)
	for _, one := range every(t) {
		entry := known[one.ID].(map[string]any)["oneOf"].([]any)[0].(map[string]any)["properties"].(map[string]any)
		when, has := entry["when"].(map[string]any)
		if has != (len(one.When) > 0) || (has && len(when["properties"].(map[string]any)) != len(one.When)) {
			t.Errorf("%s: the schema's conditions are %v, and %v may be named", one.ID, when, one.When)
		}
		if !regexp.MustCompile(`^[a-z_]+\.[a-z_]+$`).MatchString(one.ID) || entry["value"] == nil {
			t.Errorf("%s has no value in the schema", one.ID)
		}
	}
}

// What ships and the example are policies by the schema, which an editor goes by; with a
// key that nobody knows they are not.
func TestTheSchemaTakesWhatShips(t *testing.T) {
	t.Parallel()
	schema, err := reference.Schema()
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("policy.json", plain(t, schema)); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("policy.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../presets/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no presets: %v", err)
	}
	texts := map[string]string{"the example": reference.Example()}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = string(text)
	}
	check := func(text string) error {
		var document any
		if err := yaml.Unmarshal([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		return compiled.Validate(plain(t, document))
	}
	for name, text := range texts {
		if err := check(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if check(strings.Replace(text, "attributes:", "said:", 1)) == nil {
			t.Errorf("%s: an unknown key is taken", name)
		}
	}
}

// plain is a value as JSON has it.
func plain(t *testing.T, value any) (as any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if as, err = jsonschema.UnmarshalJSON(bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return as
}
