package partner_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/conntest/suite"
	"afield/connectors/partner"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func kinds() []connectors.Kind {
	return []connectors.Kind{
		connectors.KindRequest, connectors.KindCancel, connectors.KindAcceptConditions, connectors.KindRejectConditions,
		connectors.KindReceived, connectors.KindRenew, connectors.KindShippedReturn, connectors.KindLostByBorrower,
		connectors.KindPaid, connectors.KindExpectToSupply, connectors.KindWillSupply, connectors.KindConditional,
		connectors.KindRetryLater, connectors.KindUnfilled, connectors.KindLoaned, connectors.KindCopyCompleted,
		connectors.KindCancelAnswer, connectors.KindRenewAnswer, connectors.KindOverdue, connectors.KindRecalled,
		connectors.KindDueChanged, connectors.KindLoanCompleted, connectors.KindInvoice, connectors.KindNote,
	}
}

// sameDates compares dates, whose fields are not exported.
func sameDates() cmp.Option {
	return cmp.Comparer(func(one, other broker.Date) bool { return one == other })
}

func TestDecodeReadsWhatEncodeWrote(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		message := anyMessage(t)
		body, err := partner.Encode(message)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		again, err := partner.Decode(body)
		if err != nil {
			t.Fatalf("decode %s: %v", body, err)
		}
		if diff := cmp.Diff(message, again, sameDates()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func anyMessage(t *rapid.T) connectors.Message {
	text := func(label string) string {
		return rapid.StringMatching(`[ -~é字\x{2028}]{0,40}`).Draw(t, label)
	}
	id := rapid.StringMatching(`[A-Za-z0-9_:-]{1,128}`)
	symbol := func(label string) broker.Symbol {
		return broker.NewSymbol(rapid.StringMatching(`[A-Z0-9._-]{1,32}`).Draw(t, label),
			rapid.StringMatching(`[!-~]{1,64}`).Draw(t, label))
	}
	date := rapid.Custom(func(t *rapid.T) broker.Date {
		return broker.NewDate(rapid.IntRange(1900, 2198).Draw(t, "year"), time.January, rapid.IntRange(1, 366).Draw(t, "day"))
	})
	money := rapid.Custom(func(t *rapid.T) *broker.Money {
		return &broker.Money{
			Minor: rapid.Int64Range(0, 99_999_999_999).Draw(t, "minor"), Currency: rapid.StringMatching(`[A-Z]{3}`).Draw(t, "currency"),
		}
	})
	yes := rapid.Bool().Draw(t, "yes")
	message := connectors.Message{
		ID: id.Draw(t, "id"), Kind: rapid.SampledFrom(kinds()).Draw(t, "kind"), RequestID: id.Draw(t, "request"),
		Borrower: symbol("borrower"), Lender: symbol("lender"),
		SentAt:  time.Unix(rapid.Int64Range(0, 7_000_000_000).Draw(t, "sent"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC(),
		Service: rapid.SampledFrom([]string{"loan", "copy"}).Draw(t, "service"), Rush: rapid.Bool().Draw(t, "rush"),
		Copyright: rapid.SampledFrom([]string{"", "US:CCG", "US:CCL"}).Draw(t, "copyright"),
		Citation: &broker.Citation{
			Title: "T" + text("title"), Author: text("author"), ISBN: text("isbn"), ISSN: text("issn"), OCLC: text("oclc"),
			Publisher: text("publisher"), Year: text("year"), Edition: text("edition"), Volume: text("volume"),
			Issue: text("issue"), Pages: text("pages"), PartTitle: text("part title"), PartAuthor: text("part author"), DOI: text("doi"), PMID: text("pmid"),
			Format: rapid.SampledFrom([]broker.Format{"", broker.FormatBook, broker.FormatArticle}).Draw(t, "format"),
		},
		Yes: &yes, Reason: rapid.StringMatching(`[a-z][a-z0-9_]{0,63}`).Draw(t, "reason"),
		Conditions: text("conditions"), Cost: money.Draw(t, "cost"), Due: date.Draw(t, "due"),
		RetryAfter: date.Draw(t, "retry after"), Note: "n" + text("note"),
	}
	if rapid.Bool().Draw(t, "optional parts") {
		renewals := rapid.IntRange(0, 999).Draw(t, "renewals")
		message.Renewals, message.Fine, message.FineMost = &renewals, money.Draw(t, "fine"), money.Draw(t, "most of the fine")
		message.PreviousRequestID, message.NeedBy, message.MaxCost = id.Draw(t, "previous"), date.Draw(t, "need by"), money.Draw(t, "max cost")
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "items") {
		message.Items = append(message.Items, connectors.MessageItem{Barcode: fmt.Sprint(i), Volume: text("volume")})
	}
	return message
}

// edited gives a valid request as JSON with fields set or, with nil, taken out.
func edited(t *testing.T, changes map[string]any) []byte {
	t.Helper()
	body, err := partner.Encode(suite.Request())
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		t.Fatal(err)
	}
	for name, content := range changes {
		fields[name] = content
		if content == nil {
			delete(fields, name)
		}
	}
	body, err = json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// faults gives "pointer code" for every wrong field.
func faults(t *testing.T, err error) []string {
	t.Helper()
	ours, ok := broker.AsError(err)
	if !ok || ours.Kind != broker.KindInvalid {
		t.Fatalf("%v, want an invalid-input error", err)
	}
	var list []string
	for _, field := range ours.Fields {
		list = append(list, field.Pointer+" "+field.Code)
	}
	slices.Sort(list)
	return list
}

func TestDecodeNamesEveryWrongFieldAtOnce(t *testing.T) {
	t.Parallel()
	body := edited(t, map[string]any{
		"version": "2", "id": "has a space", "kind": "gift", "request_id": nil, "borrower": "nobody", "Lender": "ISIL:X",
		"sent_at": "yesterday", "service": "sale", "need_by": "22.8.2026", "rush": "no", "surprise": 1,
		"max_cost": map[string]any{"minor": 12.5, "currency": "usd", "vat": 1},
		"citation": map[string]any{"title": "a\x00b", "isbn": 9, "format": "scroll"},
		"items":    []any{map[string]any{"barcode": ""}, "two"}, "yes": json.RawMessage("null"),
	})
	_, err := partner.Decode(body)
	want := []string{
		"/Lender unknown_field", "/borrower not_a_symbol", "/citation/format not_allowed", "/citation/isbn wrong_type",
		"/citation/title control_character", "/id wrong_form", "/items/0/barcode required", "/items/1 wrong_type",
		"/kind unknown_kind", "/max_cost/currency wrong_form", "/max_cost/minor not_an_amount", "/max_cost/vat unknown_field",
		"/need_by not_a_date", "/request_id required", "/rush wrong_type", "/sent_at not_an_instant",
		"/service not_allowed", "/surprise unknown_field", "/version unsupported_version", "/yes wrong_type",
	}
	if diff := cmp.Diff(want, faults(t, err)); diff != "" {
		t.Error(diff)
	}
}

func TestEachKindHasItsRequiredFields(t *testing.T) {
	t.Parallel()
	needed := map[connectors.Kind][]string{
		connectors.KindRequest:      {"/citation required", "/service required"},
		connectors.KindConditional:  {"/conditions required"},
		connectors.KindRetryLater:   {"/retry_after required"},
		connectors.KindUnfilled:     {"/reason required"},
		connectors.KindLoaned:       {"/due required"},
		connectors.KindDueChanged:   {"/due required"},
		connectors.KindCancelAnswer: {"/yes required"},
		connectors.KindRenewAnswer:  {"/yes required"},
		connectors.KindInvoice:      {"/cost required"},
		connectors.KindNote:         {"/note required"},
	}
	for _, kind := range kinds() {
		body := edited(t, map[string]any{"kind": string(kind), "citation": nil, "service": nil})
		message, err := partner.Decode(body)
		if len(needed[kind]) == 0 {
			if err != nil || message.Kind != kind {
				t.Errorf("%s needs nothing more: %v", kind, err)
			}
			continue
		}
		if diff := cmp.Diff(needed[kind], faults(t, err)); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
	_, err := partner.Decode(edited(t, map[string]any{"renewals": -1, "fine_most": map[string]any{"minor": 400, "currency": "CAD"}}))
	if diff := cmp.Diff([]string{"/fine required", "/renewals out_of_range"}, faults(t, err)); diff != "" {
		t.Error(diff)
	}
	_, err = partner.Decode([]byte(`{}`))
	want := []string{
		"/borrower required", "/id required", "/kind required", "/lender required", "/request_id required",
		"/sent_at required", "/version required",
	}
	if diff := cmp.Diff(want, faults(t, err)); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeRefusesTheWrongForm(t *testing.T) {
	t.Parallel()
	valid := string(edited(t, nil))
	for name, test := range map[string]struct{ body, want string }{
		"empty":         {"", " not_json"},
		"not an object": {`[1]`, " wrong_type"},
		"null":          {`null`, " wrong_type"},
		"trailing data": {valid + `{}`, " trailing_data"},
		"cut off":       {valid[:len(valid)-5], " not_json"},
		"not UTF-8":     {strings.Replace(valid, "lighthouses", "\xff", 1), " not_utf8"},
		"byte order":    {"\xef\xbb\xbf" + valid, " not_json"},
		"twice":         {strings.Replace(valid, "{", `{"kind":"note",`, 1), "/kind given_twice"},
		"twice inside":  {strings.Replace(valid, `"title"`, `"title":"x","title"`, 1), "/citation/title given_twice"},
		"too large":     {valid + strings.Repeat(" ", partner.MaxBytes), " too_large"},
		"too deep":      {strings.Replace(valid, "{", `{"x":`+strings.Repeat("[", 64)+strings.Repeat("]", 64)+",", 1), " too_complex"},
		"too many":      {strings.Replace(valid, "{", `{"x":[`+strings.Repeat("1,", partner.MaxValues)+`1],`, 1), " too_complex"},
	} {
		_, err := partner.Decode([]byte(test.body))
		if got := faults(t, err); !slices.Contains(got, test.want) {
			t.Errorf("%s: %v, want %s", name, got, test.want)
		}
	}
	if _, err := partner.Decode([]byte(valid + " \n")); err != nil {
		t.Errorf("blanks after the object: %v", err)
	}
}

func TestAnAbsurdBodyGetsAShortAnswer(t *testing.T) {
	t.Parallel()
	var body strings.Builder
	body.WriteString(`{"kind":"note"`)
	for i := range 2000 {
		fmt.Fprintf(&body, `,"%d%s":1`, i, strings.Repeat("~", 90))
	}
	_, err := partner.Decode([]byte(body.String() + "}"))
	if got := faults(t, err); len(got) > 50 || len(err.Error()) > 32<<10 {
		t.Errorf("%d faults in %d bytes", len(got), len(err.Error()))
	}
}

func TestSymbolsAreReadInAnyLetterCase(t *testing.T) {
	t.Parallel()
	message, err := partner.Decode(edited(t, map[string]any{"lender": "isil:us-Lender", "sent_at": "2026-08-01T10:30:00-04:00"}))
	if err != nil {
		t.Fatal(err)
	}
	if message.Lender != broker.NewSymbol("ISIL", "US-LENDER") {
		t.Errorf("lender = %s", message.Lender)
	}
	if want := time.Date(2026, time.August, 1, 14, 30, 0, 0, time.UTC); message.SentAt != want {
		t.Errorf("sent at %s, want %s in UTC", message.SentAt, want)
	}
}

func TestTheLargestMessageFitsTheWire(t *testing.T) {
	t.Parallel()
	long := func(count int) string { return strings.Repeat("\u2028", count) } // six bytes each on the wire
	message := suite.Request()
	message.Note, message.Conditions = long(4000), long(4000)
	message.Citation = &broker.Citation{
		Title: long(999) + "T", Author: long(500), ISBN: long(200), ISSN: long(200), OCLC: long(200),
		Publisher: long(200), Year: long(200), Edition: long(200), Volume: long(200),
		Issue: long(200), Pages: long(200), PartTitle: long(1000), PartAuthor: long(500), DOI: long(200), PMID: long(200),
	}
	for range 200 {
		message.Items = append(message.Items, connectors.MessageItem{Barcode: strings.Repeat(`"`, 64), Volume: long(100)})
	}
	body, err := partner.Encode(message)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := partner.Decode(body); err != nil || len(again.Items) != 200 {
		t.Errorf("%d items, %v", len(again.Items), err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, kind := range kinds() {
		yes := true
		message := suite.Request()
		message.Kind, message.Yes, message.Reason, message.Note = kind, &yes, connectors.ReasonOnLoan, "a\tb"
		message.Conditions, message.Cost = "in the library only", &broker.Money{Minor: 1250, Currency: "USD"}
		message.Due, message.RetryAfter = message.NeedBy, message.NeedBy
		message.Items = []connectors.MessageItem{{Barcode: "31234000000017", Volume: "v. 2"}}
		body, err := partner.Encode(message)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	for _, body := range []string{
		"", "{}", "[]", "null", `{"a":1,"a":2}`, `{"Kind":"note"}`, strings.Repeat("[", 100), `{"max_cost":{"minor":1e400}}`,
		`{"sent_at":"9999-12-31T23:59:59-23:59"}`, `{"need_by":"0000-00-00"}`, `{"id":"\ud800"}`, "{\"\xff\":1}", `{"items":[{},{},1]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		message, err := partner.Decode(body)
		if err != nil {
			if len(faults(t, err)) == 0 {
				t.Fatal("refused without a field")
			}
			return
		}
		again, err := partner.Encode(message)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		reread, err := partner.Decode(again)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if diff := cmp.Diff(message, reread, sameDates()); diff != "" {
			t.Fatal(diff)
		}
	})
}
