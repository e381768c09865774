package engine

import (
	"context"
	"fmt"
	"strings"

	"afield/broker"
	"afield/broker/directory"
	"afield/connectors"
	"afield/workflow/messages"
)

// What a borrower says goes to the lender it depends on; what a lender says goes
// to the borrowing library. A library that is reached by hand gets no message:
// the act is recorded and staff carry it over.

// Tell says something to the library at the other end without moving the request.
func (e *Engine) Tell(ctx context.Context, c *Case, message connectors.Message) error {
	st := &step{engine: e, Case: *c, data: map[string]any{}}
	if err := st.carryOut(ctx, Say{Message: message}); err != nil || len(st.refs) == 0 {
		return err // reached by hand: staff carry it over
	}
	return e.jobs.Send(ctx, c.Tx, st.refs)
}

// say puts a message to a lender of the rota into the outbox.
func (st *step) say(ctx context.Context, entry *RotaEntry, message connectors.Message) error {
	if entry == nil || entry.Fulfilment == "hold" {
		return nil
	}
	lender, err := st.Lender(ctx, entry.LenderID)
	if err != nil {
		return err
	}
	protocol, err := st.engine.protocolOf(lender)
	if err != nil {
		return err
	}
	if asked := entry.Fulfilment == "staff"; asked || !protocol.CanSay(message) {
		return st.tellByHand(lender, message.Kind, asked || protocol.Sender == nil)
	}
	message.RequestID = entry.ID.String()
	message.Borrower, message.Lender = st.Library.Symbol, lender.Symbol
	return st.put(lender, message)
}

// answer puts a message to the borrowing library into the outbox.
func (st *step) answer(ctx context.Context, message connectors.Message) error {
	borrower, err := st.Lender(ctx, st.Request.BorrowerLibraryID)
	if err != nil {
		return err
	}
	protocol, err := st.engine.protocolOf(borrower)
	if err != nil {
		return err
	}
	if !protocol.CanSay(message) {
		return st.tellByHand(borrower, message.Kind, protocol.Sender == nil)
	}
	message.RequestID, message.Status = *st.Request.BorrowerRequestID, st.Place().ISO
	message.Borrower, message.Lender = borrower.Symbol, st.Library.Symbol
	return st.put(borrower, message)
}

// protocolOf gives the protocol by which a library is reached.
func (e *Engine) protocolOf(library *directory.Lender) (connectors.Protocol, error) {
	return e.protocols.Of(string(library.Protocol))
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

// byHandToo is what staff must also tell a library whose own system is sent
// messages, when its protocol cannot say it. Where staff deal with a library by
// hand anyway, they say these things as they go.
var byHandToo = map[connectors.Kind]string{
	connectors.KindReceived: "tell %s by hand that it has arrived", connectors.KindLoanCompleted: "tell %s by hand that it came home",
	connectors.KindExpectToSupply: "tell %s by hand that we expect to supply it", connectors.KindWillSupply: "tell %s by hand that we will supply it",
	connectors.KindRetryLater: "tell %s by hand when to ask again", connectors.KindNote: "pass the note on to %s by hand",
	connectors.KindLoaned: "tell %s by hand that it is on its way, and when it is due", connectors.KindCopyCompleted: "tell %s by hand that the copy is on its way",
}

// tellByHand opens a staff task for what no message carries. byHandAnyway means
// that staff deal with the library by hand in any case.
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
	message.ID, message.SentAt = id.String(), st.Now
	err := messages.Put(st.Tx, st.Now, messages.Outgoing{
		Library: st.Request.LibraryID, Peer: peer.ID, Request: st.Request.ID, Version: st.Request.Version, Message: message,
	})
	if err != nil {
		return err
	}
	st.refs = append(st.refs, messages.Ref{Library: st.Request.LibraryID, ID: id, Peer: peer.ID, Protocol: peer.Protocol})
	return nil
}
