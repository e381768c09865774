package demo

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/conntest"
	"afield/connectors/partner"
)

// habits is how each partner handles any request, unless a story has told it to
// behave differently.
func habits(key string, fee int64) conntest.Plan {
	var cost *broker.Money
	if fee > 0 {
		cost = &broker.Money{Minor: fee, Currency: "USD"}
	}
	switch key {
	case "still-pond":
		return conntest.NeverAnswers()
	case "two-tongues":
		return conntest.Contradicts()
	case "slow-river":
		slow := conntest.Trouble{Fault: conntest.Slow, Delay: 150 * time.Millisecond}
		return conntest.Lends(28, cost).WithTrouble(connectors.KindRequest, slow).WithTrouble(connectors.KindShippedReturn, slow)
	}
	return conntest.Lends(28, cost)
}

// partners are the running partner libraries, by key.
type partners map[string]*conntest.Partner

// startPartners starts every partner library; they answer to callback.
func startPartners(callback string, now func() time.Time) (partners, error) {
	running := partners{}
	for _, p := range places() {
		if p.protocol != partner.Name {
			continue
		}
		symbol, err := broker.ParseSymbol(p.symbol)
		if err != nil {
			return nil, err
		}
		options := conntest.Options{Symbol: symbol, CallbackURL: callback, Now: now, Zone: p.location(), Plans: []conntest.Plan{habits(p.key, p.terms.fee)}}
		for _, b := range books() {
			for _, holder := range b.copies {
				if holder == p.key {
					stock := conntest.Stock{Title: b.isbn, Available: 1}
					if p.terms.fee > 0 {
						stock.Cost = &broker.Money{Minor: p.terms.fee, Currency: p.currency}
					}
					options.Stock = append(options.Stock, stock)
				}
			}
		}
		started, err := conntest.NewPartner(options)
		if err != nil {
			running.close()
			return nil, fmt.Errorf("start %s: %w", p.name, err)
		}
		running[p.key] = started
	}
	return running, nil
}

// settle lets every partner send what it has to send now; spoke tells whether
// any had something.
func (p partners) settle(ctx context.Context) (spoke bool, err error) {
	for _, partner := range p {
		if partner.Pending() == 0 {
			continue
		}
		spoke = true
		if err := partner.Settle(ctx); err != nil {
			return spoke, err
		}
	}
	return spoke, nil
}

// nextAt is when, after an instant, a partner will next send something
// unprompted.
func (p partners) nextAt(after time.Time) (at time.Time) {
	for _, partner := range p {
		next, any := partner.NextAt()
		if any && next.After(after) && (at.IsZero() || next.Before(at)) {
			at = next
		}
	}
	return at
}

func (p partners) close() {
	for _, partner := range p {
		_ = partner.Close() // they hold nothing
	}
}
