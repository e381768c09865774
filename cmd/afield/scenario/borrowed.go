package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/requests"
)

// leadTime is how long before its arrival something was asked for.
const leadTime = 48 * time.Hour

// borrowed brings in what other libraries have lent already: asked for, sent and
// received as in life.
func (p *play) borrowed() error {
	return p.scenario.given.items.each(func(name string, v values) error {
		if !v.flag("ill") {
			return nil
		}
		err := p.borrow(name, v)
		if ours, known := broker.AsError(err); known {
			return Mistakes{{v.at, fmt.Sprintf("%s could not have been borrowed: %s", name, ours.Error())}}
		}
		return err
	})
}

func (p *play) borrow(name string, v values) error {
	if !v.has("lender_due") {
		return Mistakes{{v.at, fmt.Sprintf("%s needs \"lender_due\": when its lender wants it back", name)}}
	}
	lender := p.houses[usualLender]
	if of := v.text("lender"); of != "" {
		lender = p.houses[of]
	}
	arrived := p.arrival(name, v)
	p.post.clock = broker.NewManualClock(arrived.Add(-leadTime))
	defer func() { p.post.clock = p.clock }()
	request, err := p.askFor(name, v, lender)
	if err != nil {
		return err
	}
	barcode := p.number("L")
	message := connectors.Message{
		Kind: connectors.KindLoaned, Due: v.date("lender_due"), Items: []connectors.MessageItem{{Barcode: barcode}},
	}
	p.lenderTerms(&message, v, "lender_")
	err = p.lenderSays(lender, request, message)
	if err != nil {
		return err
	}
	p.post.clock = broker.NewManualClock(arrived)
	scans := 1
	if v.flag("shelved") {
		scans = 2
	}
	for range scans {
		if err := p.scanAt(arrived, barcode); err != nil {
			return err
		}
	}
	return p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		item, err := catalog.ItemOfRequest(ctx, tx, p.home.ID, request, false)
		if err != nil {
			return err
		}
		p.items[name] = thing{item.Ref(), item.Barcode, item.Title, request}
		p.requests[name] = request
		return nil
	})
}

// lenderTerms puts what the lender asks besides its due date into a message.
func (p *play) lenderTerms(message *connectors.Message, v values, prefix string) {
	asks := func(word string) *broker.Money {
		if !v.has(prefix + word) {
			return nil
		}
		money := v.amount(prefix + word).money(p.home.Currency)
		return &money
	}
	message.Fine, message.FineMost = asks("fine"), asks("fine_most")
	if v.has(prefix + "renewals") {
		renewals := v.count(prefix + "renewals")
		message.Renewals = &renewals
	}
}

// arrival is when a borrowed item came: as said, with its loan, or an hour before
// the first step.
func (p *play) arrival(name string, v values) time.Time {
	if v.has("arrived") {
		return v.moment("arrived").in(p.home.Zone)
	}
	for _, loan := range p.scenario.given.loans {
		if loan.text("item") == name {
			return loan.moment("since").in(p.home.Zone).Add(-time.Minute)
		}
	}
	return p.start.Add(-time.Hour)
}

// askFor submits a request and brings it to the lender that is meant.
func (p *play) askFor(name string, v values, lender *house) (broker.ID, error) {
	now, actor := p.post.clock.Now(), staff(p.home.ID, everyRole()...)
	patron := v.text("for")
	if patron == "" && len(p.scenario.given.patrons.names) > 0 {
		patron = p.scenario.given.patrons.names[0]
	}
	if patron == "" {
		return broker.NoID, Mistakes{{v.at, fmt.Sprintf("%s was borrowed for nobody: give a patron", name)}}
	}
	var request *requests.Request
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		title, err := p.titleOf(tx, titleName(name, v), v.text("type"))
		if err != nil {
			return err
		}
		catalog.SaveHoldings(tx, []catalog.Holding{{Title: title, Library: lender.ID, Copies: 1, Lends: true, SeenAt: now}})
		request, err = p.Stage.requests.Submit(ctx, tx, now, actor, requests.Submission{
			Library: p.home.ID, Patron: p.patrons[patron].ID, Title: title, AskAnyway: true, PickupBranch: p.home.branches[mainBranch],
			Citation: broker.Citation{Format: formatOf(v.text("type"))},
		})
		return err
	})
	if err != nil {
		return broker.NoID, err
	}
	for range 5 { // review, cost, and the next lender at most
		if err := p.post.settle(p.ctx); err != nil {
			return broker.NoID, err
		}
		now, err := p.loadRequest(request.ID)
		if err != nil {
			return broker.NoID, err
		}
		switch now.State {
		case workflow.Requested:
			return request.ID, nil
		case workflow.NeedsReview:
			err = p.fire(request.ID, workflow.EventApproveReview, nil)
		case workflow.AwaitingCostApproval:
			err = p.fire(request.ID, workflow.EventApproveCost, nil)
		default:
			err = fmt.Errorf("%w: a request that was just made is %s", errFault, now.State)
		}
		if err != nil {
			return broker.NoID, err
		}
	}
	return broker.NoID, Mistakes{{v.at, name + " could not have been borrowed: no lender may be asked under this policy"}}
}

// fire acts on a request as staff with every role.
func (p *play) fire(request broker.ID, event workflow.Event, input workflow.Input) error {
	return p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Stage.requests.Fire(ctx, tx, p.post.clock.Now(), requests.Firing{
			Library: p.home.ID, Request: request, Event: event, Input: input, By: workflow.ByStaff,
			Actor: staff(p.home.ID, everyRole()...), Cause: requests.Cause{Kind: "desk"},
		})
		return err
	})
}

func (p *play) loadRequest(id broker.ID) (request *requests.Request, err error) {
	err = p.everywhere(func(ctx context.Context, tx *postgres.Tx) (err error) {
		request, err = p.Stage.requests.Load(ctx, tx, p.home.ID, id)
		return err
	})
	return request, err
}

// lenderSays lets a library outside say something about what it was asked.
func (p *play) lenderSays(lender *house, request broker.ID, message connectors.Message) error {
	var entry broker.ID
	err := p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select id from rota_entries where library_id = $1 and request_id = $2 and lender_id = $3
			and status not in ('next', 'passed_over') order by active desc, position desc limit 1`, p.home.ID, request, lender.ID).Scan(&entry)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return broker.Conflict("never_asked", "%s was never asked.", lender.Name)
	}
	if err != nil {
		return err
	}
	message.ID, message.RequestID = broker.NewID().String(), entry.String()
	message.Borrower, message.Lender, message.SentAt = p.home.symbol, lender.symbol, p.post.clock.Now()
	err = p.db.InTx(p.ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Stage.requests.Receive(ctx, tx, p.post.clock.Now(), requests.Incoming{Peer: lender.ID, Message: message, Hash: []byte(message.ID)})
		return err
	})
	if err != nil {
		return err
	}
	return p.post.settle(p.ctx)
}

// scanAt scans a barcode at the main desk.
func (p *play) scanAt(now time.Time, barcode string) error {
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.desk.Scan(ctx, tx, desk.At{
			Library: p.home.ID, Branch: p.home.branches[mainBranch], Actor: staff(p.home.ID, everyRole()...), Now: now,
		}, desk.Scan{Barcode: barcode})
		return err
	})
	if err != nil {
		return err
	}
	return p.post.settle(p.ctx)
}

// lendBorrowed lends a borrowed copy to the patron it came for.
func (p *play) lendBorrowed(patron person, item thing, since time.Time) error {
	p.post.clock = broker.NewManualClock(since)
	defer func() { p.post.clock = p.clock }()
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.desk.CheckOut(ctx, tx, desk.At{
			Library: p.home.ID, Branch: p.home.branches[mainBranch], Actor: staff(p.home.ID, everyRole()...), Now: since,
		}, desk.CheckOut{Barcode: item.barcode, Patron: patron.ID, Shown: "card"})
		return err
	})
	if err != nil {
		return err
	}
	return p.post.settle(p.ctx)
}

// requestOf is the request of a step: by name, by its item, or the only one.
func (p *play) requestOf(s step) (broker.ID, bool) {
	for _, word := range []string{"request", "as", "item"} {
		if id, known := p.requests[s.text(word)]; known {
			return id, true
		}
	}
	if id, known := p.requests[onlyRequest]; known {
		return id, true
	}
	if len(p.requests) == 1 {
		for _, id := range p.requests {
			return id, true
		}
	}
	return broker.NoID, false
}

// onlyRequest is the name of a request that a step gives none.
const onlyRequest = "request"
