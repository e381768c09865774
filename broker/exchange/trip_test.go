package exchange_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/exchange"
	"afield/broker/postgres"
)

// someBlocks are a block that stands, one that ended, and one as an old system
// may have it.
const someBlocks = `id,patron,kind,stops,ground,reason,rule,from,until,put_by,lifted
k1,21234000021001,manual,checkout;hold,,A torn page,,2026-08-01,2026-09-01,"{""kind"":""staff"",""id"":""01900000-0000-7000-8000-000000000002"",""library_id"":""01900000-0000-7000-8000-000000000001""}",
k2,21234000021003,latched,checkout,,Owes too much,blocks.money,2026-07-01,,,2026-07-20T15:00:00Z
,21234000021002,,,,Ask for a new address,,2026-08-02,,,
`

// A block that was lifted here is not put again by an older file.
func TestALiftedBlockStaysLifted(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	equal(t, "blocks", p.bring(exchange.Blocks, someBlocks), counts(3, 3, 0, 0, 0))
	p.write(`update blocks set lifted_at = '2026-08-20T12:00:00Z' where reason = 'A torn page'`)
	equal(t, "again", p.bring(exchange.Blocks, someBlocks), counts(3, 0, 0, 3, 0))
	equal(t, "standing", p.count(`select count(*) from blocks where lifted_at is null`), 1)
}

// A file that gives no status for a card never brings a stopped card back.
func TestAStoppedCardStaysStopped(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	stolen := `select count(*) from cards where number = '21234000021001' and status = 'stolen'`
	p.write(`update cards set status = 'stolen', stopped_on = '2026-08-20' where number = '21234000021001'`)
	p.bring(exchange.Patrons, somePatrons)
	equal(t, "stolen after a file without the column", p.count(stolen), 1)
	p.bring(exchange.Patrons, "card,class,card_status\n21234000021001,adult,\n")
	equal(t, "stolen after an empty cell", p.count(stolen), 1)
	p.bring(exchange.Patrons, "card,class,card_status\n21234000021001,adult,active\n")
	equal(t, "stolen after a file that says it is in use", p.count(stolen), 0)
}

// Whatever desks may have done, an export can be read in again.
func TestWhatADeskDidCanBeReadInAgain(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	p.write(`update cards set status = 'surrendered', stopped_on = '2026-08-20' where number = '21234000021003'`)
	p.write(`update patrons set notice_channel = 'voice' where name = 'adult patron 2'`)
	p.write(`insert into cards (library_id, id, realm_id, number, patron_id, status, created_at, stopped_on)
		select library_id, gen_random_uuid(), realm_id, '21234000020003', patron_id, 'surrendered', created_at, '2026-01-01' from cards where number = '21234000021001'`)
	p.write(`insert into ledger_entries (library_id, id, patron_id, kind, charge_kind, amount_minor, currency, cause, actor, at)
		select library_id, gen_random_uuid(), patron_id, 'payment', 'account', -300, 'USD', 'till:1', '{"kind":"system"}', created_at from cards where number = '21234000021003'`)
	p.write(`insert into ledger_entries (library_id, id, patron_id, kind, charge_kind, amount_minor, currency, cause, actor, at)
		select library_id, gen_random_uuid(), patron_id, 'lapse', 'account', 300, 'USD', 'lapse:1', '{"kind":"system"}', created_at from cards where number = '21234000021003'`)
	files, _ := p.export()
	for _, kind := range []string{exchange.Patrons, exchange.Charges} {
		again := p.bring(kind, files[kind+".csv"])
		equal(t, kind+" read in again", again, counts(again.Rows, 0, 0, again.Rows, 0))
	}
	other := newPlace(t)
	other.bring(exchange.Calendar, someCalendar)
	other.bring(exchange.Patrons, files["patrons.csv"])
	other.bring(exchange.Charges, files["charges.csv"])
	equal(t, "surrendered cards elsewhere", other.count(`select count(*) from cards where status = 'surrendered'`), 2)
}

// A title that no MARC record can hold does not keep others from being exported.
func TestATitleTooLongForMARCIsNamedAndLeftOut(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	p.bring(exchange.Items, "barcode,title\n39001,"+strings.Repeat("long ", 1999)+"end\n")
	p.write(`update titles set publisher = title, author = title where title like 'long %'`)
	files, manifest := p.export()
	for _, file := range manifest.Files {
		if file.Name == "titles.mrc" {
			equal(t, "records", file.Rows, 2)
			equal(t, "what is left out is said", strings.Contains(file.Note, "1 titles"), true)
		}
	}
	equal(t, "the list of titles has it", strings.Contains(files["titles.csv"], "long long"), true)
}

func (p place) write(sql string) {
	p.t.Helper()
	p.do(func(ctx context.Context, tx *postgres.Tx) error {
		tag, err := tx.Exec(ctx, sql)
		if err == nil && tag.RowsAffected() == 0 {
			return broker.NotFound("row to change")
		}
		return err
	})
}

// Every table in which a library has rows is exported, or left out for a reason.
func TestEverythingALibraryOwnsIsExported(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	leftOut := map[string]string{
		"access_tokens": "secret", "staff_users": "secret", "peers": "secret", "search_targets": "of the consortium's file", "symbols": "in the manifest",
		"nightly_steps": "work of the program", "nightly_failures": "work of the program", "live_changes": "work of the program", "import_runs": "work of the program", "standing_loads": "work of the program", "load_runs": "work of the program", "load_names": "work of the program",
		"invitations": "secret", "number_patterns": "of the consortium's file", "configuration_changes": "of the consortium's file",
		"group_members": "of the directory", "lending_terms": "of the directory", "tiers": "of the directory", "partner_holdings": "of the partner", "title_records": "as MARC", "title_joins": "for undoing what was taken for one title",
		"deadlines": "with the requests", "rota_entries": "with the requests", "messages": "with the requests", "requests": "with the requests",
		"request_events": "with the requests", "request_notes": "with the requests", "request_items": "with the requests", "late_parcels": "with the requests", "staff_tasks": "with the requests",
		"request_undo": "for undoing what was just done", "desk_acts": "for undoing what was just done", "desk_act_changes": "for undoing what was just done",
	}
	known := exchange.SQLOfListings()
	p.do(func(ctx context.Context, tx *postgres.Tx) error {
		rows, err := tx.Query(ctx, `select c.table_name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
			where c.table_schema = current_schema() and c.column_name = 'library_id' and t.table_type = 'BASE TABLE' order by 1`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var table string
			if err := rows.Scan(&table); err != nil {
				return err
			}
			if leftOut[table] == "" && !strings.Contains(known, "from "+table+" ") {
				t.Errorf("%s is not exported", table)
			}
		}
		return rows.Err()
	})
}
