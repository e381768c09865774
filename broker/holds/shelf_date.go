package holds

import (
	"afield/broker"
	"afield/broker/postgres"
)

// MoveShelfDate queues another last pick-up day for something on the hold
// shelf: the lender wants it back earlier, or staff gave more time.
func MoveShelfDate(tx *postgres.Tx, hold Ref, until broker.Date) {
	tx.Queue(`update holds set pick_up_by = $3 where library_id = $1 and id = $2 and status = 'on_hold_shelf'`, hold.Library, hold.ID, until)
}
