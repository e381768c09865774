package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests"
)

// Scan is one barcode, with the patron at the desk if there is one.
type Scan struct {
	Barcode   string
	Card      string
	Overrides []string
}

// Scan looks a barcode up and does what is due with that item. What fits
// nothing becomes a task for staff, never an error.
func (s *Service) Scan(ctx context.Context, tx *postgres.Tx, at At, in Scan) (Done, error) {
	desk, err := s.place(ctx, tx, at)
	if err != nil {
		return Done{}, err
	}
	item, err := catalog.ItemByBarcode(ctx, tx, desk.Library.SharingGroup, in.Barcode, true)
	switch {
	case broker.IsKind(err, broker.KindNotFound):
		return s.parcel(ctx, tx, at, in)
	case err != nil:
		return Done{}, err
	case in.Card != "":
		patron, _, err := patrons.ByCard(ctx, tx, desk.Library.SharingGroup, in.Card)
		if err != nil {
			return Done{}, err
		}
		return s.lend(ctx, tx, at, desk, item, patron, in.Overrides)
	}
	switch item.Status {
	case catalog.InTransit:
		return s.arrived(ctx, tx, at, desk, item)
	case catalog.OnLoan, catalog.Lost:
		return s.cameBack(ctx, tx, at, desk, item)
	case catalog.Received:
		return s.borrowedItem(ctx, tx, at, item)
	case catalog.OnShelf, catalog.Missing:
		return s.fromShelf(ctx, tx, at, desk, item)
	case catalog.OnHoldShelf:
		hold, err := circulation.HoldOfItem(ctx, tx, circulation.RefOf(item))
		if err != nil {
			return Done{}, err
		}
		return Done{Did: "nothing", Item: item.ID, Hold: &hold, Request: hold.Request, PickUpBy: hold.PickUpBy,
			Message: "It waits on the hold shelf until " + hold.PickUpBy.String() + "; scan the patron's card to lend it."}, nil
	}
	if item.Temporary() {
		return s.again(ctx, tx, at, item.Library, item.Request, in.Barcode)
	}
	return Done{Did: "nothing", Item: item.ID, Message: "That item is withdrawn; put it aside."}, nil
}

// arrived takes in an item that travelled between branches.
func (s *Service) arrived(ctx context.Context, tx *postgres.Tx, at At, desk circulation.Desk, item catalog.Item) (Done, error) {
	outcome, err := s.circulation.ReceiveTransit(ctx, tx, desk, circulation.RefOf(item))
	if err != nil {
		return Done{}, err
	}
	if outcome.NextAct == circulation.SendOn {
		return doneOf("sent_on", outcome), nil
	}
	did := "checked_in"
	if outcome.Given != nil && outcome.Given.Status == circulation.HoldOnShelf {
		did = "shelved"
	}
	if outcome.Next == nil && outcome.Given != nil {
		err = s.given(ctx, tx, at, outcome)
	} else {
		err = s.follow(ctx, tx, at, outcome, "", nil)
	}
	return doneOf(did, outcome), err
}

// cameBack takes in an item that was lent: from a patron, or home from another
// library.
func (s *Service) cameBack(ctx context.Context, tx *postgres.Tx, at At, desk circulation.Desk, item catalog.Item) (Done, error) {
	lending, err := s.lendingOf(ctx, tx, item, `state in ('shipped', 'with_borrowing_library', 'return_shipped', 'lost_pending') and item_id = $2`)
	if err != nil {
		return Done{}, err
	}
	if lending == broker.NoID {
		return s.takeIn(ctx, tx, at, desk, circulation.RefOf(item))
	}
	if _, err := s.fire(ctx, tx, at, item.Library, lending, workflow.EventReceiveReturn, nil); err != nil {
		return Done{}, err
	}
	return Done{Did: "returned_home", Message: "Home again from the borrowing library; put it back on its shelf.", Item: item.ID, Request: lending}, nil
}

// borrowedItem goes on with a borrowed copy that is in hand: onto the hold
// shelf, or home.
func (s *Service) borrowedItem(ctx context.Context, tx *postgres.Tx, at At, item catalog.Item) (Done, error) {
	request, err := s.requests.Load(ctx, tx, item.Library, item.Request)
	if err != nil {
		return Done{}, err
	}
	switch request.State {
	case workflow.Received:
		fired, err := s.fire(ctx, tx, at, item.Library, item.Request, workflow.EventShelve, nil)
		if err != nil {
			return Done{}, err
		}
		return Done{Did: "shelved", Message: "Put it on the hold shelf until " + fired.Request.PickUpBy.String() + ".", Item: item.ID,
			Request: item.Request, PickUpBy: fired.Request.PickUpBy, Undo: string(workflow.EventUnshelve)}, nil
	case workflow.ReturnDue:
		if _, err := s.fire(ctx, tx, at, item.Library, item.Request, workflow.EventShipReturn, nil); err != nil {
			return Done{}, err
		}
		return Done{Did: "shipped", Message: "Send it back to its lender.", Item: item.ID, Request: item.Request, Undo: string(workflow.EventUndo)}, nil
	}
	return Done{Did: "nothing", Message: "Nothing is due with that item; its request is " + string(request.State) + ".", Item: item.ID, Request: item.Request}, nil
}

// fromShelf looks who wants a copy that stood on its shelf: another library
// that was promised it, or the first in the queue.
func (s *Service) fromShelf(ctx context.Context, tx *postgres.Tx, at At, desk circulation.Desk, item catalog.Item) (Done, error) {
	if item.Status == catalog.Missing {
		catalog.SetItemStatus(tx, item.Library, item.ID, catalog.OnShelf)
	}
	lending, err := s.lendingOf(ctx, tx, item, `state = 'to_ship' and item_id = $2`)
	if err != nil {
		return Done{}, err
	}
	if lending != broker.NoID {
		if _, err := s.fire(ctx, tx, at, item.Library, lending, workflow.EventShip, nil); err != nil {
			return Done{}, err
		}
		return Done{Did: "shipped", Message: "Send it to the borrowing library.", Item: item.ID, Request: lending}, nil
	}
	barcode := workflow.Input{"barcode": item.Barcode}
	lending, err = s.lendingOf(ctx, tx, item, `state in ('to_pull', 'second_search') and (item_id = $2 or title_id = $3)`)
	if err != nil {
		return Done{}, err
	}
	if lending != broker.NoID {
		if _, err := s.fire(ctx, tx, at, item.Library, lending, workflow.EventFoundOnShelf, barcode); err != nil {
			return Done{}, err
		}
		return Done{Did: "pulled", Message: "Found for another library; scan it again when it is packed.", Item: item.ID, Request: lending}, nil
	}
	outcome, err := s.circulation.CaptureHold(ctx, tx, circulation.Capture{Desk: desk, Item: circulation.RefOf(item)})
	if ours, ok := broker.AsError(err); ok && ours.Code == "nobody_waits" {
		return Done{Did: "nothing", Message: "Nobody waits for it; put it on its shelf.", Item: item.ID}, nil
	}
	if err != nil {
		return Done{}, err
	}
	return doneOf("captured", outcome), s.given(ctx, tx, at, outcome)
}

func (s *Service) lendingOf(ctx context.Context, tx *postgres.Tx, item catalog.Item, where string) (broker.ID, error) {
	var found broker.ID
	args := []any{item.Library, item.ID}
	if strings.Contains(where, "$3") {
		args = append(args, item.Title)
	}
	err := tx.QueryRow(ctx, `select id from requests where library_id = $1 and side = 'lending' and closed_at is null and `+where+`
		order by submitted_at, id limit 1`, args...).Scan(&found)
	if errors.Is(err, pgx.ErrNoRows) {
		return broker.NoID, nil
	}
	if err != nil {
		return broker.NoID, fmt.Errorf("look for a lending request: %w", err)
	}
	return found, nil
}

// parcel matches what came from a lender by request: by the lender's barcode as
// announced, or by the number on the slip.
func (s *Service) parcel(ctx context.Context, tx *postgres.Tx, at At, in Scan) (Done, error) {
	number, _ := strconv.ParseInt(strings.TrimPrefix(strings.ToUpper(in.Barcode), "ILL-"), 10, 64)
	var request broker.ID
	var state workflow.State
	var expected bool
	err := tx.QueryRow(ctx, `select r.id, r.state, exists (select 1 from request_items i
			where i.library_id = r.library_id and i.request_id = r.id and i.barcode = $2 and i.received_at is null) from requests r
		where r.library_id = $1 and r.side = 'borrowing' and coalesce(r.fulfilment, '') <> 'hold' and (r.number = $3 or exists (select 1 from request_items i
			where i.library_id = r.library_id and i.request_id = r.id and i.barcode = $2))
		order by r.closed_at is null desc, r.state in ('shipped', 'will_supply', 'requested') desc, r.submitted_at limit 1`,
		at.Library, in.Barcode, number).Scan(&request, &state, &expected)
	if errors.Is(err, pgx.ErrNoRows) {
		return s.unmatched(tx, at, in.Barcode)
	}
	if err != nil {
		return Done{}, fmt.Errorf("match a parcel: %w", err)
	}
	switch state {
	case workflow.Shipped, workflow.WillSupply, workflow.Requested:
	case workflow.Received, workflow.OnHoldShelf, workflow.CheckedOut:
		if expected {
			return s.volume(ctx, tx, at, request, in.Barcode)
		}
		return s.again(ctx, tx, at, at.Library, request, in.Barcode)
	default:
		return s.again(ctx, tx, at, at.Library, request, in.Barcode)
	}
	input := workflow.Input{}
	if number == 0 {
		input["barcode"] = in.Barcode
	}
	fired, err := s.fire(ctx, tx, at, at.Library, request, workflow.EventReceive, input)
	if err != nil {
		return Done{}, err
	}
	done := Done{Did: "received", Request: request, Undo: string(workflow.EventUndo),
		Message: fmt.Sprintf("Received for request %d: put the band %s on it and scan it again to shelve it.", fired.Request.Number, circulation.TemporaryBarcode(fired.Request.Number))}
	if fired.Request.ItemID != nil {
		done.Item = *fired.Request.ItemID
	}
	if fired.Request.State == workflow.ReturnDue {
		done.Message = "The patron cancelled: send it back unused."
	}
	return done, nil
}

// volume takes in another volume of something that has arrived in part.
func (s *Service) volume(ctx context.Context, tx *postgres.Tx, at At, request broker.ID, barcode string) (Done, error) {
	_, err := s.requests.Fire(ctx, tx, at.Now, requests.Firing{Library: at.Library, Request: request, Event: workflow.EventReceiveVolume,
		Input: workflow.Input{"barcode": barcode}, By: workflow.BySystem, Actor: at.Actor, Cause: requests.Cause{Kind: "desk"}})
	if err != nil {
		return Done{}, err
	}
	return Done{Did: "received", Request: request, Message: "Another volume of it: put it with the rest."}, nil
}

// again notes a parcel for a request that has moved on, and tells staff.
func (s *Service) again(ctx context.Context, tx *postgres.Tx, at At, library, request broker.ID, barcode string) (Done, error) {
	tx.Widen(library)
	_, err := s.requests.Fire(ctx, tx, at.Now, requests.Firing{Library: library, Request: request, Event: workflow.EventArrivedAgain,
		Input: workflow.Input{"barcode": barcode}, By: workflow.BySystem, Actor: at.Actor, Cause: requests.Cause{Kind: "desk"}})
	if err != nil {
		return Done{}, err
	}
	return Done{Did: "unmatched", Request: request, Message: "Its request has moved on; a task is open to send it back."}, nil
}

// unmatched puts a stray item before staff.
func (s *Service) unmatched(tx *postgres.Tx, at At, barcode string) (Done, error) {
	facts, err := json.Marshal(map[string]string{"barcode": barcode})
	if err != nil {
		return Done{}, fmt.Errorf("write the facts of a task: %w", err)
	}
	task := broker.NewID()
	tx.Queue(`insert into staff_tasks (library_id, id, kind, detail, facts, opened_at, due_on)
		values ($1, $2, 'unmatched_item', 'An item arrived that belongs to no request and no library here.', $3, $4, ($4 at time zone 'UTC')::date + 2)`,
		at.Library, task, facts, at.Now)
	return Done{Did: "unmatched", Task: task, Message: "Nothing here fits that barcode; a task is open. Put it aside."}, nil
}

func (s *Service) fire(ctx context.Context, tx *postgres.Tx, at At, library, request broker.ID, event workflow.Event, input workflow.Input) (requests.Fired, error) {
	tx.Widen(library)
	fired, err := s.requests.Fire(ctx, tx, at.Now, requests.Firing{Library: library, Request: request, Event: event, Input: input,
		By: workflow.ByDesk, Actor: at.Actor, Cause: requests.Cause{Kind: "desk"}})
	if err != nil {
		return requests.Fired{}, err
	}
	return fired[0], nil
}
