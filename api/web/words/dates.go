package words

import (
	"strconv"
	"strings"
	"time"

	"afield/broker"
)

// Date writes a date the short way: today and tomorrow in words, "Fri 4 Dec", with
// the year when it is more than six months from today.
func (w *Words) Date(date, today broker.Date) string {
	switch {
	case date.IsZero():
		return ""
	case date == today:
		return w.Say("today")
	case date == today.AddDays(1):
		return w.Say("tomorrow")
	case date == today.AddDays(-1):
		return w.Say("yesterday")
	}
	pattern := w.Day
	if days := date.DaysSince(today); today.IsZero() || days > 183 || days < -183 {
		pattern = w.DayYear
	}
	return w.written(pattern, date, w.Weekdays, w.Months)
}

// Full writes a date with its long names, for titles.
func (w *Words) Full(date broker.Date) string {
	return w.written(w.FullDay, date, w.Long.Weekdays, w.Long.Months)
}

func (w *Words) written(pattern string, date broker.Date, weekdays, months []string) string {
	return strings.NewReplacer(
		"{weekday}", weekdays[(int(date.Weekday())+6)%7], "{day}", strconv.Itoa(date.Day()),
		"{month}", months[date.Month()-1], "{year}", strconv.Itoa(date.Year()),
	).Replace(pattern)
}

// Clock writes the time of day of an instant that is in the library's zone: 09:10.
func (w *Words) Clock(at time.Time) string { return at.Format("15:04") }

// Instant writes date and time of an instant that is in the library's zone.
func (w *Words) Instant(at time.Time, today broker.Date) string {
	return w.Date(broker.DateIn(at, at.Location()), today) + " " + w.Clock(at)
}

// Age writes how many days ago something was: "16 d".
func (w *Words) Age(days int) string { return w.Say("{n} d", "n", days) }

// Money writes an amount with its sign; one in another currency than the
// library's also names it: "$5.00 CAD".
func (w *Words) Money(amount broker.Money, library string) string {
	minor, minus := amount.Minor, ""
	if minor < 0 {
		minor, minus = -minor, "−"
	}
	cents := strconv.FormatInt(minor%100, 10)
	if len(cents) == 1 {
		cents = "0" + cents
	}
	figures := w.Number(minor/100) + w.Decimal + cents
	sign, known := w.Signs[amount.Currency]
	if !known {
		return strings.TrimSpace(minus + figures + " " + amount.Currency)
	}
	said := minus + strings.NewReplacer("{sign}", sign, "{amount}", figures).Replace(w.Amount)
	if library != "" && amount.Currency != library {
		said += " " + amount.Currency
	}
	return said
}
