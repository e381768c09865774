package conntest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/partner"
	"afield/connectors/wire"
)

// KindLookUp stands for availability look-ups in Fail, where kinds of message
// are told apart.
const KindLookUp connectors.Kind = "look_up"

// AnyKind stands for every kind in Fail.
const AnyKind connectors.Kind = ""

// Received is one attempt to deliver something to the partner.
type Received struct {
	At      time.Time // business time
	Message connectors.Message
	// Fault is what went wrong with it.
	Fault Fault
	// Acted tells whether the partner did what the message says, which happens
	// once for each message id.
	Acted bool
	// Refusal says why the partner did not take it: signature, form, reused id.
	Refusal string
}

// Fail makes the next tries of a kind (AnyKind, KindLookUp) go wrong, one trouble
// each, before those of any plan.
func (p *Partner) Fail(kind connectors.Kind, troubles ...Trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.troubles[kind] = append(p.troubles[kind], troubles...)
}

// FailAlways makes every try go wrong for which no other trouble is set, until it
// is set to the zero Trouble.
func (p *Partner) FailAlways(trouble Trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.standing = trouble
}

// Received gives every try so far, in order, also those still hanging.
func (p *Partner) Received() []Received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.received)
}

// Acted gives the messages of a request that were acted on, in order. "Exactly
// once" means: each message that Afield sent is here exactly once.
func (p *Partner) Acted(requestID string) []connectors.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	if d := p.dialogues[requestID]; d != nil {
		return slices.Clone(d.acted)
	}
	return nil
}

// Effects counts how often a message was acted on, over all requests.
func (p *Partner) Effects(messageID string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := 0
	for _, try := range p.received {
		if try.Acted && try.Message.ID == messageID {
			count++
		}
	}
	return count
}

// Requests gives the ids of the requests that came, in order; title is a part of
// the cited title, "" for all.
func (p *Partner) Requests(title string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var ids []string
	for _, id := range p.order {
		if (Plan{Title: title}).fits(p.dialogues[id].request, 0) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (p *Partner) takeMessage(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, partner.MaxBytes+1))
	if err != nil {
		return
	}
	message, err := p.open(r.Header, body)
	if err != nil {
		p.note(Received{At: p.now(), Refusal: err.Error()})
		refuse(w, err)
		return
	}
	trouble := p.troubleFor(message)
	try := Received{At: p.now(), Message: message, Fault: trouble.Fault}
	place := p.note(try) // already now: a hanging exchange is seen too
	var answers []*callback
	act := func(w http.ResponseWriter, _ *http.Request) {
		try.Acted, try.Refusal, answers = p.act(message, string(body))
		p.amend(place, try)
		switch iso := p.options.ISO18626; {
		case iso != nil && try.Refusal != "":
			iso.confirm(w, message, try.Refusal)
		case iso != nil && !try.Acted && message.Kind == connectors.KindRequest:
			iso.confirm(w, message, "a request with a given ID already exists")
		case iso != nil:
			iso.confirm(w, message, "")
		case try.Refusal != "":
			problem(w, http.StatusConflict, "message_id_reused", try.Refusal)
		case !try.Acted && p.options.DuplicatesAre409:
			problem(w, http.StatusConflict, partner.CodeAlreadyExists, "This message is here already.")
		default:
			acknowledge(w, message.ID, try.Acted)
		}
	}
	marked := message.ID // what an answer repeats
	if p.options.ISO18626 != nil {
		marked = message.RequestID
	}
	trouble.befall(w, r, marked, act, p.done)
	// Only now may they be sent, so that the answer to the message goes first.
	p.release(answers)
}

func acknowledge(w http.ResponseWriter, id string, fresh bool) {
	status := partner.StatusDuplicate
	if fresh {
		status = partner.StatusAccepted
	}
	body, _ := json.Marshal(partner.Acknowledgement{MessageID: id, Status: status}) // two texts always marshal
	write(w, http.StatusOK, "application/json", string(body))
}

func refuse(w http.ResponseWriter, err error) {
	status, code := http.StatusInternalServerError, "internal"
	if ours, ok := broker.AsError(err); ok {
		status, code = http.StatusBadRequest, ours.Code
		if ours.Kind == broker.KindUnauthenticated {
			status = http.StatusUnauthorized
		}
	}
	problem(w, status, code, err.Error())
}

func (p *Partner) note(try Received) (place int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.received = append(p.received, try)
	return len(p.received) - 1
}

func (p *Partner) amend(place int, try Received) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.received[place] = try
}

// troubleFor takes the next trouble that is due for a message.
func (p *Partner) troubleFor(message connectors.Message) Trouble {
	p.mu.Lock()
	defer p.mu.Unlock()
	if message.Kind == connectors.KindRequest && p.dialogues[message.RequestID] == nil {
		p.begin(message)
	}
	queues := []map[connectors.Kind][]Trouble{p.troubles}
	if d := p.dialogues[message.RequestID]; d != nil {
		queues = append(queues, d.troubles)
	}
	for _, queue := range queues {
		if trouble, there := next(queue, message.Kind); there {
			return trouble
		}
	}
	return p.standing
}

func next(queue map[connectors.Kind][]Trouble, kind connectors.Kind) (Trouble, bool) {
	for _, key := range []connectors.Kind{kind, AnyKind} {
		if waiting := queue[key]; len(waiting) > 0 {
			queue[key] = waiting[1:]
			return waiting[0], true
		}
	}
	return Trouble{}, false
}

// begin opens the dialogue of a request and picks its plan. The lock is held.
func (p *Partner) begin(message connectors.Message) {
	d := &dialogue{request: message, plan: Refuses(connectors.ReasonNotOwned), troubles: map[connectors.Kind][]Trouble{}}
	for i, plan := range p.plans {
		if plan.fits(message, p.served[i]) {
			p.served[i]++
			d.plan = plan
			break
		}
	}
	for kind, troubles := range d.plan.Troubles {
		d.troubles[kind] = slices.Clone(troubles)
	}
	p.dialogues[message.RequestID] = d
	p.order = append(p.order, message.RequestID)
}

// act does what a message says, once for its id. The answers that follow are
// queued and held.
func (p *Partner) act(message connectors.Message, body string) (acted bool, refusal string, answers []*callback) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if earlier, there := p.seen[message.ID]; there {
		if earlier != body {
			return false, "The same id came with other content.", nil
		}
		return false, "", nil
	}
	p.seen[message.ID] = body
	d := p.dialogues[message.RequestID]
	if d == nil { // about a request that never came: it is taken, and nothing follows
		return true, "", nil
	}
	d.acted = append(d.acted, message)
	says := d.plan.answers(message.Kind, d.shipped)
	if message.Kind == connectors.KindCancel && slices.ContainsFunc(says, saysYes) {
		// A lender that stops drops what it still meant to say.
		p.queue = slices.DeleteFunc(p.queue, func(waiting *callback) bool {
			return waiting.requestID == message.RequestID && waiting.body == nil
		})
	}
	for _, say := range says {
		answers = append(answers, p.enqueue(message.RequestID, say))
	}
	for _, answer := range answers {
		answer.held = true
	}
	return true, "", answers
}

func saysYes(say Say) bool { return say.Yes != nil && *say.Yes }

func (p *Partner) takeLookUp(w http.ResponseWriter, r *http.Request) {
	if err := partner.VerifyQuery(p.options.AfieldSecret, r.Header, r.URL.RawQuery, wall()); err != nil {
		refuse(w, err)
		return
	}
	p.mu.Lock()
	trouble, there := next(p.troubles, KindLookUp)
	if !there {
		trouble = p.standing
	}
	stock := slices.Clone(p.stock)
	p.mu.Unlock()
	trouble.befall(w, r, r.Header.Get(wire.HeaderID), func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		answer := map[string]any{"owned": false, "available": 0}
		for _, holding := range stock {
			if strings.Contains(strings.ToLower(query.Get("title")), strings.ToLower(holding.Title)) ||
				query.Get("isbn") == holding.Title {
				answer["owned"], answer["available"] = true, holding.Available
				if holding.Cost != nil {
					answer["cost"] = holding.Cost
				}
				break
			}
		}
		body, _ := json.Marshal(answer) // plain values always marshal
		write(w, http.StatusOK, "application/json", string(body))
	}, p.done)
}
