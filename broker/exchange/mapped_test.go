package exchange_test

import (
	"bytes"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/exchange"
	"afield/broker/filemap"
)

// by reads a file by a map.
func by(t *testing.T, text string) func(*exchange.Options) {
	t.Helper()
	if shipped, err := filemap.Text(text); err == nil {
		text = string(shipped)
	}
	made, err := filemap.Read([]byte(text), exchange.ColumnNames())
	if err != nil {
		failed, _ := broker.AsError(err)
		t.Fatalf("%+v", failed)
	}
	return func(o *exchange.Options) { o.Map = made }
}

// Small files as the systems write them, by the maps that are shipped and a table
// of the library's own branches.
var exported = map[string]struct{ codes, patrons, items, loans string }{
	"koha": {
		"codes: {branch: {CPL: main}}",
		"borrowernumber,cardnumber,surname,firstname,categorycode,branchcode,dateofbirth,dateexpiry,email,sort1\n17,21234000021001,Reader,One,PT,CPL,1980-05-30,2027-01-31,,x\n",
		"barcode,biblionumber,title,author,isbn,itype,itemcallnumber,homebranch,replacementprice,withdrawn,itemlost,notforloan,ccode\n" +
			"31001,5,Across the ferry,\"Writer, A.\",0306406152,BK,974 FER,CPL,18.00,0,0,0,FIC\n31002,5,Across the ferry,\"Writer, A.\",0306406152,BK,974 FER,CPL,0.00,0,4,1,FIC\n",
		"barcode,cardnumber,issuedate,date_due,returndate,renewals_count,branchcode\n31001,21234000021001,2026-08-10 10:30:00,2026-08-31 23:59:00,,1,CPL\n",
	},
	"sierra": {
		"codes: {branch: {\"main*\": main}, type: {\"0\": book}, class: {\"3\": adult}}",
		"RECORD #(PATRON),P BARCODE,PATRN NAME,P TYPE,HOME LIBR,BIRTH DATE,EXP DATE,EMAIL ADDR\np17,21234000021001,\"Reader, One\",3,main ,05-30-1980,01-31-2027,\n",
		"BARCODE,RECORD #(BIBLIO),TITLE,AUTHOR,STANDARD #,I TYPE,CALL #(ITEM),LOCATION,PRICE,STATUS\n" +
			"31001,b5,Across the ferry,\"Writer, A.\",0306406152,0,974 FER,mainf,$18.00,-\n31002,b5,Across the ferry,\"Writer, A.\",0306406152,0,974 FER,mainn,$0.00,m\n",
		"BARCODE,P BARCODE,OUT DATE,DUE DATE,# RENEWALS\n31001,21234000021001,08-10-2026 10:30,08-31-2026,1\n",
	},
	"evergreen": {
		"codes: {branch: {BR1: main}}",
		"Barcode,First Name,Last Name,Permission Group,Home Library,Date of Birth,Privilege Expiration Date,Email Address\n21234000021001,One,Reader,Patrons,BR1,1980-05-30,2027-01-31 00:00:00,\n",
		"Barcode,Record ID,Title,Author,ISBN,Circulation Modifier,Call Number Label,Circulating Library,Price,Copy Status\n" +
			"31001,5,Across the ferry,\"Writer, A.\",0306406152,book,974 FER,BR1,18.00,Available\n31002,5,Across the ferry,\"Writer, A.\",0306406152,book,974 FER,BR1,,Missing\n",
		"Barcode,Patron Barcode,Checkout Date/Time,Due Date/Time,Renewals,Circulating Library\n31001,21234000021001,2026-08-10 10:30:00,2026-08-31 23:59:59,1,BR1\n",
	},
}

// What the systems write is read by their maps, and the same rows come of it.
func TestFilesAsSystemsWriteThem(t *testing.T) {
	t.Parallel()
	for name, system := range exported {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			mapped := by(t, "system: "+name+"\n"+system.codes+"\n")
			equal(t, "patrons", p.bring(exchange.Patrons, system.patrons, mapped), counts(1, 1, 0, 0, 0))
			equal(t, "items", p.bring(exchange.Items, system.items, mapped), counts(2, 2, 0, 0, 0))
			equal(t, "items again", p.bring(exchange.Items, system.items, mapped), counts(2, 0, 0, 2, 0))
			equal(t, "loans", p.bring(exchange.Loans, system.loans, mapped), counts(1, 1, 0, 0, 0))
			equal(t, "patron", p.text(`select concat_ws('|', class, name like '%Reader%', born_on, expires_on) from patrons where branch_id is not null`), "adult|t|1980-05-30|2027-01-31")
			equal(t, "items", p.text(`select string_agg(concat_ws('|', barcode, type, call_number, coalesce(price_minor::text, ''), status), ' ' order by barcode)
				from items where branch_id is not null`), "31001|book|974 FER|1800|on_loan 31002|book|974 FER||missing")
			equal(t, "loan", p.text(`select concat_ws('|', due_on, renewals, started_at at time zone 'America/New_York') from loans`), "2026-08-31|1|2026-08-10 10:30:00")
		})
	}
}

// A code that the map has no meaning for is a wrong row that names the file's own
// column; nothing else is said of that cell.
func TestACodeWithoutAMeaningIsAWrongRow(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	mapped := by(t, "codes: {type: {BK: book}, branch: {CPL: main}}\nitems: {columns: {type: itype, branch: home}, otherwise: {branch: CPL}}\n")
	result, wrong, err := p.try(t.Context(), exchange.Items, "barcode,title,itype,home\n31001,T,bk,CPL\n31002,T,ZZ,XX\n31003,T,BK,\n", mapped)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "rows", result, counts(3, 1, 0, 0, 2))
	equal(t, "told", strings.Join(wrong, "\n"), `line 3, itype: "ZZ" has no meaning in the map; add it there under codes, type
line 3, home: "XX" has no meaning in the map; add it there under codes, branch
line 4, home: "CPL" is not a branch of this library; right are main`)
	for text, says := range map[string]string{
		"barcode,title,shelf\n":  `columns that the map does not name: "shelf"`,
		"title,itype\n":          "lacks what the map needs: barcode (barcode); it has title, itype",
		"barcode,itype,itype\n1": `two columns named "itype"`,
	} {
		_, _, err := p.try(t.Context(), exchange.Items, text, mapped)
		if ours, ok := broker.AsError(err); !ok || !strings.Contains(ours.Fields[0].Message, says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
	_, wrong, err = p.try(t.Context(), exchange.Patrons, "card,class,birth_date\n21234000021001,adult,5/6/80\n21234000021002,adult,13/6/1980\n21234000021003,adult,06.05.1980\n",
		by(t, "dates: day-month-year\n"))
	if err != nil || strings.Join(wrong, "\n") != `line 2, birth_date: "5/6/80" has a year of two digits; export it with four` {
		t.Errorf("%v %v", wrong, err)
	}
	equal(t, "born", p.text(`select string_agg(born_on::text, ' ' order by born_on) from patrons`), "1980-05-06 1980-06-13")
}

// Copies in MARC are read by a map's tables, and from a field of the library's own.
func TestAMapForRecords(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	result, wrong, err := p.try(t.Context(), exchange.MARC, asXML("001 r1\n245 $aA title\n949 $i31001 $lmnf $a974 $t7 $sx\n949 $i31002 $lmnf $t8\n949 $i31003 $lzz $t7"),
		by(t, "codes: {branch: {\"mn*\": main}, type: {7: dvd}, status: {x: missing}}\nholdings: {field: \"949\", subfields: {barcode: i, branch: l, call_number: a, type: t, status: s}}\n"))
	if err != nil || result.Copies != 1 || result.CopiesLeftOut != 2 {
		t.Fatalf("%+v %v %v", result, wrong, err)
	}
	equal(t, "told", strings.Join(wrong, "\n"), `line 1, 949 $t: copy 31002: "8" has no meaning in the map; add it there under codes, type
line 1, 949 $l: copy 31003: "zz" has no meaning in the map; add it there under codes, branch`)
	equal(t, "item", p.text(`select concat_ws('|', barcode, type, call_number, status) from items where branch_id is not null`), "31001|dvd|974|missing")
}

// The rows that were left out come back as they came, with the reason; mended, they
// can be read in.
func TestWrongRowsComeBackToBeMended(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	wrongOf := func(kind, text string, change ...func(*exchange.Options)) string {
		var rows bytes.Buffer
		if _, _, err := p.try(t.Context(), kind, text, append(change, func(o *exchange.Options) { o.Errors = &rows })...); err != nil {
			t.Fatal(err)
		}
		return rows.String()
	}
	rows := wrongOf(exchange.Patrons, "card;class;email;birth date\n21234000021001;adult;;\n21234000021002;adult; Nowhere ;never\n21234000021003;adult\n21234000021004;minor;;\n")
	equal(t, "wrong rows", rows, "card;class;email;birth date;afield_error\n"+
		"21234000021003;adult;;;\"has another number of fields than the first line has columns; quote fields that contain the delimiter\"\n"+
		"21234000021002;adult;\" Nowhere \";never;\"birth_date: \"\"never\"\" is not a date; write it as 2026-08-22; email: \"\"Nowhere\"\" must be an address such as name@example.org\"\n")
	mended := strings.NewReplacer(" Nowhere ", "one@example.org", "never", "1980-05-30").Replace(rows)
	equal(t, "mended", p.bring(exchange.Patrons, mended).New, 2)
	equal(t, "nothing is wrong now", wrongOf(exchange.Patrons, mended), "card;class;email;birth date;afield_error\n")

	rows = wrongOf(exchange.MARC, asXML("001 r1\n020 $a0306406152\n245 $aA title\n952 $amain $p31001\n952 $awest $p31002 $o974 $v18.00\n952 $amain $o975"))
	equal(t, "copies", strings.Count(rows, "\n"), 3)
	mended = strings.NewReplacer("west", "main", "\n,r1", "\n31003,r1").Replace(rows)
	equal(t, "copies as items", p.bring(exchange.Items, mended), counts(2, 2, 0, 0, 0))
	equal(t, "of one title", p.count(`select count(*) from items join titles t on t.id = title_id where t.title = 'A title'`), 3)
}

// No cell of an export is worked out by a spreadsheet, and all come back as they
// were.
func TestFormulasAreDefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	const text = "card,class,name,address,note\n21234000021001,adult,=1+1,+1 555-0100,-5\n21234000021002,adult,'=1,@home,'quoted'\n21234000021003,adult,-x,+15550100,a=b\n"
	raw := func(o *exchange.Options) { o.Raw = true }
	p.bring(exchange.Patrons, text, raw)
	only := func(o *exchange.ExportOptions) { o.Kinds = []string{exchange.Patrons} }
	files, _ := p.export(only)
	out := files["patrons.csv"]
	for _, cell := range []string{",'=1+1,", ",'+1 555-0100,", ",-5,", ",''=1,", ",'@home,", ",'quoted',", ",'-x,", ",+15550100,", ",a=b,"} {
		if !strings.Contains(out, cell) {
			t.Errorf("there is no %s in\n%s", cell, out)
		}
	}
	other := newPlace(t)
	other.bring(exchange.Patrons, out)
	again, _ := other.export(only)
	equal(t, "there and back", again["patrons.csv"], out)
	plain, _ := p.export(only, func(o *exchange.ExportOptions) { o.Raw = true })
	if !strings.Contains(plain["patrons.csv"], ",=1+1,") || !strings.Contains(plain["patrons.csv"], ",'=1,") {
		t.Errorf("raw:\n%s", plain["patrons.csv"])
	}
	equal(t, "raw there and back", p.bring(exchange.Patrons, plain["patrons.csv"], raw), counts(3, 0, 0, 3, 0))
}
