package nightly_test

import (
	"testing"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/workflow/nightly"
)

func TestANightBeginsAtTwoAndIsTheLibrarysDate(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	library := directory.Library{Zone: zone}
	for local, want := range map[string]string{
		"2026-03-02 01:59": "2026-03-01",
		"2026-03-02 02:00": "2026-03-02",
		"2026-03-02 23:59": "2026-03-02",
		// The clocks go forward: the night of 8 March still has its two o'clock.
		"2026-03-08 03:30": "2026-03-08",
		"2026-11-01 02:30": "2026-11-01",
	} {
		now, err := time.ParseInLocation("2006-01-02 15:04", local, zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := nightly.Of(library, now.UTC()); got != broker.MustDate(want) {
			t.Errorf("%s belongs to the night of %s, want %s", local, got, want)
		}
	}
}
