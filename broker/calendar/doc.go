// Package calendar knows when a library is open, and does all the arithmetic
// that depends on it: due dates, the hold shelf, deadlines in open days,
// counted days of a fine.
//
// It is pure: no database, and no clock (the moment comes in as an argument).
// A Calendar never changes once made, so many goroutines may share one. A
// branch with hours or closures of its own has a Calendar of its own.
//
//	opening, err := calendar.New("America/New_York", calendar.Plan{
//		Hours:  calendar.Week{time.Monday: calendar.MustHours("09:00-17:00")},
//		Closed: []calendar.Closure{{From: broker.MustDate("2026-12-28"), Reason: "stocktaking"}},
//	})
//	opening.NextOpenDay(broker.MustDate("2026-12-28")) // 2027-01-04
package calendar

// The time zone database travels inside the program: a small machine without
// one must still know when a library closes.
import _ "time/tzdata"
