package filemap_test

import (
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/filemap"
)

var ours = map[string][]string{
	"patrons": {"card", "class", "name"},
	"items":   {"barcode", "branch", "type", "call_number"},
}

// A library's map begins with a shipped one, and what it says stands before that.
func TestAMapBeginsWithAnother(t *testing.T) {
	t.Parallel()
	all := map[string][]string{}
	for _, kind := range []string{"patrons", "items", "loans", "holds", "charges"} {
		all[kind] = strings.Fields("card patron class key name birth_date expires registered last_active phone email address branch note barcode title_key title author isbn oclc " +
			"publisher year type call_number price price_paid status lendable created loan_note started due returned renewals queued_at suspended_until amount kind date")
	}
	for _, name := range filemap.Names() {
		text, err := filemap.Text(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := filemap.Read(text, all); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	made, err := filemap.Read([]byte("system: koha\ndates: day-month-year\ncodes:\n  type: {BK: dvd, 12: book}\n  branch: {CPL: main, \"E*\": east, \"EA*\": far}\nitems:\n  columns: {call_number: cn + suffix or cn}\n"), all)
	if err != nil {
		t.Fatal(err)
	}
	items := made.For("items")
	for _, test := range []struct{ column, code, want string }{
		{"type", "bk", "dvd"},
		{"type", "12", "book"},
		{"type", "VM", "dvd"},
		{"type", "game", "?"},
		{"type", "book", "book"},
		{"branch", " CPL ", "main"},
		{"branch", "E2", "east"},
		{"branch", "EAST", "far"},
		{"branch", "W", "?"},
		{"status", "0 2", "lost"},
	} {
		got, known := items.Codes[test.column].Of(test.code)
		if !known {
			got = "?"
		}
		if got != test.want {
			t.Errorf("%s %q means %q, want %q", test.column, test.code, got, test.want)
		}
	}
	if got := items.Columns["call_number"]; len(got) != 2 || len(got[0]) != 2 || got[1][0] != "cn" || made.Dates != filemap.DayFirst || items.Columns["barcode"] == nil {
		t.Errorf("read as %+v, dates %s", items, made.Dates)
	}
}

// Every mistake of a map is told at once, with its place.
func TestMistakesInAMap(t *testing.T) {
	t.Parallel()
	_, err := filemap.Read([]byte("system: aleph\ndates: sometimes\ncods: {}\ncodes:\n  colour: {a: b}\nitems:\n  columns:\n    barkode: x\n    branch: \"\"\n  rest: maybe\nholdings:\n  field: \"1\"\n  subfields: {price: c}\n"), ours)
	failed, ok := broker.AsError(err)
	if !ok {
		t.Fatal(err)
	}
	var told []string
	for _, field := range failed.Fields {
		told = append(told, field.Message)
	}
	all := strings.Join(told, "\n")
	for _, says := range []string{
		"1:9: must be one of evergreen, koha, sierra", "2:8: must be year-month-day", "3:1:", `5:12: "colour" is no column of ours`,
		`8:5: "barkode" is no column of ours here; right are barcode`, "9:5: must name a column", "10:9: must be ignore", "12:10: must be the three digits", "13:3: must say where the barcode",
	} {
		if !strings.Contains(all, says) {
			t.Errorf("nobody said %q; told was\n%s", says, all)
		}
	}
	if _, err := filemap.Read([]byte("items: [a\n"), ours); err == nil {
		t.Error("what is no YAML passes for a map")
	}
	if _, err := filemap.Text("aleph"); !broker.IsKind(err, broker.KindNotFound) {
		t.Errorf("a map that is not shipped: %v", err)
	}
}
