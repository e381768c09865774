package catalog

import (
	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Named is an item, or a title, of which somebody wants to know what it is
// called.
type Named struct {
	Item  Ref
	Title broker.ID
}

// AskNames queues reading by what words items and titles can be told in a text:
// the title, its numbers, the barcodes and the ids. words has them by the id of
// the item or the title.
func AskNames(tx *postgres.Tx, named []Named, words map[broker.ID][]string) {
	var libraries, items, titles []broker.ID
	for _, one := range named {
		if one.Item.ID != broker.NoID {
			libraries, items = append(libraries, one.Item.Library), append(items, one.Item.ID)
		}
		if one.Title != broker.NoID {
			titles = append(titles, one.Title)
		}
	}
	const told = `array[t.title, t.id::text, t.issn, t.oclc] || t.isbns`
	tx.Queue(`select distinct i.id, array_remove(array[i.barcode, i.lender_barcode, i.id::text] || `+told+`, null)
			from unnest($1::uuid[], $2::uuid[]) as f (library_id, id)
			join items i on i.library_id = f.library_id and i.id = f.id left join titles t on t.id = i.title_id
		union all select t.id, array_remove(`+told+`, null) from titles t where t.id = any ($3)`, libraries, items, titles).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var id broker.ID
				var called []string
				if err := rows.Scan(&id, &called); err != nil {
					return err
				}
				words[id] = append(words[id], called...)
			}
			return rows.Err()
		})
}
