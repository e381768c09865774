package holds

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// ArrivedAt tells whether an item recorded as in transit is at the desk it was
// sent to.
func ArrivedAt(desk standing.Desk, item catalog.Item, transit Transit) bool {
	return item.Status == catalog.InTransit && transit.ID != broker.NoID && desk.IsAt(transit.ToLibrary, transit.ToBranch)
}

const transitColumns = `t.library_id, t.id, t.item_id, t.to_library_id, t.to_branch_id, t.hold_id, t.sent_at, t.arrived_at, t.from_library_id, t.from_branch_id`

// AskTransit queues the reading of the transit an item is on, and locks it.
func AskTransit(tx *postgres.Tx, item catalog.Ref, into *Transit) {
	tx.Queue(`select `+transitColumns+` from transits t where t.library_id = $1 and t.item_id = $2 and t.arrived_at is null for update`,
		item.Library, item.ID).QueryRow(func(row pgx.Row) error {
		return postgres.OrNone(scanTransit(row, into))
	})
}

func scanTransit(row pgx.Row, t *Transit, more ...any) error {
	into := []any{
		&t.Library, &t.ID, &t.Item, &t.ToLibrary, &t.ToBranch, &t.Hold, &t.SentAt, &t.ArrivedAt, &t.FromLibrary, &t.FromBranch,
	}
	err := row.Scan(append(into, more...)...)
	t.SentAt, t.ArrivedAt = t.SentAt.UTC(), t.ArrivedAt.UTC()
	return err
}

func addTransit(tx *postgres.Tx, t Transit) {
	tx.Queue(`insert into transits (library_id, id, item_id, to_library_id, to_branch_id, hold_id, sent_at, from_library_id, from_branch_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		t.Library, t.ID, t.Item, t.ToLibrary, t.ToBranch, t.Hold, t.SentAt, t.FromLibrary, t.FromBranch)
}

// EndTransit queues the end of a transit by its arrival.
func EndTransit(tx *postgres.Tx, t Transit, at time.Time) {
	tx.Queue(`update transits set arrived_at = $3 where library_id = $1 and id = $2`, t.Library, t.ID, at)
}

// EndJourney queues the end of whatever journey an item is on: it is nowhere
// between branches any more.
func EndJourney(tx *postgres.Tx, item catalog.Ref, at time.Time) {
	tx.Queue(`update transits set arrived_at = $3 where library_id = $1 and item_id = $2 and arrived_at is null`, item.Library, item.ID, at)
}

// turnTransit queues another place for a transit to go to.
func turnTransit(tx *postgres.Tx, t Transit, library, branch broker.ID) {
	tx.Queue(`update transits set to_library_id = $3, to_branch_id = $4 where library_id = $1 and id = $2`, t.Library, t.ID, library, branch)
}

// stillAt tells whether what is on its way stands still at a branch: it was sent
// from there today, or was sent from there and staff say so at that desk.
func stillAt(desk standing.Desk, t Transit, library, branch broker.ID) bool {
	sentFromThere := t.ID != broker.NoID && t.FromLibrary == library && t.FromBranch == branch
	sentToday := desk.Calendar().DateOf(t.SentAt) == desk.Today()
	atThatDesk := desk.Actor.Kind == broker.ActorStaff && desk.Library.ID == library && desk.Branch == branch
	return sentFromThere && (sentToday || atThatDesk)
}

// TransitOf gives the transit an item is on; not found when it is on none.
func TransitOf(ctx context.Context, tx *postgres.Tx, item catalog.Ref) (Transit, error) {
	var found Transit
	AskTransit(tx, item, &found)
	if err := tx.Flush(ctx); err != nil {
		return found, fmt.Errorf("read a journey: %w", err)
	}
	if found.ID == broker.NoID {
		return found, broker.NotFound("journey of that item")
	}
	return found, nil
}

// Journey is a copy on its way, and for whom.
type Journey struct {
	Transit
	Barcode string
	Title   broker.ID
}

// Journeys gives the copies of a library that are on their way, or on their way
// to it, those sent first before the others: what should have arrived long ago
// stands at the top, to be looked for or marked as missing.
func Journeys(ctx context.Context, tx *postgres.Tx, library broker.ID, page broker.Page) ([]Journey, error) {
	rows, err := tx.Query(ctx, `select `+transitColumns+`, i.barcode, i.title_id
		from transits t join items i on i.library_id = t.library_id and i.id = t.item_id
		where t.arrived_at is null and (t.library_id = $1 or t.to_library_id = $1)
			and ($2::uuid is null or (t.sent_at, t.id) > (select a.sent_at, a.id from transits a where a.id = $2))
		order by t.sent_at, t.id limit $3`, library, page.After, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("list what is on its way: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Journey, error) {
		var one Journey
		err := scanTransit(row, &one.Transit, &one.Barcode, &one.Title)
		return one, err
	})
}

// A borrowed copy that is picked up at another branch than where it is in hand
// travels there as a copy of our own does: with a hold that has it, on a transit.

// Travel sends a borrowed copy that is in hand at a desk, or on its hold shelf, to
// the branch of its library where it is to be picked up. On its way there already,
// nothing changes. Where it is lent, lost or gone it is the conflict
// item_not_available.
func (s *Service) Travel(ctx context.Context, tx *postgres.Tx, in Shelve, branch broker.ID) (Outcome, error) {
	item, kept, transit, err := onTheWay(ctx, tx, in.Item)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	out.SetItem(item)
	theirs := kept.Patron == in.Patron && kept.Request == in.Request.Request
	switch {
	case !item.Temporary():
		return Outcome{}, broker.Conflict("not_borrowed", "That item is the library's own.")
	case kept.ID != broker.NoID && !theirs:
		return Outcome{}, broker.Conflict("held_for_other", "That item is already kept for somebody.")
	case kept.Status == InTransit && transit.ToLibrary == item.Library && transit.ToBranch == branch:
		out.Transit, out.NextAct, out.Replayed = &transit, standing.SendOn, true
		out.setHold(kept)
		return out, nil
	case kept.Status == OnHoldShelf || kept.Status == InTransit:
		if transit.ID != broker.NoID {
			EndTransit(tx, transit, in.Desk.Now)
		}
	case item.Status != catalog.Received:
		return Outcome{}, broker.Conflict("item_not_available", "That item cannot be sent on: it is %s.", item.Status.Words())
	default:
		kept = Hold{
			Ref: Ref{item.Library, broker.NewID()}, Item: item.ID, Patron: in.Patron, Request: in.Request.Request, Pickup: branch,
			QueuedAt: in.QueuedAt, PlacedAt: in.Desk.Now, CapturedAt: in.Desk.Now, Status: InTransit,
		}
		addHold(tx, kept)
	}
	kept.Pickup = branch
	sendToPickup(tx, in.Desk, item, kept, &out)
	return out, nil
}

// Redirect has a borrowed copy that is on its way for a hold go to another branch
// of its library. Where it has not left that branch yet, its journey has ended
// (arrived), and it is to be shelved there.
func (s *Service) Redirect(ctx context.Context, tx *postgres.Tx, desk standing.Desk, hold Hold, branch broker.ID) (arrived bool, err error) {
	_, kept, transit, err := onTheWay(ctx, tx, catalog.Ref{Library: hold.Library, ID: hold.Item})
	if err != nil || kept.ID != hold.ID {
		return false, err
	}
	kept.Pickup = branch
	moveHold(tx, kept)
	if !stillAt(desk, transit, kept.Patron.Library, branch) {
		turnTransit(tx, transit, kept.Patron.Library, branch)
		return false, nil
	}
	endJourney(tx, transit, desk.Now)
	return true, nil
}

// Arrive ends the journey on which a borrowed copy is that is in hand at a desk of
// its library, wherever it was sent, and gives the item as it is then. A hold that
// still has it is left for whoever shelves it.
func Arrive(ctx context.Context, tx *postgres.Tx, desk standing.Desk, ref catalog.Ref) (catalog.Item, error) {
	item, _, transit, err := onTheWay(ctx, tx, ref)
	if err != nil || transit.ID == broker.NoID {
		return item, err
	}
	endJourney(tx, transit, desk.Now)
	item.Status = catalog.Received
	return item, nil
}

// endJourney queues that a borrowed copy is received where it is.
func endJourney(tx *postgres.Tx, transit Transit, at time.Time) {
	EndTransit(tx, transit, at)
	catalog.SetItemStatus(tx, transit.Library, transit.Item, catalog.Received)
}

// onTheWay reads an item, the hold that has it and the transit it is on, under
// their locks.
func onTheWay(ctx context.Context, tx *postgres.Tx, ref catalog.Ref) (item catalog.Item, kept Hold, transit Transit, err error) {
	catalog.AskItemLocked(tx, ref.Library, ref.ID, &item)
	AskCaptured(tx, ref, &kept)
	AskTransit(tx, ref, &transit)
	if err := tx.Flush(ctx); err != nil {
		return item, kept, transit, fmt.Errorf("read a journey: %w", err)
	}
	if item.ID == broker.NoID {
		return item, kept, transit, broker.NotFound("item")
	}
	return item, kept, transit, nil
}
