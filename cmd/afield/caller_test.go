package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"afield/api/gen"
	"afield/api/problem"
	"afield/broker"
)

// network makes calls to the servers, some of which may be dead. It keeps
// trying, each POST with the same key, until there is an answer.
type network struct {
	http  *http.Client
	bases []string
	turn  atomic.Int64
	// again counts calls that had to be sent again, faults those that a running
	// server answered with an internal error.
	again atomic.Int64
	mu    sync.Mutex
	fault []string
}

func newNetwork(bases ...string) *network {
	return &network{bases: bases, http: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
}

func (n *network) faults() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.fault
}

// caller is somebody who is signed in.
type caller struct {
	*network
	token string
}

func (n *network) as(token string) *caller { return &caller{n, token} }

func (c *caller) post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.persist(ctx, http.MethodPost, path, text, into)
}

func (c *caller) get(ctx context.Context, path string, into any) error {
	return c.persist(ctx, http.MethodGet, path, nil, into)
}

// persist repeats one call until it gets a final answer.
func (c *caller) persist(ctx context.Context, method, path string, body []byte, into any) error {
	key := broker.NewID().String()
	for {
		status, answer, err := c.try(ctx, method, path, key, body)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("%s %s: %w (last: %d %w)", method, path, ctx.Err(), status, err)
		case err == nil && status < http.StatusBadRequest:
			return json.Unmarshal(answer, into)
		case err == nil && !passes(status, answer):
			return fmt.Errorf("%s %s: %d %s", method, path, status, answer)
		case status == http.StatusInternalServerError:
			c.mu.Lock()
			c.fault = append(c.fault, fmt.Sprintf("%s %s: %s", method, path, answer))
			c.mu.Unlock()
		}
		c.again.Add(1)
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// passes tells whether the failure may pass, so that it is worth sending the
// call again.
func passes(status int, answer []byte) bool {
	var said problem.Problem
	_ = json.Unmarshal(answer, &said)
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || said.Code == "in_flight"
}

func (c *caller) try(ctx context.Context, method, path, key string, body []byte) (int, []byte, error) {
	base := c.bases[int(c.turn.Add(1))%len(c.bases)]
	request, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, answer, err
}

// submit asks for a title for a patron.
func (c *caller) submit(ctx context.Context, title string, card string) (asked gen.Request, err error) {
	return asked, c.post(ctx, "/v1/requests", gen.NewRequest{Citation: citationOf(title), Card: card}, &asked)
}

func (c *caller) act(ctx context.Context, path, action string) error {
	var after gen.Request
	return c.post(ctx, path+"/actions/"+action, struct{}{}, &after)
}

// errAside says that a request waits for a person although nobody should be
// needed.
var errAside = errors.New("it was put before staff")

func eventsOf(timeline gen.EventPage) (text string) {
	for _, event := range timeline.Events {
		text += fmt.Sprintf("  %s %s -> %s %v\n", event.Event, event.FromState, event.ToState, event.Data)
	}
	return text
}

// until waits until a request is in a state.
func (c *caller) until(ctx context.Context, path, state string) (now gen.Request, err error) {
	err = waitUntil(ctx, func() (bool, error) {
		now = gen.Request{}
		err := c.get(ctx, path, &now)
		if err == nil && now.State == "needs_review" {
			err = errAside
		}
		return now.State == state, err
	})
	if err != nil {
		var timeline gen.EventPage
		_ = c.get(ctx, path+"/timeline", &timeline) // only to print it
		err = fmt.Errorf("%s is %q and should become %s: %w\n%s", path, now.State, state, err, eventsOf(timeline))
	}
	return now, err
}

// scan scans a barcode and expects one thing to be done.
func (c *caller) scan(ctx context.Context, barcode, card, did string) error {
	var done gen.ScanResult
	if err := c.post(ctx, "/v1/desk/scan", gen.Scan{Barcode: barcode, Card: card}, &done); err != nil {
		return err
	}
	if done.Did != did {
		return fmt.Errorf("the scan of %s did %q and not %q: %s", barcode, done.Did, did, done.Message)
	}
	return nil
}

// lane is one patron's requests, one after another, as staff and the patron
// carry them through.
type lane struct {
	r             *region
	staff, lender *caller // of the home library, of the lending member
	patron        *caller
	reader        reader
	asked         []broker.ID // every request that was acknowledged
}

func newLane(r *region, n *network) *lane {
	one := r.reader()
	return &lane{r: r, reader: one, staff: n.as(r.home.staff), lender: n.as(r.lender.staff), patron: n.as(one.token)}
}

// fromPartner is a whole loan from a partner that charges a fee.
func (l *lane) fromPartner(ctx context.Context, title string) error {
	path, err := l.ask(ctx, title)
	if err != nil {
		return err
	}
	if _, err := l.staff.until(ctx, path, "awaiting_cost_approval"); err != nil {
		return err
	}
	if err := l.patron.act(ctx, path, "approve_cost"); err != nil {
		return err
	}
	return l.lendAndReturn(ctx, path, true)
}

// fromPartnerFree is the same without a fee, from a partner in the same state.
func (l *lane) fromPartnerFree(ctx context.Context, title string) error {
	path, err := l.ask(ctx, title)
	if err != nil {
		return err
	}
	return l.lendAndReturn(ctx, path, false)
}

// fromMember is a whole loan from the other member, whose staff work here too.
func (l *lane) fromMember(ctx context.Context, title, barcode string) error {
	path, err := l.ask(ctx, title)
	if err != nil {
		return err
	}
	theirs, err := l.atLender(ctx, title)
	if err != nil {
		return err
	}
	if err := l.lender.act(ctx, theirs, "answer_yes"); err != nil {
		return err
	}
	for _, did := range []string{"pulled", "shipped"} {
		if err := l.lender.scan(ctx, barcode, "", did); err != nil {
			return err
		}
	}
	if err := l.lendHere(ctx, path, false); err != nil {
		return err
	}
	if _, err := l.lender.until(ctx, theirs, "return_shipped"); err != nil {
		return err
	}
	if err := l.lender.scan(ctx, barcode, "", "returned_home"); err != nil {
		return err
	}
	if _, err := l.lender.until(ctx, theirs, "completed"); err != nil {
		return err
	}
	_, err = l.staff.until(ctx, path, "completed")
	return err
}

// ask submits a request; its path is known once it is acknowledged.
func (l *lane) ask(ctx context.Context, title string) (path string, err error) {
	asked, err := l.staff.submit(ctx, title, l.reader.card)
	if err != nil {
		return "", err
	}
	l.asked = append(l.asked, asked.ID)
	return "/v1/requests/" + asked.ID.String(), nil
}

// atLender finds the open request for a title at the lending member.
func (l *lane) atLender(ctx context.Context, title string) (path string, err error) {
	return path, waitUntil(ctx, func() (bool, error) {
		var page gen.RequestPage
		if err := l.lender.get(ctx, "/v1/lending?open=true&limit=200", &page); err != nil {
			return false, err
		}
		for _, one := range page.Requests {
			if one.Citation.Title == title {
				path = "/v1/lending/" + one.ID.String()
				return true, nil
			}
		}
		return false, nil
	})
}

func (l *lane) lendAndReturn(ctx context.Context, path string, pays bool) error {
	if err := l.lendHere(ctx, path, pays); err != nil {
		return err
	}
	_, err := l.staff.until(ctx, path, "completed")
	return err
}

// lendHere is what the home library's desk does, from the parcel's arrival to
// its way back.
func (l *lane) lendHere(ctx context.Context, path string, pays bool) error {
	shipped, err := l.staff.until(ctx, path, "shipped")
	if err != nil {
		return err
	}
	if len(shipped.Items) != 1 {
		return fmt.Errorf("%s: %d items were announced", path, len(shipped.Items))
	}
	band := fmt.Sprintf("ILL-%d", shipped.Number)
	if err := l.staff.scan(ctx, shipped.Items[0].Barcode, "", "received"); err != nil {
		return err
	}
	if err := l.staff.scan(ctx, band, "", "shelved"); err != nil {
		return err
	}
	if pays {
		var account gen.Account
		payment := gen.NewPayment{Amount: broker.Money{Minor: fee, Currency: "USD"}}
		if err := l.staff.post(ctx, "/v1/patrons/"+l.reader.id.String()+"/payments", payment, &account); err != nil {
			return err
		}
	}
	for _, step := range []struct{ card, did string }{{l.reader.card, "checked_out"}, {"", "checked_in"}, {"", "shipped"}} {
		if err := l.staff.scan(ctx, band, step.card, step.did); err != nil {
			return err
		}
	}
	return nil
}
