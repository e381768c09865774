package desk

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/desk/counter"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/late"
	"afield/workflow/requests/lookup"
	"afield/workflow/requests/tasks"
)

// longestNumber is how many digits a request number on a slip may have; a
// longer number is some library's barcode.
const longestNumber = 9

// slipNumber reads a request's number from what was scanned or typed: ILL-10452,
// ILL-10452-2 for a second volume, or the number alone. 0 when it is none.
func slipNumber(scanned string) int64 {
	digits, banded := strings.CutPrefix(strings.ToUpper(scanned), "ILL-")
	if banded {
		digits, _, _ = strings.Cut(digits, "-") // the volume
	}
	if !banded && len(digits) > longestNumber {
		return 0
	}
	if strings.Trim(digits, "0123456789") != "" {
		return 0
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// parcel matches what came from a lender by request: by the lender's barcode as
// announced, or by the number on the slip.
func (s *Service) parcel(ctx context.Context, tx *postgres.Tx, at counter.At, desk standing.Desk, in Scan) (counter.Done, error) {
	table := s.counter.Requests.Table(workflow.SideBorrowing)
	parcel, found, err := lookup.ParcelOf(ctx, tx, table, at.Library, in.Barcode, slipNumber(in.Barcode))
	if err != nil {
		return counter.Done{}, err
	}
	tooLate, err := late.Scanned(ctx, tx, at.Library, in.Barcode, slipNumber(in.Barcode))
	if err != nil {
		return counter.Done{}, err
	}
	expected := found && (table.Takes(parcel.State, workflow.EventReceive) || (parcel.Expected && table.Takes(parcel.State, workflow.EventReceiveVolume)))
	switch {
	case len(tooLate) > 0 && !(expected && parcel.Announced) && (tooLate[0].Barcode == in.Barcode || !expected):
		return s.unwanted(ctx, tx, at, tooLate, in.Barcode)
	case len(tooLate) > 0 && expected && !parcel.Announced:
		return counter.Done{
			Did: "nothing", Request: parcel.Request,
			Message: "Two libraries have sent something for this request: scan the barcode of the copy itself, or record on the request what came.",
		}, nil
	case !found:
		return s.unmatched(tx, at, desk, in.Barcode)
	}
	request, input := parcel.Request, workflow.Input{}
	if parcel.Announced {
		input["barcode"] = in.Barcode
	}
	if table.Takes(parcel.State, workflow.EventReceive) {
		done, known, err := s.received(ctx, tx, at, desk, request, input)
		if known || err != nil {
			return done, err
		}
	}
	if parcel.Expected && table.Takes(parcel.State, workflow.EventReceiveVolume) {
		return s.volume(ctx, tx, at, desk, request, input)
	}
	return s.again(ctx, tx, at, at.Library, request, in.Barcode)
}

// unwanted takes in what a lender sent that the request no longer depends on, and
// sends it back when it is scanned again.
func (s *Service) unwanted(ctx context.Context, tx *postgres.Tx, at counter.At, parcels []late.Parcel, barcode string) (counter.Done, error) {
	parcel := parcels[0]
	if len(parcels) > 1 && parcel.Barcode != barcode {
		return counter.Done{
			Did: "nothing", Request: parcel.RequestID,
			Message: "Several things came too late for this request: scan the barcode of the copy itself, or record on the request which one it is.",
		}, nil
	}
	event := workflow.EventLateArrived
	done := counter.Done{Did: "received", Request: parcel.RequestID}
	if !parcel.ArrivedAt.IsZero() {
		event, done.Did = workflow.EventSendLateBack, "shipped"
	}
	if _, err := s.counter.Fire(ctx, tx, at, at.Library, parcel.RequestID, event, workflow.Input{"parcel": parcel.ID}); err != nil {
		return counter.Done{}, err
	}
	lender, err := directory.Load(ctx, tx, parcel.LenderID)
	if err != nil {
		return counter.Done{}, err
	}
	done.Message = "Its request no longer depends on " + lender.Name + ": pack it to go back unused, and scan it once more when it goes."
	if event == workflow.EventSendLateBack {
		done.Message = "Send it back to " + lender.Name + " unused."
	}
	return done, nil
}

// received takes a parcel in for its request; known is false where the request
// does not wait for one.
func (s *Service) received(ctx context.Context, tx *postgres.Tx, at counter.At, desk standing.Desk, request broker.ID, input workflow.Input) (done counter.Done, known bool, err error) {
	fired, err := s.counter.Fire(ctx, tx, at, at.Library, request, workflow.EventReceive, input)
	if counter.NotExpected(err) {
		return counter.Done{}, false, nil
	}
	if err != nil {
		return counter.Done{}, false, err
	}
	band, item, err := bandOf(ctx, tx, fired)
	if err != nil {
		return counter.Done{}, false, err
	}
	done = counter.Done{
		Did: "received", Request: request, Item: item, Undo: string(workflow.EventUndo),
		Message: fmt.Sprintf("Received for request %d: put the band %s on it and scan it again to shelve it.", fired.Request.Number, band),
	}
	if fired.Request.ReturnUnused {
		done.Message = "The patron cancelled: send it back unused."
	}
	return s.onwards(ctx, tx, at, desk, fired.Request, band, done)
}

// onwards sends a volume that was just received on to the branch where it is
// picked up, where that is another one.
func (s *Service) onwards(ctx context.Context, tx *postgres.Tx, at counter.At, desk standing.Desk, request *engine.Request, band string, done counter.Done) (counter.Done, bool, error) {
	table := s.counter.Requests.Table(request.Side)
	if done.Item == broker.NoID || desk.IsAt(request.LibraryID, request.PickupBranchID) || !table.Takes(request.State, workflow.EventSendToPickup) {
		return done, true, nil
	}
	item, err := catalog.LoadItem(ctx, tx, request.LibraryID, done.Item, true)
	if err != nil {
		return counter.Done{}, true, err
	}
	sent, known, err := s.toPickup(ctx, tx, at, request, item)
	if err != nil || !known {
		return done, true, err
	}
	done.Undo = "" // the act can be undone, the request alone has moved on
	done.Message = fmt.Sprintf("Received for request %d: put the band %s on it. %s", request.Number, band, sent.Message)
	return done, true, nil
}

// bandOf gives the band for the volume that an event has just brought here, and
// the item it is now.
func bandOf(ctx context.Context, tx *postgres.Tx, fired engine.Fired) (band string, id broker.ID, err error) {
	volumes, err := engine.VolumesOf(ctx, tx, fired.Request.LibraryID, fired.Request.ID)
	if err != nil {
		return "", broker.NoID, err
	}
	for _, volume := range volumes {
		if volume.MovedVersion != nil && *volume.MovedVersion >= fired.Moves[0].Version && volume.ItemID != broker.NoID {
			item, err := catalog.LoadItem(ctx, tx, volume.LibraryID, volume.ItemID, false)
			return item.Barcode, item.ID, err
		}
	}
	return loans.Band(fired.Request.Number, 1), fired.Request.ItemID, nil
}

// volume takes in another volume of something that has arrived in part.
func (s *Service) volume(ctx context.Context, tx *postgres.Tx, at counter.At, desk standing.Desk, request broker.ID, input workflow.Input) (counter.Done, error) {
	fired, err := s.counter.Fire(ctx, tx, at, at.Library, request, workflow.EventReceiveVolume, input)
	if err != nil {
		return counter.Done{}, err
	}
	band, item, err := bandOf(ctx, tx, fired)
	if err != nil {
		return counter.Done{}, err
	}
	done := counter.Done{
		Did: "received", Request: request, Item: item,
		Message: "Another volume of it: put the band " + band + " on it and scan it again, to go where the rest is.",
	}
	done, _, err = s.onwards(ctx, tx, at, desk, fired.Request, band, done)
	return done, err
}

// again notes a parcel for a request that has moved on, and tells staff.
func (s *Service) again(ctx context.Context, tx *postgres.Tx, at counter.At, library, request broker.ID, barcode string) (counter.Done, error) {
	tx.Widen(library)
	_, err := s.counter.Requests.Fire(ctx, tx, at.Now, engine.Firing{
		Library: library, Request: request, Event: workflow.EventArrivedAgain,
		Input: workflow.Input{"barcode": barcode}, By: workflow.BySystem, Actor: at.Actor, Cause: engine.Cause{Kind: "desk"},
	})
	if err != nil {
		return counter.Done{}, err
	}
	return counter.Done{Did: "unmatched", Request: request, Message: "Its request has moved on; a task is open to send it back."}, nil
}

// unmatched opens a staff task for a stray item, due in two days by the
// library's clock.
func (s *Service) unmatched(tx *postgres.Tx, at counter.At, desk standing.Desk, barcode string) (counter.Done, error) {
	if desk.Library.KindOf(barcode) == directory.CardNumbers {
		return counter.Done{Did: "nothing", Message: "That is the number of a card: scan the item's barcode, with the card beside it to lend it."}, nil
	}
	task, err := tasks.OpenStray(tx, at.Library, barcode, at.Now, desk.Library.Today(at.Now).AddDays(2))
	if err != nil {
		return counter.Done{}, err
	}
	return counter.Done{Did: "unmatched", Task: task, Message: "Nothing here fits that barcode; a task is open. Put it aside."}, nil
}
