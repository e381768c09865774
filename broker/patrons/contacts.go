package patrons

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Contact is how to reach a patron by letter, mail or telephone. It goes into no
// job and no log.
type Contact struct {
	Name, Phone, Email string
	// Address is the postal address, line by line; empty when not known.
	Address string
	// Language is the one the patron reads, for example "en" or "fr".
	Language string
}

// Contacts tells how to reach several patrons of a library; patrons that do not
// exist are left out.
func Contacts(ctx context.Context, tx *postgres.Tx, library broker.ID, ids []broker.ID) (map[broker.ID]Contact, error) {
	rows, err := tx.Query(ctx, `select id, name, coalesce(phone, ''), coalesce(email, ''), address, language
		from patrons where library_id = $1 and id = any ($2)`, library, ids)
	if err != nil {
		return nil, fmt.Errorf("read how patrons are reached: %w", err)
	}
	contacts := map[broker.ID]Contact{}
	var id broker.ID
	var c Contact
	_, err = pgx.ForEachRow(rows, []any{&id, &c.Name, &c.Phone, &c.Email, &c.Address, &c.Language}, func() error {
		contacts[id] = c
		return nil
	})
	return contacts, err
}
