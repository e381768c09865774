package pipeline

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"afield/broker"
	"afield/broker/access"
	"afield/connectors/partner"
)

func mustContract(t *testing.T) *contract {
	t.Helper()
	c, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ownDoors are operations with a guard of their own, or none.
var ownDoors = map[string]bool{
	"partnerRequest": true, "partnerMessage": true, "health": true, "ready": true,
	"metrics": true, "openapi": true, "docs": true,
}

func TestEveryOperationHasALineInTheTableOfRoles(t *testing.T) {
	t.Parallel()
	c := mustContract(t)
	for id, op := range c.operations {
		allowed, listed := rules[id]
		if listed == ownDoors[id] {
			t.Errorf("%s: in the table %v", id, listed)
		}
		if open := op.spec.Security != nil && len(*op.spec.Security) == 0; listed && open != allowed.public {
			t.Errorf("%s: the contract says open %v, the table %v", id, open, allowed.public)
		}
	}
	for id := range rules {
		if c.operations[id] == nil {
			t.Errorf("%s is in the table and not in the contract", id)
		}
	}
}

// Every request body names its fields, so that a misspelt one is an error, and
// bounds its texts and lists.
func TestEveryBodyIsClosedAndBounded(t *testing.T) {
	t.Parallel()
	for id, op := range mustContract(t).operations {
		if op.spec.RequestBody == nil || id == "actOnRequest" || id == "actOnLending" || strings.HasPrefix(id, "partner") {
			continue // forms are checked against the state tables, messages by connectors/partner
		}
		closed(t, id, op.spec.RequestBody.Value.Content.Get("application/json").Schema.Value)
	}
}

func closed(t *testing.T, at string, schema *openapi3.Schema) {
	t.Helper()
	for _, each := range schema.AllOf {
		closed(t, at, each.Value)
	}
	switch {
	case schema.Type.Is("object"):
		if schema.AdditionalProperties.Has == nil || *schema.AdditionalProperties.Has {
			t.Errorf("%s takes unknown fields", at)
		}
		for name, property := range schema.Properties {
			closed(t, at+"/"+name, property.Value)
		}
	case schema.Type.Is("array"):
		if schema.MaxItems == nil {
			t.Errorf("%s has no bound", at)
		}
		closed(t, at+"/*", schema.Items.Value)
	case schema.Type.Is("string"):
		if schema.MaxLength == nil && len(schema.Enum) == 0 && schema.Format == "" && !strings.HasSuffix(schema.Pattern, "$") {
			t.Errorf("%s has no bound", at)
		}
	case schema.Type.Is("integer"):
		if schema.Min == nil || schema.Max == nil {
			t.Errorf("%s has no bound", at)
		}
	}
}

func TestEveryErrorIsDocumented(t *testing.T) {
	t.Parallel()
	for id, op := range mustContract(t).operations {
		if ownDoors[id] && !strings.HasPrefix(id, "partner") {
			continue
		}
		needed := []string{"500", "503"}
		if !rules[id].public {
			needed = append(needed, "401")
		}
		if op.spec.RequestBody != nil {
			needed = append(needed, "400", "413", "415")
		}
		for _, status := range needed {
			if op.spec.Responses.Value(status) == nil {
				t.Errorf("%s does not say when it answers %s", id, status)
			}
		}
		if op.method == http.MethodPost && !strings.HasPrefix(id, "partner") && id != "createSession" && id != "previewRequest" && id != "explainPolicy" && id != "checkPolicy" && id != "previewNotice" {
			found := false
			for _, parameter := range op.parameters {
				found = found || parameter.Name == "Idempotency-Key"
			}
			if !found {
				t.Errorf("%s takes no Idempotency-Key", id)
			}
		}
	}
}

func TestTheContractNamesTheSignatureHeadersOfTheWire(t *testing.T) {
	t.Parallel()
	schemes := mustContract(t).doc.Components.SecuritySchemes
	for scheme, header := range map[string]string{
		"partnerPeer": partner.HeaderLibrary, "partnerId": partner.HeaderID,
		"partnerTimestamp": partner.HeaderTimestamp, "partnerSignature": partner.HeaderSignature,
	} {
		if got := schemes[scheme].Value.Name; got != header {
			t.Errorf("%s is %q in the contract and %q on the wire", scheme, got, header)
		}
	}
}

// The examples of partner messages are what the connector takes.
func TestPartnerExamplesDecode(t *testing.T) {
	t.Parallel()
	c := mustContract(t)
	for _, id := range []string{"partnerRequest", "partnerMessage"} {
		media := c.operations[id].spec.RequestBody.Value.Content.Get("application/json")
		examples := map[string]any{}
		if media.Example != nil {
			examples["example"] = media.Example
		}
		for name, example := range media.Examples {
			examples[name] = example.Value.Value
		}
		if len(examples) == 0 {
			t.Errorf("%s has no example", id)
		}
		for name, example := range examples {
			body, err := json.Marshal(example)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := partner.Decode(body); err != nil {
				t.Errorf("%s %s: %v", id, name, err)
			}
		}
	}
}

func TestStrictJSON(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	wide := "[" + strings.Repeat("1,", maxValues) + "1]"
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
	} {
		_, err := parseStrict([]byte(c.body))
		ours, ok := broker.AsError(err)
		if !ok || len(ours.Fields) == 0 || ours.Fields[0].Code != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
	}
	value, err := parseStrict([]byte(` {"a": [1, "é", null, true, {"b/c": "\ud83d\ude00"}]} `))
	if err != nil || value.(map[string]any)["a"].([]any)[4].(map[string]any)["b/c"] != "😀" {
		t.Errorf("good JSON: %v, %v", value, err)
	}
}

func FuzzStrictJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,2,{"b":"\u0000"}]}`, `"`, `[[[[`, `{"a":1,"a":1}`, "\xff", `1e400`, `nul`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		value, err := parseStrict(body)
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

func TestCursorsBelongToTheirList(t *testing.T) {
	t.Parallel()
	c := cursors{[]byte("0123456789abcdef")}
	sealed := c.seal("tasks", "42")
	if position, err := c.open("tasks", sealed); err != nil || position != "42" {
		t.Errorf("%q, %v", position, err)
	}
	for name, cursor := range map[string]string{
		"another list's": c.seal("loans", "42"), "changed": sealed[:len(sealed)-1] + "A",
		"made up": "1abc", "of another key": cursors{[]byte("fedcba9876543210")}.seal("tasks", "42"), "of another version": "0" + sealed[1:],
	} {
		if _, err := c.open("tasks", cursor); !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("a cursor that is %s: %v", name, err)
		}
	}
	if c.seal("tasks", "") != "" {
		t.Error("the end of a list has a cursor")
	}
}

func TestWhoMayCallWhat(t *testing.T) {
	t.Parallel()
	staff := func(roles ...string) access.Principal { return access.Principal{Kind: access.KindStaff, Roles: roles} }
	patron := access.Principal{Kind: access.KindPatron}
	for _, c := range []struct {
		operation string
		who       access.Principal
		allowed   bool
	}{
		{"scan", staff(access.RoleDesk), true},
		{"scan", patron, false},
		{"scan", staff(), false},
		{"actOnLending", staff(access.RoleDesk), false},
		{"actOnLending", staff(access.RoleILL), true},
		{"actOnLending", staff(access.RoleAdmin), true},
		{"listMyLoans", patron, true},
		{"listMyLoans", staff(access.RoleAdmin), false},
		{"getPatron", patron, false},
		{"submitRequest", patron, true},
		{"no such operation", staff(access.RoleAdmin), false},
		{"scan", access.Principal{Kind: access.KindProgram, Roles: []string{access.RoleDesk}}, true},
	} {
		err := admits(c.operation, c.who)
		if (err == nil) != c.allowed {
			t.Errorf("%s %v may call %s: %v", c.who.Kind, c.who.Roles, c.operation, err)
		}
		if err != nil && !broker.IsKind(err, broker.KindForbidden) {
			t.Errorf("the refusal is %v", err)
		}
	}
}
