package partner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"afield/connectors"

	"github.com/go-resty/resty/v2"
)

// How long one try with a peer may last, whatever its directory entry says.
const (
	defaultTimeout = 10 * time.Second
	longestTimeout = time.Minute
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
// never tries twice and follows no redirect. Peers on private addresses use
// connections of their own, so a peer that may not go there cannot borrow one.
type Client struct {
	now     func() time.Time
	public  *line
	private *line

	mu       sync.Mutex
	closed   bool
	inFlight sync.WaitGroup
	closing  context.Context
	close    context.CancelFunc
}

// line is one set of pooled connections.
type line struct {
	http      *resty.Client
	transport *http.Transport
}

// NewClient makes a client; Close it to release its connections.
func NewClient(options Options) *Client {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.UserAgent == "" {
		options.UserAgent = "Afield"
	}
	closing, stop := context.WithCancel(context.Background())
	return &Client{
		now:     options.Now,
		public:  newLine(options.UserAgent, &net.Dialer{Timeout: defaultTimeout, Control: connectors.RefusePrivate}),
		private: newLine(options.UserAgent, &net.Dialer{Timeout: defaultTimeout}),
		closing: closing, close: stop,
	}
}

func newLine(userAgent string, dialer *net.Dialer) *line {
	transport := &http.Transport{
		// No proxy from the environment: the dialer must see the peer's address.
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    defaultTimeout,
		MaxIdleConns:           128,
		MaxIdleConnsPerHost:    4,
		MaxConnsPerHost:        32,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // read exactly what came over the wire
	}
	client := resty.NewWithClient(&http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	client.SetRetryCount(0).SetDoNotParseResponse(true).SetHeader("User-Agent", userAgent).
		SetHeader("Accept", "application/json, application/problem+json")
	return &line{http: client, transport: transport}
}

// Close ends calls under way, waits for them and closes idle connections. Later
// calls report TryAgain.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.close()
	c.inFlight.Wait()
	c.public.transport.CloseIdleConnections()
	c.private.transport.CloseIdleConnections()
}

// Send hands one message to a peer, once. See connectors.Sender.
func (c *Client) Send(ctx context.Context, peer connectors.Peer, message connectors.Message) connectors.Delivery {
	refused := func(err error) connectors.Delivery {
		return connectors.Delivery{Outcome: connectors.Refused, Detail: clip(err.Error(), maxDetail)}
	}
	body, err := Encode(message)
	if err != nil {
		return refused(fmt.Errorf("our own message is not fit to send: %w", err))
	}
	target, err := endpoint(peer, "messages")
	if err != nil {
		return refused(err)
	}
	header, err := Sign(peer.OutboundSecret, message.ID, c.now(), body)
	if err != nil {
		return refused(err)
	}
	header.Set("Content-Type", "application/json")
	if speaker, known := Speaker(message); known {
		header.Set(HeaderLibrary, speaker.String())
	} else {
		header.Set(HeaderLibrary, otherSide(message, peer).String())
	}
	answer := c.call(ctx, peer, http.MethodPost, target, header, body)
	delivery := judge(answer, message.ID, c.now())
	delivery.Raw = transcript(http.MethodPost, target, header, body, answer)
	return delivery
}

// answer is what came back from one call, as much of it as arrived.
type answer struct {
	status int
	header http.Header
	body   []byte
	// err is why there is no answer, or why its body is incomplete.
	err error
}

// errTooLong is the cause when an answer does not end within MaxBytes.
var errTooLong = errors.New("the answer is longer than is read")

// call makes one HTTP exchange within the peer's time limit.
func (c *Client) call(ctx context.Context, peer connectors.Peer, method string, target *url.URL,
	header http.Header, body []byte,
) answer {
	if !c.begin() {
		return answer{err: context.Canceled}
	}
	defer c.inFlight.Done()
	ctx, cancel := context.WithTimeout(ctx, timeoutOf(peer))
	defer cancel()
	defer context.AfterFunc(c.closing, cancel)()

	over := c.public
	if peer.AllowPrivateAddress {
		over = c.private
	}
	request := over.http.R().SetContext(ctx).SetHeaderMultiValues(header)
	if body != nil {
		request.SetBody(body)
	}
	response, err := request.Execute(method, target.String())
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = response.RawBody().Close() }()
	got := answer{status: response.StatusCode(), header: response.Header()}
	got.body, got.err = io.ReadAll(io.LimitReader(response.RawBody(), MaxBytes+1))
	if len(got.body) > MaxBytes {
		got.body, got.err = got.body[:MaxBytes], errTooLong
	}
	return got
}

func (c *Client) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.inFlight.Add(1)
	return true
}

func timeoutOf(peer connectors.Peer) time.Duration {
	switch {
	case peer.Timeout <= 0:
		return defaultTimeout
	case peer.Timeout > longestTimeout:
		return longestTimeout
	}
	return peer.Timeout
}
