package sru

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/connectors"
)

func read(t *testing.T, path string) Answer {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := Read(text)
	if err != nil {
		t.Fatalf("%s: %s", path, err)
	}
	return answer
}

func copiesIn(answer Answer, form string) []Copy {
	var all []Copy
	for _, record := range answer.Records {
		all = append(all, record.Copies(form)...)
	}
	return all
}

// brief writes a copy on one line: how many, whose, where, its numbers, how it
// stands and until when.
func brief(one Copy) string {
	text := fmt.Sprintf("%d %s|%s|%s|%s|%s|%s %s", one.Count, one.Library, one.Place, one.Shelf, one.CallNumber, one.Barcode, one.Policy, one.Why)
	if !one.Due.IsZero() {
		text += " " + one.Due.String()
	}
	return strings.TrimSpace(text)
}

func TestEveryFormIsRead(t *testing.T) {
	t.Parallel()
	tested := []string{"polaris", "evergreen"} // of the recorded answers, below
	for _, c := range []struct {
		file, form string
		copies     []string
	}{
		{"marc21", "marc21", []string{"1 EXA|main|stacks|PA4025 .A5 2003|31000000000017| not_known"}},
		{"koha", "koha", []string{
			"1 MAIN|EAST|GEN|883 HOM|31000000000025|BK", "1 MAIN|MAIN||883 HOM|31000000000033|BK on_loan 2026-12-20",
			"1 MAIN||||31000000000041|REF stays_in", "1 MAIN||||31000000000058| missing", "1 MAIN||||31000000000066| never_lent", "1 MAIN||||31000000000074| on_order",
		}},
		{"packed", "koha", []string{"1 MAIN|||883 HOM & Co|31000000000025|"}},
		{"alma", "alma", []string{
			"2 01EX|SCI|Stacks|PA4025||", "1 01EX|SCI|Stacks|PA4025|| unavailable", "2 01EX|LAW|Desk||| unavailable", "1 01EX|ANX|Annex||| not_known",
		}},
		{"reshare", "reshare", []string{"1 ISIL:US-EXA||||in00077|LOANABLE not_known", "1 ISIL:US-EXB||||b4711| not_known"}},
		{"gvi", "gvi", []string{
			"1 DE-1|||HA 100|e0| loans_only", "1 DE-2|||HA 100|e1| copies_only", "1 DE-3|||HA 100|e2| not_known",
			"1 DE-4|||HA 100|e3| never_lent", "1 DE-5|||HA 100|e4| copies_only", "1 DE-6||||e9| copies_only",
		}},
		{"opac", "opac", []string{
			"1 |Main|Stacks|883 HOM|i1|Book", "1 |Main|Stacks|883 HOM|i2| on_loan 2026-12-18", "1 |Main|Stacks|883 HOM|i3| wanted",
			"1 |Main|Stacks|883 HOM|i4| stays_in", "1 |Main|Stacks|883 HOM|i5| unavailable", "1 |Branch|||| on_loan 2026-12-15",
			"1 |Branch|||| stays_in", "1 |Branch|||| not_known",
		}},
		{"iso20775", "iso20775", []string{
			"1 US-EXA|Main||883 HOM|i1|", "1 US-EXA|Main|||i2| on_loan 2026-12-22", "1 US-EXA|Main|||i3| stays_in", "1 US-EXA|Main|||i4| not_known",
			"2 US-EXB|||||", "1 US-EXB||||| unavailable", "1 US-EXC||||v1|",
		}},
		{"koha", NoCopies, []string{"1 |||||  not_known"}},
	} {
		tested = append(tested, c.form)
		var got []string
		for _, one := range copiesIn(read(t, filepath.Join("testdata", c.file+".xml")), c.form) {
			got = append(got, brief(one))
		}
		for i := range c.copies {
			c.copies[i] = strings.ReplaceAll(c.copies[i], "  ", " ")
		}
		if !slices.Equal(got, c.copies) {
			t.Errorf("%s as %s:\n got  %s\n want %s", c.file, c.form, strings.Join(got, "\n      "), strings.Join(c.copies, "\n      "))
		}
	}
	for _, form := range Forms() {
		if !slices.Contains(tested, form) {
			t.Errorf("form %s is not tested", form)
		}
	}
	for what, pair := range map[string][2][]string{
		"forms": {Forms(), directory.SearchForms()}, "systems": {Systems(), directory.SearchSystems()},
	} {
		if !slices.Equal(pair[0], pair[1]) {
			t.Errorf("%s here are %v, and a library's entry may say %v", what, pair[0], pair[1])
		}
	}
	for name, system := range systems {
		if forms[system.Holdings] == nil {
			t.Errorf("system %s has the form %q, which there is not", name, system.Holdings)
		}
	}
}

// What real systems answered, and the lendable copies that another program
// extracts from it. Its oracle names no barcode where that program needs none, and
// repeats the location as the shelf for Sierra.
func TestRecordedAnswersGiveTheLendableCopies(t *testing.T) {
	t.Parallel()
	recorded := filepath.Join("..", "..", "..", "shared", "standards", "sru", "holdings-responses")
	table, err := os.Open(filepath.Join(recorded, "EXPECTED.tsv"))
	if os.IsNotExist(err) {
		t.Skip("../shared/standards/sru with its recorded answers is not beside the project")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = table.Close() }()
	lines := csv.NewReader(table)
	lines.Comma, lines.LazyQuotes, lines.FieldsPerRecord = '\t', true, -1
	rows, err := lines.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	formOf := map[string]string{"alma": "opac", "evergreen": "evergreen", "horizon": "opac", "koha": "koha", "polaris": "polaris", "sierra": "opac", "voyager": "opac"}
	told := regexp.MustCompile(`"(\w+)":(?:"([^"]*)"|null)`)
	for _, row := range rows[1:] {
		file, expected := row[1], row[2]
		make, _, _ := strings.Cut(file, "-")
		var lendable []Copy
		for _, one := range copiesIn(read(t, filepath.Join(recorded, file)), formOf[make]) {
			if one.Why == Lendable {
				lendable = append(lendable, one)
			}
		}
		want := map[string]string{}
		for _, part := range told.FindAllStringSubmatch(expected, -1) {
			want[part[1]] = strings.TrimSpace(part[2])
		}
		if len(want) == 0 {
			if len(lendable) != 0 {
				t.Errorf("%s: %+v, want no lendable copy", file, lendable)
			}
			continue
		}
		if len(lendable) != 1 {
			t.Errorf("%s: %d lendable copies, want 1", file, len(lendable))
			continue
		}
		got := lendable[0]
		if make == "sierra" {
			want["shelvingLocation"] = ""
		}
		if want["itemId"] == "" {
			got.Barcode = ""
		}
		if make == "koha" || make == "evergreen" {
			got.Policy = ""
		}
		for _, pair := range [][3]string{
			{"place", got.Place, want["location"]},
			{"shelf", got.Shelf, want["shelvingLocation"]},
			{"call number", got.CallNumber, want["callNumber"]},
			{"barcode", got.Barcode, want["itemId"]},
			{"policy", got.Policy, want["itemLoanPolicy"]},
		} {
			if pair[1] != pair[2] {
				t.Errorf("%s: %s %q, want %q", file, pair[0], pair[1], pair[2])
			}
		}
	}
	out := copiesIn(read(t, filepath.Join(recorded, "polaris-with-out-item-status.xml")), "polaris")
	if len(out) != 1 || out[0].Why != OnLoan || out[0].Due != broker.MustDate("2023-12-15") {
		t.Errorf("Polaris, on loan: %+v", out)
	}
	out = copiesIn(read(t, filepath.Join(recorded, "koha-chatham_checked_out.xml")), "koha")
	if len(out) != 1 || out[0].Why != OnLoan || out[0].Due != broker.MustDate("2023-03-12") {
		t.Errorf("Koha, on loan: %+v", out)
	}
}

func TestSum(t *testing.T) {
	t.Parallel()
	december := func(day int) broker.Date { return broker.NewDate(2026, 12, day) }
	for name, c := range map[string]struct {
		copies []Copy
		owner  string
		format broker.Format
		want   connectors.Availability
	}{
		"none": {},
		"in":   {copies: []Copy{{Count: 2}, {Count: 1, Why: OnLoan, Due: december(3)}}, want: connectors.Availability{Owned: true, Available: 2}},
		"the first that comes back": {
			copies: []Copy{{Count: 1, Why: OnLoan, Due: december(20)}, {Count: 1, Why: OnLoan, Due: december(9)}, {Count: 1, Why: Missing}},
			want:   connectors.Availability{Owned: true, Due: december(9), Note: "2 on loan, 1 missing"},
		},
		"perhaps":                         {copies: []Copy{{Count: 1, Why: NotKnown}, {Count: 1, Why: OnLoan, Due: december(9)}}, want: connectors.Availability{Owned: true, Perhaps: 1}},
		"of others":                       {copies: []Copy{{Count: 1, Library: "DE-2"}}, owner: "DE-1"},
		"of its own":                      {copies: []Copy{{Count: 1, Library: "DE-2"}, {Count: 1, Library: "de-1", Why: LoansOnly}}, owner: "DE-1", want: connectors.Availability{Owned: true, Perhaps: 1}},
		"of a branch":                     {copies: []Copy{{Count: 1, Library: "ALL", Place: "EAST"}, {Count: 1, Library: "ALL", Place: "WEST"}}, owner: "EAST", want: connectors.Availability{Owned: true, Available: 1}},
		"loan of one that is only copied": {copies: []Copy{{Count: 1, Why: CopiesOnly}}, want: connectors.Availability{Owned: true, Note: "1 of which only parts are copied"}},
		"copy of one that is only lent":   {copies: []Copy{{Count: 1, Why: LoansOnly}}, format: broker.FormatArticle, want: connectors.Availability{Owned: true, Note: "1 of which nothing is copied"}},
		"copy of one that stays in":       {copies: []Copy{{Count: 1, Why: StaysIn}}, format: broker.FormatArticle, want: connectors.Availability{Owned: true, Available: 1}},
	} {
		if got := Sum(c.copies, c.owner, c.format); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestDatesAsSystemsWriteThem(t *testing.T) {
	t.Parallel()
	want := broker.MustDate("2026-12-05")
	for _, text := range []string{
		"2026-12-05", "20261205", "Dec 5 2026", "Dec  5 2026 ", "12-05-26", "12/05/2026", "12/5/2026", "5.12.2026", "2026-12-05T23:59:00Z", "2026-12-05 23:59", "5 Dec 2026", "December 5, 2026",
	} {
		if got := dateOf(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "soon", "13/13/2026", "0001-01-01", "99999999", "2026-02-30"} {
		if got := dateOf(text); !got.IsZero() {
			t.Errorf("%q: %s, want none", text, got)
		}
	}
}
