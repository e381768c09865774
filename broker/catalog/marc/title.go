package marc

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"afield/broker"
	"afield/broker/catalog"
)

// KeyOf gives the record's control number (001), "" when it has none.
func KeyOf(record Record) string { return strings.TrimSpace(record.Control("001")) }

// TitleOf gives the title that a record describes; its Title is empty where the
// record has none (no 245 $a), which the caller refuses.
func TitleOf(record Record) catalog.Title {
	title := catalog.Title{Format: formatOf(record), Form: formOf(record), Title: titleText(record), Author: author(record)}
	for _, field := range record.All("020") {
		if words := strings.Fields(field.First('a')); len(words) > 0 {
			if isbn := broker.NormalISBN(words[0]); isbn != "" {
				title.ISBNs = append(title.ISBNs, isbn)
			}
		}
	}
	title.ISSN = firstOf(record, "022", 'a')
	for _, field := range record.All("035") {
		if number := field.First('a'); strings.HasPrefix(number, "(OCoLC)") && title.OCLC == "" {
			title.OCLC = broker.NormalOCLC(number)
		}
	}
	if title.OCLC == "" && strings.TrimSpace(record.Control("003")) == "OCoLC" {
		title.OCLC = broker.NormalOCLC(KeyOf(record))
	}
	for _, tag := range []string{"264", "260"} {
		if title.Publisher == "" {
			title.Publisher = unpunctuated(firstOf(record, tag, 'b'))
		}
		if title.Year == "" {
			title.Year = yearIn.FindString(firstOf(record, tag, 'c'))
		}
	}
	if fixed := record.Control("008"); title.Year == "" && len(fixed) >= 11 {
		title.Year = yearIn.FindString(fixed[7:11])
	}
	return title
}

var yearIn = regexp.MustCompile(`[12][0-9]{3}`)

func firstOf(record Record, tag string, code byte) string {
	for _, field := range record.All(tag) {
		if text := field.First(code); text != "" {
			return text
		}
	}
	return ""
}

func titleText(record Record) string {
	if fields := record.All("245"); len(fields) > 0 {
		field := fields[0]
		text := unpunctuated(field.First('a'))
		for _, subfield := range field.Subfields {
			part := unpunctuated(strings.TrimSpace(subfield.Value))
			switch {
			case part == "" || text == "":
			case subfield.Code == 'b':
				text += " : " + part
			case subfield.Code == 'n' || subfield.Code == 'p':
				text += ". " + part
			}
		}
		return text
	}
	return ""
}

func author(record Record) string {
	for _, tag := range []string{"100", "110", "111"} {
		if name := unpunctuated(firstOf(record, tag, 'a')); name != "" {
			return name
		}
	}
	return ""
}

// unpunctuated drops the punctuation that cataloguing rules put between the
// parts of a field.
func unpunctuated(text string) string {
	text = strings.TrimSpace(text)
	for {
		cut := strings.TrimRight(strings.TrimSpace(text), "/:;,=")
		// A full stop goes, too, but not that of an initial or an abbreviation.
		if words := strings.Fields(cut); strings.HasSuffix(cut, ".") && !strings.HasSuffix(cut, "..") && len(words) > 0 {
			if last := words[len(words)-1]; len([]rune(last)) > 4 && strings.Count(last, ".") == 1 {
				cut = strings.TrimSuffix(cut, ".")
			}
		}
		if cut == text {
			return text
		}
		text = cut
	}
}

// formatOf goes by the kind of material (leader 06), the level (leader 07) and
// the physical description (007).
func formatOf(record Record) broker.Format {
	kind, level := record.Leader[6], record.Leader[7]
	for _, physical := range record.All("007") {
		if strings.HasPrefix(physical.Value, "h") {
			return broker.FormatMicrofilm
		}
	}
	switch kind {
	case 'g':
		return broker.FormatDVD
	case 'j':
		return broker.FormatMusicCD
	case 'i':
		return broker.FormatAudiobook
	case 'r':
		return broker.FormatGame
	case 'm': // a computer file: its 008 says of what kind
		if fixed := record.Control("008"); len(fixed) > 26 && fixed[26] == 'g' {
			return broker.FormatGame
		}
	}
	switch level {
	case 's', 'i':
		return broker.FormatPeriodical
	case 'a', 'b':
		return broker.FormatArticle
	}
	return broker.FormatBook
}

// formOf goes by the form of item in 008, the carrier (338) and the old note of the
// medium (245 $h).
func formOf(record Record) string {
	at := 23
	switch record.Leader[6] {
	case 'e', 'f', 'g', 'k', 'o', 'r':
		at = 29
	}
	if fixed := record.Control("008"); len(fixed) > at {
		switch fixed[at] {
		case 'o', 'q', 's':
			return "online"
		case 'd':
			return "large_print"
		case 'f':
			return "braille"
		}
	}
	if firstOf(record, "338", 'b') == "cr" || strings.Contains(strings.ToLower(firstOf(record, "245", 'h')), "electronic resource") {
		return "online"
	}
	return ""
}

// leaders are the leader with which each format is written, and its 007.
func leaders(format broker.Format) (leader, physical string) {
	kind := "am"
	switch format {
	case broker.FormatPeriodical:
		kind = "as"
	case broker.FormatArticle:
		kind = "aa"
	case broker.FormatDVD:
		kind, physical = "gm", "vd"
	case broker.FormatMusicCD:
		kind, physical = "jm", "sd"
	case broker.FormatAudiobook:
		kind, physical = "im", "sd"
	case broker.FormatGame:
		kind = "mm"
	case broker.FormatMicrofilm:
		physical = "hd"
	case broker.FormatBook:
	}
	return "00000n" + kind + " a2200000 i 4500", physical
}

// RecordOf writes a title and its copies as a record from which TitleOf and
// CopiesOf read the same again. key becomes the control number.
func RecordOf(key string, title catalog.Title, copies []Copy) Record {
	leader, physical := leaders(title.Format)
	record := Record{Leader: leader}
	control := func(tag, value string) {
		if value != "" {
			record.Fields = append(record.Fields, Field{Tag: tag, Value: plain(value)})
		}
	}
	control("001", key)
	control("007", physical)
	year := "    "
	if len(title.Year) == 4 {
		year = title.Year
	}
	fixed := []byte(fmt.Sprintf("000000s%s    xx %s und d", year, strings.Repeat(" ", 17)))
	if title.Format == broker.FormatGame {
		fixed[26] = 'g'
	}
	at := 23
	if title.Format == broker.FormatDVD {
		at = 29
	}
	fixed[at] = map[string]byte{"": ' ', "online": 'o', "large_print": 'd', "braille": 'f'}[title.Form]
	control("008", string(fixed))
	for _, isbn := range title.ISBNs {
		record.data("020", "  ", "a", isbn)
	}
	record.data("022", "  ", "a", title.ISSN)
	if title.OCLC != "" {
		record.data("035", "  ", "a", "(OCoLC)"+title.OCLC)
	}
	record.data("100", "1 ", "a", title.Author)
	record.data("245", "00", "a", title.Title)
	record.data("264", " 1", "b", title.Publisher, "c", title.Year)
	record.add(copies)
	return record
}

// add writes copies in our own way.
func (r *Record) add(copies []Copy) {
	for _, one := range copies {
		r.data("852", "  ", "b", one.Branch, "h", one.CallNumber, "p", one.Barcode)
		r.data("876", "  ", "c", one.Price, "j", one.Status, "p", one.Barcode,
			"x", note("type", one.Type), "x", note("audience", one.Audience))
	}
}

// Home is a record as it came to us, with the copies that there are now. key
// becomes its control number.
func Home(record Record, key string, copies []Copy) Record {
	home := Record{Leader: record.Leader, Fields: []Field{{Tag: "001", Value: plain(key)}}}
	for _, field := range record.Fields {
		if field.Tag != "001" {
			home.Fields = append(home.Fields, field)
		}
	}
	home.add(copies)
	return home
}

// tidied is a field without what no MARC file can carry.
func tidied(field Field) Field {
	field.Value = carried(field.Value)
	subfields := field.Subfields
	field.Subfields = nil
	for _, subfield := range subfields {
		if subfield.Code > ' ' && subfield.Code <= '~' {
			subfield.Value = carried(subfield.Value)
			field.Subfields = append(field.Subfields, subfield)
		}
	}
	for i, c := range field.Indicators {
		if !field.IsControl() && !isPlain(c) {
			field.Indicators[i] = ' '
		}
	}
	return field
}

// Encode writes one record so that Decode reads it again: in the binary form, or
// as XML where that is too short for it. What neither form can carry is tidied.
func Encode(record Record) ([]byte, error) {
	whole := Record{Leader: record.Leader}
	for _, field := range record.Fields {
		if field = tidied(field); field.IsControl() || len(field.Subfields) > 0 {
			whole.Fields = append(whole.Fields, field)
		}
	}
	var out bytes.Buffer
	if err := NewBinaryWriter(&out).Write(whole); err == nil {
		return out.Bytes(), nil
	}
	out.Reset()
	writer := NewXMLWriter(&out)
	err := writer.Write(whole)
	return out.Bytes(), errors.Join(err, writer.Close())
}

// Decode reads what Encode wrote.
func Decode(text []byte) (Record, error) {
	reader, err := NewReader(bytes.NewReader(text))
	if err != nil {
		return Record{}, err
	}
	return reader.Next()
}

func note(name, value string) string {
	if value == "" {
		return ""
	}
	return name + ": " + value
}

// data adds a field with the subfields that say something.
func (r *Record) data(tag, indicators string, parts ...string) {
	field := Field{Tag: tag, Indicators: [2]byte{indicators[0], indicators[1]}}
	for i := 0; i < len(parts); i += 2 {
		if text := plain(parts[i+1]); text != "" {
			field.Subfields = append(field.Subfields, Subfield{Code: parts[i][0], Value: text})
		}
	}
	if len(field.Subfields) > 0 {
		r.Fields = append(r.Fields, field)
	}
}

// plain makes text that MARC can carry: control characters become spaces.
func plain(text string) string { return strings.TrimSpace(carried(text)) }

// carried is plain with the spaces at its ends.
func carried(text string) string {
	return strings.Map(func(c rune) rune {
		switch c {
		case '\uFFFE', '\uFFFF':
			return '?'
		}
		if c < ' ' {
			return ' '
		}
		return c
	}, text)
}
