package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	server "afield/cmd/afield/app"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/connectors/conntest"
	"afield/connectors/partner"
	"afield/connectors/wire"
)

// A Monday morning in Indiana.
var monday = time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)

// newTown makes a region whose server runs inside the test, on a clock that the
// test moves.
func newTown(t testing.TB) (*region, *broker.ManualClock) {
	t.Helper()
	clock := broker.NewManualClock(monday)
	return newRegion(t, clock.Now), clock
}

// serve starts the server once the partners are known.
func (r *region) serve(clock broker.Clock) (*server.App, *network) {
	r.t.Helper()
	running, err := server.Start(r.t.Context(), server.Config{DB: r.db, Clock: clock, Listen: "127.0.0.1:0", Secret: r.secret, Node: "test", Version: "test"})
	r.must(err)
	r.t.Cleanup(func() { r.must(running.Close()) })
	r.answersTo(running.URL())
	return running, newNetwork(running.URL())
}

// A partner that says nothing, answers at the last moment or sends its answer
// drop by drop has far more requests waiting than there are workers for it.
// Loans from another partner, asked for after all of those, still run from their
// submission to their end while requests that were put out before them wait
// untried: they overtook them.
func TestASlowPartnerDelaysNoOther(t *testing.T) {
	t.Parallel()
	r, clock := newTown(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	const asks = 8 // of each slow partner
	const timeLimit = 20 * time.Second
	healthy, _ := r.partner("HEALTHY", "IN", 0, timeLimit, conntest.Lends(28, nil))
	var bad []*conntest.Partner
	var hung []broker.ID
	for name, trouble := range map[string]conntest.Trouble{
		"SILENT": {Fault: conntest.Silent}, "SLOW": {Fault: conntest.Slow, Delay: timeLimit - time.Second}, "DRIP": {Fault: conntest.Drip},
	} {
		library, running := r.partner(name, "IN", 0, timeLimit, conntest.Lends(28, nil))
		running.FailAlways(trouble)
		for book := range asks {
			r.heldBy(fmt.Sprintf("Book %d of %s", book, name), library.ID)
		}
		bad, hung = append(bad, running), append(hung, library.ID)
	}
	const loans = 3
	for book := range loans {
		r.heldBy(fmt.Sprintf("Book %d of HEALTHY", book), healthy.ID)
	}
	app, network := r.serve(clock)

	for _, name := range []string{"SILENT", "SLOW", "DRIP"} {
		for book := range asks {
			l := newLane(r, network)
			path, err := l.ask(ctx, fmt.Sprintf("Book %d of %s", book, name))
			r.must(err)
			_, err = l.staff.until(ctx, path, "requested")
			r.must(err)
		}
	}
	r.must(waitUntil(ctx, func() (bool, error) {
		return !slices.ContainsFunc(bad, func(p *conntest.Partner) bool { return len(p.Received()) == 0 }), nil
	}))
	var running sync.WaitGroup
	for book := range loans {
		l := newLane(r, network)
		running.Go(func() {
			if err := l.fromPartnerFree(ctx, fmt.Sprintf("Book %d of HEALTHY", book)); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	for _, partner := range hung {
		if untried := r.number(`select count(*)::int from messages where direction = 'out' and peer_library_id = $1 and status = 'ready' and tries = 0`, partner); untried == 0 {
			t.Errorf("every request to the slow partner %s was tried before the other partner's loans, asked for later, had ended", partner)
		}
	}

	// The slow partners die. Nobody else has their books, so staff must be told of
	// each.
	for _, partner := range bad {
		r.must(partner.Die())
	}
	r.pass(ctx, app, clock, 12)
	r.nothing("a request to a slow partner was lost", `select concat_ws(' ', r.number, r.state) from requests r where r.side = 'borrowing' and r.state <> 'completed'
		and not (r.state = 'needs_review' and exists (select 1 from staff_tasks k where k.request_id = r.id and k.closed_at is null))`)
	if waiting := r.number(`select count(*)::int from requests where state = 'needs_review'`); waiting != asks*len(bad) {
		t.Errorf("%d requests wait for staff; the slow partners had %d", waiting, asks*len(bad))
	}
	r.sound()
}

// pass lets days go by, one after another.
func (r *region) pass(ctx context.Context, app *server.App, clock *broker.ManualClock, days int) {
	r.t.Helper()
	for range days {
		clock.Set(clock.Now().AddDate(0, 0, 1))
		r.settle(ctx, app)
	}
}

// settle waits until neither the server nor a partner that is still up has
// anything to do.
func (r *region) settle(ctx context.Context, app *server.App) {
	r.t.Helper()
	for quiet := 0; quiet < 2; {
		r.must(app.Settle(ctx))
		quiet++
		for _, partner := range r.partners {
			if partner.Pending() > 0 {
				quiet = 0
				r.must(waitUntil(ctx, func() (bool, error) { return partner.Pending() == 0, nil }))
			}
		}
	}
}

// nothing fails the test if a query finds a row.
func (r *region) nothing(what, sql string, args ...any) {
	r.t.Helper()
	if found := r.text(sql, args...); found != "" {
		r.t.Errorf("%s:\n%s", what, found)
	}
}

// ways are all the ways in which a partner fails to answer, and what becomes of
// a request for a book that a good partner has as well.
var ways = []struct {
	fault conntest.Fault
	// hears is set where the partner does what it is asked and only its answer is
	// spoilt: then it lends the book itself.
	hears bool
}{
	{conntest.Silent, false},
	{conntest.Slow, false},
	{conntest.Drip, false},
	{conntest.Endless, false},
	{conntest.EndlessError, false},
	{conntest.HTML, false},
	{conntest.Garbage, false},
	{conntest.Reset, false},
	{conntest.Redirect, false},
	{conntest.Conflict, false},
	{conntest.ServerError, false},
	{conntest.Unavailable, false},
	{conntest.TooMany, false},
	{conntest.Refused, false},
	{conntest.Unauthorized, false},
	{conntest.WrongType, true},
	{conntest.WrongID, true},
	{conntest.Truncated, true},
	{conntest.LostAnswer, true},
}

// Whatever a partner does wrong, a request that went to it ends with another
// lender, or with staff where nobody else has the book; it is never lost.
func TestABadPartnerLosesNoRequest(t *testing.T) {
	t.Parallel()
	r, clock := newTown(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	good, _ := r.partner("GOOD", "OH", 0, 5*time.Second, conntest.Lends(28, nil))
	bad := map[conntest.Fault]directory.Library{}
	for _, way := range ways {
		library, running := r.partner("BAD-"+string(way.fault), "IN", 0, 150*time.Millisecond, conntest.Lends(28, nil))
		running.FailAlways(conntest.Trouble{Fault: way.fault, Delay: time.Hour})
		r.heldBy("Only at "+library.Name, library.ID)
		r.heldBy("Also at "+library.Name, library.ID, good.ID)
		bad[way.fault] = library
	}
	app, network := r.serve(clock)
	only, also := map[conntest.Fault]string{}, map[conntest.Fault]string{}
	staff := network.as(r.home.staff)
	for _, way := range ways {
		one := r.reader()
		for title, paths := range map[string]map[conntest.Fault]string{"Only at ": only, "Also at ": also} {
			asked, err := staff.submit(ctx, title+bad[way.fault].Name, one.card)
			r.must(err)
			paths[way.fault] = "/v1/requests/" + asked.ID.String()
		}
	}
	r.settle(ctx, app)
	r.pass(ctx, app, clock, 12)

	for _, way := range ways {
		wants := map[string]struct{ state, lender string }{only[way.fault]: {"needs_review", ""}, also[way.fault]: {"shipped", good.Name}}
		if way.hears {
			name := bad[way.fault].Name
			wants = map[string]struct{ state, lender string }{only[way.fault]: {"shipped", name}, also[way.fault]: {"shipped", name}}
		}
		for path, want := range wants {
			var now gen.Request
			r.must(staff.get(ctx, path, &now))
			if now.State != want.state || (want.lender != "" && now.Lender.Name != want.lender) {
				t.Errorf("a request that went to a partner with %s is %s with %q, and should be %s with %q", way.fault, now.State, now.Lender.Name, want.state, want.lender)
			}
			if want.state == "needs_review" && r.number(`select count(*)::int from staff_tasks where request_id = $1 and closed_at is null`, now.ID) == 0 {
				t.Errorf("staff have no task about the request that went to a partner with %s", way.fault)
			}
		}
	}
	for id, running := range r.partners {
		for _, try := range running.Received() {
			if effects := running.Effects(try.Message.ID); effects > 1 {
				t.Errorf("partner %s acted %d times on message %s", id, effects, try.Message.ID)
			}
		}
	}
	r.sound()
}

// A partner that contradicts itself, repeats itself, speaks out of order or
// whose messages somebody overhears and replays after thirty days, moves a
// request as far as its first sensible message does, and no further.
func TestALyingPartner(t *testing.T) {
	t.Parallel()
	r, clock := newTown(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r.partner("GOOD", "OH", 0, 5*time.Second, conntest.Lends(28, nil))
	yes, no, shipped := conntest.WillSupply(), conntest.Unfilled(connectors.ReasonOnLoan), conntest.Loaned(28, nil)
	again := func(say conntest.Say) conntest.Say {
		say.Twice, say.Replayed = true, true
		return say
	}
	says := func(answers ...conntest.Say) conntest.Plan {
		return conntest.Plan{}.Then(connectors.KindRequest, answers...)
	}
	cases := []struct {
		name   string
		plan   conntest.Plan
		lender string // who shipped it in the end
	}{
		{"yes and then no", says(yes, no), "GOOD"},
		{"no and then yes", says(no, yes, shipped), "GOOD"},
		{"everything twice and played back", says(again(yes), again(shipped)), "LIAR"},
		{"shipped before it is promised", says(yes, shipped).OutOfOrder(), "LIAR"},
		{"shipped and then refused", says(shipped, no), "LIAR"},
		{"home before it was sent", says(conntest.Say{Kind: connectors.KindLoanCompleted}, yes, shipped), "LIAR"},
		{"renewed before it was lent", says(conntest.Renews(99), yes, shipped), "LIAR"},
	}
	plans := make([]conntest.Plan, len(cases))
	for i, c := range cases {
		plans[i] = c.plan.For(c.name)
	}
	liar, lying := r.partner("LIAR", "IN", 0, 5*time.Second, plans...)
	for _, c := range cases {
		r.heldBy("A book: "+c.name, liar.ID, r.partnerID("GOOD"))
	}
	app, network := r.serve(clock)
	staff := network.as(r.home.staff)
	paths := make([]string, len(cases))
	for i, c := range cases {
		asked, err := staff.submit(ctx, "A book: "+c.name, r.reader().card)
		r.must(err)
		paths[i] = "/v1/requests/" + asked.ID.String()
	}
	r.settle(ctx, app)
	for i, c := range cases {
		now, err := staff.until(ctx, paths[i], "shipped")
		r.must(err)
		if now.Lender.Name != c.lender {
			t.Errorf("%s: shipped by %s and should be by %s", c.name, now.Lender.Name, c.lender)
		}
	}
	replays := 0
	for _, sent := range lying.Sent() {
		if sent.Age > 0 {
			replays++
			if sent.Status != http.StatusUnauthorized {
				t.Errorf("a message of thirty days ago is answered %d", sent.Status)
			}
		}
	}
	if replays != 2 {
		t.Errorf("%d messages were played back, there should be two", replays)
	}
	r.nothing("something happened twice", `select concat_ws(' ', request_id, event, count(*)) from request_events
		where event in ('will_supply', 'loaned', 'unfilled') group by request_id, event, actor having count(*) > 1`)
	r.sound()
}

// What counts is the row, not the job: the sweep finds a message whose job was
// lost, whether to a member or to a partner, and a second delivery changes
// nothing.
func TestAMessageOutlivesItsJob(t *testing.T) {
	t.Parallel()
	r, clock := newTown(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	far, lender := r.partner("FAR", "OH", 0, 5*time.Second, conntest.NeverAnswers())
	r.heldBy("A book far away", far.ID)
	r.ownedByLender("A neighbour's book")
	app, network := r.serve(clock)
	reader := r.reader()
	for _, title := range []string{"A book far away", "A neighbour's book"} {
		_, err := network.as(r.home.staff).submit(ctx, title, reader.card)
		r.must(err)
	}
	r.settle(ctx, app)
	r.write(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update messages set status = 'ready', done_at = null where direction = 'out'`) // as if nobody had sent it
		return err
	})
	r.settle(ctx, app)
	if sent := r.number(`select count(*)::int from messages where direction = 'out' and status = 'sent' and tries = 2`); sent != 2 {
		t.Errorf("%d of two messages went again", sent)
	}
	if asked := r.number(`select count(*)::int from requests where side = 'lending'`); asked != 1 || len(lender.Requests("")) != 1 {
		t.Errorf("the member has %d requests and the partner %d, each should have one", asked, len(lender.Requests("")))
	}
	r.sound()
}

// Two messages about one request are sent in order, and the second as soon as
// the first has been delivered: it does not wait for the next sweep.
func TestMessagesWaitTheirTurnAndNoLonger(t *testing.T) {
	t.Parallel()
	r, clock := newTown(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	far, lender := r.partner("FAR", "OH", 0, 5*time.Second, conntest.NeverAnswers())
	r.heldBy("A book far away", far.ID)
	r.ownedByLender("A neighbour's book")
	app, network := r.serve(clock)
	reader, staff := r.reader(), network.as(r.home.staff)
	for _, title := range []string{"A book far away", "A neighbour's book"} {
		asked, err := staff.submit(ctx, title, reader.card)
		r.must(err)
		path := "/v1/requests/" + asked.ID.String()
		_, err = staff.until(ctx, path, "requested")
		r.must(err)
		r.settle(ctx, app)
		r.must(staff.act(ctx, path, "cancel"))
	}
	r.settle(ctx, app)
	r.must(waitUntil(ctx, func() (bool, error) { // River records a moment later that a job has ended
		return r.number(`select count(*)::int from river_job where state <> 'completed'`) == 0, nil
	}))
	r.write(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `update messages set status = 'ready', done_at = null where direction = 'out' and library_id = $1`, r.home.ID)
		return err
	})
	_, err := app.Queue.Sweep(ctx)
	r.must(err)
	r.must(waitUntil(ctx, func() (bool, error) {
		waiting, err := app.Queue.Waiting(ctx)
		return waiting == 0, err
	}))
	if sent := r.number(`select count(*)::int from messages where direction = 'out' and status = 'sent' and tries = 2`); sent != 4 {
		t.Errorf("%d messages went again in one sweep; two requests and their cancels are four", sent)
	}
	var kinds []connectors.Kind
	for _, try := range lender.Received() {
		kinds = append(kinds, try.Message.Kind)
	}
	if want := []connectors.Kind{connectors.KindRequest, connectors.KindCancel, connectors.KindRequest, connectors.KindCancel}; !slices.Equal(kinds, want) {
		t.Errorf("the partner heard %v", kinds)
	}
	r.sound()
}

// A third library may not speak about a request between two others: not under
// its own name, not under another's, and not with words it has overheard.
func TestAThirdLibraryIsRefused(t *testing.T) {
	t.Parallel()
	r, clock := newTown(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	asked, lender := r.partner("ASKED", "IN", 0, 5*time.Second, conntest.NeverAnswers())
	_, third := r.partner("THIRD", "OH", 0, 5*time.Second)
	r.heldBy("A book", asked.ID)
	app, network := r.serve(clock)
	staff := network.as(r.home.staff)
	request, err := staff.submit(ctx, "A book", r.reader().card)
	r.must(err)
	r.settle(ctx, app)
	path := "/v1/requests/" + request.ID.String()
	before, err := staff.until(ctx, path, "requested")
	r.must(err)
	entry := lender.Requests("")[0]
	lenders, thirds := lender.Peer(broker.NoID), third.Peer(broker.NoID)

	// speak sends "we have shipped it" and gives the status of the answer.
	speak := func(by connectors.Peer, header broker.Symbol, claims broker.Symbol, to string) int {
		message := connectors.Message{
			ID: broker.NewID().String(), Kind: connectors.KindLoaned, RequestID: entry, Borrower: broker.NewSymbol("TEST", to),
			Lender: claims, SentAt: clock.Now(), Due: broker.MustDate("2026-04-30"), Items: []connectors.MessageItem{{Barcode: "X-1"}},
		}
		body, err := partner.Encode(message)
		r.must(err)
		signed, err := wire.Sign(by.InboundSecret, message.ID, time.Now(), body)
		r.must(err)
		call, err := http.NewRequestWithContext(ctx, http.MethodPost, app.URL()+"/v1/partner/messages", bytes.NewReader(body))
		r.must(err)
		call.Header = signed
		call.Header.Set("Content-Type", "application/json")
		call.Header.Set(wire.HeaderLibrary, header.String())
		answer, err := http.DefaultClient.Do(call)
		r.must(err)
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode
	}
	for _, c := range []struct {
		what   string
		status int
		want   int
	}{
		{"under its own name", speak(thirds, thirds.Symbol, thirds.Symbol, "HOME"), http.StatusNotFound},
		{"saying that it is the lender", speak(thirds, thirds.Symbol, lenders.Symbol, "HOME"), http.StatusForbidden},
		{"signing in as the lender", speak(thirds, lenders.Symbol, lenders.Symbol, "HOME"), http.StatusUnauthorized},
		{"to a library that has no such request", speak(lenders, lenders.Symbol, lenders.Symbol, "LENDER"), http.StatusNotFound},
	} {
		if c.status != c.want {
			t.Errorf("speaking %s is answered %d, not %d", c.what, c.status, c.want)
		}
	}
	var after gen.Request
	r.must(staff.get(ctx, path, &after))
	if after.State != "requested" || after.Version != before.Version {
		t.Errorf("the request is now %s in version %d; nobody who may had said a word", after.State, after.Version)
	}
	if kept := r.number(`select count(*)::int from messages where direction = 'in'`); kept != 0 {
		t.Errorf("%d refused messages were kept", kept)
	}
	if status := speak(lenders, lenders.Symbol, lenders.Symbol, "HOME"); status != http.StatusOK {
		t.Errorf("the lender itself is answered %d", status)
	}
	_, err = staff.until(ctx, path, "shipped")
	r.must(err)
	r.sound()
}
