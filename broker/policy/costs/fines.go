package costs

import (
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/lending"
)

// Fine is an overdue fine worked out.
type Fine struct {
	Amount broker.Money `json:"amount"`
	// Days is how many days were counted; hours where the terms are by the hour.
	Days   int           `json:"days"`
	Capped bool          `json:"capped"`
	Rule   string        `json:"rule"`
	Clause broker.Clause `json:"clause"`
	// Uncapped is what it would amount to without a limit.
	Uncapped broker.Money `json:"-"`
}

// OverdueFine works out what a late return costs on the loan's own terms. due is
// the due date, returned the date the return counts for (today while it is still
// out). A due date on which the library turned out to be closed first moves to
// the next open day: nobody could have returned it in time otherwise.
func OverdueFine(terms Terms, due, returned broker.Date, opening *calendar.Calendar) Fine {
	late := opening.CountCharged(opening.NextOpenDay(due), returned, terms.Overdue.Count)
	return terms.Overdue.fine(int64(terms.Overdue.charged(late)), late)
}

// OverdueFineAt works out what a late return of a loan by the hour costs: each
// hour begun after the due instant, of opening hours where the terms count open
// days. Terms by the day are worked out on the dates of the two instants.
func OverdueFineAt(terms Terms, due, returned time.Time, opening *calendar.Calendar) Fine {
	if terms.Overdue.Per != attributes.PerHour {
		return OverdueFine(terms, opening.DateOf(due), opening.DateOf(returned), opening)
	}
	minutes := max(0, int(returned.Sub(due)/time.Minute))
	if terms.Overdue.Count == calendar.OpenDays {
		minutes = opening.OpenMinutes(due, returned)
	}
	minutes = chargedMinutes(terms.Overdue.Grace, minutes)
	hours := (minutes + 59) / 60
	return terms.Overdue.fine(int64(hours), hours)
}

// fine charges a number of units at the rate and by the steps, up to the cap.
func (f FineTerms) fine(units int64, counted int) Fine {
	minor := units * f.Rate.Minor
	for _, step := range f.Steps {
		if units >= int64(step.From) {
			minor = step.Amount.Minor + (units-int64(step.From))*f.Rate.Minor
		}
	}
	fine := Fine{Amount: broker.Money{Minor: minor, Currency: f.Rate.Currency}, Days: counted, Rule: f.Rule, Clause: f.Clause}
	fine.Uncapped = fine.Amount
	if most := f.most(); most != nil && fine.Amount.Minor > most.Minor {
		fine.Amount.Minor, fine.Capped = most.Minor, true
	}
	return fine
}

// charged gives how many of the days late are charged after the grace.
func (f FineTerms) charged(late int) int {
	if f.Grace == nil || f.Grace.Days == 0 {
		return late
	}
	return graceOf(late, f.Grace.Days, f.Grace.Mode)
}

// chargedMinutes gives how many of the minutes late are charged after the grace.
func chargedMinutes(g *attributes.Grace, late int) int {
	if g == nil || g.Minutes == 0 {
		return late
	}
	return graceOf(late, g.Minutes, g.Mode)
}

func graceOf(late, free int, mode attributes.GraceMode) int {
	switch {
	case late <= free:
		return 0
	case mode == attributes.GraceAlwaysFree:
		return late - free
	}
	return late
}

// Posted is what a loan's lateness has already come to in the ledger.
type Posted struct {
	// Charged is the sum of what was charged, Adjusted of what was waived or
	// taken back from it.
	Charged  broker.Money
	Adjusted broker.Money
}

// Accrue gives what is still to be charged for a loan's lateness: the fine so far
// less what was charged, within what the cap leaves once adjustments are taken
// off. Once that is charged, it gives nothing for the same day. The fine is
// worked out without its cap, so that a fine that was waived can go on growing.
func Accrue(terms Terms, due, through broker.Date, opening *calendar.Calendar, posted Posted) broker.Money {
	uncapped := terms
	uncapped.Overdue.Cap, uncapped.Overdue.Price = nil, nil
	more := OverdueFine(uncapped, due, through, opening).Amount
	more.Minor -= posted.Charged.Minor
	if most := terms.Overdue.most(); most != nil {
		more.Minor = min(more.Minor, most.Minor-(posted.Charged.Minor-posted.Adjusted.Minor))
	}
	more.Minor = max(0, more.Minor)
	return more
}

// Settlement is how an account stands for one loan after its fine was worked out
// again.
type Settlement struct {
	// Charge is what is owed for it now, TakenBack what a reversal takes off what
	// was charged, Add what is charged more.
	Charge    broker.Money `json:"charge"`
	TakenBack broker.Money `json:"taken_back"`
	Add       broker.Money `json:"add"`
	// Balance is Charge less what was paid; below zero is in the patron's favour,
	// and Credit is that amount.
	Balance broker.Money `json:"balance"`
	Credit  broker.Money `json:"credit"`
}

// Settle compares what a fine comes to with what was charged and paid: an earlier
// return date or an amnesty takes back, and an overpayment stands as a credit.
// All amounts are in one currency.
func Settle(now, charged, paid broker.Money) Settlement {
	settled := Settlement{Charge: now, Balance: now.Plus(paid.Negated())}
	settled.TakenBack = broker.Money{Minor: max(0, charged.Minor-now.Minor), Currency: now.Currency}
	settled.Add = broker.Money{Minor: max(0, now.Minor-charged.Minor), Currency: now.Currency}
	settled.Credit = broker.Money{Minor: max(0, -settled.Balance.Minor), Currency: now.Currency}
	return settled
}

// FineAtReturn works out what a return costs on the loan's own terms, on the
// date EffectiveReturn gave.
func FineAtReturn(terms Terms, due broker.Date, returned lending.ReturnDecision, at policy.Moment) Fine {
	if returned.FineFree {
		return terms.Overdue.fine(0, 0)
	}
	return OverdueFine(terms, due, returned.On, at.Calendar)
}
