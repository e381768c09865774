package frame

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"afield/api/problem"
	"afield/broker"
)

// Trouble is what stands in the way of an act, as a page shows it: beside the form,
// with everything that was typed.
type Trouble struct {
	Status       int
	Code, Detail string
	// Fields are the wrong fields of the form, by name.
	Fields []FieldTrouble
	// Reasons are the grounds of a refusal.
	Reasons []Reason
	// Changed tells that somebody was faster.
	Changed bool
	// Overrides are the rules that the visitor may pass over; nil where one of the
	// reasons is not theirs to pass over.
	Overrides []string
}

// FieldTrouble is one wrong field.
type FieldTrouble struct{ Name, Message string }

// Reason is one ground of a refusal, ready to be read out.
type Reason struct {
	Message string
	// Document, Section and Says are the clause; Silent marks a value that the text
	// does not give.
	Document, Section, Says string
	Silent                  bool
	Needed, Found           string
	// Passes says when it would pass by itself.
	Passes time.Time
	// Over lists who may pass over it.
	Over []string
	Rule string
}

// Of tells whether a field is wrong, and gives its message.
func (t *Trouble) Of(name string) string {
	if t == nil {
		return ""
	}
	for _, field := range t.Fields {
		if field.Name == name {
			return field.Message
		}
	}
	return ""
}

// Trouble gives what a form shows for an error, or nil for one that no form can
// show: then the handler returns the error.
func (v *Visit) Trouble(err error) *Trouble {
	if err == nil {
		return nil
	}
	answer := problem.From(err)
	switch answer.Status {
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusUnauthorized:
	case http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable:
		if v.Request().Method == http.MethodGet {
			return nil
		}
	default:
		return nil
	}
	return v.troubleOf(answer)
}

func (v *Visit) troubleOf(answer problem.Problem) *Trouble {
	t := &Trouble{Status: answer.Status, Code: answer.Code, Detail: answer.Detail, Changed: answer.Code == "changed_meanwhile"}
	for _, field := range answer.Errors {
		name := strings.TrimPrefix(strings.TrimPrefix(field.Pointer, "query:"), "/")
		name, _, _ = strings.Cut(name, "/")
		t.Fields = append(t.Fields, FieldTrouble{Name: name, Message: field.Message})
	}
	t.Reasons = v.Reasons(answer.Reasons)
	all := len(answer.Reasons) > 0
	for _, reason := range answer.Reasons {
		if !slices.ContainsFunc(reason.MayOverride, func(role string) bool { return v.Who.Holds(role) }) {
			all = false
			continue
		}
		if !slices.Contains(t.Overrides, reason.Rule) {
			t.Overrides = append(t.Overrides, reason.Rule)
		}
	}
	if !all {
		t.Overrides = nil
	}
	return t
}

// Reasons makes reasons readable, in the library's zone.
func (v *Visit) Reasons(reasons []broker.Reason) []Reason {
	var shown []Reason
	for _, reason := range reasons {
		one := Reason{
			Message: reason.Message, Document: reason.Clause.Document, Section: reason.Clause.Section, Says: reason.Clause.Says,
			Silent: reason.Clause.Silent, Needed: reason.Needed, Found: reason.Found, Over: reason.MayOverride, Rule: reason.Rule,
		}
		if reason.PassesAt != nil {
			one.Passes = reason.PassesAt.In(v.Now.Location())
		}
		shown = append(shown, one)
	}
	return shown
}

// failed is a page that cannot be shown.
type failed struct {
	Status int
	Trouble
	// Call names the call in our log.
	Call string
	Back string
}

// Fail answers an error with a page: what it means, what was or was not changed,
// and one way on.
func (v *Visit) Fail(err error) error {
	var away toSignIn
	if errors.As(err, &away) {
		to := away.page
		if v.Request().Method == http.MethodGet && v.Request().URL.Path != "/" {
			to += "?next=" + url.QueryEscape(v.Request().URL.RequestURI())
		}
		return v.Go(to)
	}
	answer := problem.From(err)
	if answer.Status >= http.StatusInternalServerError {
		v.site.Log.Error("fault", "call", v.Response().Header().Get("X-Request-Id"), "route", v.Path(), "error", err.Error())
	}
	shown := failed{Status: answer.Status, Trouble: *v.troubleOf(answer), Call: v.Response().Header().Get("X-Request-Id"), Back: "/"}
	return v.ShowAs(answer.Status, "problem", Head{Title: v.titleOf(answer.Status), Plain: !v.Who.IsStaff()}, shown)
}

func (v *Visit) titleOf(status int) string {
	switch status {
	case http.StatusNotFound:
		return v.Say("Not found")
	case http.StatusForbidden:
		return v.Say("Not for you to do")
	case http.StatusConflict:
		return v.Say("Somebody was faster")
	case http.StatusServiceUnavailable:
		return v.Say("Away for a moment")
	case http.StatusTooManyRequests:
		return v.Say("Wait a moment")
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return v.Say("Not done")
	}
	return v.Say("Something went wrong here")
}
