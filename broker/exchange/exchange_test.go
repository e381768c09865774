package exchange_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/exchange"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

// files are the kinds in the order they are brought in, with a small library's
// rows.
func files() [][2]string {
	return [][2]string{
		{exchange.Calendar, someCalendar},
		{exchange.Patrons, somePatrons},
		{exchange.Items, someItems},
		{exchange.Loans, someLoans},
		{exchange.Holds, someHolds},
		{exchange.Charges, someCharges},
	}
}

// Each file is tried, read in, and read in again: the trial changes nothing and
// gives the same counts, the second time changes nothing.
func TestReadInTwice(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, file := range files() {
		kind, text := file[0], file[1]
		tried := p.bring(kind, text, dryRun)
		first := p.bring(kind, text)
		tried.DryRun = false
		equal(t, kind+": the trial and the run", tried, first)
		if first.New+first.Changed != first.Rows {
			t.Errorf("%s: the first time: %+v", kind, first)
		}
		equal(t, kind+": the second time", p.bring(kind, text), counts(first.Rows, 0, 0, first.Rows, 0))
	}
	equal(t, "items on loan", p.count(`select count(*) from items where barcode = '31003' and status = 'on_loan'`), 1)
	equal(t, "items on the hold shelf", p.count(`select count(*) from items where barcode = '31001' and status = 'on_hold_shelf'`), 1)
	equal(t, "children linked", p.count(`select count(*) from patron_links`), 1)
	equal(t, "titles", p.count(`select count(*) from titles`), 2)
	equal(t, "owed by 21234000021001", p.count(`select sum(amount_minor)::int from ledger_entries e join cards c on c.patron_id = e.patron_id where c.number = '21234000021001'`), 200)
	equal(t, "terms of the open loan name its policy", p.count(`select count(*) from loans where status = 'open' and terms ->> 'policy' = 'westport'`), 1)
	equal(t, "due at the close of business", p.count(`select count(*) from loans where status = 'open' and due_at > due_on`), 1)
	found, err := p.db.Invariants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, invariant := range found {
		if invariant.Count > 0 {
			t.Errorf("%s: %s", invariant.Rule, invariant.Rows)
		}
	}
}

// What is changed in a file changes; a column that is left out of its head keeps
// what is stored.
func TestChangedRows(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	result := p.bring(exchange.Patrons, "card,class,phone\n21234000021001,adult,555-0199\n21234000021002,minor,\n21234000021003,adult,\n")
	equal(t, "patrons", result, counts(3, 0, 2, 1, 0))
	equal(t, "name and birthday stay", p.count(`select count(*) from patrons where name = 'adult patron 1' and born_on = '1980-05-30' and phone = '555-0199'`), 1)
	result = p.bring(exchange.Items, "barcode,call_number,status\n31003,DVD FILM,on_shelf\n31002,,on_shelf\n")
	equal(t, "items", result, counts(2, 0, 2, 0, 0))
	equal(t, "what is on loan stays so", p.count(`select count(*) from items where barcode = '31003' and status = 'on_loan' and call_number = 'DVD FILM'`), 1)
	equal(t, "what was missing is found", p.count(`select count(*) from items where barcode = '31002' and status = 'on_shelf'`), 1)
}

// Every wrong row is reported with its line and column; the right ones go in.
func TestWrongRows(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	for kind, test := range map[string]struct {
		text string
		says []string
		kept int
	}{
		exchange.Patrons: {
			"card,class,birth_date,email,guardian_card,status,branch\n" +
				"21234000022001,adult,1980-02-30,,,,\n21234000022002,astronaut,,no address,,asleep,west\n21234000022003,minor,,,21234000029999,,\n21234000022004,adult,,,,,\n21234000022004,adult,,,,,\n,adult,,,,,\n21234000022005,minor,,,21234000022004,,\n21234000022006,adult\n",
			[]string{
				`line 2, birth_date: "1980-02-30" is not a date`, `line 3, class: "astronaut" must be one of adult, minor`,
				`line 3, email:`, `line 3, status: "asleep" is not known; right are active, suspended, closed`, `line 3, branch: "west" is not a branch of this library; right are main`,
				`line 4, guardian_card: "21234000029999" is no patron`, `line 6: has the card 21234000022004, which line 5 had already`, `line 7, card: is empty`, `line 9: has another number of fields`,
			},
			2,
		},
		exchange.Items: {
			"barcode,title,isbn,type,price,parts,lendable\n32001,T,123,book,,,\n32002,T,,cloud,,,\n32003,T,,book,12.345,0,perhaps\n32004,,,book,,,\n32005,T,,book,,,\n",
			[]string{
				`line 2, isbn: "123" is not an ISBN`, `line 3, type: "cloud" must be one of book`, `line 4, price: "12.345" is not an amount`, `line 4, parts: "0" must be at least 1`,
				`line 4, lendable: "perhaps" is neither yes nor no`, `line 5, title: is empty`,
			},
			1,
		},
		exchange.Loans: {
			"barcode,card,started,due,returned\n39999,21234000021001,2026-08-01,2026-08-22,\n31002,21234000029999,2026-08-01,2026-08-22,\n31003,21234000021001,2026-08-01,2026-08-22,\n" +
				"31002,21234000021001,2026-08-01,2026-07-22,\n31002,21234000021001,2027-08-01,2027-08-22,\n31002,,2026-08-01,2026-08-22,\n31002,21234000021001,2026-05-01,2026-05-22,2026-04-01\n",
			[]string{
				`line 2, barcode: "39999" is no item here`, `line 3, card: "21234000029999" is no patron`, `line 4, barcode: 31003 is on loan already, since 2026-08-10 10:30`,
				`line 5, due: lies before the loan began`, `line 6, started: lies in the future`, `line 7, card: is empty`, `line 8, returned: lies before the loan began`,
			},
			0,
		},
		exchange.Holds: {
			"card,title_key,barcode,queued_at,status,copy\n21234000021001,nothing,,2026-08-01,,\n21234000021001,,,2026-08-01,,\n21234000021001,b100,,soon,,\n21234000021001,b100,,2026-08-01,on_hold_shelf,31003\n21234000021003,b100,,2026-08-02,,\n",
			[]string{
				`line 2, title_key: "nothing" is no title here`, `line 3, title_key: is empty`, `line 4, queued_at: "soon" is not a time`, `line 5, copy: 31003 is on_loan, so it cannot be kept`,
				`line 5, pick_up_by: is empty`,
			},
			1,
		},
		exchange.Charges: {
			"key,card,entry,kind,amount,against,date\nx1,21234000021001,charge,overdue,0.00,,2026-08-01\nx2,21234000021001,charge,overdue,-1.00,,2026-08-01\nx3,21234000021001,waiver,overdue,1.00,,2026-08-01\n" +
				"x4,21234000021002,payment,overdue,1.00,c1,2026-08-01\nx5,21234000021001,payment,overdue,1.00,x99,2026-08-01\nx6,21234000021001,gift,overdue,1.00,,\nx7,21234000021001,charge,overdue,1.00,,2026-08-01\n",
			[]string{
				`line 2, amount: is nothing`, `line 3, amount: is below zero`, `line 4, against: is empty`, `line 5, against: "c1" is an entry of another patron`,
				`line 6, against: "x99" is no entry`, `line 7, date: is empty`, `line 7, entry: "gift" is not known`,
			},
			1,
		},
		exchange.Proxies: {
			"patron,proxy,until\n21234000021001,21234000021001,\n21234000021001,21234000029999,\n21234000021001,21234000021003,2026-13-01\n,21234000021003,\n21234000021003,21234000021001,2027-01-01\n21234000021003,21234000021001,\n",
			[]string{
				`line 2, proxy: is the patron's own`, `line 3, proxy: "21234000029999" is no patron`, `line 4, until: "2026-13-01" is not a date`, `line 5, patron: is empty`,
				`line 7: has the proxy 21234000021001 of 21234000021003, which line 6 had already`,
			},
			1,
		},
		exchange.Blocks: {
			"patron,reason,kind,stops,from,until\n21234000021001,,,,,\n21234000021001,One,odd,,,\n21234000021001,Two,,checkout;breathing,,\n21234000021001,Three,,,2026-08-02,2026-08-01\n21234000021001,Owes a book,,,,\n",
			[]string{
				`line 2, reason: is empty`, `line 3, kind: "odd" is not known; right are manual`, `line 4, stops: "breathing" is nothing that a block stops; right are checkout`,
				`line 5, until: "2026-08-01" must not end before it begins`,
			},
			1,
		},
		exchange.Calendar: {
			"weekday,from,to,hours\nmon,2026-01-01,,\nmon,,,9 to 5\n,2026-03-01,2026-02-01,\n,2026-03-01,2026-03-02,09:00-12:00\n,2026-03-01,,\n",
			[]string{`line 2, weekday: or from`, `line 3, hours: "9 to 5" are not hours`, `line 4, to: must not lie before`, `line 5, to: must be empty`},
			1,
		},
	} {
		for _, dry := range []bool{true, false} {
			result, wrong, err := p.try(t.Context(), kind, test.text, func(o *exchange.Options) { o.DryRun = dry })
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			told := strings.Join(wrong, "\n")
			for _, says := range test.says {
				if !strings.Contains(told, says) {
					t.Errorf("%s (dry run %v): nobody said %q; told was\n%s", kind, dry, says, told)
				}
			}
			if result.New != test.kept || result.New+result.Failed != result.Rows {
				t.Errorf("%s (dry run %v): %+v, want %d new; told was\n%s", kind, dry, result, test.kept, told)
			}
		}
	}
}

// A file that cannot be read as a whole says why.
func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for text, says := range map[string]string{
		"":                   "is empty; the first line must name the columns: card (needed)",
		"card,klass\n":       `columns that mean nothing here: "klass"; right are card (needed), class (needed)`,
		"card\n1\n":          "lacks the columns class",
		"card,class,card\n":  `two columns named "card"`,
		"\xff\xfec\x00a\x00": "UTF-16",
		"card,class\n\"" + strings.Repeat("x", 3<<20): "a row of more than",
	} {
		_, _, err := p.try(t.Context(), exchange.Patrons, text)
		ours, ok := broker.AsError(err)
		if !ok || len(ours.Fields) == 0 || !strings.Contains(ours.Fields[0].Message, says) {
			t.Errorf("%.20q: %+v, want %q", text, err, says)
		}
	}
	for _, text := range []string{"\ufeffcard\tclass\n21234000021001\tadult\n", "Card|Class\n21234000021001|adult\n", "card,class\r\n21234000021001,adult\r\n"} {
		equal(t, fmt.Sprintf("%q", text), p.bring(exchange.Patrons, text).Failed, 0)
	}
}

// manyPatrons is a file of more than one slice.
func manyPatrons(count int) string {
	var text strings.Builder
	text.WriteString("card,class,name\n")
	for i := range count {
		fmt.Fprintf(&text, "%d,adult,adult patron %d\n", 21234000040000+i, i)
	}
	return text.String()
}

// A run that is stopped in the middle keeps whole slices, and goes on from
// there.
func TestResume(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	text := manyPatrons(1600) + "21234000099999,nobody,somebody\n"
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	result, _, err := p.try(ctx, exchange.Patrons, text, func(o *exchange.Options) {
		o.OnProgress = func(done, all int) {
			equal(t, "all rows", all, 1601)
			if done == 1000 {
				stop()
			}
		}
	})
	if !errors.Is(err, context.Canceled) || result.New != 1000 {
		t.Fatalf("stopped: %+v, %v", result, err)
	}
	equal(t, "kept", p.count(`select count(*) from patrons`), 1000)
	result, wrong, err := p.try(t.Context(), exchange.Patrons, text)
	if err != nil || len(wrong) != 1 {
		t.Fatalf("%v %v", err, wrong)
	}
	equal(t, "going on", result, exchange.Result{Rows: 1601, New: 600, Failed: 1, Resumed: 1000})
	result, _, err = p.try(t.Context(), exchange.Patrons, text)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "once more", result, counts(1601, 0, 0, 1600, 1))
}

// One row that the database itself refuses does not take its slice with it.
func TestOneBadRowStandsAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	_, err := pgtest.Admin(t, p.db).Exec(t.Context(), `alter table patrons add constraint not_the_seventeenth check (name <> 'adult patron 16')`)
	if err != nil {
		t.Fatal(err)
	}
	result, wrong, err := p.try(t.Context(), exchange.Patrons, manyPatrons(40))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "rows", result, counts(40, 39, 0, 0, 1))
	equal(t, "told", strings.Join(wrong, "\n"), "line 18: cannot be saved: it breaks the rule not_the_seventeenth")
}

// A key of another patron, or the like, never mixes two people.
func TestCardsOfOthers(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	_, wrong, err := p.try(t.Context(), exchange.Patrons, "card,class,key,other_cards\n21234000021001,adult,p2,\n21234000021009,adult,p9,21234000021003=lost\n")
	if err != nil || len(wrong) != 2 || !strings.Contains(wrong[0], "another patron than the one with the key p2") || !strings.Contains(wrong[1], "21234000021003 is the card of another patron") {
		t.Errorf("%v %v", err, wrong)
	}
	result := p.bring(exchange.Patrons, "card,class,key,other_cards\n21234000021010,adult,p1,21234000021001=lost\n")
	equal(t, "a new card for the same patron", result, counts(1, 0, 1, 0, 0))
	equal(t, "patrons", p.count(`select count(*) from patrons`), 3)
}

// Titles and copies come from MARC records, binary or XML, and the second time
// nothing changes.
func TestMARC(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	exported, _ := p.export()
	other := newPlace(t)
	equal(t, "titles", other.bring(exchange.MARC, exported["titles.mrc"], dryRun).New, 2)
	equal(t, "titles", other.bring(exchange.MARC, exported["titles.mrc"]), withCopies(counts(2, 2, 0, 0, 0)))
	equal(t, "again", other.bring(exchange.MARC, exported["titles.mrc"]), withCopies(counts(2, 0, 0, 2, 0)))
	equal(t, "the same as MARCXML", other.bring(exchange.MARC, exported["titles.xml"]), withCopies(counts(2, 0, 0, 2, 0)))
	equal(t, "copies", other.count(`select count(*) from items where type in ('book', 'dvd') and title_id is not null`), 4)
	_, wrong, err := other.try(t.Context(), exchange.MARC, `<collection xmlns="http://www.loc.gov/MARC21/slim">
		<record><leader>00000nam a2200000 i 4500</leader><controlfield tag="001">x1</controlfield></record>
		<record><leader>00000nam a2200000 i 4500</leader><controlfield tag="001">x2</controlfield>
			<datafield tag="245"><subfield code="a">By XML</subfield></datafield>
			<datafield tag="852"><subfield code="p">33001</subfield><subfield code="b">west</subfield></datafield></record>
		<record><leader>00000nam a2200000 i 4500</leader><controlfield tag="001">x3</controlfield>
			<datafield tag="245"><subfield code="a">By XML, too</subfield></datafield>
			<datafield tag="852"><subfield code="p">33002</subfield></datafield></record></collection>`)
	if err != nil || len(wrong) != 2 || !strings.Contains(wrong[0], "line 1, 245") || !strings.Contains(wrong[1], `line 2, 852 $b: copy 33001: "west"`) {
		t.Errorf("%v %v", err, wrong)
	}
	equal(t, "the wrong copy cost no title", other.count(`select count(*) from titles where title = 'By XML'`), 1)
	equal(t, "the right copy went in", other.count(`select count(*) from items where barcode in ('33001', '33002')`), 1)
}

// withCopies is a result of records that have the four copies of someItems.
func withCopies(result exchange.Result) exchange.Result {
	result.Holdings, result.Copies = "marc21", 4
	return result
}

// What a library takes out, it can take elsewhere: export, read into an empty
// database, export again, and nothing is lost or changed.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	p.bring(exchange.Patrons, "card,class,key,institution,name\n,library,lib1,ISIL:US-THERE,A borrowing library\n")
	p.bring(exchange.Links, "parent,child,since\n21234000021001,21234000021002,2024-02-29\n")
	p.bring(exchange.Proxies, "patron,proxy,until,created\n21234000021001,21234000021003,2026-12-31,2025-01-02T10:00:00Z\n21234000021003,21234000021001,,\n")
	p.bring(exchange.Blocks, someBlocks)
	before, _ := p.export()
	other := newPlace(t)
	kinds := []string{
		exchange.Calendar, exchange.Patrons, exchange.Links, exchange.Proxies, exchange.Blocks,
		exchange.Items, exchange.Loans, exchange.Holds, exchange.Charges,
	}
	for _, kind := range kinds {
		result := other.bring(kind, before[kind+".csv"])
		if result.New+result.Changed+result.Unchanged != result.Rows {
			t.Errorf("%s: %+v", kind, result)
		}
	}
	after, _ := other.export()
	for _, name := range []string{"calendar.csv", "patrons.csv", "items.csv", "loans.csv", "holds.csv", "charges.csv", "links.csv", "proxies.csv", "blocks.csv"} {
		if before[name] != after[name] {
			t.Errorf("%s\nbefore\n%s\nafter\n%s", name, before[name], after[name])
		}
		if strings.Count(before[name], "\n") < 2 {
			t.Errorf("%s has no rows to compare", name)
		}
	}
	// The titles' keys of the old system became ids.
	equal(t, "titles", strings.Count(after["titles.csv"], "\n"), strings.Count(before["titles.csv"], "\n"))
	for _, kind := range kinds {
		rows := strings.Count(before[kind+".csv"], "\n") - 1
		equal(t, kind+" read back where it came from", p.bring(kind, before[kind+".csv"]), counts(rows, 0, 0, rows, 0))
	}
}

// The manifest counts what is there; secrets are not.
func TestExport(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	p.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update cards set pin_hash = 'a-secret-hash'`)
		return nil
	})
	folder := filepath.Join(t.TempDir(), "out")
	files, manifest := p.export(func(o *exchange.ExportOptions) { o.Folder = folder })
	for _, file := range manifest.Files {
		text := files[file.Name]
		sum := sha256.Sum256([]byte(text))
		if file.SHA256 != hex.EncodeToString(sum[:]) || file.Bytes != int64(len(text)) {
			t.Errorf("%s is not what the manifest says", file.Name)
		}
		if strings.Contains(text, "secret") || strings.Contains(strings.SplitN(text, "\n", 2)[0], "hash") {
			t.Errorf("%s has a secret in it", file.Name)
		}
		if strings.HasSuffix(file.Name, ".csv") && file.Rows == 0 != (strings.Count(text, "\n") == 1) {
			t.Errorf("%s has not %d rows", file.Name, file.Rows)
		}
	}
	if text, err := policy.PresetText("westport"); err != nil || files["policy-westport.yaml"] != string(text) {
		t.Errorf("the policy's text is missing: %v", err)
	}
	if _, err := exchange.Export(t.Context(), p.db, exchange.ExportOptions{Library: p.ID, Folder: folder, Format: exchange.CSV}); !broker.IsKind(err, broker.KindConflict) {
		t.Errorf("a second export into the same folder: %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	elsewhere := t.TempDir()
	if _, err := exchange.Export(stopped, p.db, exchange.ExportOptions{Library: p.ID, Folder: filepath.Join(elsewhere, "out"), Format: exchange.CSV}); err == nil {
		t.Error("a stopped export ended well")
	}
	if left, err := os.ReadDir(elsewhere); err != nil || len(left) > 0 {
		t.Errorf("a stopped export leaves %v behind (%v)", left, err)
	}
}

// The JSON form holds the same rows, typed.
func TestExportJSON(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	files, _ := p.export(func(o *exchange.ExportOptions) {
		o.Format, o.Kinds = exchange.JSON, []string{"loans", "proxies", "items"}
	})
	equal(t, "files", len(files), 3)
	var loans []struct {
		Barcode  string
		Renewals int
		Terms    costs.Terms
		Returned *string
	}
	if err := json.Unmarshal([]byte(files["loans.json"]), &loans); err != nil || len(loans) != 3 || loans[2].Terms.Policy != "westport" || loans[2].Returned != nil {
		t.Errorf("loans: %v %+v\n%s", err, loans, files["loans.json"])
	}
	equal(t, "no proxies", files["proxies.json"], "[]\n")
	_, err := exchange.Export(t.Context(), p.db, exchange.ExportOptions{Library: p.ID, Folder: filepath.Join(t.TempDir(), "o"), Format: exchange.CSV, Kinds: []string{"secrets"}})
	if !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("an unknown kind: %v", err)
	}
}

// Another library sees and takes out nothing of this one's.
func TestOnlyItsOwn(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	var other broker.ID
	p.do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select library_id from symbols where value = 'US-THERE'`).Scan(&other)
	})
	files, _ := place{t: t, db: p.db, Library: p.as(other)}.export()
	for name, text := range files {
		if strings.HasSuffix(name, ".csv") && strings.Count(text, "\n") > 1 {
			t.Errorf("%s of a library without rows:\n%s", name, text)
		}
	}
	_, _, err := place{t: t, db: p.db, Library: p.as(other)}.try(t.Context(), exchange.Patrons, somePatrons)
	if !broker.IsKind(err, broker.KindRefused) {
		t.Errorf("a library that is no member: %v", err)
	}
}

// A person whom one row names by card and another by key counts as two rows, in
// the order of the file, and neither stops the rest.
func TestOnePersonUnderTwoNames(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	result := p.bring(exchange.Patrons, "card,key,class,phone\n21234000021001,,adult,555-0111\n,p1,adult,555-0122\n21234000021003,,resident,555-0133\n")
	equal(t, "patrons", result, counts(3, 0, 3, 0, 0))
	equal(t, "the later row stands", p.count(`select count(*) from patrons where phone = '555-0122'`), 1)
	result = p.bring(exchange.Links, "parent,child,since\n21234000021001,21234000021003,2026-01-01\np1,21234000021003,2026-02-01\n")
	equal(t, "links", result, counts(2, 1, 1, 0, 0))
	equal(t, "one link, as the later row says", p.count(`select count(*) from patron_links where since = '2026-02-01'`), 1)
}

// A patron who is named as their own guardian, by a card that was replaced, is
// reported; the other rows go in.
func TestNobodyIsTheirOwnGuardian(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	result, wrong, err := p.try(t.Context(), exchange.Patrons, "card,class,guardian_card\n21234000021001,adult,21234000020001\n21234000021009,minor,21234000021001\n")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "told", strings.Join(wrong, "\n"), "line 2, guardian_card: is the patron's own")
	equal(t, "rows", result, counts(2, 1, 0, 0, 1))
}

// A row that was left out stays left out when the run is stopped after it and
// goes on: nothing of it is done when the file is read once more.
func TestResumeLeavesOutWhatWasRefused(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	text := "card,class,birth_date,guardian_card\n21234000021003,resident,never,21234000021001\n21234000021009,minor,,21234000021001\n"
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	_, _, err := p.try(ctx, exchange.Patrons, text, func(o *exchange.Options) { o.OnProgress = func(int, int) { stop() } })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped before the links: %v", err)
	}
	before := p.count(`select count(*) from patron_links`)
	_, wrong, err := p.try(t.Context(), exchange.Patrons, text)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "told", strings.Join(wrong, "\n"), `line 2, birth_date: "never" is not a date; write it as 2026-08-22`)
	equal(t, "links made", p.count(`select count(*) from patron_links`)-before, 1)
}

// A row whose guardians were refused goes in without them, and is one wrong row.
func TestARowIsWrongOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	result, wrong, err := p.try(t.Context(), exchange.Patrons, "card,class,guardian_card\n21234000021001,minor,21234000021002;21234000021003\n21234000021002,astronaut,\n21234000021003,astronaut,\n")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "errors told", len(wrong), 4)
	equal(t, "rows", result, counts(3, 1, 0, 0, 3))
}
