// Package line makes HTTP calls to systems of other libraries, which are strangers
// to us: within a time, up to a length, without following redirects, and never to an
// address off the public Internet unless the operator allows it for that library.
//
//	lines := line.Open(line.Options{UserAgent: "Afield/1.2"})
//	defer lines.Close()
//	answer := lines.Call(ctx, line.Call{Method: http.MethodGet, URL: target, MaxBytes: 1 << 20})
package line

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-resty/resty/v2"

	"afield/connectors"
)

// How long one call may last, whatever its library's entry says.
const (
	defaultTimeout = 10 * time.Second
	longestTimeout = time.Minute
)

// Options set up Lines.
type Options struct {
	// UserAgent names our program; "" means "Afield". Accept is what is sent as
	// such where a call does not say.
	UserAgent, Accept string
}

// Lines call any number of libraries. They are safe for concurrent use and never
// try twice. Libraries on private addresses have connections of their own, so one
// that may not be there cannot borrow one.
type Lines struct {
	public, private *pool

	mu       sync.Mutex
	closed   bool
	inFlight sync.WaitGroup
	closing  context.Context
	close    context.CancelFunc
}

// pool is one set of connections.
type pool struct {
	http      *resty.Client
	transport *http.Transport
}

// Open makes lines; Close them to release their connections.
func Open(options Options) *Lines {
	if options.UserAgent == "" {
		options.UserAgent = "Afield"
	}
	closing, stop := context.WithCancel(context.Background())
	return &Lines{
		public:  newPool(options, &net.Dialer{Timeout: defaultTimeout, Control: connectors.RefusePrivate}),
		private: newPool(options, &net.Dialer{Timeout: defaultTimeout}),
		closing: closing, close: stop,
	}
}

func newPool(options Options, dialer *net.Dialer) *pool {
	transport := &http.Transport{
		// No proxy from the environment: the dialer must see the library's address.
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
	client.SetRetryCount(0).SetDoNotParseResponse(true).SetHeader("User-Agent", options.UserAgent)
	if options.Accept != "" {
		client.SetHeader("Accept", options.Accept)
	}
	return &pool{http: client, transport: transport}
}

// Close ends calls under way, waits for them and closes idle connections. The error
// of later calls is context.Canceled.
func (l *Lines) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.close()
	l.inFlight.Wait()
	l.public.transport.CloseIdleConnections()
	l.private.transport.CloseIdleConnections()
}

// Call is one call.
type Call struct {
	Method string
	URL    *url.URL
	Header http.Header
	// Body is sent as it is; nil sends none.
	Body []byte
	// MaxBytes is how much of the answer is read.
	MaxBytes int64
	// Timeout bounds the call; 0 means ten seconds, and more than a minute a minute.
	Timeout time.Duration
	// AllowPrivate lets it go to a loopback or private address.
	AllowPrivate bool
}

// Answer is what came back, as much of it as arrived.
type Answer struct {
	// Status is 0 where nothing came back.
	Status int
	Header http.Header
	Body   []byte
	// Err is why there is no answer, or why its body is not whole: ErrTooLong, or
	// what connectors.WhyNoAnswer puts into words.
	Err error
}

// ErrTooLong is the cause when an answer does not end within its MaxBytes.
var ErrTooLong = errors.New("the answer is longer than is read")

// Call makes one HTTP exchange.
func (l *Lines) Call(ctx context.Context, call Call) Answer {
	if !l.begin() {
		return Answer{Err: context.Canceled}
	}
	defer l.inFlight.Done()
	ctx, cancel := context.WithTimeout(ctx, bounded(call.Timeout))
	defer cancel()
	defer context.AfterFunc(l.closing, cancel)()

	over := l.public
	if call.AllowPrivate {
		over = l.private
	}
	request := over.http.R().SetContext(ctx).SetHeaderMultiValues(call.Header)
	if call.Body != nil {
		request.SetBody(call.Body)
	}
	response, err := request.Execute(call.Method, call.URL.String())
	if err != nil {
		return Answer{Err: err}
	}
	defer func() { _ = response.RawBody().Close() }()
	got := Answer{Status: response.StatusCode(), Header: response.Header()}
	got.Body, got.Err = io.ReadAll(io.LimitReader(response.RawBody(), call.MaxBytes+1))
	if int64(len(got.Body)) > call.MaxBytes {
		got.Body, got.Err = got.Body[:call.MaxBytes], ErrTooLong
	}
	return got
}

func (l *Lines) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.inFlight.Add(1)
	return true
}

func bounded(timeout time.Duration) time.Duration {
	if timeout <= 0 {
		return defaultTimeout
	}
	return min(timeout, longestTimeout)
}
