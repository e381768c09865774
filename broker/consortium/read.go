package consortium

import (
	"errors"

	"afield/broker"
	"afield/broker/strictyaml"
)

// Document is a file that was read, with the place of everything in it.
type Document struct {
	File
	written *strictyaml.Written
	beside  func(name string) ([]byte, error)
	// unreadable tells that the text is no YAML, so that nothing more can be said.
	unreadable bool
}

// Bounds are the size of the largest consortium we can think of, several times.
var Bounds = strictyaml.Bounds{Bytes: 8 << 20, Depth: 16}

// Read takes a consortium's file. beside finds policy files that stand beside it,
// by name (ours.yaml); it may be nil. What is wrong with the file is among the
// mistakes of its plan.
func Read(text []byte, beside func(name string) ([]byte, error)) *Document {
	document := &Document{beside: beside}
	if beside == nil {
		document.beside = func(name string) ([]byte, error) { return nil, broker.NotFound("file " + name) }
	}
	written, err := strictyaml.Read(text, Bounds, &document.File)
	document.written, document.unreadable = written, err != nil
	return document
}

// Mistakes are all that is wrong with a consortium's file.
type Mistakes []strictyaml.Mistake

// Error makes an error of them that says each with line and column; nil when
// there are none.
func (m Mistakes) Error() error {
	if len(m) == 0 {
		return nil
	}
	invalid := &broker.Error{Kind: broker.KindInvalid, Code: "consortium_file", Detail: "The consortium's file has mistakes."}
	for _, one := range m {
		invalid.Fields = append(invalid.Fields, broker.FieldError{Pointer: "/", Code: "consortium_file", Message: one.String()})
		invalid.Cause = errors.Join(invalid.Cause, errors.New(one.String()))
	}
	return invalid
}
