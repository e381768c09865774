package nightly_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/exchange"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy"
	rules "afield/broker/policy/accounts"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/desk/cashier"
	"afield/workflow/desk/counter"
	"afield/workflow/nightly"
	"afield/workflow/requests"
	"afield/workflow/town"
)

// A storedRow is one row of any table, as the words by which another row can be
// found from it: the ids in all of its columns, keys and texts, and the names the
// walk knows.
type storedRow struct {
	table string
	words []string
	text  string
}

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

var anyStaff = regexp.MustCompile(`"id": "([0-9a-f-]{36})", "kind": "staff"`)

// unwalked are tables of the program itself, with the reason why nothing in them
// can lead from a patron to a title.
var unwalked = map[string]string{
	"river_job": "jobs that ran are dropped by the queue after a day", "river_queue": "the queue's own", "river_leader": "the queue's own",
	"river_migration": "the queue's own", "river_client": "the queue's own", "river_client_queue": "the queue's own",
	"schema_migrations": "the schema's own",
}

// A walk looks for a way from one thing to another through equal words in rows.
type walk struct {
	rows []storedRow
	by   map[string][]int
}

// storedRows reads every row of every table there is, so that a new table is
// walked without being named here. names are words besides ids that a text may
// hold: barcodes, titles, card numbers, numbers of requests.
func storedRows(tw *town.Town, names []string) walk {
	tw.T.Helper()
	w := walk{by: map[string][]int{}}
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
		found, err := tx.Query(ctx, `select table_name::text from information_schema.tables
			where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1`)
		if err != nil {
			return err
		}
		tables, err := pgx.CollectRows(found, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, table := range tables {
			if unwalked[table] != "" {
				continue
			}
			found, err := tx.Query(ctx, `select to_jsonb(t)::text from `+table+` t`)
			if err != nil {
				return err
			}
			texts, err := pgx.CollectRows(found, pgx.RowTo[string])
			if err != nil {
				return err
			}
			for _, text := range texts {
				w.add(table, text, names)
			}
		}
		return nil
	})
	return w
}

func (w *walk) add(table, text string, names []string) {
	words := anyID.FindAllString(text, -1)
	for _, name := range names {
		if strings.Contains(text, name) {
			words = append(words, name)
		}
	}
	slices.Sort(words)
	for _, word := range slices.Compact(words) {
		w.by[word] = append(w.by[word], len(w.rows))
	}
	w.rows = append(w.rows, storedRow{table: table, words: slices.Compact(words), text: text})
}

// to gives a way from one of some words to one of others, row by row; nil where
// there is none. Nothing is followed through a hub.
func (w walk) to(from, goals []string, hubs map[string]string) (way []string) {
	came := map[string][]string{}
	var next []string
	for _, word := range from {
		came[word] = []string{}
		next = append(next, word)
	}
	for len(next) > 0 {
		word := next[0]
		next = next[1:]
		for _, i := range w.by[word] {
			for _, other := range w.rows[i].words {
				if _, known := came[other]; known || hubs[other] != "" {
					continue
				}
				came[other] = append(slices.Clone(came[word]), fmt.Sprintf("%s %s", w.rows[i].table, w.rows[i].text))
				if slices.Contains(goals, other) {
					return came[other]
				}
				next = append(next, other)
			}
		}
	}
	return nil
}

// hubs are what many patrons' rows have in common, so that it says nothing about
// one of them.
func (w walk) hubs(tw *town.Town, but broker.ID) map[string]string {
	found := map[string]string{broker.NoID.String(): "nobody"}
	for _, row := range w.rows {
		for _, actor := range anyStaff.FindAllStringSubmatch(row.text, -1) {
			found[actor[1]] = "a member of staff, who serves everybody"
		}
	}
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
		for reason, sql := range map[string]string{
			"a library":                 `select id from libraries`,
			"a catalogue":               `select id from sharing_groups`,
			"a network":                 `select id from library_groups`,
			"a building":                `select id from branches`,
			"a till, of all who paid":   `select id from tills`,
			"another patron":            `select id from patrons where id <> '` + but.String() + `'`,
			"due dates moved for many":  `select id from due_adjustments`,
			"a closing, of all patrons": `select id from closures`,
		} {
			rows, err := tx.Query(ctx, sql)
			if err != nil {
				return err
			}
			ids, err := pgx.CollectRows(rows, pgx.RowTo[broker.ID])
			if err != nil {
				return err
			}
			for _, id := range ids {
				found[id.String()] = reason
			}
		}
		return nil
	})
	return found
}

// reader is a patron of a town with a rich history, and all that it is about.
type reader struct {
	*town.House
	nights *nightly.Nights
	access *access.Service
	id     broker.ID
	staff  broker.Actor
	// titles are the words by which a title of the reader's could be told.
	titles map[string][]string
}

func (r *reader) at() counter.At {
	at := r.At()
	at.Actor = r.staff
	return at
}

func (r *reader) act(work func(context.Context, *postgres.Tx) error) {
	r.T.Helper()
	r.Must(r.Try(work))
	r.Settle()
}

// night runs the nights of all member libraries there are.
func (r *reader) night() {
	r.T.Helper()
	report, err := r.nights.Run(r.T.Context(), r.Library.ID, r.Clock.Now(), time.Time{}, nil)
	r.Must(err)
	if !report.Finished {
		r.T.Fatal("the night is not over")
	}
	for _, done := range report.Steps {
		if done.Failed > 0 {
			r.T.Errorf("%s put %d aside", done.Step, done.Failed)
		}
	}
	r.Settle()
}

// pass lets days go by with their nights.
func (r *reader) pass(days int) {
	r.T.Helper()
	for range days {
		r.Clock.Set(r.Clock.Now().AddDate(0, 0, 1))
		r.Settle()
		r.night()
	}
}

// owns is a copy of a title of its own; name says what happens to it.
func (r *reader) owns(name string) (title broker.ID, barcode string) {
	title = r.Title("The book of "+name, fmt.Sprintf("97801431%05d", len(r.titles)))
	barcode = r.Owns(title)
	r.Do(func(ctx context.Context, tx *postgres.Tx) error {
		tx.Queue(`update items set price_minor = 1800 where barcode = $1`, barcode)
		var item broker.ID
		err := tx.QueryRow(ctx, `select id from items where barcode = $1`, barcode).Scan(&item)
		r.titles[name] = []string{title.String(), item.String(), barcode, "The book of " + name}
		return err
	})
	return title, barcode
}

func (r *reader) lent(barcode string, overrides ...string) broker.ID {
	r.T.Helper()
	in := desk.CheckOut{Barcode: barcode, Patron: r.id, Shown: "card", Overrides: overrides}
	if overrides != nil {
		in.Reason = "cannot do without barcode " + barcode
	}
	var done counter.Done
	r.act(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = r.Desk.CheckOut(ctx, tx, r.at(), in)
		return err
	})
	// What a POST to the desk's door leaves behind.
	r.Do(func(_ context.Context, tx *postgres.Tx) error {
		resource, err := json.Marshal(map[string]any{"loan": done.Loan.ID, "patron": r.id})
		r.access.Remember(tx, access.Post{
			Principal: "patron:" + r.id.String(), Route: "POST /v1/loans", Key: broker.NewID().String(), BodyHash: []byte("x"),
		}, access.Done{Status: 201, Resource: resource})
		return err
	})
	return done.Loan.ID
}

// settles pays all that is owed, with a note that names what for.
func (r *reader) settles(note string) {
	r.T.Helper()
	owed := r.Owed(r.id)
	if owed <= 0 {
		return
	}
	_, err := r.Takes(cashier.Payment{Patron: r.id, Amount: r.Money(owed), Method: "cash", Note: note, Key: broker.NewID().String()})
	r.Must(err)
}

// names are the words besides ids by which a row may point at another.
func (r *reader) names() (names []string) {
	for _, words := range r.titles {
		names = append(names, words[1:]...)
	}
	r.Do(func(ctx context.Context, tx *postgres.Tx) error {
		rows, err := tx.Query(ctx, `select number::text from requests union select number from cards union select barcode from items
			union select lender_barcode from items where lender_barcode is not null`)
		if err != nil {
			return err
		}
		more, err := pgx.CollectRows(rows, pgx.RowTo[string])
		names = append(names, more...)
		return err
	})
	return names
}

// leads gives the ways from the reader to each of their titles.
func (r *reader) leads() map[string][]string {
	r.T.Helper()
	w := storedRows(r.Town, r.names())
	hubs := w.hubs(r.Town, r.id)
	ways := map[string][]string{}
	for name, words := range r.titles {
		if way := w.to([]string{r.id.String(), r.Card(r.id)}, words, hubs); way != nil {
			ways[name] = way
		}
	}
	return ways
}

// sums are the numbers that must be the same before and after forgetting.
func (r *reader) sums() (sums string) {
	r.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select jsonb_build_object('accounts', (select jsonb_object_agg(k, s) from (
				select concat_ws(' ', library_id, patron_id, debtor_library_id, kind, charge_kind, method, till_id) as k, sum(amount_minor) as s
				from ledger_entries group by 1) a), 'entries', (select count(*) from ledger_entries),
			'lent', (select count(*) from loans), 'asked', (select count(*) from requests))::text`).Scan(&sums)
	})
	return sums
}

// newReader is a patron who did all that a patron can do and gave everything back.
func newReader(t *testing.T) *reader {
	t.Helper()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("western-district", "IL", broker.NoID)
	r := &reader{House: home, staff: home.Staff(), titles: map[string][]string{}, nights: nightly.New(nightly.Config{
		DB: tw.DB, Desk: tw.Desk, Policies: standing.ByName(policy.Preset),
	})}
	var err error
	r.access, err = access.New(tw.DB, access.Config{Key: make([]byte, 32), Wall: tw.Clock})
	tw.Must(err)
	lender := tw.Partner("IA", 0, tw.Title("A title nobody here owns", town.ISBN))
	home.LooksTo([]broker.ID{lender.ID})
	r.id = home.Patron("resident")
	other := home.Patron("resident")

	// By interlibrary loan, online, with words of the patron's own.
	asked, err := home.Submits(home.Online(r.id), requests.Submission{Patron: r.id, Citation: town.Citation(), Note: "A title nobody here owns, please"})
	tw.Must(err)
	lender.Says(home, town.Shipped("IA-1", "2026-04-10"))
	home.Scans("IA-1", "")
	band := "ILL-" + home.Number(asked.ID)
	home.Scans(band, "")
	borrowed := r.lent(band)
	r.titles["interlibrary"] = []string{"A title nobody here owns", "IA-1", band, asked.ID.String(), borrowed.String()}

	// Late, fined, paid; kept by override; claimed; lost and found; damaged.
	_, late := r.owns("late")
	keptTitle, kept := r.owns("kept")
	_, claimed := r.owns("claimed")
	_, lost := r.owns("lost")
	held, waiting := r.owns("held")
	home.Hold(keptTitle, other)
	home.Scans(kept, "")
	r.lent(late)
	r.lent(kept, "held_for_other")
	claim, loss := r.lent(claimed), r.lent(lost)
	home.Hold(held, r.id)
	home.Scans(waiting, "")
	r.lent(waiting)
	r.pass(3)
	r.act(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := r.Desk.Claim(ctx, tx, r.at(), desk.Claim{Loan: claim, Kind: loans.ClaimReturned, ShelfChecked: true, Names: "the clerk"})
		return err
	})
	r.pass(22)
	r.act(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := r.Desk.Lost(ctx, tx, r.at(), loss, returns.Loss{How: loans.LostReported})
		return err
	})
	_, _, err = r.Fee(cashier.Fee{Patron: r.id, Kind: ledger.Damage, Amount: r.Money(250), Note: "page torn in The book of late", Loan: borrowed})
	r.Must(err)
	home.Scans(band, "")
	home.Scans(band, "")
	lender.Says(home, connectors.Message{Kind: connectors.KindLoanCompleted})
	home.Expects(asked.ID, workflow.Completed)
	for _, barcode := range []string{late, kept, claimed, waiting} {
		home.Scans(barcode, "")
	}
	r.settles("for The book of late and The book of lost")
	home.Scans(lost, "")
	r.settles("what was left of The book of lost")
	r.evens()
	r.writtenAbout()
	return r
}

// writtenAbout is what staff write about a patron in every text that is about no
// loan, and yet names what was had.
func (r *reader) writtenAbout() {
	r.T.Helper()
	late, kept := r.titles["late"], r.titles["kept"]
	asked := r.titles["interlibrary"]
	r.Do(func(ctx context.Context, tx *postgres.Tx) error {
		tx.Queue(`update patrons set note = $2 where id = $1`, r.id, "Hears badly. Asked twice for THE BOOK OF LATE ("+late[2]+") and "+asked[0]+".")
		document, err := standing.ByName(policy.Preset).At(r.Library, r.Clock.Now())
		if err != nil {
			return err
		}
		if _, err := patrons.Restrict(ctx, tx, document, patrons.Block{
			Library: r.Library.ID, Patron: r.id, Kind: patrons.BlockManual, Ground: "conduct", Stops: []string{"computer"},
			Reason: "tore a page of The book of kept, " + kept[2], From: r.Library.Today(r.Clock.Now()), PutBy: r.staff,
		}); err != nil {
			return err
		}
		_, err = patrons.AskDisclosure(ctx, tx, r.Library, document, patrons.Disclosure{
			Patron: r.id, By: rules.AskerOther, AskedBy: "a newspaper", About: "whether they had The book of claimed", TakenBy: r.staff,
			Note: "and The book of interlibrary",
		}, r.Clock.Now())
		return err
	})
	_, _, err := r.Fee(cashier.Fee{Patron: r.id, Kind: ledger.Other, Amount: r.Money(100), Note: "a bag for The book of held", Method: "cash"})
	r.Must(err)
	r.act(func(ctx context.Context, tx *postgres.Tx) error {
		entry, _, err := r.Desk.Cashier.AddFee(ctx, tx, r.at(), cashier.Fee{Patron: r.id, Kind: ledger.Other, Amount: r.Money(100), Note: "The book of lost was wet"})
		if err != nil {
			return err
		}
		_, err = r.Desk.Cashier.Waive(ctx, tx, r.Director(), cashier.Waiver{Charge: entry.ID, Amount: r.Money(100), Reason: "The book of lost had been wet before"})
		return err
	})
}

// about reads what is still written about the patron.
func (r *reader) about() (note, block string) {
	r.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select p.note, b.reason from patrons p join blocks b on b.patron_id = p.id where p.id = $1`, r.id).Scan(&note, &block)
	})
	return note, block
}

// evens gives back what the reader has in credit, so that nothing is open.
func (r *reader) evens() {
	r.T.Helper()
	credit := -r.Owed(r.id)
	if credit <= 0 {
		return
	}
	r.act(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := r.Desk.Cashier.GiveBack(ctx, tx, r.Director(), cashier.Refund{
			Patron: r.id, Amount: r.Money(credit), Method: cashier.ByVoucher, Reason: "The book of lost turned up",
		})
		return err
	})
}

// later lets the policy's time pass at once, and what counts by wall time with it.
func (r *reader) later(days int) {
	r.T.Helper()
	r.Clock.Set(r.Clock.Now().AddDate(0, 0, days))
	r.Settle()
	r.Do(func(_ context.Context, tx *postgres.Tx) error { // as the jobs' sweep does
		r.access.Forget(tx)
		return nil
	})
	r.night()
}

func (r *reader) expectForgotten() {
	r.T.Helper()
	for name, way := range r.leads() {
		r.T.Errorf("%s is still known:\n  %s", name, strings.Join(way, "\n  "))
	}
}

// Once the policy's time is over, no way of keys, texts, entries, notices,
// overrides or anything else in the database leads from a patron to what they
// had, nor does one in what is exported; and the sums are what they were.
func TestNothingLeadsToWhatIsForgotten(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	before := r.sums()
	ways := r.leads()
	for name := range r.titles {
		if ways[name] == nil {
			t.Errorf("the walk does not see %s, which is still known", name)
		}
	}
	r.later(45)
	r.expectForgotten()
	if note, block := r.about(); note != "Hears badly. Asked twice for … (…) and …." || block != "tore a page of …, …" {
		t.Errorf("the rest of what was written does not stay: %q, %q", note, block)
	}
	if after := r.sums(); after != before {
		t.Errorf("the sums changed:\n%s\nwere\n%s", after, before)
	}
	r.Sound()

	exported := walk{by: map[string][]int{}}
	folder := filepath.Join(t.TempDir(), "out")
	manifest, err := exchange.Export(t.Context(), r.DB, exchange.ExportOptions{Library: r.Library.ID, Folder: folder, Format: exchange.CSV, Now: r.Clock.Now()})
	r.Must(err)
	for _, file := range manifest.Files {
		text, err := os.ReadFile(filepath.Join(folder, file.Name))
		r.Must(err)
		for line := range strings.Lines(string(text)) {
			exported.add(file.Name, line, r.names())
		}
	}
	hubs := storedRows(r.Town, nil).hubs(r.Town, r.id)
	for name, words := range r.titles {
		if way := exported.to([]string{r.id.String(), r.Card(r.id)}, words, hubs); way != nil {
			t.Errorf("the export leads to %s:\n  %s", name, strings.Join(way, "\n  "))
		}
	}
}

// A patron who wants no history has none after the next night: not in what the
// desk's POSTs of that day said, either.
func TestNothingIsKnownOfWhoWantsNoHistory(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	r.Do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update patrons set keep_history = false where id = $1`, r.id)
		tx.Queue(`update idempotency_keys set created_at = $1`, r.Clock.Now())
		return nil
	})
	r.later(1)
	r.expectForgotten()
	r.Sound()
}

// Of a deleted account nothing is left by which a title, or the person, could be
// told; two accounts that became one are forgotten alike.
func TestNothingLeadsFromADeletedAccount(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	from, number := r.id, r.Card(r.id)
	into := r.Patron("resident")
	_, err := r.Merge(from, into)
	r.Must(err)
	r.later(45)
	for _, id := range []broker.ID{into, from} {
		w := storedRows(r.Town, r.names())
		hubs := w.hubs(r.Town, id)
		for name, words := range r.titles {
			if way := w.to([]string{id.String(), number}, words, hubs); way != nil {
				t.Errorf("%s is still known:\n  %s", name, strings.Join(way, "\n  "))
			}
		}
	}
	r.Do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update patrons set expires_on = '2016-03-02', last_active_on = '2016-03-01', registered_on = '2015-03-01' where id = $1`, into)
		return nil
	})
	r.later(1)
	w := storedRows(r.Town, append(r.names(), number))
	if left := w.by[number]; len(left) > 0 {
		t.Errorf("the card is still named: %s %s", w.rows[left[0]].table, w.rows[left[0]].text)
	}
	r.Sound()
}

// A backup that is restored brings back what was forgotten since; the next night
// forgets it again, all that is due by then. It is made and restored as an
// administrator does it.
func TestARestoreForgetsAgain(t *testing.T) {
	t.Parallel()
	backup := filepath.Join(t.TempDir(), "backup")
	dump, restore := backupPrograms(t)
	r := newReader(t)
	database := pgtest.Admin(t, r.DB).Config().ConnString()
	run := func(program string, args ...string) {
		t.Helper()
		if said, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", filepath.Base(program), err, said)
		}
	}
	run(dump, "--format=custom", "--compress=0", "--file="+backup, database)
	r.later(45)
	r.expectForgotten()
	run(restore, "--clean", "--if-exists", "--single-transaction", "--dbname="+database, backup)
	r.DB.AppPool().Reset()
	r.DB.SystemPool().Reset()
	if len(r.leads()) != len(r.titles) {
		t.Fatal("the backup is not restored")
	}
	r.later(0)
	r.expectForgotten()
	r.Sound()
}

// backupPrograms finds what PostgreSQL makes and restores backups with; the test
// is skipped where only a server is known.
func backupPrograms(t *testing.T) (dump, restore string) {
	t.Helper()
	installed, err := postgres.NewestBinaries("")
	if err != nil {
		t.Skipf("no PostgreSQL is installed here: %v", err)
	}
	dump, restore = filepath.Join(installed.Dir, "pg_dump"), filepath.Join(installed.Dir, "pg_restore")
	for _, program := range []string{dump, restore} {
		if _, err := os.Stat(program); err != nil {
			t.Skipf("no backup can be made: %v", err)
		}
	}
	return dump, restore
}
