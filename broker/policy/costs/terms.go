package costs

import (
	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// Terms are the rules of one loan, copied onto it when it begins, so that a
// later policy never rewrites its history. They are stored as JSON.
type Terms struct {
	// Policy and Version name the document they were resolved from.
	Policy  string     `json:"policy"`
	Version string     `json:"version"`
	Owner   rule.Owner `json:"owner"`
	Item    string     `json:"item,omitempty"`
	Class   string     `json:"class,omitempty"`
	// Days is the loan period of our own items; 0 where the lender's date rules.
	Days      int                  `json:"days,omitempty"`
	ClosedDay attributes.ClosedDay `json:"closed_day,omitempty"`
	// Renewals is how many there may be, or none for no limit of ours.
	Renewals rule.Optional[int] `json:"renewals"`
	// RenewalsBy says who must agree to a renewal.
	RenewalsBy attributes.SetBy `json:"renewals_by"`
	Overdue    FineTerms        `json:"overdue"`
	// LenderDue is the lender's due date of a borrowed copy.
	LenderDue broker.Date `json:"lender_due,omitzero"`
	// Lent is what the policy's entries were matched against when the loan began;
	// nil on loans older than this was kept.
	Lent *rule.Match `json:"lent,omitempty"`
}

// FineTerms are the terms of an overdue fine.
type FineTerms struct {
	SetBy attributes.SetBy `json:"set_by"`
	// Rate is per counted day; Cap is the most for one item, nil for no cap.
	Rate  broker.Money   `json:"rate"`
	Cap   *broker.Money  `json:"cap,omitempty"`
	Count calendar.Count `json:"count"`
	Rule  string         `json:"rule"`
	// Clause is where it comes from, for the receipt.
	Clause broker.Clause `json:"clause"`
	// Steps are what it comes to in all from a day or hour on.
	Steps []FineStep `json:"steps,omitempty"`
	// Per is hour where an hour begun is charged; empty is by the day.
	Per attributes.FinePer `json:"per,omitempty"`
	// Grace is nil where there is none.
	Grace *attributes.Grace `json:"grace,omitempty"`
	// Price is the most a fine may come to where the item's price limits it; nil
	// where it does not, or where no price is known.
	Price *broker.Money `json:"price,omitempty"`
}

// FineStep is a step of a fine: what it comes to from its n-th day or hour on.
type FineStep struct {
	From   int          `json:"from"`
	Amount broker.Money `json:"amount"`
}

// most is the lower of the cap and the price; nil for no limit.
func (f FineTerms) most() *broker.Money {
	if f.Price != nil && (f.Cap == nil || f.Price.Minor < f.Cap.Minor) {
		return f.Price
	}
	return f.Cap
}

// LoanFacts is what the terms of a loan depend on.
type LoanFacts struct {
	rule.Match
	LenderDue broker.Date `json:"lender_due,omitzero"`
	// LenderFine is what the lender told us about late returns; it counts only where
	// the policy leaves fines to the lender. Nil when the lender told us nothing:
	// then the policy's own rate applies, 0.00 where there is to be none.
	LenderFine *LenderFine `json:"lender_fine,omitempty"`
	// Price is what the item is worth, where known; zero counts as unknown.
	Price broker.Money `json:"price,omitzero"`
}

// LenderFine is a lender's fine, in the borrowing library's currency.
type LenderFine struct {
	Rate broker.Money  `json:"rate"`
	Cap  *broker.Money `json:"cap,omitempty"`
}

// ResolveTerms copies out of the document what governs one loan.
func ResolveTerms(d *policy.Document, f LoanFacts) Terms {
	terms := Terms{
		Policy: d.Name(), Version: d.Version(), Owner: f.Owner, Item: f.Item, Class: f.Class,
		Overdue: fineTerms(d, f), LenderDue: f.LenderDue, RenewalsBy: attributes.SetByLibrary, Lent: &f.Match,
	}
	if f.Owner == rule.OwnerILL {
		renewals := d.Rules().ILLRenewals.For(f.Match).Value
		terms.Renewals, terms.RenewalsBy = renewals.Limit, renewals.DecidedBy
		return terms
	}
	period := d.Rules().LoanPeriod.For(f.Match).Value
	terms.Days, terms.ClosedDay = period.Days, period.ClosedDay
	terms.Renewals = d.Rules().LoanRenewals.For(f.Match).Value
	return terms
}

func fineTerms(d *policy.Document, f LoanFacts) FineTerms {
	entry := d.Rules().OverdueFine.For(f.Match)
	fine := FineTerms{
		SetBy: entry.Value.SetBy, Rate: d.Money(entry.Value.Rate), Count: entry.Value.Count,
		Rule: entry.Rule, Clause: entry.Clause, Per: entry.Value.Per,
	}
	for _, step := range entry.Value.Steps {
		fine.Steps = append(fine.Steps, FineStep{From: step.From, Amount: d.Money(step.Amount)})
	}
	if grace := d.Rules().FineGrace.For(f.Match).Value; grace.Is {
		fine.Grace = &grace.Value
	}
	if d.Rules().FinePriceCap.For(f.Match).Value {
		if price := priceOr(d, f.Price, f.Match); price.Minor > 0 {
			fine.Price = &price
		}
	}
	if entry.Value.Cap.Is {
		most := d.Money(entry.Value.Cap.Value)
		fine.Cap = &most
	}
	switch {
	case fine.SetBy != attributes.SetByLender:
	case f.LenderFine != nil:
		fine.Rate, fine.Cap, fine.Steps = f.LenderFine.Rate, f.LenderFine.Cap, nil
		if most := LenderInvoiceMost(d).Value; most.Is {
			bound := d.Money(most.Value)
			if fine.Cap == nil || fine.Cap.Minor > bound.Minor {
				fine.Cap = &bound
			}
		}
	case f.Owner != rule.OwnerILL: // it has no lender who could ask anything
		fine.Rate, fine.Cap, fine.Steps = d.Money(0), nil, nil
	}
	return fine
}

// LibraryFine gives what the library charges another library for each day its
// item is late, and the most it charges for one item; nil where it charges
// nothing.
func LibraryFine(d *policy.Document, item string) *LenderFine {
	fine := fineTerms(d, LoanFacts{Match: rule.Match{Owner: rule.OwnerOwn, Class: "library", Item: item}})
	if fine.Rate.Minor == 0 {
		return nil
	}
	return &LenderFine{Rate: fine.Rate, Cap: fine.Cap}
}

// Charge is an amount a rule puts on a patron's account.
type Charge struct {
	// Kind is the charge kind in the ledger.
	Kind   string        `json:"kind"`
	Amount broker.Money  `json:"amount"`
	Rule   string        `json:"rule"`
	Clause broker.Clause `json:"clause"`
}
