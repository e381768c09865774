package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"afield/broker"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
)

// lenderWords are what a lender may say, in the words of the messages.
func lenderWords() []string {
	return []string{
		"expect_to_supply", "will_supply", "conditional", "retry_later", "unfilled", "loaned", "copy_completed",
		"cancel_answer", "renew_answer", "overdue", "recalled", "due_changed", "loan_completed", "invoice",
	}
}

func requestActs() []act {
	request := field{word: "request", kind: nameOf("request"), says: "Which request; the only one when left out. A borrowed item's request has its name."}
	return []act{
		{word: "request", says: "Ask for an interlibrary loan, through staff or (by: patron) online.", fields: []field{
			patronField,
			{word: "title", kind: textKind, must: true, says: "The title, as libraries or items name it, or one that nobody is known to have."},
			{word: "as", kind: newName("request"), says: "A name for the request, for later steps."},
			{word: "type", kind: wordOf(wordType), says: "Type of material; book when left out."},
			{word: "periodical", kind: textKind, says: "The ISSN of the periodical an article is from."},
			{word: "year", kind: countKind, says: "The year an article was published."},
			{word: "need_by", kind: dateKind, says: "By when it is needed."},
			{word: "max_cost", kind: moneyKind, says: "What the patron is ready to pay."},
			{word: "rush", kind: flagKind, says: "true: urgent."},
			{word: "channel", kind: oneOf("staff", "phone", "email"), says: "How it reached the staff; in person when left out."},
			{word: "card_digits", kind: countKind, says: "Digits of the card number typed online; those of the card when left out."},
			{word: "pin", kind: flagKind, says: "false: no PIN was typed online."},
			{word: "anyway", kind: flagKind, says: "true: staff store what the rules refuse, for a person to decide."},
		}, run: (*play).request},
		{word: "lender_says", says: "A library outside says something about what it was asked.", fields: []field{
			request,
			{word: "lender", kind: nameOf("library"), says: "Who; the one being asked when left out."},
			{word: "says", kind: oneOf(lenderWords()...), must: true, says: "What."},
			{word: "item", kind: newName("item"), says: "A name for what is sent, for later steps."},
			{word: "due", kind: dateKind, says: "The lender's due date."},
			{word: "cost", kind: moneyKind, says: "What it asks."},
			{word: "fine", kind: moneyKind, says: "What it asks for a late day of what it sends."},
			{word: "fine_most", kind: moneyKind, says: "The most that comes to."},
			{word: "renewals", kind: countKind, says: "How often it renews what it sends."},
			{word: "why", kind: textKind, says: "Its reason, or its conditions."},
			{word: "yes", kind: flagKind, says: "Its answer to a cancel or a renewal."},
			{word: "later", kind: dateKind, says: "When to ask again."},
		}, run: (*play).lenderSpeaks},
		{word: "act_on", says: "Do something with a request that its state allows, as the list of actions names it (approve_cost, decline_cost, cancel, patron_contact, report_lost, invoice …).", fields: []field{
			request,
			{word: "action", kind: textKind, must: true, says: "What."},
			{word: "cost", kind: moneyKind, says: "An amount, where one is asked."},
			{word: "due", kind: dateKind, says: "A due date, where one is asked."},
			{word: "until", kind: dateKind, says: "A date to wait for, where one is asked."},
			{word: "fine", kind: moneyKind, says: "A lender's fine for a late day, where one is asked."},
			{word: "fine_most", kind: moneyKind, says: "The most that comes to."},
			{word: "renewals", kind: countKind, says: "How often a lender renews, where that is asked."},
			{word: "note", kind: textKind, says: "A note, where one is asked."},
			{word: "item", kind: nameOf("item"), says: "Which item to look at afterwards."},
			patronOptional,
		}, run: (*play).actOn},
	}
}

var patronOptional = field{word: "patron", kind: nameOf("patron"), says: "Who, where a patron does it."}

func (p *play) request(s step) (result, error) {
	patron := p.patronOf(s)
	_, at := p.at(s)
	name := s.text("as")
	if name == "" {
		name = onlyRequest
	}
	in := requests.Submission{
		Library: p.home.ID, Patron: patron.ID, Channel: rule.Channel(s.text("channel")), NeedBy: s.date("need_by"), Rush: s.flag("rush"),
		PickupBranch: p.home.branches[mainBranch], AskAnyway: s.flag("anyway"),
		Citation:   broker.Citation{Format: formatOf(s.text("type")), ISSN: s.text("periodical")},
		CardDigits: len(patron.card), PINGiven: true,
	}
	if s.has("year") {
		in.Citation.Year = strconv.Itoa(s.count("year"))
	}
	if s.has("card_digits") {
		in.CardDigits = s.count("card_digits")
	}
	if pin, said := s.flagSaid("pin"); said {
		in.PINGiven = pin
	}
	if s.has("max_cost") {
		money := s.amount("max_cost").money(p.home.Currency)
		in.MaxCost = &money
	}
	var made *requests.Request
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(p.everyone()...)
		var err error
		if in.Title, err = p.titleOf(tx, s.text("title"), s.text("type")); err != nil {
			return err
		}
		made, err = p.Stage.requests.Submit(ctx, tx, at.Now, at.Actor, in)
		return err
	})
	if err != nil {
		return result{}, err
	}
	p.requests[name] = made.ID
	told := map[string]string{"copyright": "none"}
	if made.Copyright != nil {
		told["copyright"] = *made.Copyright
	}
	err = p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		view, err := p.Stage.requests.Look(ctx, tx, at.Now, requests.Viewer{Library: p.home.ID, Patron: patron.ID}, made.ID, workflow.SideBorrowing)
		told["wait"] = waitTold(view.Wait)
		return err
	})
	return result{told: told}, err
}

// waitTold says what a patron is told about the time a request takes.
func waitTold(wait *requests.ExpectedWait) string {
	switch {
	case wait == nil:
		return "nothing"
	case wait.To.IsZero():
		return fmt.Sprintf("%d days or more", wait.FromDays)
	}
	return fmt.Sprintf("%d to %d days", wait.FromDays, wait.ToDays.Value)
}

func (p *play) lenderSpeaks(s step) (result, error) {
	request, known := p.requestOf(s)
	if !known {
		return result{}, broker.NotFound("request; name it with \"request\"")
	}
	lender, err := p.lenderOf(s, request)
	if err != nil {
		return result{}, err
	}
	message := connectors.Message{
		Kind: connectors.Kind(s.text("says")), Due: s.date("due"), RetryAfter: s.date("later"),
	}
	switch message.Kind {
	case connectors.KindUnfilled:
		message.Reason = connectors.ReasonNotOnShelf
		if why := s.text("why"); why != "" {
			message.Reason = why
		}
	case connectors.KindConditional:
		message.Conditions = s.text("why")
	case connectors.KindLoaned:
		barcode := p.number("L")
		message.Items = []connectors.MessageItem{{Barcode: barcode}}
		p.lenderTerms(&message, s.values, "")
		if name := s.text("item"); name != "" {
			p.items[name] = thing{barcode: barcode, request: request}
			p.requests[name] = request
		}
	case connectors.KindCancelAnswer, connectors.KindRenewAnswer:
		yes := s.flag("yes")
		message.Yes = &yes
	}
	if s.has("cost") {
		cost := s.amount("cost").money(p.home.Currency)
		message.Cost = &cost
	}
	return result{}, p.lenderSays(lender, request, message)
}

// lenderOf is who speaks: the one named, or the one being asked.
func (p *play) lenderOf(s step, request broker.ID) (*house, error) {
	if name := s.text("lender"); name != "" {
		return p.houses[name], nil
	}
	var id broker.ID
	err := p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select lender_id from rota_entries where library_id = $1 and request_id = $2
			order by active desc, asked_at desc nulls last, position limit 1`, p.home.ID, request).Scan(&id)
	})
	if err != nil {
		return nil, broker.Conflict("never_asked", "No lender was asked.")
	}
	for _, h := range p.houses {
		if h.ID == id {
			return h, nil
		}
	}
	return nil, broker.NotFound("lender")
}

func (p *play) actOn(s step) (result, error) {
	request, known := p.requestOf(s)
	if !known {
		return result{}, broker.NotFound("request; name it with \"request\"")
	}
	body := map[string]json.RawMessage{}
	add := func(word string, value any) error {
		text, err := json.Marshal(value)
		body[word] = text
		return err
	}
	for _, word := range []string{"due", "until", "note", "renewals"} {
		if value, given := s.value(word); given {
			if err := add(word, value); err != nil {
				return result{}, err
			}
		}
	}
	for _, word := range []string{"cost", "fine", "fine_most"} {
		if !s.has(word) {
			continue
		}
		if err := add(word, s.amount(word).money(p.home.Currency)); err != nil {
			return result{}, err
		}
	}
	_, at := p.at(s)
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.desk.Act(ctx, tx, at, requests.Act{
			Library: p.home.ID, Request: request, Action: workflow.Event(s.text("action")), Body: body,
		})
		return err
	})
	return result{}, err
}
