package broker

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// Date is a calendar date without a time or a zone: a due date, a pick-up-by
// date, a birthday. Which instant it begins at depends on the library's zone.
// The zero Date means "none" and is stored as NULL.
type Date struct {
	year  int
	month time.Month
	day   int
}

// NewDate makes a date; out-of-range days roll over as time.Date does.
func NewDate(year int, month time.Month, day int) Date {
	return dateOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// DateIn gives the calendar date that an instant has in a zone.
func DateIn(at time.Time, zone *time.Location) Date { return dateOf(at.In(zone)) }

// ParseDate reads 2026-08-22.
func ParseDate(text string) (Date, error) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, Invalid(FieldError{
			Pointer: "/date", Code: "not_a_date",
			Message: fmt.Sprintf("%q is not a date; write it as 2026-08-22", text),
		})
	}
	return dateOf(at), nil
}

// MustDate reads a date that the program itself wrote; it panics on a mistake.
func MustDate(text string) Date {
	date, err := ParseDate(text)
	if err != nil {
		panic(err)
	}
	return date
}

func dateOf(at time.Time) Date {
	y, m, d := at.Date()
	return Date{y, m, d}
}

// IsZero tells whether there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// Year, Month and Day give the parts.
func (d Date) Year() int { return d.year }

// Month gives the month.
func (d Date) Month() time.Month { return d.month }

// Day gives the day of the month.
func (d Date) Day() int { return d.day }

// Weekday gives the day of the week.
func (d Date) Weekday() time.Weekday { return d.UTC().Weekday() }

// UTC gives midnight UTC of the date, for arithmetic only.
func (d Date) UTC() time.Time { return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC) }

// At gives the instant of a wall-clock time on this date in a zone. A time that
// a clock change skips moves on by the length of the gap: 02:15 becomes 03:15.
func (d Date) At(hour, minute int, zone *time.Location) time.Time {
	at := time.Date(d.year, d.month, d.day, hour, minute, 0, 0, zone)
	if at.Hour() == hour%24 && at.Minute() == minute%60 {
		return at
	}
	midnight := time.Date(d.year, d.month, d.day, 0, 0, 0, 0, zone)
	return midnight.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

// Start gives the first instant of the date in a zone.
func (d Date) Start(zone *time.Location) time.Time { return d.At(0, 0, zone) }

// End gives the first instant of the next date: deadlines "by this date" pass then.
func (d Date) End(zone *time.Location) time.Time { return d.AddDays(1).Start(zone) }

// AddDays moves by calendar days.
func (d Date) AddDays(days int) Date { return NewDate(d.year, d.month, d.day+days) }

// AddMonths moves by calendar months and clamps to the month's end:
// 2025-11-30 plus three months is 2026-02-28.
func (d Date) AddMonths(months int) Date {
	first := NewDate(d.year, d.month+time.Month(months), 1)
	last := NewDate(first.year, first.month+1, 0)
	return NewDate(first.year, first.month, min(d.day, last.day))
}

// DaysSince counts calendar days from another date to this one. It does not go
// by time.Duration, which ends at 292 years: lenders send due dates in 4999.
func (d Date) DaysSince(other Date) int { return int((d.UTC().Unix() - other.UTC().Unix()) / 86400) }

// Compare orders dates: -1, 0 or +1.
func (d Date) Compare(other Date) int { return d.UTC().Compare(other.UTC()) }

// Before tells whether this date is earlier.
func (d Date) Before(other Date) bool { return d.Compare(other) < 0 }

// After tells whether this date is later.
func (d Date) After(other Date) bool { return d.Compare(other) > 0 }

// Earlier gives the earlier of two dates, passing over a zero one.
func (d Date) Earlier(other Date) Date {
	if d.IsZero() || (!other.IsZero() && other.Before(d)) {
		return other
	}
	return d
}

// Later gives the later of two dates.
func (d Date) Later(other Date) Date {
	if d.Before(other) {
		return other
	}
	return d
}

// String gives 2026-08-22, or nothing for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.year, int(d.month), d.day)
}

// MarshalText writes the date as 2026-08-22.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 2026-08-22; empty text is the zero Date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err == nil {
		*d = parsed
	}
	return err
}

// DateValue lets pgx write the date; the zero Date becomes NULL.
func (d Date) DateValue() (pgtype.Date, error) {
	return pgtype.Date{Time: d.UTC(), Valid: !d.IsZero()}, nil
}

// ScanDate lets pgx read a date; NULL becomes the zero Date.
func (d *Date) ScanDate(value pgtype.Date) error {
	*d = Date{}
	if value.Valid {
		*d = dateOf(value.Time)
	}
	return nil
}
