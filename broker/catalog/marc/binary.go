package marc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The shape of a record in ISO 2709 as MARC 21 uses it.
const (
	leaderLength = 24
	entryLength  = 12 // of the directory: tag 3, length 4, start 5
	longest      = 99999
	longestField = 9999

	recordEnd     = 0x1d
	fieldEnd      = 0x1e
	subfieldStart = 0x1f
)

type binaryReader struct {
	source *bufio.Reader
	number int
}

// Next reads one record up to its terminator, whatever its length field says:
// a miscounted length must not swallow the record that follows.
func (r *binaryReader) Next() (Record, error) {
	raw, err := r.raw()
	if err != nil {
		return Record{}, err
	}
	r.number++
	record, err := parseBinary(raw)
	if err != nil {
		return Record{}, &BadRecord{r.number, err.Error()}
	}
	return record, nil
}

func (r *binaryReader) raw() ([]byte, error) {
	var raw []byte
	for {
		part, err := r.source.ReadSlice(recordEnd)
		if len(raw) == 0 {
			part = bytes.TrimLeft(part, " \t\r\n\x00\x1a")
		}
		if len(raw)+len(part) > longest+1 {
			return nil, r.skip(err)
		}
		raw = append(raw, part...)
		switch {
		case err == nil:
			return raw[:len(raw)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(raw) == 0:
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			r.number++
			return nil, &BadRecord{r.number, "the file ends in the middle of it"}
		default:
			return nil, fmt.Errorf("read the file: %w", err)
		}
	}
}

// skip passes over the rest of a record that is too long.
func (r *binaryReader) skip(err error) error {
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.source.ReadSlice(recordEnd)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the file: %w", err)
	}
	r.number++
	return &BadRecord{r.number, fmt.Sprintf("it has more than %d bytes, which no MARC record can", longest)}
}

func parseBinary(raw []byte) (Record, error) {
	if len(raw) < leaderLength+1 {
		return Record{}, fmt.Errorf("it is too short for a leader of %d characters", leaderLength)
	}
	leader := raw[:leaderLength]
	if bytes.ContainsFunc(leader, func(c rune) bool { return c < ' ' || c > '~' }) {
		return Record{}, errors.New("its leader is not plain text")
	}
	if err := readable(raw, leader[9]); err != nil {
		return Record{}, err
	}
	// The directory ends at the first field terminator; the base address only
	// confirms it.
	end := bytes.IndexByte(raw, fieldEnd)
	if end < 0 {
		return Record{}, errors.New("its directory has no end")
	}
	directory, data := raw[leaderLength:end], raw[end+1:]
	if len(directory)%entryLength != 0 {
		return Record{}, fmt.Errorf("its directory of %d bytes is not made of entries of %d", len(directory), entryLength)
	}
	record := Record{Leader: string(leader)}
	left := len(data)
	for ; len(directory) > 0; directory = directory[entryLength:] {
		field, length, err := parseField(directory[:entryLength], data)
		if err != nil {
			return Record{}, err
		}
		// A short record whose entries all name the same text would grow without end.
		if left -= length; left < 0 {
			return Record{}, fmt.Errorf("its directory names more text than it has: field %s and those before it overlap", field.Tag)
		}
		record.Fields = append(record.Fields, field)
	}
	return record, nil
}

// readable refuses text that is neither UTF-8 nor ASCII; scheme is leader
// position 9: "a" is Unicode, a space is MARC-8. Many systems write UTF-8 and
// leave the space: in MARC-8 an accent stands alone before its letter, which is
// never valid UTF-8, so that one is not taken for the other.
func readable(raw []byte, scheme byte) error {
	if scheme != 'a' && (!utf8.Valid(raw) || bytes.IndexByte(raw, 0x1b) >= 0) {
		return errors.New("it is in MARC-8 with letters beyond ASCII, which is not supported; save the file as UTF-8")
	}
	if !utf8.Valid(raw) {
		return errors.New("it is not valid UTF-8")
	}
	return nil
}

// parseField reads the field of a directory's entry, and tells how much of the data
// it takes.
func parseField(entry, data []byte) (field Field, taken int, err error) {
	tag := string(entry[:3])
	length, wrongLength := strconv.ParseUint(string(entry[3:7]), 10, 32)
	start, wrongStart := strconv.ParseUint(string(entry[7:12]), 10, 32)
	switch {
	case !isTag(tag):
		return Field{}, 0, fmt.Errorf("its directory names a field %q", shown(tag))
	case wrongLength != nil || wrongStart != nil:
		return Field{}, 0, fmt.Errorf("its directory has no numbers for field %s", tag)
	case start+length > uint64(len(data)):
		return Field{}, 0, fmt.Errorf("its field %s lies beyond its end", tag)
	}
	body := bytes.TrimSuffix(data[start:start+length], []byte{fieldEnd})
	if bytes.IndexByte(body, fieldEnd) >= 0 {
		return Field{}, 0, fmt.Errorf("its field %s runs into the next", tag)
	}
	if isControl(tag) {
		return Field{Tag: tag, Value: string(body)}, int(length), nil
	}
	parts := bytes.Split(body, []byte{subfieldStart})
	field = Field{Tag: tag, Indicators: [2]byte{' ', ' '}}
	copy(field.Indicators[:], parts[0])
	for _, part := range parts[1:] {
		if len(part) > 0 {
			field.Subfields = append(field.Subfields, Subfield{Code: part[0], Value: string(part[1:])})
		}
	}
	return field, int(length), nil
}

type binaryWriter struct{ out io.Writer }

// Write writes a record strictly: lengths counted, UTF-8 declared.
func (w binaryWriter) Write(record Record) error {
	if err := record.check(); err != nil {
		return err
	}
	var directory, data bytes.Buffer
	for _, field := range record.Fields {
		start := data.Len()
		field.write(&data)
		length := data.Len() - start
		if length > longestField || start > longest {
			return fmt.Errorf("field %s does not fit into a binary MARC record; write MARCXML", field.Tag)
		}
		fmt.Fprintf(&directory, "%s%04d%05d", field.Tag, length, start)
	}
	directory.WriteByte(fieldEnd)
	base := leaderLength + directory.Len()
	total := base + data.Len() + 1
	if total > longest {
		return fmt.Errorf("the record has %d bytes and a binary MARC record at most %d; write MARCXML", total, longest)
	}
	leader := fmt.Sprintf("%05d%sa22%05d%s4500", total, record.Leader[5:9], base, record.Leader[17:20])
	var whole bytes.Buffer
	whole.WriteString(leader)
	whole.Write(directory.Bytes())
	whole.Write(data.Bytes())
	whole.WriteByte(recordEnd)
	_, err := w.out.Write(whole.Bytes())
	return err
}

// Close ends the file; the binary form has no end of its own.
func (binaryWriter) Close() error { return nil }

func (f Field) write(out *bytes.Buffer) {
	if f.IsControl() {
		out.WriteString(f.Value)
	} else {
		out.Write(f.Indicators[:])
		for _, subfield := range f.Subfields {
			out.WriteByte(subfieldStart)
			out.WriteByte(subfield.Code)
			out.WriteString(subfield.Value)
		}
	}
	out.WriteByte(fieldEnd)
}

// Reader reads records one by one.
type Reader interface {
	// Next gives the next record; io.EOF after the last, a *BadRecord for one that
	// can be skipped, any other error when nothing more can be read.
	Next() (Record, error)
}

// Writer writes records one by one.
type Writer interface {
	Write(Record) error
	// Close writes the end of the file; it does not close what is written to.
	Close() error
}

// NewReader reads binary MARC or MARCXML, told apart by the first character.
func NewReader(source io.Reader) (Reader, error) {
	buffered := bufio.NewReaderSize(source, 1<<16)
	if mark, _ := buffered.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = buffered.Discard(3)
	}
	start, err := buffered.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	switch text := strings.TrimLeft(string(start), " \t\r\n"); {
	case text == "":
		return nil, errors.New("the file is empty")
	case text[0] == '<':
		return newXMLReader(buffered), nil
	case text[0] < '0' || text[0] > '9':
		return nil, errors.New("the file is neither MARC (a record begins with its length in digits) nor MARCXML")
	}
	return &binaryReader{source: buffered}, nil
}

// Fits tells whether a record can be written as binary MARC.
func Fits(record Record) bool { return binaryWriter{io.Discard}.Write(record) == nil }

// NewBinaryWriter writes binary MARC 21 in UTF-8.
func NewBinaryWriter(out io.Writer) Writer { return binaryWriter{out} }
