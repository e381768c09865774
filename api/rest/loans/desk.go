package loans

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/acts"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
)

// scanned is what a scan did, as it is remembered: our own words, ids and dates.
type scanned struct {
	Did, Message, Undo              string
	Item, Request, Loan, Hold, Task broker.ID
	DueOn, PickUpBy                 broker.Date
	Notes                           []broker.Reason
	CountParts                      int
	Charged, TakenBack              []gen.Posting
	Refund                          broker.Money
	Act                             acts.Act
}

func scannedOf(done counter.Done) scanned {
	out := scanned{
		Did: done.Did, Message: done.Message, Undo: done.Undo, Item: done.Item, Request: done.Request, Task: done.Task,
		DueOn: done.DueOn, PickUpBy: done.PickUpBy, Notes: done.Notes, CountParts: done.CountParts,
		Charged: postings(done.Charged), TakenBack: postings(done.TakenBack), Refund: done.Refund,
		Act: done.Act,
	}
	if done.Loan != nil {
		out.Loan = done.Loan.ID
	}
	if done.Hold != nil {
		out.Hold = done.Hold.ID
	}
	return out
}

// Scan does what is due with one barcode.
func (l Loans) Scan(ctx context.Context, request gen.ScanRequestObject) (gen.ScanResponseObject, error) {
	in := request.Body
	if err := pipeline.Overriding(in.Override, in.OverrideReason); err != nil {
		return nil, err
	}
	done, err := pipeline.Once(ctx, l.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (scanned, error) {
		at, err := t.AtBranch(ctx, in.BranchID)
		if err != nil {
			return scanned{}, err
		}
		done, err := l.Desk.Scan(ctx, t.Tx, at, desk.Scan{
			Barcode: in.Barcode, Card: in.Card, Overrides: in.Override, Reason: in.OverrideReason, TakeBack: in.TakeBack,
			Handed: desk.Handed{Drop: in.Mode == gen.BookDrop, ScannedAt: in.ScannedAt},
		})
		return scannedOf(done), err
	})
	if err != nil {
		return nil, err
	}
	return gen.Scan200JSONResponse{
		Did: done.Did, Message: done.Message, Undo: done.Undo, ItemID: done.Item, RequestID: done.Request,
		LoanID: done.Loan, HoldID: done.Hold, TaskID: done.Task, DueOn: done.DueOn, PickUpBy: done.PickUpBy, Notes: done.Notes,
		CountParts: done.CountParts, Charged: done.Charged, TakenBack: done.TakenBack, Refund: done.Refund,
		Act: views.DeskAct(done.Act),
	}, nil
}

// UndoDeskAct takes one act at the desk back.
func (l Loans) UndoDeskAct(ctx context.Context, request gen.UndoDeskActRequestObject) (gen.UndoDeskActResponseObject, error) {
	view, err := pipeline.Act(ctx, l.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		act, err := l.Desk.Undo(ctx, t.Tx, t.At(), request.ID, request.Body.Reason)
		return act.ID, err
	}, func(ctx context.Context, t *pipeline.Turn, id broker.ID) (gen.DeskAct, error) {
		act, err := acts.Load(ctx, t.Tx, t.Library(), id)
		return views.DeskAct(act), err
	})
	return gen.UndoDeskAct200JSONResponse(view), err
}

// ListDeskActs lists what was done at the library's desks.
func (l Loans) ListDeskActs(ctx context.Context, request gen.ListDeskActsRequestObject) (gen.ListDeskActsResponseObject, error) {
	in := request.Params
	page, err := pipeline.Read(ctx, l.Base, func(ctx context.Context, t *pipeline.Turn) (gen.DeskActPage, error) {
		page := gen.DeskActPage{Acts: []gen.DeskAct{}}
		list := pipeline.List{Name: "desk acts " + in.Item.String(), Cursor: in.Cursor, Limit: in.Limit}
		found, next, err := pipeline.Page(t, list, func(act acts.Act) pipeline.Position { return pipeline.Identified(act.ID) },
			func(after pipeline.Position, limit int) ([]acts.Act, error) {
				return acts.List(ctx, t.Tx, t.Library(), in.Item, broker.Page{After: after.ID(), Limit: limit})
			})
		page.NextCursor = next
		for _, act := range found {
			page.Acts = append(page.Acts, views.DeskAct(act))
		}
		return page, err
	})
	return gen.ListDeskActs200JSONResponse(page), err
}
