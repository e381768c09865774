package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/labstack/echo/v4"

	"afield/api"
	"afield/api/problem"
	"afield/broker"
	"afield/broker/strictjson"
)

// limits bounds a body beside its size.
var limits = strictjson.Limits{Depth: 32, Values: 20_000}

// contract is openapi.yaml, read and ready to check requests against.
type contract struct {
	doc        *openapi3.T
	json       []byte
	operations map[string]*operation // by operationId
}

type operation struct {
	id, method, path string
	spec             *openapi3.Operation
	route            *routers.Route
	parameters       []*openapi3.Parameter
	callers          callers
}

// ours is the contract of this program, read once however many servers it starts:
// nothing changes it.
var ours = sync.OnceValues(func() (*contract, error) { return readContract(api.OpenAPI) })

// readContract reads the document. An error means that it does not hold together,
// or that an operation does not say who may call it.
func readContract(document []byte) (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("check openapi.yaml: %w", err)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write openapi.json: %w", err)
	}
	c := &contract{doc: doc, json: text, operations: map[string]*operation{}}
	for path, item := range doc.Paths.Map() {
		for method, spec := range item.Operations() {
			who, err := callersOf(spec)
			if err != nil {
				return nil, fmt.Errorf("openapi.yaml, %s %s: %w", method, path, err)
			}
			op := &operation{
				id: spec.OperationID, method: method, path: path, spec: spec, callers: who,
				route: &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: spec},
			}
			for _, parameter := range append(slices.Clone(item.Parameters), spec.Parameters...) {
				op.parameters = append(op.parameters, parameter.Value)
			}
			c.operations[spec.OperationID] = op
		}
	}
	return c, nil
}

// check validates parameters and body and reports everything wrong at once. It
// leaves the body to be read again and gives back its bytes.
func (op *operation) check(c echo.Context) ([]byte, error) {
	wrong, err := op.checkParameters(c)
	if err != nil {
		return nil, err
	}
	body, more, err := op.checkBody(c)
	if err != nil {
		if ours, ok := broker.AsError(err); ok && ours.Kind == broker.KindInvalid {
			more = ours.Fields
		} else {
			return nil, err
		}
	}
	if wrong = append(wrong, more...); len(wrong) > 0 {
		return nil, broker.Invalid(wrong[:min(len(wrong), strictjson.MostErrors)]...)
	}
	return body, nil
}

func (op *operation) checkParameters(c echo.Context) ([]broker.FieldError, error) {
	request := c.Request()
	query, err := url.ParseQuery(request.URL.RawQuery)
	if err != nil {
		return nil, broker.Invalid(broker.FieldError{Pointer: "query:", Code: "malformed", Message: "cannot be read"})
	}
	wrong := op.checkNames(query)
	path := map[string]string{}
	for _, name := range c.ParamNames() {
		path[name] = c.Param(name)
		if !storable(path[name]) {
			return nil, broker.Invalid(broker.FieldError{Pointer: "path:" + name, Code: "malformed", Message: "cannot be read"})
		}
	}
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: path, QueryParams: query, Route: op.route,
		Options: &openapi3filter.Options{MultiError: true, SkipSettingDefaults: true, SchemaValidationOptions: schemaOptions()},
	}
	for _, parameter := range op.parameters {
		if parameter.In == openapi3.ParameterInHeader && len(request.Header.Values(parameter.Name)) > 1 {
			wrong = append(wrong, broker.FieldError{Pointer: "header:" + parameter.Name, Code: "given_twice", Message: "is given twice"})
			continue
		}
		if err := openapi3filter.ValidateParameter(request.Context(), input, parameter); err != nil {
			wrong = append(wrong, parameterErrors(parameter, err)...)
		}
	}
	return wrong, nil
}

// checkNames finds query parameters that the operation does not have: a misspelt
// filter must not go unnoticed.
func (op *operation) checkNames(query url.Values) []broker.FieldError {
	var wrong []broker.FieldError
	for name, values := range query {
		pointer := "query:" + name
		i := slices.IndexFunc(op.parameters, func(p *openapi3.Parameter) bool {
			return p.In == openapi3.ParameterInQuery && p.Name == name
		})
		switch {
		case !storable(name) || slices.ContainsFunc(values, func(v string) bool { return !storable(v) }):
			wrong = append(wrong, broker.FieldError{Pointer: "query:", Code: "malformed", Message: "cannot be read"})
		case i < 0:
			wrong = append(wrong, broker.FieldError{Pointer: pointer, Code: "unknown_parameter", Message: "is not a parameter of this route"})
		case len(values) > 1 && !op.parameters[i].Schema.Value.Type.Is("array"):
			wrong = append(wrong, broker.FieldError{Pointer: pointer, Code: "given_twice", Message: "is given twice"})
		}
	}
	slices.SortFunc(wrong, func(a, b broker.FieldError) int { return strings.Compare(a.Pointer, b.Pointer) })
	return wrong
}

func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

func parameterErrors(parameter *openapi3.Parameter, err error) []broker.FieldError {
	place := parameter.In + ":" + parameter.Name
	fields := schemaErrors(err)
	for i := range fields {
		fields[i].Pointer = place + fields[i].Pointer
	}
	if len(fields) > 0 {
		return fields
	}
	code, message := "malformed", "cannot be read as "+typeName(parameter.Schema.Value)
	switch {
	case errors.Is(err, openapi3filter.ErrInvalidRequired):
		code, message = "required", "is required"
	case errors.Is(err, openapi3filter.ErrInvalidEmptyValue):
		code, message = "empty", "must not be empty"
	}
	return []broker.FieldError{{Pointer: place, Code: code, Message: message}}
}

func (op *operation) checkBody(c echo.Context) ([]byte, []broker.FieldError, error) {
	request := c.Request()
	if op.takesFile() {
		media, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
		if err != nil || media != anyFile || request.Header.Get("Content-Encoding") != "" {
			return nil, nil, &problem.Error{Problem: problem.New(http.StatusUnsupportedMediaType, "not_a_file", "The body must be the file itself, as "+anyFile+", not compressed.")}
		}
		return nil, nil, nil // it is read where it is worked on
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, nil, bodyError(err)
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	request.ContentLength = int64(len(body))
	expected := op.spec.RequestBody
	if len(bytes.TrimSpace(body)) == 0 {
		request.ContentLength = 0
		request.Body = http.NoBody
		if expected != nil && expected.Value.Required {
			return nil, nil, strictjson.Invalid("required", "a body is required")
		}
		return nil, nil, nil
	}
	if request.Method == http.MethodGet || request.Method == http.MethodHead {
		return nil, nil, nil // a body on these means nothing and is not looked at
	}
	if err := jsonOnly(request.Header); err != nil {
		return nil, nil, err
	}
	value, wrong, err := strictjson.Read(body, limits)
	if err != nil || len(wrong) > 0 {
		return nil, wrong, err
	}
	if expected == nil {
		if object, ok := value.(map[string]any); !ok || len(object) > 0 {
			return nil, nil, strictjson.Invalid("body_not_expected", "no body is expected here")
		}
		return body, nil, nil
	}
	schema := expected.Value.Content.Get("application/json").Schema.Value
	options := append(schemaOptions(), openapi3.MultiErrors(), openapi3.VisitAsRequest())
	return body, schemaErrors(schema.VisitJSON(value, options...)), nil
}

// anyFile is the media type of a file, whatever is in it.
const anyFile = "application/octet-stream"

// takesFile tells whether the body of the operation is a file.
func (op *operation) takesFile() bool {
	body := op.spec.RequestBody
	return body != nil && body.Value.Content.Get(anyFile) != nil && body.Value.Content["application/json"] == nil
}

// jsonOnly refuses any body but plain JSON in UTF-8.
func jsonOnly(header http.Header) error {
	media, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	charset := strings.ToLower(parameters["charset"])
	if err != nil || media != "application/json" || (charset != "" && charset != "utf-8") || header.Get("Content-Encoding") != "" {
		return &problem.Error{Problem: problem.New(http.StatusUnsupportedMediaType, "not_json",
			"The body must be application/json in UTF-8, not compressed.")}
	}
	return nil
}

// bodyError says why a body could not be read: too large, or broken off.
func bodyError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLarge(large.Limit)
	}
	return strictjson.Invalid("broken_off", "the body could not be read to its end")
}

func tooLarge(limit int64) error {
	return &problem.Error{Problem: problem.New(http.StatusRequestEntityTooLarge, "too_large",
		fmt.Sprintf("The body is larger than %d bytes.", limit))}
}

// schemaOptions apply to every check: dates and instants must exist in the
// calendar, not only look like one.
func schemaOptions() []openapi3.SchemaValidationOption {
	return []openapi3.SchemaValidationOption{
		openapi3.EnableFormatValidation(),
		openapi3.DisableSchemaErrorDetails(),
		openapi3.WithStringFormatValidator("date", openapi3.NewCallbackValidator(checkDate)),
		openapi3.WithStringFormatValidator("date-time", openapi3.NewCallbackValidator(checkInstant)),
	}
}
