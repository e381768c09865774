package holds_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/postgres"
	"afield/broker/towntest"
)

// The days on the hold shelf are those of the branch it stands at: one that is
// open on Mondays and Tuesdays only takes three weeks for six open days, be it
// a copy of the library's own or a borrowed one. The nightly work waits as
// long, and clears nothing there on a day when only the rest of the library is
// open.
func TestTheHoldShelfGoesByTheCalendarOfItsBranch(t *testing.T) {
	t.Parallel()
	library := towntest.OneLibrary(t, "western-district", "America/Chicago")
	plan := calendar.Plan{Hours: calendar.Week{}}
	plan.Hours[1], plan.Hours[2] = calendar.MustHours("09:00-17:00"), calendar.MustHours("09:00-17:00")
	small := library
	small.Branch = broker.NewID()
	library.Do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: library.Library.ID, ID: small.Branch, Code: "small", Name: "Small", Plan: &plan})
	})
	for _, c := range []struct {
		name string
		at   towntest.House
		want string
	}{{"main", library, "2026-03-10"}, {"small", small, "2026-03-24"}} {
		_, own := c.at.Shelved("2026-03-03 10:00")
		towntest.Equal(t, c.name+": a copy of its own", own.PickUpBy, broker.MustDate(c.want))
		desk := c.at.At("2026-03-03 11:00")
		item, request := c.at.Borrowed("book", desk)
		out, err := towntest.Act(c.at.Town, c.at.Holds.ShelveForRequest, holds.Shelve{Desk: desk, Item: item, Patron: c.at.Patron("resident"), Request: request})
		c.at.Must(err)
		towntest.Equal(t, c.name+": a borrowed copy", out.Hold.PickUpBy, broker.MustDate(c.want))
	}
	towntest.Equal(t, "cleared at the main building", len(library.Night("2026-03-11 01:00", 10)), 1)
	towntest.Equal(t, "kept at the small one", len(library.Night("2026-03-24 20:00", 10)), 0)
	towntest.Equal(t, "and while that is closed", len(library.Night("2026-03-25 01:00", 10)), 0)
	towntest.Equal(t, "cleared there", len(library.Night("2026-03-30 01:00", 10)), 1)
}
