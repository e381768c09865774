package notices

import (
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// MovePatron queues that another account gets the notices of one, sent and
// unsent, when two accounts become one.
func MovePatron(tx *postgres.Tx, from, to patrons.Ref) {
	tx.Queue(`update notices set patron_id = $3 where library_id = $1 and patron_id = $2`, from.Library, from.ID, to.ID)
}

// ForgetPatron queues the removal of a patron's notices, when the account goes.
func ForgetPatron(tx *postgres.Tx, patron patrons.Ref) {
	tx.Queue(`delete from notices where library_id = $1 and patron_id = $2`, patron.Library, patron.ID)
}
