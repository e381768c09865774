package requests

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/policy/accounts"
	"afield/broker/policy/ill"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// LengthenShelf gives back the pick-up days that a closure takes from requests
// whose item waits on a library's hold shelf, never beyond what the lender's
// due date allows. The desk's library must have been read after the closure was
// entered. It counts them.
func (s *Service) LengthenShelf(ctx context.Context, tx *postgres.Tx, desk standing.Desk, from broker.Date) (lengthened int, err error) {
	type waiting struct {
		ID        broker.ID
		Format    string
		PickUpBy  broker.Date
		LenderDue broker.Date
	}
	onShelf := s.Table(workflow.SideBorrowing).States(func(p workflow.Place) bool { return p.Deadline == workflow.DeadlinePickUpBy })
	rows, err := tx.Query(ctx, `select id, format, pick_up_by, lender_due_on from requests
		where library_id = $1 and state = any ($2) and pick_up_by >= $3 order by id for update`, desk.Library.ID, texts(onShelf), from)
	if err != nil {
		return 0, fmt.Errorf("read what waits for patrons: %w", err)
	}
	kept, err := pgx.CollectRows(rows, pgx.RowToStructByPos[waiting])
	if err != nil || len(kept) == 0 {
		return 0, err
	}
	branches, err := directory.Branches(ctx, tx, desk.Library.ID)
	if err != nil {
		return 0, err
	}
	for _, one := range kept {
		hold, err := holds.OfRequest(ctx, tx, standing.RequestRef{Library: desk.Library.ID, Request: one.ID})
		if broker.IsKind(err, broker.KindNotFound) {
			continue
		}
		if err != nil {
			return lengthened, err
		}
		facts := shelf.Facts{Match: ill.Asked(hold.Class, accounts.Years(hold.BornOn, desk.Today()), broker.Format(one.Format)), LenderDue: one.LenderDue}
		if hold.Title != broker.NoID {
			facts.Owner = rule.OwnerConsortium // a copy of the shared catalogue, had as a hold
		}
		until, err := s.holds.ShelfDate(desk, branches, hold, facts)
		if err != nil {
			return lengthened, err
		}
		if !until.After(one.PickUpBy) {
			continue
		}
		holds.MoveShelfDate(tx, hold.Ref, until)
		engine.MovePickUp(tx, desk.Library.ID, one.ID, until, desk.Library.Calendar.EndOfBusiness(until))
		lengthened++
	}
	return lengthened, nil
}
