package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"afield/broker"
	"afield/broker/postgres"
)

// place is one operation with its path filled in.
type place struct {
	id, method, path string
	operation        *openapi3.Operation
}

// places lists every operation of the contract, ids filled in with one nobody has.
func places(t testing.TB) []place {
	t.Helper()
	doc, err := document()
	must(t, err)
	var list []place
	for pattern, item := range doc.Paths.Map() {
		path := strings.NewReplacer("{id}", broker.NewID().String(), "{action}", "cancel", "{block}", broker.NewID().String(),
			"{other}", broker.NewID().String(), "{number}", "7", "{username}", "nobody").Replace(pattern)
		for method, operation := range item.Operations() {
			list = append(list, place{operation.OperationID, method, path, operation})
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].id < list[j].id })
	return list
}

// caller is the token of somebody who may make the call.
func (w *world) caller(p place) string {
	if words, _ := p.operation.Extensions["x-callers"].([]any); len(words) == 1 && words[0] == "patron" {
		return w.me
	}
	return w.staff
}

// rows counts what every table holds that a call could write to.
func (w *world) rows(t testing.TB) map[string]int {
	t.Helper()
	counts := map[string]int{}
	must(t, w.db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		for _, table := range []string{
			"requests", "request_events", "rota_entries", "deadlines", "staff_tasks", "request_notes", "messages",
			"loans", "holds", "ledger_entries", "notices", "items", "idempotency_keys", "access_tokens",
		} {
			var count int
			if err := tx.QueryRow(ctx, "select count(*)::int from "+table).Scan(&count); err != nil {
				return err
			}
			counts[table] = count
		}
		return nil
	}))
	return counts
}

// send makes a call with any bytes and fails the test on anything but a
// documented answer below 500.
func (w *world) send(t testing.TB, p place, path, token string, body []byte, headers http.Header) answer {
	t.Helper()
	request := httptest.NewRequest(p.method, "/", bytes.NewReader(body))
	request.URL.Path, request.URL.RawQuery, _ = strings.Cut(path, "?")
	request.Header = headers.Clone()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	if request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	recorder := httptest.NewRecorder()
	w.api.ServeHTTP(recorder, request)
	got := answer{status: recorder.Code, header: recorder.Header(), text: recorder.Body.String()}
	if got.status >= 500 {
		log := w.log.String()
		t.Fatalf("%s %s with %.200q: %d %s\n%s", p.method, path, body, got.status, got.text, log[max(0, len(log)-600):])
	}
	if got.status >= 400 {
		if json.Unmarshal(recorder.Body.Bytes(), &got.body) != nil || got.code() == "" || got.header.Get("Content-Type") != "application/problem+json" {
			t.Fatalf("%s %s with %.200q: %d and not a typed problem: %s", p.method, path, body, got.status, got.text)
		}
	}
	return got
}

// wrongBodies are wrong on any route that takes a body.
func wrongBodies() map[string][]byte {
	return map[string][]byte{
		"not JSON": []byte(`{a:1}`), "cut short": []byte(`{"citation":{"title":`), "a list": []byte(`[]`), "a number": []byte(`7`), "null": []byte(`null`),
		"text": []byte(`"x"`), "twice": []byte(`{"kind":1,"kind":2}`), "trailing": []byte(`{}x`), "not UTF-8": []byte("{\"text\":\"\xff\"}"),
		"NUL": []byte(`{"text":"\u0000"}`), "unknown field": []byte(`{"no_such_field":1}`), "wrong case": []byte(`{"Barcode":"1","Citation":{},"Amount":{},"Kind":"staff"}`),
		"deep": []byte(strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200)), "wide": []byte("[" + strings.Repeat("0,", 30_000) + "0]"),
		"huge": []byte(`{"text":"` + strings.Repeat("x", 2<<20) + `"}`), "huge number": []byte(`{"amount":{"minor":1e999,"currency":"USD"}}`),
	}
}

// Every operation, every wrong body: a typed problem, never a fault, and not one
// row more.
func TestWrongBodiesOnEveryRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.rows(t)
	for _, p := range places(t) {
		if p.operation.RequestBody == nil || p.id == "importFile" { // a file is read row by row
			continue
		}
		for name, body := range wrongBodies() {
			got := w.send(t, p, p.path, w.caller(p), body, nil)
			want := []int{400}
			switch {
			case strings.HasPrefix(p.id, "partner"):
				want = []int{401, 413} // the signature is looked at first
			case name == "huge":
				want = []int{413}
			case p.id == "actOnRequest" || p.id == "actOnLending":
				want = []int{400, 404} // the request is not there
			}
			if !contains(want, got.status) {
				t.Errorf("%s with a body that is %s: %d %s", p.id, name, got.status, got.text)
			}
		}
		for _, media := range []string{"text/plain", "application/xml", "application/json; charset=latin1", "multipart/form-data", "nonsense/"} {
			if got := w.send(t, p, p.path, w.caller(p), []byte(`{"a":1}`), http.Header{"Content-Type": {media}}); got.status != 415 &&
				!(strings.HasPrefix(p.id, "partner") && strings.HasPrefix(media, "application/json") && got.status == 401) {
				t.Errorf("%s as %s: %d %s", p.id, media, got.status, got.text)
			}
		}
	}
	if after := w.rows(t); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("rows were left behind: before %v, after %v", before, after)
	}
}

func contains(list []int, wanted int) bool {
	for _, each := range list {
		if each == wanted {
			return true
		}
	}
	return false
}

// Each property of each body in turn gets values of the wrong type or beyond
// its bounds: the answer names that field.
func TestWrongFieldsAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, p := range places(t) {
		if p.operation.RequestBody == nil || strings.HasPrefix(p.id, "partner") || strings.HasPrefix(p.id, "actOn") {
			continue
		}
		content := p.operation.RequestBody.Value.Content.Get("application/json")
		if content == nil {
			continue // a file, whose rows are judged by its reader
		}
		schema := content.Schema.Value
		for name, property := range schema.Properties {
			if p.id == "answerAsked" && name == "form" {
				continue // its fields are those of the answer, which is read first
			}
			for _, value := range wrongValues(property.Value) {
				body, err := json.Marshal(map[string]any{name: value})
				must(t, err)
				got := w.send(t, p, p.path, w.caller(p), body, nil)
				if got.status != 400 || !strings.Contains(got.text, `"pointer":"/`+name) {
					t.Errorf("%s with %s: %d %s", p.id, body, got.status, got.text)
				}
			}
		}
	}
}

func wrongValues(schema *openapi3.Schema) []any {
	if len(schema.AllOf) == 1 {
		return wrongValues(schema.AllOf[0].Value)
	}
	switch {
	case schema.Type.Is("string"):
		values := []any{7, true, []any{}, map[string]any{}, nil}
		if schema.MaxLength != nil {
			values = append(values, strings.Repeat("é", int(*schema.MaxLength)+1))
		}
		if len(schema.Enum) > 0 || schema.Format == "uuid" || schema.Format == "date" || schema.Format == "date-time" {
			values = append(values, "x", "2026-02-30", "9999-12-31", "0000-00-00")
			if !slices.Contains(schema.Enum, any("")) {
				values = append(values, "")
			}
		}
		return values
	case schema.Type.Is("boolean"):
		return []any{"true", 1, nil, []any{}}
	case schema.Type.Is("array"):
		return []any{"x", map[string]any{}, []any{7}, nil}
	case schema.Type.Is("object"):
		return []any{"x", []any{}, 7, nil, map[string]any{"no_such_field": 1}}
	}
	return []any{"x", nil, 1.5}
}

// All wrong fields are reported together, in body, path, query and headers.
func TestAllWrongFieldsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.call(t, "POST", "/v1/requests?no=1", w.staff, `{"patron_id":"x","citation":{"isbn":7,"format":"papyrus"},"need_by":"2026-02-30",
		"max_cost":{"minor":"a","currency":"usd"},"service":"gift","more":1,"a/b":2}`, "Idempotency-Key", "a b")
	wants(t, got, 400, "invalid_input")
	for _, pointer := range []string{
		"/patron_id", "/citation/isbn", "/citation/format", "/need_by", "/max_cost/minor", "/max_cost/currency",
		"/service", "/more", "/a~1b", "query:no", "header:Idempotency-Key",
	} {
		if !strings.Contains(got.text, `"pointer":"`+pointer+`"`) {
			t.Errorf("%s is not named: %s", pointer, got.text)
		}
	}
	if strings.Contains(got.text, "papyrus") || strings.Contains(got.text, `"Schema`) {
		t.Errorf("the answer repeats the input: %s", got.text)
	}
}

// Wrong ids, cursors, limits and queries, on every operation.
func TestWrongParametersOnEveryRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, p := range places(t) {
		if p.path == "/docs" || p.path == "/openapi.json" || strings.HasSuffix(p.path, "z") || strings.HasPrefix(p.id, "partner") || p.id == "importFile" {
			continue // what is signed, and what takes a file, looks at its body first
		}
		if strings.Count(p.path, "-") >= 4 {
			at := strings.Split(p.path, "/")[3]
			for _, wrong := range []string{"x", "1", strings.Repeat("9", 400), "01890a5d-ac96-774b-bcce-b302099a805g", "..", "%00", "\xff", "'; drop table requests; --"} {
				if got := w.send(t, p, strings.Replace(p.path, at, wrong, 1), w.staff, nil, nil); got.status != 400 && got.status != 404 && got.status != 405 {
					t.Errorf("%s with id %q: %d %s", p.id, wrong, got.status, got.text)
				}
			}
		}
		for _, query := range []string{
			"no_such=1", "limit=0", "limit=201", "limit=x", "limit=1&limit=2", "cursor=", "cursor=x", "cursor=1AAAA", "%zz=1", "q=%ff", "q=%00", "a;b",
			"patron_id=x", "queue=x", "order=x", "open=x", "state=" + strings.Repeat("x", 500), "expected_version=-1", "channel=x", "member=7",
		} {
			if got := w.send(t, p, p.path+"?"+query, w.caller(p), nil, nil); got.status != 400 && !(got.status == 404 && p.id == "listPatronRequests") {
				t.Errorf("%s?%s: %d %s", p.id, query, got.status, got.text)
			}
		}
	}
}

func TestNoTokenOrABadOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, p := range places(t) {
		if p.operation.Security != nil { // open, or signed
			continue
		}
		for _, token := range []string{"", "x", "af_", "af_" + strings.Repeat("A", 43), "af_" + strings.Repeat("A", 5000)} {
			got := w.send(t, p, p.path, token, nil, nil)
			if got.status != 401 || got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s with token %.10q: %d %s", p.id, token, got.status, got.text)
			}
		}
		if got := w.send(t, p, p.path, "", nil, http.Header{"Authorization": {"Basic eDp5"}}); got.status != 401 {
			t.Errorf("%s with a password: %d", p.id, got.status)
		}
	}
	got := w.call(t, "GET", "/v1/nowhere", w.staff, "")
	wants(t, got, 404, "no_such_route")
	wants(t, w.call(t, "PUT", "/v1/requests", w.staff, ""), 405, "method_not_allowed")
}

// Any bytes at all, on any operation that takes a body.
func FuzzBodies(f *testing.F) {
	for _, body := range wrongBodies() {
		if len(body) < 1000 {
			f.Add(0, body)
		}
	}
	f.Add(3, []byte(`{"citation":{"title":"x"},"patron_id":"01890a5d-ac96-774b-bcce-b302099a8057"}`))
	f.Add(5, []byte(`{"barcode":"1","card":"2"}`))
	w := newWorld(f)
	var open []place
	for _, p := range places(f) {
		if p.operation.RequestBody != nil {
			open = append(open, p)
		}
	}
	f.Fuzz(func(t *testing.T, which int, body []byte) {
		p := open[(which%len(open)+len(open))%len(open)]
		w.send(t, p, p.path, w.staff, body, nil)
	})
}

// garbage is what somebody may put into a form's field: right in type and
// senseless, or wrong.
func garbage(field map[string]any) []string {
	common := []string{`null`, `7`, `[]`, `{}`, `""`, `"x"`, `"\u0000"`, `"` + strings.Repeat("é", 3000) + `"`}
	switch field["type"] {
	case "money":
		return append(common, `{"minor":-1,"currency":"USD"}`, `{"minor":1,"currency":"XYZ"}`, `{"minor":1e300,"currency":"USD"}`, `{"minor":1}`,
			`{"minor":99999999,"currency":"USD"}`)
	case "date":
		return append(common, `"2026-02-30"`, `"0001-01-01"`, `"9999-12-31"`, `"1900-01-01"`)
	case "library":
		return append(common, `"ISIL:US-NOWHERE"`, `"`+broker.NewID().String()+`"`, `"ISIL:US-HOME"`, `"ISIL:US-AWAY"`, `"::::"`)
	}
	return common
}

// Every action that is offered, with garbage in each field of its form: a typed
// answer, never a fault. Garbage of the right type may go through.
func TestGarbageInEveryForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	submitted := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Living Mountain"}}`, w.patron))
	wants(t, w.partnerSays(t, "requests", w.ask("m-1"), w.secret), 200, "")
	inbox := w.call(t, "GET", "/v1/lending", w.otherStaff, "")
	lending, _ := inbox.body["requests"].([]any)[0].(map[string]any)["id"].(string)
	for _, side := range []struct{ path, token string }{{"/v1/requests/" + submitted.id(), w.staff}, {"/v1/lending/" + lending, w.otherStaff}} {
		for round := range 6 { // an accepted act opens the next state's forms
			one := w.call(t, "GET", side.path, side.token, "")
			actions, _ := one.body["available_actions"].([]any)
			for _, each := range actions {
				action := each.(map[string]any)
				path := side.path + "/actions/" + action["name"].(string)
				form, _ := action["form"].([]any)
				for _, field := range form {
					for _, value := range garbage(field.(map[string]any)) {
						w.send(t, place{method: "POST"}, path, side.token, []byte(fmt.Sprintf(`{%q:%s}`, field.(map[string]any)["name"], value)), nil)
					}
				}
				if round > 0 && len(form) == 0 && len(actions) > 0 {
					w.send(t, place{method: "POST"}, path, side.token, nil, nil)
				}
			}
		}
	}
	checked, err := w.db.Invariants(t.Context())
	must(t, err)
	for _, invariant := range checked {
		if invariant.Count > 0 {
			t.Errorf("%s: %d rows, %v", invariant.Rule, invariant.Count, invariant.Rows)
		}
	}
}
