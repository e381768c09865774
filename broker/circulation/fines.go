package circulation

import (
	"context"
	"fmt"
	"strconv"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

// period is which of its periods a loan is in: the first ends with the first due
// date, and each renewal begins the next.
func (l Loan) period() int { return l.Renewals + 1 }

// overdueCause is the key of what a loan's lateness costs in its present period.
// Parts charged before the end go on from it.
func overdueCause(loan Loan) string {
	return "overdue:" + loan.ID.String() + ":" + strconv.Itoa(loan.Renewals)
}

// throughCause is the key of one charge of a fine that may still grow, after so many for
// the same due date: a part of the same day may have been taken back, or the due
// date have been another one.
func throughCause(loan Loan, through string, parts int) string {
	cause := overdueCause(loan) + ":through:" + through
	if parts > 0 {
		cause += "." + strconv.Itoa(parts+1)
	}
	return cause
}

// accountOf is the account that answers for a loan.
func accountOf(loan Loan) ledger.Account {
	return ledger.OfPatron(loan.Patron.Library, loan.Patron.ID, loan.Terms.Overdue.Rate.Currency)
}

// askFine asks what the account says of a loan's lateness, and locks it.
func askFine(tx *postgres.Tx, loan Loan, into *ledger.LoanMoney) {
	ledger.AskLoan(tx, accountOf(loan), loan.ID, ledger.Overdue, into)
}

// settling is a loan's fine at a moment that settles it.
type settling struct {
	desk Desk
	loan Loan
	// through is the day up to which the lateness is counted, fine what it comes
	// to; forgiven where nothing is owed whatever the day.
	through  broker.Date
	fine     costs.Fine
	forgiven bool
	opening  *calendar.Calendar
	// money is what the account says of the loan's lateness.
	money ledger.LoanMoney
	// why is why something may have to be taken back; last tells that nothing can
	// be added for this due date later.
	why  ledger.Correction
	last bool
	// lostOn is the day the item is lost, where that is why.
	lostOn broker.Date
	// parts is how many charges were made for this due date before.
	parts int
}

// settle brings what stands charged for a loan's lateness to what it comes to:
// the difference is charged or taken back, and what was paid too much stands as
// a credit. What staff waived stays waived.
func (s settling) settle(tx *postgres.Tx, out *Outcome) error {
	money := s.money.OfPeriod(s.loan.period())
	undone := money.Corrected().Minor
	charged := money.Charged.Minor - undone
	if over := s.over(money, charged); over > 0 {
		return s.takeBack(tx, money, over, out)
	}
	s.parts = money.Parts()
	return s.charge(tx, s.more(charged, money.Adjusted.Minor-undone), out)
}

// over is what is to be taken back of what was charged: no more than stands of it.
func (s settling) over(money ledger.LoanMoney, charged int64) int64 {
	settled := costs.Settle(s.fine.Amount, broker.Money{Minor: charged, Currency: s.fine.Amount.Currency}, money.Paid)
	return min(settled.TakenBack.Minor, money.Stands().Minor)
}

// more is what is to be added to what was charged and adjusted.
func (s settling) more(charged, adjusted int64) int64 {
	fine := s.loan.Terms.Overdue
	if s.forgiven || fine.Per == attributes.PerHour {
		return max(0, s.fine.Amount.Minor-charged)
	}
	return costs.Accrue(s.loan.Terms, s.loan.DueOn, s.through, s.opening, costs.Posted{
		Charged:  broker.Money{Minor: charged, Currency: fine.Rate.Currency},
		Adjusted: broker.Money{Minor: adjusted, Currency: fine.Rate.Currency},
	}).Minor
}

func (s settling) takeBack(tx *postgres.Tx, money ledger.LoanMoney, minor int64, out *Outcome) error {
	amount := broker.Money{Minor: minor, Currency: money.Charged.Currency}
	answer := ledger.Answer{
		Cause: overdueCause(s.loan) + ":back:" + string(s.why), Correction: s.why, Note: s.note(), Actor: s.desk.Actor, At: s.desk.Now,
	}
	if s.why == ledger.CorrectedAtLoss {
		answer.LostOn = s.lostOn
		answer.Cause += ":" + s.lostOn.String()
	}
	// The loan is locked and the amount comes from what stands, so a correction of
	// the same kind is another one: an item lost, found and lost again.
	if before := money.Corrections(s.why); before > 0 {
		answer.Cause += "." + strconv.Itoa(before+1)
	}
	entries, err := ledger.TakeBack(tx, money, amount, answer)
	out.TakenBack = append(out.TakenBack, entries...)
	out.Say("Of the overdue fine %s is taken back.", amount)
	return err
}

func (s settling) charge(tx *postgres.Tx, minor int64, out *Outcome) error {
	if minor <= 0 {
		return nil
	}
	cause := overdueCause(s.loan)
	if !s.last {
		through := s.through.String()
		if s.loan.Terms.Overdue.Per == attributes.PerHour {
			through += s.desk.Now.UTC().Format("T15:04")
		}
		cause = throughCause(s.loan, through, s.parts)
	}
	entry, err := ledger.Post(tx, ledger.Charge{
		Account: accountOf(s.loan), Kind: ledger.Overdue, Amount: broker.Money{Minor: minor, Currency: s.fine.Amount.Currency},
		Cause: cause, Rule: s.fine.Rule, Clause: s.fine.Clause, Note: s.note(), Loan: s.loan.ID, Request: s.loan.Request,
		Period: s.loan.period(), Actor: s.desk.Actor, At: s.desk.Now,
	})
	if err != nil {
		return err
	}
	out.Charged = append(out.Charged, entry)
	out.Say("Overdue fine: %s, for %d days.", entry.Amount, s.fine.Days)
	return nil
}

func (s settling) note() string {
	if s.forgiven {
		return fmt.Sprintf("due %s, forgiven", s.loan.DueOn)
	}
	note := fmt.Sprintf("due %s, %d days late", s.loan.DueOn, s.fine.Days)
	if s.fine.Capped {
		note += ", at most " + s.fine.Amount.String()
	}
	return note
}

// late is a loan with what its account says of this due date.
func late(loan Loan, posted ledger.LoanMoney) LateLoan {
	money := posted.OfPeriod(loan.period())
	undone := money.Corrected().Minor
	late := loan.late()
	late.Charged, late.Adjusted = money.Charged.Minor-undone, money.Adjusted.Minor-undone
	return late
}

// ChargeAccrued charges what a patron's overdue loans have come to up to today:
// before a payment, so that it can be paid. The loans stay as they are and go
// on; asked again the same day, nothing is added. It locks the patron.
func (c *LoanService) ChargeAccrued(ctx context.Context, tx *postgres.Tx, desk Desk, patron patrons.Ref) ([]ledger.Entry, error) {
	var locked patrons.Patron
	var late []LateLoan
	patrons.AskLocked(tx, patron, &locked)
	AskLate(tx, patron, desk.Today(), &late)
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("read what has accrued: %w", err)
	}
	if locked.ID == broker.NoID {
		return nil, broker.NotFound("patron")
	}
	var out Outcome
	lenders := LendersFrom(desk)
	for _, loan := range late {
		lender, err := lenders.Of(ctx, tx, loan.Library, loan.Branch)
		if err != nil {
			return nil, err
		}
		opening := lender.Calendar()
		through := loan.Through(lender.Today(), opening)
		amount := loan.Accrues(lender)
		if amount.Minor == 0 && loan.Accrued == 0 {
			continue
		}
		s := settling{desk: desk, loan: loanOf(loan), through: through, parts: loan.Parts, fine: costs.OverdueFine(loan.Terms, loan.DueOn, through, opening)}
		if err := s.charge(tx, amount.Minor, &out); err != nil {
			return nil, err
		}
		ledger.SetAccrual(tx, ledger.Accrual{
			Account: loan.Account(), Loan: loan.ID, LoanLibrary: loan.Library,
			Amount: broker.Money{Currency: amount.Currency}, Through: through,
		})
	}
	return out.Charged, nil
}

// settleTo brings what was charged for the lateness to an amount. What staff
// waived of it stays waived.
func (s settling) settleTo(tx *postgres.Tx, minor int64, out *Outcome) error {
	money := s.money.OfPeriod(s.loan.period())
	charged := money.Charged.Minor - money.Corrected().Minor
	s.fine.Amount.Minor = minor
	if over := s.over(money, charged); over > 0 {
		return s.takeBack(tx, money, over, out)
	}
	return s.charge(tx, minor-charged, out)
}
