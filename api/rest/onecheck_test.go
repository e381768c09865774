package rest_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"afield/broker/csvfile"
	"afield/broker/exchange"
	"afield/broker/policy"
	"afield/broker/postgres"
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

// A way of paying that the policy does not take is refused wherever money is
// taken, given back or counted, with those it takes; so is a part that nobody
// knows.
func TestAWayOfPayingNobodyKnowsIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/patrons/" + w.patron.String()
	till := done(t, w.post(t, "/v1/tills", `{"float":{"minor":0,"currency":"USD"}}`), 201).id()
	done(t, w.post(t, path+"/payments", `{"amount":{"minor":500,"currency":"USD"},"method":"cash","in_advance":true}`), 201)
	charge := done(t, w.post(t, path+"/fees", `{"kind":"other","amount":{"minor":100,"currency":"USD"},"note":"a bag"}`), 201).word("charge", "id")
	voucher := done(t, w.post(t, path+"/refunds", `{"amount":{"minor":100,"currency":"USD"},"method":"voucher","reason":"as they wish"}`), 201).word("voucher", "id")
	cards := done(t, w.get(t, path+"/cards"), 200)
	invoice := done(t, w.post(t, "/v1/invoices", `{"debtor_id":%q,"kind":"postage","amount":{"minor":100,"currency":"USD"}}`, w.away), 201).id()
	for at, body := range map[string]string{
		path + "/payments":                     `{"amount":{"minor":100,"currency":"USD"},"method":"%s","in_advance":true}`,
		path + "/fees":                         `{"kind":"other","amount":{"minor":100,"currency":"USD"},"note":"a bag","method":"%s"}`,
		path + "/refunds":                      `{"amount":{"minor":100,"currency":"USD"},"method":"%s","reason":"as they wish"}`,
		"/v1/charges/" + charge + "/take-back": `{"reason":"a mistake","method":"%s"}`,
		"/v1/vouchers/" + voucher + "/pay":     `{"method":"%s"}`,
		"/v1/invoices/" + invoice + "/pay":     `{"method":"%s"}`,
		path + "/cards/surrender":              `{"card_id":"` + cards.word("cards", 0, "id") + `","how":"%s"}`,
		"/v1/tills/" + till + "/close":         `{"counted":[{"method":"%s","minor":500}]}`,
	} {
		got := w.call(t, "POST", at, w.staff, strings.ReplaceAll(body, "%s", "chesk"))
		if wants(t, got, 422, "may_not_pay_so"); !strings.Contains(got.text, "cash or check") {
			t.Errorf("%s does not name what is taken: %s", at, got.text)
		}
	}
	for method, want := range map[string]string{"chesk": "method not_allowed", "card": "", "check": ""} {
		row := map[string]string{"key": "1", "card": w.card, "entry": "payment", "kind": "credit", "amount": "-1.00", "date": "2026-08-01", "method": method}
		if said := w.wrongInAFile(t, exchange.Charges, row); said != want {
			t.Errorf("a file with the method %s: %q, want %q", method, said, want)
		}
	}
	loan := w.lends(t, "")
	got := w.call(t, "POST", loan+"/return", w.staff, `{"part_missing":"audiobook_disk"}`)
	if got.status != 400 || !strings.Contains(got.text, "booklet") {
		t.Errorf("a part nobody knows: %s", got.text)
	}
	done(t, w.post(t, loan+"/return", `{"part_missing":"booklet","part_obtainable":true,"part_price":{"minor":100,"currency":"USD"}}`), 200)
}

// A file says of somebody new who else may be the same person, as the desk does.
func TestAFileHintsAtTheSamePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	done(t, w.post(t, "/v1/patrons", `{"class":"adult","name":"adult patron 9","card":"21234000000029","born_on":"1990-01-02","met":["application","id","proof_of_address"],"shown":["government_photo_id"]}`), 201)
	for _, dry := range []bool{true, false} {
		hints := map[int]string{}
		result, err := exchange.Import(t.Context(), w.db, strings.NewReader("card;class;name;birth_date\n"+
			"21234000000030;adult;Adult Patron 9;1990-01-02\n21234000000031;adult;adult patron 10;1991-01-02\n21234000000032;adult;adult patron 10;1991-01-02\n"+
			"21234000000033;adult;adult patron 9;1991-01-02\n"), exchange.Options{
			Kind: exchange.Patrons, Library: w.home, Now: w.clock.Now(), Policies: standing.ByName(policy.Preset), DryRun: dry,
			OnError: func(wrong csvfile.RowError) { t.Error(wrong) },
			OnHint:  func(hint csvfile.RowError) { hints[hint.Line] = hint.Message },
		})
		must(t, err)
		if result.Alike != 3 || len(hints) != 3 || !strings.Contains(hints[2], "account ") || !strings.Contains(hints[3], "line 4") || !strings.Contains(hints[4], "line 3") {
			t.Errorf("dry run %v: %d, %v", dry, result.Alike, hints)
		}
	}
}

// A hold is judged alike at the desk and in a file.
func TestAHoldIsJudgedAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	row := func(more ...string) map[string]string {
		facts := map[string]string{"card": w.card, "barcode": w.item, "queued_at": "2026-08-01 10:00"}
		for i := 0; i < len(more); i += 2 {
			facts[more[i]] = more[i+1]
		}
		return facts
	}
	for want, facts := range map[string]map[string]string{
		"":                          row(),
		"queued_at in_the_future":   row("queued_at", "2036-08-01 10:00"),
		"channel not_allowed":       row("channel", "pigeon"),
		"suspended_until too_early": row("suspended_from", "2026-09-02", "suspended_until", "2026-09-01"),
		"pick_up_by required":       row("status", "on_hold_shelf", "copy", w.item),
		"copy required":             row("status", "in_transit"),
		"title_key required":        row("barcode", ""),
	} {
		if said := w.wrongInAFile(t, exchange.Holds, facts); said != want {
			t.Errorf("%v: %q, want %q", facts, said, want)
		}
	}
	item := done(t, w.get(t, "/v1/items?barcode="+w.item), 200).id()
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update items set lendable = false where library_id = $1 and id = $2`, w.home, item)
		return err
	}))
	if said := w.wrongInAFile(t, exchange.Holds, row()); said != "barcode item_not_lendable" {
		t.Errorf("a copy that is not lent, in a file: %q", said)
	}
	title := done(t, w.get(t, "/v1/items/"+item), 200).word("title_id")
	wants(t, w.post(t, "/v1/holds", `{"patron_id":%q,"title_id":%q,"item_id":%q}`, w.patron, title, item), 409, "item_not_lendable")
}
