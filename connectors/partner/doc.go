// Package partner speaks Afield's own REST with another library's system, both
// ways: Client hands our messages over and asks for availability, Open reads
// and checks what a partner sends. It translates at the edge and keeps nothing:
// no database, no rule about requests, no retry of its own (the outbox retries).
//
//	client := partner.NewClient(partner.Options{})
//	defer client.Close()
//	delivery := client.Send(ctx, peer, message)
//
// # The wire
//
// Everything a partner's programmer needs is here and in the OpenAPI document.
//
// A message is one JSON object, sent as POST with Content-Type
// application/json. Afield posts to {your base URL}/messages; you post to
// {Afield}/v1/partner/requests (kind "request") and {Afield}/v1/partner/messages
// (every other kind). The object is the same in both directions:
//
//	{
//	  "version": "1",
//	  "id": "0198c0de-5c1f-7c3a-9d55-0a4d1c8e7f10",
//	  "kind": "loaned",
//	  "request_id": "0198c0de-1111-7c3a-9d55-0a4d1c8e7f10",
//	  "borrower": "ISIL:US-NWPTL",
//	  "lender": "ISIL:US-EXAMPLE",
//	  "sent_at": "2026-08-01T14:30:00Z",
//	  "due": "2026-09-05",
//	  "cost": {"minor": 1250, "currency": "USD"},
//	  "items": [{"barcode": "31234000000017"}]
//	}
//
// Field names are snake_case and their letter case counts. Dates are
// 2026-08-22; instants are RFC 3339 with a zone; money is an integer of minor
// units with an ISO 4217 code; libraries are symbols NAMESPACE:VALUE, compared
// without regard to letter case. Unknown fields, fields given twice, null,
// anything after the object, more than 256 KB, deeper than 64 or more than
// 5,000 values are refused, and the answer lists every wrong field at once. A
// known field that a kind has no use for is taken and ignored.
//
// Every message has version, id, kind, request_id, borrower, lender and
// sent_at. Beyond these a kind needs:
//
//	request        citation with title; service "loan" or "copy"
//	conditional    conditions or cost
//	retry_later    retry_after
//	unfilled       reason
//	loaned         due
//	cancel_answer  yes
//	renew_answer   yes (with yes: true, due is expected; without it staff ask)
//	due_changed    due
//	invoice        cost
//	note           note
//
// # Once only
//
// The id is the sender's and stays the same when a message is sent again. The
// receiver acts once. It answers 200 (or 202) with
//
//	{"message_id": "…the same id…", "status": "accepted"}
//
// or with status "duplicate" when it had the message already; 409 with a
// problem whose code is "already_exists" means the same. The same id with other
// content is 409 "message_id_reused". Anything that is not this
// acknowledgement, an HTML page for instance, counts as not delivered and the
// message comes again. 408, 425, 429 and 5xx mean "later" (Retry-After is
// honoured); other 4xx mean "never". Errors are RFC 9457 problems with code and
// detail. Redirects are not followed.
//
// # Signature
//
// Both directions are signed as Standard Webhooks lays down, with one secret
// for each direction: webhook-id (equal to the message's id), webhook-timestamp
// (seconds since 1970) and webhook-signature, "v1," and the base64 of
// HMAC-SHA256 over "{id}.{timestamp}.{body}". Secrets are given out as
// "whsec_" and base64. A timestamp more than five minutes away from the
// receiver's clock is refused: a resend is signed anew. Calls to Afield also
// carry library-symbol, the symbol of the library that is calling; Afield sends
// it with its messages.
//
// # Availability
//
// Optional: GET {your base URL}/availability with any of isbn, issn, oclc,
// title, author, year, format in the query, signed likewise with
// "GET availability?{query exactly as sent}" in place of the body. The answer:
//
//	{"owned": true, "available": 2, "cost": {"minor": 1250, "currency": "USD"}, "note": "…"}
//
// where cost and note may be left out. Any other answer means "not known".
package partner
