package pipeline

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"afield/api"
	"afield/broker"
	"afield/broker/access"
	"afield/connectors/partner"
	"afield/connectors/wire"
)

func mustContract(t *testing.T) *contract {
	t.Helper()
	c, err := readContract(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ownDoors are operations with a guard of their own, or none.
var ownDoors = map[string]bool{
	"partnerRequest": true, "partnerMessage": true, "health": true, "ready": true,
	"openapi": true, "docs": true,
}

// A document in which one route does not say, or says wrongly, who may call it
// does not start a server.
func TestARouteThatAdmitsNobodyKnownFailsAtStart(t *testing.T) {
	t.Parallel()
	good := string(api.OpenAPI)
	for name, text := range map[string]string{
		"no callers":        strings.Replace(good, "      x-callers: [staff]\n", "", 1),
		"an unknown caller": strings.Replace(good, "x-callers: [staff]", "x-callers: [stuff]", 1),
		"no list":           strings.Replace(good, "x-callers: [staff]", "x-callers: staff", 1),
		"an unknown role":   strings.Replace(good, "x-roles: [ill, director]", "x-roles: [ill, king]", 1),
		"roles of patrons":  strings.Replace(good, "x-callers: [patron]", "x-callers: [patron]\n      x-roles: [desk]", 1),
		"anyone, signed in": strings.Replace(good, "x-callers: [staff]", "x-callers: [anyone]", 1),
		"anyone and staff":  strings.Replace(good, "x-callers: [anyone]", "x-callers: [anyone, staff]", 1),
	} {
		if text == good {
			t.Errorf("%s: nothing was changed", name)
		}
		if _, err := readContract([]byte(text)); err == nil {
			t.Errorf("%s: the document is taken", name)
		}
	}
}

// Every request body names its fields, so that a misspelt one is an error, and
// limits its texts and lists.
func TestEveryBodyIsClosedAndBounded(t *testing.T) {
	t.Parallel()
	for id, op := range mustContract(t).operations {
		if op.spec.RequestBody == nil || id == "actOnRequest" || id == "actOnLending" || id == "answerAsked" || strings.HasPrefix(id, "partner") {
			continue // forms are checked against the state tables, messages by connectors/partner
		}
		content := op.spec.RequestBody.Value.Content
		if content.Get("application/octet-stream") != nil {
			continue // a file, which its reader bounds
		}
		closed(t, id, content.Get("application/json").Schema.Value)
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

// withoutKey are operations that are posted and take no Idempotency-Key: they
// change nothing, answer with a secret that is not kept, or change nothing twice.
var withoutKey = map[string]bool{
	"createSession": true, "acceptInvitation": true, "inviteStaff": true, "changeConfiguration": true, "undoConfigurationChange": true, "restoreStaff": true, "resetStaffPassword": true,
	"previewRequest": true, "previewPatron": true, "explainPolicy": true, "checkPolicy": true, "previewNotice": true, "importFile": true,
}

func TestEveryErrorIsDocumented(t *testing.T) {
	t.Parallel()
	for id, op := range mustContract(t).operations {
		if ownDoors[id] && !strings.HasPrefix(id, "partner") {
			continue
		}
		needed := []string{"500", "503"}
		if !op.callers.anyone {
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
		if op.method == http.MethodPost && !strings.HasPrefix(id, "partner") && !withoutKey[id] {
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
		"partnerPeer": wire.HeaderLibrary, "partnerId": wire.HeaderID,
		"partnerTimestamp": wire.HeaderTimestamp, "partnerSignature": wire.HeaderSignature,
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
	operations := mustContract(t).operations
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
		{"partnerRequest", staff(access.RoleAdmin), false},
		{"scan", access.Principal{Kind: access.KindProgram, Roles: []string{access.RoleDesk}}, true},
	} {
		err := operations[c.operation].callers.admit(c.who)
		if (err == nil) != c.allowed {
			t.Errorf("%s %v may call %s: %v", c.who.Kind, c.who.Roles, c.operation, err)
		}
		if err != nil && !broker.IsKind(err, broker.KindForbidden) {
			t.Errorf("the refusal is %v", err)
		}
	}
}
