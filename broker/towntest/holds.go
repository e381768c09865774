package towntest

import (
	"context"
	"strings"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// WaitsFor has a new patron wait for a title.
func (h House) WaitsFor(title broker.ID) {
	h.t.Helper()
	_, err := Act(h.Town, h.Holds.PlaceHold, holds.PlaceHold{
		Desk: h.At("2026-03-03 10:00"), Library: h.Library.ID, Patron: h.Patron("resident"), Title: title,
	})
	h.Must(err)
}

// Night runs one slice of the nightly clearing of the hold shelf.
func (h House) Night(local string, limit int) (done []holds.Outcome) {
	h.t.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = h.Holds.ExpireShelfSlice(ctx, tx, h.At(local), limit, nil)
		return err
	})
	return done
}

// Shelved puts a copy of a new title on the hold shelf for a new patron.
func (h House) Shelved(local string) (catalog.Ref, holds.Hold) {
	h.t.Helper()
	title := h.Title()
	book := h.Item("book", title)
	h.Plain(h.Patron(h.someClass()), title, local)
	return book, *h.Capture(local, book).Given
}

func (h House) someClass() string {
	if strings.HasPrefix(h.Policy, "perth") {
		return "member"
	}
	return "resident"
}

// Plain puts a patron of the library in the queue of its own title, with no
// request.
func (h House) Plain(patron patrons.Ref, title broker.ID, local string, change ...func(*holds.PlaceHold)) holds.Hold {
	h.t.Helper()
	in := holds.PlaceHold{Desk: h.At(local), Library: h.Library.ID, Patron: patron, Title: title}
	for _, apply := range change {
		apply(&in)
	}
	out, err := Act(h.Town, h.Holds.PlaceHold, in)
	h.Must(err)
	return *out.Hold
}

// Capture gives a copy to whoever is next.
func (h House) Capture(local string, item catalog.Ref) holds.Outcome {
	h.t.Helper()
	out, err := Act(h.Town, h.Holds.CaptureHold, holds.Capture{Desk: h.At(local), Item: item})
	h.Must(err)
	return out
}

// Change runs one of the changes to a hold at a local time.
func (h House) Change(local string, use func(context.Context, *postgres.Tx, standing.Desk) (holds.Outcome, error)) (holds.Outcome, error) {
	return Act(h.Town, func(ctx context.Context, tx *postgres.Tx, desk standing.Desk) (holds.Outcome, error) {
		return use(ctx, tx, desk)
	}, h.At(local))
}

// Cancel ends a hold that is no longer wanted.
func (h House) Cancel(local string, ref holds.Ref) {
	h.t.Helper()
	_, err := h.Change(local, func(ctx context.Context, tx *postgres.Tx, desk standing.Desk) (holds.Outcome, error) {
		return h.Holds.CancelHold(ctx, tx, desk, ref)
	})
	h.Must(err)
}

// HoldNow reads a hold again.
func (h House) HoldNow(ref holds.Ref) (hold holds.Hold) {
	h.t.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		hold, err = holds.ByID(ctx, tx, ref)
		return err
	})
	return hold
}

// Queue reads who waits for a title.
func (h House) Queue(title broker.ID) (queue []holds.Hold) {
	h.t.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		queue, err = holds.Queue(ctx, tx, h.Library.ID, title)
		return err
	})
	return queue
}

// Position is a hold's position in its queue.
func (h House) Position(ref holds.Ref) (place int) {
	h.t.Helper()
	h.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		place, err = holds.Position(ctx, tx, ref)
		return err
	})
	return place
}

// Hold puts a patron of this library in another's queue, as of a local time.
func (h House) Hold(filler House, patron patrons.Ref, title broker.ID, local string) holds.Hold {
	h.t.Helper()
	out, err := Act(h.Town, h.Holds.PlaceHold, holds.PlaceHold{
		Desk: h.At(local), Library: filler.Library.ID, Patron: patron, Title: title,
		Request: standing.RequestRef{Library: h.Library.ID, Request: broker.NewID()}, Pickup: h.Branch,
	})
	h.Must(err)
	return *out.Hold
}

// Receive notes that an item in transit has arrived.
func (h House) Receive(local string, item catalog.Ref) holds.Outcome {
	h.t.Helper()
	out, err := Act(h.Town, func(ctx context.Context, tx *postgres.Tx, ref catalog.Ref) (holds.Outcome, error) {
		return h.Holds.ReceiveTransit(ctx, tx, h.At(local), ref)
	}, item)
	h.Must(err)
	return out
}

// End takes something off the hold shelf.
func (h House) End(local string, hold holds.Ref, as holds.Status) holds.Outcome {
	h.t.Helper()
	out, err := Act(h.Town, func(ctx context.Context, tx *postgres.Tx, ref holds.Ref) (holds.Outcome, error) {
		return h.Holds.TakeOffShelf(ctx, tx, h.At(local), ref, as)
	}, hold)
	h.Must(err)
	return out
}
