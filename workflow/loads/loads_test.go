package loads_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/broker/standing"
	"afield/workflow/loads"
)

// night is a library whose files come into a folder.
type night struct {
	t       *testing.T
	db      *postgres.DB
	library broker.ID
	folder  string
	now     time.Time
	files   int
}

func newNight(t *testing.T, load loads.Load) *night {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	n := &night{t: t, db: pgtest.New(t), library: broker.NewID(), folder: t.TempDir(), now: time.Date(2026, 8, 24, 7, 30, 0, 0, time.UTC)}
	group := broker.NewID()
	load.Library, load.Name = n.library, "nightly"
	if load.Source == "" {
		load.Source = n.folder
	}
	n.do(func(ctx context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: group, Name: "one library alone"})
		err := directory.SaveLibrary(tx, directory.Library{
			ID: n.library, Name: "A member library", Kind: directory.KindLibrary, Member: true, Country: "US", State: "NY", Zone: zone, Currency: "USD",
			SharingGroup: group, Policy: "westport", Status: directory.StatusActive,
		}, n.now)
		if err == nil {
			err = loads.Save(tx, load, n.now)
		}
		return err
	})
	return n
}

func (n *night) do(work func(context.Context, *postgres.Tx) error) {
	n.t.Helper()
	if err := n.db.InTx(n.t.Context(), postgres.ForLibraries(n.library), work); err != nil {
		n.t.Fatal(err)
	}
}

func (n *night) load() (load loads.Load) {
	n.t.Helper()
	n.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		load, err = loads.Named(ctx, tx, n.library, "nightly")
		return err
	})
	return load
}

// comes puts a file into the folder.
func (n *night) comes(text string) {
	n.t.Helper()
	n.files++
	path := filepath.Join(n.folder, fmt.Sprintf("file%d.csv", n.files))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
	at := n.now.Add(time.Duration(n.files) * time.Minute)
	if err := os.Chtimes(path, at, at); err != nil {
		n.t.Fatal(err)
	}
}

// passes runs the load, and a day goes by.
func (n *night) passes() loads.Report {
	n.t.Helper()
	load := n.load()
	report, err := loads.Run(n.t.Context(), n.db, n.library, load.ID, loads.Options{Now: n.now, Policies: standing.ByName(policy.Preset)})
	if err != nil {
		n.t.Fatal(err)
	}
	n.now = n.now.Add(24 * time.Hour)
	return report
}

func (n *night) text(sql string) (text string) {
	n.t.Helper()
	n.do(func(ctx context.Context, tx *postgres.Tx) error { return tx.QueryRow(ctx, sql).Scan(&text) })
	return text
}

func (n *night) closed() string {
	return n.text(`select coalesce(string_agg(right(c.number, 2), ' ' order by c.number), '') from cards c join patrons p on p.id = c.patron_id where p.status = 'closed'`)
}

func (n *night) alarms() string {
	return n.text(`select coalesce(string_agg(detail, '|' order by opened_at, detail), '') from staff_tasks where kind = 'load_alarm' and closed_at is null`)
}

// pupils are a file of so many patrons, from a number on.
func pupils(from, to int) string {
	var text strings.Builder
	text.WriteString("card,class,name\n")
	for i := from; i < to; i++ {
		fmt.Fprintf(&text, "%d,adult,adult patron %d\n", 21234000021000+i, i)
	}
	return text.String()
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// Who is no longer in the file is closed, and opened when named again; who was
// registered here, or is only known by another card, is left alone.
func TestPatronsComeAndGo(t *testing.T) {
	t.Parallel()
	n := newNight(t, loads.Load{Kind: "patrons", ReadAt: "03:00", EveryDays: 1, ShrinkPercent: 10, Removes: true})
	n.comes(pupils(0, 40))
	report := n.passes()
	equal(t, "first", report.Outcome, loads.Read)
	equal(t, "new", report.Counts.New, 40)
	n.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into cards (library_id, id, realm_id, number, patron_id, status, created_at)
			select library_id, gen_random_uuid(), realm_id, '21234000021090', patron_id, 'active', created_at from cards where number = '21234000021001'`)
		return nil
	})
	n.comes(strings.Replace(pupils(1, 40), "21234000021001,", "21234000021090,", 1))
	report = n.passes()
	equal(t, "second", report.Outcome, loads.Read)
	equal(t, "taken out", report.Counts.Removed, 1)
	equal(t, "closed", n.closed(), "00")
	equal(t, "no alarm", n.alarms(), "")
	n.comes(pupils(0, 40))
	report = n.passes()
	equal(t, "back", report.Counts.Restored, 1)
	equal(t, "closed", n.closed(), "")
	equal(t, "the same file", n.passes().Outcome, loads.SameFile)
	var runs []loads.Report
	n.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		runs, err = loads.Runs(ctx, tx, n.library, n.load().ID, 9)
		return err
	})
	equal(t, "runs", len(runs), 4)
	equal(t, "what a run came to is kept", runs[2].Counts.Removed, 1)
}

// A file that has become too short, cannot be read or does not come takes nobody
// out; staff are told, and may say that it is right.
func TestAnAlarmInsteadOfDeleting(t *testing.T) {
	t.Parallel()
	n := newNight(t, loads.Load{Kind: "patrons", ReadAt: "03:00", EveryDays: 1, ShrinkPercent: 10, Removes: true})
	equal(t, "an empty folder", n.passes().Outcome, loads.Missing)
	n.comes(pupils(0, 40))
	n.passes()
	n.comes(pupils(10, 40))
	report := n.passes()
	equal(t, "shorter by a quarter", report.Outcome, loads.Shrunk)
	n.comes(pupils(10, 50)) // as long as before, with other people
	equal(t, "others", n.passes().Outcome, loads.Shrunk)
	n.comes("card,klass\n1,2\n")
	equal(t, "another head", n.passes().Outcome, loads.Failed)
	n.comes(strings.Replace(pupils(1, 40), "adult,adult patron 7\n", "adult\n", 1))
	equal(t, "a row that cannot be read", n.passes().Outcome, loads.Failed)
	equal(t, "nobody was closed", n.closed(), "")
	for _, says := range []string{"did not come: its folder is empty", "has 30 rows; the last one had 40", "no longer names 10 of 50", `columns that mean nothing here: "klass"`, "could not be read"} {
		if !strings.Contains(n.alarms(), says) {
			t.Errorf("nobody said %q: %s", says, n.alarms())
		}
	}
	n.comes(pupils(10, 40))
	equal(t, "still too short", n.passes().Outcome, loads.Shrunk)
	n.do(func(_ context.Context, tx *postgres.Tx) error { loads.Accept(tx, n.library, n.load().ID); return nil })
	report = n.passes()
	equal(t, "accepted", report.Outcome, loads.Read)
	equal(t, "taken out", report.Counts.Removed, 20)
	n.now = n.now.Add(24 * time.Hour)
	equal(t, "no new file for long", n.passes().Outcome, loads.Missing)
}

// Holdings come and go as well, by MARC too; what is on loan stays.
func TestHoldingsComeAndGo(t *testing.T) {
	t.Parallel()
	record := func(copies string) string {
		return `<collection xmlns="http://www.loc.gov/MARC21/slim"><record><leader>00000nam a2200000 i 4500</leader><controlfield tag="001">r1</controlfield>
			<datafield tag="245" ind1=" " ind2=" "><subfield code="a">A title</subfield></datafield>` + copies + `</record></collection>`
	}
	one := func(barcode string) string {
		return `<datafield tag="852" ind1=" " ind2=" "><subfield code="p">` + barcode + `</subfield></datafield>`
	}
	n := newNight(t, loads.Load{Kind: "marc", ReadAt: "03:00", EveryDays: 1, ShrinkPercent: 80, Removes: true})
	n.comes(record(one("31001") + one("31002") + one("31003")))
	n.passes()
	n.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update items set status = 'in_transit' where barcode = '31003'`)
		return nil
	})
	n.comes(record(one("31001")))
	report := n.passes()
	equal(t, "outcome", report.Outcome+report.Detail, loads.Read)
	equal(t, "items", n.text(`select string_agg(barcode || ' ' || status, ', ' order by barcode) from items`), "31001 on_shelf, 31002 withdrawn, 31003 in_transit")
}

// A file comes from an address, too; a private one needs permission.
func TestAFileFromAnAddress(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(pupils(0, 3)))
	}))
	defer server.Close()
	n := newNight(t, loads.Load{Kind: "patrons", Source: server.URL, Private: true, ReadAt: "03:00", EveryDays: 1})
	equal(t, "new", n.passes().Counts.New, 3)
	status = http.StatusServiceUnavailable
	if report := n.passes(); report.Outcome != loads.Missing || !strings.Contains(report.Detail, "status 503") {
		t.Errorf("%+v", report)
	}
	shut := newNight(t, loads.Load{Kind: "patrons", Source: server.URL, ReadAt: "03:00", EveryDays: 1})
	if report := shut.passes(); report.Outcome != loads.Missing || !strings.Contains(report.Detail, "private") {
		t.Errorf("%+v", report)
	}
}

// A load is due once a day, from its hour on the library's clock; a run that is
// broken off goes on with the same file.
func TestWhenALoadIsDue(t *testing.T) {
	t.Parallel()
	n := newNight(t, loads.Load{Kind: "patrons", ReadAt: "03:00", EveryDays: 1, ShrinkPercent: 10, Removes: true})
	due := func(at string) int {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		var waiting []loads.Due
		n.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
			waiting, err = loads.Waiting(ctx, tx, moment)
			return err
		})
		return len(waiting)
	}
	equal(t, "before its hour", due("2026-08-24T06:59:00Z"), 0)
	equal(t, "at its hour", due("2026-08-24T07:00:00Z"), 1)
	n.comes(pupils(0, 1200))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := loads.Run(ctx, n.db, n.library, n.load().ID, loads.Options{Now: n.now, Policies: standing.ByName(policy.Preset)}); err == nil {
		t.Error("a run that was broken off ended well")
	}
	equal(t, "broken off", due("2026-08-24T09:00:00Z"), 1)
	equal(t, "read", n.passes().Outcome, loads.Read)
	equal(t, "read today", due("2026-08-24T23:00:00Z"), 0)
	equal(t, "tomorrow", due("2026-08-25T07:00:00Z"), 1)
	for name, load := range map[string]loads.Load{
		"kind": {Kind: "loans", Source: "x", ReadAt: "03:00", EveryDays: 1}, "time": {Kind: "items", Source: "x", ReadAt: "3 in the morning", EveryDays: 1},
		"map": {Kind: "items", Source: "x", ReadAt: "03:00", EveryDays: 1, Map: "items: []"}, "days": {Kind: "items", Source: "x", ReadAt: "03:00"},
	} {
		load.Name = name
		if err := loads.Save(nil, load, n.now); !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
