package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/notices"
	"afield/broker/postgres"
	server "afield/cmd/afield/app"
	"afield/cmd/afield/shell"
	"afield/connectors/gateway"
	"afield/connectors/mail"
)

// tellingFlags say how notices to patrons are sent out; each can also come from
// the environment.
type tellingFlags struct {
	SMTP           string   `name:"smtp" help:"Mail server: smtp://USER@HOST:587, smtps://USER@HOST:465 or smtp+plain://HOST:25; without one, e-mail notices wait a day and then pass on." env:"AFIELD_SMTP" placeholder:"URL"`
	SMTPFrom       string   `name:"smtp-from" help:"Address that e-mail notices come from." env:"AFIELD_SMTP_FROM" placeholder:"ADDRESS"`
	SMTPPassword   string   `name:"smtp-password" help:"Password of the mail server's user." env:"AFIELD_SMTP_PASSWORD" placeholder:"PASSWORD"`
	Gateway        string   `help:"Gateway for text messages and calls, a signed webhook." env:"AFIELD_GATEWAY" placeholder:"URL"`
	GatewaySecret  string   `help:"Secret that signs what the gateway is given." env:"AFIELD_GATEWAY_SECRET" placeholder:"whsec_…"`
	GatewayDoes    []string `help:"What the gateway is used for: sms, voice or both." env:"AFIELD_GATEWAY_DOES" default:"sms,voice" placeholder:"CHANNELS"`
	Address        string   `help:"Address of this server as others reach it, for the links in its mails." env:"AFIELD_ADDRESS" placeholder:"URL"`
	GatewayPrivate bool     `help:"Let the gateway live on a loopback or private address." env:"AFIELD_GATEWAY_PRIVATE"`
}

// read checks the flags; a mistake is a usage error that repeats no secret.
func (f tellingFlags) read() (server.Telling, error) {
	telling := server.Telling{Address: strings.TrimSuffix(f.Address, "/")}
	if address, err := url.Parse(f.Address); f.Address != "" && (err != nil || address.Host == "" || address.User != nil || address.RawQuery != "" || address.Fragment != "" || !slices.Contains([]string{"http", "https"}, address.Scheme)) {
		return telling, fmt.Errorf("AFIELD_ADDRESS must be an address such as https://ill.example.org (%w)", shell.ErrUsage)
	}
	if f.SMTP != "" {
		config, err := mail.ParseConfig(f.SMTP, f.SMTPFrom, f.SMTPPassword)
		if err != nil {
			return telling, fmt.Errorf("AFIELD_SMTP, AFIELD_SMTP_FROM: %w (%w)", err, shell.ErrUsage)
		}
		telling.Mail = &config
	} else if f.SMTPFrom != "" || f.SMTPPassword != "" {
		return telling, fmt.Errorf("AFIELD_SMTP_FROM is set and AFIELD_SMTP, the mail server, is not (%w)", shell.ErrUsage)
	}
	if f.Gateway == "" {
		return telling, nil
	}
	config, err := gateway.ParseConfig(f.Gateway, f.GatewaySecret, f.GatewayPrivate)
	if err == nil {
		telling.GatewayDoes, err = gatewayChannels(f.GatewayDoes)
	}
	if err != nil {
		return telling, fmt.Errorf("AFIELD_GATEWAY, AFIELD_GATEWAY_SECRET, AFIELD_GATEWAY_DOES: %w (%w)", err, shell.ErrUsage)
	}
	telling.Gateway = &config
	return telling, nil
}

func gatewayChannels(words []string) ([]notices.Channel, error) {
	var channels []notices.Channel
	for _, word := range words {
		channel := notices.Channel(strings.TrimSpace(word))
		if channel != notices.SMS && channel != notices.Voice {
			return nil, errors.New("the gateway is used for sms, voice or sms,voice")
		}
		channels = append(channels, channel)
	}
	return channels, nil
}

// shown lists the settings in force; no password or secret appears.
func (f tellingFlags) shown() []settingShown {
	server, from, gatewayURL := "none", "none", "none"
	if f.SMTP != "" {
		config, err := mail.ParseConfig(f.SMTP, f.SMTPFrom, f.SMTPPassword)
		if server, from = config.String(), f.SMTPFrom; err != nil {
			server = "not usable"
		}
	}
	if f.Gateway != "" {
		gatewayURL = hostOf(f.Gateway) + " (" + strings.Join(f.GatewayDoes, ", ") + ")"
	}
	return []settingShown{{"AFIELD_ADDRESS", cmp.Or(f.Address, "none")}, {"AFIELD_SMTP", server}, {"AFIELD_SMTP_FROM", from}, {"AFIELD_GATEWAY", gatewayURL}}
}

// hostOf shows where an address leads; its path and query may hold a secret.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return "not usable"
	}
	return parsed.Scheme + "://" + parsed.Host
}

// words says in words which notices are sent out and which are not.
func (f tellingFlags) words() string {
	mails, calls := "e-mail goes out", "text messages and calls go to the gateway"
	if f.SMTP == "" {
		mails = "no mail server (AFIELD_SMTP): e-mail notices wait a day, then pass on to the call list"
	}
	if f.Gateway == "" {
		calls = "no gateway (AFIELD_GATEWAY): the same with text messages"
	}
	return mails + "; " + calls
}

// checkWaiting says which notices are waiting and cannot be sent with the
// present settings.
func (c *checkup) checkWaiting(ctx context.Context, db *postgres.DB) {
	var waiting map[notices.Channel]int
	err := db.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) (err error) {
		waiting, err = notices.CountWaiting(ctx, tx, broker.SystemClock{}.Now())
		return err
	})
	if err != nil {
		c.add("waiting", err, "")
		return
	}
	var stuck []string
	for _, channel := range notices.Sendable() {
		if count := waiting[channel]; count > 0 && !sends(c.telling, channel) {
			stuck = append(stuck, fmt.Sprintf("%d by %s", count, channel))
		}
	}
	if stuck != nil {
		err = fmt.Errorf("notices wait for a way out that is not set up: %s; see AFIELD_SMTP and AFIELD_GATEWAY in afield serve --help", strings.Join(stuck, ", "))
	}
	c.add("waiting", err, fmt.Sprintf("%d calls and %d letters are due, nothing waits for a way out", waiting[notices.Phone], waiting[notices.Letter]))
}

func sends(telling server.Telling, channel notices.Channel) bool {
	if channel == notices.Email {
		return telling.Mail != nil
	}
	return telling.Gateway != nil && slices.Contains(telling.GatewayDoes, channel)
}
