package pipeline

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

// The limits of one JSON body, beside its size.
const (
	maxDepth  = 32
	maxValues = 20_000
)

// parseStrict reads one JSON value and refuses what encoding/json lets pass:
// a name given twice, anything after the value, invalid UTF-8, NUL characters,
// lone surrogates, and nesting or numbers without bound. Every duplicate and
// NUL is reported at once; a broken syntax ends the reading.
func parseStrict(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, invalidBody("not_utf8", "the body is not UTF-8")
	}
	reader := &strictReader{decoder: json.NewDecoder(bytes.NewReader(body))}
	reader.decoder.UseNumber()
	value, err := reader.value("", 0)
	if err != nil {
		return nil, reader.syntax(err)
	}
	if _, err := reader.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, invalidBody("trailing_data", "there is something after the JSON value")
	}
	if len(reader.wrong) > 0 {
		return nil, broker.Invalid(reader.wrong...)
	}
	return value, nil
}

// invalidBody says what is wrong with a body as a whole.
func invalidBody(code, message string) *broker.Error {
	return broker.Invalid(broker.FieldError{Code: code, Message: message})
}

type strictReader struct {
	decoder *json.Decoder
	wrong   []broker.FieldError
	values  int
}

func (r *strictReader) syntax(err error) error {
	if ours, ok := broker.AsError(err); ok {
		return ours
	}
	return invalidBody("not_json", fmt.Sprintf("the body is not JSON (at byte %d)", r.decoder.InputOffset()))
}

func (r *strictReader) fail(pointer, code, message string) {
	if len(r.wrong) < mostErrors {
		r.wrong = append(r.wrong, broker.FieldError{Pointer: pointer, Code: code, Message: message})
	}
}

func (r *strictReader) value(pointer string, depth int) (any, error) {
	if r.values++; r.values > maxValues || depth > maxDepth {
		return nil, invalidBody("too_complex", fmt.Sprintf("the body nests deeper than %d or holds more than %d values", maxDepth, maxValues))
	}
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return r.object(pointer, depth)
		}
		return r.list(pointer, depth)
	case string:
		r.text(pointer, token)
		return token, nil
	case json.Number:
		if number, err := token.Float64(); err != nil || math.IsInf(number, 0) {
			r.fail(pointer, "out_of_range", "is not a number that can be held")
			token = "0"
		}
		return token, nil
	}
	return token, nil // true, false, null
}

// text refuses characters the database cannot hold. encoding/json puts U+FFFD
// where an escape is half a surrogate pair.
func (r *strictReader) text(pointer, text string) {
	if strings.ContainsRune(text, 0) {
		r.fail(pointer, "control_character", "must not hold NUL characters")
	}
}

func (r *strictReader) object(pointer string, depth int) (any, error) {
	object := map[string]any{}
	for r.decoder.More() {
		token, err := r.decoder.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string) // the decoder itself refuses other keys
		at := pointer + "/" + escapePointer(name)
		if strings.ContainsRune(name, 0) {
			r.fail(pointer, "control_character", "must not have a name with NUL characters")
		}
		value, err := r.value(at, depth+1)
		if err != nil {
			return nil, err
		}
		if _, twice := object[name]; twice {
			r.fail(at, "given_twice", "is given twice")
		}
		object[name] = value
	}
	_, err := r.decoder.Token()
	return object, err
}

func (r *strictReader) list(pointer string, depth int) (any, error) {
	list := []any{}
	for r.decoder.More() {
		value, err := r.value(pointer+"/"+strconv.Itoa(len(list)), depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := r.decoder.Token()
	return list, err
}

func escapePointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
