package conntest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/partner"
)

// Options set up a Partner.
type Options struct {
	// Symbol names the partner.
	Symbol broker.Symbol
	// CallbackURL is where its answers are posted, the full URL; it can be set
	// later with SetCallbackURL.
	CallbackURL string
	// AfieldSecret is what Afield signs with, PartnerSecret what the partner signs
	// with; nil means that one is made up (see Peer).
	AfieldSecret, PartnerSecret []byte
	// Now is business time; nil means the wall clock.
	Now func() time.Time
	// Zone is the partner's time zone; nil means UTC.
	Zone *time.Location
	// Plans are tried in order; the first that fits a request decides the answers. A
	// request that none fits is answered "not owned".
	Plans []Plan
	// Stock answers availability look-ups: the first entry that fits.
	Stock []Stock
	// DuplicatesAre409 answers a message received before with 409 already_exists
	// instead of 200 with status "duplicate".
	DuplicatesAre409 bool
	// Automatic sends answers from a goroutine as they fall due. Without it they
	// are sent by Settle only, so a test decides when.
	Automatic bool
	// ISO18626 makes it talk that standard instead of partner REST.
	ISO18626 *ISO18626
	// Address is the address it listens on; "" means a free loopback port.
	Address string
}

// Stock is what the partner has of a title.
type Stock struct {
	// Title is a part of the title, or the ISBN; "" fits all.
	Title     string
	Available int
	Cost      *broker.Money
}

// Partner is a running partner library. Close it.
type Partner struct {
	options  Options
	client   *http.Client
	now      func() time.Time
	done     chan struct{} // closed by Close
	handlers sync.WaitGroup
	wake     chan struct{}
	loop     sync.WaitGroup
	sending  sync.Mutex // one callback at a time

	mu          sync.Mutex
	server      *http.Server
	address     string
	callbackURL string
	plans       []Plan
	served      []int // by plan
	stock       []Stock
	standing    Trouble
	troubles    map[connectors.Kind][]Trouble
	received    []Received
	seen        map[string]string // body by message id
	dialogues   map[string]*dialogue
	order       []string // request ids as they came
	queue       []*callback
	sent        []Sent
	items       int
	closed      bool
	mistakes    []error // in the script: things that the wire does not allow
}

// dialogue is what the partner knows of one request.
type dialogue struct {
	request  connectors.Message
	plan     Plan
	troubles map[connectors.Kind][]Trouble
	shipped  bool
	acted    []connectors.Message
}

// NewPartner starts a partner.
func NewPartner(options Options) (*Partner, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Zone == nil {
		options.Zone = time.UTC
	}
	for _, secret := range []*[]byte{&options.AfieldSecret, &options.PartnerSecret} {
		if *secret == nil {
			*secret = make([]byte, 32)
			_, _ = rand.Read(*secret) // never fails
		}
	}
	if options.Address == "" {
		options.Address = "127.0.0.1:0"
	}
	p := &Partner{
		options: options, now: options.Now, callbackURL: options.CallbackURL,
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 2}},
		done:   make(chan struct{}), wake: make(chan struct{}, 1), address: options.Address,
		plans: slices.Clone(options.Plans), served: make([]int, len(options.Plans)), stock: slices.Clone(options.Stock),
		troubles: map[connectors.Kind][]Trouble{}, seen: map[string]string{}, dialogues: map[string]*dialogue{},
	}
	if err := p.Revive(); err != nil {
		return nil, err
	}
	if options.Automatic {
		p.loop.Add(1)
		go p.sendAlways()
	}
	return p, nil
}

// Peer is the directory entry with which Afield reaches this partner.
func (p *Partner) Peer(library broker.ID) connectors.Peer {
	peer := connectors.Peer{
		Library: library, Symbol: p.options.Symbol, Protocol: "partner", BaseURL: p.URL(),
		OutboundSecret: p.options.AfieldSecret, InboundSecret: p.options.PartnerSecret,
		AllowPrivateAddress: true, Timeout: 5 * time.Second,
	}
	if iso := p.options.ISO18626; iso != nil {
		peer.Protocol, peer.BaseURL, peer.Edition = "iso18626", peer.BaseURL+"/iso18626", iso.Edition
	}
	return peer
}

// URL is the partner's base URL; it stays the same when it dies and revives.
func (p *Partner) URL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return "http://" + p.address
}

// SetCallbackURL says where answers are posted.
func (p *Partner) SetCallbackURL(url string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.callbackURL = url
}

// Use puts plans before all others; they fit requests that come from now on.
func (p *Partner) Use(plans ...Plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plans = append(slices.Clone(plans), p.plans...)
	p.served = append(make([]int, len(plans)), p.served...)
}

// Die makes the partner refuse connections and cuts those that are open. It says
// nothing while it is dead, but keeps what it knows and still has to say.
func (p *Partner) Die() error {
	p.mu.Lock()
	server := p.server
	p.server = nil
	p.mu.Unlock()
	if server == nil {
		return nil
	}
	if err := server.Close(); err != nil {
		return fmt.Errorf("stop the partner: %w", err)
	}
	return nil
}

// Revive makes it listen again, at the same address.
func (p *Partner) Revive() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil || p.closed {
		return nil
	}
	var listener net.Listener
	var err error
	// Somebody's outgoing connection may hold the port for a moment.
	for tries := 0; tries < 100; tries++ {
		if listener, err = net.Listen("tcp", p.address); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("start the partner: %w", err)
	}
	p.address = listener.Addr().String()
	server := &http.Server{
		Handler: p.routes(), ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0),
	}
	p.server = server
	p.handlers.Add(1)
	go func() {
		defer p.handlers.Done()
		_ = server.Serve(listener) // ends with http.ErrServerClosed
	}()
	return nil
}

// Close stops the partner and waits until nothing of it is running.
func (p *Partner) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	p.mu.Unlock()
	close(p.done)
	err := p.Die()
	p.loop.Wait()
	p.handlers.Wait()
	p.client.CloseIdleConnections()
	return err
}

func (p *Partner) routes() http.Handler {
	mux := http.NewServeMux()
	if p.options.ISO18626 != nil {
		mux.HandleFunc("POST /iso18626", p.takeMessage)
	} else {
		mux.HandleFunc("POST /messages", p.takeMessage)
	}
	mux.HandleFunc("GET /availability", p.takeLookUp)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.enter() {
			defer p.handlers.Done()
			mux.ServeHTTP(w, r)
		}
	})
}

func (p *Partner) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.handlers.Add(1)
	}
	return !p.closed
}

// Settle sends every answer whose time has come, and those that follow from them,
// until nothing is left to say today. An answer that Afield cannot take now is
// tried again until the context ends; the error then says what was left. It also
// reports what a plan wants said that the wire does not allow.
func (p *Partner) Settle(ctx context.Context) error {
	for {
		holding := p.holding() // asked first: an answer released meanwhile gets its turn
		sent, err := p.step(ctx)
		switch {
		case err == nil && sent:
			continue
		case err == nil && !holding:
			return p.scriptMistakes()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d answers of %s are unsent: %w", p.Pending(), p.options.Symbol, errors.Join(ctx.Err(), err))
		case <-p.done:
			return errors.New("the partner is closed")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (p *Partner) scriptMistakes() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.mistakes...)
}

func (p *Partner) sendAlways() {
	defer p.loop.Done()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() { // ends with the partner
		<-p.done
		stop()
	}()
	ticker := time.NewTicker(100 * time.Millisecond) // business time may have moved
	defer ticker.Stop()
	for {
		for {
			if sent, err := p.step(ctx); err != nil || !sent {
				break
			}
		}
		select {
		case <-p.done:
			return
		case <-p.wake:
		case <-ticker.C:
		}
	}
}

// wall is the wall clock, by which signatures are made.
func wall() time.Time { return time.Now() }

// open reads a signed message from Afield.
func (p *Partner) open(header http.Header, body []byte) (connectors.Message, error) {
	if iso := p.options.ISO18626; iso != nil {
		return iso.open(p.options.AfieldSecret, header, body)
	}
	return partner.Open(p.options.AfieldSecret, header, body, wall())
}
