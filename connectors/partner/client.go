package partner

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"afield/connectors"
	"afield/connectors/line"
	"afield/connectors/wire"
)

// Options set up a Client. The zero value is ready for production.
type Options struct {
	// Now is the wall clock that signatures and Retry-After dates go by; nil
	// means time.Now. It is never business time.
	Now func() time.Time
	// UserAgent names our program to partners; "" means "Afield".
	UserAgent string
}

// Client speaks the wire to any number of peers. It is safe for concurrent use,
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
	return &Client{now: options.Now, lines: line.Open(line.Options{
		UserAgent: options.UserAgent, Accept: "application/json, application/problem+json",
	})}
}

// Close ends calls under way, waits for them and closes idle connections. Later
// calls report TryAgain.
func (c *Client) Close() { c.lines.Close() }

// Send hands one message to a peer, once. See connectors.Sender.
func (c *Client) Send(ctx context.Context, peer connectors.Peer, message connectors.Message) connectors.Delivery {
	refused := func(err error) connectors.Delivery {
		return connectors.Delivery{Outcome: connectors.Refused, Detail: wire.Clip(err.Error(), wire.MaxDetail)}
	}
	body, err := Encode(message)
	if err != nil {
		return refused(fmt.Errorf("our own message is not fit to send: %w", err))
	}
	target, err := wire.Endpoint(peer, "messages")
	if err != nil {
		return refused(err)
	}
	header, err := wire.Sign(peer.OutboundSecret, message.ID, c.now(), body)
	if err != nil {
		return refused(err)
	}
	header.Set("Content-Type", "application/json")
	if speaker, known := Speaker(message); known {
		header.Set(wire.HeaderLibrary, speaker.String())
	} else {
		header.Set(wire.HeaderLibrary, otherSide(message, peer).String())
	}
	answer := c.call(ctx, peer, http.MethodPost, target, header, body)
	delivery := judge(answer, message.ID, c.now())
	delivery.Raw = wire.Transcript(http.MethodPost, target, header, body, answer)
	return delivery
}

// call makes one HTTP exchange within the peer's time limit.
func (c *Client) call(ctx context.Context, peer connectors.Peer, method string, target *url.URL,
	header http.Header, body []byte,
) line.Answer {
	return c.lines.Call(ctx, line.Call{
		Method: method, URL: target, Header: header, Body: body, MaxBytes: MaxBytes,
		Timeout: peer.Timeout, AllowPrivate: peer.AllowPrivateAddress,
	})
}
