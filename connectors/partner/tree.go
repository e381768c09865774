package partner

import (
	"encoding/json"

	"afield/broker"
	"afield/broker/strictjson"
	"afield/connectors/wire"
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

func shapeOf(value any) shape {
	switch value.(type) {
	case map[string]any:
		return shapeObject
	case []any:
		return shapeList
	case string:
		return shapeText
	case json.Number:
		return shapeNumber
	case bool:
		return shapeTruth
	}
	return shapeNull
}

// parse reads exactly one JSON object within the limits of the wire, and lists
// what is wrong in it.
func parse(body []byte) (root map[string]any, wrong []broker.FieldError, err error) {
	if len(body) > MaxBytes {
		return nil, nil, tooLarge()
	}
	value, wrong, err := strictjson.Read(body, strictjson.Limits{Depth: MaxDepth, Values: MaxValues})
	if err != nil {
		return nil, nil, err
	}
	root, ok := value.(map[string]any)
	if !ok {
		return nil, nil, strictjson.Invalid("wrong_type", "the body must be an object, not "+string(shapeOf(value)))
	}
	return root, wrong, nil
}

// maxFieldErrors keeps the answer to a body of nothing but mistakes short.
const maxFieldErrors = 50

func appendField(fields []broker.FieldError, pointer, code, message string) []broker.FieldError {
	if len(fields) >= maxFieldErrors {
		return fields
	}
	return append(fields, broker.FieldError{Pointer: pointer, Code: code, Message: message})
}

// escapePointer writes a field name for a JSON Pointer, cut so that an absurd
// name does not fill the answer.
func escapePointer(name string) string { return wire.Clip(strictjson.Escape(name), 80) }
