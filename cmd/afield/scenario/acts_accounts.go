package scenario

import (
	"context"
	"slices"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/blocks"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

func accountActs() []act {
	how := field{word: "how", kind: textKind, says: "By what: cash, check, card …; what the policy names first when left out."}
	return []act{
		{word: "pay", says: "Take money for what a patron owes, as the policy lays it on what is open. What overdue loans have come to is charged first.", fields: []field{
			patronField,
			{word: "amount", kind: moneyKind, must: true, says: "How much."},
			{word: "for", kind: textKind, says: "The kind of charge it is for (overdue, lost …)."},
			how,
			{word: "keep", kind: flagKind, says: "true: what is more than owed is kept as credit."},
		}, run: (*play).pay},
		{word: "waive", says: "Forgive part of what is owed; it takes the director.", fields: []field{
			patronField,
			{word: "amount", kind: moneyKind, must: true, says: "How much."},
			{word: "for", kind: textKind, says: "The kind of charge; the oldest charge when left out."},
		}, run: (*play).waive},
		{word: "give_back", says: "Give a patron's credit back, or write a voucher for it; it takes the director.", fields: []field{
			patronField, {word: "amount", kind: moneyKind, must: true, says: "How much."}, how,
		}, run: (*play).giveBack},
		{word: "use_credit", says: "Pay what is open with what stands in a patron's favour.", fields: []field{patronField}, run: (*play).useCredit},
		{word: "take_back", says: "Take a whole charge back, with what was paid of it; it takes the director.", fields: []field{
			patronField,
			{word: "for", kind: textKind, must: true, says: "The kind of charge (overdue, lost …): the oldest of it that is open."},
			{word: "how", kind: textKind, says: "By what the patron gets back what they paid; it stands as credit when left out."},
		}, run: (*play).takeBackCharge},
		{word: "add_fee", says: "Charge copies, prints, a fax or another fee.", fields: []field{
			patronField,
			{word: "fee", kind: oneOf(ledger.Print, ledger.Copy, ledger.Fax, ledger.Card, ledger.Deposit, ledger.Collection, ledger.Damage, ledger.Other), must: true, says: "For what."},
			{word: "pages", kind: countKind, says: "How many pages."},
			{word: "colour", kind: flagKind, says: "true: in colour."},
			{word: "country", kind: textKind, says: "Where a fax goes (CA)."},
			{word: "amount", kind: moneyKind, says: "The amount, where staff know it; with a reason."},
			how,
		}, run: (*play).addFee},
		{word: "use_computer", says: "Sign in at a public computer.", fields: []field{
			patronField, {word: "by_other", kind: flagKind, says: "true: somebody else, on the patron's card."},
		}, run: (*play).useComputer},
		{word: "sign_for_minor", says: "Sign for a minor's card.", fields: []field{patronField}, run: (*play).signForMinor},
		{word: "block", says: "Put a block on an account.", fields: []field{
			patronField,
			{word: "stops", kind: listOf(oneOf(stoppable()...)), must: true, says: "What it stops."},
			{word: "ground", kind: textKind, says: "One of the grounds the policy names; the first when left out."},
			{word: "until", kind: dateKind, says: "Its last day."},
		}, run: (*play).putBlock},
		{word: "suspend_ill", says: "End a patron's interlibrary loan for a while.", fields: []field{
			patronField, {word: "ground", kind: textKind, says: "One of the grounds the policy names; the first when left out."},
		}, run: (*play).suspendILL},
		{word: "link", says: "Note that one patron answers for another.", fields: []field{
			patronField, {word: "parent", kind: nameOf("patron"), must: true, says: "Who answers."},
		}, run: (*play).link},
		{word: "unlink", says: "End such a link.", fields: []field{
			patronField, {word: "parent", kind: nameOf("patron"), must: true, says: "Who answered."},
		}, run: (*play).unlink},
	}
}

// method is by what money is handed over.
func (p *play) method(s step) string {
	if how := s.text("how"); how != "" {
		return how
	}
	if taken := costs.PaymentTerms(p.document).Value.Methods; len(taken) > 0 {
		return taken[0]
	}
	return "cash"
}

func (p *play) pay(s step) (result, error) {
	patron := p.patronOf(s)
	house, at := p.at(s)
	err := p.try(house, func(ctx context.Context, tx *postgres.Tx) error {
		charge, err := p.charge(ctx, tx, patron.Ref, s.text("for"))
		if err != nil {
			return err
		}
		_, err = p.desk.TakePayment(ctx, tx, at, desk.Payment{
			Patron: patron.ID, Amount: s.amount("amount").money(p.home.Currency), Method: p.method(s), Charge: charge,
			Keep: s.flag("keep"), Note: s.text("reason"),
		})
		return err
	})
	return result{}, err
}

// charge finds the oldest open charge of a kind; NoID for no kind.
func (p *play) charge(ctx context.Context, tx *postgres.Tx, patron patrons.Ref, kind string) (broker.ID, error) {
	if kind == "" {
		return broker.NoID, nil
	}
	charges, err := ledger.OpenCharges(ctx, tx, patrons.Account(p.home.Library, patron))
	if err != nil {
		return broker.NoID, err
	}
	for _, charge := range charges {
		if charge.ChargeKind == kind {
			return charge.ID, nil
		}
	}
	return broker.NoID, broker.NotFound("open charge of the kind " + kind)
}

func (p *play) waive(s step) (result, error) {
	patron := p.patronOf(s)
	house, at := p.at(s)
	err := p.try(house, func(ctx context.Context, tx *postgres.Tx) error {
		charge, err := p.charge(ctx, tx, patron.Ref, s.text("for"))
		if err == nil && charge == broker.NoID {
			var charges []ledger.Open
			charges, err = ledger.OpenCharges(ctx, tx, patrons.Account(p.home.Library, patron.Ref))
			if err == nil && len(charges) == 0 {
				err = broker.NotFound("open charge")
			}
			if len(charges) > 0 {
				charge = charges[0].ID
			}
		}
		if err != nil {
			return err
		}
		_, err = p.desk.Waive(ctx, tx, at, desk.Waiver{
			Charge: charge, Amount: s.amount("amount").money(p.home.Currency), Reason: s.text("reason"),
		})
		return err
	})
	return result{}, err
}

func (p *play) giveBack(s step) (result, error) {
	patron := p.patronOf(s)
	house, at := p.at(s)
	err := p.try(house, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.desk.GiveBack(ctx, tx, at, desk.Refund{
			Patron: patron.ID, Amount: s.amount("amount").money(p.home.Currency), Method: p.method(s), Reason: s.text("reason"),
		})
		return err
	})
	return result{}, err
}

func (p *play) useCredit(s step) (result, error) {
	patron := p.patronOf(s)
	house, at := p.at(s)
	err := p.try(house, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.desk.UseCredit(ctx, tx, at, desk.UseCredit{Patron: patron.ID, Note: s.text("reason")})
		return err
	})
	return result{}, err
}

func (p *play) takeBackCharge(s step) (result, error) {
	patron := p.patronOf(s)
	house, at := p.at(s)
	err := p.try(house, func(ctx context.Context, tx *postgres.Tx) error {
		charge, err := p.charge(ctx, tx, patron.Ref, s.text("for"))
		if err != nil {
			return err
		}
		_, err = p.desk.TakeBackCharge(ctx, tx, at, desk.TakeBackCharge{
			Charge: charge, Method: s.text("how"), Reason: s.text("reason"),
		})
		return err
	})
	return result{}, err
}

func (p *play) addFee(s step) (result, error) {
	patron := p.patronOf(s)
	house, at := p.at(s)
	fee := desk.Fee{
		Patron: patron.ID, Kind: s.text("fee"), Pages: s.count("pages"), Colour: s.flag("colour"),
		Country: s.text("country"), Note: s.text("reason"), Method: s.text("how"),
	}
	if s.has("amount") {
		fee.Amount = s.amount("amount").money(p.home.Currency)
	}
	err := p.try(house, func(ctx context.Context, tx *postgres.Tx) error {
		_, _, err := p.desk.AddFee(ctx, tx, at, fee)
		return err
	})
	return result{}, err
}

func (p *play) useComputer(s step) (result, error)  { return p.mayAct(s, rule.ActionComputer) }
func (p *play) signForMinor(s step) (result, error) { return p.mayAct(s, rule.ActionSignForMinor) }

// mayAct asks the policy about a patron as the account stands.
func (p *play) mayAct(s step, action rule.Action) (result, error) {
	patron := p.patronOf(s)
	house, at := p.at(s)
	var decision policy.Decision
	err := p.try(house, func(ctx context.Context, tx *postgres.Tx) error {
		standing, err := circulation.StandingOf(ctx, tx, circulation.Desk{Library: house.Library, Branch: at.Branch, Actor: at.Actor, Now: at.Now}, patron.Ref)
		if err != nil {
			return err
		}
		facts, moment := standing.Facts(p.today()), policy.Moment{Now: at.Now, Calendar: house.Calendar}
		if action == rule.ActionComputer {
			use := blocks.ComputerUse{Patron: &facts}
			if s.flag("by_other") {
				use.Bearer = policy.BearerOther
			}
			decision = blocks.MayUseComputer(p.document, moment, use)
			return nil
		}
		decision = blocks.MayAct(p.document, moment, action, facts)
		return nil
	})
	return result{decision: &decision}, err
}

func (p *play) putBlock(s step) (result, error) {
	stops := s.texts("stops")
	if slices.Contains(stops, "everything") {
		stops = nil
	}
	return p.restrict(s, patrons.BlockManual, stops)
}

func (p *play) suspendILL(s step) (result, error) {
	return p.restrict(s, patrons.BlockILLSuspended, nil)
}

func (p *play) restrict(s step, kind patrons.BlockKind, stops []string) (result, error) {
	patron := p.patronOf(s)
	house, at := p.at(s)
	block := patrons.Block{
		Library: patron.Library, Patron: patron.ID, Kind: kind, Stops: stops, Ground: s.text("ground"),
		Reason: s.text("reason"), From: p.today(), Until: s.date("until"), PutBy: at.Actor,
	}
	if grounds := blocks.BlockGrounds(p.document).Value; block.Ground == "" && len(grounds) > 0 {
		block.Ground = grounds[0]
	}
	if block.Reason == "" {
		block.Reason = block.Ground
	}
	return result{}, p.try(house, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := patrons.Restrict(ctx, tx, p.document, block)
		return err
	})
}

func (p *play) link(s step) (result, error) {
	parent, child := p.patrons[s.text("parent")], p.patronOf(s)
	return result{}, p.try(p.home, func(_ context.Context, tx *postgres.Tx) error {
		return patrons.Link(tx, parent.Ref, child.Ref, p.today())
	})
}

func (p *play) unlink(s step) (result, error) {
	parent, child := p.patrons[s.text("parent")], p.patronOf(s)
	return result{}, p.try(p.home, func(_ context.Context, tx *postgres.Tx) error {
		patrons.Unlink(tx, parent.Ref, child.Ref)
		return nil
	})
}
