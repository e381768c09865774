package holds

import (
	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/lending"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Waiter is somebody else who waits for the title of an item on loan.
type Waiter struct {
	class  string
	notFor []string
}

// CouldUse tells whether a waiting patron may have this very copy: one that
// their card may not borrow, or that is withheld from their account, is no use
// to them.
func (w Waiter) CouldUse(document *policy.Document, desk standing.Desk, item catalog.Item) bool {
	decision := lending.MayCheckOut(document, desk.Moment(), lending.Checkout{
		Patron: policy.Patron{Class: w.class, NotFor: w.notFor}, Owner: desk.OwnerOf(item), Item: item.Type,
		Audience: item.Audience, Age: item.AgeMark, Lendable: item.Lendable,
	})
	for _, reason := range decision.Reasons {
		switch reason.Code {
		case "not_lendable", "card_does_not_lend", "not_for_minor":
			return false
		}
	}
	return true
}

// AskWaiters asks who besides a patron waits for the title of an item on loan
// and could be given this copy. It leaves out whoever wants another copy, or is
// passed over today.
func AskWaiters(tx *postgres.Tx, item catalog.Ref, but patrons.Ref, today broker.Date, into *[]Waiter) {
	*into = nil
	tx.Queue(`select coalesce(p.class, ''), coalesce(p.not_for, '{}')
		from items i join holds h on h.library_id = i.library_id and h.title_id = i.title_id and h.status = 'placed'
		left join patrons p on p.library_id = h.for_library_id and p.id = h.patron_id
		where i.library_id = $1 and i.id = $2 and i.request_id is null
			and (h.for_library_id, h.patron_id) is distinct from ($3::uuid, $4::uuid)
			and coalesce(h.wanted_item_id, h.item_id, i.id) = i.id
			and not coalesce(h.suspended_from <= $5 and (h.suspended_until is null or h.suspended_until >= $5), false)
		order by h.queued_at, h.id limit 100`, item.Library, item.ID, but.Library, but.ID, today).
		Query(func(rows pgx.Rows) (err error) {
			*into, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Waiter, error) {
				var w Waiter
				err := row.Scan(&w.class, &w.notFor)
				return w, err
			})
			return err
		})
}
