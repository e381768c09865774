package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// TitleRecord is a library's own record of a title, as it came in a file. Its JSON
// names are the table's columns.
type TitleRecord struct {
	Library broker.ID `json:"library_id"`
	ID      broker.ID `json:"id"`
	Title   broker.ID `json:"title_id"`
	// Key is the record's number where it comes from, else the title's id.
	Key    string `json:"key"`
	Record []byte `json:"record"`
}

// TitleRecordID is the id of the record that a library's files call by a key.
func TitleRecordID(library broker.ID, key string) broker.ID {
	return broker.DeriveID("title record", library.String(), key)
}

// SaveTitleRecords keeps records, new or changed, in one statement.
func SaveTitleRecords(ctx context.Context, tx *postgres.Tx, sources []TitleRecord) (postgres.Saved, error) {
	return postgres.Upsert{
		Table: "title_records", Update: []string{"title_id", "record"},
		Columns: postgres.Columns("library_id uuid", "id uuid", "title_id uuid", "key text", "record text = decode(f.record, 'base64')"),
	}.Rows(ctx, tx, sources)
}

// TitleRecordsOf gives a library's own records of some titles, by title, in the order
// of their keys.
func TitleRecordsOf(ctx context.Context, tx *postgres.Tx, library broker.ID, titles []broker.ID) (map[broker.ID][]TitleRecord, error) {
	rows, err := tx.Query(ctx, `select library_id, id, title_id, key, record from title_records
		where library_id = $1 and title_id = any ($2) order by key`, library, titles)
	if err != nil {
		return nil, fmt.Errorf("read the records of titles: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[TitleRecord])
	if err != nil {
		return nil, fmt.Errorf("read the records of titles: %w", err)
	}
	found := map[broker.ID][]TitleRecord{}
	for _, source := range list {
		found[source.Title] = append(found[source.Title], source)
	}
	return found, nil
}
