package rota

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/policy/attributes"
	"afield/broker/policy/ill"
	"afield/broker/policy/rule"
	"afield/workflow"
	"afield/workflow/requests/checks"
	"afield/workflow/requests/engine"
	"afield/workflow/routing"
)

// storedLenders is how many lenders to ask, and how many passed over, are kept
// for one request; when they are used up the rota is built again.
const storedLenders = 25

// FindHoldings begins with what is known here: own items, members' items and
// stored holdings. Partners' systems are asked live only when that is used up.
func FindHoldings(context.Context, *engine.Case) (engine.Wants, error) {
	return engine.Wants{engine.Then{Event: workflow.EventHoldingsKnown}}, nil
}

// ChooseLender takes the next lender of the rota, building it when there is none.
// For a request that was cancelled, or comes too late, nobody else is asked.
func (r Room) ChooseLender(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	if reason := c.Request.CancelReason; reason != nil && *reason != engine.CancelledToMoveOn {
		return engine.Wants{engine.Then{Event: workflow.EventNobodyWaits}}, nil
	}
	live, _ := c.Firing.Input["live"].(map[broker.ID]routing.Live)
	if live != nil {
		c.Rota.ForgetUnused(c.Tx)
	}
	fresh := !c.Rota.HasUnused()
	for {
		if fresh {
			if err := r.build(ctx, c, live); err != nil {
				return nil, err
			}
		}
		wants, err := next(ctx, c)
		if err != nil || len(wants) > 0 {
			return wants, err
		}
		if fresh {
			return r.lookUpOrGiveUp(ctx, c)
		}
		// Only the first lenders were kept: look once more before giving up.
		c.Rota.ForgetUnused(c.Tx)
		fresh, live = true, nil
	}
}

// next chooses the first entry that may be asked; no wants when there is none.
func next(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	for _, entry := range c.Rota {
		if entry.Status != engine.EntryNext {
			continue
		}
		if entry.Fulfilment != "hold" && !c.Request.ILLChecked {
			refused, err := checkILL(ctx, c)
			if err != nil || len(refused) > 0 {
				return refused, err
			}
		}
		fee := c.Consent(entry)
		namedByStaff := entry.Tier == addedByStaff && fee.Payer == attributes.PayerLibrary && entry.Currency == c.Request.Currency
		if fee.NeedsStaff && !namedByStaff {
			entry.Status = engine.EntryPassed
			entry.Why = append(entry.Why, fee.Reasons...)
			entry.Touch()
			continue
		}
		c.Depend(entry)
		entry.PatronCostMinor = fee.PatronPays.Minor
		then := engine.Then{Event: workflow.EventLenderChosen, Data: map[string]any{
			"lender_id": entry.LenderID, "tier": entry.TierName, "cost": entry.Cost(), "passed_on": fee.PatronPays,
		}}
		if fee.NeedsApproval {
			entry.Status = engine.EntryApproval
			then.Event = workflow.EventCostToApprove
		}
		return engine.Wants{then}, nil
	}
	return nil, nil
}

// lookUpOrGiveUp asks partners' own systems what they have; that is a network
// call, so a job does it and fires holdings_known. This happens once each time
// the rota is built; when it has been done, or there is nobody to ask, no
// lender is left.
func (r Room) lookUpOrGiveUp(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	giveUp := engine.Wants{engine.Then{Event: workflow.EventNothingLeft}}
	if !c.Request.LookedUpAt.IsZero() {
		return giveUp, nil
	}
	c.Request.LookedUpAt = c.Now
	query, err := r.Query(ctx, c)
	if err != nil {
		return nil, err
	}
	peers, err := r.Finder.LivePeers(ctx, c.Tx, r.Vault, query)
	if err != nil || len(peers) == 0 {
		return giveUp, err
	}
	return engine.Wants{engine.LookUp{}}, nil
}

// Query is what routing needs to know of the request.
func (r Room) Query(ctx context.Context, c *engine.Case) (routing.Query, error) {
	query, err := r.Finder.NewQuery(ctx, c.Tx, c.Request.LibraryID)
	if err != nil {
		return routing.Query{}, err
	}
	asked := map[broker.ID]string{}
	for _, entry := range c.Rota {
		if entry.Status != engine.EntryPassed && entry.Status != engine.EntryNext {
			asked[entry.LenderID] = strings.ReplaceAll(string(entry.Status), "_", " ")
		}
	}
	query.Request, query.Format, query.Service = c.Request.ID, c.Request.Format, c.Request.Service
	query.AnyEdition = catalog.AnyWillDo(c.Request.Citation)
	query.Now, query.NeedBy, query.Asked = c.Now, c.Request.NeedBy, asked
	if c.Request.MaxCostMinor != nil {
		ceiling := c.Request.Money(*c.Request.MaxCostMinor)
		query.Ceiling = &ceiling
	}
	query.FollowPolicy(c.Policy, c.Moment(), c.Asked())
	return query, nil
}

// build ranks who could lend and stores the answer with every reason.
func (r Room) build(ctx context.Context, c *engine.Case, live map[broker.ID]routing.Live) error {
	query, err := r.Query(ctx, c)
	if err != nil {
		return err
	}
	if err := c.MatchTitle(ctx); err != nil {
		return err
	}
	title := broker.NoID
	if c.Request.TitleID != broker.NoID {
		title = c.Request.TitleID
	}
	candidates, err := r.Finder.FindCandidates(ctx, c.Tx, query, title, live)
	if err != nil {
		return err
	}
	query.Most = storedLenders
	ranked := routing.Rank(query, candidates)
	for _, chosen := range ranked.Entries {
		c.Rota.Add(&engine.RotaEntry{
			LibraryID: c.Request.LibraryID, RequestID: c.Request.ID, ID: broker.NewID(), Position: c.Rota.LastPosition() + 1,
			LenderID: chosen.Lender, Tier: chosen.Tier, TierName: chosen.TierName, Fulfilment: string(chosen.Fulfilment),
			Status: engine.EntryNext, Why: chosen.Why, CostKnown: chosen.CostKnown, CostMinor: chosen.Cost.Minor, PatronCostMinor: chosen.PatronCost.Minor,
			Currency: currencyOr(chosen.Cost.Currency, c.Request.Currency), DaysToRespond: chosen.DaysToRespond,
		})
	}
	for _, passed := range ranked.PassedOver {
		c.Rota.Add(&engine.RotaEntry{
			LibraryID: c.Request.LibraryID, RequestID: c.Request.ID, ID: broker.NewID(), Position: c.Rota.LastPosition() + 1,
			LenderID: passed.Lender, Tier: passed.Tier, TierName: passed.TierName, Fulfilment: string(passed.Fulfilment),
			Status: engine.EntryPassed, Why: passed.Reasons, CostKnown: true, Currency: c.Request.Currency, DaysToRespond: 1,
		})
	}
	return c.Meet(ctx)
}

func currencyOr(currency, usual string) string {
	if currency == "" {
		return usual
	}
	return currency
}

// StartOver looks everywhere again because staff say so.
func StartOver(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	if err := passOverRules(ctx, c); err != nil {
		return nil, err
	}
	c.Request.LookedUpAt = time.Time{}
	c.Rota.ForgetUnused(c.Tx)
	return nil, nil
}

// checkILL checks a request that began as a hold in a shared catalogue against
// the rules for interlibrary loan, before the first lender outside the
// catalogue is asked. Where the rules refuse it, a person must decide.
func checkILL(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	if c.Request.PatronID == broker.NoID {
		return nil, nil
	}
	var submitter broker.Actor
	if err := json.Unmarshal(c.Request.SubmittedBy, &submitter); err != nil {
		return nil, fmt.Errorf("read who submitted: %w", err)
	}
	decision, err := illDecision(ctx, c, submitter)
	if err != nil {
		return nil, err
	}
	if decision.Allowed {
		c.Request.ILLChecked = true
		return nil, nil
	}
	return engine.Wants{engine.Then{Event: workflow.EventNeedsPerson, Data: map[string]any{"reasons": decision.Reasons}}}, nil
}

// passOverRules lets a request go on that the rules for interlibrary loan
// refused. Only somebody who may pass over each of their reasons can do that.
func passOverRules(ctx context.Context, c *engine.Case) error {
	if c.Request.ILLChecked || c.Request.PatronID == broker.NoID {
		return nil
	}
	decision, err := illDecision(ctx, c, c.Firing.Actor)
	if err != nil {
		return err
	}
	if !decision.Allowed && !decision.OverridableBy(c.Firing.Actor.Roles) {
		return decision.Err("not_yours_to_pass_over")
	}
	c.Request.ILLChecked = true
	return nil
}

// illDecision asks the policy about the request as an interlibrary loan made by
// actor: whoever submitted it, or staff who let it go on.
func illDecision(ctx context.Context, c *engine.Case, actor broker.Actor) (ill.SubmitDecision, error) {
	asked := checks.Submission{
		Patron: c.Request.PatronID, Request: c.Request.ID, Title: c.Request.TitleID, Citation: c.Request.Citation,
		Rush: c.Request.Rush, Channel: rule.ByStaff, Now: c.Now,
	}
	if actor.Kind == broker.ActorPatron {
		asked.Channel, asked.PINGiven = rule.ByOnline, true
		err := c.Tx.QueryRow(ctx, `select coalesce(max(length(number)), 0)::int from cards where library_id = $1 and patron_id = $2 and status = 'active'`,
			c.Request.LibraryID, actor.ID).Scan(&asked.CardDigits)
		if err != nil {
			return ill.SubmitDecision{}, fmt.Errorf("read the card: %w", err)
		}
	}
	return checks.MaySubmit(ctx, c.Tx, c.Library, c.Policy, asked)
}
