package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"afield/broker"
)

// Limits bounds one body beside its size.
type Limits struct {
	// Depth is how deep values may nest, the outermost and what is in it counted.
	Depth int
	// Values is how many values there may be in all.
	Values int
}

// MostErrors bounds how many mistakes one answer lists.
const MostErrors = 100

// The bounds of what is no value: a name is shown up to so many bytes, and a number
// is written in so many signs at most.
const (
	longestShown  = 200
	longestNumber = 100
)

// Read reads one JSON value: map[string]any, []any, string, json.Number, bool or
// nil. wrong lists every name given twice, NUL and number without bound; the value
// is there all the same, for a reader who wants to name its other mistakes too.
// What is no JSON, or passes the limits, is an error of broker.KindInvalid.
func Read(body []byte, limits Limits) (value any, wrong []broker.FieldError, err error) {
	if !utf8.Valid(body) {
		return nil, nil, Invalid("not_utf8", "the body is not UTF-8")
	}
	r := &reader{decoder: json.NewDecoder(bytes.NewReader(body)), limits: limits}
	r.decoder.UseNumber()
	if value, err = r.value(nil, 1); err != nil {
		if _, ours := broker.AsError(err); ours {
			return nil, nil, err
		}
		return nil, nil, Invalid("not_json", fmt.Sprintf("the body is not JSON (at byte %d)", r.decoder.InputOffset()))
	}
	if _, err := r.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, Invalid("trailing_data", "there is something after the JSON value")
	}
	return value, r.wrong, nil
}

// Invalid says what is wrong with a body as a whole.
func Invalid(code, message string) *broker.Error {
	return broker.Invalid(broker.FieldError{Code: code, Message: message})
}

type reader struct {
	decoder *json.Decoder
	limits  Limits
	wrong   []broker.FieldError
	values  int
}

// place is where a value stands: under a name or an index of what is around it. It
// is written out only for a mistake, or a long name would be copied for everything
// under it.
type place struct {
	around *place
	name   string
	index  int // of a list's entry; -1 under a name
}

// pointer is the JSON Pointer of a place; the whole value's is "".
func (p *place) pointer() string {
	switch {
	case p == nil:
		return ""
	case p.index >= 0:
		return p.around.pointer() + "/" + strconv.Itoa(p.index)
	}
	return p.around.pointer() + "/" + Escape(p.name)
}

func (r *reader) fail(at *place, code, message string) {
	if len(r.wrong) < MostErrors {
		r.wrong = append(r.wrong, broker.FieldError{Pointer: at.pointer(), Code: code, Message: message})
	}
}

func (r *reader) value(at *place, depth int) (any, error) {
	if r.values++; r.values > r.limits.Values || depth > r.limits.Depth {
		return nil, Invalid("too_complex",
			fmt.Sprintf("the body nests deeper than %d or holds more than %d values", r.limits.Depth, r.limits.Values))
	}
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return r.object(at, depth)
		}
		return r.list(at, depth)
	case string:
		if strings.ContainsRune(token, 0) { // the database cannot hold it
			r.fail(at, "control_character", "must not hold NUL characters")
		}
		return token, nil
	case json.Number:
		if number, err := token.Float64(); err != nil || math.IsInf(number, 0) || len(token) > longestNumber {
			r.fail(at, "out_of_range", "is not a number that can be held")
			token = "0"
		}
		return token, nil
	}
	return token, nil // true, false, null
}

func (r *reader) object(at *place, depth int) (any, error) {
	object := map[string]any{}
	for r.decoder.More() {
		token, err := r.decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string) // the decoder itself refuses other keys
		inside := &place{around: at, name: name, index: -1}
		if strings.ContainsRune(name, 0) {
			r.fail(at, "control_character", "must not have a name with NUL characters")
		}
		value, err := r.value(inside, depth+1)
		if err != nil {
			return nil, err
		}
		if _, twice := object[name]; twice {
			r.fail(inside, "given_twice", "is given twice")
		}
		object[name] = value
	}
	_, err := r.decoder.Token()
	return object, err
}

func (r *reader) list(at *place, depth int) (any, error) {
	list := []any{}
	for r.decoder.More() {
		value, err := r.value(&place{around: at, index: len(list)}, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := r.decoder.Token()
	return list, err
}

// Escape writes a field name for a JSON Pointer (RFC 6901, section 3). An absurdly
// long one is cut, so that it does not fill the answer.
func Escape(name string) string {
	if len(name) > longestShown {
		name = strings.ToValidUTF8(name[:longestShown], "") + "…"
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
