package engine

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Lock takes requests for update, in order of id, until the transaction ends.
// Whoever acts on an item first and fires afterwards must lock its requests
// before the item: messages and deadlines lock the request first, and the other
// order could deadlock with them. Requests that are not there are passed over.
func Lock(ctx context.Context, tx *postgres.Tx, refs ...standing.RequestRef) error {
	if len(refs) == 0 {
		return nil
	}
	libraries, ids := make([]broker.ID, len(refs)), make([]broker.ID, len(refs))
	for i, ref := range refs {
		libraries[i], ids[i] = ref.Library, ref.Request
	}
	_, err := tx.Exec(ctx, `select 1 from requests where (library_id, id) in (select * from unnest($1::uuid[], $2::uuid[]))
		order by id for update`, libraries, ids)
	if err != nil {
		return fmt.Errorf("lock requests: %w", err)
	}
	return nil
}
