package live

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// What names the kind of thing that changed.
type What string

// The kinds of things that are followed. Notes and tasks of a request change it.
const (
	Request What = "request"
	Hold    What = "hold"
	Task    What = "task"
)

// Change is one thing that changed.
type Change struct {
	What    What
	Subject broker.ID
}

// News is what one reader is told at once.
type News struct {
	// Mark is how far the reader has heard after this.
	Mark Mark
	// Changes are what has changed; none of a reader's first news, which only says
	// where it begins.
	Changes []Change
	// Again says that it is not known what has changed: too much, or too long ago.
	// The reader reads everything again.
	Again bool
}

const (
	// mostAtOnce is how many changes are told by name.
	mostAtOnce = 1000
	// mayWait is how much a reader may have in front of it before it is let go, to
	// come back with its mark.
	mayWait = 64
	// mostReaders of one principal at once.
	mostReaders = 24
)

// Hub hands changes to all who follow a library in this process. Its zero value is
// not usable; see NewHub.
type Hub struct {
	db    *postgres.DB
	every time.Duration
	log   *slog.Logger

	mu      sync.Mutex
	closed  bool
	running bool
	seen    Mark // by the last look, while running
	readers map[*Reader]struct{}
}

// NewHub makes a hub that looks every so often, while somebody follows.
func NewHub(db *postgres.DB, every time.Duration, log *slog.Logger) *Hub {
	return &Hub{db: db, every: every, log: log, readers: map[*Reader]struct{}{}}
}

// Reader is somebody who follows a library. News ends (is closed) when the reader
// was too slow, the database could not be asked, or the server stops; whoever
// still wants to know comes back with the last mark.
type Reader struct {
	News <-chan News

	hub     *Hub
	library broker.ID
	as      broker.ID
	news    chan News
}

// Follow begins to follow a library as one principal, from a mark on: its first
// news are what has changed since, or only the present mark where there is none.
// Leave ends it.
func (h *Hub) Follow(ctx context.Context, library, as broker.ID, from Mark) (*Reader, error) {
	if err := h.start(ctx); err != nil {
		return nil, err
	}
	r := &Reader{hub: h, library: library, as: as, news: make(chan News, mayWait)}
	r.News = r.news
	// Who is known to the hub first and asks then misses nothing in between.
	if err := h.enter(r); err != nil {
		return nil, err
	}
	first, err := h.look(ctx, []broker.ID{library}, from)
	if err != nil {
		r.Leave()
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tell(r, News{Mark: first.mark, Changes: first.of[library], Again: first.again})
	return r, nil
}

// Leave ends the reader's following. Twice is no error.
func (r *Reader) Leave() {
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	r.hub.drop(r)
}

// Seen is how far this process has looked; the zero value while nobody follows. A
// page that is made now and follows from there misses nothing.
func (h *Hub) Seen() Mark {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.running {
		return Mark{}
	}
	return h.seen
}

// Close ends every reader and lets no new one in.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.dropAll()
}

func (h *Hub) enter(r *Reader) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return &broker.Error{Kind: broker.KindUnavailable, Code: "stopping", Detail: "This server is stopping. Try again in a moment."}
	}
	same := 0
	for other := range h.readers {
		if other.as == r.as {
			same++
		}
	}
	if same >= mostReaders {
		return &broker.Error{
			Kind: broker.KindThrottled, Code: "too_many_streams",
			Detail: fmt.Sprintf("This account follows the changes %d times at once already. Close one of them first.", same),
		}
	}
	h.readers[r] = struct{}{}
	return nil
}

// tell puts news before a reader that is still there. One that has fallen behind
// is let go.
func (h *Hub) tell(r *Reader, news News) {
	if _, there := h.readers[r]; !there {
		return
	}
	select {
	case r.news <- news:
	default:
		h.drop(r)
	}
}

func (h *Hub) drop(r *Reader) {
	if _, there := h.readers[r]; there {
		delete(h.readers, r)
		close(r.news)
	}
}

func (h *Hub) dropAll() {
	for r := range h.readers {
		h.drop(r)
	}
}

// start looks once, and from then on again and again until nobody follows.
func (h *Hub) start(ctx context.Context) error {
	h.mu.Lock()
	running := h.running
	h.mu.Unlock()
	if running {
		return nil
	}
	first, err := h.look(ctx, nil, Mark{})
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running || h.closed {
		return nil
	}
	h.running, h.seen = true, first.mark
	go h.run()
	return nil
}

// lookWithin is how long one look may take.
const lookWithin = 10 * time.Second

// idleLooks is how many looks are made for nobody before the hub stops.
const idleLooks = 20

func (h *Hub) run() {
	ticker := time.NewTicker(h.every)
	defer ticker.Stop()
	for idle := 0; ; {
		<-ticker.C
		libraries := h.followed()
		if len(libraries) > 0 {
			idle = 0
		} else if idle++; h.rest(idle) {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), lookWithin)
		found, err := h.look(ctx, libraries, h.Seen())
		cancel()
		h.mu.Lock()
		if err != nil {
			h.log.Warn("the live changes could not be read", "error", err.Error())
			h.dropAll()
		} else {
			h.pass(found)
		}
		h.mu.Unlock()
	}
}

// rest ends the looking when nobody has followed for a while.
func (h *Hub) rest(idle int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.readers) > 0 || idle < idleLooks && !h.closed {
		return false
	}
	h.running = false
	return true
}

func (h *Hub) followed() (libraries []broker.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	known := map[broker.ID]bool{}
	for r := range h.readers {
		if !known[r.library] {
			known[r.library] = true
			libraries = append(libraries, r.library)
		}
	}
	return libraries
}

// pass hands what a look found to those it concerns.
func (h *Hub) pass(found look) {
	h.seen = found.mark
	for r := range h.readers {
		if changes := found.of[r.library]; len(changes) > 0 || found.again {
			h.tell(r, News{Mark: found.mark, Changes: changes, Again: found.again})
		}
	}
}

// look is what was found by one question.
type look struct {
	mark  Mark
	of    map[broker.ID][]Change
	again bool
}

// look asks what has changed at libraries since a mark.
func (h *Hub) look(ctx context.Context, libraries []broker.ID, since Mark) (look, error) {
	found := look{of: map[broker.ID][]Change{}}
	err := h.db.InTx(ctx, postgres.ForLibraries(libraries...), func(ctx context.Context, tx *postgres.Tx) error {
		rows, err := tx.Query(ctx, `with present as (select pg_current_snapshot() as seen, nullif($2, '')::pg_snapshot as before)
			select p.seen::text, now(), coalesce(pg_snapshot_xmax(p.before) > pg_snapshot_xmax(p.seen), false), c.library_id, c.what, c.subject
			from present p left join lateral (
				select library_id, what, subject, xid from live_changes
				where library_id = any($1) and xid >= pg_snapshot_xmin(p.before) and not pg_visible_in_snapshot(xid, p.before)
					and pg_visible_in_snapshot(xid, p.seen) -- not what a backup brought from another server, whose transactions are ahead
				order by xid limit $3) c on true`, libraries, since.snapshot, mostAtOnce+1)
		if err != nil {
			return err
		}
		var library, subject *broker.ID
		var what *What
		count, elsewhere := 0, false
		_, err = pgx.ForEachRow(rows, []any{&found.mark.snapshot, &found.mark.at, &elsewhere, &library, &what, &subject}, func() error {
			if library != nil {
				count++
				found.of[*library] = append(found.of[*library], Change{*what, *subject})
			}
			return nil
		})
		// A mark of another time or another database says nothing of what is missed.
		tooOld := since.snapshot != "" && found.mark.at.Sub(since.at) > Kept-time.Hour
		if found.again = elsewhere || tooOld || count > mostAtOnce; found.again {
			clear(found.of)
		}
		return err
	})
	if postgres.Unreadable(err) {
		return look{}, unknownMark("header:Last-Event-ID")
	}
	if err != nil {
		return look{}, fmt.Errorf("read the live changes: %w", err)
	}
	return found, nil
}

// Forget deletes what is older than anybody may come back for. The sweep calls it,
// for all libraries at once.
func Forget(tx *postgres.Tx) {
	tx.Queue(`delete from live_changes where at < now() - make_interval(secs => $1)`, Kept.Seconds())
}
