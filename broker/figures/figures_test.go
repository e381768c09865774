package figures_test

import (
	"reflect"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/figures"
)

var today = broker.MustDate("2026-08-24")

func TestAsk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		figure, by, from, to string
		want                 figures.Question
	}{
		{"money", "", "", "", figures.Question{Figure: figures.Money, By: "month", From: broker.MustDate("2026-01-01"), To: today}},
		{"annual", "day", "", "2025-12-31", figures.Question{Figure: figures.Annual, By: "year", From: broker.MustDate("2025-01-01"), To: broker.MustDate("2025-12-31")}},
		{"cost", "day", "2026-02-01", "2026-02-02", figures.Question{Figure: figures.Cost, By: "day", From: broker.MustDate("2026-02-01"), To: broker.MustDate("2026-02-02")}},
	} {
		if got, err := figures.Ask(c.figure, c.by, c.from, c.to, today); err != nil || got != c.want {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
	}
	_, err := figures.Ask("mony", "week", "yesterday", "", today)
	wrong, _ := broker.AsError(err)
	if wrong == nil || len(wrong.Fields) != 3 {
		t.Errorf("not every mistake at once: %v", err)
	}
	for _, days := range [][2]string{{"2026-03-02", "2026-03-01"}, {"2001-01-01", "2026-03-01"}} {
		if _, err := figures.Ask("money", "", days[0], days[1], today); !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("%v: %v", days, err)
		}
	}
}

func TestSpreadShareAndRatio(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hours       []float64
		median, p90 any
	}{
		{nil, nil, nil},
		{[]float64{5}, 5.0, 5.0},
		{[]float64{30, 10, 20}, 20.0, 30.0},
		{[]float64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 5.0, 9.0},
		{[]float64{1.26, 100}, 1.3, 100.0},
	} {
		if median, p90 := figures.Spread(c.hours); median != c.median || p90 != c.p90 {
			t.Errorf("%v: %v and %v, want %v and %v", c.hours, median, p90, c.median, c.p90)
		}
	}
	for got, want := range map[any]any{figures.Share(2, 3): 66.7, figures.Ratio(1, 3): 0.33, figures.Ratio(4, 2): 2.0} {
		if got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
	if figures.Share(1, 0) != nil || figures.Ratio(1, 0) != nil {
		t.Error("a part of nothing is nothing")
	}
}

func TestTableIsWrittenDown(t *testing.T) {
	t.Parallel()
	table := figures.Table{Columns: []string{"title", "count", "share"}, Rows: [][]any{{"=1+1", int64(2), 66.7}, {"A, B", int64(0), nil}}}
	var text strings.Builder
	if err := table.CSV(&text); err != nil || text.String() != "title,count,share\n'=1+1,2,66.7\n\"A, B\",0,\n" {
		t.Errorf("%v: %q", err, text.String())
	}
	want := []map[string]any{{"title": "=1+1", "count": int64(2), "share": 66.7}, {"title": "A, B", "count": int64(0), "share": nil}}
	if got := table.Objects(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if got := (figures.Table{}).Objects(); got == nil {
		t.Error("no rows are an empty list")
	}
}
