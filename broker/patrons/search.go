package patrons

import (
	"context"
	"fmt"
	"strings"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"

	"github.com/jackc/pgx/v5"
)

// Place is where a page of a search ended: its last patron. The zero Place is
// the beginning.
type Place struct {
	Name string
	ID   broker.ID
}

// Search finds the patrons of a library for its staff: by e-mail (with an @), by
// card or telephone number (digits), or by how the name begins. The patrons come
// in the order of their names, at most limit of them, after a place. Accounts
// that were purged or became part of another are left out, but the number of a
// replaced card still finds the patron who has the new one.
func Search(ctx context.Context, tx *postgres.Tx, library directory.Library, text string, after Place, limit int) ([]Patron, error) {
	condition, with := searchFor(text)
	if condition == "" {
		return nil, broker.Invalid(broker.FieldError{Pointer: "query:q", Code: "too_short", Message: "must be at least two characters"})
	}
	// $3 is the realm where cards are looked at; naming it always keeps the
	// arguments in one order.
	rows, err := tx.Query(ctx, `select `+patronColumns+` from patrons p
		where p.library_id = $1 and $3::uuid is not null and p.purged_on is null and p.merged_into is null and (`+condition+`)
			and ($4::uuid is null or (lower(p.name), p.id) > (lower($5), $4))
		order by lower(p.name), p.id limit $6`, library.ID, with, library.SharingGroup, after.ID, after.Name, limit)
	if err != nil {
		return nil, fmt.Errorf("search patrons: %w", err)
	}
	return collectPatrons(rows)
}

// Alike finds for each of some patrons of a library the other accounts that may
// be of the same person: the same name, and the same birthday, e-mail address or
// telephone number. Accounts that were purged or merged are left out.
func Alike(ctx context.Context, tx *postgres.Tx, library broker.ID, patrons ...Patron) (map[broker.ID][]broker.ID, error) {
	ids, names, born := make([]broker.ID, len(patrons)), make([]string, len(patrons)), make([]broker.Date, len(patrons))
	emails, phones := make([]string, len(patrons)), make([]string, len(patrons))
	for i, patron := range patrons {
		ids[i], names[i], born[i] = patron.ID, strings.TrimSpace(patron.Name), patron.BornOn
		emails[i], phones[i] = patron.Email, digitsOf(patron.Phone)
	}
	rows, err := tx.Query(ctx, `select f.id, p.id from unnest($2::uuid[], $3::text[], $4::date[], $5::text[], $6::text[]) as f (id, name, born_on, email, phone)
		join patrons p on p.library_id = $1 and p.name <> '' and lower(p.name) = lower(f.name) and p.id <> f.id
		where f.name <> '' and p.purged_on is null and p.merged_into is null and p.institution_id is null
			and (p.born_on = f.born_on or lower(p.email) = lower(f.email)
				or f.phone <> '' and regexp_replace(p.phone, '[^0-9]', '', 'g') = f.phone)
		order by f.id, p.created_at, p.id`, library, ids, names, born, emails, phones)
	if err != nil {
		return nil, fmt.Errorf("look for accounts of the same person: %w", err)
	}
	alike := map[broker.ID][]broker.ID{}
	var patron, other broker.ID
	_, err = pgx.ForEachRow(rows, []any{&patron, &other}, func() error {
		alike[patron] = append(alike[patron], other)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for accounts of the same person: %w", err)
	}
	return alike, nil
}

// digitsOf gives the digits of a text, in order.
func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// PlaceOf is where a page ends that has this patron last.
func PlaceOf(patron Patron) Place { return Place{Name: patron.Name, ID: patron.ID} }

// searchFor gives the condition for what was typed, with $2 its argument.
func searchFor(text string) (condition, with string) {
	text = broker.Plain(text)
	digits := digitsOf(text)
	switch {
	case len([]rune(text)) < 2:
		return "", ""
	case strings.Contains(text, "@"):
		return `lower(p.email) = lower($2)`, text
	case len(digits) >= 3 && strings.Trim(text, "0123456789 +-()./") == "":
		return `p.id in (select q.id from patrons q where q.library_id = $1 and q.phone is not null
				and regexp_replace(q.phone, '[^0-9]', '', 'g') = $2
			union all select c.patron_id from cards c where c.realm_id = $3 and c.number = $2 and c.library_id = $1)`, digits
	case digits != "" && !strings.Contains(text, " "):
		return `p.id in (select c.patron_id from cards c where c.realm_id = $3 and c.number = $2 and c.library_id = $1)`, text
	}
	escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
	return `lower(p.name) like lower($2) || '%'`, escaped
}
