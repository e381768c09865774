package iso18626

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"afield/connectors"
	"afield/connectors/line"
	"afield/connectors/wire"
)

// Options set up a Client. The zero value is ready for production.
type Options struct {
	// Now is the wall clock that signatures and Retry-After dates go by; nil means
	// time.Now.
	Now func() time.Time
	// UserAgent names our program to peers; "" means "Afield".
	UserAgent string
}

// Client sends messages to any number of peers. It is safe for concurrent use,
// never tries twice and follows no redirect.
type Client struct {
	now   func() time.Time
	lines *line.Lines
}

// NewClient makes a client; Close it to release its connections.
func NewClient(options Options) *Client {
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Client{now: options.Now, lines: line.Open(line.Options{UserAgent: options.UserAgent, Accept: "application/xml, text/xml"})}
}

// Close ends calls under way, waits for them and closes idle connections. Later
// calls report TryAgain.
func (c *Client) Close() { c.lines.Close() }

// Send hands one message to a peer, once. See connectors.Sender.
func (c *Client) Send(ctx context.Context, peer connectors.Peer, message connectors.Message) connectors.Delivery {
	refused := func(err error) connectors.Delivery {
		return connectors.Delivery{Outcome: connectors.Refused, Detail: wire.Clip(err.Error(), wire.MaxDetail)}
	}
	root, in := say(peer, message)
	body, err := in.write(root)
	if err == nil && len(body) > MaxBytes {
		err = fmt.Errorf("the message is larger than %d bytes", MaxBytes)
	}
	if err != nil {
		return refused(fmt.Errorf("our own message is not fit to send: %w", err))
	}
	target, err := wire.Endpoint(peer, "")
	if err != nil {
		return refused(err)
	}
	header, err := wire.Sign(peer.OutboundSecret, message.ID, c.now(), body)
	if err != nil {
		return refused(err)
	}
	secret := wire.SecretText(peer.OutboundSecret)
	header.Set("Content-Type", "application/xml")
	header.Set("Authorization", "Bearer "+secret)
	header.Set(wire.HeaderLibrary, speaker(root.name, message))
	answer := c.lines.Call(ctx, line.Call{
		Method: http.MethodPost, URL: target, Header: header, Body: body, MaxBytes: MaxBytes,
		Timeout: peer.Timeout, AllowPrivate: peer.AllowPrivateAddress,
	})
	delivery := judge(answer, root.name, message.RequestID, c.now())
	delivery.Raw = masked(wire.Transcript(http.MethodPost, target, header, body, answer, secret, strings.TrimPrefix(secret, wire.SecretPrefix)))
	return delivery
}

func speaker(root string, message connectors.Message) string {
	if root == rootSupplying {
		return message.Lender.String()
	}
	return message.Borrower.String()
}
