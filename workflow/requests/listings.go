package requests

import "afield/broker/postgres"

// Listings are the queries for everything a library owns of its requests, for
// taking it out of Afield: each request, whom it asked, its timeline and its
// notes. The wire text of messages is not kept for long and stays out.
func Listings() []postgres.Listing {
	return []postgres.Listing{
		{Name: "requests", SQL: `select number, id, side, state, owner, citation, format, service, rush, need_by, copyright, patron_id as patron,
			submitted_by, submitted_at as submitted, round(max_cost_minor / 100.0, 2) as max_cost, round(approved_cost_minor / 100.0, 2) as approved_cost,
			currency, fulfilment, external_number, pick_up_by, patron_due_on as patron_due, borrower_library_id as borrower,
			borrower_request_id as borrower_request, borrower_note, round(offered_cost_minor / 100.0, 2) as offered_cost, lender_due_on as lender_due,
			renewals, cancel_reason, overdue, recalled, closed_at as closed, closed_reason
			from requests where library_id = $1 order by id`},
		{Name: "request_lenders", SQL: `select request_id as request, id, position, lender_id as lender, tier_name as tier, fulfilment, status, why,
			cost_known, round(cost_minor / 100.0, 2) as cost, currency, conditions, answer, asked_at as asked, answered_at as answered
			from rota_entries where library_id = $1 order by request_id, position`},
		{Name: "request_items", SQL: `select request_id as request, id, volume, barcode, item_id as item, received_at as received, custody, condition,
			returned_at as returned from request_items where library_id = $1 order by request_id, id`},
		{Name: "request_late_parcels", SQL: `select request_id as request, id, entry_id as lender_entry, volume, barcode, announced_at as announced,
			arrived_at as arrived, sent_at as sent, home_at as home from late_parcels where library_id = $1 order by request_id, id`},
		{Name: "request_timeline", SQL: `select request_id as request, version, event, from_state, to_state, actor, cause, data, at
			from request_events where library_id = $1 order by request_id, version`},
		{Name: "request_notes", SQL: `select request_id as request, audience, text, actor, at
			from request_notes where library_id = $1 order by request_id, id`},
		{Name: "request_messages", SQL: `select request_id as request, id, direction, peer_library_id as peer, kind, status, created_at as created,
			done_at as done from messages where library_id = $1 order by created_at, id`},
		{Name: "staff_tasks", SQL: `select id, request_id as request, kind, detail, facts, opened_at as opened, due_on as due, closed_at as closed,
			closed_by from staff_tasks where library_id = $1 order by id`},
	}
}
