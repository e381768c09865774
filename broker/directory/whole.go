package directory

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// SetUp lists the libraries that somebody set up, by name: members, those that
// are reached in some way, have stated terms or belong to a group, and the
// consortium itself. Others were only read from a directory file.
func SetUp(ctx context.Context, tx *postgres.Tx) ([]broker.ID, error) {
	return queryIDs(ctx, tx, `select l.id from libraries l
		where l.member or l.kind = 'consortium' or l.source_key is null
			or exists (select from peers p where p.library_id = l.id)
			or exists (select from lending_terms t where t.library_id = l.id)
			or exists (select from group_members g where g.library_id = l.id)
		order by l.name, l.id`)
}

// WithSymbols finds libraries by any of their symbols; symbols that nobody has
// are left out.
func WithSymbols(ctx context.Context, tx *postgres.Tx, symbols []broker.Symbol) (map[broker.Symbol]broker.ID, error) {
	var namespaces, values []string
	for _, symbol := range symbols {
		namespaces, values = append(namespaces, symbol.Namespace), append(values, symbol.Value)
	}
	rows, err := tx.Query(ctx, `select s.namespace, s.value, s.library_id
		from symbols s join unnest($1::text[], $2::text[]) as asked(namespace, value) using (namespace, value)`, namespaces, values)
	if err != nil {
		return nil, fmt.Errorf("read symbols: %w", err)
	}
	found := map[broker.Symbol]broker.ID{}
	var symbol broker.Symbol
	var library broker.ID
	_, err = pgx.ForEachRow(rows, []any{&symbol.Namespace, &symbol.Value, &library}, func() error {
		found[symbol] = library
		return nil
	})
	return found, err
}

// Groups lists every group by name.
func Groups(ctx context.Context, tx *postgres.Tx) ([]Group, error) {
	rows, err := tx.Query(ctx, `select id, name, kind from library_groups order by name, id`)
	if err != nil {
		return nil, fmt.Errorf("read groups: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Group])
}

// SharingGroups lists the sharing groups that libraries belong to, by name.
func SharingGroups(ctx context.Context, tx *postgres.Tx) ([]SharingGroup, error) {
	rows, err := tx.Query(ctx, `select g.id, g.name from sharing_groups g
		where exists (select from libraries l where l.sharing_group_id = g.id) order by g.name, g.id`)
	if err != nil {
		return nil, fmt.Errorf("read sharing groups: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[SharingGroup])
}

// Office reads the consortium's own entry; a not-found error where there is none.
func Office(ctx context.Context, tx *postgres.Tx) (Library, error) {
	return oneLibrary(ctx, tx, `where l.kind = $1`, KindConsortium)
}
