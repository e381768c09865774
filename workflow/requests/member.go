package requests

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"log/slog"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow/messages"
)

// ByHand is the protocol of libraries that no system reaches: staff carry
// everything over.
func ByHand() connectors.Protocol { return connectors.Protocol{Name: string(directory.ProtocolManual)} }

// Member is the protocol between libraries of this Afield: the same rows and the
// same use case as for a library elsewhere, without a network.
type Member struct {
	DB *postgres.DB
	// Receive takes the message at the other library: (*Service).Receive, at the
	// present business time.
	Receive func(context.Context, *postgres.Tx, Incoming) (messages.Answer, error)
	// Log records faults of our own.
	Log *slog.Logger
}

// Protocol returns it as an entry for the registry of protocols.
func (m Member) Protocol() connectors.Protocol {
	return connectors.Protocol{Name: string(directory.ProtocolMember), Sender: m, Says: connectors.EveryKind()}
}

// Send gives a message to another library of this Afield. See connectors.Sender.
func (m Member) Send(ctx context.Context, peer connectors.Peer, message connectors.Message) connectors.Delivery {
	body, err := json.Marshal(message)
	if err != nil {
		return m.fault(message, err)
	}
	hash := sha256.Sum256(body)
	err = m.DB.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		_, err := m.Receive(ctx, tx, Incoming{Peer: peer.From, Message: message, Hash: hash[:]})
		return err
	})
	if ours, known := broker.AsError(err); known {
		return connectors.Delivery{Outcome: connectors.Refused, Detail: ours.Code + ": " + ours.Detail}
	}
	if err != nil {
		return m.fault(message, err)
	}
	return connectors.Delivery{Outcome: connectors.Delivered, Detail: "member"}
}

func (m Member) fault(message connectors.Message, err error) connectors.Delivery {
	m.Log.Error("a message could not be handed over", "message", message.ID, "error", err)
	return connectors.Delivery{Outcome: connectors.TryAgain, Detail: "a fault of ours: " + err.Error()}
}
