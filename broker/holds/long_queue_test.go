package holds_test

import (
	"context"
	"testing"
	"time"

	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/broker/returns"
	"afield/broker/towntest"
)

// crowd is a queue of 150, of whom the first 120 cannot be given the copy.
type crowd struct {
	town  towntest.House
	lent  loans.Loan
	first holds.Hold // of those who can
}

func newCrowd(t *testing.T) crowd {
	t.Helper()
	wdl := towntest.OneLibrary(t, "western-district", "America/Chicago")
	title := wdl.Title()
	c := crowd{town: wdl, lent: wdl.Lend(wdl.Patron("resident"), wdl.Item("book", title), "2026-03-02 09:00")}
	for i := range 150 {
		asked := wdl.At("2026-03-02 10:00").Now.Add(time.Duration(i) * time.Second)
		patron := wdl.Patron("resident", func(p *patrons.Patron) {
			if i < 120 {
				p.NotFor = []string{"book"}
			}
		})
		hold := wdl.Plain(patron, title, "2026-03-02 10:05", func(in *holds.PlaceHold) { in.QueuedAt = asked })
		if i == 120 {
			c.first = hold
		}
	}
	return c
}

func TestNobodyIsOverlookedInALongQueue(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	counted, counts := pgtest.Counted(t, c.town.DB)
	var out loans.Outcome
	counts.Reset()
	c.town.Must(counted.InTx(t.Context(), postgres.ForLibraries(c.town.All...), func(ctx context.Context, tx *postgres.Tx) (err error) {
		out, err = c.town.Returns.Return(ctx, tx, returns.Return{Desk: c.town.At("2026-03-09 10:00"), Item: c.lent.Item})
		return err
	}))
	towntest.Equal(t, "captured for the 121st", out.Given.Ref, c.first.Ref)
	towntest.Equal(t, "those before keep their places", c.town.Position(c.town.Queue(c.first.Title)[119].Ref), 120)
	if got := counts.Read(); got.RoundTrips > 16 {
		t.Errorf("%d round trips to find the 121st", got.RoundTrips)
	}
	c.town.NoBreach()
}

func TestSomebodyAfterTheHundredthStopsARenewal(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	_, err := c.town.Renews(c.lent, "2026-03-20 10:00")
	towntest.Equal(t, "refused", towntest.WantCode(t, err, "may_not_renew").Reasons[0].Code, "held_for_other")
	// Those who may not have it stop nobody.
	c.town.Do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `delete from holds h using patrons p where p.library_id = h.for_library_id and p.id = h.patron_id and p.not_for = '{}'`)
		return err
	})
	_, err = c.town.Renews(c.lent, "2026-03-20 10:00")
	c.town.Must(err)
}
