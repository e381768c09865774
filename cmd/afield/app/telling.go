package app

import (
	"afield/broker/notices"
	"afield/connectors"
	"afield/connectors/gateway"
	"afield/connectors/mail"
)

// Telling is how notices are sent out. The zero value sends none: they wait,
// and are handed to staff after notices.Patience.
type Telling struct {
	// Address is this server's own as others reach it, for the links in its mails,
	// for example https://ill.example.org; "" where it is not known.
	Address string
	// Mail is the mail server; nil for none.
	Mail *mail.Config
	// Gateway takes text messages and calls; nil for none.
	Gateway *gateway.Config
	// GatewayDoes are the channels the gateway is used for: sms, voice or both.
	GatewayDoes []notices.Channel
}

// telling makes the senders of each channel that is set up.
func (a *App) telling(config Config) (map[notices.Channel]connectors.NoticeSender, error) {
	senders := map[notices.Channel]connectors.NoticeSender{}
	if config.Telling.Mail != nil {
		sender, err := mail.New(*config.Telling.Mail)
		if err != nil {
			return nil, err
		}
		senders[notices.Email] = sender
	}
	if config.Telling.Gateway == nil {
		return senders, nil
	}
	reached := *config.Telling.Gateway
	reached.UserAgent = "Afield/" + config.Version
	sender, err := gateway.New(reached)
	if err != nil {
		return nil, err
	}
	a.gateway = sender
	for _, channel := range config.Telling.GatewayDoes {
		senders[channel] = sender
	}
	return senders, nil
}
