package town

import (
	"context"
	"sync"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// ByHand makes the partner a library that no message reaches.
func (p *Partner) ByHand() {
	p.Do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SavePeer(tx, p.Vault, directory.Peer{Library: p.ID, Protocol: directory.ProtocolManual, Timeout: time.Second}, p.Clock.Now())
	})
}

// Borrows sends a member one message from the partner as a borrower.
func (p *Partner) Borrows(lender *House, m connectors.Message) {
	p.T.Helper()
	m.ID, m.Borrower, m.Lender, m.SentAt = broker.NewID().String(), p.Symbol, lender.Symbol, p.Clock.Now()
	p.Must(p.DB.InTx(p.T.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Requests.Receive(ctx, tx, p.Clock.Now(), requests.Incoming{Peer: p.ID, Message: m, Hash: []byte(m.ID)})
		return err
	}))
	p.Settle()
}

// Postbox stands in for the network: it keeps what was sent to partners and
// answers as it is told.
type Postbox struct {
	sync.Mutex // for partners that are sent to side by side
	Messages   []connectors.Message
	Answer     connectors.Delivery
}

// Send keeps a message and answers as the postbox is told.
func (p *Postbox) Send(_ context.Context, _ connectors.Peer, m connectors.Message) connectors.Delivery {
	p.Lock()
	defer p.Unlock()
	p.Messages = append(p.Messages, m)
	return p.Answer
}

// Partner is a library outside this Afield; the postbox gets what it is sent.
type Partner struct {
	*Town
	ID     broker.ID
	Symbol broker.Symbol
	count  int
}

// Partner opens a library outside this Afield, with a fee and some titles.
func (tw *Town) Partner(state string, fee int64, titles ...broker.ID) *Partner {
	tw.T.Helper()
	tw.count++
	p := &Partner{Town: tw, ID: broker.NewID(), Symbol: broker.NewSymbol("PARTNER", broker.NewID().String()[28:])}
	tw.Do(func(_ context.Context, tx *postgres.Tx) error {
		if err := directory.SaveLibrary(tx, directory.Library{ID: p.ID, Name: "Partner " + state, State: state, Currency: "USD", Zone: time.UTC}, tw.Clock.Now()); err != nil {
			return err
		}
		directory.SaveSymbols(tx, p.ID, p.Symbol)
		directory.SaveTerms(tx, directory.LendingTerms{Library: p.ID, Known: true, Lends: true, LoanDays: 28, Fee: broker.Money{Minor: fee, Currency: "USD"}})
		for _, title := range titles {
			tx.Queue(`insert into partner_holdings (title_id, library_id, copies, lends, seen_at) values ($1, $2, 1, true, $3)`, title, p.ID, tw.Clock.Now())
		}
		return directory.SavePeer(tx, tw.Vault, directory.Peer{
			Library: p.ID, Protocol: "partner", BaseURL: "http://127.0.0.1:1",
			OutboundSecret: directory.NewSecret(), InboundSecret: directory.NewSecret(), AllowPrivateAddress: true, Timeout: time.Second,
		}, tw.Clock.Now())
	})
	return p
}

// Says sends a member one message from the partner, about the request the
// partner was asked last or the one named.
func (p *Partner) Says(home *House, m connectors.Message) messages.Answer {
	p.T.Helper()
	answer, err := p.Tries(home, m)
	p.Must(err)
	return answer
}

// Tries is Says for a message that the member may refuse.
func (p *Partner) Tries(home *House, m connectors.Message) (answer messages.Answer, err error) {
	p.count++
	if m.ID == "" {
		m.ID = broker.NewID().String()
	}
	if m.RequestID == "" {
		m.RequestID = p.Asked().RequestID
	}
	m.Borrower, m.Lender = home.Symbol, p.Symbol
	if m.SentAt.IsZero() {
		m.SentAt = p.Clock.Now()
	}
	err = p.DB.InTx(p.T.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) (err error) {
		answer, err = p.Requests.Receive(ctx, tx, p.Clock.Now(), requests.Incoming{Peer: p.ID, Message: m, Hash: []byte(m.ID)})
		return err
	})
	p.Settle()
	return answer, err
}

// Asked is the last request the partner was sent.
func (p *Partner) Asked() connectors.Message {
	p.T.Helper()
	for i := len(p.Sent.Messages) - 1; i >= 0; i-- {
		if m := p.Sent.Messages[i]; m.Kind == connectors.KindRequest && m.Lender == p.Symbol {
			return m
		}
	}
	p.T.Fatal("the partner was asked nothing")
	return connectors.Message{}
}

// Heard counts the messages of a kind that the partner was sent.
func (p *Partner) Heard(kind connectors.Kind) int {
	count := 0
	for _, m := range p.Sent.Messages {
		if m.Kind == kind && m.Lender == p.Symbol {
			count++
		}
	}
	return count
}
