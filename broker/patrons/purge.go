package patrons

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/postgres"
)

// PurgeCandidates gives accounts that a purge may look at tonight, in the order
// of their ids after one: those unused, or expired, for at least the shortest
// time any rule of the policy names. Purge decides about each.
func PurgeCandidates(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, today broker.Date, after broker.ID, limit int) ([]broker.ID, error) {
	months, any := shortest(document)
	if !any {
		return nil, nil
	}
	before := today.AddMonths(-months).AddDays(3) // month ends are clamped; the policy counts exactly
	rows, err := tx.Query(ctx, `select p.id from patrons p
		where p.library_id = $1 and ($2::uuid is null or p.id > $2) and p.purged_on is null and p.institution_id is null
			and (p.expires_on <= $3 or coalesce(p.last_active_on, p.registered_on, p.created_at::date) <= $3)
		order by p.id limit $4`, library.ID, after, before, limit)
	if err != nil {
		return nil, fmt.Errorf("find accounts to purge: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[broker.ID])
}

// shortest is the least time any purge rule asks for, in months.
func shortest(document *policy.Document) (months int, any bool) {
	for _, class := range document.Classes() {
		for _, rule := range accounts.PurgeRules(document, class).Value {
			for _, named := range []int{rule.UnusedMonths, rule.ExpiredMonths} {
				if named > 0 && (!any || named < months) {
					months, any = named, true
				}
			}
		}
	}
	return months, any
}

// Purged is the outcome of a purge.
type Purged struct {
	// By is the rule that let the account go; "" when it stays.
	By       string
	WriteOff broker.Money
	// On is the day from which the rule let it go, however late the night was.
	On broker.Date
	// Reasons are why it stays.
	Reasons []broker.Reason
}

// Purge lets an account go if the policy says so: what it owes is written off by
// entries in the ledger, and everything personal is removed. The bare row stays
// for the books. open is how much is still lent, on hold or asked for, counted
// while the patron is locked. Purging again, or purging a patron who is gone,
// does nothing.
func Purge(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, ref Ref, open int, now time.Time) (Purged, error) {
	purged, err := PurgeAll(ctx, tx, library, document, []broker.ID{ref.ID}, map[broker.ID]int{ref.ID: open}, now)
	if err != nil {
		return Purged{}, err
	}
	return purged[0], nil
}

// PurgeAll does what Purge does for many accounts of a library, in the order of
// their ids. It reads and writes in a few round trips, however many there are; an
// account with something to write off takes some more.
func PurgeAll(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, ids []broker.ID, open map[broker.ID]int, now time.Time) ([]Purged, error) {
	standings := make([]Standing, len(ids))
	for i, id := range ids {
		AskStanding(tx, library, Ref{Library: library.ID, ID: id}, &standings[i])
	}
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("read accounts to purge: %w", err)
	}
	purged := make([]Purged, len(ids))
	var gone []broker.ID
	var since []broker.Date
	for i, standing := range standings {
		if standing.Patron.ID == broker.NoID || !standing.Patron.PurgedOn.IsZero() || standing.Patron.Institution != broker.NoID {
			continue
		}
		var err error
		if purged[i], err = purge(ctx, tx, library, document, standing, open[ids[i]], now); err != nil {
			return nil, err
		}
		if purged[i].By != "" {
			gone, since = append(gone, ids[i]), append(since, purged[i].On)
		}
	}
	forget(tx, library.ID, gone, since)
	return purged, nil
}

// purge decides about one account, and writes off what it owes.
func purge(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, standing Standing, open int, now time.Time) (Purged, error) {
	ref := standing.Patron.Ref()
	decision := accounts.MayPurge(document, policy.Moment{Now: now, Calendar: library.Calendar}, accounts.Account{
		Class: standing.Patron.Class, LastUsed: standing.Patron.lastUsed(library), Expired: standing.Patron.ExpiresOn,
		Owes: standing.Balances.Total(), Linked: len(standing.Linked) > 0, Open: open,
	})
	if !decision.Allowed {
		return Purged{Reasons: decision.Reasons}, nil
	}
	if standing.Balances.Total().Minor > 0 {
		why := ledger.Answer{
			Library: ref.Library, Cause: "purge:" + ref.ID.String(), Note: "written off: " + decision.By,
			Actor: broker.System(ref.Library), At: now,
		}
		if _, err := ledger.WriteOff(ctx, tx, Account(library, ref), decision.WriteOff, why); err != nil {
			return Purged{}, fmt.Errorf("write off what is owed: %w", err)
		}
	}
	on := decision.On.Later(library.Today(standing.Patron.CreatedAt)) // an account that was taken over from a file begins here
	return Purged{By: decision.By, WriteOff: decision.WriteOff, On: on}, nil
}

// lastUsed is when the account was last used: the last circulation or, where
// there was none, the day it began. A new account does not count as unused.
func (p Patron) lastUsed(library directory.Library) broker.Date {
	switch {
	case !p.LastActiveOn.IsZero():
		return p.LastActiveOn
	case !p.RegisteredOn.IsZero():
		return p.RegisteredOn
	}
	return library.Today(p.CreatedAt)
}

// forget queues the removal of everything personal, which is gone since some days.
// Rows of other packages that
// point at the patron (loans, holds, requests, entries) find a bare row.
func forget(tx *postgres.Tx, library broker.ID, gone []broker.ID, since []broker.Date) {
	if len(gone) == 0 {
		return
	}
	for _, sql := range []string{
		`delete from cards where library_id = $1 and patron_id = any ($2)`,
		`delete from blocks where library_id = $1 and patron_id = any ($2)`,
		`delete from patron_links where library_id = $1 and (parent_id = any ($2) or child_id = any ($2))`,
		`delete from proxies where library_id = $1 and (patron_id = any ($2) or proxy_id = any ($2))`,
		`update overrides set patron_id = null, reason = 'of a purged account' where library_id = $1 and patron_id = any ($2)`,
		// A household's name is its members': it goes with the last of them.
		`update households h set name = '' from patrons p
			where p.library_id = $1 and p.id = any ($2) and h.library_id = p.library_id and h.id = p.household_id and not exists (
				select 1 from patrons o where o.library_id = $1 and o.household_id = h.id and o.id <> all ($2) and o.purged_on is null)`,
	} {
		tx.Queue(sql, library, gone)
	}
	tx.Queue(`update patrons p set name = '', born_on = null, phone = null, phone_checked_on = null, email = null, address = '',
			note = '', household_id = null, notice_channel = null, not_for = '{}', home_library = '', keep_history = null,
			status = 'closed', purged_on = g.since
		from unnest($2::uuid[], $3::date[]) g (id, since) where p.library_id = $1 and p.id = g.id`, library, gone, since)
}

// AdultsToPrompt gives minors who have come of age and about whom staff have not
// been asked yet, in the order of their ids after one. Only classes for which a
// guardian answers are looked at. PromptAdult marks each.
func AdultsToPrompt(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, today broker.Date, after broker.ID, limit int) ([]broker.ID, error) {
	if accounts.AdultAge(document).Value.Then != "prompt_staff" {
		return nil, nil
	}
	// Somebody who turns on 28 February by one custom does so on 1 March by the
	// other, so the days around it are read too and the policy sorts them.
	bornBy := today.AddMonths(-12 * accounts.AdultAge(document).Value.Age).AddDays(1)
	rows, err := tx.Query(ctx, `select id, born_on from patrons
		where library_id = $1 and ($2::uuid is null or id > $2) and born_on <= $3 and adult_prompted_on is null and status <> 'closed' and class = any ($4)
		order by id limit $5`, library.ID, after, bornBy, minors(document), limit)
	if err != nil {
		return nil, fmt.Errorf("find minors come of age: %w", err)
	}
	var adults []broker.ID
	var id broker.ID
	var born broker.Date
	_, err = pgx.ForEachRow(rows, []any{&id, &born}, func() error {
		if accounts.PromptsAtAdulthood(document, born, today) {
			adults = append(adults, id)
		}
		return nil
	})
	return adults, err
}

// minors are the classes for which a guardian answers.
func minors(document *policy.Document) []string {
	return slices.DeleteFunc(document.Classes(), func(class string) bool {
		return accounts.LiableFor(document, class).Value != attributes.LiableGuardian
	})
}

// PromptAdult queues a record that staff are asked to look at a patron who came
// of age, as of the day on which that was, or the account began, and gives that
// day. Nothing else changes: loans, holds and class stay (PAT-01).
func PromptAdult(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, ref Ref) (broker.Date, error) {
	patron, err := ByID(ctx, tx, ref)
	if err != nil {
		return broker.Date{}, err
	}
	on := accounts.AdultOn(document, patron.BornOn).Value.Later(library.Today(patron.CreatedAt))
	tx.Queue(`update patrons set adult_prompted_on = $3 where library_id = $1 and id = $2 and adult_prompted_on is null`, ref.Library, ref.ID, on)
	return on, nil
}

func collectPatrons(rows pgx.Rows) ([]Patron, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Patron, error) {
		var patron Patron
		err := scanPatron(row, &patron)
		return patron, err
	})
}
