package scenario

import (
	"context"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
)

func accountActs() []act {
	return []act{
		{word: "pay", says: "Take money for what a patron owes, the oldest first.", fields: []field{
			patronField,
			{word: "amount", kind: moneyKind, must: true, says: "How much."},
			{word: "for", kind: textKind, says: "The kind of charge it is for (overdue, lost …)."},
			{word: "in_advance", kind: flagKind, says: "true: what is more than owed is kept as credit."},
		}, run: (*play).pay},
		{word: "waive", says: "Forgive part of what is owed.", fields: []field{
			patronField,
			{word: "amount", kind: moneyKind, must: true, says: "How much."},
			{word: "for", kind: textKind, says: "The kind of charge; the oldest charge when left out."},
		}, run: (*play).waive},
		{word: "use_computer", says: "Sign in at a public computer.", fields: []field{patronField}, run: (*play).useComputer},
		{word: "sign_for_minor", says: "Sign for a minor's card.", fields: []field{patronField}, run: (*play).signForMinor},
		{word: "block", says: "Put a block on an account.", fields: []field{
			patronField,
			{word: "stops", kind: listOf(oneOf("checkout", "ill_request", "hold", "renew", "renew_overdue", "computer", "sign_for_minor", "capture", "everything")), must: true, says: "What it stops."},
			{word: "until", kind: dateKind, says: "Its last day."},
		}, run: (*play).putBlock},
	}
}

func (p *play) pay(s step) (result, error) {
	patron := p.patronOf(s)
	_, at := p.at(s)
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		charge, err := p.charge(ctx, tx, patron.Ref, get[string](s.values, "for"))
		if err != nil {
			return err
		}
		_, err = ledger.Pay(ctx, tx, ledger.Payment{
			Account: patrons.Account(p.home.Library, patron.Ref), Amount: get[amount](s.values, "amount").money(p.home.Currency), Charge: charge.ID,
			InAdvance: get[bool](s.values, "in_advance"), Cause: "payment:" + broker.NewID().String(), Actor: at.Actor, At: at.Now,
		})
		if err != nil {
			return err
		}
		_, err = patrons.UpdateLatch(ctx, tx, p.home.Library, p.document, patron.Ref, at.Now)
		return err
	})
	return result{}, err
}

// charge finds an open charge of a kind; none for no kind.
func (p *play) charge(ctx context.Context, tx *postgres.Tx, patron patrons.Ref, kind string) (ledger.Open, error) {
	if kind == "" {
		return ledger.Open{}, nil
	}
	charges, err := ledger.OpenCharges(ctx, tx, patrons.Account(p.home.Library, patron))
	if err != nil {
		return ledger.Open{}, err
	}
	for _, charge := range charges {
		if charge.ChargeKind == kind {
			return charge, nil
		}
	}
	return ledger.Open{}, broker.NotFound("open charge of the kind " + kind)
}

func (p *play) waive(s step) (result, error) {
	patron := p.patronOf(s)
	_, at := p.at(s)
	err := p.try(p.home, func(ctx context.Context, tx *postgres.Tx) error {
		charges, err := ledger.OpenCharges(ctx, tx, patrons.Account(p.home.Library, patron.Ref))
		if err != nil {
			return err
		}
		kind := get[string](s.values, "for")
		for _, charge := range charges {
			if kind != "" && charge.ChargeKind != kind {
				continue
			}
			_, err = ledger.Waive(ctx, tx, ledger.Answer{
				Library: p.home.ID, Charge: charge.ID, Cause: "waiver:" + broker.NewID().String(),
				Note: get[string](s.values, "reason"), Actor: at.Actor, At: at.Now,
			}, get[amount](s.values, "amount").money(p.home.Currency))
			if err != nil {
				return err
			}
			_, err = patrons.UpdateLatch(ctx, tx, p.home.Library, p.document, patron.Ref, at.Now)
			return err
		}
		return broker.NotFound("open charge")
	})
	return result{}, err
}

func (p *play) useComputer(s step) (result, error)  { return p.mayAct(s, policy.ActionComputer) }
func (p *play) signForMinor(s step) (result, error) { return p.mayAct(s, policy.ActionSignForMinor) }

// mayAct asks the policy about a patron as the account stands.
func (p *play) mayAct(s step, action policy.Action) (result, error) {
	patron := p.patronOf(s)
	house, at := p.at(s)
	var decision policy.Decision
	err := p.try(house, func(ctx context.Context, tx *postgres.Tx) error {
		standing, err := circulation.StandingOf(ctx, tx, circulation.Desk{Library: house.Library, Branch: at.Branch, Actor: at.Actor, Now: at.Now}, patron.Ref)
		if err != nil {
			return err
		}
		decision = p.document.MayAct(policy.Moment{Now: at.Now, Calendar: house.Calendar}, action, standing.Facts(p.today()))
		return nil
	})
	return result{decision: &decision}, err
}

func (p *play) putBlock(s step) (result, error) {
	patron := p.patronOf(s)
	_, at := p.at(s)
	stops := textsOf(s.values, "stops")
	for _, stop := range stops {
		if stop == "everything" {
			stops = nil
			break
		}
	}
	err := p.try(p.home, func(_ context.Context, tx *postgres.Tx) error {
		_, err := patrons.PutBlock(tx, patrons.Block{
			Library: patron.Library, Patron: patron.ID, Kind: patrons.BlockManual, Stops: stops, Reason: get[string](s.values, "reason"),
			From: p.today(), Until: get[broker.Date](s.values, "until"), PutBy: at.Actor,
		})
		return err
	})
	return result{}, err
}
