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

// Waiters are others who wait for the title of an item on loan, all of one class
// and kept from the same material, so that the policy answers for all of them at
// once.
type Waiters struct {
	// Count is how many they are.
	Count  int
	class  string
	notFor []string
}

// CouldUse tells whether the waiting patrons may have this very copy: one that
// their card may not borrow, or that is withheld from their account, is no use
// to them.
func (w Waiters) CouldUse(document *policy.Document, desk standing.Desk, item catalog.Item) bool {
	return couldUse(document, desk, policy.Patron{Class: w.class, NotFor: w.notFor}, item)
}

// couldUse tells whether a copy is of a kind that somebody may have.
func couldUse(document *policy.Document, desk standing.Desk, who policy.Patron, item catalog.Item) bool {
	decision := lending.MayCheckOut(document, desk.Moment(), lending.Checkout{
		Patron: who, Owner: desk.OwnerOf(item), Item: item.Type,
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
// and could be given this copy: everybody in the queue, however long it is, in
// as many rows as there are classes and restrictions. It leaves out whoever
// wants another copy, or is passed over today.
func AskWaiters(tx *postgres.Tx, item catalog.Ref, but patrons.Ref, today broker.Date, into *[]Waiters) {
	*into = nil
	tx.Queue(`select coalesce(p.class, ''), coalesce(p.not_for, '{}'), count(*)::int
		from items i join holds h on h.library_id = i.library_id and h.title_id = i.title_id and h.status = 'placed'
		left join patrons p on p.library_id = h.for_library_id and p.id = h.patron_id
		where i.library_id = $1 and i.id = $2 and i.request_id is null
			and (h.for_library_id, h.patron_id) is distinct from ($3::uuid, $4::uuid)
			and coalesce(h.wanted_item_id, h.item_id, i.id) = i.id
			and not coalesce(h.suspended_from <= $5 and (h.suspended_until is null or h.suspended_until >= $5), false)
		group by 1, 2`, item.Library, item.ID, but.Library, but.ID, today).
		Query(func(rows pgx.Rows) (err error) {
			*into, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Waiters, error) {
				var w Waiters
				err := row.Scan(&w.class, &w.notFor, &w.Count)
				return w, err
			})
			return err
		})
}
