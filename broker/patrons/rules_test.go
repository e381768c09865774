package patrons_test

import (
	"testing"

	"afield/broker"
	"afield/broker/patrons"
)

func TestAgeOnADate(t *testing.T) {
	t.Parallel()
	born := patrons.Patron{BornOn: broker.MustDate("2008-02-29")}
	for date, want := range map[string]int{"2026-02-27": 17, "2026-02-28": 17, "2026-03-01": 18, "2008-02-29": 0} {
		if age, known := born.AgeOn(broker.MustDate(date)); !known || age != want {
			t.Errorf("on %s: %d, want %d", date, age, want)
		}
	}
	if _, known := (patrons.Patron{}).AgeOn(broker.MustDate("2026-01-01")); known {
		t.Error("without a birthday there is no age")
	}
}

func TestABlockStandsFromItsFirstToItsLastDay(t *testing.T) {
	t.Parallel()
	block := patrons.Block{From: broker.MustDate("2026-03-02"), Until: broker.MustDate("2026-03-09")}
	for date, want := range map[string]bool{"2026-03-01": false, "2026-03-02": true, "2026-03-09": true, "2026-03-10": false} {
		if block.StandsOn(broker.MustDate(date)) != want {
			t.Errorf("on %s: %v", date, !want)
		}
	}
}
