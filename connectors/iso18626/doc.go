// Package iso18626 speaks ISO 18626, the standard between systems for interlibrary
// loan, in the editions of 2017 (schema 1.2) and of 2021, as borrower and as lender.
// It translates at the edge: it keeps nothing, knows no rule about requests, and
// never tries twice by itself (the outbox does).
//
//   - element.go, read.go: the reader, within limits; it takes what real systems send
//     (no envelope, no namespace, +0000, empty answers, codes that nobody knows).
//   - grammar.go, write.go: what each edition's schema allows; nothing else is
//     written. Another edition is another value of that type.
//   - say.go, hear.go: our words into the standard's and back; codes.go has the lists.
//   - dialects.go: how vendors' systems differ, each row with its source.
//   - confirm.go: confirmations, ours and theirs.
//   - client.go, protocol.go: the sender, and the door at /iso18626.
//
// # How the words map
//
//	we say               they hear
//	request              request, New or Retry (with the earlier request's id)
//	cancel               Cancel
//	accept_conditions    Notification, ACCEPT or ReShare's token
//	reject_conditions    Notification, REJECT or ReShare's token
//	received             Received
//	renew                Renew
//	shipped_return       ShippedReturn
//	lost_by_borrower     Lost (1.2: Notification)
//	paid                 Notification
//	status_request       StatusRequest
//	expect_to_supply     RequestResponse ExpectToSupply (Alma: WillSupply)
//	will_supply          RequestResponse WillSupply
//	conditional          RequestResponse WillSupply with loanCondition, offeredCosts
//	retry_later          RequestResponse RetryPossible
//	unfilled             RequestResponse Unfilled
//	loaned               StatusChange Loaned
//	copy_completed       StatusChange CopyCompleted
//	cancel_answer        CancelResponse Y (Cancelled) or N (as it stands)
//	renew_answer         RenewResponse Y or N
//	overdue              StatusChange Overdue
//	recalled             StatusChange Recalled
//	due_changed          StatusChange Loaned with the new date
//	loan_completed       StatusChange LoanCompleted, or CompletedWithoutReturn where forgiven
//	invoice              Notification with the cost
//	status               StatusRequestResponse
//	note                 Notification
//
// Heard the other way round, with these besides: a Notification moves nothing, ever
// (but for the answers to conditions); ShippedForward, HoldReturn and
// ReleaseHoldReturn become notes for staff; RequestReceived is kept as the lender's
// status; a Reminder is a note; Cancelled that nobody asked for is unfilled.
//
// A message has no id of its own here. A request has its requestingAgencyRequestId,
// any other message the hash of what it says: the same bytes are taken once, and a
// request that comes again with other content is answered "already exists".
package iso18626
