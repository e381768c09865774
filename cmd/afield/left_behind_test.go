package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"afield/connectors/conntest"
)

// Loans follow each other as fast as desks can scan, several at a time. Each
// message is sent by the job that was put out with it; none is left to the
// sweep. AFIELD_LOANS sets how many loans there are.
func TestNoMessageIsLeftToTheSweep(t *testing.T) {
	t.Parallel()
	loans := 24
	if set := os.Getenv("AFIELD_LOANS"); set != "" {
		var err error
		if loans, err = strconv.Atoi(set); err != nil {
			t.Fatalf("AFIELD_LOANS: %v", err)
		}
	}
	r, clock := newTown(t)
	far, running := r.partner("FAR", "IN", 0, 20*time.Second, conntest.Lends(28, nil))
	// It takes its time to answer, so that the next message is put out meanwhile.
	running.FailAlways(conntest.Trouble{Fault: conntest.Slow, Delay: 100 * time.Millisecond})
	const lanes = 4
	for book := range loans {
		r.heldBy(fmt.Sprintf("Book %d", book), far.ID)
	}
	app, network := r.serve(clock)
	books := make(chan int, loans)
	for book := range loans {
		books <- book
	}
	close(books)
	var desks sync.WaitGroup
	for range lanes {
		l := newLane(r, network)
		desks.Go(func() {
			for book := range books {
				if err := l.fromPartnerFree(t.Context(), fmt.Sprintf("Book %d", book)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	desks.Wait()
	r.settle(t.Context(), app)
	r.nothing("a message was left to the sweep, though no clock delayed it", `select concat_ws(' ', kind, id) from messages where left_behind_at is not null`)
	if stuck, err := app.Requests.CountStuck(t.Context(), r.db, clock.Now()); err != nil || stuck > 0 {
		t.Errorf("%d requests are stuck (%v)", stuck, err)
	}
	if sent := r.number(`select count(*)::int from messages where direction = 'out' and status = 'sent'`); sent < 3*loans {
		t.Errorf("only %d messages were sent for %d loans", sent, loans)
	}
	r.sound()
}
