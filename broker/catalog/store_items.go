package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

const selectItems = `
	select i.library_id, i.id, i.realm_id, i.barcode, i.title_id, i.branch_id, i.type, i.audience, i.call_number,
	       i.price_minor, i.currency, i.status, i.lendable, i.request_id, coalesce(i.lender_barcode, ''),
	       i.age_mark, i.parts, i.parts_missing, i.loan_note, i.price_paid_minor, i.list_price_minor, i.brief, i.replaced_on, i.damaged_on
	from items i `

// SaveItem queues writing an item: our own, or a temporary one when Request is
// set. An item that exists keeps its status, which SetItemStatus changes, and
// what returns noted on it (missing parts, a new copy bought).
func SaveItem(tx *postgres.Tx, item Item, now time.Time) {
	currency := "USD"
	minor := func(price *broker.Money) *int64 {
		if price == nil {
			return nil
		}
		currency = price.Currency
		return &price.Minor
	}
	paid, list, price := minor(item.PricePaid), minor(item.ListPrice), minor(item.Price)
	tx.Queue(`
		insert into items (library_id, id, realm_id, barcode, title_id, branch_id, type, audience, call_number,
			price_minor, currency, status, lendable, request_id, lender_barcode, created_at,
			age_mark, parts, loan_note, price_paid_minor, list_price_minor, brief)
		values ($1, $2, $3, $4, $5, $6, coalesce(nullif($7, ''), 'book'), coalesce(nullif($8, ''), 'adult'), $9, $10, $11,
			coalesce(nullif($12, ''), 'on_shelf'), $13, $14, nullif($15, ''), $16, $17, $18, $19, $20, $21, $22)
		on conflict (library_id, id) do update set barcode = excluded.barcode, title_id = excluded.title_id,
			branch_id = excluded.branch_id, type = excluded.type, audience = excluded.audience,
			call_number = excluded.call_number, price_minor = excluded.price_minor, currency = excluded.currency,
			lendable = excluded.lendable, lender_barcode = excluded.lender_barcode, age_mark = excluded.age_mark,
			parts = excluded.parts, loan_note = excluded.loan_note, price_paid_minor = excluded.price_paid_minor,
			list_price_minor = excluded.list_price_minor, brief = excluded.brief`,
		item.Library, item.ID, item.Realm, broker.Plain(item.Barcode), item.Title, item.Branch, item.Type, item.Audience,
		item.CallNumber, price, currency, string(item.Status), item.Lendable, item.Request, item.LenderBarcode, now,
		item.AgeMark, max(1, item.Parts), item.LoanNote, paid, list, item.Brief)
}

// SetMissingParts queues a record of the parts of a set that did not come back;
// "" when it is whole again. The item's row must be locked.
func SetMissingParts(tx *postgres.Tx, library, item broker.ID, missing string) {
	tx.Queue(`update items set parts_missing = $3 where library_id = $1 and id = $2`, library, item, missing)
}

// SetDamaged queues the day an item was noted as damaged; the zero Date says that
// it is put right. The item's row must be locked.
func SetDamaged(tx *postgres.Tx, library, item broker.ID, on broker.Date) {
	tx.Queue(`update items set damaged_on = $3 where library_id = $1 and id = $2`, library, item, on)
}

// SetReplaced queues the day a new copy was bought for an item; the zero Date
// takes it back. The item's row must be locked.
func SetReplaced(tx *postgres.Tx, library, item broker.ID, on broker.Date) {
	tx.Queue(`update items set replaced_on = $3 where library_id = $1 and id = $2`, library, item, on)
}

// SetItemStatus queues a new status for an item. The item's row must be locked.
func SetItemStatus(tx *postgres.Tx, library, item broker.ID, status ItemStatus) {
	tx.Queue(`update items set status = $3 where library_id = $1 and id = $2`, library, item, string(status))
}

// StandsHere queues that a borrowed item is in the library: received, unless it
// is on its way between desks. The item's row must be locked.
func StandsHere(tx *postgres.Tx, item Ref) {
	tx.Queue(`update items set status = 'received' where library_id = $1 and id = $2 and status <> 'in_transit'`, item.Library, item.ID)
}

// SetItemStatuses queues new statuses for many items in one statement, each the
// status it has here. Their rows must be locked.
func SetItemStatuses(tx *postgres.Tx, items []Item) {
	if len(items) == 0 {
		return
	}
	libraries, ids, statuses := make([]broker.ID, len(items)), make([]broker.ID, len(items)), make([]ItemStatus, len(items))
	for i, item := range items {
		libraries[i], ids[i], statuses[i] = item.Library, item.ID, item.Status
	}
	tx.Queue(`update items i set status = w.status from unnest($1::uuid[], $2::uuid[], $3::text[]) w (library_id, id, status)
		where i.library_id = w.library_id and i.id = w.id`, libraries, ids, statuses)
}

// Standing is an SQL expression for how items of library $1 stand: the borrowed
// ones of request $2, those of the ids $3, and the one with the barcode $4.
const Standing = `(select coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'status', i.status, 'lender_barcode', i.lender_barcode)), '[]')
	from items i where i.library_id = $1 and (i.request_id = $2 or i.id = any ($3) or i.barcode = $4))`

// Changed is an SQL expression for those items of a list that Standing gave,
// and that stand otherwise now, in library $1; Made for the borrowed items of
// request $2 that are not in the list. The list is the column that %s names.
const (
	Changed = `(select coalesce(jsonb_agg(k || jsonb_build_object('left', i.status)), '[]') from jsonb_array_elements(%s) k
		join items i on i.library_id = $1 and i.id = (k ->> 'id')::uuid
		where (i.status, i.lender_barcode) is distinct from (k ->> 'status', k ->> 'lender_barcode'))`
	Made = `(select coalesce(array_agg(i.id), '{}') from items i where i.library_id = $1 and i.request_id = $2
		and not exists (select 1 from jsonb_array_elements(%s) k where (k ->> 'id')::uuid = i.id))`
)

// PutBack queues putting items back as they stood, where nothing has changed them
// since, and deleting borrowed ones that were made meanwhile.
func PutBack(tx *postgres.Tx, library broker.ID, changed []byte, made []broker.ID) {
	tx.Queue(`update items i set status = k.status, lender_barcode = k.lender_barcode
		from jsonb_to_recordset($2::jsonb) as k (id uuid, status text, lender_barcode text, "left" text)
		where i.library_id = $1 and i.id = k.id and i.status = k."left"`, library, changed)
	tx.Queue(`delete from items where library_id = $1 and id = any ($2) and request_id is not null`, library, made)
}

// LoadItem reads an item; lock takes its row for update. A not-found error when
// there is none that the transaction may see.
func LoadItem(ctx context.Context, tx *postgres.Tx, library, id broker.ID, lock bool) (Item, error) {
	return oneItem(ctx, tx, lock, `where i.library_id = $1 and i.id = $2`, library, id)
}

// ItemByBarcode reads the item that has a barcode in a realm, or the temporary
// one whose lender's barcode it is while the copy is here. lock takes its row
// for update. A not-found error when there is none.
func ItemByBarcode(ctx context.Context, tx *postgres.Tx, realm broker.ID, barcode string, lock bool) (Item, error) {
	return oneItem(ctx, tx, lock, ByBarcode, realm, broker.Plain(barcode))
}

// ByBarcode ends a query of items i that finds the one ItemByBarcode finds: $1 is
// the realm, $2 the barcode. Other packages that read about an item in hand, in
// the same round trip, find the same one by it.
const ByBarcode = `
		where i.realm_id = $1 and (i.barcode = $2 or (i.lender_barcode = $2 and i.status <> 'gone_home'))
		order by i.barcode = $2 desc, i.created_at desc limit 1`

// AskItemByBarcode queues ItemByBarcode without the lock; the answer stands after
// the next flush, with NoID where nothing has the barcode.
func AskItemByBarcode(tx *postgres.Tx, realm broker.ID, barcode string, into *Item) {
	askItem(tx, into, ByBarcode, realm, broker.Plain(barcode))
}

// ItemsOfTitle lists the own items that libraries have of a title, those on the
// shelf first.
func ItemsOfTitle(ctx context.Context, tx *postgres.Tx, title broker.ID, libraries ...broker.ID) ([]Item, error) {
	return queryItems(ctx, tx, `where i.library_id = any ($1) and i.title_id = $2 and i.request_id is null
		order by i.status <> 'on_shelf', i.barcode`, libraries, title)
}

// ItemFilter narrows a list of items; what is zero does not.
type ItemFilter struct {
	Status ItemStatus
	Branch broker.ID
	Type   string
}

// Items lists a library's own items in the order in which they came in.
func Items(ctx context.Context, tx *postgres.Tx, library broker.ID, filter ItemFilter, page broker.Page) ([]Item, error) {
	return queryItems(ctx, tx, ` where i.library_id = $1 and i.request_id is null and ($2 = '' or i.status = $2) and ($3::uuid is null or i.branch_id = $3)
			and ($4 = '' or i.type = $4) and ($5::uuid is null or i.id > $5) order by i.id limit $6`,
		library, filter.Status, filter.Branch, filter.Type, page.After, page.Limit)
}

// ItemOfRequest reads the temporary item of a borrowing request, the first where
// it has several volumes; a not-found error when it has none.
func ItemOfRequest(ctx context.Context, tx *postgres.Tx, library, request broker.ID, lock bool) (Item, error) {
	return oneItem(ctx, tx, lock, `where i.library_id = $1 and i.request_id = $2 order by i.created_at, i.id`, library, request)
}

func oneItem(ctx context.Context, tx *postgres.Tx, lock bool, where string, args ...any) (Item, error) {
	if lock {
		where += ` for update`
	}
	items, err := queryItems(ctx, tx, where, args...)
	if err == nil && len(items) == 0 {
		err = broker.NotFound("item")
	}
	if err != nil {
		return Item{}, err
	}
	return items[0], nil
}

func queryItems(ctx context.Context, tx *postgres.Tx, where string, args ...any) ([]Item, error) {
	rows, err := tx.Query(ctx, selectItems+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read items: %w", err)
	}
	items, err := collectItems(rows)
	if err != nil {
		return nil, fmt.Errorf("read items: %w", err)
	}
	return items, nil
}

// AskItemLocked queues the reading of an item and takes its row for update; the
// answer stands after the next flush, with NoID when there is no such item.
// Desk acts ask everything they need in one round trip.
func AskItemLocked(tx *postgres.Tx, library, id broker.ID, into *Item) {
	askItem(tx, into, `where i.library_id = $1 and i.id = $2 for update`, library, id)
}

// AskItemLockedWith is AskItemLocked, and locks in the common order the items
// that a query names by library and id, too. The query may use the item's as $1
// and $2, and its own arguments from $3.
func AskItemLockedWith(tx *postgres.Tx, item Ref, others string, into *Item, args ...any) {
	tx.Queue(selectItems+`where (i.library_id = $1 and i.id = $2) or (i.library_id, i.id) in (`+others+`)
		order by i.library_id, i.id for update of i`, append([]any{item.Library, item.ID}, args...)...).
		Query(func(rows pgx.Rows) error {
			items, err := collectItems(rows)
			for _, found := range items {
				if found.Ref() == item {
					*into = found
				}
			}
			return err
		})
}

// AskItem is AskItemLocked without the lock, for lists.
func AskItem(tx *postgres.Tx, library, id broker.ID, into *Item) {
	askItem(tx, into, `where i.library_id = $1 and i.id = $2`, library, id)
}

// AskItemsLocked is AskItemLocked for many items, in one statement; each is
// locked in the common order of locks. Items that are gone are left out of the
// answer.
func AskItemsLocked(tx *postgres.Tx, libraries, ids []broker.ID, into *[]Item) {
	tx.Queue(selectItems+`join unnest($1::uuid[], $2::uuid[]) w (library_id, id) on i.library_id = w.library_id and i.id = w.id
		order by i.library_id, i.id for update of i`, libraries, ids).
		Query(func(rows pgx.Rows) (err error) {
			*into, err = pgx.AppendRows(make([]Item, 0, len(ids)), rows, scanItem)
			return err
		})
}

// AskItems queues one query for many items, each into its place of a map; those that
// the transaction does not see are left out.
func AskItems(tx *postgres.Tx, asked []Ref, into map[Ref]Item) {
	if len(asked) == 0 {
		return
	}
	libraries, ids := make([]broker.ID, len(asked)), make([]broker.ID, len(asked))
	for i, one := range asked {
		libraries[i], ids[i] = one.Library, one.ID
	}
	tx.Queue(selectItems+`where (i.library_id, i.id) in (select * from unnest($1::uuid[], $2::uuid[]))`, libraries, ids).Query(func(rows pgx.Rows) error {
		items, err := collectItems(rows)
		for _, item := range items {
			into[item.Ref()] = item
		}
		return err
	})
}

func askItem(tx *postgres.Tx, into *Item, where string, args ...any) {
	tx.Queue(selectItems+where, args...).Query(func(rows pgx.Rows) error {
		items, err := collectItems(rows)
		if len(items) > 0 {
			*into = items[0]
		}
		return err
	})
}

func collectItems(rows pgx.Rows) ([]Item, error) {
	return pgx.CollectRows(rows, scanItem)
}

func scanItem(row pgx.CollectableRow) (Item, error) {
	var item Item
	var price, paid, list *int64
	var currency string
	err := row.Scan(&item.Library, &item.ID, &item.Realm, &item.Barcode, &item.Title, &item.Branch, &item.Type, &item.Audience,
		&item.CallNumber, &price, &currency, &item.Status, &item.Lendable, &item.Request, &item.LenderBarcode,
		&item.AgeMark, &item.Parts, &item.PartsMissing, &item.LoanNote, &paid, &list, &item.Brief, &item.ReplacedOn, &item.DamagedOn)
	item.Price, item.PricePaid, item.ListPrice = moneyOrNil(price, currency), moneyOrNil(paid, currency), moneyOrNil(list, currency)
	return item, err
}

func moneyOrNil(minor *int64, currency string) *broker.Money {
	if minor == nil {
		return nil
	}
	return &broker.Money{Minor: *minor, Currency: currency}
}
