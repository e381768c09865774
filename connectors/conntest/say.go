package conntest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/partner"
	"afield/connectors/wire"
)

// callback is one answer on its way to Afield.
type callback struct {
	requestID string
	say       Say
	at        time.Time // business time
	message   connectors.Message
	body      []byte // once it has been written; a resend is the same bytes
	held      bool   // the message it answers has not been answered yet
}

// Sent is one call to Afield and what came back.
type Sent struct {
	Message connectors.Message
	// Age is how long ago it was signed: thirty days for a replay.
	Age time.Duration
	// Status is Afield's HTTP status; Code that of its problem, if any.
	Status int
	Code   string
	// Acknowledged is the status of its acknowledgement: accepted or duplicate.
	Acknowledged string
}

// Say queues answers about a request, to be sent by Settle (or by themselves
// where the partner is automatic).
func (p *Partner) Say(requestID string, answers ...Say) {
	p.mu.Lock()
	for _, say := range answers {
		p.enqueue(requestID, say)
	}
	p.mu.Unlock()
	p.wakeUp()
}

// ShipNow queues "loaned", due some days from today.
func (p *Partner) ShipNow(requestID string, dueInDays int, cost *broker.Money) {
	p.Say(requestID, Loaned(dueInDays, cost))
}

// Tell says one thing at once and gives what Afield answered. It is an error
// where there was no answer at all, or the request is not known here.
func (p *Partner) Tell(ctx context.Context, requestID string, say Say) (Sent, error) {
	p.mu.Lock()
	waiting := &callback{requestID: requestID, say: say, at: p.now()}
	err := p.compose(waiting)
	p.mu.Unlock()
	if err != nil {
		return Sent{}, err
	}
	p.sending.Lock()
	defer p.sending.Unlock()
	return p.post(ctx, waiting.message, waiting.body, 0)
}

// Replay sends a message of the partner's once more, signed some time ago.
func (p *Partner) Replay(ctx context.Context, messageID string, age time.Duration) (Sent, error) {
	for _, earlier := range p.Sent() {
		if earlier.Message.ID != messageID {
			continue
		}
		body, err := partner.Encode(earlier.Message)
		if err != nil {
			return Sent{}, fmt.Errorf("replay: %w", err)
		}
		p.sending.Lock()
		defer p.sending.Unlock()
		return p.post(ctx, earlier.Message, body, age)
	}
	return Sent{}, fmt.Errorf("replay: %s was never sent", messageID)
}

// Sent gives every call to Afield that got an answer, in order.
func (p *Partner) Sent() []Sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sent)
}

// Refusals gives the calls that Afield refused for good (4xx except 429), other
// than replays, which it must refuse.
func (p *Partner) Refusals() []Sent {
	var refused []Sent
	for _, sent := range p.Sent() {
		if sent.Age == 0 && sent.Status >= 400 && sent.Status < 500 && sent.Status != http.StatusTooManyRequests {
			refused = append(refused, sent)
		}
	}
	return refused
}

// Pending counts the answers whose time has come and that Afield has not
// received; none while the partner is dead.
func (p *Partner) Pending() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count, now := 0, p.now()
	for _, waiting := range p.queue {
		if p.server != nil && !waiting.at.After(now) {
			count++
		}
	}
	return count
}

// NextAt gives the business time at which the partner will next say something;
// false when it has nothing to say.
func (p *Partner) NextAt() (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return time.Time{}, false
	}
	return slices.MinFunc(p.queue, func(one, other *callback) int { return one.at.Compare(other.at) }).at, true
}

// enqueue puts an answer in the queue. The lock is held.
func (p *Partner) enqueue(requestID string, say Say) *callback {
	answer := &callback{requestID: requestID, say: say, at: p.now().AddDate(0, 0, say.AfterDays)}
	p.queue = append(p.queue, answer)
	return answer
}

func (p *Partner) release(answers []*callback) {
	p.mu.Lock()
	for _, answer := range answers {
		answer.held = false
	}
	p.mu.Unlock()
	p.wakeUp()
}

func (p *Partner) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default: // it is awake already
	}
}

// holding tells whether an exchange is still under way whose answers are queued.
func (p *Partner) holding() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.queue, func(answer *callback) bool { return answer.held })
}

// step sends the first answer whose time has come. It tells whether there was
// one; the error is that Afield could not take it now, and it stays first.
func (p *Partner) step(ctx context.Context) (bool, error) {
	p.sending.Lock()
	defer p.sending.Unlock()
	waiting, there := p.first()
	if !there {
		return false, nil
	}
	sent, err := p.post(ctx, waiting.message, waiting.body, 0)
	if err != nil {
		return false, err
	}
	if sent.Status >= 500 || sent.Status == http.StatusTooManyRequests {
		return false, fmt.Errorf("answered %d %s to %s", sent.Status, sent.Code, waiting.message.Kind)
	}
	p.drop(waiting)
	if waiting.say.Twice {
		if _, err := p.post(ctx, waiting.message, waiting.body, 0); err != nil {
			return false, err
		}
	}
	if waiting.say.Replayed {
		if _, err := p.post(ctx, waiting.message, waiting.body, 30*24*time.Hour); err != nil {
			return false, err
		}
	}
	return true, nil
}

// first gives the earliest answer that is due, written out. What cannot be
// written is a mistake in the script and is laid aside.
func (p *Partner) first() (*callback, bool) {
	for {
		p.mu.Lock()
		waiting := p.due()
		if waiting == nil || waiting.body != nil {
			p.mu.Unlock()
			return waiting, waiting != nil
		}
		err := p.compose(waiting)
		if err != nil {
			p.mistakes = append(p.mistakes, err)
		}
		p.mu.Unlock()
		if err == nil {
			return waiting, true
		}
		p.drop(waiting)
	}
}

// due gives the earliest answer whose time has come, or nil. The lock is held.
func (p *Partner) due() *callback {
	var earliest *callback
	if p.server == nil { // the dead say nothing
		return nil
	}
	for _, waiting := range p.queue {
		if !waiting.held && !waiting.at.After(p.now()) && (earliest == nil || waiting.at.Before(earliest.at)) {
			earliest = waiting
		}
	}
	return earliest
}

func (p *Partner) drop(done *callback) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = slices.DeleteFunc(p.queue, func(other *callback) bool { return other == done })
}

// compose writes an answer as a message. The lock is held.
func (p *Partner) compose(c *callback) error {
	d := p.dialogues[c.requestID]
	if d == nil {
		return fmt.Errorf("%s has no request %s", p.options.Symbol, c.requestID)
	}
	now, say := p.now().UTC(), c.say
	today := broker.DateIn(now, p.options.Zone)
	message := connectors.Message{
		ID: broker.NewID().String(), Kind: say.Kind, RequestID: c.requestID,
		Borrower: d.request.Borrower, Lender: d.request.Lender, SentAt: now,
		Yes: say.Yes, Reason: say.Reason, Conditions: say.Conditions, Cost: say.Cost, Due: say.Due,
		Items: say.Items, Note: say.Note, Renewals: say.Renewals, Fine: say.Fine, FineMost: say.FineMost,
	}
	if say.Due.IsZero() && say.DueInDays != 0 {
		message.Due = today.AddDays(say.DueInDays)
	}
	if say.RetryInDays != 0 {
		message.RetryAfter = today.AddDays(say.RetryInDays)
	}
	switch say.Kind {
	case connectors.KindCancelAnswer, connectors.KindRenewAnswer:
		if say.Yes == nil {
			message.Yes = truth(false)
		}
	case connectors.KindLoaned:
		d.shipped = true
		if len(say.Items) == 0 {
			p.items++
			message.Items = []connectors.MessageItem{{Barcode: fmt.Sprintf("%s-%06d", p.options.Symbol.Value, p.items)}}
		}
	}
	encode := partner.Encode
	if iso := p.options.ISO18626; iso != nil {
		encode = iso.encode
	}
	body, err := encode(message)
	if err != nil {
		return fmt.Errorf("%s cannot say %s: %w", p.options.Symbol, say.Kind, err)
	}
	c.message, c.body = message, body
	return nil
}

// post makes one signed call to Afield; age sets its signature back.
func (p *Partner) post(ctx context.Context, message connectors.Message, body []byte, age time.Duration) (Sent, error) {
	header, err := wire.Sign(p.options.PartnerSecret, message.ID, wall().Add(-age), body)
	if err != nil {
		return Sent{}, fmt.Errorf("%s: %w", p.options.Symbol, err)
	}
	header.Set("Content-Type", "application/json")
	if p.options.ISO18626 != nil {
		header.Set("Content-Type", "application/xml")
	}
	header.Set(wire.HeaderLibrary, p.options.Symbol.String())
	p.mu.Lock()
	url := p.callbackURL
	p.mu.Unlock()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return Sent{}, fmt.Errorf("%s: %w", p.options.Symbol, err)
	}
	request.Header = header
	response, err := p.client.Do(request)
	if err != nil {
		return Sent{}, fmt.Errorf("%s: %w", p.options.Symbol, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, partner.MaxBytes))
	if err != nil {
		return Sent{}, fmt.Errorf("%s: %w", p.options.Symbol, err)
	}
	var said struct{ Code, Status string }
	_ = json.Unmarshal(answer, &said) // a problem's status is a number: then Status stays empty
	if p.options.ISO18626 != nil && bytes.Contains(answer, []byte("<messageStatus>OK</messageStatus>")) {
		said.Status = partner.StatusAccepted
	}
	sent := Sent{Message: message, Age: age, Status: response.StatusCode, Code: said.Code, Acknowledged: said.Status}
	p.mu.Lock()
	p.sent = append(p.sent, sent)
	p.mu.Unlock()
	return sent, nil
}
