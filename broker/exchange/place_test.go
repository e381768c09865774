package exchange_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/csvfile"
	"afield/broker/directory"
	"afield/broker/exchange"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/broker/standing"
)

var now = time.Date(2026, 8, 24, 15, 0, 0, 0, time.UTC)

// place is a member library with one branch, in a database of its own.
type place struct {
	t  *testing.T
	db *postgres.DB
	directory.Library
}

func newPlace(t *testing.T) place {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	p := place{t: t, db: pgtest.New(t), Library: directory.Library{
		ID: broker.NewID(), Name: "A member library", Kind: directory.KindLibrary, Member: true, Country: "US", State: "NY",
		Zone: zone, Currency: "USD", SharingGroup: broker.NewID(), Policy: "westport", Status: directory.StatusActive,
		Plan: calendar.Plan{Hours: calendar.Week{time.Monday: calendar.MustHours("09:00-17:00"), time.Tuesday: calendar.MustHours("09:00-17:00")}},
	}}
	p.do(func(ctx context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: p.SharingGroup, Name: "one library alone"})
		if err := directory.SaveLibrary(tx, p.Library, now); err != nil {
			return err
		}
		directory.SaveSymbols(tx, p.ID, broker.NewSymbol("ISIL", "US-HERE"))
		borrower := directory.Library{
			ID: broker.NewID(), Name: "A borrowing library", Country: "US", State: "NY", Zone: zone, Currency: "USD", Status: directory.StatusActive,
		}
		if err := directory.SaveLibrary(tx, borrower, now); err != nil {
			return err
		}
		directory.SaveSymbols(tx, borrower.ID, broker.NewSymbol("ISIL", "US-THERE"))
		return directory.SaveBranch(tx, directory.Branch{Library: p.ID, ID: broker.NewID(), Code: "main", Name: "Main"})
	})
	return p
}

func (p place) do(work func(context.Context, *postgres.Tx) error) {
	p.t.Helper()
	if err := p.db.InTx(p.t.Context(), postgres.ForLibraries(p.ID), work); err != nil {
		p.t.Fatal(err)
	}
}

func policies() standing.Policies { return standing.ByName(policy.Preset) }

// try reads a file in and gives the result, with every row error.
func (p place) try(ctx context.Context, kind, text string, change ...func(*exchange.Options)) (exchange.Result, []string, error) {
	p.t.Helper()
	var wrong []string
	options := exchange.Options{
		Kind: kind, Library: p.ID, Now: now, Policies: policies(),
		OnError: func(row csvfile.RowError) { wrong = append(wrong, row.String()) },
	}
	for _, apply := range change {
		apply(&options)
	}
	result, err := exchange.Import(ctx, p.db, strings.NewReader(text), options)
	return result, wrong, err
}

func dryRun(o *exchange.Options) { o.DryRun = true }

// bring reads a file in which every row is right.
func (p place) bring(kind, text string, change ...func(*exchange.Options)) exchange.Result {
	p.t.Helper()
	result, wrong, err := p.try(p.t.Context(), kind, text, change...)
	if err != nil || wrong != nil {
		p.t.Fatalf("%s: %v\n%s", kind, err, strings.Join(wrong, "\n"))
	}
	return result
}

func (p place) count(sql string, args ...any) (count int) {
	p.t.Helper()
	p.do(func(ctx context.Context, tx *postgres.Tx) error { return tx.QueryRow(ctx, sql, args...).Scan(&count) })
	return count
}

// export takes everything out and gives the files by name.
func (p place) export(change ...func(*exchange.ExportOptions)) (map[string]string, exchange.Manifest) {
	p.t.Helper()
	options := exchange.ExportOptions{Library: p.ID, Folder: filepath.Join(p.t.TempDir(), "out"), Format: exchange.CSV, Now: now}
	for _, apply := range change {
		apply(&options)
	}
	manifest, err := exchange.Export(p.t.Context(), p.db, options)
	if err != nil {
		p.t.Fatal(err)
	}
	files := map[string]string{}
	for _, file := range manifest.Files {
		text, err := os.ReadFile(filepath.Join(options.Folder, file.Name))
		if err != nil {
			p.t.Fatal(err)
		}
		files[file.Name] = string(text)
	}
	return files, manifest
}

func counts(rows, isNew, changed, unchanged, failed int) exchange.Result {
	return exchange.Result{Rows: rows, New: isNew, Changed: changed, Unchanged: unchanged, Failed: failed}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

// A small library's files from another system.
const (
	somePatrons = "card;class;key;name;birth date;phone;email;expires;guardian_card;household;other_cards;branch\n" +
		"21234000021001;adult;p1;adult patron 1;1980-05-30;555-0100;one@example.org;2027-01-31;;h1;21234000020001=lost;main\n" +
		"21234000021002;minor;p2;child patron 1;2016-02-29;;;;21234000021001;h1;;\n" +
		"21234000021003;resident;p3;adult patron 2;;;;;;;;\n"
	someItems = `barcode,title_key,title,author,isbn,format,type,audience,call_number,branch,price,parts,status
31001,b100,Across the ferry,"Writer, A. B.",0306406152,book,book,adult,974 FER,main,18.00,1,on_shelf
31002,b100,Across the ferry,"Writer, A. B.",0306406152,book,book,adult,974 FER,,18.00,1,missing
31003,,A film without a number,,,dvd,dvd,adult,DVD,main,25.50,2,on_loan
31004,,A film without a number,,,dvd,dvd,adult,DVD,main,,2,
`
	someLoans = `barcode,card,started,due,renewals,status,returned,branch
31003,21234000021002,2026-08-10 10:30,2026-08-17,0,,,main
31001,21234000021001,2026-07-01 09:00,2026-07-22,1,returned,2026-07-20 12:00,
31001,,2025-07-01 09:00,2025-07-22,0,returned,2025-07-20,
`
	someHolds = `card,title_key,barcode,queued_at,branch,status,copy,pick_up_by
21234000021003,b100,,2026-08-20 11:00,main,on_hold_shelf,31001,2026-09-01
21234000021001,9780306406157,,2026-08-21 11:00,main,,,
21234000021001,,31004,2026-08-21 11:05,main,,,
`
	someCharges = `key,card,entry,kind,amount,against,date,note
c1,21234000021001,charge,overdue,5.00,,2026-07-20,late
c2,21234000021001,payment,overdue,2.00,c1,2026-07-21 10:00,
c3,21234000021001,waiver,overdue,-1.00,c1,2026-07-22,
c4,21234000021002,charge,lost,18.00,,2026-07-22,
`
	someCalendar = `branch,weekday,from,to,hours,reason,kind
,wed,,,10:00-20:00,,
,mon,,,closed,,
main,sat,,,10:00-14:00,,
,,2026-12-24,2026-12-26,,Holidays,planned
,,2026-10-10,,12:00-15:00,,
main,,2026-09-09,,,Burst pipe,emergency
`
)

// furnished is a place into which all the files were read.
func furnished(t *testing.T) place {
	t.Helper()
	p := newPlace(t)
	p.bring(exchange.Calendar, someCalendar)
	p.bring(exchange.Patrons, somePatrons)
	p.bring(exchange.Items, someItems)
	p.bring(exchange.Loans, someLoans)
	p.bring(exchange.Holds, someHolds)
	p.bring(exchange.Charges, someCharges)
	return p
}

// as is the library under another id.
func (p place) as(id broker.ID) directory.Library {
	library := p.Library
	library.ID = id
	return library
}
