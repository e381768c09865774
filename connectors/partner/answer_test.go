package partner

import (
	"net/http"
	"testing"
	"time"

	"afield/connectors"
	"afield/connectors/line"
	"afield/connectors/wire"
)

// Whatever a peer answers, the outcome is one of three and nothing panics.
func FuzzJudge(f *testing.F) {
	for _, body := range []string{
		`{"message_id":"m1","status":"accepted"}`, `{"message_id":"m2","status":"accepted"}`, `{"code":"already_exists"}`,
		`<html>`, `{"code":{},"detail":"\u0000"}`, `null`, `{"message_id":"m1","message_id":"m1","status":"accepted"}`,
	} {
		f.Add(200, []byte(body), "3")
		f.Add(409, []byte(body), "")
		f.Add(429, []byte(body), "Sat, 01 Aug 2026 12:05:00 GMT")
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, wait string) {
		got := line.Answer{Status: status, Body: body, Header: http.Header{"Retry-After": {wait}}}
		delivery := judge(got, "m1", time.Unix(1_800_000_000, 0))
		switch delivery.Outcome {
		case connectors.Delivered:
			if (status < 200 || status > 299) && status != http.StatusConflict {
				t.Errorf("delivered with status %d", status)
			}
		case connectors.Refused, connectors.TryAgain:
			if delivery.Detail == "" || len(delivery.Detail) > wire.MaxDetail+len("…") {
				t.Errorf("a detail of %d bytes", len(delivery.Detail))
			}
		default:
			t.Errorf("outcome %q", delivery.Outcome)
		}
		if delivery.RetryAfter < 0 || delivery.RetryAfter > wire.LongestRetryAfter {
			t.Errorf("retry after %s", delivery.RetryAfter)
		}
	})
}
