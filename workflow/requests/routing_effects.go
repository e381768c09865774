package requests

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/policy/attributes"
	"afield/broker/policy/ill"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/routing"
)

// storedPlaces is how many lenders to ask, and how many passed over, are kept
// for one request; when they are used up the rota is built again.
const storedPlaces = 25

// findHoldings begins with what is known here: own items, members' items and
// stored holdings. Partners' systems are asked live only when that is used up.
func (st *step) findHoldings(context.Context) error {
	st.then(workflow.EventHoldingsKnown, nil)
	return nil
}

// lookUp asks partners' own systems what they have; that is a network call, so
// a job does it and fires holdings_known. It is done once for each building of
// the rota; false means there is nobody to ask, or it was done.
func (st *step) lookUp(ctx context.Context) (bool, error) {
	if st.request.LookedUpAt != nil {
		return false, nil
	}
	at := st.now
	st.request.LookedUpAt = &at
	query, err := st.query(ctx)
	if err != nil {
		return false, err
	}
	peers, err := st.service.finder.LivePeers(ctx, st.tx, st.service.vault, query)
	if err != nil || len(peers) == 0 {
		return false, err
	}
	return true, st.service.jobs.LookUp(ctx, st.tx, st.request.LibraryID, st.request.ID)
}

// query is what routing needs to know of the request.
func (st *step) query(ctx context.Context) (routing.Query, error) {
	query, err := st.service.finder.NewQuery(ctx, st.tx, st.request.LibraryID)
	if err != nil {
		return routing.Query{}, err
	}
	asked := map[broker.ID]string{}
	for _, entry := range st.entries {
		if entry.Status != EntryPassed && entry.Status != EntryNext {
			asked[entry.LenderID] = strings.ReplaceAll(string(entry.Status), "_", " ")
		}
	}
	query.Request, query.Format, query.Service = st.request.ID, st.request.Format, st.request.Service
	query.Now, query.NeedBy, query.Asked = st.now, st.request.NeedBy, asked
	if st.request.MaxCostMinor != nil {
		ceiling := st.request.Money(*st.request.MaxCostMinor)
		query.Ceiling = &ceiling
	}
	query.FollowPolicy(st.doc, st.moment(), "")
	return query, nil
}

// chooseLender takes the next lender of the rota, building it when there is none.
func (st *step) chooseLender(ctx context.Context) error {
	live, _ := st.firing.Input["live"].(map[broker.ID]routing.Live)
	if live != nil {
		if err := st.buildRotaAgain(ctx); err != nil {
			return err
		}
	}
	if st.buildAgain || len(st.entries) == 0 {
		if err := st.buildRota(ctx, live); err != nil {
			return err
		}
	}
	for _, entry := range st.entries {
		if entry.Status != EntryNext {
			continue
		}
		if entry.Fulfilment != "hold" && !st.request.ILLChecked {
			refused, err := st.checkILL(ctx)
			if err != nil || refused {
				return err
			}
		}
		fee := st.consent(entry)
		namedByStaff := entry.Tier == addedByStaff && fee.Payer == attributes.PayerLibrary && entry.Currency == st.request.Currency
		if fee.NeedsStaff && !namedByStaff {
			entry.Status, entry.changed = EntryPassed, true
			entry.Why = append(entry.Why, fee.Reasons...)
			continue
		}
		st.depend(entry)
		entry.PatronCostMinor = fee.PatronPays.Minor
		facts := map[string]any{"lender_id": entry.LenderID, "tier": entry.TierName, "cost": entry.Cost(), "passed_on": fee.PatronPays}
		if fee.NeedsApproval {
			entry.Status = EntryApproval
			st.then(workflow.EventCostToApprove, facts)
			return nil
		}
		st.then(workflow.EventLenderChosen, facts)
		return nil
	}
	if !st.built { // only the first places were kept: look once more before giving up
		if err := st.buildRotaAgain(ctx); err != nil {
			return err
		}
		return st.chooseLender(ctx)
	}
	if asking, err := st.lookUp(ctx); err != nil || asking {
		return err
	}
	st.then(workflow.EventNothingLeft, nil)
	return nil
}

// depend makes an entry the one the request depends on.
func (st *step) depend(entry *RotaEntry) {
	for _, other := range st.entries {
		if other.Active && other != entry {
			other.Active, other.changed = false, true
		}
	}
	entry.Active, entry.changed = true, true
	st.request.RotaEntryID = &entry.ID
	st.request.Fulfilment = &entry.Fulfilment
	st.forgetTerms() // of an earlier lender
}

// leave ends the request's dependence on a lender.
func (st *step) leave(entry *RotaEntry, status EntryStatus, answer string) {
	entry.Status, entry.Active, entry.changed = status, false, true
	if answer != "" {
		entry.Answer = answer
	}
	at := st.now
	entry.AnsweredAt = &at
}

// checkILL holds a request that began as a hold in a shared catalogue to the
// rules for interlibrary loan before the first lender outside it is asked.
func (st *step) checkILL(ctx context.Context) (refused bool, err error) {
	if st.request.PatronID == nil {
		return false, nil
	}
	var submitter broker.Actor
	if err := json.Unmarshal(st.request.SubmittedBy, &submitter); err != nil {
		return false, fmt.Errorf("read who submitted: %w", err)
	}
	decision, err := st.illDecision(ctx, submitter)
	if err != nil {
		return false, err
	}
	if decision.Allowed {
		st.request.ILLChecked = true
		return false, nil
	}
	st.then(workflow.EventNeedsPerson, map[string]any{"reasons": decision.Reasons})
	return true, nil
}

// illDecision asks the policy about the request as an interlibrary loan that
// somebody asks for: whoever submitted it, or staff who let it go on.
func (st *step) illDecision(ctx context.Context, actor broker.Actor) (ill.SubmitDecision, error) {
	checks := submission{
		patron: *st.request.PatronID, request: st.request.ID, title: st.request.TitleID, citation: st.request.Citation,
		rush: st.request.Rush, channel: rule.ByStaff, now: st.now, ownedChecked: true,
	}
	if actor.Kind == broker.ActorPatron {
		checks.channel, checks.pin = rule.ByOnline, true
		err := st.tx.QueryRow(ctx, `select coalesce(max(length(number)), 0)::int from cards where library_id = $1 and patron_id = $2 and status = 'active'`,
			st.request.LibraryID, actor.ID).Scan(&checks.digits)
		if err != nil {
			return ill.SubmitDecision{}, fmt.Errorf("read the card: %w", err)
		}
	}
	return st.service.maySubmit(ctx, st.tx, st.library, st.doc, checks)
}

// buildRota ranks who could lend and stores the answer with every reason.
func (st *step) buildRota(ctx context.Context, live map[broker.ID]routing.Live) error {
	st.buildAgain, st.built = false, true
	query, err := st.query(ctx)
	if err != nil {
		return err
	}
	if err := st.matchTitle(ctx); err != nil {
		return err
	}
	title := broker.NoID
	if st.request.TitleID != nil {
		title = *st.request.TitleID
	}
	candidates, err := st.service.finder.FindCandidates(ctx, st.tx, query, title, live)
	if err != nil {
		return err
	}
	query.Most = storedPlaces
	rota := routing.Rank(query, candidates)
	position := 0
	for _, entry := range st.entries {
		position = max(position, entry.Position)
	}
	for _, chosen := range rota.Entries {
		position++
		st.entries = append(st.entries, &RotaEntry{
			LibraryID: st.request.LibraryID, RequestID: st.request.ID, ID: broker.NewID(), Position: position,
			LenderID: chosen.Lender, Tier: chosen.Tier, TierName: chosen.TierName, Fulfilment: string(chosen.Fulfilment),
			Status: EntryNext, Why: chosen.Why, CostKnown: chosen.CostKnown, CostMinor: chosen.Cost.Minor, PatronCostMinor: chosen.PatronCost.Minor,
			Currency: currencyOr(chosen.Cost.Currency, st.request.Currency), DaysToRespond: chosen.DaysToRespond, added: true,
		})
	}
	for _, passed := range rota.PassedOver {
		position++
		st.entries = append(st.entries, &RotaEntry{
			LibraryID: st.request.LibraryID, RequestID: st.request.ID, ID: broker.NewID(), Position: position,
			LenderID: passed.Lender, Tier: passed.Tier, TierName: passed.TierName, Fulfilment: string(passed.Fulfilment),
			Status: EntryPassed, Why: passed.Reasons, CostKnown: true, Currency: st.request.Currency, DaysToRespond: 1, added: true,
		})
	}
	return st.meet(ctx)
}

func currencyOr(currency, usual string) string {
	if currency == "" {
		return usual
	}
	return currency
}

// buildRotaAgain forgets the places not used yet, so that choosing looks anew.
func (st *step) buildRotaAgain(context.Context) error {
	kept := st.entries[:0]
	for _, entry := range st.entries {
		if entry.Status == EntryNext || entry.Status == EntryPassed {
			st.tx.Queue(`delete from rota_entries where library_id = $1 and id = $2`, entry.LibraryID, entry.ID)
			continue
		}
		kept = append(kept, entry)
	}
	st.entries = kept
	st.buildAgain = true
	return nil
}

// startOver is staff's word to look everywhere again.
func (st *step) startOver(ctx context.Context) error {
	if err := st.passOverRules(ctx); err != nil {
		return err
	}
	st.request.LookedUpAt = nil
	return st.buildRotaAgain(ctx)
}

// passOverRules lets a request go on that the rules for interlibrary loan
// refused: that takes somebody who may pass over each of their reasons.
func (st *step) passOverRules(ctx context.Context) error {
	if st.request.ILLChecked || st.request.PatronID == nil {
		return nil
	}
	decision, err := st.illDecision(ctx, st.firing.Actor)
	if err != nil {
		return err
	}
	if !decision.Allowed && !decision.OverridableBy(st.firing.Actor.Roles) {
		return decision.Err("not_yours_to_pass_over")
	}
	st.request.ILLChecked = true
	return nil
}

// consent asks the policy who pays what a lender asks.
func (st *step) consent(entry *RotaEntry) ill.FeeDecision {
	cost := ill.Cost{Approved: st.request.Money(st.request.ApprovedCostMinor), Rush: st.request.Rush, AsHold: entry.Fulfilment == "hold"}
	if entry.CostKnown {
		asks := entry.Cost()
		cost.Amount = &asks
	}
	if lender := st.others[entry.LenderID]; lender != nil {
		cost.LenderPlace = lender.Place()
	}
	return ill.FeeConsent(st.doc, st.moment(), cost)
}

// askLender puts the question to the active lender, in the way its tier says.
func (st *step) askLender(ctx context.Context) error {
	entry := st.active()
	if entry == nil {
		return fmt.Errorf("request %d: no lender to ask", st.request.Number)
	}
	lender, err := st.service.library(ctx, st.tx, entry.LenderID)
	if err != nil {
		return err
	}
	at := st.now
	entry.Status, entry.AskedAt, entry.changed = EntryAsked, &at, true
	routing.NoteAsked(st.tx, entry.LenderID)
	st.data["lender_id"], st.data["tier"] = entry.LenderID, entry.TierName
	ask := connectors.Message{
		Kind: connectors.KindRequest, Citation: &st.request.Citation, Service: st.request.Service, NeedBy: st.request.NeedBy,
		MaxCost: st.mostCost(), Rush: st.request.Rush, Copyright: textOf(st.request.Copyright), PreviousRequestID: idText(entry.RetryOf),
	}
	reachable, err := st.service.reachable(lender, ask)
	switch {
	case err != nil:
		return err
	case entry.Fulfilment == "hold":
		entry.ConfirmedAt = &at
		return st.placeHold(ctx, lender)
	case entry.Fulfilment == "ill" && reachable:
		return st.say(ctx, ask)
	default:
		entry.Fulfilment = "staff"
		st.request.Fulfilment = &entry.Fulfilment
		return st.task("ask_by_hand", "Ask "+lender.Name+" by hand (telephone, mail or its own system), then record the answer here.")
	}
}

// reachable tells whether a lender can be asked by a message.
func (s *Service) reachable(lender *directory.Lender, ask connectors.Message) (bool, error) {
	protocol, err := s.protocolOf(lender)
	return protocol.CanSay(ask) && !lender.Paused, err
}

// mostCost is what the lender may charge without asking again: what the patron
// approved, and nothing said where nobody approved anything.
func (st *step) mostCost() *broker.Money {
	if st.request.ApprovedCostMinor == 0 {
		return nil
	}
	money := st.request.Money(st.request.ApprovedCostMinor)
	return &money
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func idText(id *broker.ID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

// placeHold asks a library of the sharing group by putting the patron into the
// title's queue there: first requested, first supplied.
func (st *step) placeHold(ctx context.Context, lender *directory.Lender) error {
	st.tx.Widen(lender.ID)
	title := broker.NoID
	if st.request.TitleID != nil {
		title = *st.request.TitleID
	}
	_, err := st.service.circulation.PlaceHold(ctx, st.tx, circulation.PlaceHold{
		Desk: st.desk(), Library: lender.ID, Title: title, Patron: st.patron(), Request: st.ref(),
		Pickup: branchOf(st.request), QueuedAt: st.request.SubmittedAt,
	})
	return err
}

func branchOf(r *Request) broker.ID {
	if r.PickupBranchID == nil {
		return broker.NoID
	}
	return *r.PickupBranchID
}

// retryEntry is the lender that said when to ask again, the soonest first.
func (st *step) retryEntry() *RotaEntry {
	var soonest *RotaEntry
	for _, entry := range st.entries {
		if entry.Status == EntryRetry && (soonest == nil || entry.RetryAfter.Before(soonest.RetryAfter)) {
			soonest = entry
		}
	}
	return soonest
}

// askAgain repeats an ask under a new id that names the earlier one.
func (st *step) askAgain(ctx context.Context) error {
	earlier := st.retryEntry()
	if earlier == nil {
		return broker.Conflict("nobody_to_ask_again", "No lender of this request said when to ask again.")
	}
	earlier.Status, earlier.changed = EntryRefused, true
	again := *earlier
	again.ID, again.Position, again.Status, again.added = broker.NewID(), st.lastPosition()+1, EntryNext, true
	again.RetryOf, again.RetryAfter, again.Answer = &earlier.ID, broker.Date{}, ""
	again.AskedAt, again.ConfirmedAt, again.AnsweredAt = nil, nil, nil
	st.entries = append(st.entries, &again)
	st.depend(&again)
	return st.askLender(ctx)
}

func (st *step) lastPosition() int {
	last := 0
	for _, entry := range st.entries {
		last = max(last, entry.Position)
	}
	return last
}

// addedByStaff is the tier of lenders that staff named, after all others.
const addedByStaff = 99

// addLender puts a library that staff named at the front of what is left.
func (st *step) addLender(ctx context.Context) error {
	lender, err := st.service.lenderNamed(ctx, st.tx, st.firing.Input.Text("lender"))
	if err != nil {
		return err
	}
	if lender.ID == st.request.LibraryID {
		return broker.Invalid(broker.FieldError{Pointer: "/lender", Code: "own_library", Message: "must be another library"})
	}
	if decision := ill.MayAskLender(st.doc, st.moment(), ill.Lender{Place: lender.Place()}); !decision.Allowed {
		if err := decision.Err("lender_not_allowed"); err != nil && !decision.OverridableBy(st.firing.Actor.Roles) {
			return err
		}
	}
	cost, given := st.firing.Input.Money("cost") // not given: nobody knows
	if !given {
		cost = broker.Money{Currency: st.request.Currency}
	}
	reachable, err := st.service.reachable(lender, connectors.Message{Kind: connectors.KindRequest})
	if err != nil {
		return err
	}
	fulfilment := "staff"
	if reachable {
		fulfilment = "ill"
	}
	if err := st.passOverRules(ctx); err != nil {
		return err
	}
	for _, entry := range st.entries {
		if entry.LenderID == lender.ID && entry.Status == EntryNext {
			entry.Status, entry.changed = EntryPassed, true
		}
	}
	added := &RotaEntry{
		LibraryID: st.request.LibraryID, RequestID: st.request.ID, ID: broker.NewID(), Position: st.lastPosition() + 1,
		LenderID: lender.ID, Tier: addedByStaff, TierName: "Added by staff", Fulfilment: fulfilment, Status: EntryNext,
		CostKnown: given, CostMinor: cost.Minor, Currency: cost.Currency, DaysToRespond: 4, added: true,
		Why: []broker.Reason{{Code: "added_by_staff", Rule: "routing.by_staff", Message: "Staff named this library."}},
	}
	st.entries = append([]*RotaEntry{added}, st.entries...)
	return st.meet(ctx)
}

// lenderNamed finds a library by id or symbol.
func (s *Service) lenderNamed(ctx context.Context, tx *postgres.Tx, text string) (*directory.Lender, error) {
	id, err := broker.ParseID("lender", text)
	if err != nil {
		symbol, symbolErr := broker.ParseSymbol(text)
		if symbolErr != nil {
			return nil, broker.Invalid(broker.FieldError{Pointer: "/lender", Code: "not_a_library", Message: "must be a library's id or its symbol such as ISIL:US-NWPTL"})
		}
		library, err := directory.BySymbol(ctx, tx, symbol)
		if err != nil {
			return nil, err
		}
		id = library.ID
	}
	return s.library(ctx, tx, id)
}
