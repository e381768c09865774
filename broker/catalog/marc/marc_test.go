package marc_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/catalog/marc"
	"afield/broker/hostiletest"
)

var someTitle = catalog.Title{
	Title: "Across the ferry : a history", Author: "Writer, A. B.", ISBNs: []string{"9780306406157"}, ISSN: "0378-5955",
	OCLC: "123", Publisher: "Ångström & Daughters <Press>", Year: "2019", Format: broker.FormatDVD,
}

var someCopies = []marc.Copy{
	{Barcode: "30000000000017", Branch: "main", CallNumber: "974.7 FER", Price: "18.00", Status: "on_shelf", Type: "dvd", Audience: "child"},
	{Barcode: "30000000000025"},
}

func copiesOf(t *testing.T, name string, record marc.Record) []marc.Copy {
	t.Helper()
	way, known := marc.Way(name)
	if !known {
		t.Fatalf("%s is no way of writing copies", name)
	}
	return way.Copies(record)
}

func readAll(t *testing.T, text string) (records []marc.Record, bad []string) {
	t.Helper()
	reader, err := marc.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for {
		record, err := reader.Next()
		var wrong *marc.BadRecord
		switch {
		case errors.Is(err, io.EOF):
			return records, bad
		case errors.As(err, &wrong):
			bad = append(bad, err.Error())
		case err != nil:
			return records, append(bad, "fatal: "+err.Error())
		default:
			records = append(records, record)
		}
	}
}

func written(t *testing.T, as func(io.Writer) marc.Writer, records ...marc.Record) string {
	t.Helper()
	var out bytes.Buffer
	writer := as(&out)
	for _, record := range records {
		if err := writer.Write(record); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// What is written in either form reads back as the same title and copies.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, as := range map[string]func(io.Writer) marc.Writer{"binary": marc.NewBinaryWriter, "xml": marc.NewXMLWriter} {
		text := written(t, as, marc.RecordOf("key-1", someTitle, someCopies), marc.RecordOf("key-2", someTitle, nil))
		records, bad := readAll(t, text)
		if len(records) != 2 || bad != nil {
			t.Fatalf("%s: %d records, wrong: %v", name, len(records), bad)
		}
		if key := marc.KeyOf(records[0]); key != "key-1" {
			t.Errorf("%s: key %q", name, key)
		}
		if title := marc.TitleOf(records[0]); !reflect.DeepEqual(title, someTitle) {
			t.Errorf("%s: title\n%+v, want\n%+v", name, title, someTitle)
		}
		for i, one := range copiesOf(t, "marc21", records[0]) {
			if i >= len(someCopies) || !reflect.DeepEqual(one.Cells(), someCopies[i].Cells()) || one.Lacks != "" {
				t.Errorf("%s: copy %d\n%+v, want\n%+v", name, i, one, someCopies)
			}
		}
	}
}

// Every format we write is the format we read.
func TestFormats(t *testing.T) {
	t.Parallel()
	for _, format := range []broker.Format{
		broker.FormatBook, broker.FormatPeriodical, broker.FormatDVD, broker.FormatMusicCD,
		broker.FormatAudiobook, broker.FormatGame, broker.FormatMicrofilm, broker.FormatArticle,
	} {
		if got := marc.TitleOf(marc.RecordOf("k", catalog.Title{Title: "T", Format: format}, nil)).Format; got != format {
			t.Errorf("%s is read as %s", format, got)
		}
	}
}

// A record as cataloguing rules punctuate it.
func TestCataloguersPunctuation(t *testing.T) {
	t.Parallel()
	record := marc.Record{Leader: "00000nam a2200000 i 4500", Fields: []marc.Field{
		{Tag: "020", Subfields: []marc.Subfield{{Code: 'a', Value: "0306406152 (hardback) :"}, {Code: 'c', Value: "$18.00"}}},
		{Tag: "100", Subfields: []marc.Subfield{{Code: 'a', Value: "Writer, A. B.,"}, {Code: 'd', Value: "1950-"}}},
		{Tag: "245", Subfields: []marc.Subfield{{Code: 'a', Value: "Across the ferry :"}, {Code: 'b', Value: "a history /"}, {Code: 'c', Value: "by A. B. Writer."}}},
		{Tag: "260", Subfields: []marc.Subfield{{Code: 'a', Value: "Westport :"}, {Code: 'b', Value: "Press,"}, {Code: 'c', Value: "c2019."}}},
	}}
	want := catalog.Title{
		Title: "Across the ferry : a history", Author: "Writer, A. B.", ISBNs: []string{"9780306406157"},
		Publisher: "Press", Year: "2019", Format: broker.FormatBook,
	}
	if got := marc.TitleOf(record); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
}

// One broken record is named and does not take the next with it.
func TestBrokenRecords(t *testing.T) {
	t.Parallel()
	good := written(t, marc.NewBinaryWriter, marc.RecordOf("k", catalog.Title{Title: "Plain"}, nil))
	latin := strings.Replace(strings.Replace(good, "Plain", "Pl\xe9in", 1), "nam a22", "nam  22", 1)
	for name, test := range map[string]struct {
		text, says string
		kept       int
	}{
		"MARC-8":           {latin + good, "MARC-8", 1},
		"UTF-8 as MARC-8":  {strings.Replace(strings.Replace(good, "Plain", "Pl\u00e9n", 1), "nam a22", "nam  22", 1) + good, "", 2},
		"MARC-8 in ASCII":  {strings.Replace(good, "nam a22", "nam  22", 1) + good, "", 2},
		"not UTF-8":        {strings.Replace(good, "Plain", "Pl\xe9in", 1) + good, "not valid UTF-8", 1},
		"wrong length":     {"99999" + good[5:] + good, "", 2},
		"beyond its end":   {strings.Replace(good, "0010002", "0019999", 1) + good, "beyond its end", 1},
		"cut off":          {good + good[:40], "middle", 1},
		"line breaks":      {good + "\r\n" + good + "\n", "", 2},
		"too short":        {"00005\x1d" + good, "too short", 1},
		"far too long":     {"1" + strings.Repeat("x", 300000) + "\x1d" + good, "99999 bytes", 1},
		"xml tag":          {`<collection><record><leader/><datafield tag="24"/></record><record><leader/></record></collection>`, `"24"`, 1},
		"xml illegal":      {`<c><record><leader/></record><record><leader>` + "\x1b" + `</leader></record><record><leader/></record></c>`, "illegal character", 2},
		"xml entity":       {`<c><record><leader/></record><record><leader>&nbsp;</leader></record><record><leader/></record></c>`, "entity", 2},
		"xml number":       {`<c><record><leader>&#x1B;</leader></record><record><leader/></record></c>`, "character", 1},
		"xml ampersand":    {`<c><record><leader>A & B</leader></record><record><leader/></record></c>`, "line 1", 1},
		"xml not closed":   {`<c><record><leader><record><leader/></record></c>`, "no end", 1},
		"xml crossed":      {"<c>\n<record>\n<leader></controlfield></record><record><leader/></record></c>", "line 3", 1},
		"xml tag cut":      {`<c><record><controlfield tag="001</record><record><leader/></record></c>`, "unescaped", 1},
		"xml comment":      {`<c><!-- <record> --><record><!-- </record> --><leader/></record><![CDATA[<record>]]></c>`, "", 1},
		"xml prefix":       {`<m:c xmlns:m="http://www.loc.gov/MARC21/slim"><m:record><m:leader/><m:controlfield tag="001">a</m:controlfield></m:record></m:c>`, "", 1},
		"xml doctype":      {`<!DOCTYPE x [<!ENTITY a "b">]><collection/>`, "document type", 0},
		"xml too deep":     {strings.Repeat("<a>", 70), "deep", 0},
		"xml many":         {"<record>" + strings.Repeat("<a/>", 6000) + "</record>", "5000 elements", 0},
		"xml endless":      {"<record><leader>" + strings.Repeat("x", 400000) + "</leader></record>", "bytes", 0},
		"xml cut off":      {"<collection><record><leader>", "stops", 0},
		"other namespaces": {`<a><record xmlns="urn:other"/><record xmlns="http://www.loc.gov/MARC21/slim"><leader/></record></a>`, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records, bad := readAll(t, test.text)
			says := strings.Join(bad, "; ")
			if len(records) != test.kept || (test.says == "") != (says == "") || !strings.Contains(says, test.says) {
				t.Errorf("kept %d, said %q; want %d and %q", len(records), says, test.kept, test.says)
			}
		})
	}
	for _, text := range []string{"", "  \n", "hello"} {
		if _, err := marc.NewReader(strings.NewReader(text)); err == nil {
			t.Errorf("%q passes for MARC", text)
		}
	}
}

// Writing is strict: what cannot be read back is refused.
func TestStrictWriting(t *testing.T) {
	t.Parallel()
	ok := "00000nam a2200000 i 4500"
	for name, record := range map[string]marc.Record{
		"short leader":      {Leader: "00000"},
		"tag":               {Leader: ok, Fields: []marc.Field{{Tag: "24"}}},
		"no subfields":      {Leader: ok, Fields: []marc.Field{{Tag: "245", Indicators: [2]byte{' ', ' '}}}},
		"delimiter in text": {Leader: ok, Fields: []marc.Field{{Tag: "001", Value: "a\x1fb"}}},
		"not UTF-8":         {Leader: ok, Fields: []marc.Field{{Tag: "001", Value: "a\xff"}}},
		"field too long":    {Leader: ok, Fields: []marc.Field{{Tag: "001", Value: strings.Repeat("x", 10000)}}},
	} {
		if err := marc.NewBinaryWriter(io.Discard).Write(record); err == nil {
			t.Errorf("%s: was written", name)
		}
	}
}

// overlapping is a binary record whose directory names one text again and again.
func overlapping(length int) string {
	entries := min(length, 60<<10) / 12
	text := " " + strings.Repeat("\x1fa", 4990)
	return "99999nam a2200025 a 4500" + strings.Repeat(fmt.Sprintf("852%04d00000", len(text)), entries) + "\x1e" + text + "\x1e\x1d"
}

// inXML is a record of fields, each written by a number.
func inXML(length int, fields ...string) string {
	var out strings.Builder
	out.WriteString(`<record><leader>00000nam a2200000 a 4500</leader>`)
	for i := 0; out.Len() < min(length, 200<<10); i++ {
		fmt.Fprintf(&out, fields[i%len(fields)], i)
	}
	return out.String() + "</record>"
}

// No file costs more than a small multiple of its length, however its records are
// made: fields that share one text, names for thousands of namespaces, a copy that is
// told of again and again.
func TestNoFileCostsMuchMoreThanItsLength(t *testing.T) { //nolint:paralleltest // it counts what is allocated
	hostiletest.Grows(t, 600, func(text []byte) { readEverything(t, text) }, map[string]hostiletest.Attack{
		"overlapping fields": overlapping,
		"empty subfields": func(length int) string {
			return "00000nam a2200025 a 4500245000000000\x1e" + strings.Repeat("\x1f", min(length, 90<<10)) + "\x1e\x1d"
		},
		"ends of records": hostiletest.Repeat("00000nam a2200025 a 4500", "\x1d", ""),
		"no end":          hostiletest.Repeat("00000nam a2200025 a 4500", "x", ""),
		"namespaces": func(length int) string {
			var out strings.Builder
			out.WriteString("<a")
			for i := range 2000 {
				fmt.Fprintf(&out, ` xmlns:a%d=""`, i)
			}
			return out.String() + ">" + strings.Repeat(`<b xmlns=""></b>`, length/16)
		},
		"elements":     hostiletest.Repeat("<collection>", "<a>", ""),
		"open records": hostiletest.Repeat("<collection>", "<record>", ""),
		"angles":       hostiletest.Repeat("<collection>", "<", ""),
		"comments":     hostiletest.Repeat("<collection>", "<!---->", ""),
		"entities":     hostiletest.Repeat("<record>", "&amp;", "</record>"),
		"attributes":   hostiletest.Repeat("<record ", "a='' ", "></record>"),
		"one copy": func(length int) string {
			return inXML(length, `<datafield tag="876"><subfield code="p">1</subfield><subfield code="3">volume %d</subfield></datafield>`)
		},
		"copies, places": func(length int) string {
			return inXML(length, `<datafield tag="876"><subfield code="p">%d</subfield><subfield code="8">1</subfield></datafield>`, `<datafield tag="852"><subfield code="b">x%d</subfield></datafield>`)
		},
		"titles": func(length int) string {
			return inXML(length, `<datafield tag="245"><subfield code="a">%d</subfield></datafield>`)
		},
		"isbns": func(length int) string {
			return inXML(length, `<datafield tag="020"><subfield code="a">%d</subfield></datafield>`)
		},
		"subjects": func(length int) string {
			return inXML(length, `<datafield tag="650"><subfield code="a">%d</subfield></datafield>`)
		},
	})
}

// A piece belongs to the location with its link or name, else to the one before it,
// else to the first.
func TestPiecesFindTheirLocations(t *testing.T) {
	t.Parallel()
	field := func(tag string, subfields ...marc.Subfield) marc.Field {
		return marc.Field{Tag: tag, Subfields: subfields}
	}
	of := func(code byte, value string) marc.Subfield { return marc.Subfield{Code: code, Value: value} }
	record := marc.Record{Fields: []marc.Field{
		field("876", of('p', "early")),
		field("852", of('b', "first"), of('8', "1.1")),
		field("876", of('p', "linked"), of('8', "2.7")),
		field("852", of('b', "second"), of('8', `2\c`)),
		field("852", of('b', "third"), of('0', "h3")),
		field("876", of('p', "after")),
		field("876", of('p', "named"), of('0', "h3")),
		field("876", of('p', "both"), of('0', "h3"), of('8', "2")),
	}}
	got := map[string]string{}
	for _, one := range copiesOf(t, "marc21", record) {
		got[one.Barcode] = one.Branch
	}
	want := map[string]string{"early": "first", "linked": "second", "after": "third", "named": "third", "both": "second"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// readEverything reads a file to its end as an import does, and writes what it read.
func readEverything(t *testing.T, data []byte) {
	t.Helper()
	reader, err := marc.NewReader(bytes.NewReader(data))
	if err != nil {
		return
	}
	var evidence marc.Evidence
	for range 1000 {
		record, err := reader.Next()
		var wrong *marc.BadRecord
		if errors.As(err, &wrong) {
			continue
		}
		if err != nil {
			return
		}
		evidence.Note(record)
		title := marc.TitleOf(record)
		var copies []marc.Copy
		for _, name := range marc.Ways() {
			way, _ := marc.Way(name)
			copies = append(copies, way.Copies(record)...)
		}
		var out bytes.Buffer
		writer := marc.NewXMLWriter(&out)
		if err := writer.Write(marc.RecordOf(marc.KeyOf(record), title, copies)); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	}
}

// Whatever is sent, reading ends without a panic and costs no more than it may, and
// what was read can be written and read again.
func FuzzReader(f *testing.F) {
	var seed bytes.Buffer
	for _, as := range []func(io.Writer) marc.Writer{marc.NewBinaryWriter, marc.NewXMLWriter} {
		seed.Reset()
		writer := as(&seed)
		_ = writer.Write(marc.RecordOf("key", someTitle, someCopies))
		_ = writer.Close()
		f.Add(seed.Bytes())
	}
	f.Add([]byte("00026nam a2200025 a 4500\x1e\x1d"))
	f.Add([]byte(`<record><leader>x</leader><controlfield tag="001">a</controlfield></record>`))
	f.Add([]byte(overlapping(1000)))
	f.Add([]byte(inXML(1000, `<datafield tag="876"><subfield code="p">%d</subfield></datafield>`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		hostiletest.Within(t, 600, data, func(text []byte) { readEverything(t, text) })
	})
}
