package acts

import (
	"context"
	"slices"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/blocks"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
	"afield/workflow/desk/cashier"
)

func accountActs() []act {
	how := language.Field{Word: "how", Kind: language.Text, Says: "By what: cash, check, card …; what the policy names first when left out."}
	return []act{
		{word: "pay", says: "Take money for what a patron owes, as the policy lays it on what is open. What overdue loans have come to is charged first.", fields: []language.Field{
			patronField,
			{Word: "amount", Kind: language.Money, Must: true, Says: "How much."},
			{Word: "for", Kind: language.Text, Says: "The kind of charge it is for (overdue, lost …)."},
			how,
			{Word: "keep", Kind: language.Flag, Says: "true: what is more than owed is kept as credit."},
		}, run: pay},
		{word: "waive", says: "Forgive part of what is owed; it takes the director.", fields: []language.Field{
			patronField,
			{Word: "amount", Kind: language.Money, Must: true, Says: "How much."},
			{Word: "for", Kind: language.Text, Says: "The kind of charge; the oldest charge when left out."},
		}, run: waive},
		{word: "give_back", says: "Give a patron's credit back, or write a voucher for it; it takes the director.", fields: []language.Field{
			patronField, {Word: "amount", Kind: language.Money, Must: true, Says: "How much."}, how,
		}, run: giveBack},
		{word: "use_credit", says: "Pay what is open with what stands in a patron's favour.", fields: []language.Field{patronField}, run: useCredit},
		{word: "take_back", says: "Take a whole charge back, with what was paid of it; it takes the director.", fields: []language.Field{
			patronField,
			{Word: "for", Kind: language.Text, Must: true, Says: "The kind of charge (overdue, lost …): the oldest of it that is open."},
			{Word: "how", Kind: language.Text, Says: "By what the patron gets back what they paid; it stands as credit when left out."},
		}, run: takeBackCharge},
		{word: "add_fee", says: "Charge copies, prints, a fax or another fee.", fields: []language.Field{
			patronField,
			{Word: "fee", Kind: language.OneOf(ledger.Print, ledger.Copy, ledger.Fax, ledger.Card, ledger.Deposit, ledger.Collection, ledger.Damage, ledger.Other), Must: true, Says: "For what."},
			{Word: "pages", Kind: language.Count, Says: "How many pages."},
			{Word: "colour", Kind: language.Flag, Says: "true: in colour."},
			{Word: "country", Kind: language.Text, Says: "Where a fax goes (CA)."},
			{Word: "amount", Kind: language.Money, Says: "The amount, where staff know it; with a reason."},
			how,
		}, run: addFee},
		{word: "use_computer", says: "Sign in at a public computer.", fields: []language.Field{
			patronField, {Word: "by_other", Kind: language.Flag, Says: "true: somebody else, on the patron's card."},
		}, run: useComputer},
		{word: "sign_for_minor", says: "Sign for a minor's card.", fields: []language.Field{patronField}, run: signForMinor},
		{word: "block", says: "Put a block on an account.", fields: []language.Field{
			patronField,
			{Word: "stops", Kind: language.ListOf(language.OneOf(language.Stoppable()...)), Must: true, Says: "What it stops."},
			{Word: "ground", Kind: language.Text, Says: "One of the grounds the policy names; the first when left out."},
			{Word: "until", Kind: language.Date, Says: "Its last day."},
		}, run: putBlock},
		{word: "suspend_ill", says: "End a patron's interlibrary loan for a while.", fields: []language.Field{
			patronField, {Word: "ground", Kind: language.Text, Says: "One of the grounds the policy names; the first when left out."},
		}, run: suspendILL},
		{word: "link", says: "Note that one patron answers for another.", fields: []language.Field{
			patronField, {Word: "parent", Kind: language.NameOf("patron"), Must: true, Says: "Who answers."},
		}, run: link},
		{word: "unlink", says: "End such a link.", fields: []language.Field{
			patronField, {Word: "parent", Kind: language.NameOf("patron"), Must: true, Says: "Who answered."},
		}, run: unlink},
	}
}

// method is the method of payment.
func method(p *stage.Play, s language.Step) string {
	if how := s.Text("how"); how != "" {
		return how
	}
	if taken := costs.PaymentTerms(p.Document, rule.Match{}).Value.Methods; len(taken) > 0 {
		return taken[0]
	}
	return "cash"
}

func pay(p *stage.Play, s language.Step) (stage.Result, error) {
	patron := p.PatronOf(s)
	house, at := p.At(s)
	err := p.Try(house, func(ctx context.Context, tx *postgres.Tx) error {
		charge, err := charge(p, ctx, tx, patron.Ref, s.Text("for"))
		if err != nil {
			return err
		}
		_, err = p.Desk.Cashier.TakePayment(ctx, tx, at, cashier.Payment{
			Patron: patron.ID, Amount: s.Amount("amount").Money(p.Home.Currency), Method: method(p, s), Charge: charge,
			Keep: s.Flag("keep"), Note: s.Text("reason"),
		})
		return err
	})
	return stage.Result{}, err
}

// charge finds the oldest open charge of a kind; NoID for no kind.
func charge(p *stage.Play, ctx context.Context, tx *postgres.Tx, patron patrons.Ref, kind string) (broker.ID, error) {
	if kind == "" {
		return broker.NoID, nil
	}
	charges, err := ledger.OpenCharges(ctx, tx, patrons.Account(p.Home.Library, patron))
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

func waive(p *stage.Play, s language.Step) (stage.Result, error) {
	patron := p.PatronOf(s)
	house, at := p.At(s)
	err := p.Try(house, func(ctx context.Context, tx *postgres.Tx) error {
		charge, err := charge(p, ctx, tx, patron.Ref, s.Text("for"))
		if err == nil && charge == broker.NoID {
			var charges []ledger.Open
			charges, err = ledger.OpenCharges(ctx, tx, patrons.Account(p.Home.Library, patron.Ref))
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
		_, err = p.Desk.Cashier.Waive(ctx, tx, at, cashier.Waiver{
			Charge: charge, Amount: s.Amount("amount").Money(p.Home.Currency), Reason: s.Text("reason"),
		})
		return err
	})
	return stage.Result{}, err
}

func giveBack(p *stage.Play, s language.Step) (stage.Result, error) {
	patron := p.PatronOf(s)
	house, at := p.At(s)
	err := p.Try(house, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Desk.Cashier.GiveBack(ctx, tx, at, cashier.Refund{
			Patron: patron.ID, Amount: s.Amount("amount").Money(p.Home.Currency), Method: method(p, s), Reason: s.Text("reason"),
		})
		return err
	})
	return stage.Result{}, err
}

func useCredit(p *stage.Play, s language.Step) (stage.Result, error) {
	patron := p.PatronOf(s)
	house, at := p.At(s)
	err := p.Try(house, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := p.Desk.Cashier.UseCredit(ctx, tx, at, cashier.UseCredit{Patron: patron.ID, Note: s.Text("reason")})
		return err
	})
	return stage.Result{}, err
}

func takeBackCharge(p *stage.Play, s language.Step) (stage.Result, error) {
	patron := p.PatronOf(s)
	house, at := p.At(s)
	err := p.Try(house, func(ctx context.Context, tx *postgres.Tx) error {
		charge, err := charge(p, ctx, tx, patron.Ref, s.Text("for"))
		if err != nil {
			return err
		}
		_, err = p.Desk.Cashier.TakeBackCharge(ctx, tx, at, cashier.TakeBackCharge{
			Charge: charge, Method: s.Text("how"), Reason: s.Text("reason"),
		})
		return err
	})
	return stage.Result{}, err
}

func addFee(p *stage.Play, s language.Step) (stage.Result, error) {
	patron := p.PatronOf(s)
	house, at := p.At(s)
	fee := cashier.Fee{
		Patron: patron.ID, Kind: s.Text("fee"), Pages: s.Count("pages"), Colour: s.Flag("colour"),
		Country: s.Text("country"), Note: s.Text("reason"), Method: s.Text("how"),
	}
	if s.Has("amount") {
		fee.Amount = s.Amount("amount").Money(p.Home.Currency)
	}
	err := p.Try(house, func(ctx context.Context, tx *postgres.Tx) error {
		_, _, err := p.Desk.Cashier.AddFee(ctx, tx, at, fee)
		return err
	})
	return stage.Result{}, err
}

func useComputer(p *stage.Play, s language.Step) (stage.Result, error) {
	return mayAct(p, s, rule.ActionComputer)
}

func signForMinor(p *stage.Play, s language.Step) (stage.Result, error) {
	return mayAct(p, s, rule.ActionSignForMinor)
}

// mayAct asks the policy about a patron as the account stands.
func mayAct(p *stage.Play, s language.Step, action rule.Action) (stage.Result, error) {
	patron := p.PatronOf(s)
	house, at := p.At(s)
	var decision policy.Decision
	err := p.Try(house, func(ctx context.Context, tx *postgres.Tx) error {
		standing, err := standing.Of(ctx, tx, standing.Desk{Library: house.Library, Branch: at.Branch, Actor: at.Actor, Now: at.Now}, patron.Ref)
		if err != nil {
			return err
		}
		facts, moment := standing.Facts(p.Today()), policy.Moment{Now: at.Now, Calendar: house.Calendar}
		if action == rule.ActionComputer {
			use := blocks.ComputerUse{Patron: &facts}
			if s.Flag("by_other") {
				use.Bearer = policy.BearerOther
			}
			decision = blocks.MayUseComputer(p.Document, moment, use)
			return nil
		}
		decision = blocks.MayAct(p.Document, moment, action, facts)
		return nil
	})
	return stage.Result{Decision: &decision}, err
}

func putBlock(p *stage.Play, s language.Step) (stage.Result, error) {
	stops := s.Texts("stops")
	if slices.Contains(stops, "everything") {
		stops = nil
	}
	return restrict(p, s, patrons.BlockManual, stops)
}

func suspendILL(p *stage.Play, s language.Step) (stage.Result, error) {
	return restrict(p, s, patrons.BlockILLSuspended, nil)
}

func restrict(p *stage.Play, s language.Step, kind patrons.BlockKind, stops []string) (stage.Result, error) {
	patron := p.PatronOf(s)
	house, at := p.At(s)
	block := patrons.Block{
		Library: patron.Library, Patron: patron.ID, Kind: kind, Stops: stops, Ground: s.Text("ground"),
		Reason: s.Text("reason"), From: p.Today(), Until: s.Date("until"), PutBy: at.Actor,
	}
	if grounds := blocks.BlockGrounds(p.Document).Value; block.Ground == "" && len(grounds) > 0 {
		block.Ground = grounds[0]
	}
	if block.Reason == "" {
		block.Reason = block.Ground
	}
	return stage.Result{}, p.Try(house, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := patrons.Restrict(ctx, tx, p.Document, block)
		return err
	})
}

func link(p *stage.Play, s language.Step) (stage.Result, error) {
	parent, child := p.Patrons[s.Text("parent")], p.PatronOf(s)
	return stage.Result{}, p.Try(p.Home, func(_ context.Context, tx *postgres.Tx) error {
		return patrons.Link(tx, parent.Ref, child.Ref, p.Today())
	})
}

func unlink(p *stage.Play, s language.Step) (stage.Result, error) {
	parent, child := p.Patrons[s.Text("parent")], p.PatronOf(s)
	return stage.Result{}, p.Try(p.Home, func(_ context.Context, tx *postgres.Tx) error {
		patrons.Unlink(tx, parent.Ref, child.Ref)
		return nil
	})
}
