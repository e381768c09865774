package strictjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/hostiletest"
	"afield/broker/strictjson"
)

var limits = strictjson.Limits{Depth: 32, Values: 20_000}

func TestStrictJSON(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	wide := "[" + strings.Repeat("1,", 20_000) + "1]"
	for _, c := range []struct{ name, body, code string }{
		{"twice", `{"a":1,"b":{"a":1,"a":2}}`, "given_twice"},
		{"trailing", `{} {}`, "trailing_data"},
		{"not JSON", `{a:1}`, "not_json"},
		{"cut short", `{"a":`, "not_json"},
		{"NUL in a text", `{"a":"x\u0000"}`, "control_character"},
		{"NUL in a name", `{"x\u0000":1}`, "control_character"},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", "not_utf8"},
		{"too deep", deep, "too_complex"},
		{"too wide", wide, "too_complex"},
		{"a number without bound", `{"a":1e999}`, "out_of_range"},
		{"a number without end", `{"a":0.` + strings.Repeat("1", 100) + `}`, "out_of_range"},
	} {
		_, wrong, err := strictjson.Read([]byte(c.body), limits)
		if err == nil && len(wrong) > 0 {
			err = broker.Invalid(wrong...)
		}
		ours, ok := broker.AsError(err)
		if !ok || len(ours.Fields) == 0 || ours.Fields[0].Code != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	value, wrong, err := strictjson.Read([]byte(` {"a": [1, "é", null, true, {"b/c": "\ud83d\ude00"}]} `), limits)
	if err != nil || len(wrong) > 0 || value.(map[string]any)["a"].([]any)[4].(map[string]any)["b/c"] != "😀" {
		t.Errorf("good JSON: %v, %v", value, err)
	}
}

// No text costs more than a small multiple of its length: the long name of a list is
// not copied for each of its entries, nor shown whole in a mistake.
func TestNoTextCostsMuchMoreThanItsLength(t *testing.T) { //nolint:paralleltest // it counts what is allocated
	hostiletest.Grows(t, 100, func(text []byte) { _, _, _ = strictjson.Read(text, limits) }, map[string]hostiletest.Attack{
		"brackets": hostiletest.Repeat("", "[", ""),
		"braces":   hostiletest.Repeat("", `{"":`, ""),
		"numbers":  hostiletest.Repeat("[", "1e999,", "1]"),
		"digits":   hostiletest.Repeat("", "9", ""),
		"escapes":  hostiletest.Repeat(`"`, `\u0000`, `"`),
		"names":    hostiletest.Repeat("{", `"a":1,`, `"a":1}`),
		"unclosed": hostiletest.Repeat(`"`, "x", ""),
		"a long name": func(length int) string {
			return `{"` + strings.Repeat("x", length/2) + `":[` + strings.Repeat("0,", length/4) + "0]}"
		},
		"a long name of mistakes": func(length int) string {
			return `{"` + strings.Repeat("x", length/2) + `":[` + strings.Repeat("1e999,", length/12) + "0]}"
		},
	})
}

func FuzzStrictJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,2,{"b":"\u0000"}]}`, `"`, `[[[[`, `{"a":1,"a":1}`, "\xff", `1e400`, `nul`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		hostiletest.Within(t, 100, body, func(text []byte) { _, _, _ = strictjson.Read(text, limits) })
		value, _, err := strictjson.Read(body, limits)
		if err != nil {
			if !broker.IsKind(err, broker.KindInvalid) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("accepted what is not JSON: %q", body)
		}
		if _, err := json.Marshal(value); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}
