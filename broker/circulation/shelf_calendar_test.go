package circulation_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// The days on the hold shelf are those of the branch it stands at: one that is
// open on Mondays and Tuesdays only takes three weeks for six open days, be it a
// copy of the library's own or a borrowed one. The night waits as long, and
// clears nothing there on a day that only the library is open.
func TestTheHoldShelfGoesByTheCalendarOfItsBranch(t *testing.T) {
	t.Parallel()
	library := oneLibrary(t, "western-district", "America/Chicago")
	plan := calendar.Plan{Hours: calendar.Week{}}
	plan.Hours[1], plan.Hours[2] = calendar.MustHours("09:00-17:00"), calendar.MustHours("09:00-17:00")
	small := library
	small.branch = broker.NewID()
	library.do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: library.Library.ID, ID: small.branch, Code: "small", Name: "Small", Plan: &plan})
	})
	for _, c := range []struct {
		name string
		at   house
		want string
	}{{"main", library, "2026-03-10"}, {"small", small, "2026-03-24"}} {
		_, own := c.at.shelved("2026-03-03 10:00")
		equal(t, c.name+": a copy of its own", own.PickUpBy, broker.MustDate(c.want))
		desk := c.at.at("2026-03-03 11:00")
		item, request := c.at.borrowed("book", desk)
		out, err := act(c.at.town, c.at.Circ.ShelveForRequest, circulation.Shelve{Desk: desk, Item: item, Patron: c.at.patron("resident"), Request: request})
		c.at.must(err)
		equal(t, c.name+": a borrowed copy", out.Hold.PickUpBy, broker.MustDate(c.want))
	}
	equal(t, "cleared at the main building", len(library.night("2026-03-11 01:00", 10)), 1)
	equal(t, "kept at the small one", len(library.night("2026-03-24 20:00", 10)), 0)
	equal(t, "and while that is closed", len(library.night("2026-03-25 01:00", 10)), 0)
	equal(t, "cleared there", len(library.night("2026-03-30 01:00", 10)), 1)
}
