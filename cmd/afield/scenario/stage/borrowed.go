package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/postgres"
	"afield/cmd/afield/scenario/language"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
)

// leadTime is how long before its arrival something was requested.
const leadTime = 48 * time.Hour

// borrowed brings about what other libraries have already lent: requested, sent
// and received as in real life.
func (p *Play) borrowed() error {
	return p.Scenario.Given.Items.Each(func(name string, v language.Values) error {
		if !v.Flag("ill") {
			return nil
		}
		err := p.borrow(name, v)
		if ours, known := broker.AsError(err); known {
			return language.Mistakes{{Position: v.At, Message: fmt.Sprintf("%s could not have been borrowed: %s", name, ours.Error())}}
		}
		return err
	})
}

func (p *Play) borrow(name string, v language.Values) error {
	if !v.Has("lender_due") {
		return language.Mistakes{{Position: v.At, Message: fmt.Sprintf("%s needs \"lender_due\": when its lender wants it back", name)}}
	}
	lender := p.Houses[UsualLender]
	if of := v.Text("lender"); of != "" {
		lender = p.Houses[of]
	}
	arrived := p.arrival(name, v)
	p.post.clock = broker.NewManualClock(arrived.Add(-leadTime))
	defer func() { p.post.clock = p.clock }()
	request, err := p.askFor(name, v, lender)
	if err != nil {
		return err
	}
	barcode := p.Number("L")
	message := connectors.Message{
		Kind: connectors.KindLoaned, Due: v.Date("lender_due"), Items: []connectors.MessageItem{{Barcode: barcode}},
	}
	p.LenderTerms(&message, v, "lender_")
	err = p.LenderSays(lender, request, message)
	if err != nil {
		return err
	}
	p.post.clock = broker.NewManualClock(arrived)
	scans := 1
	if v.Flag("shelved") {
		scans = 2
	}
	for range scans {
		if err := p.scanAt(arrived, barcode); err != nil {
			return err
		}
	}
	return p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		item, err := catalog.ItemOfRequest(ctx, tx, p.Home.ID, request, false)
		if err != nil {
			return err
		}
		p.Items[name] = Thing{item.Ref(), item.Barcode, item.Title, request}
		p.Requested[name] = request
		return nil
	})
}

// LenderTerms puts the lender's terms, other than its due date, into a message.
func (p *Play) LenderTerms(message *connectors.Message, v language.Values, prefix string) {
	asks := func(word string) *broker.Money {
		if !v.Has(prefix + word) {
			return nil
		}
		money := v.Amount(prefix + word).Money(p.Home.Currency)
		return &money
	}
	message.Fine, message.FineMost = asks("fine"), asks("fine_most")
	if v.Has(prefix + "renewals") {
		renewals := v.Count(prefix + "renewals")
		message.Renewals = &renewals
	}
}

// arrival is when a borrowed item came: as given, with its loan, or an hour
// before the first step.
func (p *Play) arrival(name string, v language.Values) time.Time {
	if v.Has("arrived") {
		return v.Moment("arrived").In(p.Home.Zone)
	}
	for _, loan := range p.Scenario.Given.Loans {
		if loan.Text("item") == name {
			return loan.Moment("since").In(p.Home.Zone).Add(-time.Minute)
		}
	}
	return p.start.Add(-time.Hour)
}

// askFor submits a request and brings it to the intended lender.
func (p *Play) askFor(name string, v language.Values, lender *House) (broker.ID, error) {
	now, actor := p.post.clock.Now(), Staff(p.Home.ID, everyRole()...)
	patron := v.Text("for")
	if patron == "" && len(p.Scenario.Given.Patrons.Names) > 0 {
		patron = p.Scenario.Given.Patrons.Names[0]
	}
	if patron == "" {
		return broker.NoID, language.Mistakes{{Position: v.At, Message: fmt.Sprintf("%s was borrowed for nobody: give a patron", name)}}
	}
	var request *engine.Request
	err := p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		title, err := p.TitleOf(tx, titleName(name, v), v.Text("type"))
		if err != nil {
			return err
		}
		catalog.SaveHoldings(tx, []catalog.Holding{{Title: title, Library: lender.ID, Copies: 1, Lends: true, SeenAt: now}})
		request, err = p.Stage.Requests.Submit(ctx, tx, now, actor, requests.Submission{
			Library: p.Home.ID, Patron: p.Patrons[patron].ID, Title: title, AskAnyway: true, PickupBranch: p.Home.Branches[language.MainBranch],
			Citation: broker.Citation{Format: FormatOf(v.Text("type"))},
		})
		return err
	})
	if err != nil {
		return broker.NoID, err
	}
	for range 5 { // at most review, cost approval, and the next lender
		if err := p.post.settle(p.Ctx); err != nil {
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
	return broker.NoID, language.Mistakes{{Position: v.At, Message: name + " could not have been borrowed: no lender may be asked under this policy"}}
}

// fire acts on a request as staff with every role.
func (p *Play) fire(request broker.ID, event workflow.Event, input workflow.Input) error {
	return p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Stage.Requests.Fire(ctx, tx, p.post.clock.Now(), engine.Firing{
			Library: p.Home.ID, Request: request, Event: event, Input: input, By: workflow.ByStaff,
			Actor: Staff(p.Home.ID, everyRole()...), Cause: engine.Cause{Kind: "desk"},
		})
		return err
	})
}

func (p *Play) loadRequest(id broker.ID) (request *engine.Request, err error) {
	err = p.Everywhere(func(ctx context.Context, tx *postgres.Tx) (err error) {
		request, err = p.Stage.Requests.Load(ctx, tx, p.Home.ID, id)
		return err
	})
	return request, err
}

// LenderSays lets an outside library send a message about a request it
// received.
func (p *Play) LenderSays(lender *House, request broker.ID, message connectors.Message) error {
	var entry broker.ID
	err := p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select id from rota_entries where library_id = $1 and request_id = $2 and lender_id = $3
			and status not in ('next', 'passed_over') order by active desc, position desc limit 1`, p.Home.ID, request, lender.ID).Scan(&entry)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return broker.Conflict("never_asked", "%s was never asked.", lender.Name)
	}
	if err != nil {
		return err
	}
	message.ID, message.RequestID = broker.NewID().String(), entry.String()
	message.Borrower, message.Lender, message.SentAt = p.Home.symbol, lender.symbol, p.post.clock.Now()
	err = p.db.InTx(p.Ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Stage.Requests.Receive(ctx, tx, p.post.clock.Now(), requests.Incoming{Peer: lender.ID, Message: message, Hash: []byte(message.ID)})
		return err
	})
	if err != nil {
		return err
	}
	return p.post.settle(p.Ctx)
}

// scanAt scans a barcode at the main desk.
func (p *Play) scanAt(now time.Time, barcode string) error {
	err := p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Desk.Scan(ctx, tx, counter.At{
			Library: p.Home.ID, Branch: p.Home.Branches[language.MainBranch], Actor: Staff(p.Home.ID, everyRole()...), Now: now,
		}, desk.Scan{Barcode: barcode})
		return err
	})
	if err != nil {
		return err
	}
	return p.post.settle(p.Ctx)
}

// lendBorrowed lends a borrowed copy to the patron it came for.
func (p *Play) lendBorrowed(patron Person, item Thing, since time.Time) error {
	p.post.clock = broker.NewManualClock(since)
	defer func() { p.post.clock = p.clock }()
	err := p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Desk.CheckOut(ctx, tx, counter.At{
			Library: p.Home.ID, Branch: p.Home.Branches[language.MainBranch], Actor: Staff(p.Home.ID, everyRole()...), Now: since,
		}, desk.CheckOut{Barcode: item.Barcode, Patron: patron.ID, Shown: "card"})
		return err
	})
	if err != nil {
		return err
	}
	return p.post.settle(p.Ctx)
}

// RequestOf is the request of a step: the one named, that of its item, or the
// only one.
func (p *Play) RequestOf(s language.Step) (broker.ID, bool) {
	for _, word := range []string{"request", "as", "item"} {
		if id, known := p.Requested[s.Text(word)]; known {
			return id, true
		}
	}
	if id, known := p.Requested[OnlyRequest]; known {
		return id, true
	}
	if len(p.Requested) == 1 {
		for _, id := range p.Requested {
			return id, true
		}
	}
	return broker.NoID, false
}

// OnlyRequest is the name of a request to which a step gives no name.
const OnlyRequest = "request"
