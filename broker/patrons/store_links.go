package patrons

import (
	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/postgres"
)

// LinkGroup begins a query with link_group (id), the whole group of links around
// patron $2 of library $1, the patron included. Each step asks two indexes, so a
// patron without links costs two look-ups. Other packages use it to ask what
// linked accounts have there.
const LinkGroup = `with recursive link_group (id) as (
		select $2::uuid
		union
		select next.id from link_group g
		cross join lateral (
			select l.child_id as id from patron_links l where l.library_id = $1 and l.parent_id = g.id
			union all
			select l.parent_id from patron_links l where l.library_id = $1 and l.child_id = g.id) next)`

// askLinked queues a look-up of the accounts linked to a patron's, near and far,
// with what each owes and which blocks were put on it. What is owed is read here
// as well as in the ledger, because only this query knows the group, and a second
// one would cost the hot acts a round trip.
func askLinked(tx *postgres.Tx, library directory.Library, ref Ref, into *[]Linked) {
	tx.Queue(LinkGroup+`
		select p.id, p.status,
			array(select l.parent_id from patron_links l where l.library_id = $1 and l.child_id = p.id),
			(select jsonb_object_agg(owed.kind, owed.minor) from (
				select line.kind, sum(line.minor)::bigint as minor from (
					select e.charge_kind as kind, e.amount_minor as minor from ledger_entries e
					where e.library_id = $1 and e.patron_id = p.id
					union all
					select $3, a.amount_minor from accruals a where a.library_id = $1 and a.patron_id = p.id) line
				group by 1) owed where owed.minor <> 0),
			(select jsonb_agg(jsonb_build_object('kind', b.kind, 'stops', b.stops, 'reason', b.reason, 'rule', b.rule,
					'from', b.from_on, 'until', b.until_on) order by b.from_on, b.id)
				from blocks b where b.library_id = $1 and b.patron_id = p.id and b.lifted_at is null)
		from link_group g join patrons p on p.library_id = $1 and p.id = g.id
		where (select count(*) from link_group) > 1
		order by p.id`, ref.Library, ref.ID, ledger.Overdue).
		Query(func(rows pgx.Rows) error {
			group, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Linked, error) {
				return scanLinked(row, library)
			})
			*into = kinship(ref.ID, group)
			return err
		})
}

// storedBlock is a block as askLinked reads it.
type storedBlock struct {
	Kind   BlockKind    `json:"kind"`
	Stops  []string     `json:"stops"`
	Reason string       `json:"reason"`
	Rule   string       `json:"rule"`
	From   broker.Date  `json:"from"`
	Until  *broker.Date `json:"until"`
}

func scanLinked(row pgx.Row, library directory.Library) (Linked, error) {
	account := Linked{Ref: Ref{Library: library.ID}}
	var blocks []storedBlock
	var owed map[string]int64
	if err := row.Scan(&account.Ref.ID, &account.Status, &account.parents, &owed, &blocks); err != nil {
		return account, err
	}
	account.Balances = ledger.Balances{Currency: library.Currency, ByKind: owed}
	for _, b := range blocks {
		block := Block{
			Library: library.ID, Patron: account.Ref.ID, Kind: b.Kind, Stops: b.Stops, Reason: b.Reason,
			Rule: b.Rule, From: b.From,
		}
		if b.Until != nil {
			block.Until = *b.Until
		}
		account.Blocks = append(account.Blocks, block)
	}
	return account, nil
}
