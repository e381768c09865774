package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
	"afield/cmd/afield/shell"
	"afield/connectors"
	"afield/connectors/conntest"
)

// long is set by make long: more kills, and a node that never comes back.
func long() bool { return os.Getenv("AFIELD_LONG") != "" }

// storm is a region under load: each lane makes one request after another until
// told to stop.
type storm struct {
	*region
	far     *conntest.Partner
	network *network
	lanes   []*lane
	titles  [][]string
	copies  [][]string // barcodes, for lanes that borrow from the member

	stop    atomic.Bool // no more loans are begun
	running sync.WaitGroup
	giveUp  context.CancelFunc
	mu      sync.Mutex
	failed  error  // the first thing that went wrong
	loans   [2]int // finished, from the partner and from the member
}

const (
	stormLanes  = 6 // even lanes ask the partner, odd ones the other member
	stormTitles = 10
)

// newStorm prepares the load. The partner misbehaves a little: some requests
// fail at first, some answers are lost, and it sends many messages twice.
func newStorm(t testing.TB) *storm {
	t.Helper()
	s := &storm{region: newRegion(t, time.Now)}
	asks := broker.Money{Minor: fee, Currency: "USD"}
	twice := conntest.Lends(28, &asks)
	promise, loaned := conntest.WillSupply(), conntest.Loaned(28, &asks)
	promise.Twice, loaned.Twice = true, true
	lost := conntest.Trouble{Fault: conntest.LostAnswer}
	_, s.far = s.partner("FAR", "OH", fee, 5*time.Second,
		conntest.Lends(28, &asks).For("fails at first").WithTrouble(connectors.KindRequest, conntest.Trouble{Fault: conntest.ServerError}),
		conntest.Lends(28, &asks).For("loses answers").WithTrouble(connectors.KindRequest, lost).
			WithTrouble(connectors.KindReceived, lost).WithTrouble(connectors.KindShippedReturn, lost),
		twice.For("says it twice").Then(connectors.KindRequest, promise, loaned),
		conntest.Lends(28, &asks))
	habits := []string{"lends", "says it twice", "lends", "loses answers", "lends", "says it twice", "lends", "fails at first", "lends", "says it twice"}
	for i := range stormLanes {
		var titles, copies []string
		for j := range stormTitles {
			if i%2 == 0 {
				titles = append(titles, fmt.Sprintf("Book %d-%d: the lender %s", i, j, habits[j%len(habits)]))
				s.heldBy(titles[j], s.partnerID("FAR"))
			} else {
				titles = append(titles, fmt.Sprintf("Book %d-%d of a neighbour", i, j))
				copies = append(copies, s.ownedByLender(titles[j]))
			}
		}
		s.titles, s.copies = append(s.titles, titles), append(s.copies, copies)
	}
	return s
}

func (r *region) partnerID(symbol string) (id broker.ID) {
	r.t.Helper()
	r.write(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select id from libraries where name = $1`, symbol).Scan(&id)
	})
	return id
}

// begin starts the load on the servers.
func (s *storm) begin(ctx context.Context, bases ...string) {
	s.t.Helper()
	s.network = newNetwork(bases...)
	ctx, s.giveUp = context.WithCancel(ctx)
	for range stormLanes {
		s.lanes = append(s.lanes, newLane(s.region, s.network))
	}
	for i := range stormLanes {
		s.running.Go(func() {
			for turn := 0; !s.stop.Load(); turn++ {
				if err := s.once(ctx, i, (turn+3*i)%stormTitles); err != nil {
					s.fail(fmt.Errorf("lane %d, loan %d: %w", i, turn, err))
					return
				}
			}
		})
	}
}

func (s *storm) once(ctx context.Context, i, book int) (err error) {
	if i%2 == 0 {
		err = s.lanes[i].fromPartner(ctx, s.titles[i][book])
	} else {
		err = s.lanes[i].fromMember(ctx, s.titles[i][book], s.copies[i][book])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.loans[i%2]++
	}
	return err
}

func (s *storm) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = err
	}
	s.giveUp()
}

func (s *storm) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// waiting lists the jobs and messages that still have something before them.
const waiting = `select concat_ws(' ', 'job', id, kind, state, 'attempt', attempt, 'since', coalesce(attempted_at, scheduled_at)) from river_job
	where state not in ('completed', 'cancelled', 'discarded') and kind <> 'sweep'
	union all
	select concat_ws(' ', 'message', kind, status, 'try', tries, 'since', next_try_at, claimed_by, last_error) from messages
	where status in ('ready', 'claimed')`

// finish lets every loan under way end, and everything settle.
func (s *storm) finish(ctx context.Context) {
	s.t.Helper()
	s.stop.Store(true)
	s.running.Wait()
	err := waitUntil(ctx, func() (bool, error) {
		return s.number(`select count(*)::int from (`+waiting+`) w`) == 0 && s.far.Pending() == 0 || s.failure() != nil, nil
	})
	s.giveUp()
	if s.failure() != nil {
		s.t.Fatal(s.failure())
	}
	if err != nil {
		s.t.Fatalf("it does not come to rest: %v\n%s", err, s.text(waiting))
	}
	s.t.Logf("%d loans from the partner and %d from the member ended; %d calls were sent again, %d tries reached the partner",
		s.loans[0], s.loans[1], s.network.again.Load(), len(s.far.Received()))
}

// whole checks that nothing was lost and nothing happened twice.
func (s *storm) whole() {
	s.t.Helper()
	s.nothing("a message was left to the sweep, though no clock delayed it", `select concat_ws(' ', m.kind, m.id, m.status, 'made', m.created_at, 'left', m.left_behind_at, 'try', m.tries, m.claimed_by, 'of', m.library_id,
			'its jobs:', (select json_agg(j) from (select id, state, attempt, attempted_by, created_at, scheduled_at, attempted_at, finalized_at, errors from river_job where args ->> 'message' = m.id::text) j))
		from messages m where m.request_id in (select request_id from messages where left_behind_at is not null) order by m.created_at`)
	ctx, done := context.WithTimeout(s.t.Context(), time.Minute)
	defer done()
	var still struct{ Count int }
	if err := s.lanes[0].staff.get(ctx, "/v1/stuck-requests", &still); err != nil || still.Count > 0 {
		s.t.Errorf("%d requests are stuck (%v)", still.Count, err)
	}
	partner, member := s.loans[0], s.loans[1]
	loans := partner + member
	if partner == 0 || member == 0 {
		s.t.Errorf("%d loans from the partner and %d from the member prove nothing", partner, member)
	}
	for _, fault := range s.network.faults()[:min(len(s.network.faults()), 10)] {
		s.t.Errorf("a living server failed: %s", fault)
	}
	acknowledged := 0
	for _, lane := range s.lanes {
		acknowledged += len(lane.asked)
		for _, id := range lane.asked {
			if s.number(`select count(*)::int from requests where id = $1 and side = 'borrowing' and state = 'completed'`, id) != 1 {
				s.t.Errorf("request %s was acknowledged and is not there once, completed", id)
			}
		}
	}
	count := func(what string, want int, sql string, args ...any) {
		s.t.Helper()
		if got := s.number(sql, args...); got != want {
			s.t.Errorf("%s: %d, and there should be %d", what, got, want)
		}
	}
	count("requests, of which each was acknowledged", acknowledged, `select count(*)::int from requests where side = 'borrowing'`)
	count("lending requests completed", member, `select count(*)::int from requests where side = 'lending' and state = 'completed'`)
	count("lending requests", member, `select count(*)::int from requests where side = 'lending'`)
	count("loans to patrons", loans, `select count(*)::int from loans where library_id = $1 and status = 'returned'`, s.home.ID)
	count("loans to the home library", member, `select count(*)::int from loans where library_id = $1 and status = 'returned'`, s.lender.ID)
	count("loans still open", 0, `select count(*)::int from loans where status <> 'returned'`)
	count("fees charged", partner, `select count(*)::int from ledger_entries where kind = 'charge' and charge_kind = 'ill_fee' and amount_minor = $1`, fee)
	count("payments", partner, `select count(*)::int from ledger_entries where kind = 'payment' and amount_minor = $1`, -fee)
	count("ledger entries", 2*partner, `select count(*)::int from ledger_entries`)
	count("open tasks", 0, `select count(*)::int from staff_tasks where closed_at is null`)
	s.nothing("something happened twice to a request", `select concat_ws(' ', request_id, event, count(*)) from request_events
		where event not in ('holdings_known', 'note') group by request_id, event having count(*) > 1`)
	s.nothing("a request asked twice", `select concat_ws(' ', request_id, count(*)) from rota_entries where asked_at is not null group by request_id having count(*) > 1`)
	s.nothing("a patron was told twice", `select concat_ws(' ', request_id, kind, channel, count(*)) from notices group by request_id, kind, channel having count(*) > 1`)
	s.nothing("a message did not get through", `select concat_ws(' ', id, kind, direction, status, last_error) from messages where status not in ('sent', 'done')`)
	s.nothing("a message to a member was not taken once", `select concat_ws(' ', o.id, o.kind, count(i.id)) from messages o
		left join messages i on i.direction = 'in' and i.peer_library_id = o.library_id and i.library_id = o.peer_library_id and i.peer_message_id = o.id::text
		where o.direction = 'out' and o.peer_library_id = any($1) group by o.id, o.kind having count(i.id) <> 1`, []broker.ID{s.home.ID, s.lender.ID})
	s.partnerHeardOnce()
	s.sound()
}

// partnerHeardOnce fails the test unless every message to the partner had its
// effect there once, however often it arrived.
func (s *storm) partnerHeardOnce() {
	s.t.Helper()
	var sent []string
	s.write(func(ctx context.Context, tx *postgres.Tx) error {
		rows, err := tx.Query(ctx, `select id::text from messages where direction = 'out' and peer_library_id = $1`, s.partnerID("FAR"))
		if err == nil {
			sent, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		return err
	})
	for _, id := range sent {
		if effects := s.far.Effects(id); effects != 1 {
			s.t.Errorf("message %s had its effect at the partner %d times", id, effects)
		}
	}
	for _, request := range s.far.Requests("") {
		if acted := s.far.Acted(request); len(acted) != 3 {
			s.t.Errorf("the partner heard %d things of request %s: a request, its arrival and its return make three", len(acted), request)
		}
	}
	if refused := s.far.Refusals(); len(refused) > 0 {
		s.t.Errorf("%d things the partner said were refused, the first with %d %s", len(refused), refused[0].Status, refused[0].Code)
	}
}

// stormSeed is new for each run and printed; AFIELD_STORM_SEED repeats one.
func stormSeed(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64N(1_000_000)
	if given := os.Getenv("AFIELD_STORM_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("to repeat it: AFIELD_STORM_SEED=%d", seed)
	return seed
}

// The server is killed six times (thirty in make long), at some of them when
// it has only begun to start. Nothing is lost, nothing happens twice, and it
// comes to rest with nothing waiting.
func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	kills := 6
	if long() {
		kills = 30
	}
	chance := rand.New(rand.NewPCG(stormSeed(t), 0)) //nolint:gosec // moments, not secrets
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	s := newStorm(t)
	n := newNode(t, s.region)
	s.answersTo(n.url())
	n.start()
	s.begin(ctx, n.url())
	for kill := range kills {
		if s.failure() != nil {
			break
		}
		if kill%6 != 5 { // every sixth time it is not even up
			n.ready()
		}
		n.lives(time.Duration(50+chance.IntN(1500)) * time.Millisecond)
		n.kill()
		n.start()
	}
	s.finish(ctx)
	s.whole()
}

// Stopping under load lets what is under way finish: the server exits with
// success, and leaves no work half done.
func TestStoppedUnderLoad(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	s := newStorm(t)
	n := newNode(t, s.region)
	s.answersTo(n.url())
	n.start()
	s.begin(ctx, n.url())
	for range 3 {
		n.ready()
		n.lives(1500 * time.Millisecond)
		if code := n.terminate(30 * time.Second); code != shell.ExitDone {
			t.Errorf("stopped under load it ends with %d\n%s", code, lastLines(n.log, 10))
		}
		if left := s.number(`select (select count(*) from river_job where state = 'running')::int + (select count(*) from messages where status = 'claimed')::int`); left > 0 {
			t.Errorf("it left %d jobs and messages half done", left)
		}
		n.start()
	}
	s.finish(ctx)
	s.whole()
}

// Two nodes share one database. One is killed while a silent partner holds up
// its messages, and does not come back: the other takes all of it over.
func TestOneOfTwoNodesDies(t *testing.T) {
	t.Parallel()
	if !long() {
		t.Skip("waits for the claims of a dead node to lapse, which takes most of a minute: make long")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	s := newStorm(t)
	nodes := []*node{newNode(t, s.region), newNode(t, s.region)}
	for _, n := range nodes {
		n.start()
		n.ready()
	}
	dies, stays := nodes[0], nodes[1]
	if s.number(`select count(*)::int from river_leader where leader_id = $1`, dies.name()) == 0 {
		dies, stays = stays, dies // the one that leads the other: the harder case
	}
	s.answersTo(stays.url())
	s.begin(ctx, stays.url(), dies.url())
	stays.lives(3 * time.Second)
	shared := s.number(`select count(distinct by)::int from river_job, unnest(attempted_by) by where kind = 'send_message'`)
	if shared != 2 {
		t.Errorf("%d nodes worked on messages, there are two", shared)
	}
	s.far.FailAlways(conntest.Trouble{Fault: conntest.Silent})
	holdsSome := func() (bool, error) {
		return s.number(`select count(*)::int from messages where status = 'claimed' and claimed_by = $1 and peer_library_id = $2`, dies.name(), s.partnerID("FAR")) > 0, nil
	}
	if err := waitUntil(ctx, holdsSome); err != nil {
		t.Fatalf("the node that is to die never held a message: %v", err)
	}
	dies.kill()
	s.far.FailAlways(conntest.Trouble{})
	if err := waitUntil(ctx, func() (bool, error) {
		return s.number(`select (select count(*) from messages where status = 'claimed' and claimed_by = $1)::int
			+ (select count(*) from river_job where state = 'running' and attempted_by[array_length(attempted_by, 1)] = $1)::int`, dies.name()) == 0, nil
	}); err != nil {
		t.Fatal(err)
	}
	s.finish(ctx)
	s.whole()
}
