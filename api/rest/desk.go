package rest

import (
	"context"
	"net/http"
	"slices"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

// at is the desk a call acts at: the caller's library, and the branch named or
// the staff user's own.
func (s *Server) at(ctx context.Context, tx *postgres.Tx, branch broker.ID) (desk.At, error) {
	this := callOf(ctx)
	at := desk.At{Library: this.library(), Branch: this.principal.Branch, Actor: this.principal.Actor(), Now: s.Clock.Now()}
	if branch == broker.NoID {
		return at, nil
	}
	branches, err := directory.Branches(ctx, tx, this.library())
	if err != nil {
		return at, err
	}
	if !slices.ContainsFunc(branches, func(b directory.Branch) bool { return b.ID == branch }) {
		return at, broker.Invalid(broker.FieldError{Pointer: "/branch_id", Code: "not_a_branch", Message: "must be a branch of this library"})
	}
	at.Branch = branch
	return at, nil
}

// scanned is what a scan did, as it is remembered: words of ours, ids and dates.
type scanned struct {
	Did, Message, Undo              string
	Item, Request, Loan, Hold, Task broker.ID
	DueOn, PickUpBy                 broker.Date
	Notes                           []broker.Reason
	CountParts                      int
	Charged, TakenBack              []gen.Posting
	Refund                          broker.Money
}

func scannedOf(done desk.Done) scanned {
	out := scanned{
		Did: done.Did, Message: done.Message, Undo: done.Undo, Item: done.Item, Request: done.Request, Task: done.Task,
		DueOn: done.DueOn, PickUpBy: done.PickUpBy, Notes: done.Notes, CountParts: done.CountParts,
		Charged: postings(done.Charged), TakenBack: postings(done.TakenBack), Refund: done.Refund,
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
func (s *Server) Scan(ctx context.Context, request gen.ScanRequestObject) (gen.ScanResponseObject, error) {
	in := request.Body
	if err := overriding(in.Override, in.OverrideReason); err != nil {
		return nil, err
	}
	done, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (scanned, error) {
		at, err := s.at(ctx, tx, in.BranchID)
		if err != nil {
			return scanned{}, err
		}
		done, err := s.Desk.Scan(ctx, tx, at, desk.Scan{
			Barcode: in.Barcode, Card: in.Card, Overrides: in.Override, Reason: in.OverrideReason,
			Handed: desk.Handed{Drop: in.Mode == gen.BookDrop},
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
	}, nil
}
