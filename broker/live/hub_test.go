package live_test

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/live"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

// often is how often the tests' hubs look.
const often = 10 * time.Millisecond

func hub(t *testing.T, db *postgres.DB) *live.Hub {
	t.Helper()
	h := live.NewHub(db, often, slog.New(slog.DiscardHandler))
	t.Cleanup(h.Close)
	return h
}

// change writes that a request changed, in a transaction of its own that commits
// when then allows it.
func change(t *testing.T, db *postgres.DB, library, request broker.ID, then func()) {
	t.Helper()
	err := db.InTx(t.Context(), postgres.ForLibraries(library), func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `insert into live_changes (library_id, what, subject) values ($1, 'request', $2)`, library, request)
		if then != nil {
			then()
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func follow(t *testing.T, h *live.Hub, library broker.ID, from live.Mark) *live.Reader {
	t.Helper()
	r, err := h.Follow(t.Context(), library, broker.NewID(), from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Leave)
	return r
}

// hear waits for the next news.
func hear(t *testing.T, r *live.Reader) live.News {
	t.Helper()
	select {
	case news, more := <-r.News:
		if !more {
			t.Fatal("the reader was let go")
		}
		return news
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was heard")
		return live.News{}
	}
}

// hearOf hears until the request was named, and gives the last news.
func hearOf(t *testing.T, r *live.Reader, request broker.ID) live.News {
	t.Helper()
	for {
		news := hear(t, r)
		if slices.Contains(news.Changes, live.Change{What: live.Request, Subject: request}) {
			return news
		}
	}
}

func TestWhatCommitsLateIsNotPassedOver(t *testing.T) {
	t.Parallel()
	db, library := pgtest.New(t), broker.NewID()
	h := hub(t, db)
	r := follow(t, h, library, live.Mark{})
	if first := hear(t, r); len(first.Changes) > 0 || first.Again || first.Mark.String() == "" {
		t.Fatalf("the first news say where the stream begins: %+v", first)
	}
	slow, quick := broker.NewID(), broker.NewID()
	written, commit, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		change(t, db, library, slow, func() { close(written); <-commit })
	}()
	<-written
	change(t, db, library, quick, nil)
	between := hearOf(t, r, quick).Mark
	close(commit)
	<-done
	hearOf(t, r, slow)

	// Who left in between is told of the slow one, and of nothing twice.
	back := hear(t, follow(t, hub(t, db), library, between))
	if want := []live.Change{{What: live.Request, Subject: slow}}; !slices.Equal(back.Changes, want) {
		t.Errorf("told %v on the way back, want %v", back.Changes, want)
	}
}

func TestAnotherLibrarysChangesAreNotTold(t *testing.T) {
	t.Parallel()
	db, ours, theirs := pgtest.New(t), broker.NewID(), broker.NewID()
	h := hub(t, db)
	r, other := follow(t, h, ours, live.Mark{}), follow(t, h, theirs, live.Mark{})
	begin := hear(t, r).Mark
	change(t, db, theirs, broker.NewID(), nil)
	mine := broker.NewID()
	change(t, db, ours, mine, nil)
	for _, news := range []live.News{hearOf(t, r, mine), hear(t, follow(t, h, ours, begin))} {
		if want := []live.Change{{What: live.Request, Subject: mine}}; !slices.Equal(news.Changes, want) {
			t.Errorf("told %v, want %v", news.Changes, want)
		}
	}
	hear(t, other)
}

// Two hundred readers lose their server at once and come back to another one, while
// changes go on: none misses one.
func TestNobodyMissesAChangeOverARestart(t *testing.T) {
	t.Parallel()
	const readers, before, during, after = 200, 20, 40, 20
	db, library := pgtest.New(t), broker.NewID()
	first, second := hub(t, db), hub(t, db)
	all := make([]broker.ID, before+during+after)
	for i := range all {
		all[i] = broker.NewID()
	}
	var started, wait sync.WaitGroup
	heard := make([]map[broker.ID]bool, readers)
	started.Add(readers)
	stopped := make(chan struct{})
	for i := range readers {
		heard[i] = map[broker.ID]bool{}
		wait.Go(func() {
			mark := live.Mark{}
			for _, from := range []*live.Hub{first, second} {
				r, err := from.Follow(t.Context(), library, broker.NewID(), mark)
				if err != nil {
					t.Error(err)
					return
				}
				if from == first {
					mark = (<-r.News).Mark
					started.Done()
				}
				for news := range r.News {
					mark = news.Mark
					for _, change := range news.Changes {
						heard[i][change.Subject] = true
					}
					if len(heard[i]) == len(all) {
						r.Leave()
					}
				}
				if from == first {
					<-stopped
				}
			}
		})
	}
	started.Wait()
	for i, request := range all {
		if i == before {
			first.Close()
			close(stopped)
		}
		change(t, db, library, request, nil)
	}
	wait.Wait()
	for i, of := range heard {
		if len(of) != len(all) {
			t.Errorf("reader %d heard of %d of %d changes", i, len(of), len(all))
		}
	}
}

func TestAReaderWhoIsTooSlowComesBackToAllOfIt(t *testing.T) {
	t.Parallel()
	db, library := pgtest.New(t), broker.NewID()
	h := hub(t, db)
	slow, quick := follow(t, h, library, live.Mark{}), follow(t, h, library, live.Mark{})
	mark := hear(t, slow).Mark
	hear(t, quick)
	changed := map[broker.ID]bool{}
	for range 80 {
		request := broker.NewID()
		changed[request] = true
		change(t, db, library, request, nil)
		hearOf(t, quick, request)
	}
	for news := range slow.News { // ends: it was let go
		mark = news.Mark
		for _, change := range news.Changes {
			delete(changed, change.Subject)
		}
	}
	if len(changed) == 0 {
		t.Fatal("the slow reader was never behind")
	}
	for _, change := range hear(t, follow(t, h, library, mark)).Changes {
		delete(changed, change.Subject)
	}
	if len(changed) > 0 {
		t.Errorf("%d changes were missed", len(changed))
	}
}

func TestMarksThatSayNothingHere(t *testing.T) {
	t.Parallel()
	db, library := pgtest.New(t), broker.NewID()
	h := hub(t, db)
	now := time.Now().Unix()
	for text, again := range map[string]bool{
		"5:5:@" + strconv.FormatInt(now, 10):                       false,
		"5:5:@" + strconv.FormatInt(now-25*3600, 10):               true, // too long ago
		"900000000000:900000000000:@" + strconv.FormatInt(now, 10): true, // of another database
		"9999999999999999999:9999999999999999999:@" + "1":          true,
	} {
		mark, err := live.ParseMark("query:after", text)
		if err != nil {
			if text[0] != '9' {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		if news := hear(t, follow(t, h, library, mark)); news.Again != again {
			t.Errorf("%s: again is %v, want %v", text, news.Again, again)
		}
	}
	for _, text := range []string{"x", "5:5:", "5:5:@", "5:5:@x", "5@1", "5:5:,@1", "'@1"} {
		if _, err := live.ParseMark("query:after", text); !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	mark, err := live.ParseMark("query:after", "9:5:@"+strconv.FormatInt(now, 10)) // of the right form, and no snapshot
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Follow(t.Context(), library, broker.NewID(), mark); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("no snapshot: %v", err)
	}
}

// What a backup brings along has the transactions of the server it was made on; it
// is not told over and over as if it were to come.
func TestChangesOfAnotherServerAreNotTold(t *testing.T) {
	t.Parallel()
	db, library := pgtest.New(t), broker.NewID()
	h := hub(t, db)
	r := follow(t, h, library, live.Mark{})
	hear(t, r)
	err := db.InTx(t.Context(), postgres.ForLibraries(library), func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into live_changes (library_id, xid, what, subject) values ($1, '900000000000', 'hold', gen_random_uuid())`, library)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	mine := broker.NewID()
	change(t, db, library, mine, nil)
	if news := hear(t, r); len(news.Changes) != 1 || news.Changes[0].Subject != mine {
		t.Errorf("told %v, want %s alone", news.Changes, mine)
	}
}

func TestTooMuchToNameIsReadAgain(t *testing.T) {
	t.Parallel()
	db, library := pgtest.New(t), broker.NewID()
	h := hub(t, db)
	mark := hear(t, follow(t, h, library, live.Mark{})).Mark
	err := db.InTx(t.Context(), postgres.ForLibraries(library), func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into live_changes (library_id, what, subject) select $1, 'hold', gen_random_uuid() from generate_series(1, 1500)`, library)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if news := hear(t, follow(t, h, library, mark)); !news.Again || len(news.Changes) > 0 {
		t.Errorf("again is %v with %d changes", news.Again, len(news.Changes))
	}
}

func TestOneAccountFollowsSoManyTimesOnly(t *testing.T) {
	t.Parallel()
	h, library, account := hub(t, pgtest.New(t)), broker.NewID(), broker.NewID()
	for i := range 30 {
		_, err := h.Follow(t.Context(), library, account, live.Mark{})
		if refused := broker.IsKind(err, broker.KindThrottled); refused != (i >= 24) {
			t.Fatalf("the stream %d: %v", i+1, err)
		}
	}
	if _, err := h.Follow(t.Context(), library, broker.NewID(), live.Mark{}); err != nil {
		t.Errorf("another account: %v", err)
	}
}

func TestOldChangesAreForgotten(t *testing.T) {
	t.Parallel()
	db, library := pgtest.New(t), broker.NewID()
	change(t, db, library, broker.NewID(), nil)
	err := db.InTx(t.Context(), postgres.ForLibraries(library), func(ctx context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into live_changes (library_id, what, subject, at) values ($1, 'hold', gen_random_uuid(), now() - interval '25 hours')`, library)
		live.Forget(tx)
		var left int
		if err := tx.QueryRow(ctx, `select count(*) from live_changes`).Scan(&left); err != nil {
			return err
		}
		if left != 1 {
			t.Errorf("%d are left, want the new one", left)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
