// Package calendar serves the calendar: the month as it is at each place, days that
// are closed and opened again, and due dates that are moved together. Whatever it
// changes is first shown as it would be.
package calendar
