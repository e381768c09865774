package requests

import (
	"context"
	"fmt"
	"strings"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy/costs"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/messages"
	"afield/workflow/requests/items"
)

// Effects that say something to another library. What a borrower says goes to
// the active lender; what a lender says goes to the borrowing library. A
// library that is reached by hand gets no message: the act is recorded and
// staff carry it over.

// say puts a message to the active lender into the outbox.
func (st *step) say(ctx context.Context, message connectors.Message) error {
	entry := st.current()
	if entry == nil || entry.Fulfilment == "hold" {
		return nil
	}
	lender, err := st.service.library(ctx, st.tx, entry.LenderID)
	if err != nil {
		return err
	}
	protocol, err := st.service.protocolOf(lender)
	if err != nil {
		return err
	}
	if asked := entry.Fulfilment == "staff"; asked || !protocol.CanSay(message) {
		return st.tellByHand(lender, message.Kind, asked || protocol.Sender == nil)
	}
	message.RequestID = entry.ID.String()
	message.Borrower, message.Lender = st.library.Symbol, lender.Symbol
	return st.put(lender, message)
}

// answer puts a message to the borrowing library into the outbox.
func (st *step) answer(ctx context.Context, message connectors.Message) error {
	borrower, err := st.service.library(ctx, st.tx, *st.request.BorrowerLibraryID)
	if err != nil {
		return err
	}
	protocol, err := st.service.protocolOf(borrower)
	if err != nil {
		return err
	}
	if !protocol.CanSay(message) {
		return st.tellByHand(borrower, message.Kind, protocol.Sender == nil)
	}
	message.RequestID = *st.request.BorrowerRequestID
	message.Borrower, message.Lender = borrower.Symbol, st.library.Symbol
	return st.put(borrower, message)
}

// protocolOf gives the protocol by which a library is reached.
func (s *Service) protocolOf(library *directory.Lender) (connectors.Protocol, error) {
	return s.protocols.Of(string(library.Protocol))
}

// reachable tells whether a lender can be asked by a message.
func (s *Service) reachable(lender *directory.Lender, ask connectors.Message) (bool, error) {
	protocol, err := s.protocolOf(lender)
	return protocol.CanSay(ask) && !lender.Paused, err
}

// byHand is what staff are asked to tell a library that no message reaches.
var byHand = map[connectors.Kind]string{
	connectors.KindCancel: "ask %s by hand to stop", connectors.KindRenew: "ask %s by hand to renew it, then record the answer",
	connectors.KindAcceptConditions: "tell %s by hand that the conditions are accepted", connectors.KindRejectConditions: "tell %s by hand that the conditions are declined",
	connectors.KindShippedReturn: "tell %s by hand that it is on its way home", connectors.KindLostByBorrower: "tell %s by hand that it is lost or damaged",
	connectors.KindPaid: "tell %s by hand that the invoice is paid", connectors.KindRecalled: "tell %s by hand that it is recalled",
	connectors.KindOverdue: "tell %s by hand that it is overdue", connectors.KindInvoice: "send %s the invoice by hand",
	connectors.KindCancelAnswer: "answer %s by hand about its cancel", connectors.KindRenewAnswer: "answer %s by hand about the renewal",
	connectors.KindUnfilled: "tell %s by hand that we cannot supply", connectors.KindConditional: "tell %s our conditions by hand",
	connectors.KindDueChanged: "tell %s the new due date by hand",
}

// byHandToo is what a library must be told besides when its own system would
// hear it, but for a protocol that cannot say it. Where staff deal with a library
// by hand anyway, they say these as they go.
var byHandToo = map[connectors.Kind]string{
	connectors.KindReceived: "tell %s by hand that it has arrived", connectors.KindLoanCompleted: "tell %s by hand that it came home",
	connectors.KindExpectToSupply: "tell %s by hand that we expect to supply it", connectors.KindWillSupply: "tell %s by hand that we will supply it",
	connectors.KindRetryLater: "tell %s by hand when to ask again", connectors.KindNote: "pass the note on to %s by hand",
	connectors.KindLoaned: "tell %s by hand that it is on its way, and when it is due", connectors.KindCopyCompleted: "tell %s by hand that the copy is on its way",
}

// tellByHand puts before staff what no message carries. byHandAnyway tells that
// they deal with the library by hand, whatever there is to say.
func (st *step) tellByHand(library *directory.Lender, kind connectors.Kind, byHandAnyway bool) error {
	words, worth := byHand[kind]
	if !worth && !byHandAnyway {
		words, worth = byHandToo[kind]
	}
	if !worth {
		return nil
	}
	words = fmt.Sprintf(words, library.Name)
	return st.task("tell_by_hand_"+string(kind), strings.ToUpper(words[:1])+words[1:]+".")
}

func (st *step) put(peer *directory.Lender, message connectors.Message) error {
	id := broker.NewID()
	message.ID, message.SentAt = id.String(), st.now
	err := messages.Put(st.tx, st.now, messages.Outgoing{
		Library: st.request.LibraryID, Peer: peer.ID, Request: st.request.ID, Version: st.request.Version, Message: message,
	})
	if err != nil {
		return err
	}
	st.refs = append(st.refs, messages.Ref{Library: st.request.LibraryID, ID: id, Peer: peer.ID, Protocol: peer.Protocol})
	return nil
}

// saying makes an effect that says one thing without more to it.
func saying(kind connectors.Kind) func(*step, context.Context) error {
	return func(st *step, ctx context.Context) error { return st.say(ctx, connectors.Message{Kind: kind}) }
}

// answering makes an effect by which a lender says one thing.
func answering(kind connectors.Kind) func(*step, context.Context) error {
	return func(st *step, ctx context.Context) error { return st.answer(ctx, connectors.Message{Kind: kind}) }
}

func answeringYes(kind connectors.Kind, yes bool) func(*step, context.Context) error {
	return func(st *step, ctx context.Context) error {
		return st.answer(ctx, connectors.Message{Kind: kind, Yes: &yes, Reason: st.firing.Input.Text("reason"), Due: dueIf(yes, st)})
	}
}

func dueIf(yes bool, st *step) broker.Date {
	if yes {
		return st.firing.Input.Date("due")
	}
	return broker.Date{}
}

// sendCancel asks the lender to stop. A request that never reached it is taken
// out of the outbox instead, so that it cannot arrive after all.
func (st *step) sendCancel(ctx context.Context) error {
	if entry := st.current(); entry != nil && entry.Fulfilment == "ill" {
		mayHaveIt, err := messages.WithdrawAsk(ctx, st.tx, st.request.LibraryID, st.request.ID, entry.ID, st.now)
		if err != nil {
			return err
		}
		if !mayHaveIt {
			if st.request.State == workflow.CancelPending {
				st.then(workflow.EventCancelAgreed, map[string]any{"never_delivered": true})
			}
			return nil
		}
	}
	return st.say(ctx, connectors.Message{Kind: connectors.KindCancel, Reason: textOr(st.request.CancelReason, "no_answer")})
}

func textOr(text *string, otherwise string) string {
	if text == nil {
		return otherwise
	}
	return *text
}

func (st *step) sayUnfilled(ctx context.Context) error {
	reason := st.firing.Input.Text("reason")
	if reason == "" {
		reason = connectors.ReasonOther
	}
	if st.firing.Event == "not_found" {
		reason = connectors.ReasonNotOnShelf
	}
	return st.answer(ctx, connectors.Message{Kind: connectors.KindUnfilled, Reason: reason})
}

func (st *step) sayConditional(ctx context.Context) error {
	message := connectors.Message{Kind: connectors.KindConditional, Conditions: st.firing.Input.Text("conditions")}
	if cost, given := st.firing.Input.Money("cost"); given {
		message.Cost = &cost
	}
	return st.answer(ctx, message)
}

func (st *step) sayRetry(ctx context.Context) error {
	return st.answer(ctx, connectors.Message{Kind: connectors.KindRetryLater, RetryAfter: st.firing.Input.Date("retry_after"), Reason: st.firing.Input.Text("reason")})
}

func (st *step) sayLoaned(ctx context.Context) error {
	barcode, err := items.ChosenBarcode(ctx, st.facts())
	if err != nil {
		return err
	}
	message := connectors.Message{Kind: connectors.KindLoaned, Due: st.request.LenderDueOn, Items: []connectors.MessageItem{{Barcode: barcode}}}
	if st.request.OfferedCostMinor != nil {
		cost := st.request.Money(*st.request.OfferedCostMinor)
		message.Cost = &cost
	}
	if fine := costs.LibraryFine(st.doc, string(st.request.Format)); fine != nil {
		message.Fine, message.FineMost = &fine.Rate, fine.Cap
	}
	return st.answer(ctx, message)
}

func (st *step) sayDueChanged(ctx context.Context) error {
	return st.answer(ctx, connectors.Message{Kind: connectors.KindDueChanged, Due: st.request.LenderDueOn})
}

func (st *step) sayInvoice(ctx context.Context) error {
	cost, given := st.firing.Input.Money("cost")
	if !given {
		return fmt.Errorf("an invoice without an amount")
	}
	return st.answer(ctx, connectors.Message{Kind: connectors.KindInvoice, Cost: &cost})
}

// sayCopyCompleted tells of a delivered copy, with what it costs where we know.
func (st *step) sayCopyCompleted(ctx context.Context) error {
	message := connectors.Message{Kind: connectors.KindCopyCompleted}
	if st.request.OfferedCostMinor != nil {
		cost := st.request.Money(*st.request.OfferedCostMinor)
		message.Cost = &cost
	}
	return st.answer(ctx, message)
}
