package routing

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/directory"
)

// Rank orders the candidates: tiers strictly one after the other, within a tier
// by score. Each candidate, which must be given once, comes out once: as an
// entry or passed over with every reason. The order they are given in does not
// matter. With Query.Most only the first of each come out, and the rest are
// counted: of a title that 800 libraries own, nobody reads the 700th reason.
func Rank(query Query, candidates []Candidate) Rota {
	weights := UsualWeights()
	if query.Weights != nil {
		weights = *query.Weights
	}
	if query.Service == "" {
		query.Service = ServiceLoan
	}
	tiers := slices.Clone(query.Tiers)
	slices.SortStableFunc(tiers, func(a, b directory.Tier) int { return a.Position - b.Position })
	order := make([]*ranked, 0, len(candidates))
	var passed []PassedOver
	for i := range candidates {
		candidate := &candidates[i]
		tier, inTier := tierOf(query, tiers, candidate)
		price := priceOf(query, tier, candidate)
		if reasons := refusals(query, tier, inTier, candidate, price); len(reasons) > 0 {
			passed = append(passed, passOver(tier, inTier, candidate, reasons))
			continue
		}
		order = append(order, weigh(query, weights, tier, candidate, price))
	}
	slices.SortFunc(order, compareRanked)
	slices.SortFunc(passed, func(a, b PassedOver) int {
		return cmp.Or(cmp.Compare(uint(a.Tier), uint(b.Tier)), // no tier, -1, comes last
			strings.Compare(a.Name, b.Name), compareIDs(a.Lender, b.Lender))
	})
	var rota Rota
	order, rota.EntriesLeft = first(query.Most, order)
	rota.PassedOver, rota.PassedOverLeft = first(query.Most, passed)
	for _, lender := range order {
		rota.Entries = append(rota.Entries, lender.entry(query, weights))
	}
	return rota
}

// first keeps the first most entries of a list (all when most is 0) and counts
// the rest.
func first[T any](most int, list []T) ([]T, int) {
	if most <= 0 || len(list) <= most {
		return list, 0
	}
	return list[:most:most], len(list) - most
}

// ranked is a candidate that may be asked, with what it is ranked by.
type ranked struct {
	candidate *Candidate
	tier      directory.Tier
	price     price
	days      float64
	points    points
	score     float64
	lot       uint64
}

func weigh(query Query, weights Weights, tier directory.Tier, candidate *Candidate, price price) *ranked {
	weighed := &ranked{
		candidate: candidate, tier: tier, price: price, days: expectedDays(query, weights, candidate),
		lot: lot(query.Request, candidate.ID),
	}
	weighed.points = pointsOf(query, weights, weighed)
	for _, points := range weighed.points {
		weighed.score += points
	}
	return weighed
}

// compareRanked is a total order: tier, then what needs no person, then score
// in whole points, then fair chance, then id.
func compareRanked(a, b *ranked) int {
	if near := cmp.Or(
		cmp.Compare(a.tier.Position, b.tier.Position),
		cmp.Compare(a.price.rank(), b.price.rank()),
		cmp.Compare(math.Round(a.score), math.Round(b.score))); near != 0 {
		return near
	}
	return cmp.Or(cmp.Compare(a.lot, b.lot), compareIDs(a.candidate.ID, b.candidate.ID))
}

// lot is a lender's draw in a request, for a fair choice: as good as random
// between requests, and always the same within one.
func lot(request, lender broker.ID) uint64 {
	var both [32]byte
	copy(both[:16], request[:])
	copy(both[16:], lender[:])
	sum := sha256.Sum256(both[:])
	return binary.BigEndian.Uint64(sum[:8])
}

func compareIDs(a, b broker.ID) int { return slices.Compare(a[:], b[:]) }

// tierOf finds the nearest tier that includes a candidate.
func tierOf(query Query, tiers []directory.Tier, candidate *Candidate) (directory.Tier, bool) {
	for _, tier := range tiers {
		if tier.Reaches(query.Borrower, candidate.Library, candidate.Groups) {
			return tier, true
		}
	}
	return directory.Tier{Position: -1, Fulfilment: directory.FulfilStaff}, false
}

func passOver(tier directory.Tier, inTier bool, candidate *Candidate, reasons []broker.Reason) PassedOver {
	passed := PassedOver{
		Lender: candidate.ID, Symbol: candidate.Symbol, Name: candidate.Name,
		Tier: tier.Position, TierName: tier.Name, Fulfilment: tier.Fulfilment, Reasons: reasons,
	}
	if !inTier {
		passed.TierName = "Out of reach"
	}
	return passed
}

// price is what a lender asks, as far as it is known before asking it.
type price struct {
	asks, patron broker.Money
	known        bool // asks is what it says
	foreign      bool // in a currency that is not the borrower's
	why          string
}

// rank puts a price in another currency behind all others of its tier: it
// cannot be compared, and a person must look at it.
func (p price) rank() int {
	if p.foreign {
		return 1
	}
	return 0
}

func priceOf(query Query, tier directory.Tier, candidate *Candidate) price {
	free := func(why string) price {
		nothing := broker.Money{Currency: query.Borrower.Currency}
		return price{asks: nothing, patron: nothing, known: true, why: why}
	}
	if tier.Fulfilment == directory.FulfilHold {
		return free("a hold in the shared catalogue costs nothing")
	}
	if live := candidate.Live; live.quoted() {
		return priced(query, candidate, *live.Availability.Cost, "as it said just now")
	}
	if tier.CostRule == directory.CostFree {
		return free("free of charge within " + tier.Name)
	}
	if isFree, why := candidate.Terms.FreeFor(candidate.Library, query.Borrower, query.BorrowerGroups); isFree {
		return free(why)
	}
	if !candidate.Terms.Known {
		nothing := broker.Money{Currency: query.Borrower.Currency}
		return price{asks: nothing, patron: nothing, why: "it never said what it asks"}
	}
	return priced(query, candidate, candidate.Terms.Fee, "by its lending terms")
}

func priced(query Query, candidate *Candidate, asks broker.Money, why string) price {
	nothing := broker.Money{Currency: query.Borrower.Currency}
	switch {
	case asks.IsZero():
		return price{asks: nothing, patron: nothing, known: true, why: why}
	case asks.Currency != query.Borrower.Currency:
		return price{asks: asks, patron: nothing, known: true, foreign: true, why: why}
	case query.PassedOn == nil:
		return price{asks: asks, patron: asks, known: true, why: why}
	}
	return price{asks: asks, patron: query.PassedOn(candidate.Library, asks), known: true, why: why}
}

// entry says where a candidate stands, and why.
func (p *ranked) entry(query Query, weights Weights) Entry {
	candidate, tier := p.candidate, p.tier
	entry := Entry{
		Lender: candidate.ID, Symbol: candidate.Symbol, Name: candidate.Name,
		Tier: tier.Position, TierName: tier.Name, Fulfilment: tier.Fulfilment, Protocol: candidate.Protocol,
		Cost: p.price.asks, PatronCost: p.price.patron, CostKnown: p.price.known && !p.price.foreign,
		DaysToRespond: tier.DaysToRespond, ExpectedDays: p.days, Score: p.score,
	}
	entry.Why = []broker.Reason{tierReason(query, tier), copyReason(candidate)}
	if p.price.foreign {
		entry.Fulfilment = directory.FulfilStaff
		entry.Why = append(entry.Why, broker.Reason{
			Code: CodeForeignCurrency, Rule: "routing.currency",
			Message: fmt.Sprintf("Asks %s; that cannot be compared with %s, so staff enter the amount and decide.",
				p.price.asks, query.Borrower.Currency),
			Needed: query.Borrower.Currency, Found: p.price.asks.Currency,
		})
	}
	entry.Why = append(entry.Why, p.explain(query, weights)...)
	return entry
}

func tierReason(query Query, tier directory.Tier) broker.Reason {
	return broker.Reason{
		Code: "tier", Rule: "routing.tier",
		Message: fmt.Sprintf("In tier %d of %d, %s; a lender there has %s to answer.",
			tier.Position+1, len(query.Tiers), tier.Name, counted(tier.DaysToRespond, "day", "days")),
	}
}

func copyReason(candidate *Candidate) broker.Reason {
	reason := broker.Reason{Code: "copy", Rule: "routing.copy"}
	holder := candidate.Holder
	switch {
	case candidate.Live.answered():
		available := candidate.Live.Availability.Available
		reason.Message = fmt.Sprintf("Said just now that %s could be lent.", counted(available, "copy", "copies"))
	case holder.AvailabilityKnown:
		reason.Message = fmt.Sprintf("%d of %s on the shelf and free.", holder.Available, counted(holder.Copies, "copy is", "copies are"))
	default:
		reason.Message = fmt.Sprintf("Known on %s to own %s.", broker.DateIn(holder.SeenAt, candidate.Zone),
			counted(holder.Copies, "copy", "copies"))
	}
	return reason
}

func counted(count int, one, many string) string {
	if count == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", count, many)
}

// Trimmed gives the rota cut to its first entries and passed-over lenders, and
// how many of each were left out. Query.Most does the same at less cost.
func (r Rota) Trimmed(entries, passedOver int) (trimmed Rota, entriesLeft, passedOverLeft int) {
	trimmed.Entries, trimmed.EntriesLeft = first(entries, r.Entries)
	trimmed.PassedOver, trimmed.PassedOverLeft = first(passedOver, r.PassedOver)
	return trimmed, trimmed.EntriesLeft, trimmed.PassedOverLeft
}
