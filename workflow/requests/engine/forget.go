package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/workflow/messages"
	"afield/workflow/requests/tasks"
)

// submittedByNobody takes from a request whose it is, and who submitted it where
// that was the patron; $2 is broker.NoID.
const submittedByNobody = `patron_id = null, submitted_by = case when r.submitted_by ->> 'kind' = 'patron'
	then jsonb_set(r.submitted_by, '{id}', to_jsonb($2::text)) else r.submitted_by end`

// ForgetSlice removes the patron from up to limit ended requests of a library,
// and from their timelines: requests that ended before an instant (zero: none
// because of their age), and those of patrons who want no history. A request
// for which something is still owed keeps its patron, and so does one whose
// patron wants to keep the history. It gives those of them that ended since
// another instant, and who asked for what: nothing where none is left. It needs
// the rights of postgres.Everywhere.
func ForgetSlice(ctx context.Context, tx *postgres.Tx, library broker.ID, endedBefore patrons.Until[time.Time], since time.Time, limit int) (recent []broker.ID, had []patrons.Had, err error) {
	rows, err := tx.Query(ctx, `
		update requests r set `+submittedByNobody+`
		from (
			select r.id, p.id as patron_id from requests r join patrons p on p.library_id = r.library_id and p.id = r.patron_id
			where r.library_id = $1 and r.side = 'borrowing' and r.closed_at is not null
				and case when p.keep_history is null then r.closed_at < `+endedBefore.Of("$3")+`::timestamptz else not p.keep_history end
				and 0 = (select coalesce(sum(e.amount_minor), 0) from ledger_entries e
					where e.library_id = r.library_id and e.request_id = r.id)
				and not exists (select 1 from loans l where l.patron_library_id = r.library_id and l.request_id = r.id and l.status <> 'returned')
			order by r.id limit $4) ended
		where r.library_id = $1 and r.id = ended.id
		returning r.id, r.closed_at >= $5, ended.patron_id, r.title_id, coalesce(r.citation ->> 'title', ''), coalesce(r.citation ->> 'isbn', ''),
			array_remove(array[r.citation ->> 'part_title', r.citation ->> 'doi', r.citation ->> 'pmid'], null) || array(select v.barcode from request_items v where v.library_id = r.library_id and v.request_id = r.id and v.barcode <> '')`, library, broker.NoID, endedBefore, limit, since)
	if err != nil {
		return nil, nil, fmt.Errorf("forget who asked: %w", err)
	}
	var forgotten []broker.ID
	var request, patron, title broker.ID
	var late bool
	var name, isbn string
	var barcodes []string
	_, err = pgx.ForEachRow(rows, []any{&request, &late, &patron, &title, &name, &isbn, &barcodes}, func() error {
		had = append(had, patrons.Had{Patron: patrons.Ref{Library: library, ID: patron}, Title: title, Words: append([]string{name, isbn}, barcodes...)})
		if forgotten = append(forgotten, request); late {
			recent = append(recent, request)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("forget who asked: %w", err)
	}
	forgetWho(tx, library, forgotten)
	return recent, had, nil
}

// forgetWho queues removing the patron from what belongs to ended requests:
// timelines, notes, tasks, volumes, and messages as they came over the wire. That
// a patron acted stays, but not who.
func forgetWho(tx *postgres.Tx, library broker.ID, requests []broker.ID) {
	if len(requests) == 0 {
		return
	}
	tx.Queue(`update request_events set actor = jsonb_set(actor, '{id}', to_jsonb($3::text))
		where library_id = $1 and request_id = any ($2) and actor ->> 'kind' = 'patron'`, library, requests, broker.NoID)
	tx.Queue(`update request_notes set actor = jsonb_set(actor, '{id}', to_jsonb($3::text))
		where library_id = $1 and request_id = any ($2) and actor ->> 'kind' = 'patron'`, library, requests, broker.NoID)
	tx.Queue(`update request_items set patron_library_id = null, patron_id = null, was_patron_library_id = null, was_patron_id = null
		where library_id = $1 and request_id = any ($2)`, library, requests)
	forgetBefore(tx, library, requests...)
	tasks.ForgetPatrons(tx, library, requests)
	messages.ForgetWire(tx, library, requests)
}
