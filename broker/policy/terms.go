package policy

import (
	"time"

	"afield/broker"
	"afield/broker/calendar"
)

// Terms are the rules of one loan, copied onto it when it begins, so that a
// later policy never rewrites its history. They are stored as JSON.
type Terms struct {
	// Policy and Version name the document they were resolved from.
	Policy  string `json:"policy"`
	Version string `json:"version"`
	Owner   Owner  `json:"owner"`
	Item    string `json:"item,omitempty"`
	Class   string `json:"class,omitempty"`
	// Days is the loan period of our own items; 0 where the lender's date rules.
	Days      int       `json:"days,omitempty"`
	ClosedDay ClosedDay `json:"closed_day,omitempty"`
	// Renewals is how many there may be, or none for no limit of ours.
	Renewals Optional[int] `json:"renewals"`
	// RenewalsBy says whose yes a renewal takes.
	RenewalsBy SetBy     `json:"renewals_by"`
	Overdue    FineTerms `json:"overdue"`
	// LenderDue is the lender's due date of a borrowed copy.
	LenderDue broker.Date `json:"lender_due,omitzero"`
}

// FineTerms are the terms of an overdue fine.
type FineTerms struct {
	SetBy SetBy `json:"set_by"`
	// Rate is per counted day; Cap is the most for one item, nil for no cap.
	Rate  broker.Money   `json:"rate"`
	Cap   *broker.Money  `json:"cap,omitempty"`
	Count calendar.Count `json:"count"`
	Rule  string         `json:"rule"`
	// Clause is where it comes from, for the receipt.
	Clause broker.Clause `json:"clause"`
	// Per is hour where an hour begun is charged; empty is by the day.
	Per FinePer `json:"per,omitempty"`
	// Grace is nil where there is none.
	Grace *Grace `json:"grace,omitempty"`
	// Price is the most a fine may come to where the item's price limits it; nil
	// where it does not, or where no price is known.
	Price *broker.Money `json:"price,omitempty"`
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
	Match
	LenderDue broker.Date `json:"lender_due,omitzero"`
	// LenderFine is what the lender told us about late returns; it counts only
	// where the policy leaves fines to the lender. Nil when the lender told
	// nothing: then the policy's own rate stands, 0.00 where there is to be none.
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
func (d *Document) ResolveTerms(f LoanFacts) Terms {
	terms := Terms{
		Policy: d.Name(), Version: d.Version(), Owner: f.Owner, Item: f.Item, Class: f.Class,
		Overdue: d.fineTerms(f), LenderDue: f.LenderDue, RenewalsBy: SetByLibrary,
	}
	if f.Owner == OwnerILL {
		renewals := d.Rules().ILLRenewals.For(f.Match).Value
		terms.Renewals, terms.RenewalsBy = renewals.Limit, renewals.DecidedBy
		return terms
	}
	period := d.Rules().LoanPeriod.For(f.Match).Value
	terms.Days, terms.ClosedDay = period.Days, period.ClosedDay
	terms.Renewals = d.Rules().LoanRenewals.For(f.Match).Value
	return terms
}

func (d *Document) fineTerms(f LoanFacts) FineTerms {
	entry := d.Rules().OverdueFine.For(f.Match)
	fine := FineTerms{
		SetBy: entry.Value.SetBy, Rate: d.Money(entry.Value.Rate), Count: entry.Value.Count,
		Rule: entry.Rule, Clause: entry.Clause, Per: entry.Value.Per,
	}
	if grace := d.Rules().FineGrace.For(f.Match).Value; grace.Is {
		fine.Grace = &grace.Value
	}
	if d.Rules().FinePriceCap.For(f.Match).Value {
		if price := d.priceOr(f.Price, f.Match); price.Minor > 0 {
			fine.Price = &price
		}
	}
	if entry.Value.Cap.Is {
		most := d.Money(entry.Value.Cap.Value)
		fine.Cap = &most
	}
	switch {
	case fine.SetBy != SetByLender:
	case f.LenderFine != nil:
		fine.Rate, fine.Cap = f.LenderFine.Rate, f.LenderFine.Cap
	case f.Owner != OwnerILL: // it has no lender who could ask anything
		fine.Rate, fine.Cap = d.Money(0), nil
	}
	return fine
}

// LibraryFine gives what the library asks of another library for a day that its
// item is late, and the most that comes to; nil where it asks nothing.
func (d *Document) LibraryFine(item string) *LenderFine {
	fine := d.fineTerms(LoanFacts{Match: Match{Owner: OwnerOwn, Class: "library", Item: item}})
	if fine.Rate.Minor == 0 {
		return nil
	}
	return &LenderFine{Rate: fine.Rate, Cap: fine.Cap}
}

// DueDecision answers ILLDueDate.
type DueDecision struct {
	// Due is the patron's due date; Ends is the end of business on it.
	Due  broker.Date `json:"due"`
	Ends time.Time   `json:"ends"`
	// Moved tells that it lies before the lender's date.
	Moved  bool          `json:"moved"`
	Rule   string        `json:"rule"`
	Source broker.Clause `json:"source"`
}

// ILLDueDate turns the lender's due date into the patron's: the last open day on
// or before it, never after. No local loan period touches it, however far away
// the lender's date lies.
func (d *Document) ILLDueDate(at Moment, lenderDue broker.Date) DueDecision {
	at = d.settle(at)
	entry := d.Rules().ILLDue.For(Match{Owner: OwnerILL})
	due := lenderDue.AddDays(-entry.Value.DaysBefore)
	if entry.Value.ClosedDay == MoveToPrevOpen {
		due = at.Calendar.PrevOpenDay(due)
	}
	return DueDecision{
		Due: due, Ends: at.Calendar.EndOfBusiness(due), Moved: due != lenderDue,
		Rule: entry.Rule, Source: entry.Clause,
	}
}

// Charge is an amount a rule puts on a patron's account.
type Charge struct {
	// Kind is the charge kind in the ledger.
	Kind   string        `json:"kind"`
	Amount broker.Money  `json:"amount"`
	Rule   string        `json:"rule"`
	Clause broker.Clause `json:"clause"`
}

// LostILLCharge gives what a lost or damaged borrowed item costs the patron:
// the sum of the lender's invoice, exactly, and the library's own fee if it has
// one. Lines in another currency are an error of kind refused: staff enter the
// amount in the library's currency first.
func (d *Document) LostILLCharge(invoice ...broker.Money) (Charge, error) {
	entry := d.Rules().LostCharge.For(Match{Owner: OwnerILL})
	sum := d.Money(entry.Value.OwnFee)
	for _, line := range invoice {
		if line.Currency != sum.Currency {
			return Charge{}, broker.Refused("currency_differs", "Staff enter the amount in "+sum.Currency+".",
				ground{code: "currency_differs", message: "The invoice is in another currency.", needed: sum.Currency, found: line.String()}.reason(entry.Source))
		}
		sum = sum.Plus(line)
	}
	return Charge{Kind: "lost", Amount: sum, Rule: entry.Rule, Clause: entry.Clause}, nil
}

// SearchUntil gives the last day a patron may search for a misplaced borrowed
// item before paying: so many days after the due date or the patron's own
// report, whichever was first. Zero when the policy gives no such time.
func (d *Document) SearchUntil(due, reported broker.Date) Entry[broker.Date] {
	entry := d.Rules().SearchDays.For(Match{Owner: OwnerILL})
	answer := Entry[broker.Date]{Source: entry.Source}
	if entry.Value.Is {
		answer.Value = due.Earlier(reported).AddDays(entry.Value.Value)
	}
	return answer
}

// BorrowedLostOn gives the first day a borrowed item counts as lost: when the
// time to search has ended, or by its age where the policy says so of borrowed
// items, whichever is first. Zero where staff or the lender must say so.
func (d *Document) BorrowedLostOn(m Match, due, reported broker.Date) Entry[broker.Date] {
	answer := d.SearchUntil(due, reported)
	if !answer.Value.IsZero() {
		answer.Value = answer.Value.AddDays(1)
	}
	m.Owner = OwnerILL
	if age := d.Rules().LostAfter.For(m); age.Value.Is {
		if on := age.Value.Value.from(due); answer.Value.IsZero() || on.Before(answer.Value) {
			return Entry[broker.Date]{Source: age.Source, Value: on}
		}
	}
	return answer
}

// MayRefundILL tells whether a paid borrowed item that is found again is paid
// back; lenderRefunded tells whether the lender gave the money back.
func (d *Document) MayRefundILL(at Moment, lenderRefunded bool) Decision {
	entry := d.Rules().Refund.For(Match{Owner: OwnerILL})
	a := d.ask(at, "be refunded for a borrowed item", entry.Source)
	switch {
	case entry.Value == NoRefund:
		a.refuse(entry.Source, ground{code: "no_ill_refund", message: "Borrowed items are not refunded.", needed: "an item of our own", found: "one of a lender"})
	case !lenderRefunded:
		a.refuse(entry.Source, ground{
			code: "lender_has_not_refunded", message: "The patron gets back what the lender gives back.",
			needed: "the lender's refund", found: "none yet",
		})
	}
	return a.answer()
}

// MayDonateInLieu tells whether a like item is taken instead of payment for a
// lost borrowed one.
func (d *Document) MayDonateInLieu(at Moment) Decision {
	entry := d.Rules().DonationInPlace.For(Match{Owner: OwnerILL})
	a := d.ask(at, "give a like item instead of paying for a borrowed one", entry.Source)
	if !entry.Value {
		a.refuse(entry.Source, ground{code: "no_donation_in_lieu", message: "A like item does not replace a lender's.", needed: "payment", found: "a donation"})
	}
	return a.answer()
}
