package patrons

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

const patronColumns = `p.library_id, p.id, p.class, p.name, p.institution_id, p.branch_id, p.born_on, coalesce(p.phone, ''),
	p.phone_checked_on, coalesce(p.email, ''), coalesce(p.notice_channel, ''), p.expires_on, p.status, p.note, p.created_at,
	p.household_id, p.address, p.language, p.not_for, p.home_library, p.keep_history, p.registered_on, p.last_active_on,
	p.adult_prompted_on, p.merged_into, p.purged_on`

func scanPatron(row pgx.Row, p *Patron, more ...any) error {
	err := row.Scan(append([]any{
		&p.Library, &p.ID, &p.Class, &p.Name, &p.Institution, &p.Branch, &p.BornOn, &p.Phone,
		&p.PhoneCheckedOn, &p.Email, &p.NoticeChannel, &p.ExpiresOn, &p.Status, &p.Note, &p.CreatedAt,
		&p.Household, &p.Address, &p.Language, &p.NotFor, &p.HomeLibrary, &p.KeepHistory, &p.RegisteredOn, &p.LastActiveOn,
		&p.AdultPromptedOn, &p.MergedInto, &p.PurgedOn,
	}, more...)...)
	p.CreatedAt = p.CreatedAt.UTC()
	return err
}

const cardColumns = `c.library_id, c.id, c.realm_id, c.number, c.patron_id, coalesce(c.pin_hash, ''), c.status, c.created_at,
	c.stopped_on, c.replaces, c.deposit_id, c.pin_set_at`

func scanCard(row pgx.Row, c *Card, more ...any) error {
	err := row.Scan(append(c.fields(), more...)...)
	c.CreatedAt, c.PINSetAt = c.CreatedAt.UTC(), c.PINSetAt.UTC()
	return err
}

// fields are where cardColumns are scanned into.
func (c *Card) fields() []any {
	return []any{
		&c.Library, &c.ID, &c.Realm, &c.Number, &c.Patron, &c.PINHash, &c.Status, &c.CreatedAt,
		&c.StoppedOn, &c.Replaces, &c.Deposit, &c.PINSetAt,
	}
}

const blockColumns = `b.library_id, b.id, b.patron_id, b.kind, b.stops, b.reason, b.rule, b.from_on, b.until_on, b.put_by, b.lifted_at, b.ground`

func scanBlock(row pgx.CollectableRow) (Block, error) {
	var b Block
	err := row.Scan(&b.Library, &b.ID, &b.Patron, &b.Kind, &b.Stops, &b.Reason, &b.Rule, &b.From, &b.Until, &b.PutBy, &b.LiftedAt, &b.Ground)
	b.LiftedAt = b.LiftedAt.UTC()
	return b, err
}

// ByID gives a patron; not found when the library has no such patron or is not
// in the transaction's scope.
func ByID(ctx context.Context, tx *postgres.Tx, ref Ref) (Patron, error) {
	var patron Patron
	err := scanPatron(tx.QueryRow(ctx, `select `+patronColumns+` from patrons p where p.library_id = $1 and p.id = $2`,
		ref.Library, ref.ID), &patron)
	return patron, missing(err, "patron")
}

// AskLocked queues reading a patron and locks them, so that nobody else acts for
// them until the transaction ends; the answer stands after the next flush, with
// NoID when there is no such patron.
func AskLocked(tx *postgres.Tx, ref Ref, into *Patron) {
	tx.Queue(`select `+patronColumns+` from patrons p where p.library_id = $1 and p.id = $2 for no key update`,
		ref.Library, ref.ID).QueryRow(func(row pgx.Row) error { return orNone(scanPatron(row, into)) })
}

// ByCard gives the patron and the card that have a number in a realm. The caller
// looks at the card's status: a lost or stolen card still finds its patron.
func ByCard(ctx context.Context, tx *postgres.Tx, realm broker.ID, number string) (Patron, Card, error) {
	var patron Patron
	var card Card
	row := tx.QueryRow(ctx, `select `+patronColumns+`, `+cardColumns+`
		from cards c join patrons p on p.library_id = c.library_id and p.id = c.patron_id
		where c.realm_id = $1 and c.number = $2`, realm, broker.Plain(number))
	err := scanPatron(row, &patron, card.fields()...)
	card.CreatedAt = card.CreatedAt.UTC()
	return patron, card, missing(err, "card")
}

// AskByCard queues ByCard; the answer stands after the next flush, with NoID
// where no card has the number.
func AskByCard(tx *postgres.Tx, realm broker.ID, number string, patron *Patron, card *Card) {
	tx.Queue(`select `+patronColumns+`, `+cardColumns+`
		from cards c join patrons p on p.library_id = c.library_id and p.id = c.patron_id
		where c.realm_id = $1 and c.number = $2`, realm, broker.Plain(number)).QueryRow(func(row pgx.Row) error {
		err := scanPatron(row, patron, card.fields()...)
		card.CreatedAt = card.CreatedAt.UTC()
		return orNone(err)
	})
}

// Ask queues ByID; the answer stands after the next flush, with NoID where there
// is no such patron.
func Ask(tx *postgres.Tx, ref Ref, into *Patron) {
	tx.Queue(`select `+patronColumns+` from patrons p where p.library_id = $1 and p.id = $2`, ref.Library, ref.ID).
		QueryRow(func(row pgx.Row) error { return orNone(scanPatron(row, into)) })
}

// AskAll queues the reading of many patrons, in one statement; those that are gone
// are not in the answer.
func AskAll(tx *postgres.Tx, refs []Ref, into map[Ref]Patron) {
	libraries, ids := make([]broker.ID, len(refs)), make([]broker.ID, len(refs))
	for i, ref := range refs {
		libraries[i], ids[i] = ref.Library, ref.ID
	}
	tx.Queue(`select `+patronColumns+` from patrons p where (p.library_id, p.id) in (select * from unnest($1::uuid[], $2::uuid[]))`, libraries, ids).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var patron Patron
				if err := scanPatron(rows, &patron); err != nil {
					return err
				}
				into[patron.Ref()] = patron
			}
			return rows.Err()
		})
}

// Cards lists a patron's cards, newest first.
func Cards(ctx context.Context, tx *postgres.Tx, ref Ref) ([]Card, error) {
	rows, err := tx.Query(ctx, `select `+cardColumns+` from cards c where c.library_id = $1 and c.patron_id = $2
		order by c.created_at desc, c.id desc`, ref.Library, ref.ID)
	if err != nil {
		return nil, fmt.Errorf("read cards: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Card, error) {
		var card Card
		err := scanCard(row, &card)
		return card, err
	})
}

// savePatron queues a patron as it is now. The day of the last circulation only
// moves forward, because a desk may write it meanwhile (TouchActive).
func savePatron(tx *postgres.Tx, p Patron) {
	tx.Queue(`insert into patrons (library_id, id, class, name, institution_id, branch_id, born_on, phone, phone_checked_on,
			email, notice_channel, expires_on, status, note, created_at, household_id, address, language, not_for,
			home_library, keep_history, registered_on, last_active_on, adult_prompted_on, merged_into)
		values ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''), $9, nullif($10, ''), nullif($11, ''), $12, $13, $14, $15,
			$16, $17, coalesce(nullif($18, ''), 'en'), coalesce($19::text[], '{}'), $20, $21, $22, $23, $24, $25)
		on conflict (library_id, id) do update set class = excluded.class, name = excluded.name,
			branch_id = excluded.branch_id, born_on = excluded.born_on, phone = excluded.phone,
			phone_checked_on = excluded.phone_checked_on, email = excluded.email, notice_channel = excluded.notice_channel,
			expires_on = excluded.expires_on, status = excluded.status, note = excluded.note,
			household_id = excluded.household_id, address = excluded.address, language = excluded.language,
			not_for = excluded.not_for, home_library = excluded.home_library, keep_history = excluded.keep_history,
			registered_on = excluded.registered_on, adult_prompted_on = excluded.adult_prompted_on,
			merged_into = excluded.merged_into,
			last_active_on = greatest(patrons.last_active_on, excluded.last_active_on)`,
		p.Library, p.ID, p.Class, broker.Plain(p.Name), p.Institution, p.Branch, p.BornOn, p.Phone, p.PhoneCheckedOn,
		p.Email, p.NoticeChannel, p.ExpiresOn, p.Status, p.Note, p.CreatedAt, p.Household, p.Address, p.Language,
		p.NotFor, p.HomeLibrary, p.KeepHistory, p.RegisteredOn, p.LastActiveOn, p.AdultPromptedOn, p.MergedInto)
}

func saveCard(tx *postgres.Tx, c Card) {
	tx.Queue(`insert into cards (library_id, id, realm_id, number, patron_id, pin_hash, status, created_at, stopped_on, replaces, deposit_id, pin_set_at)
		values ($1, $2, $3, $4, $5, nullif($6, ''), $7, $8, $9, $10, $11, $12)
		on conflict (library_id, id) do update set number = excluded.number, patron_id = excluded.patron_id,
			pin_hash = excluded.pin_hash, status = excluded.status, stopped_on = excluded.stopped_on, deposit_id = excluded.deposit_id,
			pin_set_at = excluded.pin_set_at`,
		c.Library, c.ID, c.Realm, broker.Plain(c.Number), c.Patron, c.PINHash, c.Status, c.CreatedAt, c.StoppedOn, c.Replaces, c.Deposit, c.PINSetAt)
}

// SetPINHash queues the hash of a card's PIN, which broker/access makes and
// compares.
func SetPINHash(tx *postgres.Tx, library, card broker.ID, hash string, at time.Time) {
	tx.Queue(`update cards set pin_hash = $3, pin_set_at = $4 where library_id = $1 and id = $2`, library, card, hash, at)
}

// insertInstitution adds the institutional patron unless there is one already.
func insertInstitution(tx *postgres.Tx, p Patron) {
	tx.Queue(`insert into patrons (library_id, id, class, name, institution_id, status, created_at)
		values ($1, $2, $3, $4, $5, 'active', $6)
		on conflict (library_id, institution_id) where institution_id is not null do nothing`,
		p.Library, p.ID, p.Class, broker.Plain(p.Name), p.Institution, p.CreatedAt)
}

func institution(ctx context.Context, tx *postgres.Tx, library, borrower broker.ID) (Patron, error) {
	var patron Patron
	err := scanPatron(tx.QueryRow(ctx, `select `+patronColumns+` from patrons p
		where p.library_id = $1 and p.institution_id = $2`, library, borrower), &patron)
	return patron, missing(err, "institutional patron")
}

// askBlocks queues a look-up of the blocks that were put and not lifted.
func askBlocks(tx *postgres.Tx, ref Ref, into *[]Block) {
	tx.Queue(`select `+blockColumns+` from blocks b where b.library_id = $1 and b.patron_id = $2 and b.lifted_at is null
		order by b.from_on, b.id`, ref.Library, ref.ID).
		Query(func(rows pgx.Rows) (err error) {
			*into, err = pgx.CollectRows(rows, scanBlock)
			return err
		})
}

// askCards queues a look-up of whether the patron has a card, and one in use.
func askCards(tx *postgres.Tx, ref Ref, any, usable *bool) {
	tx.Queue(`select count(*) > 0, count(*) filter (where status = 'active') > 0
		from cards where library_id = $1 and patron_id = $2`, ref.Library, ref.ID).
		QueryRow(func(row pgx.Row) error { return row.Scan(any, usable) })
}

func addBlock(tx *postgres.Tx, b Block) {
	tx.Queue(`insert into blocks (library_id, id, patron_id, kind, stops, reason, rule, from_on, until_on, put_by, ground)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		b.Library, b.ID, b.Patron, b.Kind, b.Stops, b.Reason, b.Rule, b.From, b.Until, b.PutBy, b.Ground)
}

func liftBlock(tx *postgres.Tx, library, id broker.ID, at time.Time) {
	tx.Queue(`update blocks set lifted_at = $3 where library_id = $1 and id = $2 and lifted_at is null`, library, id, at)
}

func missing(err error, what string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return broker.NotFound(what)
	}
	if err != nil {
		return fmt.Errorf("read a %s: %w", what, err)
	}
	return nil
}

// orNone leaves the target zero where a queued reading finds nothing.
func orNone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}
