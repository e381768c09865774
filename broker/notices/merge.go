package notices

import (
	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// MovePatron queues moving the notices of one account to another, sent and
// unsent, when two accounts become one.
func MovePatron(tx *postgres.Tx, from, to patrons.Ref) {
	tx.Queue(`update notices set patron_id = $3 where library_id = $1 and patron_id = $2`, from.Library, from.ID, to.ID)
}

// ForgetPatrons queues deleting the notices of a library's patrons, when their
// accounts go.
func ForgetPatrons(tx *postgres.Tx, library broker.ID, ids []broker.ID) {
	tx.Queue(`delete from notices where library_id = $1 and patron_id = any ($2)`, library, ids)
}
