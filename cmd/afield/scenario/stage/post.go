package stage

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/connectors/partner"
	"afield/workflow/messages"
	"afield/workflow/requests"
	"afield/workflow/routing"
)

// post carries messages between libraries without a network and without a job
// queue: what a use case sends is handed over as soon as its transaction has
// committed, in the order it was sent. It implements engine.Jobs.
type post struct {
	db        *postgres.DB
	vault     *directory.Vault
	requests  *requests.Service
	protocols *connectors.Registry
	clock     broker.Clock

	waiting []messages.Ref
	lookUps []lookUp
}

type lookUp struct{ library, request broker.ID }

// begin empties the post for a scenario with a clock of its own.
func (p *post) begin(clock broker.Clock) {
	p.clock, p.waiting, p.lookUps = clock, nil, nil
}

// Send notes what is to be handed over; a transaction that fails leaves ids of
// messages that do not exist.
func (p *post) Send(_ context.Context, _ *postgres.Tx, refs []messages.Ref) error {
	p.waiting = append(p.waiting, refs...)
	return nil
}

// LookUp notes a live look-up of holdings.
func (p *post) LookUp(_ context.Context, _ *postgres.Tx, library, request broker.ID) error {
	p.lookUps = append(p.lookUps, lookUp{library, request})
	return nil
}

// settle works off everything that is due now: messages, look-ups and deadlines.
func (p *post) settle(ctx context.Context) error {
	for {
		for len(p.waiting)+len(p.lookUps) > 0 {
			if err := p.next(ctx); err != nil {
				return err
			}
		}
		worked, err := p.requests.WorkDeadlines(ctx, p.db, p.clock.Now())
		if err != nil || (worked == 0 && len(p.waiting)+len(p.lookUps) == 0) {
			return err
		}
	}
}

func (p *post) next(ctx context.Context) error {
	if len(p.waiting) > 0 {
		ref := p.waiting[0]
		p.waiting = p.waiting[1:]
		return p.hand(ctx, ref)
	}
	asked := p.lookUps[0]
	p.lookUps = p.lookUps[1:]
	return p.db.InTx(ctx, postgres.ForLibraries(asked.library), func(ctx context.Context, tx *postgres.Tx) error {
		return p.requests.HoldingsKnown(ctx, tx, p.clock.Now(), asked.library, asked.request, nil)
	})
}

// hand gives one message to the library it is for.
func (p *post) hand(ctx context.Context, ref messages.Ref) error {
	var claimed messages.Claimed
	var peer directory.Peer
	var ok bool
	err := p.db.InTx(ctx, postgres.ForLibraries(ref.Library), func(ctx context.Context, tx *postgres.Tx) (err error) {
		claimed, ok, err = messages.Claim(ctx, tx, "scenario", ref.Library, ref.ID, p.clock.Now(), time.Now())
		if err != nil || !ok {
			return err
		}
		peers, err := directory.LoadPeers(ctx, tx, p.vault, []broker.ID{claimed.Peer})
		peer = peers[claimed.Peer]
		return err
	})
	if err != nil || !ok {
		return err
	}
	to := routing.PeerOf(peer)
	to.From = claimed.Library
	return p.record(ctx, claimed, p.protocols.Send(ctx, to, claimed.Message))
}

// speaking lists the protocols of a scenario. Messages to libraries outside
// arrive, and go no further.
func (p *post) speaking() (*connectors.Registry, error) {
	return connectors.NewRegistry(connectors.BreakerSettings{},
		requests.Member{DB: p.db, Receive: p.receive, Log: slog.New(slog.DiscardHandler)}.Protocol(),
		requests.ByHand(),
		connectors.Protocol{Name: partner.Name, Outside: true, Sender: arrives{}, Says: connectors.EveryKind()},
	)
}

func (p *post) receive(ctx context.Context, tx *postgres.Tx, in requests.Incoming) (messages.Answer, error) {
	return p.requests.Receive(ctx, tx, p.clock.Now(), in)
}

// arrives is a network on which every message arrives.
type arrives struct{}

// Send reports that the message arrived.
func (arrives) Send(context.Context, connectors.Peer, connectors.Message) connectors.Delivery {
	return connectors.Delivery{Outcome: connectors.Delivered}
}

func (p *post) record(ctx context.Context, claimed messages.Claimed, delivery connectors.Delivery) error {
	if delivery.Outcome == connectors.TryAgain { // there is no network that could fail
		return fmt.Errorf("hand over a message: %s", delivery.Detail)
	}
	return p.db.InTx(ctx, postgres.ForLibraries(claimed.Library), func(ctx context.Context, tx *postgres.Tx) error {
		next, waiting, err := p.requests.HandedOver(ctx, tx, p.clock.Now(), claimed, delivery)
		if waiting {
			p.waiting = append(p.waiting, next)
		}
		return err
	})
}
