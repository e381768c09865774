package acts

import (
	"context"

	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/policy"
	rules "afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
	"afield/workflow/desk/accounts"
)

func cardActs() []act {
	brings := language.Field{Word: "brings", Kind: language.ListOf(language.Text), Says: "What is brought or proved, in the words of cards.needs (id, proof_of_address, guardian_signature …)."}
	shows := language.Field{Word: "shows", Kind: language.ListOf(language.Text), Says: "The papers that tell who it is, in the words of cards.accepted_id; those the policy takes when left out."}
	pays := language.Field{Word: "pays", Kind: language.Money, Says: "What is handed over now."}
	sets := language.Field{Word: "fee", Kind: language.Money, Says: "The fee, where somebody else sets it."}
	until := language.Field{Word: "until", Kind: language.Date, Says: "A day on which it ends sooner."}
	how := language.Field{Word: "how", Kind: language.Text, Says: "By what: cash, check …; what the policy names first when left out."}
	return []act{
		{word: "register", says: "Give somebody a card.", fields: []language.Field{
			{Word: "patron", Kind: language.NewName("patron"), Must: true, Says: "A name for the new patron, for later steps."},
			{Word: "class", Kind: language.WordOf(language.WordClass), Must: true, Says: "Which kind of card."},
			{Word: "age", Kind: language.Count, Says: "Age in years."},
			brings, shows,
			{Word: "guardian", Kind: language.NameOf("patron"), Says: "Who answers for a minor."},
			{Word: "household", Kind: language.Text, Says: "The household or business it is of."},
			pays, sets, until, how,
		}, run: register},
		{word: "renew_card", says: "Make a card good for another time.", fields: []language.Field{patronField, brings, shows, pays, sets, until, how}, run: renewCard},
		{word: "report_card", says: "Stop a card that is lost or stolen.", fields: []language.Field{
			patronField, {Word: "as", Kind: language.OneOf("lost", "stolen"), Must: true, Says: "Which of the two."},
		}, run: reportCard},
		{word: "replace_card", says: "Give a new card in place of a lost one.", fields: []language.Field{patronField}, run: replaceCard},
		{word: "surrender_card", says: "Take a card back, and give its deposit back.", fields: []language.Field{
			patronField, {Word: "net", Kind: language.Flag, Says: "true: less what is owed; false: in full, and the debt stays."}, how,
		}, run: surrenderCard},
		{word: "disclose", says: "Somebody wants to know what is on a patron's account.", fields: []language.Field{
			patronField,
			{Word: "asked_by", Kind: language.OneOf(string(rules.AskerPatron), string(rules.AskerGuardian), string(rules.AskerOther)), Must: true, Says: "The patron, a guardian, or anybody else."},
			{Word: "paper", Kind: language.Text, Says: "The legal paper shown (subpoena)."},
		}, run: disclose},
		{word: "decide_disclosure", says: "Record what was decided about such a request.", fields: []language.Field{
			patronField, {Word: "approve", Kind: language.Flag, Must: true, Says: "Whether it was approved."},
		}, run: decideDisclosure},
		{word: "merge", says: "Two accounts are one person's: one takes over everything of the other.", fields: []language.Field{
			patronField, {Word: "into", Kind: language.NameOf("patron"), Must: true, Says: "The account that stays."},
		}, run: merge},
		{word: "purge", says: "Let an account go if the schedule says so, as the night does.", fields: []language.Field{patronField}, run: purge},
	}
}

// officer is who acts at a desk, with what they override.
func officer(p *stage.Play, s language.Step) patrons.Act {
	_, at := p.At(s)
	return patrons.Act{Actor: at.Actor, Now: at.Now, PassOver: s.Texts("over"), Why: s.Text("reason")}
}

func cardFee(p *stage.Play, s language.Step) patrons.Fee {
	fee := patrons.Fee{Paid: s.Amount("pays").Money(p.Home.Currency), How: method(p, s)}
	if s.Has("fee") {
		set := s.Amount("fee").Money(p.Home.Currency)
		fee.Set = &set
	}
	return fee
}

// papers is what somebody brings for a card. Where the scenario names no paper,
// it is one that the policy accepts.
func papers(p *stage.Play, s language.Step) patrons.Papers {
	brought := patrons.Papers{Shown: s.Texts("shows")}
	for _, need := range s.Texts("brings") {
		brought.Met = append(brought.Met, attributes.CardNeed(need))
	}
	if !s.Has("shows") {
		for _, class := range p.Document.Classes() {
			brought.Shown = append(brought.Shown, rules.AcceptedIDs(p.Document, rule.Match{Class: class}).Value...)
		}
	}
	return brought
}

// guardian is the standing today of whoever is responsible for a minor; nil for
// nobody.
func guardian(p *stage.Play, ctx context.Context, tx *postgres.Tx, name string) (*patrons.Standing, error) {
	if name == "" {
		return nil, nil
	}
	standing, err := standing.Of(ctx, tx, standing.Desk{Library: p.Home.Library, Now: p.Now()}, p.Patrons[name].Ref)
	return &standing, err
}

func register(p *stage.Play, s language.Step) (stage.Result, error) {
	name := s.Text("patron")
	in := patrons.Application{
		Patron: patrons.Patron{ID: broker.NewID(), Name: name, Class: s.Text("class"), Phone: "555-0100", PhoneCheckedOn: p.Today(), Status: patrons.Active},
		Number: p.Number("2100"), Papers: papers(p, s), Fee: cardFee(p, s),
		Until: s.Date("until"), Act: officer(p, s),
	}
	if s.Has("age") {
		in.Patron.BornOn = p.Today().AddMonths(-12 * s.Count("age")).AddDays(-1)
	}
	var made patrons.Registered
	home := s.Text("household")
	_, existed := p.Households[home]
	err := p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) (err error) {
		if in.Patron.Household, err = p.Household(ctx, tx, home, in.Patron.Class); err != nil {
			return err
		}
		if in.Guardian, err = guardian(p, ctx, tx, s.Text("guardian")); err != nil {
			return err
		}
		made, err = patrons.Register(ctx, tx, p.Home.Library, p.Document, in)
		return err
	})
	if err != nil && !existed {
		delete(p.Households, home) // it went with the refused transaction
	}
	if err != nil {
		return stage.Result{}, err
	}
	p.Patrons[name] = stage.Person{Ref: made.Patron.Ref(), Card: in.Number}
	return stage.Result{Notes: made.Passed}, nil
}

func renewCard(p *stage.Play, s language.Step) (stage.Result, error) {
	var made patrons.Registered
	err := p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) (err error) {
		made, err = patrons.RenewCard(ctx, tx, p.Home.Library, p.Document, patrons.Renewal{
			Patron: p.PatronOf(s).Ref, Papers: papers(p, s), Fee: cardFee(p, s), Until: s.Date("until"), Act: officer(p, s),
		})
		return err
	})
	return stage.Result{Notes: made.Passed}, err
}

// cardOf is the newest card of a patron.
func cardOf(ctx context.Context, tx *postgres.Tx, patron patrons.Ref) (broker.ID, error) {
	cards, err := patrons.Cards(ctx, tx, patron)
	if err == nil && len(cards) == 0 {
		err = broker.NotFound("card")
	}
	if err != nil {
		return broker.NoID, err
	}
	return cards[0].ID, nil
}

func reportCard(p *stage.Play, s language.Step) (stage.Result, error) {
	patron := p.PatronOf(s)
	return stage.Result{}, p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		card, err := cardOf(ctx, tx, patron.Ref)
		if err != nil {
			return err
		}
		_, err = patrons.ReportCard(ctx, tx, patron.Ref, card, patrons.CardStatus(s.Text("as")), p.Today())
		return err
	})
}

func replaceCard(p *stage.Play, s language.Step) (stage.Result, error) {
	patron := p.PatronOf(s)
	return stage.Result{}, p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		card, err := cardOf(ctx, tx, patron.Ref)
		if err != nil {
			return err
		}
		_, err = patrons.ReplaceCard(ctx, tx, p.Home.Library, p.Document, patrons.Replacement{Patron: patron.Ref, Card: card, Number: p.Number("2100"), Act: officer(p, s)})
		return err
	})
}

func surrenderCard(p *stage.Play, s language.Step) (stage.Result, error) {
	patron := p.PatronOf(s)
	var done patrons.Surrendered
	err := p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) error {
		card, err := cardOf(ctx, tx, patron.Ref)
		if err != nil {
			return err
		}
		done, err = accounts.SurrenderCard(ctx, tx, p.Home.Library, p.Document, patrons.Surrender{
			Patron: patron.Ref, Card: card, NetOfDebt: s.Flag("net"), How: method(p, s), Act: officer(p, s),
		})
		return err
	})
	return stage.Result{Told: map[string]string{"given_back": done.Back.Decimal()}}, err
}

func disclose(p *stage.Play, s language.Step) (stage.Result, error) {
	patron := p.PatronOf(s)
	_, at := p.At(s)
	var done patrons.Disclosure
	err := p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = patrons.AskDisclosure(ctx, tx, p.Home.Library, p.Document, patrons.Disclosure{
			Patron: patron.ID, By: rules.Asker(s.Text("asked_by")), AskedBy: s.Text("asked_by"),
			Paper: s.Text("paper"), TakenBy: at.Actor,
		}, at.Now)
		return err
	})
	if err != nil {
		return stage.Result{}, err
	}
	p.Disclosure = done.ID
	decision := policy.Decision{Question: "see what is on the account", Allowed: len(done.Reasons) == 0, Reasons: done.Reasons}
	return stage.Result{Decision: &decision, Told: map[string]string{"disclosure": string(done.Status)}}, nil
}

func decideDisclosure(p *stage.Play, s language.Step) (stage.Result, error) {
	var done patrons.Disclosure
	err := p.Try(p.Home, func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = patrons.DecideDisclosure(ctx, tx, p.Home.Library, p.Document, p.Disclosure, s.Flag("approve"), s.Text("reason"), officer(p, s))
		return err
	})
	return stage.Result{Told: map[string]string{"disclosure": string(done.Status)}}, err
}

func merge(p *stage.Play, s language.Step) (stage.Result, error) {
	from, to := p.PatronOf(s), p.Patrons[s.Text("into")]
	house, at := p.At(s)
	return stage.Result{}, p.Try(house, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Desk.Accounts.MergePatrons(ctx, tx, p.Document, at, from.ID, to.ID)
		return err
	})
}

func purge(p *stage.Play, s language.Step) (stage.Result, error) {
	var done patrons.Purged
	err := p.Everywhere(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = accounts.PurgePatron(ctx, tx, p.Home.Library, p.Document, p.PatronOf(s).Ref, p.Now())
		return err
	})
	decision := policy.Decision{Question: "be deleted", Allowed: done.By != "", Reasons: done.Reasons}
	return stage.Result{Decision: &decision, Told: map[string]string{"purged_by": done.By}}, err
}
