package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Record is an item as files bring them in: many at once. Its JSON names are the
// table's columns.
type Record struct {
	Library      broker.ID   `json:"library_id"`
	ID           broker.ID   `json:"id"`
	Realm        broker.ID   `json:"realm_id"`
	Barcode      string      `json:"barcode"`
	Title        broker.ID   `json:"title_id,omitzero"`
	Branch       broker.ID   `json:"branch_id,omitzero"`
	Type         string      `json:"type"`
	Audience     string      `json:"audience"`
	AgeMark      string      `json:"age_mark"`
	CallNumber   string      `json:"call_number"`
	Price        *int64      `json:"price_minor"`
	PricePaid    *int64      `json:"price_paid_minor"`
	ListPrice    *int64      `json:"list_price_minor"`
	Currency     string      `json:"currency"`
	Parts        int         `json:"parts"`
	PartsMissing string      `json:"parts_missing"`
	LoanNote     string      `json:"loan_note"`
	Brief        bool        `json:"brief"`
	Lendable     bool        `json:"lendable"`
	Status       ItemStatus  `json:"status"`
	ReplacedOn   broker.Date `json:"replaced_on,omitzero"`
	DamagedOn    broker.Date `json:"damaged_on,omitzero"`
	CreatedAt    time.Time   `json:"created_at"`
}

// SaveRecords writes items, new or changed, in one statement. For items that are
// there already only the named columns change, and the status only among those
// without a loan or hold behind them: on the shelf, on order, being made ready,
// missing, lost, withdrawn. What was here once is never on order again, whatever
// an old file says.
func SaveRecords(ctx context.Context, tx *postgres.Tx, update []string, records []Record) (postgres.Saved, error) {
	const loose, coming = `('on_shelf', 'on_order', 'in_processing', 'missing', 'lost', 'withdrawn')`, `('on_order', 'in_processing')`
	return postgres.Upsert{
		Table: "items", Update: update,
		Set: map[string]string{
			"status": `case when items.status in ` + loose + ` and excluded.status in ` + loose + `
				and (excluded.status not in ` + coming + ` or items.status in ` + coming + `) then excluded.status else items.status end`,
			"title_id": `coalesce(excluded.title_id, items.title_id)`,
		},
		Columns: postgres.Columns("library_id uuid", "id uuid", "realm_id uuid", "barcode text", "title_id uuid", "branch_id uuid",
			"type text", "audience text", "age_mark text", "call_number text", "price_minor bigint", "price_paid_minor bigint",
			"list_price_minor bigint", "currency text", "parts int", "parts_missing text", "loan_note text", "brief bool",
			"lendable bool", "status text", "replaced_on date", "damaged_on date", "created_at timestamptz"),
	}.Rows(ctx, tx, records)
}

// ItemsByBarcode finds the items that have these barcodes in a realm.
func ItemsByBarcode(ctx context.Context, tx *postgres.Tx, realm broker.ID, barcodes []string) (map[string]Item, error) {
	items, err := queryItems(ctx, tx, `where i.realm_id = $1 and i.barcode = any ($2)`, realm, barcodes)
	found := make(map[string]Item, len(items))
	for _, item := range items {
		found[item.Barcode] = item
	}
	return found, err
}

// TitlesByKey finds the titles that a library's files know by these keys.
func TitlesByKey(ctx context.Context, tx *postgres.Tx, library broker.ID, keys []string) (map[string]Title, error) {
	rows, err := tx.Query(ctx, `select key, title_id from title_keys where library_id = $1 and key = any ($2)`, library, keys)
	if err != nil {
		return nil, fmt.Errorf("read title keys: %w", err)
	}
	named := map[string]broker.ID{}
	var key string
	var id broker.ID
	if _, err = pgx.ForEachRow(rows, []any{&key, &id}, func() error { named[key] = id; return nil }); err != nil {
		return nil, fmt.Errorf("read title keys: %w", err)
	}
	// A key that is a title's own id names that title, too.
	ids := map[broker.ID]bool{}
	for _, key := range keys {
		if id, err := broker.ParseID("key", key); err == nil && named[key] == broker.NoID {
			named[key] = id
		}
	}
	for _, id := range named {
		ids[id] = true
	}
	var wanted []broker.ID
	for id := range ids {
		wanted = append(wanted, id)
	}
	titles, err := queryTitles(ctx, tx, `where t.id = any ($1)`, wanted)
	if err != nil {
		return nil, err
	}
	byID := map[broker.ID]Title{}
	for _, title := range titles {
		byID[title.ID] = title
	}
	found := map[string]Title{}
	for key, id := range named {
		if title, known := byID[id]; known {
			found[key] = title
		}
	}
	return found, nil
}

// KeysOf gives the names that a library's files have for some titles.
func KeysOf(ctx context.Context, tx *postgres.Tx, library broker.ID, titles []broker.ID) (map[broker.ID][]string, error) {
	rows, err := tx.Query(ctx, `select title_id, key from title_keys where library_id = $1 and title_id = any ($2)`, library, titles)
	if err != nil {
		return nil, fmt.Errorf("read title keys: %w", err)
	}
	keys := map[broker.ID][]string{}
	var id broker.ID
	var key string
	if _, err := pgx.ForEachRow(rows, []any{&id, &key}, func() error { keys[id] = append(keys[id], key); return nil }); err != nil {
		return nil, fmt.Errorf("read title keys: %w", err)
	}
	return keys, nil
}

// SaveTitleKey queues the name that a library's files have for a title.
func SaveTitleKey(tx *postgres.Tx, library broker.ID, key string, title broker.ID) {
	tx.Queue(`insert into title_keys (library_id, key, title_id) values ($1, $2, $3)
		on conflict (library_id, key) do nothing`, library, key, title)
}

// WithNumber finds a title of the same catalogue, or a common one, that has the same
// format and shares an ISBN or the OCLC number.
func WithNumber(ctx context.Context, tx *postgres.Tx, title Title) (Title, bool, error) {
	title = title.normal()
	if len(title.ISBNs) == 0 && title.OCLC == "" {
		return Title{}, false, nil
	}
	titles, err := queryTitles(ctx, tx, sameNumber+` and t.format = $3 and (t.realm_id = $4 or t.realm_id is null)
		order by t.realm_id is null, t.id limit 1`, notNil(title.ISBNs), numberOr(title.OCLC), title.Format, title.Realm)
	if err != nil || len(titles) == 0 {
		return Title{}, false, err
	}
	return titles[0], true, nil
}

// Gains tells whether a title would gain a number or a fact that it lacks from
// what another source says of it. Words that are there stay.
func Gains(have, other Title) bool {
	other = other.normal()
	gains := func(old, new string) bool { return old == "" && new != "" }
	return slices.ContainsFunc(other.ISBNs, func(isbn string) bool { return !slices.Contains(have.ISBNs, isbn) }) ||
		gains(have.OCLC, other.OCLC) || gains(have.ISSN, other.ISSN) || gains(have.Author, other.Author) ||
		gains(have.Publisher, other.Publisher) || gains(have.Year, other.Year)
}

// FillTitle queues giving a title what it lacks.
func FillTitle(tx *postgres.Tx, id broker.ID, other Title) {
	other = other.normal()
	fill(tx, id, other)
}

// OwnedTitle is a title of which a library has copies.
type OwnedTitle struct {
	Title
	// Key is the name the library's files have for it; else its id.
	Key string
}

// EachOwned gives the titles of which a library has copies of its own, or that
// its files named, one by one in order of id.
func EachOwned(ctx context.Context, tx *postgres.Tx, library, after broker.ID, limit int) ([]OwnedTitle, error) {
	titles, err := queryTitles(ctx, tx, `where ($2::uuid is null or t.id > $2) and (
			exists (select 1 from items i where i.library_id = $1 and i.title_id = t.id and i.request_id is null)
			or exists (select 1 from title_keys k where k.library_id = $1 and k.title_id = t.id))
		order by t.id limit $3`, library, after, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]broker.ID, len(titles))
	for i, title := range titles {
		ids[i] = title.ID
	}
	rows, err := tx.Query(ctx, `select title_id, min(key) from title_keys where library_id = $1 and title_id = any ($2) group by 1`, library, ids)
	if err != nil {
		return nil, fmt.Errorf("read title keys: %w", err)
	}
	keys := map[broker.ID]string{}
	var id broker.ID
	var key string
	if _, err := pgx.ForEachRow(rows, []any{&id, &key}, func() error { keys[id] = key; return nil }); err != nil {
		return nil, fmt.Errorf("read title keys: %w", err)
	}
	owned := make([]OwnedTitle, len(titles))
	for i, title := range titles {
		owned[i] = OwnedTitle{Title: title, Key: keys[title.ID]}
		if owned[i].Key == "" {
			owned[i].Key = title.ID.String()
		}
	}
	return owned, nil
}

// ItemsOfTitles lists a library's own items of several titles.
func ItemsOfTitles(ctx context.Context, tx *postgres.Tx, library broker.ID, titles []broker.ID) (map[broker.ID][]Item, error) {
	items, err := queryItems(ctx, tx, `where i.library_id = $1 and i.title_id = any ($2) and i.request_id is null
		order by i.barcode`, library, titles)
	found := map[broker.ID][]Item{}
	for _, item := range items {
		found[item.Title] = append(found[item.Title], item)
	}
	return found, err
}

// Listings are the queries for everything a library owns here.
func Listings() []postgres.Listing {
	const key = `coalesce((select min(k.key) from title_keys k where k.library_id = $1 and k.title_id = t.id), t.id::text)`
	return []postgres.Listing{
		{Name: "titles", SQL: `
			select ` + key + ` as title_key, t.title, t.author, array_to_string(t.isbns, ';') as isbn, t.issn, t.oclc, t.publisher,
				t.year, t.format, t.form
			from titles t where exists (select 1 from items i where i.library_id = $1 and i.title_id = t.id and i.request_id is null)
				or exists (select 1 from title_keys k where k.library_id = $1 and k.title_id = t.id)
			order by t.id`},
		{Name: "items", SQL: `
			select i.barcode, ` + key + ` as title_key, t.title, t.author, array_to_string(t.isbns, ';') as isbn, t.issn, t.oclc,
				t.publisher, t.year, t.format, t.form, i.type, i.audience, i.age_mark, i.call_number, b.code as branch,
				` + decimal("i.price_minor") + ` as price, ` + decimal("i.price_paid_minor") + ` as price_paid,
				` + decimal("i.list_price_minor") + ` as list_price, i.parts, i.parts_missing, i.loan_note, i.brief, i.lendable,
				i.status, i.replaced_on as replaced, i.damaged_on as damaged, i.created_at as created
			from items i
			left join titles t on t.id = i.title_id
			left join branches b on b.library_id = i.library_id and b.id = i.branch_id
			where i.library_id = $1 and i.request_id is null order by i.barcode`},
		{Name: "borrowed_items", SQL: `
			select i.id, i.barcode, i.lender_barcode, i.type, i.status, i.request_id as request, i.created_at as created
			from items i where i.library_id = $1 and i.request_id is not null order by i.id`},
	}
}

// decimal is the SQL that writes minor units as 12.50.
func decimal(column string) string { return `round(` + column + ` / 100.0, 2)` }
