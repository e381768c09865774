package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow"
)

// Begin writes a new request and the first line of its timeline, and sets its
// first deadline: on the lending side the time to answer, on the borrowing side
// the date the patron needs it by, if there is one.
func (e *Engine) Begin(ctx context.Context, tx *postgres.Tx, now time.Time, r *Request, by broker.Actor, cause Cause, facts map[string]any) error {
	if err := insert(tx, r, now, by, cause, facts); err != nil {
		return err
	}
	c, err := e.Case(ctx, tx, now, r, nil, nil)
	if err != nil {
		return err
	}
	st := &step{engine: e, Case: *c}
	switch {
	case r.Side == workflow.SideLending:
		place := st.Place()
		st.putDeadline(place.Deadline, place.Then, st.dueAt(place.Deadline))
	case !r.NeedBy.IsZero():
		st.putDeadline(workflow.DeadlineNeedBy, workflow.EventNeedByPassed, r.NeedBy.End(c.Library.Zone))
	}
	return nil
}

func insert(tx *postgres.Tx, r *Request, now time.Time, by broker.Actor, cause Cause, facts map[string]any) error {
	citation, err := json.Marshal(r.Citation)
	if err != nil {
		return fmt.Errorf("write a citation: %w", err)
	}
	tx.Queue(`insert into requests (library_id, id, number, side, state, version, owner, citation, title_id, format, service, rush, need_by,
			copyright, patron_id, pickup_branch_id, submitted_by, submitted_at, max_cost_minor, currency, ill_checked,
			borrower_library_id, borrower_request_id, borrower_note, external_number)
		values ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)`,
		r.LibraryID, r.ID, r.Number, string(r.Side), string(r.State), r.Owner, citation, r.TitleID, string(r.Format), r.Service, r.Rush, r.NeedBy,
		r.Copyright, r.PatronID, r.PickupBranchID, r.SubmittedBy, r.SubmittedAt, r.MaxCostMinor, r.Currency, r.ILLChecked,
		r.BorrowerLibraryID, r.BorrowerRequestID, r.BorrowerNote, r.ExternalNumber)
	label := "Submitted"
	event := workflow.EventSubmit
	if r.Side == workflow.SideLending {
		label = "Asked by another library"
	}
	return appendEvent(tx, r, now, Move{Event: event, From: "", To: r.State, Version: 1, Label: label}, by, cause, facts)
}
