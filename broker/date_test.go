package broker

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestATimeThatTheClocksSkip(t *testing.T) {
	t.Parallel()
	chicago, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	if got := MustDate("2026-03-08").At(2, 15, chicago).Format(time.RFC3339); got != "2026-03-08T03:15:00-05:00" {
		t.Errorf("02:15 on the day the clocks go forward is %s", got)
	}
	if got := MustDate("2026-11-01").At(17, 0, chicago).Format(time.RFC3339); got != "2026-11-01T17:00:00-06:00" {
		t.Errorf("five o'clock on the day they go back is %s", got)
	}
}

func TestDatesMoveByTheCalendar(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{MustDate("2025-11-30").AddMonths(3).String(), "2026-02-28"},
		{MustDate("2026-02-28").AddDays(1).String(), "2026-03-01"},
		{MustDate("2026-08-22").AddDays(-3).String(), "2026-08-19"},
		{Date{}.Earlier(MustDate("2026-01-01")).String(), "2026-01-01"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
	if days := MustDate("4999-12-18").DaysSince(MustDate("2026-12-18")); days < 1_085_000 {
		t.Errorf("far dates count right: %d days", days)
	}
}

func TestMoneyIsReadExactly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"2.30": 230, "12.50": 1250, "0.05": 5, "7": 700, "-1.00": -100} {
		got, err := ParseMoney(text, "USD")
		if err != nil || got.Minor != want {
			t.Errorf("%s is %d cents, got %d (%v)", text, want, got.Minor, err)
		}
	}
	for _, text := range []string{"", "abc", "1.5", "1.234", "1,00", ".50", "1e3"} {
		if _, err := ParseMoney(text, "USD"); !IsKind(err, KindInvalid) {
			t.Errorf("%q is refused: %v", text, err)
		}
	}
}

func TestISBNs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0-306-40615-2": "9780306406157", "9780306406157": "9780306406157", "080442957X": "9780804429573",
		"9780306406158": "", "0306406153": "", "hello": "",
	} {
		if got := NormalISBN(text); got != want {
			t.Errorf("%s is %q, got %q", text, want, got)
		}
	}
}
