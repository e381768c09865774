package patrons

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/postgres"
)

// HouseholdKind tells a household from a business.
type HouseholdKind string

// The kinds.
const (
	OfHousehold HouseholdKind = "household"
	OfBusiness  HouseholdKind = "business"
)

// Household is a group that shares one fee or one card.
type Household struct {
	Library broker.ID
	ID      broker.ID
	Kind    HouseholdKind
	Name    string
	// PaidUntil is the last day a shared fee covers; zero when none was paid.
	PaidUntil broker.Date
	CreatedAt time.Time
}

// SaveHousehold queues a household or business, new or changed.
func SaveHousehold(tx *postgres.Tx, h Household) error {
	if h.Kind != OfHousehold && h.Kind != OfBusiness || h.Library == broker.NoID || h.ID == broker.NoID {
		return broker.Invalid(broker.FieldError{Pointer: "/kind", Code: "required", Message: "must be household or business, with an id"})
	}
	tx.Queue(`insert into households (library_id, id, kind, name, paid_until, created_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (library_id, id) do update set kind = excluded.kind, name = excluded.name, paid_until = excluded.paid_until`,
		h.Library, h.ID, h.Kind, h.Name, h.PaidUntil, h.CreatedAt)
	return nil
}

// lockHousehold reads and locks a household, so that two registrations at once do
// not both pay its fee.
func lockHousehold(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Household, error) {
	h := Household{Library: library, ID: id}
	err := tx.QueryRow(ctx, `select kind, name, paid_until, created_at from households
		where library_id = $1 and id = $2 for update`, library, id).Scan(&h.Kind, &h.Name, &h.PaidUntil, &h.CreatedAt)
	return h, missing(err, "household")
}

// householdCards counts the cards in use in a household.
func householdCards(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (cards int, err error) {
	err = tx.QueryRow(ctx, `select count(*)::int from cards c join patrons p on p.library_id = c.library_id and p.id = c.patron_id
		where p.library_id = $1 and p.household_id = $2 and c.status = 'active'`, library, id).Scan(&cards)
	return cards, err
}

func payHousehold(tx *postgres.Tx, library, id broker.ID, until broker.Date) {
	tx.Queue(`update households set paid_until = greatest(paid_until, $3) where library_id = $1 and id = $2`, library, id, until)
}
