package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"afield/connectors"
)

const defaultTimeout = 10 * time.Second

// Sender hands mails to one server, each over a connection of its own. It is safe
// for concurrent use.
type Sender struct {
	config Config
	tls    *tls.Config
}

// New makes a sender; it connects to nothing yet.
func New(config Config) (*Sender, error) {
	if config.Timeout <= 0 {
		config.Timeout = defaultTimeout
	}
	sender := &Sender{config: config, tls: &tls.Config{ServerName: config.Host, MinVersion: tls.VersionTLS12}}
	_, err := sender.client(nil)
	return sender, err
}

// Trust lets the sender accept certificates of these authorities instead of the
// system's, for a mail server with its own certificate authority.
func (s *Sender) Trust(authorities *x509.CertPool) { s.tls.RootCAs = authorities }

// client makes the SMTP client. opened gets the connection as soon as there is
// one, because a conversation that fails before a mail is sent leaves it open.
func (s *Sender) client(opened func(net.Conn)) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			connection, err := s.dial(ctx, network, address)
			if err == nil {
				opened(connection)
			}
			return connection, err
		}),
		gomail.WithPort(s.config.Port), gomail.WithTimeout(s.config.Timeout), gomail.WithTLSConfig(s.tls),
		gomail.WithoutNoop(), gomail.WithoutRset(), // one mail for each connection
	}
	switch s.config.Encryption {
	case TLS:
		options = append(options, gomail.WithSSL())
	case Plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		return nil, fmt.Errorf("mail: %q is no way to encrypt", s.config.Encryption)
	}
	if s.config.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.config.User), gomail.WithPassword(s.config.Password))
	}
	client, err := gomail.NewClient(s.config.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("set up the mail server: %w", err)
	}
	return client, nil
}

func (s *Sender) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{}
	if s.config.Encryption == TLS {
		return (&tls.Dialer{NetDialer: dialer, Config: s.tls}).DialContext(ctx, network, address)
	}
	return dialer.DialContext(ctx, network, address)
}

// SendNotice mails a notice, once. See connectors.NoticeSender.
func (s *Sender) SendNotice(ctx context.Context, notice connectors.Notice) connectors.Delivery {
	var opened net.Conn
	defer func() {
		if opened != nil {
			_ = opened.Close()
		}
	}()
	message, err := s.message(notice)
	if err != nil {
		return connectors.Delivery{Outcome: connectors.Refused, Detail: "What is on file is no e-mail address."}
	}
	client, err := s.client(func(connection net.Conn) { opened = connection })
	if err != nil {
		return tryAgain("the mail server is set up wrongly")
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return tryAgain(explainDial(err))
	}
	// How the connection ends does not matter: the mail was taken or it was not.
	defer func() { _ = client.CloseWithSMTPClient(connection) }()
	err = client.SendWithSMTPClient(connection, message)
	if err == nil || message.IsDelivered() {
		return connectors.Delivery{Outcome: connectors.Delivered, Status: 250}
	}
	return judge(err)
}

func (s *Sender) message(notice connectors.Notice) (*gomail.Msg, error) {
	message := gomail.NewMsg()
	if err := message.FromFormat(notice.Library, s.config.From); err != nil {
		return nil, err
	}
	if err := message.To(notice.To); err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(s.config.From, "@")
	message.SetMessageIDWithValue(notice.ID + "@" + domain)
	message.SetDate()
	message.Subject(notice.Subject)
	// No out-of-office reply should answer a notice (RFC 3834, section 5).
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	if notice.Language != "" {
		message.SetGenHeader(gomail.HeaderContentLang, notice.Language)
	}
	message.SetBodyString(gomail.TypeTextPlain, notice.Text)
	return message, nil
}

// judge says what a mail's failure means. Only a permanent refusal (5yz) of the
// recipient or of the mail's content is final: one of the sender's address or of
// the connection is for the operator to put right. The server's own words are not
// repeated, because they often name the recipient.
func judge(err error) connectors.Delivery {
	var failed *gomail.SendError
	if !errors.As(err, &failed) {
		return tryAgain(explainDial(err))
	}
	code := failed.ErrorCode()
	lasting := code >= 500 && !failed.IsTemp()
	said := fmt.Sprintf("%d %s", code, failed.EnhancedStatusCode())
	said = strings.TrimSpace(said)
	switch {
	case code == 0:
		return tryAgain(explainBroken(failed))
	case lasting && failed.Reason == gomail.ErrSMTPRcptTo:
		return connectors.Delivery{Outcome: connectors.Refused, Status: code, Detail: "The mail server refuses the address on file (" + said + ")."}
	case lasting && (failed.Reason == gomail.ErrSMTPDataClose || failed.Reason == gomail.ErrSMTPData):
		return connectors.Delivery{Outcome: connectors.Refused, Status: code, Detail: "The mail server refuses the mail (" + said + ")."}
	case lasting && failed.Reason == gomail.ErrSMTPMailFrom:
		delivery := tryAgain("the mail server refuses the address that notices come from (" + said + ")")
		delivery.Status = code
		return delivery
	}
	delivery := tryAgain("the mail server asks to try later (" + said + ")")
	delivery.Status = code
	return delivery
}

// explainBroken says why a mail was cut short. The mail package does not export
// the causes, so the error's text is looked at.
func explainBroken(failed *gomail.SendError) string {
	text := failed.Error()
	for _, sign := range []string{"EOF", "connection reset", "broken pipe", "closed network connection"} {
		if strings.Contains(text, sign) {
			return "the mail server broke off the connection"
		}
	}
	if strings.Contains(text, "timeout") {
		return "the mail server did not answer in time"
	}
	return "the talk with the mail server failed"
}

func tryAgain(detail string) connectors.Delivery {
	return connectors.Delivery{Outcome: connectors.TryAgain, Detail: strings.ToUpper(detail[:1]) + detail[1:] + "."}
}

// explainDial says in plain words why the server could not be reached.
func explainDial(err error) string {
	if why := connectors.WhyNoAnswer("the mail server", err); why != "" {
		return why
	}
	var certificate *tls.CertificateVerificationError
	var said *textproto.Error
	text := err.Error()
	switch {
	case errors.As(err, &certificate):
		return "the mail server's certificate is not trusted"
	case errors.As(err, &said) && (said.Code == 535 || said.Code == 534 || said.Code == 530 || said.Code == 538):
		return fmt.Sprintf("the mail server refuses the user or password (%d)", said.Code)
	case errors.As(err, &said):
		return fmt.Sprintf("the mail server is not ready (%d)", said.Code)
	case strings.Contains(text, "STARTTLS"):
		return "the mail server does not encrypt (STARTTLS): use smtps:// or another server"
	case strings.Contains(text, "AUTH"):
		return "the mail server knows no way to sign in that is safe"
	}
	return "the talk with the mail server failed"
}
