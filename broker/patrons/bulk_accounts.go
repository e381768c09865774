package patrons

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// PairRecord is a link or a proxy as files bring it in: two patrons of one
// library.
type PairRecord struct {
	Library broker.ID `json:"library_id"`
	// One is the parent, or the patron; Other the child, or the proxy.
	One   broker.ID `json:"one"`
	Other broker.ID `json:"other"`
	// On is the first day of a link, or the last of a proxy; zero gives none.
	On        broker.Date `json:"on_date,omitzero"`
	Today     broker.Date `json:"today"`
	CreatedAt time.Time   `json:"created_at"`
}

// ID names the pair among those of one file.
func (p PairRecord) ID() broker.ID { return broker.DeriveID("pair", p.One.String(), p.Other.String()) }

// SaveLinkRecords writes links, new or, where update is set, with another first
// day.
func SaveLinkRecords(ctx context.Context, tx *postgres.Tx, update bool, links []PairRecord) (postgres.Saved, error) {
	return savePairs(ctx, tx, links, `insert into patron_links as p (library_id, parent_id, child_id, since)
		select f.library_id, f.one, f.other, coalesce(f.on_date, f.today) from `+pairRows+`
		on conflict (library_id, parent_id, child_id) do update set since = excluded.since
		where $2 and p.since <> excluded.since returning parent_id, child_id, xmax = 0`, update)
}

// SaveProxyRecords writes proxies, new or, where update is set, with another last
// day.
func SaveProxyRecords(ctx context.Context, tx *postgres.Tx, update bool, proxies []PairRecord) (postgres.Saved, error) {
	return savePairs(ctx, tx, proxies, `insert into proxies as p (library_id, patron_id, proxy_id, until_on, created_at)
		select f.library_id, f.one, f.other, f.on_date, f.created_at from `+pairRows+`
		on conflict (library_id, patron_id, proxy_id) do update set until_on = excluded.until_on
		where $2 and p.until_on is distinct from excluded.until_on returning patron_id, proxy_id, xmax = 0`, update)
}

const pairRows = `jsonb_to_recordset($1) as f(library_id uuid, one uuid, other uuid, on_date date, today date, created_at timestamptz)`

func savePairs(ctx context.Context, tx *postgres.Tx, pairs []PairRecord, sql string, update bool) (postgres.Saved, error) {
	saved := postgres.Saved{New: map[broker.ID]bool{}, Changed: map[broker.ID]bool{}}
	if len(pairs) == 0 {
		return saved, nil
	}
	text, err := json.Marshal(pairs)
	if err != nil {
		return saved, fmt.Errorf("write pairs of patrons: %w", err)
	}
	rows, err := tx.Query(ctx, sql, text, update)
	if err != nil {
		return saved, fmt.Errorf("write pairs of patrons: %w", postgres.Mapped(err))
	}
	var pair PairRecord
	var isNew bool
	_, err = pgx.ForEachRow(rows, []any{&pair.One, &pair.Other, &isNew}, func() error {
		if isNew {
			saved.New[pair.ID()] = true
		} else {
			saved.Changed[pair.ID()] = true
		}
		return nil
	})
	if err != nil {
		return saved, fmt.Errorf("write pairs of patrons: %w", postgres.Mapped(err))
	}
	return saved, nil
}

// BlockRecord is a block as files bring it in. Its JSON names are the table's
// columns.
type BlockRecord struct {
	Library  broker.ID    `json:"library_id"`
	ID       broker.ID    `json:"id"`
	Patron   broker.ID    `json:"patron_id"`
	Kind     string       `json:"kind"`
	Stops    []string     `json:"stops"`
	Ground   string       `json:"ground"`
	Reason   string       `json:"reason"`
	Rule     string       `json:"rule"`
	From     broker.Date  `json:"from_on"`
	Until    broker.Date  `json:"until_on,omitzero"`
	PutBy    broker.Actor `json:"put_by"`
	LiftedAt *time.Time   `json:"lifted_at"`
}

// SaveBlockRecords writes the blocks that are not there yet, in one statement.
func SaveBlockRecords(ctx context.Context, tx *postgres.Tx, records []BlockRecord) (postgres.Saved, error) {
	return postgres.Upsert{
		Table: "blocks",
		Columns: postgres.Columns("library_id uuid", "id uuid", "patron_id uuid", "kind text", "stops text[]", "ground text", "reason text",
			"rule text", "from_on date", "until_on date", "put_by jsonb", "lifted_at timestamptz"),
	}.Rows(ctx, tx, records)
}
