package broker

import (
	"errors"
	"fmt"
	"strings"
)

// Kind sorts errors by what the caller can do about them. api/problem maps each
// to one HTTP status.
type Kind string

// The kinds of error.
const (
	KindInvalid         Kind = "invalid"         // the input is wrong: 400
	KindUnauthenticated Kind = "unauthenticated" // who are you: 401
	KindForbidden       Kind = "forbidden"       // you may not: 403
	KindNotFound        Kind = "not_found"       // not here, or not yours: 404
	KindConflict        Kind = "conflict"        // the state has moved on: 409
	KindRefused         Kind = "refused"         // a rule says no, with reasons: 422
	KindThrottled       Kind = "throttled"       // later: 429
	KindUnavailable     Kind = "unavailable"     // something we need is away: 503
)

// Error is the one error type that crosses rooms. Anything else that reaches
// the edge is a fault of ours and becomes 500 without detail.
type Error struct {
	Kind Kind
	// Code is stable and in snake_case, for example "already_on_loan".
	Code string
	// Detail is one plain sentence for the person who will read it.
	Detail string
	// Fields lists every wrong field at once.
	Fields []FieldError
	// Reasons lists every ground of a refusal at once.
	Reasons []Reason
	// RetryAfterSeconds is set on throttled errors.
	RetryAfterSeconds int
	// Cause is kept for the log and never shown.
	Cause error
}

// FieldError says what is wrong with one input field.
type FieldError struct {
	// Pointer is a JSON Pointer into the body, or "query:limit", "header:…".
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Within gives those problems that lie in fields somebody gives, by pointer:
// what was wrong before stops nobody from changing the rest.
func Within(wrong []FieldError, given map[string]bool) (within []FieldError) {
	for _, problem := range wrong {
		if given[problem.Pointer] {
			within = append(within, problem)
		}
	}
	return within
}

// Error gives the code and the detail.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %s", e.Code, e.Detail)
	for _, field := range e.Fields {
		if !strings.Contains(e.Detail, field.Message) { // Invalid has said it already
			text += fmt.Sprintf("; %s %s", field.Pointer, field.Message)
		}
	}
	for _, reason := range e.Reasons {
		text += "; " + reason.Code
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Invalid reports wrong input fields.
func Invalid(fields ...FieldError) *Error {
	var parts []string
	for _, field := range fields {
		parts = append(parts, strings.TrimPrefix(field.Pointer, "/")+" "+field.Message)
	}
	return &Error{Kind: KindInvalid, Code: "invalid_input", Detail: strings.Join(parts, "; "), Fields: fields}
}

// NotFound reports that something does not exist or is not the caller's; the
// two are never told apart.
func NotFound(what string) *Error {
	return &Error{Kind: KindNotFound, Code: "not_found", Detail: "No such " + what + " here."}
}

// Conflict reports that the state has moved on.
func Conflict(code, format string, args ...any) *Error {
	return &Error{Kind: KindConflict, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Refused reports that a rule says no, with every reason.
func Refused(code, detail string, reasons ...Reason) *Error {
	return &Error{Kind: KindRefused, Code: code, Detail: detail, Reasons: reasons}
}

// Forbidden reports that the actor may not do this.
func Forbidden(format string, args ...any) *Error {
	return &Error{Kind: KindForbidden, Code: "forbidden", Detail: fmt.Sprintf(format, args...)}
}

// AsError finds our error in a chain.
func AsError(err error) (*Error, bool) {
	var ours *Error
	ok := errors.As(err, &ours)
	return ours, ok
}

// IsKind tells whether an error is of a kind.
func IsKind(err error, kind Kind) bool {
	ours, ok := AsError(err)
	return ok && ours.Kind == kind
}
