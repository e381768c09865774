package patrons_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/blocks"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

func (d desk) restrict(document *policy.Document, block patrons.Block, roles ...string) (put patrons.Block, err error) {
	block.PutBy = d.at("2026-03-02", roles...).Actor
	err = d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
		put, err = patrons.Restrict(ctx, tx, document, block)
		return err
	})
	return put, err
}

func (d desk) release(id broker.ID, roles ...string) error {
	act := d.at("2026-03-02", roles...)
	return d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
		return patrons.Release(ctx, tx, d.here.ID, id, act.Actor, act.Now)
	})
}

func TestStaffBlockOnTheGroundsThePolicyNames(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ref, delaware := d.patron(d.here, "1"), preset(t, "delaware")
	block := patrons.Block{
		Library: ref.Library, Patron: ref.ID, Kind: patrons.BlockManual, Ground: "conduct",
		Reason: "shouted", From: today,
	}
	if _, err := d.restrict(delaware, block, "desk"); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("not a ground of this library: %v", err)
	}
	block.Ground = "unpaid"
	if _, err := d.restrict(delaware, block, "ill"); !broker.IsKind(err, broker.KindForbidden) {
		t.Errorf("not the role: %v", err)
	}
	put, err := d.restrict(delaware, block, "desk")
	must(t, err)
	again, err := d.restrict(delaware, block, "desk") // a double click
	must(t, err)
	same(t, "put twice, it is the same block", again.ID, put.ID)
	same(t, "borrows", d.mayCheckOut(delaware, ref).Has("blocked"), true)
	must(t, d.release(put.ID, "desk"))
	same(t, "borrows", d.mayCheckOut(delaware, ref).Has("blocked"), false)

	t.Run("only the director suspends and ends it", func(t *testing.T) {
		block.Kind = patrons.BlockSuspended
		if _, err := d.restrict(delaware, block, "desk"); !broker.IsKind(err, broker.KindForbidden) {
			t.Errorf("by the desk: %v", err)
		}
		put, err := d.restrict(delaware, block, "director")
		must(t, err)
		if err := d.release(put.ID, "desk"); !broker.IsKind(err, broker.KindForbidden) {
			t.Errorf("lifted by the desk: %v", err)
		}
		must(t, d.release(put.ID, "director"))
	})
}

func TestBlocksStopWhatTheyNameWhileTheyLast(t *testing.T) {
	t.Parallel()
	delaware := preset(t, "delaware")
	t.Run("BLK-26 interlibrary loan is suspended, the rest is not", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		ref := d.patron(d.here, "1")
		_, err := d.restrict(delaware, patrons.Block{
			Library: ref.Library, Patron: ref.ID, Kind: patrons.BlockILLSuspended, Ground: "ill_terms",
			Reason: "lenders' terms not kept", From: today,
		}, "ill")
		must(t, err)
		moment := policy.Moment{Now: noon, Calendar: d.here.Calendar}
		facts := d.facts(ref, today)
		same(t, "checkout", blocks.MayAct(delaware, moment, rule.ActionCheckout, facts).Has("blocked"), false)
		same(t, "ill_request", blocks.MayAct(delaware, moment, rule.ActionILLRequest, facts).Has("blocked"), true)
	})
	t.Run("BLK-27 the last day of a block", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		for days, stopped := range map[int]bool{-1: false, 0: true, 1: true} {
			ref := d.patron(d.here, broker.NewID().String())
			d.block(ref, patrons.Block{From: today.AddDays(-9), Until: today.AddDays(days)})
			same(t, "until "+today.AddDays(days).String(), d.mayCheckOut(delaware, ref).Has("blocked"), stopped)
		}
	})
}

func TestAProxyMayPickUpUntilItsLastDay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	patron, proxy, stranger := d.patron(d.here, "1"), d.patron(d.here, "2"), d.patron(d.there, "3")
	name := func(proxy patrons.Ref, until broker.Date) error {
		return d.try(d.here, func(_ context.Context, tx *postgres.Tx) error {
			return patrons.SaveProxy(tx, patrons.Proxy{Patron: patron, Proxy: proxy, Until: until}, noon)
		})
	}
	may := func(patron, proxy patrons.Ref, on broker.Date) (named bool) {
		must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
			patrons.AskProxy(tx, patron, proxy, on, &named)
			return tx.Flush(ctx)
		}))
		return named
	}
	same(t, "unnamed", may(patron, proxy, today), false)
	must(t, name(proxy, today))
	same(t, "on the last day", may(patron, proxy, today), true)
	same(t, "the day after", may(patron, proxy, today.AddDays(1)), false)
	same(t, "the other way round", may(proxy, patron, today), false)
	must(t, name(proxy, broker.Date{}))
	same(t, "without end", may(patron, proxy, today.AddDays(900)), true)
	for _, wrong := range []patrons.Ref{patron, stranger} {
		same(t, "refused", broker.IsKind(name(wrong, today), broker.KindInvalid), true)
	}
	must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
		listed, err := patrons.Proxies(ctx, tx, patron)
		same(t, "listed", len(listed), 1)
		patrons.RemoveProxy(tx, patron, proxy)
		return err
	}))
	same(t, "taken back", may(patron, proxy, today), false)
}

func TestRecordsAreToldOnlyToWhomThePolicyNames(t *testing.T) {
	t.Parallel()
	ask := func(d desk, document *policy.Document, in patrons.Disclosure) (asked patrons.Disclosure) {
		d.t.Helper()
		if in.AskedBy == "" {
			in.AskedBy = "somebody"
		}
		must(d.t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
			asked, err = patrons.AskDisclosure(ctx, tx, d.here, document, in, noon)
			return err
		}))
		return asked
	}
	t.Run("PAT-12 a parent sees what a child under fourteen has", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		perth := preset(t, "perth")
		for born, want := range map[string]patrons.DisclosureStatus{
			"2012-03-03": patrons.DisclosureApproved, // fourteen tomorrow
			"2012-03-02": patrons.DisclosureRefused,  // fourteen today
			"2012-03-01": patrons.DisclosureRefused,
		} {
			child := patrons.Patron{Library: d.here.ID, ID: broker.NewID(), Class: "minor", BornOn: broker.MustDate(born), CreatedAt: noon}
			must(t, d.try(d.here, func(_ context.Context, tx *postgres.Tx) error { return patrons.SavePatron(tx, child) }))
			same(t, "born "+born, ask(d, perth, patrons.Disclosure{Patron: child.ID, By: accounts.AskerGuardian}).Status, want)
		}
	})
	t.Run("PAT-13 the police are told nothing until the Board has decided", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		delaware, ref := preset(t, "delaware"), d.patron(d.here, "1")
		decide := func(id broker.ID, approve bool, roles ...string) (decided patrons.Disclosure, err error) {
			err = d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
				decided, err = patrons.DecideDisclosure(ctx, tx, d.here, delaware, id, approve, "form and good cause", d.at("2026-03-10", roles...))
				return err
			})
			return decided, err
		}
		bare := ask(d, delaware, patrons.Disclosure{Patron: ref.ID, By: accounts.AskerOther})
		same(t, "without process", bare.Status, patrons.DisclosureInReview)
		_, err := decide(bare.ID, true, "director")
		same(t, "the Board cannot do without", refused(t, err)[0], "no_legal_paper")
		declined, err := decide(bare.ID, false, "director")
		must(t, err)
		same(t, "declined", declined.Status, patrons.DisclosureDeclined)

		order := ask(d, delaware, patrons.Disclosure{Patron: ref.ID, By: accounts.AskerOther, Paper: "subpoena"})
		same(t, "with a subpoena", order.Status, patrons.DisclosureInReview)
		if _, err := decide(order.ID, true, "desk"); !broker.IsKind(err, broker.KindForbidden) {
			t.Errorf("decided at the desk: %v", err)
		}
		approved, err := decide(order.ID, true, "director")
		must(t, err)
		same(t, "approved", approved.Status, patrons.DisclosureApproved)
		if _, err := decide(order.ID, false, "director"); !broker.IsKind(err, broker.KindConflict) {
			t.Errorf("decided twice: %v", err)
		}
		must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
			all, err := patrons.Disclosures(ctx, tx, d.here.ID, false, broker.NoID, 10)
			same(t, "kept", len(all), 2)
			return err
		}))
		same(t, "nobody in particular", ask(d, delaware, patrons.Disclosure{By: accounts.AskerOther}).Status, patrons.DisclosureInReview)
	})
}
