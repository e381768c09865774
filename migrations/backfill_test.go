package migrations_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"afield/broker/postgres/pgtest"
	"afield/migrations"
)

// before brings an empty database up to and including one version; this program
// knows newer ones.
func before(t *testing.T, version int) *pgx.Conn {
	t.Helper()
	conn := connect(t, pgtest.EmptyURL(t))
	all, err := migrations.Files()
	if err != nil {
		t.Fatal(err)
	}
	var old []migrations.File
	for _, file := range all {
		if file.Version <= version {
			old = append(old, file)
		}
	}
	if _, err := migrations.UpFiles(t.Context(), conn, old); err != nil {
		t.Fatal(err)
	}
	return conn
}

// What a ledger entry or a notice is about was once read from the spelling of its
// cause. Rows written then now have it in the right columns, and in no others.
func TestWhatAnEntryIsAboutComesOutOfItsOldCause(t *testing.T) {
	t.Parallel()
	conn := before(t, 14)
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	const (
		library = "11111111-1111-7111-8111-111111111111"
		patron  = "22222222-2222-7222-8222-222222222222"
		loan    = "33333333-3333-7333-8333-333333333333"
		other   = "44444444-4444-7444-8444-444444444444"
	)
	exec(`select set_config('afield.libraries', $1, false)`, "{"+library+"}")
	exec(`insert into libraries (id, name, currency, created_at) values ($1, 'A library', 'USD', now())`, library)
	exec(`insert into patrons (library_id, id, class, created_at) values ($1, $2, 'resident', now())`, library, patron)
	for _, row := range []struct {
		kind, charge, cause string
		loan                any
		// want is the period, the correction, the day of the loss, the act and the key
		// in a file.
		want string
	}{
		{"charge", "overdue", "overdue:" + loan + ":0", loan, "1 - - - -"},
		{"charge", "overdue", "overdue:" + loan + ":2:through:2026-03-04.2", loan, "3 - - - -"},
		{"charge", "overdue", "overdue:" + loan + ":1:merge:a:b:c:to", loan, "2 - - - -"},
		{"charge", "overdue", "overdue:" + loan + ":renewed:7", loan, "0 - - - -"},
		{"charge", "overdue", "overdue:" + other + ":0", loan, "0 - - - -"},
		{"charge", "overdue", "given:someone:overdue", nil, "0 - - - -"},
		{"charge", "overdue", "import:overdue:" + loan + ":0", nil, "0 - - - overdue:" + loan + ":0"},
		{"charge", "lost", "lost:" + loan + ":abc:lost", loan, "0 - - - -"},
		{"charge", "card", "import:card 12", nil, "0 - - - card 12"},
		{"reversal", "overdue", "overdue:" + loan + ":0:back:return#1", loan, "0 return - overdue:" + loan + ":0:back:return -"},
		{"reversal", "overdue", "overdue:" + loan + ":0:back:return.2#1", loan, "0 return - overdue:" + loan + ":0:back:return.2 -"},
		{"reversal", "overdue", "overdue:" + loan + ":0:back:renewal#1", loan, "0 renewal - overdue:" + loan + ":0:back:renewal -"},
		{"reversal", "overdue", "overdue:" + loan + ":0:back:corrected#2", loan, "0 due_date - overdue:" + loan + ":0:back:corrected -"},
		{"reversal", "overdue", "overdue:" + loan + ":0:back:lost:2026-03-09#1", loan, "0 loss 2026-03-09 overdue:" + loan + ":0:back:lost:2026-03-09 -"},
		{"reversal", "overdue", "overdue:" + loan + ":0:back:lost:2026-03-09.2#1", loan, "0 loss 2026-03-09 overdue:" + loan + ":0:back:lost:2026-03-09.2 -"},
		{"reversal", "overdue", "overdue:" + loan + ":0:back:adjusted:abc#1", loan, "0 adjustment - overdue:" + loan + ":0:back:adjusted:abc -"},
		{"reversal", "overdue", "overdue:" + loan + ":0:back:closed:abc#1", loan, "0 closing - overdue:" + loan + ":0:back:closed:abc -"},
		{"reversal", "overdue", "overdue:" + loan + ":0:void:abc#1", loan, "0 - - overdue:" + loan + ":0:void:abc -"},
		{"reversal", "overdue", "overdue:" + loan + ":0:back:merge:a:b:c:from", loan, "0 merge - - -"},
		{"reversal", "lost", "lost:" + loan + ":abc:lost:back:found_again#1", loan, "0 found_again - lost:" + loan + ":abc:lost:back:found_again -"},
		{"reversal", "lost", "lost:" + loan + ":abc:lost:back:donation#1", loan, "0 donation - lost:" + loan + ":abc:lost:back:donation -"},
		{"reversal", "lost", "lost:" + loan + ":abc:owner:back:return#1", loan, "0 return - lost:" + loan + ":abc:owner:back:return -"},
		{"reversal", "lost", "taken_back:k", loan, "0 - - - -"},
		{"lapse", "lost", "taken_back:k:lapse", loan, "0 - - taken_back:k -"},
		{"refund", "lost", "taken_back:k:source:2", loan, "0 - - taken_back:k -"},
		{"lapse", "overdue", "overdue:" + loan + ":0:back:return.3#2:lapse", loan, "0 - - overdue:" + loan + ":0:back:return.3 -"},
		{"payment", "overdue", "payment:k#1", loan, "0 - - payment:k -"},
		{"waiver", "overdue", "waiver:k", loan, "0 - - - -"},
		{"waiver", "overdue", "waiver:a key:back:of mine", loan, "0 - - - -"},
	} {
		minor := 25
		if row.kind == "waiver" || row.kind == "payment" || row.kind == "reversal" {
			minor = -minor
		}
		exec(`insert into ledger_entries (library_id, id, patron_id, kind, charge_kind, amount_minor, currency, loan_id, cause, note, actor, at)
			values ($1, gen_random_uuid(), $2, $3, $4, $5, 'USD', $6, $7, $8, '{}', now())`,
			library, patron, row.kind, row.charge, minor, row.loan, row.cause, row.want)
	}
	for cause, want := range map[string]string{
		"overdue:" + loan + ":1:first": "2", "overdue:" + other + ":1:first": "0", "due_soon:" + loan + ":2026-03-04": "0",
	} {
		kind, _, _ := strings.Cut(cause, ":")
		exec(`insert into notices (library_id, id, patron_id, loan_id, kind, channel, due_at, cause, created_at, last_error)
			values ($1, gen_random_uuid(), $2, $3, $4, 'email', now(), $5, now(), $6)`, library, patron, loan, kind, cause, want)
	}

	if _, err := migrations.Up(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), `select cause, note, concat_ws(' ', coalesce(loan_period, 0), coalesce(nullif(correction, ''), '-'),
			coalesce(lost_on::text, '-'), coalesce(nullif(act, ''), '-'), coalesce(nullif(file_key, ''), '-')) from ledger_entries
		union all select cause, last_error, coalesce(loan_period, 0)::text from notices`)
	if err != nil {
		t.Fatal(err)
	}
	var cause, want, got string
	read := 0
	if _, err := pgx.ForEachRow(rows, []any{&cause, &want, &got}, func() error {
		if read++; got != want {
			t.Errorf("%s is %q, want %q", cause, got, want)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if read != 32 {
		t.Errorf("%d rows are left of 32", read)
	}
	_, err = conn.Exec(t.Context(), `update ledger_entries set note = 'another'`)
	if err == nil {
		t.Error("the ledger can be changed")
	}

	// No view looks into a cause any more either.
	rows, err = conn.Query(t.Context(), `select viewname from pg_views where schemaname = 'public'
		and definition ~ '(starts_with|split_part|substr|substring|regexp_[a-z]+)\([^()]*cause' order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	if views, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(views) > 0 {
		t.Error(fmt.Sprint("these views read a cause: ", views, err))
	}
}
