package consortium

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/postgres"
)

// Count gathers the facts of a set-up: of one library, or of all where it is NoID.
// The transaction sees those libraries.
func Count(ctx context.Context, tx *postgres.Tx, doors *access.Service, library broker.ID) (Facts, error) {
	in, err := Load(ctx, tx, doors, File{})
	if err != nil {
		return Facts{}, err
	}
	facts := Facts{}
	if in.Consortium != nil {
		facts.Consortium = in.Consortium.Name
	}
	if facts.Operators, err = doors.Operators(ctx, tx); err != nil {
		return Facts{}, err
	}
	patrons, items, err := population(ctx, tx)
	if err != nil {
		return Facts{}, err
	}
	for _, said := range in.Libraries {
		one := in.libraries[said.Symbols[0]]
		switch {
		case said.Is != isMember:
			facts.Partners++
		case library == broker.NoID || one.ID == library:
			member := said.facts()
			member.Status, member.Patrons, member.Items = one.Status, patrons[one.ID], items[one.ID]
			facts.Members = append(facts.Members, member)
		}
	}
	return facts, nil
}

// facts are what a library says of itself.
func (l Library) facts() MemberFacts {
	open := func(week *Week) bool { return week != nil && *week != (Week{}) }
	member := MemberFacts{Name: l.Name, Branches: len(l.Branches), Tiers: len(l.Tiers), Policy: l.Policy}
	for _, branch := range l.Branches {
		if open(branch.Hours) || open(l.Hours) {
			member.OpenHours++
		}
	}
	for _, staff := range l.Staff {
		switch {
		case staff.Status == staffDisabled:
		case slices.Contains(staff.Roles, access.RoleDirector) || slices.Contains(staff.Roles, access.RoleAdmin):
			member.Directors++
		default:
			member.Others++
		}
	}
	return member
}

// population counts the patrons and items of each member, no further than Enough.
func population(ctx context.Context, tx *postgres.Tx) (patrons, items map[broker.ID]int, err error) {
	rows, err := tx.Query(ctx, `select l.id,
			(select count(*)::int from (select from patrons p where p.library_id = l.id and p.purged_on is null and p.institution_id is null limit $1) s),
			(select count(*)::int from (select from items i where i.library_id = l.id limit $1) s)
		from libraries l where l.member`, Enough+1)
	if err != nil {
		return nil, nil, fmt.Errorf("count patrons and items: %w", err)
	}
	patrons, items = map[broker.ID]int{}, map[broker.ID]int{}
	var id broker.ID
	var people, copies int
	_, err = pgx.ForEachRow(rows, []any{&id, &people, &copies}, func() error {
		patrons[id], items[id] = people, copies
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("count patrons and items: %w", err)
	}
	return patrons, items, nil
}
