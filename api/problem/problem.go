// Package problem is the one place where an error becomes an answer: a
// broker.Error turns into problem+json (RFC 9457) with its status, fields and
// reasons; anything else is a fault of ours and says nothing about itself.
//
//	problem.Write(response, problem.From(err), callID)
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker"
)

// MediaType is that of every error.
const MediaType = "application/problem+json"

// Problem is one error as a caller sees it.
type Problem struct {
	// Type is a URI that names the code.
	Type string `json:"type"`
	// Title says what sort of error it is.
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Code is stable; for programs.
	Code string `json:"code"`
	// Detail is one plain sentence; for people.
	Detail string `json:"detail"`
	// Instance names this call in our log.
	Instance string `json:"instance"`
	// Errors lists every wrong field, Reasons every ground of a refusal.
	Errors  []broker.FieldError `json:"errors,omitempty"`
	Reasons []broker.Reason     `json:"reasons,omitempty"`

	retryAfter int
}

// New makes a problem that no broker.Error stands for, such as a route that
// does not exist.
func New(status int, code, detail string) Problem {
	return Problem{Type: "urn:afield:problem:" + code, Title: http.StatusText(status), Status: status, Code: code, Detail: sentence(detail)}
}

// sentence begins with a capital letter and ends with a full stop, as people read
// it; wrong fields come as parts of one.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if strings.ContainsRune(".?!…", lastRune(text)) {
		return text
	}
	return text + "."
}

func lastRune(text string) rune {
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(text, `"”)`))
	return last
}

// statuses maps each kind of error to its HTTP status.
var statuses = map[broker.Kind]int{
	broker.KindInvalid:         http.StatusBadRequest,
	broker.KindUnauthenticated: http.StatusUnauthorized,
	broker.KindForbidden:       http.StatusForbidden,
	broker.KindNotFound:        http.StatusNotFound,
	broker.KindConflict:        http.StatusConflict,
	broker.KindRefused:         http.StatusUnprocessableEntity,
	broker.KindThrottled:       http.StatusTooManyRequests,
	broker.KindUnavailable:     http.StatusServiceUnavailable,
}

// From gives the problem an error stands for. An error that is not ours becomes
// 500 without detail, or 503 where the database is away for the moment; log it.
func From(err error) Problem {
	var ready *Error
	if errors.As(err, &ready) {
		return ready.Problem
	}
	if ours, ok := broker.AsError(err); ok {
		if status, known := statuses[ours.Kind]; known {
			problem := New(status, ours.Code, ours.Detail)
			problem.Errors, problem.Reasons, problem.retryAfter = ours.Fields, ours.Reasons, ours.RetryAfterSeconds
			return problem
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return away("too_slow", "The answer took too long; nothing was changed. Try again.")
	case databaseAway(err):
		return away("database_away", "The database is away for the moment; nothing was changed. Try again.")
	case badText(err):
		return New(http.StatusBadRequest, "invalid_input", "A text or number in the input cannot be stored.")
	}
	return New(http.StatusInternalServerError, "fault", "Something went wrong here; it has been logged.")
}

func away(code, detail string) Problem {
	problem := New(http.StatusServiceUnavailable, code, detail)
	problem.retryAfter = 1
	return problem
}

// databaseAway tells whether the database could not be reached, is starting or
// stopping, or has no connection or memory to give.
func databaseAway(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "53") || strings.HasPrefix(pg.Code, "08") ||
			pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03"
	}
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF)
}

// badText tells whether the database could not take a value as it is: the last
// net under the validation, which should have named the field.
func badText(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "22021" || pg.Code == "22P05" || pg.Code == "22003" || pg.Code == "22008")
}

// Error is a problem that travels as an error.
type Error struct{ Problem Problem }

// Error gives the code and the detail.
func (e *Error) Error() string { return e.Problem.Code + ": " + e.Problem.Detail }

// Write answers with a problem. call names the call in our log.
func Write(w http.ResponseWriter, problem Problem, call string) {
	problem.Instance = "urn:afield:call:" + call
	header := w.Header()
	header.Set("Content-Type", MediaType)
	header.Set("Cache-Control", "no-store")
	if problem.retryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(problem.retryAfter))
	}
	if problem.Status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="afield"`)
	}
	body, err := json.Marshal(problem)
	if err != nil { // reasons hold only texts and times, so this cannot happen
		body = []byte(`{"status":500,"code":"fault"}`)
		problem.Status = http.StatusInternalServerError
	}
	w.WriteHeader(problem.Status)
	_, _ = w.Write(body) // the caller may have gone; there is nobody to tell
}
