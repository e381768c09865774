package rest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"afield/broker/hostiletest"
	"afield/connectors/wire"
)

// hostileTexts are put into the fields of bodies that hold documents.
var hostileTexts = map[string]hostiletest.Attack{
	"brackets":    hostiletest.Repeat("", "[", ""),
	"dashes":      hostiletest.Repeat("", "- ", ""),
	"empty lines": hostiletest.Repeat("title: |\n", "\n", ""),
	"anchors":     hostiletest.Repeat("a: &a [", "*a, ", "]"),
	"documents":   hostiletest.Repeat("", "a\n---\n", ""),
	"keys":        hostiletest.Repeat("policy: x\nattributes:\n", "  unknown: 1\n", ""),
	"entries":     hostiletest.Repeat("policy: x\nattributes:\n  loans.renewals:\n", "    - unknown: 1\n", ""),
}

// hostileBodies are JSON, or nearly.
var hostileBodies = map[string]hostiletest.Attack{
	"nested lists":   hostiletest.Repeat("", "[", ""),
	"nested objects": hostiletest.Repeat("", `{"a":`, ""),
	"wide":           hostiletest.Repeat("[", "1,", "1]"),
	"an open text":   hostiletest.Repeat(`{"text":"`, "x", ""),
	"unknown fields": func(length int) string { return manyFields(min(length/10, 9000)) },
	"a long name": func(length int) string {
		return `{"` + strings.Repeat("x", length/2) + `":[` + strings.Repeat("0,", min(length/4, 9000)) + "0]}"
	},
	"a long number": hostiletest.Repeat(`{"patron_id":`, "9", "}"),
}

func manyFields(count int) string {
	fields := map[string]int{}
	for range count {
		fields[strings.Repeat("x", len(fields)%50)+string(rune('a'+len(fields)%26))+strings.Repeat("y", len(fields)/50)] = 1
	}
	text, _ := json.Marshal(fields)
	return string(text)
}

// Whatever is sent to a door, answering it costs no more than a multiple of its
// length; the answer is a typed one.
func TestNoCallCostsMuchMoreThanItsLength(t *testing.T) { //nolint:paralleltest // it counts what is allocated
	w := newWorld(t)
	office := w.office(t)
	document := func(path, token, before string) func([]byte) {
		return func(text []byte) {
			quoted, err := json.Marshal(string(text))
			must(t, err)
			w.send(t, place{method: "POST"}, path, token, []byte(before+string(quoted)+"}"), nil)
		}
	}
	for path, read := range map[string]func([]byte){
		"/v1/policies/check": document("/v1/policies/check", w.staff, `{"effective":"2026-09-01","text":`),
		"/v1/policies":       document("/v1/policies", w.staff, `{"effective":"2026-09-01","text":`),
		"/v1/configuration":  document("/v1/configuration", office, `{"dry_run":true,"reason":"a test","document":`),
	} {
		t.Run(path, func(t *testing.T) { hostiletest.Grows(t, 4000, read, hostileTexts) })
	}
	body := func(path, token string) func([]byte) {
		return func(text []byte) { w.send(t, place{method: "POST"}, path, token, text, nil) }
	}
	for path, read := range map[string]func([]byte){
		"/v1/sessions":       body("/v1/sessions", ""),
		"/v1/requests":       body("/v1/requests", w.me),
		"/v1/policies/check": body("/v1/policies/check", w.staff),
		"/v1/partner/messages": func(text []byte) {
			header, err := wire.Sign(w.secret, "m-1", time.Now(), text)
			must(t, err)
			header.Set(wire.HeaderLibrary, "ISIL:US-PARTNER")
			w.send(t, place{method: "POST"}, "/v1/partner/messages", "", text, header)
		},
		"a signature": func(text []byte) {
			header, err := wire.Sign(w.secret, "m-1", time.Now(), nil)
			must(t, err)
			header.Set(wire.HeaderLibrary, "ISIL:US-PARTNER")
			header.Set(wire.HeaderSignature, strings.Map(printable, string(text)))
			w.send(t, place{method: "POST"}, "/v1/partner/messages", "", []byte("{}"), header)
		},
	} {
		t.Run(path, func(t *testing.T) { hostiletest.Grows(t, 400, read, hostileBodies) })
	}
}

// printable leaves what a header may hold, with commas and spaces that split it.
func printable(r rune) rune {
	switch {
	case r == '[' || r == '{':
		return ' '
	case r < ' ' || r > '~':
		return 'x'
	}
	return r
}
