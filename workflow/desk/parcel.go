package desk

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/desk/counter"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/lookup"
	"afield/workflow/requests/tasks"
)

// longestNumber is how many digits a request number on a slip may have; a
// longer number is some library's barcode.
const longestNumber = 9

// slipNumber reads a request's number from what was scanned or typed: ILL-10452,
// or the number alone. 0 when it is none.
func slipNumber(scanned string) int64 {
	digits, banded := strings.CutPrefix(strings.ToUpper(scanned), "ILL-")
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
	if !found {
		return s.unmatched(tx, at, desk, in.Barcode)
	}
	request := parcel.Request
	switch {
	case parcel.Place.Awaited:
	case parcel.Expected && table.Takes(parcel.Place.State, workflow.EventReceiveVolume):
		return s.volume(ctx, tx, at, request, in.Barcode)
	default:
		return s.again(ctx, tx, at, at.Library, request, in.Barcode)
	}
	input := workflow.Input{}
	if parcel.Announced {
		input["barcode"] = in.Barcode
	}
	fired, err := s.counter.Fire(ctx, tx, at, at.Library, request, workflow.EventReceive, input)
	if err != nil {
		return counter.Done{}, err
	}
	done := counter.Done{
		Did: "received", Request: request, Undo: string(workflow.EventUndo),
		Message: fmt.Sprintf("Received for request %d: put the band %s on it and scan it again to shelve it.", fired.Request.Number, loans.TemporaryBarcode(fired.Request.Number)),
	}
	if fired.Request.ItemID != broker.NoID {
		done.Item = fired.Request.ItemID
	}
	if fired.Request.ReturnUnused {
		done.Message = "The patron cancelled: send it back unused."
	}
	return done, nil
}

// volume takes in another volume of something that has arrived in part.
func (s *Service) volume(ctx context.Context, tx *postgres.Tx, at counter.At, request broker.ID, barcode string) (counter.Done, error) {
	_, err := s.counter.Requests.Fire(ctx, tx, at.Now, engine.Firing{
		Library: at.Library, Request: request, Event: workflow.EventReceiveVolume,
		Input: workflow.Input{"barcode": barcode}, By: workflow.BySystem, Actor: at.Actor, Cause: engine.Cause{Kind: "desk"},
	})
	if err != nil {
		return counter.Done{}, err
	}
	return counter.Done{Did: "received", Request: request, Message: "Another volume of it: put it with the rest."}, nil
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
	task, err := tasks.OpenStray(tx, at.Library, barcode, at.Now, desk.Library.Today(at.Now).AddDays(2))
	if err != nil {
		return counter.Done{}, err
	}
	return counter.Done{Did: "unmatched", Task: task, Message: "Nothing here fits that barcode; a task is open. Put it aside."}, nil
}
