package patrons

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Record is a patron as files bring them in: many at once, written as they are.
// Its JSON names are the table's columns. It holds no secrets.
type Record struct {
	Library        broker.ID   `json:"library_id"`
	ID             broker.ID   `json:"id"`
	Class          string      `json:"class"`
	Name           string      `json:"name"`
	Institution    broker.ID   `json:"institution_id,omitzero"`
	Branch         broker.ID   `json:"branch_id,omitzero"`
	BornOn         broker.Date `json:"born_on,omitzero"`
	Phone          string      `json:"phone"`
	PhoneCheckedOn broker.Date `json:"phone_checked_on,omitzero"`
	Email          string      `json:"email"`
	NoticeChannel  string      `json:"notice_channel"`
	ExpiresOn      broker.Date `json:"expires_on,omitzero"`
	Status         Status      `json:"status"`
	Note           string      `json:"note"`
	Household      broker.ID   `json:"household_id,omitzero"`
	Address        string      `json:"address"`
	Language       string      `json:"language"`
	NotFor         []string    `json:"not_for"`
	HomeLibrary    string      `json:"home_library"`
	KeepHistory    *bool       `json:"keep_history"`
	RegisteredOn   broker.Date `json:"registered_on,omitzero"`
	LastActiveOn   broker.Date `json:"last_active_on,omitzero"`
	CreatedAt      time.Time   `json:"created_at"`
}

// SaveRecords writes patrons, new or changed, in one statement. For patrons that
// are there already only the named columns change.
func SaveRecords(ctx context.Context, tx *postgres.Tx, update []string, records []Record) (postgres.Saved, error) {
	return postgres.Upsert{
		Table: "patrons", Update: update,
		Columns: postgres.Columns("library_id uuid", "id uuid", "class text", "name text", "institution_id uuid", "branch_id uuid",
			"born_on date", "phone text = nullif(f.phone, '')", "phone_checked_on date", "email text = nullif(f.email, '')",
			"notice_channel text = nullif(f.notice_channel, '')", "expires_on date", "status text", "note text", "household_id uuid",
			"address text", "language text", "not_for text[] = coalesce(f.not_for, '{}')", "home_library text", "keep_history bool",
			"registered_on date", "last_active_on date", "created_at timestamptz"),
	}.Rows(ctx, tx, records)
}

// CardRecord is a card as files bring them in. It has no PIN.
type CardRecord struct {
	Library   broker.ID   `json:"library_id"`
	ID        broker.ID   `json:"id"`
	Realm     broker.ID   `json:"realm_id"`
	Number    string      `json:"number"`
	Patron    broker.ID   `json:"patron_id"`
	Status    CardStatus  `json:"status"`
	StoppedOn broker.Date `json:"stopped_on,omitzero"`
	CreatedAt time.Time   `json:"created_at"`
}

// SaveCardRecords writes cards, new or changed, in one statement. PINs stay.
func SaveCardRecords(ctx context.Context, tx *postgres.Tx, records []CardRecord) (postgres.Saved, error) {
	return postgres.Upsert{
		Table: "cards", Update: []string{"status", "stopped_on"},
		Set: map[string]string{"stopped_on": "coalesce(excluded.stopped_on, cards.stopped_on)"},
		Columns: postgres.Columns("library_id uuid", "id uuid", "realm_id uuid", "number text", "patron_id uuid", "status text",
			"stopped_on date", "created_at timestamptz"),
	}.Rows(ctx, tx, records)
}

// Holder is the patron that a card number or a key belongs to.
type Holder struct {
	Ref
	// Card is NoID where the patron was found by key.
	Card        broker.ID
	CardStatus  CardStatus
	Class       string
	BornOn      broker.Date
	Institution broker.ID
	Status      Status
}

// HoldersOf finds the patrons that have these card numbers in a realm.
func HoldersOf(ctx context.Context, tx *postgres.Tx, realm broker.ID, numbers []string) (map[string]Holder, error) {
	return holders(ctx, tx, `select c.number, p.library_id, p.id, c.id, c.status, p.class, p.born_on, p.institution_id, p.status
		from cards c join patrons p on p.library_id = c.library_id and p.id = c.patron_id
		where c.realm_id = $1 and c.number = any ($2)`, realm, numbers)
}

// HoldersByID finds patrons by id, in text form.
func HoldersByID(ctx context.Context, tx *postgres.Tx, ids []broker.ID) (map[string]Holder, error) {
	return holders(ctx, tx, `select p.id::text, p.library_id, p.id, null::uuid, '', p.class, p.born_on, p.institution_id, p.status
		from patrons p where p.id = any ($1)`, ids)
}

func holders(ctx context.Context, tx *postgres.Tx, sql string, args ...any) (map[string]Holder, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read cards: %w", err)
	}
	found := map[string]Holder{}
	var name string
	var one Holder
	_, err = pgx.ForEachRow(rows, []any{&name, &one.Library, &one.ID, &one.Card, &one.CardStatus, &one.Class, &one.BornOn, &one.Institution, &one.Status},
		func() error { found[name] = one; return nil })
	if err != nil {
		return nil, fmt.Errorf("read cards: %w", err)
	}
	return found, nil
}

// OfAnother gives a library, other than the one named, that has a patron, a
// household or a block with one of the ids; none when nobody has. The transaction
// must see every library.
func OfAnother(ctx context.Context, tx *postgres.Tx, library broker.ID, ids []broker.ID) (broker.ID, error) {
	var other *broker.ID
	err := tx.QueryRow(ctx, `select coalesce(
		(select library_id from patrons where id = any ($1) and library_id <> $2 limit 1),
		(select library_id from households where id = any ($1) and library_id <> $2 limit 1),
		(select library_id from blocks where id = any ($1) and library_id <> $2 limit 1))`, ids, library).Scan(&other)
	if err != nil {
		return broker.NoID, fmt.Errorf("look whose the ids are: %w", err)
	}
	if other == nil {
		return broker.NoID, nil
	}
	return *other, nil
}

// HouseholdRecord is a household or business as files bring them in.
type HouseholdRecord struct {
	Library   broker.ID   `json:"library_id"`
	ID        broker.ID   `json:"id"`
	Kind      string      `json:"kind"`
	Name      string      `json:"name"`
	PaidUntil broker.Date `json:"paid_until,omitzero"`
	CreatedAt time.Time   `json:"created_at"`
}

// SaveHouseholdRecords writes households; for those that are there already only
// the named columns change.
func SaveHouseholdRecords(ctx context.Context, tx *postgres.Tx, update []string, records []HouseholdRecord) (postgres.Saved, error) {
	return postgres.Upsert{
		Table: "households", Update: update,
		Columns: postgres.Columns("library_id uuid", "id uuid", "kind text", "name text", "paid_until date", "created_at timestamptz"),
	}.Rows(ctx, tx, records)
}

// SaveLinks links children to those who answer for them, and gives the children
// that gained a link.
func SaveLinks(ctx context.Context, tx *postgres.Tx, library broker.ID, parents, children []broker.ID, since broker.Date) (map[broker.ID]bool, error) {
	rows, err := tx.Query(ctx, `insert into patron_links (library_id, parent_id, child_id, since)
		select distinct $1::uuid, f.parent, f.child, $4::date from unnest($2::uuid[], $3::uuid[]) as f(parent, child)
		on conflict do nothing returning child_id`, library, parents, children, since)
	if err != nil {
		return nil, fmt.Errorf("write links: %w", err)
	}
	gained := map[broker.ID]bool{}
	var child broker.ID
	_, err = pgx.ForEachRow(rows, []any{&child}, func() error { gained[child] = true; return nil })
	return gained, err
}

// Listings are the queries for everything a library owns here. PINs are left
// out.
func Listings() []postgres.Listing {
	return []postgres.Listing{
		{Name: "patrons", SQL: `
			select p.id as key, c.number as card, c.status as card_status,
				(select string_agg(o.number || '=' || o.status, ';' order by o.created_at, o.id) from cards o
					where o.library_id = p.library_id and o.patron_id = p.id and o.id <> c.id) as other_cards,
				p.class, (select s.namespace || ':' || s.value from symbols s where s.library_id = p.institution_id
					order by s.namespace = 'ISIL' desc, s.namespace, s.value limit 1) as institution,
				p.name, p.born_on as birth_date, p.phone, p.phone_checked_on as phone_checked, p.email, p.notice_channel as notices_by,
				p.expires_on as expires, p.status, p.note, b.code as branch,
				p.household_id as household, h.name as household_name, h.kind as household_kind, h.paid_until as household_paid_until,
				p.address, p.language, array_to_string(p.not_for, ';') as not_for, p.home_library, p.keep_history,
				p.registered_on as registered, p.last_active_on as last_active,
				(select string_agg(k.parent_id::text, ';' order by k.parent_id) from patron_links k
					where k.library_id = p.library_id and k.child_id = p.id) as guardian_card,
				p.created_at as created
			from patrons p
			left join lateral (select * from cards x where x.library_id = p.library_id and x.patron_id = p.id
				order by x.status = 'active' desc, x.created_at desc, x.id desc limit 1) c on true
			left join branches b on b.library_id = p.library_id and b.id = p.branch_id
			left join households h on h.library_id = p.library_id and h.id = p.household_id
			where p.library_id = $1 order by p.id`},
		{Name: "cards", SQL: `select id, number, patron_id as patron, status, stopped_on, replaces, created_at as created
			from cards where library_id = $1 order by id`},
		{Name: "links", SQL: `select parent_id as parent, child_id as child, since from patron_links where library_id = $1 order by 1, 2`},
		{Name: "households", SQL: `select id, kind, name, paid_until, created_at as created from households where library_id = $1 order by id`},
		{Name: "accounts_merged", SQL: `select id as patron, merged_into as into from patrons where library_id = $1 and merged_into is not null order by id`},
		{Name: "proxies", SQL: `select patron_id as patron, proxy_id as proxy, until_on as until, created_at as created
			from proxies where library_id = $1 order by 1, 2`},
		{Name: "blocks", SQL: `select id, patron_id as patron, kind, array_to_string(stops, ';') as stops, ground, reason, rule, from_on as "from",
			until_on as until, put_by, lifted_at as lifted from blocks where library_id = $1 order by id`},
		{Name: "overrides", SQL: `select id, patron_id as patron, action, code, rule, reason, about_id as about, actor, at
			from overrides where library_id = $1 order by id`},
		{Name: "disclosures", SQL: `select id, patron_id as patron, by_whom, asked_by, paper, about, status, reasons, asked_at, taken_by,
			decided_at, decided_by, note from disclosures where library_id = $1 order by id`},
	}
}

// CardOf is the query of a card number of a patron whose library and id stand in
// two columns: one that is good, or else the newest.
func CardOf(library, patron string) string {
	return `(select x.number from cards x where x.library_id = ` + library + ` and x.patron_id = ` + patron + `
		order by x.status = 'active' desc, x.created_at desc, x.id desc limit 1)`
}
