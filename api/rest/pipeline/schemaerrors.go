package pipeline

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"afield/broker"
	"afield/broker/strictjson"
)

// The years a date may lie in: a date outside them is a typing mistake, and some
// are not even a date in PostgreSQL.
const firstYear, lastYear = 1900, 2199

func checkDate(text string) error {
	date, err := broker.ParseDate(text)
	if err != nil || date.Year() < firstYear || date.Year() > lastYear {
		return errors.New("not a date")
	}
	return nil
}

func checkInstant(text string) error {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.UTC().Year() < firstYear || at.UTC().Year() > lastYear {
		return errors.New("not an instant")
	}
	return nil
}

// schemaErrors flattens what the schema check found into fields with plain
// messages. It never repeats the value.
func schemaErrors(err error) []broker.FieldError {
	if err == nil {
		return nil
	}
	var many openapi3.MultiError
	var one *openapi3.SchemaError
	switch {
	case errorIs(err, &many):
		var fields []broker.FieldError
		for _, each := range many {
			fields = append(fields, schemaErrors(each)...)
		}
		return unique(fields)
	case errorIs(err, &one):
		if one.SchemaField == "allOf" && one.Origin != nil {
			return schemaErrors(one.Origin)
		}
		return []broker.FieldError{fieldError(one)}
	}
	if inner := errors.Unwrap(err); inner != nil {
		return schemaErrors(inner)
	}
	return nil
}

// errorIs looks at the error itself, not down its chain: openapi3.MultiError
// would otherwise pass off its first member as the whole.
func errorIs[T error](err error, into *T) bool {
	found, ok := err.(T) //nolint:errorlint // see above
	if ok {
		*into = found
	}
	return ok
}

func unique(fields []broker.FieldError) []broker.FieldError {
	seen := map[broker.FieldError]bool{}
	kept := fields[:0]
	for _, field := range fields {
		if !seen[field] {
			seen[field] = true
			kept = append(kept, field)
		}
	}
	return kept
}

func fieldError(err *openapi3.SchemaError) broker.FieldError {
	pointer := ""
	for _, part := range err.JSONPointer() {
		pointer += "/" + strictjson.Escape(part)
	}
	schema := err.Schema
	field := func(code, format string, args ...any) broker.FieldError {
		return broker.FieldError{Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...)}
	}
	switch err.SchemaField {
	case "required":
		return field("required", "is required")
	case "type", "nullable":
		return field("wrong_type", "must be %s", typeName(schema))
	case "enum":
		return field("not_allowed", "must be one of %s", enumText(schema))
	case "format", "pattern":
		return field("wrong_form", "must be %s", formText(schema))
	case "minLength":
		return field("too_short", "must have at least %d characters", schema.MinLength)
	case "maxLength":
		return field("too_long", "must have at most %d characters", number(schema.MaxLength))
	case "minItems", "minProperties":
		return field("too_few", "has too few entries")
	case "maxItems":
		return field("too_many", "must have at most %d entries", number(schema.MaxItems))
	case "maxProperties":
		return field("too_many", "must have at most %d fields", number(schema.MaxProps))
	case "minimum", "exclusiveMinimum":
		return field("out_of_range", "must be at least %v", plain(schema.Min))
	case "maximum", "exclusiveMaximum":
		return field("out_of_range", "must be at most %v", plain(schema.Max))
	case "properties", "additionalProperties":
		pointer += "/" + strictjson.Escape(unsupported(err.Reason))
		return field("unknown_field", "is not a field here; letter case counts")
	}
	return field("invalid", "does not fit")
}

// unsupported takes the name of an unknown field out of the checker's words:
// its error points at the object, not at the field.
func unsupported(reason string) string {
	quoted := strings.TrimSuffix(strings.TrimPrefix(reason, "property "), " is unsupported")
	if name, err := strconv.Unquote(quoted); err == nil {
		return name
	}
	return ""
}

func number(limit *uint64) uint64 {
	if limit == nil {
		return 0
	}
	return *limit
}

func plain(limit *float64) string {
	if limit == nil {
		return "?"
	}
	return fmt.Sprintf("%.0f", *limit)
}

func enumText(schema *openapi3.Schema) string {
	var words []string
	for _, value := range schema.Enum {
		words = append(words, fmt.Sprint(value))
	}
	return strings.Join(words, ", ")
}

func typeName(schema *openapi3.Schema) string {
	switch {
	case schema.Type.Is("string"):
		return "text"
	case schema.Type.Is("integer"):
		return "a whole number"
	case schema.Type.Is("number"):
		return "a number"
	case schema.Type.Is("boolean"):
		return "true or false"
	case schema.Type.Is("array"):
		return "a list"
	case schema.Type.Is("object"):
		return "an object"
	}
	return "of another type"
}

func formText(schema *openapi3.Schema) string {
	switch schema.Format {
	case "uuid":
		return "an id such as 01890a5d-ac96-774b-bcce-b302099a8057"
	case "date":
		return "a date such as 2026-08-22"
	case "date-time":
		return "an instant such as 2026-08-22T14:30:00Z"
	}
	switch schema.Pattern {
	case "^[A-Z]{3}$":
		return "a currency code such as USD"
	case `\S`:
		return "more than spaces"
	}
	return "of the form " + schema.Pattern
}
