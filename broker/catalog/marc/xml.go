package marc

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// namespace is that of MARC 21 slim.
const namespace = "http://www.loc.gov/MARC21/slim"

// The bounds of one XML record.
const (
	longestXML   = 256 << 10
	deepest      = 64
	mostElements = 5000
	// mostSpaces is how many prefixes may stand for a namespace around a record.
	mostSpaces = 64
)

// xmlReader takes a file apart into records by its tags alone, and lets the XML
// decoder read each record by itself: what is broken in one record, an illegal
// character or a tag that does not fit, costs that record and no other.
type xmlReader struct {
	source *bufio.Reader
	line   int
	number int
	spaces []spaces // of the elements that are open around the records
	back   *markup  // was looked at, and comes again
}

// spaces are the namespaces that an element's prefixes stand for, and its own name.
type spaces struct {
	name     string
	byPrefix map[string]string
}

// markup is a piece of a file: a tag, a comment or the like, or text.
type markup struct {
	kind markupKind
	raw  []byte
	name string // of a tag, with its prefix
	line int
	// broken says that it does not end as it should.
	broken bool
}

type markupKind int

const (
	isText markupKind = iota
	isOpening
	isClosing
	isEmpty   // a tag that opens and closes
	isOther   // a comment, an instruction, quoted text
	isDoctype // a document type or an entity
)

func newXMLReader(source *bufio.Reader) *xmlReader {
	return &xmlReader{source: source, line: 1}
}

// Next gives the next record element, however deep it stands: in a collection
// or in the envelope of some other answer.
func (r *xmlReader) Next() (Record, error) {
	for {
		piece, err := r.piece()
		switch {
		case errors.Is(err, io.EOF) && len(r.spaces) > 0:
			return Record{}, fmt.Errorf("the file stops at line %d, before the end of its element %s; send all of it", r.line, shown(r.spaces[len(r.spaces)-1].name))
		case err != nil:
			return Record{}, err
		}
		switch piece.kind {
		case isDoctype:
			return Record{}, fmt.Errorf("the file has a document type or entity at line %d, which is refused", piece.line)
		case isClosing:
			if len(r.spaces) > 0 {
				r.spaces = r.spaces[:len(r.spaces)-1]
			}
		case isOpening, isEmpty:
			around, err := r.within(piece)
			if err != nil {
				return Record{}, err
			}
			if isRecord(piece.name, around) {
				r.number++
				return r.record(piece)
			}
			if piece.kind == isOpening {
				r.spaces = append(r.spaces, around)
			}
		case isText, isOther:
		}
		if len(r.spaces) > deepest {
			return Record{}, fmt.Errorf("the file has elements more than %d deep at line %d", deepest, piece.line)
		}
	}
}

// isRecord tells whether a tag begins a MARC record.
func isRecord(name string, around spaces) bool {
	prefix, local, prefixed := strings.Cut(name, ":")
	if !prefixed {
		prefix, local = "", name
	}
	space := around.byPrefix[prefix]
	return local == "record" && (space == namespace || space == "")
}

// within gives the namespaces inside an element that a tag opens.
func (r *xmlReader) within(piece markup) (spaces, error) {
	around := spaces{name: piece.name, byPrefix: map[string]string{}}
	if len(r.spaces) > 0 {
		around.byPrefix = r.spaces[len(r.spaces)-1].byPrefix
	}
	if !bytes.Contains(piece.raw, []byte("xmlns")) {
		return around, nil
	}
	token, err := xml.NewDecoder(bytes.NewReader(piece.raw)).RawToken()
	start, ok := token.(xml.StartElement)
	if err != nil || !ok {
		return around, fmt.Errorf("the file stops being MARCXML at line %d: its tag %s cannot be read", piece.line, shown(string(piece.raw)))
	}
	around.byPrefix = maps.Clone(around.byPrefix)
	for _, attribute := range start.Attr {
		switch {
		case attribute.Name.Space == "xmlns":
			around.byPrefix[attribute.Name.Local] = attribute.Value
		case attribute.Name.Space == "" && attribute.Name.Local == "xmlns":
			around.byPrefix[""] = attribute.Value
		}
	}
	if len(around.byPrefix) > mostSpaces { // which every element inside may take over
		return around, fmt.Errorf("the file has more than %d namespaces at line %d", mostSpaces, piece.line)
	}
	return around, nil
}

// record reads to the end of the record that a tag begins, even when it is
// wrong, so that the next can be read. One that never ends is over where the next
// begins.
func (r *xmlReader) record(start markup) (Record, error) {
	bad := func(format string, args ...any) (Record, error) {
		return Record{}, &BadRecord{r.number, fmt.Sprintf(format, args...)}
	}
	raw, tooLong := slices.Clone(start.raw), false
	for ended := start.kind == isEmpty; !ended; {
		piece, err := r.piece()
		switch {
		case errors.Is(err, io.EOF):
			return Record{}, fmt.Errorf("the file stops at line %d, in the middle of record %d; send all of it", r.line, r.number)
		case err != nil:
			return Record{}, err
		case piece.kind == isOpening && piece.name == start.name:
			r.back = &piece
			return bad("it has no end: the next record begins at line %d", piece.line)
		case piece.kind == isDoctype:
			return Record{}, fmt.Errorf("the file has a document type or entity at line %d, which is refused", piece.line)
		}
		if tooLong = tooLong || len(raw)+len(piece.raw) > longestXML; !tooLong {
			raw = append(raw, piece.raw...)
		}
		ended = piece.kind == isClosing && piece.name == start.name
	}
	if tooLong {
		return bad("it has more than %d bytes", longestXML)
	}
	record, err := parseXML(raw, start.line)
	if err != nil {
		return bad("%s", err)
	}
	return record, nil
}

// parseXML reads one record element, which begins on a line of its file.
func parseXML(raw []byte, line int) (record Record, err error) {
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	var field *Field
	var text strings.Builder
	depth, elements := 0, 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return record, record.readXML()
		}
		if err != nil {
			at, _ := decoder.InputPos()
			return record, fmt.Errorf("it stops being XML at line %d: %s", line+at-1, plainXML(err))
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth > deepest {
				return record, fmt.Errorf("it has elements more than %d deep", deepest)
			}
			if elements++; elements > mostElements {
				return record, fmt.Errorf("it has more than %d elements", mostElements)
			}
			text.Reset()
			if err := record.open(token, &field); err != nil {
				return record, err
			}
		case xml.CharData:
			text.Write(token)
		case xml.EndElement:
			depth--
			record.close(token.Name.Local, &field, text.String())
			text.Reset()
		}
	}
}

// plainXML is what the decoder found, without its own count of lines.
func plainXML(err error) string {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Msg
	}
	return err.Error()
}

// longestPiece bounds a tag or a comment, and how much text is taken at once.
const longestPiece = 1 << 16

// piece reads the next piece of the file.
func (r *xmlReader) piece() (markup, error) {
	if r.back != nil {
		piece := *r.back
		r.back = nil
		return piece, nil
	}
	piece := markup{line: r.line}
	first, err := r.byte(&piece)
	if err != nil {
		return piece, err
	}
	if first != '<' {
		return piece, r.text(&piece)
	}
	if err := r.tag(&piece); err != nil {
		return piece, err
	}
	piece.understand()
	return piece, nil
}

func (r *xmlReader) byte(piece *markup) (byte, error) {
	next, err := r.source.ReadByte()
	switch {
	case errors.Is(err, io.EOF):
		return 0, io.EOF
	case err != nil:
		return 0, fmt.Errorf("read the file: %w", err)
	}
	if next == '\n' {
		r.line++
	}
	piece.raw = append(piece.raw, next)
	return next, nil
}

// text takes more text, up to the next tag.
func (r *xmlReader) text(piece *markup) error {
	for len(piece.raw) < longestPiece {
		if next, err := r.source.Peek(1); len(next) == 0 || next[0] == '<' {
			if err != nil && !errors.Is(err, io.EOF) {
				return fmt.Errorf("read the file: %w", err)
			}
			return nil
		}
		if _, err := r.byte(piece); err != nil {
			return err
		}
	}
	return nil
}

// quotedBy has what begins a text that is no markup, and what ends it.
var quotedBy = map[string]string{"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}

// tag takes a tag or whatever else stands in angle brackets. A tag that another
// begins in is broken, and over before it.
func (r *xmlReader) tag(piece *markup) error {
	end, quote := "", byte(0)
	for len(piece.raw) < longestPiece {
		if next, _ := r.source.Peek(1); end == "" && len(piece.raw) > 1 && len(next) == 1 && next[0] == '<' {
			piece.broken = true
			return nil
		}
		next, err := r.byte(piece)
		if errors.Is(err, io.EOF) {
			piece.broken = true
			return nil
		}
		if err != nil {
			return err
		}
		if begun, ends := quotedBy[string(piece.raw[:min(len(piece.raw), 10)])]; ends {
			end = begun
		}
		switch {
		case end != "":
			if len(piece.raw) > len(end)+2 && bytes.HasSuffix(piece.raw, []byte(end)) {
				return nil
			}
		case quote != 0:
			if next == quote {
				quote = 0
			}
		case next == '"' || next == '\'':
			quote = next
		case next == '>':
			return nil
		}
	}
	piece.broken = true
	return nil
}

// understand says what kind of piece stands in angle brackets.
func (m *markup) understand() {
	body := m.raw[1:]
	switch {
	case bytes.HasPrefix(body, []byte("!--")), bytes.HasPrefix(body, []byte("![CDATA[")), bytes.HasPrefix(body, []byte("?")):
		m.kind = isOther
	case bytes.HasPrefix(body, []byte("!")):
		m.kind = isDoctype
	case bytes.HasPrefix(body, []byte("/")):
		m.kind, body = isClosing, body[1:]
	case bytes.HasSuffix(body, []byte("/>")):
		m.kind = isEmpty
	default:
		m.kind = isOpening
	}
	if end := bytes.IndexAny(body, " \t\r\n/><"); end >= 0 {
		body = body[:end]
	}
	m.name = string(body)
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
