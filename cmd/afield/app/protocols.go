package app

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/catalog/marc"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/connectors/iso18626"
	"afield/connectors/letter"
	"afield/connectors/partner"
	"afield/connectors/sru"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// Connectors makes the protocols of libraries that run systems of their own. A
// new connector is one more line here; userAgent names this program to those
// systems.
func Connectors(userAgent string) []connectors.Protocol {
	return []connectors.Protocol{
		partner.Protocol(partner.NewClient(partner.Options{UserAgent: userAgent})),
		iso18626.Protocol(iso18626.NewClient(iso18626.Options{UserAgent: userAgent})),
	}
}

// Catalogues searches the catalogues of libraries; Close it to release its
// connections.
func Catalogues(userAgent string) *sru.Client {
	return sru.NewClient(sru.Options{UserAgent: userAgent, Fits: func(marcxml []byte, citation broker.Citation) bool {
		record, err := marc.Decode(marcxml)
		return err == nil && catalog.Matches(marc.TitleOf(record), citation)
	}})
}

// letters is the way to libraries that have no system: a mail with a link to a page
// where they answer.
func (a *App) letters(config Config, key connectors.LinkKey, sender connectors.NoticeSender) connectors.Protocol {
	return letter.Protocol(letter.Config{
		Mail: sender, Key: key,
		Address: func() string { return config.Telling.Address },
		Facts: func(ctx context.Context, link connectors.Link) (facts letter.Facts, err error) {
			err = config.DB.InTx(ctx, postgres.ForLibraries(link.Library), func(ctx context.Context, tx *postgres.Tx) error {
				asked, err := a.Requests.Asked(ctx, tx, a.Clock.Now(), requests.Asking{Library: link.Library, Lender: link.Lender, Entry: link.Ask})
				if err != nil {
					return err
				}
				facts = letter.Facts{
					Borrower: asked.Borrower.Name, Lender: asked.Lender.Name, Number: asked.Request.Number, Citation: asked.Request.Citation,
					Service: asked.Request.Service, NeedBy: asked.Request.NeedBy, AnswerBy: asked.AnswerBy, Last: asked.Day(link.Until),
				}
				return nil
			})
			return facts, err
		},
	})
}

// receive takes a message that one library of this Afield sends to another.
func (a *App) receive(ctx context.Context, tx *postgres.Tx, in requests.Incoming) (messages.Answer, error) {
	return a.Requests.Receive(ctx, tx, a.Clock.Now(), in)
}

// speaking registers all protocols and makes sure that the directory names no
// other, because nothing would send the messages for a library that uses it.
func (a *App) speaking(ctx context.Context, config Config, letters connectors.Protocol) (*connectors.Registry, error) {
	protocols := append(Connectors("Afield/"+config.Version), letters, requests.ByHand(),
		requests.Member{DB: config.DB, Receive: a.receive, Log: config.Log}.Protocol())
	registered, err := connectors.NewRegistry(config.Breakers, append(protocols, config.Protocols...)...)
	if err != nil {
		return nil, err
	}
	searching := Catalogues("Afield/" + config.Version)
	registered.SearchBy(connectors.Search{Holdings: searching, Close: searching.Close})
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
