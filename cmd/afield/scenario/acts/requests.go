package acts

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"afield/broker"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
)

// lenderWords maps what a lender may say to the kinds of messages.
func lenderWords() []string {
	return []string{
		"expect_to_supply", "will_supply", "conditional", "retry_later", "unfilled", "loaned", "copy_completed",
		"cancel_answer", "renew_answer", "overdue", "recalled", "due_changed", "loan_completed", "invoice",
	}
}

func requestActs() []act {
	request := language.Field{Word: "request", Kind: language.NameOf("request"), Says: "Which request; the only one when left out. A borrowed item's request has its name."}
	return []act{
		{word: "request", says: "Ask for an interlibrary loan, through staff or (by: patron) online.", fields: []language.Field{
			patronField,
			{Word: "title", Kind: language.Text, Must: true, Says: "The title, as libraries or items name it, or one that nobody is known to have."},
			{Word: "as", Kind: language.NewName("request"), Says: "A name for the request, for later steps."},
			{Word: "type", Kind: language.WordOf(language.WordType), Says: "Type of material; book when left out."},
			{Word: "periodical", Kind: language.Text, Says: "The ISSN of the periodical an article is from."},
			{Word: "year", Kind: language.Count, Says: "The year an article was published."},
			{Word: "need_by", Kind: language.Date, Says: "By when it is needed."},
			{Word: "max_cost", Kind: language.Money, Says: "What the patron is ready to pay."},
			{Word: "pickup", Kind: language.NameOf("branch"), Says: "Where it is to be picked up; main when left out."},
			{Word: "rush", Kind: language.Flag, Says: "true: urgent."},
			{Word: "channel", Kind: language.OneOf("staff", "phone", "email"), Says: "How it reached the staff; in person when left out."},
			{Word: "card_digits", Kind: language.Count, Says: "Digits of the card number typed online; those of the card when left out."},
			{Word: "pin", Kind: language.Flag, Says: "false: no PIN was typed online."},
			{Word: "anyway", Kind: language.Flag, Says: "true: staff store what the rules refuse, for a person to decide."},
		}, run: makeRequest},
		{word: "lender_says", says: "A library outside says something about what it was asked.", fields: []language.Field{
			request,
			{Word: "lender", Kind: language.NameOf("library"), Says: "Who; the one being asked when left out."},
			{Word: "says", Kind: language.OneOf(lenderWords()...), Must: true, Says: "What."},
			{Word: "item", Kind: language.NewName("item"), Says: "A name for what is sent, for later steps."},
			{Word: "volumes", Kind: language.ListOf(language.NewName("item")), Says: "Names for what is sent in several volumes, instead of item; each has a barcode of its own."},
			{Word: "due", Kind: language.Date, Says: "The lender's due date."},
			{Word: "cost", Kind: language.Money, Says: "What it asks."},
			{Word: "fine", Kind: language.Money, Says: "What it asks for a late day of what it sends."},
			{Word: "fine_most", Kind: language.Money, Says: "The most that comes to."},
			{Word: "renewals", Kind: language.Count, Says: "How often it renews what it sends."},
			{Word: "why", Kind: language.Text, Says: "Its reason, or its conditions."},
			{Word: "yes", Kind: language.Flag, Says: "Its answer to a cancel or a renewal."},
			{Word: "later", Kind: language.Date, Says: "When to ask again."},
		}, run: lenderSpeaks},
		{word: "act_on", says: "Do something with a request that its state allows, as the list of actions names it (approve_cost, decline_cost, cancel, patron_contact, report_lost, invoice …).", fields: []language.Field{
			request,
			{Word: "action", Kind: language.Text, Must: true, Says: "What."},
			{Word: "cost", Kind: language.Money, Says: "An amount, where one is asked."},
			{Word: "due", Kind: language.Date, Says: "A due date, where one is asked."},
			{Word: "until", Kind: language.Date, Says: "A date to wait for, where one is asked."},
			{Word: "fine", Kind: language.Money, Says: "A lender's fine for a late day, where one is asked."},
			{Word: "fine_most", Kind: language.Money, Says: "The most that comes to."},
			{Word: "renewals", Kind: language.Count, Says: "How often a lender renews, where that is asked."},
			{Word: "note", Kind: language.Text, Says: "A note, where one is asked."},
			{Word: "pickup", Kind: language.NameOf("branch"), Says: "Where it is to be picked up, where that is changed (amend)."},
			{Word: "need_by", Kind: language.Date, Says: "By when it is needed, where that is changed (amend)."},
			{Word: "edition", Kind: language.Text, Says: "Which edition, where that is changed (amend)."},
			{Word: "item", Kind: language.NameOf("item"), Says: "Which item to look at afterwards."},
			patronOptional,
		}, run: actOn},
	}
}

var patronOptional = language.Field{Word: "patron", Kind: language.NameOf("patron"), Says: "Who, where a patron does it."}

func makeRequest(p *stage.Play, s language.Step) (stage.Result, error) {
	patron := p.PatronOf(s)
	_, at := p.At(s)
	name := s.Text("as")
	if name == "" {
		name = stage.OnlyRequest
	}
	in := requests.Submission{
		Library: p.Home.ID, Patron: patron.ID, Channel: rule.Channel(s.Text("channel")), NeedBy: s.Date("need_by"), Rush: s.Flag("rush"),
		PickupBranch: p.Pickup(s.Values), AskAnyway: s.Flag("anyway"),
		Citation:   broker.Citation{Format: stage.FormatOf(s.Text("type")), ISSN: s.Text("periodical")},
		CardDigits: len(patron.Card), PINGiven: true,
	}
	if s.Has("year") {
		in.Citation.Year = strconv.Itoa(s.Count("year"))
	}
	if s.Has("card_digits") {
		in.CardDigits = s.Count("card_digits")
	}
	if pin, said := s.FlagSaid("pin"); said {
		in.PINGiven = pin
	}
	if s.Has("max_cost") {
		money := s.Amount("max_cost").Money(p.Home.Currency)
		in.MaxCost = &money
	}
	var made *engine.Request
	err := p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(p.Everyone()...)
		var err error
		if in.Title, err = p.TitleOf(tx, s.Text("title"), s.Text("type")); err != nil {
			return err
		}
		made, err = p.Stage.Requests.Submit(ctx, tx, at.Now, at.Actor, in)
		return err
	})
	if err != nil {
		return stage.Result{}, err
	}
	p.Requested[name] = made.ID
	told := map[string]string{"copyright": "none"}
	if made.Copyright != nil {
		told["copyright"] = *made.Copyright
	}
	err = p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		view, err := p.Stage.Requests.Look(ctx, tx, at.Now, requests.Viewer{Library: p.Home.ID, Patron: patron.ID}, made.ID, workflow.SideBorrowing)
		told["wait"] = waitTold(view.Wait)
		return err
	})
	return stage.Result{Told: told}, err
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

func lenderSpeaks(p *stage.Play, s language.Step) (stage.Result, error) {
	request, known := p.RequestOf(s)
	if !known {
		return stage.Result{}, broker.NotFound("request; name it with \"request\"")
	}
	lender, err := lenderOf(p, s, request)
	if err != nil {
		return stage.Result{}, err
	}
	message := connectors.Message{
		Kind: connectors.Kind(s.Text("says")), Due: s.Date("due"), RetryAfter: s.Date("later"),
	}
	switch message.Kind {
	case connectors.KindUnfilled:
		message.Reason = connectors.ReasonNotOnShelf
		if why := s.Text("why"); why != "" {
			message.Reason = why
		}
	case connectors.KindConditional:
		message.Conditions = s.Text("why")
	case connectors.KindLoaned:
		names := s.Texts("volumes")
		if len(names) == 0 {
			names = []string{s.Text("item")}
		}
		for i, name := range names {
			sent := connectors.MessageItem{Barcode: p.Number("L")}
			if len(names) > 1 {
				sent.Volume = strconv.Itoa(i + 1)
			}
			message.Items = append(message.Items, sent)
			if name != "" {
				p.Items[name] = stage.Thing{Barcode: sent.Barcode, Request: request}
				p.Requested[name] = request
			}
		}
		p.LenderTerms(&message, s.Values, "")
	case connectors.KindCancelAnswer, connectors.KindRenewAnswer:
		yes := s.Flag("yes")
		message.Yes = &yes
	}
	if s.Has("cost") {
		cost := s.Amount("cost").Money(p.Home.Currency)
		message.Cost = &cost
	}
	return stage.Result{}, p.LenderSays(lender, request, message)
}

// lenderOf is the lender that sends the message: the one named, or the one
// being asked.
func lenderOf(p *stage.Play, s language.Step, request broker.ID) (*stage.House, error) {
	if name := s.Text("lender"); name != "" {
		return p.Houses[name], nil
	}
	var id broker.ID
	err := p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select lender_id from rota_entries where library_id = $1 and request_id = $2
			order by active desc, asked_at desc nulls last, position limit 1`, p.Home.ID, request).Scan(&id)
	})
	if err != nil {
		return nil, broker.Conflict("never_asked", "No lender was asked.")
	}
	for _, h := range p.Houses {
		if h.ID == id {
			return h, nil
		}
	}
	return nil, broker.NotFound("lender")
}

func actOn(p *stage.Play, s language.Step) (stage.Result, error) {
	request, known := p.RequestOf(s)
	if !known {
		return stage.Result{}, broker.NotFound("request; name it with \"request\"")
	}
	body := map[string]json.RawMessage{}
	add := func(word string, value any) error {
		text, err := json.Marshal(value)
		body[word] = text
		return err
	}
	if s.Has("pickup") {
		if err := add("pickup_branch", p.Pickup(s.Values)); err != nil {
			return stage.Result{}, err
		}
	}
	for _, word := range []string{"due", "until", "note", "renewals", "need_by", "edition"} {
		if value, given := s.Value(word); given {
			if err := add(word, value); err != nil {
				return stage.Result{}, err
			}
		}
	}
	for _, word := range []string{"cost", "fine", "fine_most"} {
		if !s.Has(word) {
			continue
		}
		if err := add(word, s.Amount(word).Money(p.Home.Currency)); err != nil {
			return stage.Result{}, err
		}
	}
	return actedOn(p, s, request, workflow.Event(s.Text("action")), body)
}

// actedOn does an action of a request.
func actedOn(p *stage.Play, s language.Step, request broker.ID, action workflow.Event, body map[string]json.RawMessage) (stage.Result, error) {
	_, at := p.At(s)
	err := p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Desk.Act(ctx, tx, at, requests.Act{Library: p.Home.ID, Request: request, Action: action, Body: body})
		return err
	})
	return stage.Result{}, err
}
