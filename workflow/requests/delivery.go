package requests

import (
	"context"
	"time"

	"afield/broker/outbox"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/connectors"
	"afield/workflow/messages"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/tasks"
)

// HandedOver records how one attempt to deliver a message ended: the peer has
// it, will never take it, or is tried again later; staff are told when that
// goes on for long. It returns the message that was waiting for this one to go
// first, if there is one.
//
// It locks the request before it looks. Whoever puts a message about the
// request into the outbox holds that lock too, so each sees what the other did:
// a message added while this one is being recorded is found here, and does not
// wait for the sweep.
func (s *Service) HandedOver(ctx context.Context, tx *postgres.Tx, now time.Time, claimed messages.Claimed, delivery connectors.Delivery,
) (next messages.Ref, waiting bool, err error) {
	if err := engine.Lock(ctx, tx, standing.RequestRef{Library: claimed.Library, Request: claimed.Request}); err != nil {
		return next, false, err
	}
	engine.Tried(tx, claimed.Library, claimed.ID)
	if delivery.Outcome == connectors.Delivered {
		messages.MarkSent(tx, claimed.Library, claimed.ID, now, delivery)
		tasks.Settle(tx, claimed.Library, claimed.Request, taskUnreachable, now)
		err = s.delivered(ctx, tx, now, claimed.Library, claimed.Request, claimed.Message)
	} else {
		trouble := outbox.Trouble{Final: delivery.Outcome == connectors.Refused, Detail: delivery.Detail, RetryAfter: delivery.RetryAfter}
		again := messages.Retries.After(trouble, claimed.Tries, now)
		if !again.GivenUp {
			s.tryAgain(tx, now, claimed, again.At, delivery)
			return next, false, nil
		}
		messages.MarkFailed(tx, claimed.Library, claimed.ID, now, delivery)
		err = s.undeliverable(ctx, tx, now, claimed.Library, claimed.Request, claimed.Message, delivery.Detail)
	}
	if err != nil {
		return next, false, err
	}
	next, waiting, err = messages.Next(ctx, tx, claimed.Library, claimed.Request, claimed.Peer, now)
	next.Protocol = claimed.Protocol
	return next, waiting, err
}

const taskUnreachable = "partner_unreachable"

func (s *Service) tryAgain(tx *postgres.Tx, now time.Time, claimed messages.Claimed, at time.Time, delivery connectors.Delivery) {
	messages.TryAgain(tx, claimed.Library, claimed.ID, at, delivery)
	if now.Sub(claimed.CreatedAt) > messages.StaffHearAfter {
		tasks.Open(tx, claimed.Library, claimed.Request, taskUnreachable,
			"A message to the other library has not got through since "+claimed.CreatedAt.Format("2006-01-02 15:04")+" UTC; it is tried again.", now)
	}
}
