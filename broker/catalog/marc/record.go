package marc

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Record is one MARC record.
type Record struct {
	// Leader has 24 characters.
	Leader string
	Fields []Field
}

// Field is a control field (001 to 009), which has a Value, or a data field,
// which has indicators and subfields.
type Field struct {
	Tag string
	// Value is the text of a control field.
	Value string
	// Indicators are the two of a data field; a space means undefined.
	Indicators [2]byte
	Subfields  []Subfield
}

// Subfield is one part of a data field.
type Subfield struct {
	Code  byte
	Value string
}

// IsControl tells a control field from a data field.
func (f Field) IsControl() bool { return isControl(f.Tag) }

func isControl(tag string) bool { return strings.HasPrefix(tag, "00") }

// First gives the first subfield with a code, trimmed, or "".
func (f Field) First(code byte) string {
	for _, subfield := range f.Subfields {
		if subfield.Code == code {
			return strings.TrimSpace(subfield.Value)
		}
	}
	return ""
}

// All gives the fields with a tag, in order.
func (r Record) All(tag string) []Field {
	var found []Field
	for _, field := range r.Fields {
		if field.Tag == tag {
			found = append(found, field)
		}
	}
	return found
}

// Control gives the text of the first control field with a tag, or "".
func (r Record) Control(tag string) string {
	for _, field := range r.Fields {
		if field.Tag == tag {
			return field.Value
		}
	}
	return ""
}

// check refuses what cannot be written as MARC.
func (r Record) check() error {
	if len(r.Leader) != leaderLength || strings.ContainsFunc(r.Leader, func(c rune) bool { return c < ' ' || c > '~' }) {
		return fmt.Errorf("the leader must have 24 plain characters, not %d", len(r.Leader))
	}
	for _, field := range r.Fields {
		if err := field.check(); err != nil {
			return fmt.Errorf("field %q: %w", field.Tag, err)
		}
	}
	return nil
}

func (f Field) check() error {
	switch {
	case !isTag(f.Tag):
		return fmt.Errorf("a tag has three digits or letters")
	case f.IsControl() && len(f.Subfields) > 0:
		return fmt.Errorf("a control field has no subfields")
	case f.IsControl():
		return checkText(f.Value)
	case len(f.Subfields) == 0:
		return fmt.Errorf("a data field has at least one subfield")
	case !isPlain(f.Indicators[0]) || !isPlain(f.Indicators[1]):
		return fmt.Errorf("an indicator is a plain character")
	}
	for _, subfield := range f.Subfields {
		if subfield.Code <= ' ' || subfield.Code > '~' {
			return fmt.Errorf("a subfield's code is a plain character")
		}
		if err := checkText(subfield.Value); err != nil {
			return err
		}
	}
	return nil
}

func isPlain(c byte) bool { return c >= ' ' && c <= '~' }

// checkText refuses what both formats cannot carry: control characters, of
// which MARC's own delimiters are three, and what is not UTF-8.
func checkText(text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("text that is not UTF-8: %q", shown(text))
	}
	for _, c := range text {
		if c < ' ' || c == '\uFFFE' || c == '\uFFFF' {
			return fmt.Errorf("a control or broken character in %q", shown(text))
		}
	}
	return nil
}

func isTag(tag string) bool {
	if len(tag) != 3 {
		return false
	}
	for _, c := range []byte(tag) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// shown shortens a stranger's text for a message.
func shown(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}

// BadRecord is a record that could not be read; the next one can.
type BadRecord struct {
	// Number counts records from 1.
	Number int
	Reason string
}

// Error gives the number and the reason.
func (e *BadRecord) Error() string { return fmt.Sprintf("record %d: %s", e.Number, e.Reason) }
