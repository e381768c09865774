package outbox_test

import (
	"testing"
	"time"

	"afield/broker/outbox"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestWhatFailsIsTriedAgainLaterAndGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	waits := []time.Duration{time.Minute, time.Hour}
	forever, thrice := outbox.Retries{Waits: waits}, outbox.Retries{Waits: waits, Tries: 3, LongestAsked: 2 * time.Hour}
	for _, c := range []struct {
		why     string
		retries outbox.Retries
		trouble outbox.Trouble
		tries   int
		wait    time.Duration // 0: given up
	}{
		{"the first failure", forever, outbox.Trouble{}, 1, time.Minute},
		{"a try that was not counted", forever, outbox.Trouble{}, 0, time.Minute},
		{"the second", forever, outbox.Trouble{}, 2, time.Hour},
		{"the last wait stands for all", forever, outbox.Trouble{}, 500, time.Hour},
		{"no use", forever, outbox.Trouble{Final: true}, 1, 0},
		{"the other side asks for more", forever, outbox.Trouble{RetryAfter: 9 * time.Hour}, 1, 9 * time.Hour},
		{"the other side asks for less", forever, outbox.Trouble{RetryAfter: time.Second}, 2, time.Hour},
		{"the other side asks for too much", thrice, outbox.Trouble{RetryAfter: 9 * time.Hour}, 1, 2 * time.Hour},
		{"one try is left", thrice, outbox.Trouble{}, 2, time.Hour},
		{"none is left", thrice, outbox.Trouble{RetryAfter: time.Second}, 3, 0},
	} {
		want := outbox.Next{GivenUp: c.wait == 0}
		if !want.GivenUp {
			want.At = noon.Add(c.wait)
		}
		if got := c.retries.After(c.trouble, c.tries, noon); got != want {
			t.Errorf("%s: %+v, want %+v", c.why, got, want)
		}
	}
}

func TestConditionsOfAnOwnersRows(t *testing.T) {
	t.Parallel()
	rows := outbox.Rows{Waiting: "status = 'due'", Due: "due_at"}
	if got, want := rows.Free("$1", "$2"), "status = 'due' and due_at <= $1 and (claimed_until is null or claimed_until < $2)"; got != want {
		t.Errorf("free: %s", got)
	}
	if got, want := rows.ClaimedBy("$1"), "status = 'due' and claimed_by = $1 and claimed_until is not null"; got != want {
		t.Errorf("claimed: %s", got)
	}
}
