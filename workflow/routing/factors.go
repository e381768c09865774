package routing

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/directory"
)

// factor is one thing a lender is ranked by.
type factor int

// The factors, in the order in which equal ones are explained.
const (
	factorCost factor = iota
	factorTurnaround
	factorFillRate
	factorQueue
	factorBalance
	factorDistance
	factorUncertain
	factorLate
	factorCount
)

// points are what each factor counts against a lender.
type points [factorCount]float64

// pointsOf weighs the factors; see Weights for the sums.
func pointsOf(query Query, weights Weights, lender *ranked) points {
	candidate := lender.candidate
	against := points{
		factorTurnaround: weights.Turnaround * half(lender.days, weights.DaysHalf),
		factorFillRate:   weights.FillRate * (1 - fillRate(weights, candidate.Figures)),
		factorQueue:      weights.Queue * half(float64(candidate.Figures.Open), weights.QueueHalf),
		factorBalance:    weights.Balance / (1 + math.Exp(-candidate.Balance*math.Log(3)/weights.BalanceScale)),
		factorDistance:   weights.Distance / 2,
	}
	switch price := lender.price; {
	case price.foreign:
		against[factorCost] = weights.Cost
	case !price.known:
		against[factorCost] = weights.Cost * half(weights.UnknownCost, weights.CostHalf)
	default:
		against[factorCost] = weights.Cost * half(float64(price.asks.Minor), weights.CostHalf)
	}
	if kilometres, known := directory.Kilometres(query.Borrower, candidate.Library); known {
		against[factorDistance] = weights.Distance * half(kilometres, weights.DistanceHalf)
	}
	if !candidate.availabilityKnown() {
		against[factorUncertain] = weights.Uncertain
	}
	if lateBy(query, lender.days) > 0 {
		against[factorLate] = weights.Late
	}
	return against
}

// explain gives each factor in words, the weightiest first. What could only
// count against a lender (uncertain, late) is left out where it does not.
func (p *ranked) explain(query Query, weights Weights) []broker.Reason {
	order := make([]factor, 0, factorCount)
	for factor := range factorCount {
		if factor < factorUncertain || p.points[factor] > 0 {
			order = append(order, factor)
		}
	}
	slices.SortStableFunc(order, func(a, b factor) int { return cmp.Compare(p.points[b], p.points[a]) })
	reasons := make([]broker.Reason, 0, len(order))
	for _, factor := range order {
		code, weight, words, found := p.words(query, weights, factor)
		message := words + ": nothing against it."
		if points := p.points[factor]; points >= 0.05 {
			message = fmt.Sprintf("%s: %.1f of %.0f points against it.", words, points, weight)
		}
		reasons = append(reasons, broker.Reason{Code: code, Rule: "routing." + code, Message: message, Found: found})
	}
	return reasons
}

// words gives the code, weight and plain words of a factor, and what was found.
func (p *ranked) words(query Query, weights Weights, factor factor) (code string, weight float64, words, found string) {
	candidate, figures := p.candidate, p.candidate.Figures
	switch factor {
	case factorCost:
		return "cost", weights.Cost, p.price.words(), p.price.found()
	case factorTurnaround:
		return "turnaround", weights.Turnaround,
			fmt.Sprintf("Expected in about %.0f days (%s)", p.days, observed(figures.Filled+figures.Refused)), fmt.Sprintf("%.1f days", p.days)
	case factorFillRate:
		return "fill_rate", weights.FillRate,
			fmt.Sprintf("Says yes to %.0f in 100 (%s)", 100*fillRate(weights, figures), observed(figures.Filled+figures.Refused+figures.Silent)),
			fmt.Sprintf("%d filled, %d refused, %d silent", figures.Filled, figures.Refused, figures.Silent)
	case factorQueue:
		return "queue", weights.Queue, fmt.Sprintf("Has %s in hand", counted(figures.Open, "request", "requests")), ""
	case factorBalance:
		return "balance", weights.Balance, balanceWords(candidate.Balance), ""
	case factorDistance:
		kilometres, known := directory.Kilometres(query.Borrower, candidate.Library)
		if !known {
			return "distance", weights.Distance, "How far it is is not known", ""
		}
		found := fmt.Sprintf("%.0f km", kilometres)
		return "distance", weights.Distance, found + " away", found
	case factorUncertain:
		if candidate.Live != nil && candidate.Live.Problem != "" {
			return "uncertain", weights.Uncertain, "Could not say just now whether a copy is in (" + candidate.Live.Problem + ")", ""
		}
		return "uncertain", weights.Uncertain, "Whether a copy is in is not known", ""
	}
	late := counted(lateBy(query, p.days), "day", "days")
	return "late", weights.Late, fmt.Sprintf("Expected %s after the need-by date %s", late, query.NeedBy), late
}

func (p price) words() string {
	switch {
	case !p.known:
		return "What it asks is not known"
	case p.foreign:
		return "Asks " + p.asks.String()
	case p.asks.IsZero():
		return "Costs nothing (" + p.why + ")"
	}
	return fmt.Sprintf("Asks %s (%s), of which the patron would pay %s", p.asks, p.why, p.patron.Decimal())
}

func (p price) found() string {
	if !p.known {
		return ""
	}
	return p.asks.String()
}

func balanceWords(balance float64) string {
	switch {
	case balance >= 0.5:
		return fmt.Sprintf("Lately lent us about %.0f more than we lent it", balance)
	case balance <= -0.5:
		return fmt.Sprintf("Lately borrowed from us about %.0f more than it lent us", -balance)
	}
	return "Lending and borrowing between us are even"
}

// half scales an amount to 0…1: 0 for nothing, ½ at the given amount.
func half(amount, halfAt float64) float64 {
	if amount <= 0 {
		return 0
	}
	return amount / (amount + halfAt)
}

// fillRate is the chance of a yes, with the prior counted in.
func fillRate(weights Weights, figures Figures) float64 {
	answers := float64(figures.Filled + figures.Refused + figures.Silent)
	return (float64(figures.Filled) + weights.PriorAnswers*weights.PriorFillRate) / (answers + weights.PriorAnswers)
}

// expectedDays is the time from asking to arrival: until the lender opens
// again, until it answers, until the item is here.
func expectedDays(query Query, weights Weights, candidate *Candidate) float64 {
	figures := candidate.Figures
	answered := float64(figures.Filled + figures.Refused)
	hours := (figures.AnswerHours + weights.PriorAnswers*weights.PriorAnswerHours) / (answered + weights.PriorAnswers)
	supply := (figures.SupplyDays + weights.PriorAnswers*weights.PriorSupplyDays) / (float64(figures.Supplied) + weights.PriorAnswers)
	today := candidate.Today(query.Now)
	closed := candidate.Calendar.NextOpenDay(today).DaysSince(today)
	return float64(closed) + hours/24 + supply
}

func lateBy(query Query, days float64) int {
	if query.NeedBy.IsZero() {
		return 0
	}
	return query.Borrower.Today(query.Now).AddDays(int(math.Round(days))).DaysSince(query.NeedBy)
}

func observed(count int64) string {
	switch {
	case count == 0:
		return "not asked before, so the usual is assumed"
	case count < 10:
		return counted(int(count), "answer", "answers") + " so far, so the usual still counts"
	}
	return counted(int(count), "answer", "answers") + " so far"
}

func (c *Candidate) availabilityKnown() bool {
	return c.Live.answered() && (c.Live.Availability.Available > 0 || c.Live.Availability.Perhaps == 0) || (c.Holder != nil && c.Holder.AvailabilityKnown)
}

// HalfLife is how long until half of a balance between two libraries is
// forgotten: what was lent two years ago is no reason today.
const HalfLife = 90 * 24 * time.Hour

// Decayed gives what is left, now, of a balance that stood at an instant.
func Decayed(balance float64, asOf, now time.Time) float64 {
	age := now.Sub(asOf)
	if age <= 0 {
		return balance
	}
	return balance * math.Pow(0.5, float64(age)/float64(HalfLife))
}
