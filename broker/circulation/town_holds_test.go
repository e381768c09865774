package circulation_test

import (
	"context"
	"strings"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

func (h house) waitsFor(title broker.ID) {
	h.t.Helper()
	_, err := act(h.town, h.Circ.PlaceHold, circulation.PlaceHold{
		Desk: h.at("2026-03-03 10:00"), Library: h.Library.ID, Patron: h.patron("resident"), Title: title,
	})
	h.must(err)
}

// night runs one slice of the clearing of the shelf.
func (h house) night(local string, limit int) (done []circulation.HoldOutcome) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = h.Circ.ExpireShelfSlice(ctx, tx, h.at(local), limit, nil)
		return err
	})
	return done
}

// shelved puts a copy of a new title on the hold shelf for a new patron.
func (h house) shelved(local string) (catalog.Ref, circulation.Hold) {
	h.t.Helper()
	title := h.title()
	book := h.item("book", title)
	h.plain(h.patron(h.someClass()), title, local)
	return book, *h.capture(local, book).Given
}

func (h house) someClass() string {
	if strings.HasPrefix(h.Policy, "perth") {
		return "member"
	}
	return "resident"
}

// plain puts a patron of the library in the queue of its own title, for nobody's
// request.
func (h house) plain(patron patrons.Ref, title broker.ID, local string, change ...func(*circulation.PlaceHold)) circulation.Hold {
	h.t.Helper()
	in := circulation.PlaceHold{Desk: h.at(local), Library: h.Library.ID, Patron: patron, Title: title}
	for _, apply := range change {
		apply(&in)
	}
	out, err := act(h.town, h.Circ.PlaceHold, in)
	h.must(err)
	return *out.Hold
}

func (h house) capture(local string, item catalog.Ref) circulation.HoldOutcome {
	h.t.Helper()
	out, err := act(h.town, h.Circ.CaptureHold, circulation.Capture{Desk: h.at(local), Item: item})
	h.must(err)
	return out
}

// change runs one of the changes of a hold at a local time.
func (h house) change(local string, use func(context.Context, *postgres.Tx, circulation.Desk) (circulation.HoldOutcome, error)) (circulation.HoldOutcome, error) {
	return act(h.town, func(ctx context.Context, tx *postgres.Tx, desk circulation.Desk) (circulation.HoldOutcome, error) {
		return use(ctx, tx, desk)
	}, h.at(local))
}

func (h house) cancel(local string, ref circulation.HoldRef) {
	h.t.Helper()
	_, err := h.change(local, func(ctx context.Context, tx *postgres.Tx, desk circulation.Desk) (circulation.HoldOutcome, error) {
		return h.Circ.CancelHold(ctx, tx, desk, ref)
	})
	h.must(err)
}

func (h house) holdNow(ref circulation.HoldRef) (hold circulation.Hold) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		hold, err = circulation.HoldByID(ctx, tx, ref)
		return err
	})
	return hold
}

func (h house) queue(title broker.ID) (queue []circulation.Hold) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		queue, err = circulation.Queue(ctx, tx, h.Library.ID, title)
		return err
	})
	return queue
}

func (h house) placeOf(ref circulation.HoldRef) (place int) {
	h.t.Helper()
	h.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		place, err = circulation.Place(ctx, tx, ref)
		return err
	})
	return place
}

// hold puts a patron of this library in another's queue, as of a local time.
func (h house) hold(filler house, patron patrons.Ref, title broker.ID, local string) circulation.Hold {
	h.t.Helper()
	out, err := act(h.town, h.Circ.PlaceHold, circulation.PlaceHold{
		Desk: h.at(local), Library: filler.Library.ID, Patron: patron, Title: title,
		Request: circulation.RequestRef{Library: h.Library.ID, Request: broker.NewID()}, Pickup: h.branch,
	})
	h.must(err)
	return *out.Hold
}

func (h house) receive(local string, item catalog.Ref) circulation.HoldOutcome {
	h.t.Helper()
	out, err := act(h.town, func(ctx context.Context, tx *postgres.Tx, ref catalog.Ref) (circulation.HoldOutcome, error) {
		return h.Circ.ReceiveTransit(ctx, tx, h.at(local), ref)
	}, item)
	h.must(err)
	return out
}

func (h house) end(local string, hold circulation.HoldRef, as circulation.HoldStatus) circulation.HoldOutcome {
	h.t.Helper()
	out, err := act(h.town, func(ctx context.Context, tx *postgres.Tx, ref circulation.HoldRef) (circulation.HoldOutcome, error) {
		return h.Circ.TakeOffShelf(ctx, tx, h.at(local), ref, as)
	}, hold)
	h.must(err)
	return out
}
