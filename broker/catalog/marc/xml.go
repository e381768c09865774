package marc

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// namespace is that of MARC 21 slim.
const namespace = "http://www.loc.gov/MARC21/slim"

// The bounds of one XML record.
const (
	longestXML   = 256 << 10
	deepest      = 64
	mostElements = 5000
)

type xmlReader struct {
	decoder *xml.Decoder
	limit   *byteLimit
	number  int
	depth   int
}

// byteLimit stops reading a record that never ends before it fills the memory.
type byteLimit struct {
	source io.Reader
	left   int64
}

var errTooLong = fmt.Errorf("it has more than %d bytes", longestXML)

func (l *byteLimit) Read(into []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLong
	}
	read, err := l.source.Read(into[:min(int64(len(into)), l.left)])
	l.left -= int64(read)
	return read, err
}

// xmlAhead is how far the decoder's own buffer may read on.
const xmlAhead = 1 << 13

func newXMLReader(source io.Reader) *xmlReader {
	limit := &byteLimit{source: source, left: longestXML + xmlAhead}
	return &xmlReader{decoder: xml.NewDecoder(limit), limit: limit}
}

// token reads one token. Broken XML cannot be passed over.
func (r *xmlReader) token() (xml.Token, error) {
	token, err := r.decoder.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err != nil:
		return nil, fmt.Errorf("the file stops being MARCXML at line %d: %w", r.line(), err)
	}
	switch token.(type) {
	case xml.Directive:
		return nil, fmt.Errorf("the file has a document type or entity at line %d, which is refused", r.line())
	case xml.StartElement:
		r.depth++
	case xml.EndElement:
		r.depth--
	}
	if r.depth > deepest {
		return nil, fmt.Errorf("the file has elements more than %d deep at line %d", deepest, r.line())
	}
	return token, nil
}

func (r *xmlReader) line() int {
	line, _ := r.decoder.InputPos()
	return line
}

// Next gives the next record element, however deep it stands: in a collection
// or in the envelope of some other answer.
func (r *xmlReader) Next() (Record, error) {
	for {
		r.limit.left = longestXML + xmlAhead
		token, err := r.token()
		if err != nil {
			return Record{}, err
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "record" {
			continue
		}
		if start.Name.Space != namespace && start.Name.Space != "" {
			continue
		}
		r.number++
		return r.record()
	}
}

// record reads to the end of the record element even when it is wrong, so that
// the next can be read.
func (r *xmlReader) record() (Record, error) {
	r.limit.left = longestXML
	var record Record
	var wrong error
	note := func(err error) {
		if wrong == nil {
			wrong = err
		}
	}
	around, elements := r.depth-1, 1
	var field *Field
	var text strings.Builder
	for r.depth > around {
		token, err := r.token()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return Record{}, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if elements++; elements > mostElements {
				return Record{}, fmt.Errorf("record %d has more than %d elements", r.number, mostElements)
			}
			text.Reset()
			note(record.open(token, &field))
		case xml.CharData:
			text.Write(token)
		case xml.EndElement:
			record.close(token.Name.Local, &field, text.String())
			text.Reset()
		}
	}
	if wrong == nil {
		wrong = record.readXML()
	}
	if wrong != nil {
		return Record{}, &BadRecord{r.number, wrong.Error()}
	}
	return record, nil
}

// open begins an element of a record.
func (r *Record) open(start xml.StartElement, field **Field) error {
	switch start.Name.Local {
	case "controlfield", "datafield":
		tag := attribute(start, "tag")
		if !isTag(tag) {
			return fmt.Errorf("a field has the tag %q; a tag has three characters", shown(tag))
		}
		if isControl(tag) != (start.Name.Local == "controlfield") {
			return fmt.Errorf("field %s is written as a %s", tag, start.Name.Local)
		}
		*field = &Field{Tag: tag}
		if !isControl(tag) {
			(*field).Indicators = [2]byte{indicator(start, "ind1"), indicator(start, "ind2")}
		}
	case "subfield":
		code := attribute(start, "code")
		if *field == nil || (*field).IsControl() || len(code) != 1 {
			return fmt.Errorf("a subfield %q stands where none can", shown(code))
		}
		(*field).Subfields = append((*field).Subfields, Subfield{Code: code[0]})
	}
	return nil
}

// close ends an element with its text.
func (r *Record) close(name string, field **Field, text string) {
	switch {
	case name == "leader":
		r.Leader = text
	case *field == nil:
	case name == "subfield":
		if last := len((*field).Subfields) - 1; last >= 0 {
			(*field).Subfields[last].Value = text
		}
	case name == "controlfield" || name == "datafield":
		if (*field).IsControl() {
			(*field).Value = text
		}
		r.Fields = append(r.Fields, **field)
		*field = nil
	}
}

// readXML corrects what XML writers do loosely.
func (r *Record) readXML() error {
	if trimmed := strings.Trim(r.Leader, "\r\n\t"); len(trimmed) < leaderLength {
		r.Leader = trimmed + strings.Repeat(" ", leaderLength-len(trimmed))
	} else {
		r.Leader = trimmed
	}
	if len(r.Leader) != leaderLength || strings.ContainsFunc(r.Leader, func(c rune) bool { return c < ' ' || c > '~' }) {
		return fmt.Errorf("its leader %q does not have %d plain characters", shown(r.Leader), leaderLength)
	}
	return nil
}

func attribute(start xml.StartElement, name string) string {
	for _, one := range start.Attr {
		if one.Name.Local == name && one.Name.Space == "" {
			return one.Value
		}
	}
	return ""
}

func indicator(start xml.StartElement, name string) byte {
	if text := attribute(start, name); len(text) == 1 && isPlain(text[0]) {
		return text[0]
	}
	return ' '
}

type xmlWriter struct {
	out   io.Writer
	begun bool
}

// NewXMLWriter writes a MARCXML collection.
func NewXMLWriter(out io.Writer) Writer { return &xmlWriter{out: out} }

func (w *xmlWriter) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	_, err := io.WriteString(w.out, xml.Header+`<collection xmlns="`+namespace+"\">\n")
	return err
}

// Write writes one record.
func (w *xmlWriter) Write(record Record) error {
	if err := record.check(); err != nil {
		return err
	}
	if err := w.begin(); err != nil {
		return err
	}
	var text strings.Builder
	text.WriteString("<record><leader>" + escaped(record.Leader[:9]+"a"+record.Leader[10:]) + "</leader>")
	for _, field := range record.Fields {
		if field.IsControl() {
			fmt.Fprintf(&text, `<controlfield tag="%s">%s</controlfield>`, field.Tag, escaped(field.Value))
			continue
		}
		fmt.Fprintf(&text, `<datafield tag="%s" ind1="%s" ind2="%s">`, field.Tag,
			escaped(string(field.Indicators[0])), escaped(string(field.Indicators[1])))
		for _, subfield := range field.Subfields {
			fmt.Fprintf(&text, `<subfield code="%s">%s</subfield>`, escaped(string(subfield.Code)), escaped(subfield.Value))
		}
		text.WriteString("</datafield>")
	}
	text.WriteString("</record>\n")
	_, err := io.WriteString(w.out, text.String())
	return err
}

// Close writes the end of the collection.
func (w *xmlWriter) Close() error {
	if err := w.begin(); err != nil {
		return err
	}
	_, err := io.WriteString(w.out, "</collection>\n")
	return err
}

func escaped(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a Builder never fails
	return out.String()
}
