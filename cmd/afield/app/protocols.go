package app

import (
	"context"
	"fmt"

	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/connectors/partner"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// protocols lists every protocol that this program speaks: a connector more is a
// line here.
func (a *App) protocols(config Config) []connectors.Protocol {
	agent := "Afield/" + config.Version
	return append([]connectors.Protocol{
		requests.Member{DB: a.DB, Receive: a.receive, Log: a.log}.Protocol(),
		requests.ByHand(),
		partner.Protocol(partner.NewClient(partner.Options{UserAgent: agent})),
	}, config.Protocols...)
}

// receive takes a message that one library of this Afield sends to another.
func (a *App) receive(ctx context.Context, tx *postgres.Tx, in requests.Incoming) (messages.Answer, error) {
	return a.Requests.Receive(ctx, tx, a.Clock.Now(), in)
}

// speaking registers the protocols and makes sure that the directory names no
// other: a library would wait for messages that nothing sends.
func (a *App) speaking(ctx context.Context, config Config) (*connectors.Registry, error) {
	registered, err := connectors.NewRegistry(config.Breakers, a.protocols(config)...)
	if err != nil {
		return nil, err
	}
	var named []string
	err = config.DB.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) (err error) {
		named, err = directory.Protocols(ctx, tx)
		return err
	})
	if err == nil {
		err = registered.Speaks(named)
	}
	if err != nil {
		registered.Close()
		return nil, fmt.Errorf("look at how libraries are reached: %w", err)
	}
	return registered, nil
}
