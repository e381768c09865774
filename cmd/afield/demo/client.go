package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"afield/api/problem"
	"afield/broker"
)

// client calls the API like any other program.
type client struct {
	base string
	http *http.Client
}

func newClient(base string) *client {
	return &client{base: base, http: &http.Client{Timeout: 30 * time.Second}}
}

// refusal is an error returned by the API.
type refusal struct {
	problem.Problem
	call string
}

func (r *refusal) Error() string {
	text := fmt.Sprintf("%s: %d %s: %s", r.call, r.Status, r.Code, r.Detail)
	for _, reason := range r.Reasons {
		text += fmt.Sprintf(" [%s: %s]", reason.Code, reason.Message)
	}
	return text
}

// has tells whether one of the refusal's reasons has a code.
func (r *refusal) has(code string) (broker.Reason, bool) {
	for _, reason := range r.Reasons {
		if reason.Code == code {
			return reason, true
		}
	}
	return broker.Reason{}, false
}

// call makes one call; every POST carries a key of its own. The error is a
// *refusal when the API said no.
func (c *client) call(ctx context.Context, token, method, path string, body, into any) error {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, reader)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPost && token != "" {
		request.Header.Set("Idempotency-Key", broker.NewID().String())
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 8<<20))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		refused := &refusal{call: method + " " + path}
		if err := json.Unmarshal(answer, &refused.Problem); err != nil || refused.Code == "" {
			return fmt.Errorf("%s %s: status %d without a problem", method, path, response.StatusCode)
		}
		return refused
	}
	if into == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return nil
}
