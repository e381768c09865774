package rest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/postgres"
)

// job puts a job into the queue as a worker would have left it.
func (w *world) job(t *testing.T, library broker.ID, kind, state string, tries int, wrong string) (number int64) {
	t.Helper()
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(library), func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `insert into river_job (args, kind, max_attempts, queue, state, attempt, errors, finalized_at)
			values (jsonb_build_object('library', $1::text), $2, 8, 'members', $3::text::river_job_state, ($4::int)::smallint,
				case when $5::text <> '' then array[jsonb_build_object('at', now(), 'attempt', $4::int, 'error', $5::text, 'trace', '')] end,
				case when $3::text in ('discarded', 'completed') then now() end) returning id`, library.String(), kind, state, tries, wrong).Scan(&number)
	}))
	return number
}

// A director sees what became of the library's own jobs, has one done now and puts
// one aside; the office sees those of everybody, and nobody another library's.
func TestBackgroundWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	b.open("/jobs")
	b.shows(200, "Nothing was given up", "No night has been worked through yet")
	lost := w.job(t, w.home, "send_message", "discarded", 8, "the disk is full\nand more of it")
	again := w.job(t, w.home, "standing_load", "retryable", 2, "its folder is not there")
	w.job(t, w.home, "send_notices", "completed", 1, "")
	theirs := w.job(t, w.away, "nightly_work", "discarded", 8, "their trouble")
	list := w.call(t, "GET", "/v1/jobs", w.staff, "")
	if counts := list.at("counts"); fmt.Sprint(counts) != "map[again:1 done:1 look:1 running:0 waiting:0]" || strings.Contains(list.text, "their trouble") || strings.Contains(list.text, "more of it") {
		t.Fatalf("listed: %s", list.text)
	}
	b.open("/jobs")
	b.shows(200, "Send a message to another library", "the disk is full", "8 of 8", "Given up", "Put aside")
	b.open("/jobs?pile=again")
	b.shows(200, "Read a file that comes every night", "its folder is not there", "Tried again by itself", "Try now")
	b.post(fmt.Sprintf("/jobs/%d/retry", again), "key", "1", "pile", "again")
	b.shows(200, "is done as soon as somebody is free", "Nothing has failed.")
	// Somebody was faster: it waits for its turn already.
	b.post(fmt.Sprintf("/jobs/%d/retry", again), "key", "2", "pile", "again")
	b.shows(409, "The job has not failed")
	b.post(fmt.Sprintf("/jobs/%d/put-aside", again), "key", "3", "pile", "waiting")
	b.shows(409, "Only a job that was given up")
	b.open("/jobs?pile=waiting")
	b.shows(200, "Read a file that comes every night")
	b.post(fmt.Sprintf("/jobs/%d/put-aside", lost), "key", "4", "pile", "look")
	b.shows(200, "is off the list.", "Nothing was given up")
	for _, path := range []string{fmt.Sprintf("/jobs/%d/retry", theirs), fmt.Sprintf("/jobs/%d/put-aside", theirs), "/jobs/none/retry", "/jobs/0/put-aside"} {
		b.post(path, "key", "5")
		b.shows(404)
	}
	wants(t, w.call(t, "POST", fmt.Sprintf("/v1/jobs/%d/retry", theirs), w.staff, ""), 404, "not_found")
	wants(t, w.call(t, "GET", "/v1/jobs?pile=lost", w.staff, ""), 400, "invalid_input")
	wants(t, w.call(t, "GET", "/v1/jobs", w.me, ""), 403, "forbidden")

	office := w.browser(t).asOperator()
	office.open("/jobs")
	office.shows(200, "Work of the night", "their trouble", "US-AWAY")
	if strings.Contains(office.page.text, "Last night") {
		t.Error("the office is told of one library's night")
	}
	office.post(fmt.Sprintf("/jobs/%d/retry", theirs), "key", "6", "pile", "look")
	office.shows(200, "is done as soon as somebody is free")
	desk := w.browser(t).asDesk()
	desk.post(fmt.Sprintf("/jobs/%d/retry", theirs), "key", "7")
	desk.shows(403)
}
