package requests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/messages"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/tasks"
)

// Incoming is a message from another library, decoded, with its sender proved.
type Incoming struct {
	// Peer is who sent it: the holder of the credential it came with.
	Peer    broker.ID
	Message connectors.Message
	// Hash is of the body as received; Raw the wire text for the log.
	Hash []byte
	Raw  string
}

// Receive takes a message from another library: stored once, acted on in the
// same transaction, and answered the same way however often it comes. The
// transaction is widened to the library the message is for. A message about a
// request the sender has no part in is "not found".
func (s *Service) Receive(ctx context.Context, tx *postgres.Tx, now time.Time, in Incoming) (messages.Answer, error) {
	library, byBorrower, err := s.addressed(ctx, tx, in)
	if err != nil {
		return messages.Answer{}, err
	}
	tx.Widen(library.ID)
	id, replay, err := messages.Take(ctx, tx, now, messages.Incoming{Library: library.ID, Peer: in.Peer, Message: in.Message, Hash: in.Hash, Raw: in.Raw})
	if err != nil {
		return messages.Answer{}, err
	}
	if replay != nil {
		return *replay, nil
	}
	answer := messages.Answer{MessageID: in.Message.ID, Status: messages.Accepted, Outcome: "acted"}
	var request broker.ID
	switch {
	case in.Message.Kind == connectors.KindRequest:
		request, err = s.openLending(ctx, tx, now, library, in, &answer)
	case in.Message.Kind == connectors.KindStatusRequest:
		request, err = s.sayStatus(ctx, tx, now, library, in)
	case byBorrower:
		request, err = s.fromBorrower(ctx, tx, now, library, in, id, &answer)
	default:
		request, err = s.fromLender(ctx, tx, now, library, in, id, &answer)
	}
	if err != nil {
		return messages.Answer{}, err
	}
	if in.Message.Kind == connectors.KindNote {
		tasks.Open(tx, library.ID, request, "note_received", "The other library wrote a note: read it, and answer where it asks.", now)
	}
	answer.RequestID = request.String()
	return answer, messages.Record(tx, library.ID, id, request, now, answer)
}

// addressed finds the member library a message is for, and whether its borrower
// says it; what both sides say is the borrower's where the borrower sent it. It
// checks that the sender uses its own symbol.
func (s *Service) addressed(ctx context.Context, tx *postgres.Tx, in Incoming) (library *directory.Lender, byBorrower bool, err error) {
	byBorrower = in.Message.Kind.FromBorrower()
	if in.Message.Kind.FromEither() {
		if byBorrower, err = isPeer(ctx, tx, in.Message.Borrower, in.Peer); err != nil {
			return nil, false, err
		}
	}
	to, from := in.Message.Borrower, in.Message.Lender
	if byBorrower {
		to, from = from, to
	}
	own, err := isPeer(ctx, tx, from, in.Peer)
	if err != nil {
		return nil, false, err
	}
	if !own {
		return nil, false, broker.Forbidden("The message says it is from %s, which is not who you signed in as.", from)
	}
	addressee, err := directory.BySymbol(ctx, tx, to)
	if err != nil {
		return nil, false, err
	}
	if !addressee.Member {
		return nil, false, broker.NotFound("member library " + to.String())
	}
	library, err = s.library(ctx, tx, addressee.ID)
	return library, byBorrower, err
}

// isPeer tells whether a symbol is that of the library that sent a message.
func isPeer(ctx context.Context, tx *postgres.Tx, symbol broker.Symbol, peer broker.ID) (bool, error) {
	library, err := directory.BySymbol(ctx, tx, symbol)
	if broker.IsKind(err, broker.KindNotFound) {
		return false, nil
	}
	return err == nil && library.ID == peer, err
}

// openLending starts the lending side of an ask.
func (s *Service) openLending(ctx context.Context, tx *postgres.Tx, now time.Time, library *directory.Lender, in Incoming, answer *messages.Answer) (broker.ID, error) {
	var known broker.ID
	err := tx.QueryRow(ctx, `select id from requests where library_id = $1 and side = 'lending' and borrower_library_id = $2 and borrower_request_id = $3`,
		library.ID, in.Peer, in.Message.RequestID).Scan(&known)
	if err == nil {
		answer.Outcome, answer.Detail = "noted", "This request is known already."
		return known, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return broker.NoID, fmt.Errorf("look for a lending request: %w", err)
	}
	number, err := engine.NextNumber(ctx, tx)
	if err != nil {
		return broker.NoID, err
	}
	message := in.Message
	actor := broker.Actor{Kind: broker.ActorPartner, ID: in.Peer, Library: library.ID}
	by, err := json.Marshal(actor)
	if err != nil {
		return broker.NoID, fmt.Errorf("write an actor: %w", err)
	}
	request := &engine.Request{
		LibraryID: library.ID, ID: broker.NewID(), Number: number, Side: workflow.SideLending, State: workflow.Lending.Start, Version: 1, Owner: workflow.OwnerStaff,
		Citation: *message.Citation, Format: message.Citation.Format, Service: message.Service, Rush: message.Rush, NeedBy: message.NeedBy,
		SubmittedBy: by, SubmittedAt: now, Currency: library.Currency,
		BorrowerLibraryID: in.Peer, BorrowerRequestID: &message.RequestID, BorrowerNote: message.Note,
	}
	if request.Format == "" {
		request.Format = broker.FormatBook
	}
	if request.Service == "" {
		request.Service = "loan"
	}
	if message.Copyright == "US:CCG" || message.Copyright == "US:CCL" {
		request.Copyright = &message.Copyright
	}
	if message.MaxCost != nil && message.MaxCost.Currency == library.Currency {
		request.MaxCostMinor = &message.MaxCost.Minor
	} else if message.MaxCost != nil { // a limit that is not in our money is one all the same
		request.BorrowerNote = strings.TrimSpace(request.BorrowerNote + "\nWill pay at most: " + message.MaxCost.String())
	}
	if title, found, err := catalog.MatchCitation(ctx, tx, library.SharingGroup, *message.Citation); err != nil {
		return broker.NoID, err
	} else if found {
		request.TitleID = title
	}
	facts := map[string]any{"borrower_id": in.Peer, "previous_request_id": message.PreviousRequestID}
	return request.ID, s.engine.Begin(ctx, tx, now, request, actor, engine.Cause{Kind: "message", ID: message.ID}, facts)
}

func (s *Service) fromBorrower(ctx context.Context, tx *postgres.Tx, now time.Time, library *directory.Lender, in Incoming, id broker.ID, answer *messages.Answer) (broker.ID, error) {
	request, err := lentTo(ctx, tx, library.ID, in)
	if err != nil {
		return broker.NoID, err
	}
	hearing := workflow.Heard(workflow.SideLending, in.Message)
	return request, s.fireOrNote(ctx, tx, now, heard(library.ID, request, in, id, workflow.ByBorrower, hearing.Event), hearing.Late, answer)
}

// lentTo finds the lending request that a borrower's message is about.
func lentTo(ctx context.Context, tx *postgres.Tx, library broker.ID, in Incoming) (request broker.ID, err error) {
	err = tx.QueryRow(ctx, `select id from requests where library_id = $1 and side = 'lending' and borrower_library_id = $2 and borrower_request_id = $3`,
		library, in.Peer, in.Message.RequestID).Scan(&request)
	if errors.Is(err, pgx.ErrNoRows) {
		return broker.NoID, broker.NotFound("request " + in.Message.RequestID)
	}
	if err != nil {
		return broker.NoID, fmt.Errorf("find a lending request: %w", err)
	}
	return request, nil
}

// sayStatus answers a borrower that asks where its request stands. Nothing moves.
func (s *Service) sayStatus(ctx context.Context, tx *postgres.Tx, now time.Time, library *directory.Lender, in Incoming) (broker.ID, error) {
	request, err := lentTo(ctx, tx, library.ID, in)
	if err != nil {
		return broker.NoID, err
	}
	c, err := s.engine.Lock(ctx, tx, now, library.ID, request)
	if err != nil {
		return broker.NoID, err
	}
	return request, s.engine.Tell(ctx, c, connectors.Message{Kind: connectors.KindStatus, Due: c.Request.LenderDueOn})
}

// Addressee finds the library that a peer's message is for by the request it is
// about, where the message names only the peer. The transaction sees all libraries.
func Addressee(ctx context.Context, tx *postgres.Tx, peer broker.ID, message connectors.Message) (broker.Symbol, error) {
	var library broker.ID
	var err error
	unknown := broker.NotFound("request " + message.RequestID)
	if message.Borrower == (broker.Symbol{}) { // the peer lends
		entry, unread := broker.ParseID("request_id", message.RequestID)
		if unread != nil {
			return broker.Symbol{}, unknown
		}
		err = tx.QueryRow(ctx, `select library_id from rota_entries where id = $1 and lender_id = $2 and asked_at is not null`, entry, peer).Scan(&library)
	} else {
		err = tx.QueryRow(ctx, `select library_id from requests where side = 'lending' and borrower_library_id = $1 and borrower_request_id = $2
			order by closed_at is null desc, id desc limit 1`, peer, message.RequestID).Scan(&library)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return broker.Symbol{}, unknown
	}
	if err != nil {
		return broker.Symbol{}, fmt.Errorf("find whom a message is for: %w", err)
	}
	symbols, err := directory.SymbolsOf(ctx, tx, []broker.ID{library})
	if err != nil {
		return broker.Symbol{}, err
	}
	if len(symbols[library]) == 0 {
		return broker.Symbol{}, unknown
	}
	return symbols[library][0], nil
}

func (s *Service) fromLender(ctx context.Context, tx *postgres.Tx, now time.Time, library *directory.Lender, in Incoming, id broker.ID, answer *messages.Answer) (broker.ID, error) {
	entry, err := broker.ParseID("request_id", in.Message.RequestID)
	if err != nil {
		return broker.NoID, broker.NotFound("request " + in.Message.RequestID)
	}
	var request broker.ID
	var current *broker.ID
	err = tx.QueryRow(ctx, `select r.id, r.rota_entry_id from rota_entries e join requests r on r.library_id = e.library_id and r.id = e.request_id
		where e.library_id = $1 and e.id = $2 and e.lender_id = $3 and e.asked_at is not null`, library.ID, entry, in.Peer).Scan(&request, &current)
	if errors.Is(err, pgx.ErrNoRows) {
		return broker.NoID, broker.NotFound("request " + in.Message.RequestID)
	}
	if err != nil {
		return broker.NoID, fmt.Errorf("find the request of a rota entry: %w", err)
	}
	hearing := workflow.Heard(workflow.SideBorrowing, in.Message)
	event := hearing.Event
	if event != hearing.Late && (current == nil || *current != entry) {
		event = hearing.Late
		answer.Outcome, answer.Detail = "noted", "The request has moved on; staff are told where that matters."
	}
	firing := heard(library.ID, request, in, id, workflow.ByLender, event)
	firing.Input["entry"] = entry
	if in.Message.SentAt.Before(now) { // a clock that is fast says nothing of the future
		firing.Said = in.Message.SentAt
	}
	return request, s.fireOrNote(ctx, tx, now, firing, hearing.Late, answer)
}

// heard makes the firing of a message, with what it said as input.
func heard(library, request broker.ID, in Incoming, id broker.ID, by workflow.Party, event workflow.Event) engine.Firing {
	m := in.Message
	input := workflow.Input{"due": m.Due, "retry_after": m.RetryAfter, "reason": m.Reason, "conditions": m.Conditions, "items": m.Items, "note": m.Note}
	if m.Cost != nil {
		input["cost"] = *m.Cost
	}
	if m.Fine != nil {
		input["fine"] = *m.Fine
	}
	if m.FineMost != nil {
		input["fine_most"] = *m.FineMost
	}
	if m.Renewals != nil {
		input["renewals"] = *m.Renewals
	}
	if event == workflow.EventNote {
		input = workflow.Input{"note": m.Note}
	}
	return engine.Firing{
		Library: library, Request: request, Event: event, Input: input, By: by,
		Actor: broker.Actor{Kind: broker.ActorPartner, ID: in.Peer, Library: library},
		Cause: engine.Cause{Kind: "message", ID: id.String()}, Data: map[string]any{"peer_message_id": m.ID},
	}
}

// fireOrNote fires an event; where the table has no row for it any more, the
// message is noted instead, so that no order of messages loses one.
func (s *Service) fireOrNote(ctx context.Context, tx *postgres.Tx, now time.Time, firing engine.Firing, otherwise workflow.Event, answer *messages.Answer) error {
	_, err := s.Fire(ctx, tx, now, firing)
	if err == nil || !noRow(err) || firing.Event == otherwise {
		return err
	}
	answer.Outcome = "noted"
	if ours, ok := broker.AsError(err); ok {
		answer.Detail = ours.Detail
	}
	firing.Data["said"] = string(firing.Event)
	firing.Event = otherwise
	_, err = s.Fire(ctx, tx, now, firing)
	return err
}

func noRow(err error) bool {
	ours, ok := broker.AsError(err)
	return ok && (ours.Code == "not_in_this_state" || ours.Code == "not_now")
}

// delivered records that a lender has our request: its clock starts now.
func (s *Service) delivered(ctx context.Context, tx *postgres.Tx, now time.Time, library, request broker.ID, message connectors.Message) error {
	if message.Kind != connectors.KindRequest {
		return nil
	}
	return s.aboutDelivery(ctx, tx, now, library, request, message, workflow.EventConfirmed, nil)
}

// undeliverable records that a lender will never take a message of ours. A
// request moves on to the next lender; anything else is put before staff.
func (s *Service) undeliverable(ctx context.Context, tx *postgres.Tx, now time.Time, library, request broker.ID, message connectors.Message, detail string) error {
	if message.Kind == connectors.KindCancel {
		// A lender that knows nothing of the request has nothing to stop.
		return s.aboutDelivery(ctx, tx, now, library, request, message, workflow.EventCancelAgreed, map[string]any{"detail": detail})
	}
	if message.Kind != connectors.KindRequest {
		tasks.Open(tx, library, request, "message_refused",
			"The other library's system refuses our message ("+string(message.Kind)+"): tell them another way.", now)
		return nil
	}
	return s.aboutDelivery(ctx, tx, now, library, request, message, workflow.EventDeliveryFailed, map[string]any{"detail": detail})
}

func (s *Service) aboutDelivery(ctx context.Context, tx *postgres.Tx, now time.Time, library, request broker.ID, message connectors.Message, event workflow.Event, data map[string]any) error {
	var current *broker.ID
	err := tx.QueryRow(ctx, `select rota_entry_id from requests where library_id = $1 and id = $2`, library, request).Scan(&current)
	if err != nil {
		return fmt.Errorf("find the lender a message went to: %w", err)
	}
	if current == nil || current.String() != message.RequestID {
		return nil // we have moved on
	}
	_, err = s.Fire(ctx, tx, now, engine.Firing{
		Library: library, Request: request, Event: event, By: workflow.BySystem, Actor: broker.System(library),
		Cause: engine.Cause{Kind: "job", ID: message.ID}, Data: data,
	})
	if err != nil && noRow(err) {
		return nil // answered before the delivery was recorded
	}
	return err
}
