package circulation_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// Where the policy says so, lateness costs nothing until an overdue notice has
// reached the patron; a notice of something else does not count.
func TestLatenessIsExcusedUntilANoticeTellsOfIt(t *testing.T) {
	t.Parallel()
	r := ruledTown(t)
	const fine = `{set_by: library, rate: "0.10", count: calendar}`
	excusing := r.under("fines.overdue", fine, "fines.notice_excuses", "true")
	strict := r.under("fines.overdue", fine)
	for name, c := range map[string]struct {
		at   house
		told notices.Kind
		want string
	}{
		"not told":                      {excusing, "", "0.00"},
		"told of something else":        {excusing, notices.Recalled, "0.00"},
		"told":                          {excusing, notices.Overdue, "0.50"},
		"not told, and no excuse":       {strict, "", "0.50"},
		"told, where it is the same":    {strict, notices.Overdue, "0.50"},
		"told of something else, there": {strict, notices.Recalled, "0.50"},
	} {
		t.Run(name, func(*testing.T) {
			h := c.at
			patron := h.patron("resident")
			loan := h.lend(patron, h.copyOf(of("book")), "2026-03-02 10:00")
			back := loan.DueOn.AddDays(5).String() + " 10:00"
			if c.told != "" {
				h.do(func(ctx context.Context, tx *postgres.Tx) error {
					told, err := patrons.ByID(ctx, tx, patron)
					notices.Make(tx, told, notices.Message{
						Kind: c.told, Loan: loan.ID, Channels: []notices.Channel{notices.Account}, Only: true, Cause: name,
					}, h.at(back).Now)
					return err
				})
			}
			out := h.back(circulation.Return{Desk: h.at(back), Item: loan.Item})
			equal(t, name+": fine", charged(out), c.want)
			equal(t, name+": owed", h.owes(patron), c.want)
		})
	}
}

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
		out, err := act(c.at.town, c.at.circ.ShelveForRequest, circulation.Shelve{Desk: desk, Item: item, Patron: c.at.patron("resident"), Request: request})
		c.at.must(err)
		equal(t, c.name+": a borrowed copy", out.Hold.PickUpBy, broker.MustDate(c.want))
	}
	equal(t, "cleared at the main building", len(library.night("2026-03-11 01:00", 10)), 1)
	equal(t, "kept at the small one", len(library.night("2026-03-24 20:00", 10)), 0)
	equal(t, "and while that is closed", len(library.night("2026-03-25 01:00", 10)), 0)
	equal(t, "cleared there", len(library.night("2026-03-30 01:00", 10)), 1)
}
