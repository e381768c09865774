package patrons

import (
	"context"

	"afield/broker"
	"afield/broker/postgres"
)

// Merge queues what of an account becomes another's: cards, as aliases that find
// the other account and cannot be used; blocks, links and proxies; the later of
// two dates of use; and of name, birthday, telephone, e-mail, address and note
// what the other did not know. The account itself stays, closed, as a bare row
// for the books to point at, and names the account it became part of. A merge
// cannot be undone automatically: the old numbers still show which cards were the
// account's, and somebody who was merged by mistake is registered anew.
//
// Loans, holds, requests, money and notices are moved by the packages that own
// them; workflow/desk does the whole. LockBoth locks both patrons first.
func Merge(tx *postgres.Tx, from, to Patron) {
	args := []any{from.Library, from.ID, to.ID}
	for _, sql := range []string{
		`update cards set patron_id = $3, status = case when status = 'active' then 'replaced' else status end
			where library_id = $1 and patron_id = $2`,
		// A threshold that was crossed stays so until it is left, whoever's debt it was.
		`delete from blocks b where b.library_id = $1 and b.patron_id = $2 and b.kind = 'latched' and b.lifted_at is null
			and exists (select 1 from blocks o where o.library_id = $1 and o.patron_id = $3 and o.kind = 'latched'
				and o.rule = b.rule and o.lifted_at is null)`,
		`update blocks set patron_id = $3 where library_id = $1 and patron_id = $2`,
		// A link between the two means nothing any more; the others go over, unless the
		// other account has them already.
		`insert into patron_links (library_id, parent_id, child_id, since)
			select library_id, case parent_id when $2 then $3 else parent_id end, case child_id when $2 then $3 else child_id end, since
			from patron_links where library_id = $1 and $2::uuid in (parent_id, child_id) and not $3::uuid in (parent_id, child_id)
			on conflict do nothing`,
		`delete from patron_links where library_id = $1 and $2::uuid in (parent_id, child_id) and $3::uuid is not null`,
		`insert into proxies (library_id, patron_id, proxy_id, until_on, created_at)
			select library_id, case patron_id when $2 then $3 else patron_id end, case proxy_id when $2 then $3 else proxy_id end, until_on, created_at
			from proxies where library_id = $1 and $2::uuid in (patron_id, proxy_id) and not $3::uuid in (patron_id, proxy_id)
			on conflict do nothing`,
		`delete from proxies where library_id = $1 and $2::uuid in (patron_id, proxy_id) and $3::uuid is not null`,
		`update overrides set patron_id = $3 where library_id = $1 and patron_id = $2`,
		`update disclosures set patron_id = $3 where library_id = $1 and patron_id = $2`,
		`update patrons set merged_into = $3 where library_id = $1 and merged_into = $2`,
		// What the other account does not know about the person goes over, what it
		// knows stays; nothing personal is left behind.
		`update patrons t set born_on = coalesce(t.born_on, s.born_on), address = coalesce(nullif(t.address, ''), s.address),
				email = coalesce(t.email, s.email), phone = coalesce(t.phone, s.phone),
				phone_checked_on = case when t.phone is null then s.phone_checked_on else t.phone_checked_on end,
				name = coalesce(nullif(t.name, ''), s.name), note = concat_ws(E'\n', nullif(t.note, ''), nullif(s.note, ''))
			from patrons s where t.library_id = $1 and t.id = $3 and s.library_id = $1 and s.id = $2`,
		`update patrons set status = 'closed', merged_into = $3, name = '', born_on = null, phone = null, phone_checked_on = null,
				email = null, address = '', note = '', household_id = null, notice_channel = null, not_for = '{}', home_library = '',
				keep_history = null
			where library_id = $1 and id = $2`,
	} {
		tx.Queue(sql, args...)
	}
	tx.Queue(`update patrons set last_active_on = greatest(last_active_on, $3), registered_on = least(registered_on, $4)
		where library_id = $1 and id = $2`, to.Library, to.ID, from.LastActiveOn, from.RegisteredOn)
}

// Lock queues a lock on patrons of a library, so that nobody else acts for them
// until the transaction ends.
func Lock(tx *postgres.Tx, library broker.ID, ids ...broker.ID) {
	tx.Queue(`select 1 from patrons where library_id = $1 and id = any ($2) order by id for no key update`, library, ids)
}

// LockBoth reads two patrons of a library and locks them, in the order of their
// ids, so that two merges at once do not deadlock.
func LockBoth(ctx context.Context, tx *postgres.Tx, one, other Ref) (first, second Patron, err error) {
	if other.ID.String() < one.ID.String() {
		AskLocked(tx, other, &second)
		AskLocked(tx, one, &first)
	} else {
		AskLocked(tx, one, &first)
		AskLocked(tx, other, &second)
	}
	if err := tx.Flush(ctx); err != nil {
		return first, second, err
	}
	if first.ID == broker.NoID || second.ID == broker.NoID {
		return first, second, broker.NotFound("patron")
	}
	return first, second, nil
}
