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
	"afield/broker/circulation"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests"
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
func (s *Service) parcel(ctx context.Context, tx *postgres.Tx, at At, desk circulation.Desk, in Scan) (Done, error) {
	var request broker.ID
	var state workflow.State
	var announced, expected bool
	err := tx.QueryRow(ctx, `
		with announced as (
			select request_id, bool_or(received_at is null) as expected from request_items where library_id = $1 and barcode = $2 group by 1)
		select r.id, r.state, a.request_id is not null, coalesce(a.expected, false)
		from requests r left join announced a on a.request_id = r.id
		where r.library_id = $1 and r.side = 'borrowing' and coalesce(r.fulfilment, '') <> 'hold'
			and (r.number = $3 or r.id in (select request_id from announced))
		order by r.closed_at is null desc, a.request_id is not null desc, r.state in ('shipped', 'will_supply', 'requested') desc, r.submitted_at limit 1`,
		at.Library, in.Barcode, slipNumber(in.Barcode)).Scan(&request, &state, &announced, &expected)
	if errors.Is(err, pgx.ErrNoRows) {
		return s.unmatched(tx, at, desk, in.Barcode)
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
	if announced {
		input["barcode"] = in.Barcode
	}
	fired, err := s.fire(ctx, tx, at, at.Library, request, workflow.EventReceive, input)
	if err != nil {
		return Done{}, err
	}
	done := Done{
		Did: "received", Request: request, Undo: string(workflow.EventUndo),
		Message: fmt.Sprintf("Received for request %d: put the band %s on it and scan it again to shelve it.", fired.Request.Number, circulation.TemporaryBarcode(fired.Request.Number)),
	}
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
	_, err := s.requests.Fire(ctx, tx, at.Now, requests.Firing{
		Library: at.Library, Request: request, Event: workflow.EventReceiveVolume,
		Input: workflow.Input{"barcode": barcode}, By: workflow.BySystem, Actor: at.Actor, Cause: requests.Cause{Kind: "desk"},
	})
	if err != nil {
		return Done{}, err
	}
	return Done{Did: "received", Request: request, Message: "Another volume of it: put it with the rest."}, nil
}

// again notes a parcel for a request that has moved on, and tells staff.
func (s *Service) again(ctx context.Context, tx *postgres.Tx, at At, library, request broker.ID, barcode string) (Done, error) {
	tx.Widen(library)
	_, err := s.requests.Fire(ctx, tx, at.Now, requests.Firing{
		Library: library, Request: request, Event: workflow.EventArrivedAgain,
		Input: workflow.Input{"barcode": barcode}, By: workflow.BySystem, Actor: at.Actor, Cause: requests.Cause{Kind: "desk"},
	})
	if err != nil {
		return Done{}, err
	}
	return Done{Did: "unmatched", Request: request, Message: "Its request has moved on; a task is open to send it back."}, nil
}

// unmatched puts a stray item before staff, for two days by the library's clock.
func (s *Service) unmatched(tx *postgres.Tx, at At, desk circulation.Desk, barcode string) (Done, error) {
	facts, err := json.Marshal(map[string]string{"barcode": barcode})
	if err != nil {
		return Done{}, fmt.Errorf("write the facts of a task: %w", err)
	}
	task := broker.NewID()
	tx.Queue(`insert into staff_tasks (library_id, id, kind, detail, facts, opened_at, due_on)
		values ($1, $2, 'unmatched_item', 'An item arrived that belongs to no request and no library here.', $3, $4, $5)`,
		at.Library, task, facts, at.Now, desk.Library.Today(at.Now).AddDays(2))
	return Done{Did: "unmatched", Task: task, Message: "Nothing here fits that barcode; a task is open. Put it aside."}, nil
}
