package partner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"afield/broker"
)

// shape is the type of a JSON value, in the words an error message uses.
type shape string

const (
	shapeObject shape = "an object"
	shapeList   shape = "a list"
	shapeText   shape = "text"
	shapeNumber shape = "a number"
	shapeTruth  shape = "true or false"
	shapeNull   shape = "null"
)

// value is one JSON value, read without losing what encoding/json would pass
// over: duplicate names, letter case and the digits of a number.
type value struct {
	shape   shape
	text    string // of text, or the digits of a number
	truth   bool
	names   []string // of an object, in order, each once
	members map[string]*value
	list    []*value
}

// parse reads exactly one JSON value within the limits of the wire. The errors
// name every duplicate; other faults of form end the reading.
func parse(body []byte) (*value, []broker.FieldError) {
	switch {
	case len(body) > MaxBytes:
		return nil, tooLarge().Fields
	case !utf8.Valid(body):
		return nil, []broker.FieldError{{Code: "not_utf8", Message: "the body is not UTF-8"}}
	case !json.Valid(body):
		return nil, []broker.FieldError{{Code: "not_json", Message: syntaxMessage(body)}}
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	p := &parser{decoder: decoder}
	root := p.value("", 1)
	if root == nil {
		return nil, p.fields
	}
	return root, p.fields
}

func syntaxMessage(body []byte) string {
	var syntax *json.SyntaxError
	var ignored json.RawMessage
	if err := json.Unmarshal(body, &ignored); errors.As(err, &syntax) {
		return fmt.Sprintf("the body is not one JSON object (at byte %d)", syntax.Offset)
	}
	return "the body is not one JSON object"
}

type parser struct {
	decoder *json.Decoder
	values  int
	fields  []broker.FieldError
}

// value gives nil once a limit is passed; the fault is then in fields.
func (p *parser) value(pointer string, depth int) *value {
	p.values++
	switch {
	case depth > MaxDepth:
		p.stop("too_deep", fmt.Sprintf("the body is nested deeper than %d", MaxDepth))
		return nil
	case p.values > MaxValues:
		p.stop("too_many_values", fmt.Sprintf("the body has more than %d values", MaxValues))
		return nil
	}
	token, err := p.decoder.Token()
	if err != nil { // the body was found valid before
		p.stop("not_json", "the body is not one JSON object")
		return nil
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return p.object(pointer, depth)
		}
		return p.list(pointer, depth)
	case string:
		return &value{shape: shapeText, text: token}
	case json.Number:
		return &value{shape: shapeNumber, text: token.String()}
	case bool:
		return &value{shape: shapeTruth, truth: token}
	}
	return &value{shape: shapeNull}
}

func (p *parser) object(pointer string, depth int) *value {
	object := &value{shape: shapeObject, members: map[string]*value{}}
	for p.decoder.More() {
		token, err := p.decoder.Token()
		name, isName := token.(string)
		if err != nil || !isName {
			p.stop("not_json", "the body is not one JSON object")
			return nil
		}
		at := pointer + "/" + escapePointer(name)
		member := p.value(at, depth+1)
		if member == nil {
			return nil
		}
		if _, twice := object.members[name]; twice {
			p.fields = appendField(p.fields, at, "duplicate_field", "is given twice")
			continue
		}
		object.names = append(object.names, name)
		object.members[name] = member
	}
	_, _ = p.decoder.Token() // the closing brace
	return object
}

func (p *parser) list(pointer string, depth int) *value {
	list := &value{shape: shapeList}
	for p.decoder.More() {
		item := p.value(fmt.Sprintf("%s/%d", pointer, len(list.list)), depth+1)
		if item == nil {
			return nil
		}
		list.list = append(list.list, item)
	}
	_, _ = p.decoder.Token() // the closing bracket
	return list
}

func (p *parser) stop(code, message string) {
	p.fields = []broker.FieldError{{Code: code, Message: message}}
}

// maxFieldErrors keeps the answer to a body of nothing but mistakes short.
const maxFieldErrors = 50

func appendField(fields []broker.FieldError, pointer, code, message string) []broker.FieldError {
	if len(fields) >= maxFieldErrors {
		return fields
	}
	return append(fields, broker.FieldError{Pointer: pointer, Code: code, Message: message})
}

// escapePointer writes a field name for a JSON Pointer (RFC 6901, section 3),
// cut so that an absurd name does not fill the answer.
func escapePointer(name string) string {
	return clip(strings.NewReplacer("~", "~0", "/", "~1").Replace(name), 80)
}
