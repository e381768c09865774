package rest_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"afield/broker/csvfile"
	"afield/broker/exchange"
	"afield/broker/policy"
	"afield/broker/standing"
)

// wrongFact is a fact that no library can keep: what the API and a file call its
// field, and the code that both answer.
type wrongFact struct {
	field, column string
	value         any
	text          string
	code          string
}

// judged says what both doors find wrong with facts, each beside facts that are
// right.
type judged struct {
	path, kind string
	body       map[string]any
	row        map[string]string
	facts      []wrongFact
}

// The API and a file judge patrons, cards, items and blocks by the same code: the
// same wrong fact gets the same answer about the same field.
func TestTheAPIAndFilesJudgeAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []judged{
		{
			path: "/v1/patrons", kind: exchange.Patrons,
			body: map[string]any{"class": "adult", "name": "somebody", "card": "21234000000029", "met": []string{"application", "id"}, "shown": []string{"delivered_mail"}},
			row:  map[string]string{"class": "adult", "name": "somebody", "card": "21234000000029"},
			facts: []wrongFact{
				{"/name", "name", "", "", "required"},
				{"/class", "class", "astronaut", "astronaut", "unknown_class"},
				{"/born_on", "birth_date", "2030-05-01", "2030-05-01", "in_the_future"},
				{"/notice_channel", "notices_by", "pigeon", "pigeon", "not_allowed"},
				{"/email", "email", "no address", "no address", "wrong_form"},
				{"/phone", "phone", "call me", "call me", "wrong_form"},
				{"/language", "language", "??", "??", "wrong_form"},
				{"/card", "card", "123", "123", "wrong_length"},
				{"/card", "card", "2123400000002A", "2123400000002A", "wrong_length"},
				{"/card", "card", "2123 0000000029", "2123 0000000029", "wrong_form"},
			},
		},
		{
			path: "/v1/items", kind: exchange.Items,
			body: map[string]any{"barcode": "31234000000055", "title": "A book"},
			row:  map[string]string{"barcode": "31234000000055", "title": "A book"},
			facts: []wrongFact{
				{"/barcode", "barcode", strings.Repeat("3", 101), strings.Repeat("3", 101), "too_long"},
				{"/type", "type", "cloud", "cloud", "unknown_type"},
				{"/audience", "audience", "giraffes", "giraffes", "not_allowed"},
				{"/age_mark", "age_mark", "ancient", "ancient", "not_allowed"},
				{"/parts", "parts", 0, "0", "out_of_range"},
				{"/price/minor", "price", map[string]any{"minor": -1, "currency": "USD"}, "-0.01", "out_of_range"},
			},
		},
		{
			path: "/v1/patrons/" + w.patron.String() + "/blocks", kind: exchange.Blocks,
			body: map[string]any{"kind": "manual", "reason": "a reason", "ground": "conduct", "from_on": "2026-08-10"},
			row:  map[string]string{"patron": w.card, "kind": "manual", "reason": "a reason", "ground": "conduct", "from": "2026-08-10"},
			facts: []wrongFact{
				{"/kind", "kind", "odd", "odd", "not_allowed"},
				{"/ground", "ground", "whim", "whim", "not_a_ground"},
				{"/until_on", "until", "2026-08-01", "2026-08-01", "before_from"},
			},
		},
	} {
		for _, fact := range c.facts {
			body := maps.Clone(c.body)
			body[strings.Split(fact.field, "/")[1]] = fact.value
			if said := w.wrongOverTheAPI(t, c.path, body); said != fact.field+" "+fact.code {
				t.Errorf("POST %s with %s = %v: %s, want %s", c.path, fact.field, fact.value, said, fact.code)
			}
			row := maps.Clone(c.row)
			row[fact.column] = fact.text
			if said := w.wrongInAFile(t, c.kind, row); said != fact.column+" "+fact.code {
				t.Errorf("a file of %s with %s = %q: %s, want %s", c.kind, fact.column, fact.text, said, fact.code)
			}
		}
	}
}

// wrongOverTheAPI gives the fields that a call finds wrong, with their codes.
func (w *world) wrongOverTheAPI(t *testing.T, path string, body map[string]any) string {
	t.Helper()
	text, err := json.Marshal(body)
	must(t, err)
	got := w.call(t, "POST", path, w.staff, string(text))
	var answer struct {
		Errors []struct{ Pointer, Code string }
	}
	must(t, json.Unmarshal([]byte(got.text), &answer))
	var said []string
	for _, one := range answer.Errors {
		said = append(said, one.Pointer+" "+one.Code)
	}
	if len(said) == 0 {
		return got.text
	}
	return strings.Join(said, ", ")
}

// wrongInAFile gives the columns of one row that an import finds wrong, with
// their codes. Nothing is kept.
func (w *world) wrongInAFile(t *testing.T, kind string, row map[string]string) string {
	t.Helper()
	columns := slices.Sorted(maps.Keys(row))
	cells := make([]string, len(columns))
	for i, column := range columns {
		cells[i] = row[column]
	}
	var said []string
	_, err := exchange.Import(t.Context(), w.db, strings.NewReader(strings.Join(columns, ";")+"\n"+strings.Join(cells, ";")+"\n"), exchange.Options{
		Kind: kind, Library: w.home, DryRun: true, Now: w.clock.Now(), Policies: standing.ByName(policy.Preset),
		OnError: func(wrong csvfile.RowError) { said = append(said, wrong.Column+" "+wrong.Code) },
	})
	must(t, err)
	return strings.Join(said, ", ")
}

// A child whose class wants a guardian is neither registered nor read in without
// one.
func TestAChildHasAGuardianByEitherDoor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alone := w.call(t, "POST", "/v1/patrons", w.staff, `{"class":"minor","name":"a child","card":"21234000000029","born_on":"2016-08-03","met":["application","id"],"shown":["delivered_mail"]}`)
	if alone.status != 422 || !strings.Contains(alone.codes(), "guardian_missing") {
		t.Errorf("registered: %s", alone.text)
	}
	row := map[string]string{"class": "minor", "name": "a child", "card": "21234000000029", "guardian_card": ""}
	if said := w.wrongInAFile(t, exchange.Patrons, row); said != "guardian_card guardian_missing" {
		t.Errorf("read in: %q", said)
	}
	row["guardian_card"] = w.card
	if said := w.wrongInAFile(t, exchange.Patrons, row); said != "" {
		t.Errorf("with a guardian: %q", said)
	}
}

// Whoever registers somebody a second time is shown the account that is there.
func TestAnAccountOfTheSamePersonIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	register := func(card, more string) answer {
		return done(t, w.post(t, "/v1/patrons", `{"class":"adult","name":%s,"card":%q,"met":["application","id","proof_of_address"],"shown":["government_photo_id"]}`, more, card), 201)
	}
	first := register("21234000000029", `"Ada Lane","born_on":"1990-01-02"`)
	if first.at("alike", 0) != nil {
		t.Errorf("nobody is like the first: %s", first.text)
	}
	if again := register("21234000000030", `"ada lane","born_on":"1990-01-02"`); again.word("alike", 0, "id") != first.word("patron", "id") || again.at("alike", 1) != nil {
		t.Errorf("the same name and birthday: %s", again.text)
	}
	if other := register("21234000000031", `"Ada Lane","born_on":"1991-01-02"`); other.at("alike", 0) != nil {
		t.Errorf("another birthday: %s", other.text)
	}
}

// A misspelt filter is refused with the words that are known.
func TestAMisspeltFilterIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for path, known := range map[string]string{
		"/v1/requests?state=sent_off": "shipped", "/v1/lending?state=sent_off": "shipped", "/v1/requests?state=shipped&state=sent_off": "shipped",
		"/v1/requests?queue=with_lender": "with_lenders", "/v1/requests?order=odlest": "oldest", "/v1/invoices?status=settled_up": "paid",
		"/v1/invoices?side=owed": "owed_to_us", "/v1/notices?channel=pigeon": "phone", "/v1/notices?status=sent": "troubled",
		"/v1/notices/templates/arived/email/en": "arrived",
	} {
		got := w.get(t, path)
		if got.status != 400 || !strings.Contains(got.text, known) {
			t.Errorf("%s: %d %s", path, got.status, got.text)
		}
	}
	if got := w.get(t, "/v1/requests?state=shipped"); got.status != 200 {
		t.Errorf("a known state: %s", got.text)
	}
}
