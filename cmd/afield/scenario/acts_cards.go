package scenario

import (
	"context"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

func cardActs() []act {
	brings := field{word: "brings", kind: listOf(textKind), says: "What is brought or proved, in the words of cards.needs (id, proof_of_address, guardian_signature …)."}
	shows := field{word: "shows", kind: listOf(textKind), says: "The papers that tell who it is, in the words of cards.accepted_id; those the policy takes when left out."}
	pays := field{word: "pays", kind: moneyKind, says: "What is handed over now."}
	sets := field{word: "fee", kind: moneyKind, says: "The fee, where somebody else sets it."}
	until := field{word: "until", kind: dateKind, says: "A day on which it ends sooner."}
	how := field{word: "how", kind: textKind, says: "By what: cash, check …; what the policy names first when left out."}
	return []act{
		{word: "register", says: "Give somebody a card.", fields: []field{
			{word: "patron", kind: newName("patron"), must: true, says: "A name for the new patron, for later steps."},
			{word: "class", kind: wordOf(wordClass), must: true, says: "Which kind of card."},
			{word: "age", kind: countKind, says: "Age in years."},
			brings, shows,
			{word: "guardian", kind: nameOf("patron"), says: "Who answers for a minor."},
			{word: "household", kind: textKind, says: "The household or business it is of."},
			pays, sets, until, how,
		}, run: (*play).register},
		{word: "renew_card", says: "Make a card good for another time.", fields: []field{patronField, brings, shows, pays, sets, until, how}, run: (*play).renewCard},
		{word: "report_card", says: "Stop a card that is lost or stolen.", fields: []field{
			patronField, {word: "as", kind: oneOf("lost", "stolen"), must: true, says: "Which of the two."},
		}, run: (*play).reportCard},
		{word: "replace_card", says: "Give a new card in place of a lost one.", fields: []field{patronField}, run: (*play).replaceCard},
		{word: "surrender_card", says: "Take a card back, and give its deposit back.", fields: []field{
			patronField, {word: "net", kind: flagKind, says: "true: less what is owed; false: in full, and the debt stays."}, how,
		}, run: (*play).surrenderCard},
		{word: "disclose", says: "Somebody wants to know what is on a patron's account.", fields: []field{
			patronField,
			{word: "asked_by", kind: oneOf(string(accounts.AskerPatron), string(accounts.AskerGuardian), string(accounts.AskerOther)), must: true, says: "The patron, a guardian, or anybody else."},
			{word: "paper", kind: textKind, says: "The legal paper shown (subpoena)."},
		}, run: (*play).disclose},
		{word: "decide_disclosure", says: "Record what was decided about such a request.", fields: []field{
			patronField, {word: "approve", kind: flagKind, must: true, says: "Whether it was approved."},
		}, run: (*play).decideDisclosure},
		{word: "merge", says: "Two accounts are one person's: one takes over everything of the other.", fields: []field{
			patronField, {word: "into", kind: nameOf("patron"), must: true, says: "The account that stays."},
		}, run: (*play).merge},
		{word: "purge", says: "Let an account go if the schedule says so, as the night does.", fields: []field{patronField}, run: (*play).purge},
	}
}

// officer is who acts at a desk, with what they pass over.
func (p *play) officer(s step) patrons.Act {
	_, at := p.at(s)
	return patrons.Act{Actor: at.Actor, Now: at.Now, PassOver: s.texts("over"), Why: s.text("reason")}
}

func (p *play) cardFee(s step) patrons.Fee {
	fee := patrons.Fee{Paid: s.amount("pays").money(p.home.Currency), How: p.method(s)}
	if s.has("fee") {
		set := s.amount("fee").money(p.home.Currency)
		fee.Set = &set
	}
	return fee
}

// papers is what somebody brings for a card. Where the scenario names no paper,
// it is one that the policy takes.
func (p *play) papers(s step) patrons.Papers {
	brought := patrons.Papers{Shown: s.texts("shows")}
	for _, need := range s.texts("brings") {
		brought.Met = append(brought.Met, attributes.CardNeed(need))
	}
	if !s.has("shows") {
		for _, class := range p.document.Classes() {
			brought.Shown = append(brought.Shown, accounts.AcceptedIDs(p.document, class).Value...)
		}
	}
	return brought
}

// guardian is the standing today of who answers for a minor; nil for nobody.
func (p *play) guardian(ctx context.Context, tx *postgres.Tx, name string) (*patrons.Standing, error) {
	if name == "" {
		return nil, nil
	}
	standing, err := circulation.StandingOf(ctx, tx, circulation.Desk{Library: p.home.Library, Now: p.now()}, p.patrons[name].Ref)
	return &standing, err
}

func (p *play) register(s step) (result, error) {
	name := s.text("patron")
	in := patrons.Application{
		Patron: patrons.Patron{ID: broker.NewID(), Class: s.text("class"), Phone: "555-0100", PhoneCheckedOn: p.today(), Status: patrons.Active},
		Number: p.number("2100"), Papers: p.papers(s), Fee: p.cardFee(s),
		Until: s.date("until"), Act: p.officer(s),
	}
	if s.has("age") {
		in.Patron.BornOn = p.today().AddMonths(-12 * s.count("age")).AddDays(-1)
	}
	var made patrons.Registered
	home := s.text("household")
	_, existed := p.households[home]
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) (err error) {
		if in.Patron.Household, err = p.household(ctx, tx, home, in.Patron.Class); err != nil {
			return err
		}
		if in.Guardian, err = p.guardian(ctx, tx, s.text("guardian")); err != nil {
			return err
		}
		made, err = patrons.Register(ctx, tx, p.home.Library, p.document, in)
		return err
	})
	if err != nil && !existed {
		delete(p.households, home) // it went with the refused transaction
	}
	if err != nil {
		return result{}, err
	}
	p.patrons[name] = person{Ref: made.Patron.Ref(), card: in.Number}
	return result{notes: made.Passed}, nil
}

func (p *play) renewCard(s step) (result, error) {
	var made patrons.Registered
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) (err error) {
		made, err = patrons.RenewCard(ctx, tx, p.home.Library, p.document, patrons.Renewal{
			Patron: p.patronOf(s).Ref, Papers: p.papers(s), Fee: p.cardFee(s), Until: s.date("until"), Act: p.officer(s),
		})
		return err
	})
	return result{notes: made.Passed}, err
}

// cardOf is the newest card of a patron.
func (p *play) cardOf(ctx context.Context, tx *postgres.Tx, patron patrons.Ref) (broker.ID, error) {
	cards, err := patrons.Cards(ctx, tx, patron)
	if err == nil && len(cards) == 0 {
		err = broker.NotFound("card")
	}
	if err != nil {
		return broker.NoID, err
	}
	return cards[0].ID, nil
}

func (p *play) reportCard(s step) (result, error) {
	patron := p.patronOf(s)
	return result{}, p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		card, err := p.cardOf(ctx, tx, patron.Ref)
		if err != nil {
			return err
		}
		_, err = patrons.ReportCard(ctx, tx, patron.Ref, card, patrons.CardStatus(s.text("as")), p.today())
		return err
	})
}

func (p *play) replaceCard(s step) (result, error) {
	patron := p.patronOf(s)
	return result{}, p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		card, err := p.cardOf(ctx, tx, patron.Ref)
		if err != nil {
			return err
		}
		_, err = patrons.ReplaceCard(ctx, tx, p.home.Library, p.document, patrons.Replacement{Patron: patron.Ref, Card: card, Number: p.number("2100"), Act: p.officer(s)})
		return err
	})
}

func (p *play) surrenderCard(s step) (result, error) {
	patron := p.patronOf(s)
	var done patrons.Surrendered
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		card, err := p.cardOf(ctx, tx, patron.Ref)
		if err != nil {
			return err
		}
		done, err = desk.SurrenderCard(ctx, tx, p.home.Library, patrons.Surrender{
			Patron: patron.Ref, Card: card, NetOfDebt: s.flag("net"), How: p.method(s), Act: p.officer(s),
		})
		return err
	})
	return result{told: map[string]string{"given_back": done.Back.Decimal()}}, err
}

func (p *play) disclose(s step) (result, error) {
	patron := p.patronOf(s)
	_, at := p.at(s)
	var done patrons.Disclosure
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = patrons.AskDisclosure(ctx, tx, p.home.Library, p.document, patrons.Disclosure{
			Patron: patron.ID, By: accounts.Asker(s.text("asked_by")), AskedBy: s.text("asked_by"),
			Paper: s.text("paper"), TakenBy: at.Actor,
		}, at.Now)
		return err
	})
	if err != nil {
		return result{}, err
	}
	p.disclosure = done.ID
	decision := policy.Decision{Question: "see what is on the account", Allowed: len(done.Reasons) == 0, Reasons: done.Reasons}
	return result{decision: &decision, told: map[string]string{"disclosure": string(done.Status)}}, nil
}

func (p *play) decideDisclosure(s step) (result, error) {
	var done patrons.Disclosure
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = patrons.DecideDisclosure(ctx, tx, p.home.Library, p.document, p.disclosure, s.flag("approve"), s.text("reason"), p.officer(s))
		return err
	})
	return result{told: map[string]string{"disclosure": string(done.Status)}}, err
}

func (p *play) merge(s step) (result, error) {
	from, to := p.patronOf(s), p.patrons[s.text("into")]
	house, at := p.at(s)
	return result{}, p.try(house, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.desk.MergePatrons(ctx, tx, p.document, at, from.ID, to.ID)
		return err
	})
}

func (p *play) purge(s step) (result, error) {
	var done patrons.Purged
	err := p.everywhere(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = desk.PurgePatron(ctx, tx, p.home.Library, p.document, p.patronOf(s).Ref, p.now())
		return err
	})
	decision := policy.Decision{Question: "be deleted", Allowed: done.By != "", Reasons: done.Reasons}
	return result{decision: &decision, told: map[string]string{"purged_by": done.By}}, err
}
