package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"afield/api/problem"
	"afield/broker"
)

// Every kind of error has its status, and what is not ours says nothing of itself.
func TestFrom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{broker.Invalid(broker.FieldError{Pointer: "/a", Code: "required", Message: "is required"}), 400, "invalid_input"},
		{&broker.Error{Kind: broker.KindUnauthenticated, Code: "bad_token"}, 401, "bad_token"},
		{broker.Forbidden("no"), 403, "forbidden"},
		{broker.NotFound("loan"), 404, "not_found"},
		{fmt.Errorf("while lending: %w", broker.Conflict("already_on_loan", "out")), 409, "already_on_loan"},
		{broker.Refused("may_not", "no", broker.Reason{Code: "owes"}), 422, "may_not"},
		{&broker.Error{Kind: broker.KindThrottled, Code: "too_many_tries", RetryAfterSeconds: 7}, 429, "too_many_tries"},
		{&broker.Error{Kind: broker.KindUnavailable, Code: "later"}, 503, "later"},
		{&broker.Error{Kind: "unheard of", Code: "x"}, 500, "fault"},
		{errors.New("secret of the house"), 500, "fault"},
		{context.DeadlineExceeded, 503, "too_slow"},
		{&pgconn.PgError{Code: "57P01", Message: "terminating connection"}, 503, "database_away"},
		{&pgconn.PgError{Code: "22021", Message: "invalid byte sequence"}, 400, "invalid_input"},
		{&pgconn.PgError{Code: "23503", Message: "violates foreign key constraint"}, 500, "fault"},
		{&problem.Error{Problem: problem.New(http.StatusTeapot, "short", "and stout")}, 418, "short"},
	} {
		got := problem.From(c.err)
		if got.Status != c.status || got.Code != c.code || got.Type != "urn:afield:problem:"+c.code {
			t.Errorf("%v: %d %s", c.err, got.Status, got.Code)
		}
		if c.status == 500 && strings.Contains(fmt.Sprint(got), "secret of the house") {
			t.Errorf("a fault tells its cause: %v", got)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	recorder := httptest.NewRecorder()
	problem.Write(recorder, problem.From(&broker.Error{Kind: broker.KindThrottled, Code: "too_many_tries", Detail: "Wait.", RetryAfterSeconds: 7}), "call-1")
	var body map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if recorder.Code != 429 || recorder.Header().Get("Retry-After") != "7" || recorder.Header().Get("Content-Type") != problem.MediaType ||
		body["instance"] != "urn:afield:call:call-1" || body["detail"] != "Wait." {
		t.Errorf("%d %v %v", recorder.Code, recorder.Header(), body)
	}
}

// Whatever a detail was made of, people read a sentence.
func TestDetailsAreSentences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{broker.Invalid(broker.FieldError{Pointer: "/card", Message: "is needed"}, broker.FieldError{Pointer: "/title", Message: "is too long"}), "Card is needed; title is too long."},
		{broker.Invalid(broker.FieldError{Pointer: "/être", Message: "is no column"}), "Être is no column."},
		{broker.NotFound("patron"), "No such patron here."},
		{broker.Conflict("moved_on", "What now?"), "What now?"},
		{broker.Refused("said", `The rule says "no."`), `The rule says "no."`},
		{broker.Forbidden("(not for you)"), "(not for you)."},
		{errors.New("boom"), "Something went wrong here; it has been logged."},
	} {
		if got := problem.From(c.err).Detail; got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
	if got := problem.New(404, "x", "").Detail; got != "" {
		t.Errorf("nothing became %q", got)
	}
}
