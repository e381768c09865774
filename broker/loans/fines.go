package loans

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
	"afield/broker/standing"
)

// Period is which of its periods a loan is in: the first ends with the first due
// date, and each renewal begins the next.
func (l Loan) Period() int { return l.Renewals + 1 }

// overdueCause is the key of what a loan's lateness costs in its present
// period. The keys of parts charged before the end begin with it.
func overdueCause(loan Loan) string {
	return "overdue:" + loan.ID.String() + ":" + strconv.Itoa(loan.Renewals)
}

// throughCause is the key of one charge of a fine that may still grow. It
// counts the charges made before for the same due date, because one of the same
// day may have been reversed, or the due date may have been different.
func throughCause(loan Loan, through string, parts int) string {
	cause := overdueCause(loan) + ":through:" + through
	if parts > 0 {
		cause += "." + strconv.Itoa(parts+1)
	}
	return cause
}

// AccountOf is the account charged for a loan.
func AccountOf(loan Loan) ledger.Account {
	return ledger.OfPatron(loan.Patron.Library, loan.Patron.ID, loan.Terms.Overdue.Rate.Currency)
}

// AskFine queues reading what is on the account for a loan's lateness, and
// locks it.
func AskFine(tx *postgres.Tx, loan Loan, into *ledger.LoanMoney) {
	ledger.AskLoan(tx, AccountOf(loan), loan.ID, ledger.Overdue, into)
}

// Settling is a loan's fine at the moment it is settled.
type Settling struct {
	Desk standing.Desk
	Loan Loan
	// Through is the day up to which the lateness is counted, fine what it amounts
	// to; forgiven where nothing is owed whatever the day.
	Through  broker.Date
	Fine     costs.Fine
	Forgiven bool
	Opening  *calendar.Calendar
	// Money is what is on the account for the loan's lateness.
	Money ledger.LoanMoney
	// Why is why something may have to be reversed; last tells that nothing can be
	// added for this due date later.
	Why  ledger.Correction
	Last bool
	// LostOn is the day the item was lost, where that is the reason.
	LostOn broker.Date
	// Ended tells that the days of this due date are over: it is worked out again,
	// and what was waived of it does not grow anew.
	Ended bool
	// Said is why, in words, where the due date and the days do not say it.
	Said string
	// parts is how many charges were made for this due date before.
	parts int
}

// Settle brings what is charged for a loan's lateness to the right amount: the
// difference is charged or reversed, and what was overpaid becomes a credit.
// What staff waived stays waived.
func (s Settling) Settle(tx *postgres.Tx, out *Outcome) error {
	money := s.Money.OfPeriod(s.Loan.Period())
	undone := money.Corrected().Minor
	charged := money.Charged.Minor - undone
	if over := s.over(money, charged); over > 0 {
		return s.takeBack(tx, money, over, out)
	}
	s.parts = money.Parts()
	return s.charge(tx, s.more(charged, money.Adjusted.Minor-undone), out)
}

// over is how much of what was charged is to be reversed: no more than is left
// of it. What grew after a part was waived stands.
func (s Settling) over(money ledger.LoanMoney, charged int64) int64 {
	waived := money.Adjusted.Minor - money.Corrected().Minor
	most := min(s.Fine.Uncapped.Minor, s.Fine.Amount.Minor+waived)
	return min(max(0, charged-most), money.Stands().Minor)
}

// more is what is to be added to what was charged and adjusted.
func (s Settling) more(charged, adjusted int64) int64 {
	fine := s.Loan.Terms.Overdue
	if s.Forgiven || s.Ended || fine.Per == attributes.PerHour {
		return max(0, s.Fine.Amount.Minor-charged)
	}
	return costs.Accrue(s.Loan.Terms, s.Loan.DueOn, s.Through, s.Opening, costs.Posted{
		Charged:  broker.Money{Minor: charged, Currency: fine.Rate.Currency},
		Adjusted: broker.Money{Minor: adjusted, Currency: fine.Rate.Currency},
	}).Minor
}

func (s Settling) takeBack(tx *postgres.Tx, money ledger.LoanMoney, minor int64, out *Outcome) error {
	amount := broker.Money{Minor: minor, Currency: money.Charged.Currency}
	answer := ledger.Answer{
		Cause: overdueCause(s.Loan) + ":back:" + string(s.Why), Correction: s.Why, Note: s.note(), Actor: s.Desk.Actor, At: s.Desk.Now,
	}
	if s.Why == ledger.CorrectedAtLoss {
		answer.LostOn = s.LostOn
		answer.Cause += ":" + s.LostOn.String()
	}
	// The loan is locked and the amount comes from what is on the account now, so
	// a second correction of the same kind is a new one: an item lost, found and
	// lost again.
	if before := money.Corrections(s.Why); before > 0 {
		answer.Cause += "." + strconv.Itoa(before+1)
	}
	entries, err := ledger.TakeBack(tx, money, amount, answer)
	out.TakenBack = append(out.TakenBack, entries...)
	out.Say("Of the overdue fine %s is taken back.", amount)
	return err
}

func (s Settling) charge(tx *postgres.Tx, minor int64, out *Outcome) error {
	if minor <= 0 {
		return nil
	}
	cause := overdueCause(s.Loan)
	if s.Last && s.Money.Has(cause) {
		cause = throughCause(s.Loan, s.Through.String(), s.parts)
	}
	if !s.Last {
		through := s.Through.String()
		if s.Loan.Terms.Overdue.Per == attributes.PerHour {
			through += s.Desk.Now.UTC().Format("T15:04")
		}
		cause = throughCause(s.Loan, through, s.parts)
	}
	entry, err := ledger.Post(tx, ledger.Charge{
		Account: AccountOf(s.Loan), Kind: ledger.Overdue, Amount: broker.Money{Minor: minor, Currency: s.Fine.Amount.Currency},
		Cause: cause, Rule: s.Fine.Rule, Clause: s.Fine.Clause, Note: s.note(), Loan: s.Loan.ID, Request: s.Loan.Request,
		Period: s.Loan.Period(), Actor: s.Desk.Actor, At: s.Desk.Now,
	})
	if err != nil {
		return err
	}
	out.Charged = append(out.Charged, entry)
	out.Say("Overdue fine: %s, for %d days.", entry.Amount, s.Fine.Days)
	return nil
}

func (s Settling) note() string {
	if s.Forgiven {
		return fmt.Sprintf("due %s, forgiven", s.Loan.DueOn)
	}
	if s.Said != "" {
		return s.Said
	}
	note := fmt.Sprintf("due %s, %d days late", s.Loan.DueOn, s.Fine.Days)
	if s.Fine.Capped {
		note += ", at most " + s.Fine.Amount.String()
	}
	return note
}

// late is a loan with what is on its account for this due date.
func late(loan Loan, posted ledger.LoanMoney) standing.LateLoan {
	money := posted.OfPeriod(loan.Period())
	undone := money.Corrected().Minor
	late := loan.Late()
	late.Charged, late.Adjusted = money.Charged.Minor-undone, money.Adjusted.Minor-undone
	return late
}

// ChargeAccrued charges what a patron's overdue loans have accrued up to today:
// before a payment, so that it can be paid. The loans stay as they are and go
// on accruing; called again the same day, it adds nothing. It locks the patron.
func (c *Service) ChargeAccrued(ctx context.Context, tx *postgres.Tx, desk standing.Desk, patron patrons.Ref) ([]ledger.Entry, error) {
	var locked patrons.Patron
	var late []standing.LateLoan
	patrons.AskLocked(tx, patron, &locked)
	standing.AskLate(tx, patron, desk.Today(), &late)
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("read what has accrued: %w", err)
	}
	if locked.ID == broker.NoID {
		return nil, broker.NotFound("patron")
	}
	var out Outcome
	lenders := standing.LendersFrom(desk)
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
		s := Settling{Desk: desk, Loan: loanOf(loan), Through: through, parts: loan.Parts, Fine: costs.OverdueFine(loan.Terms, loan.DueOn, through, opening)}
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

// SettleTo brings what was charged for the lateness to an amount. What staff
// waived of it stays waived.
func (s Settling) SettleTo(tx *postgres.Tx, minor int64, out *Outcome) error {
	money := s.Money.OfPeriod(s.Loan.Period())
	charged := money.Charged.Minor - money.Corrected().Minor
	s.Fine.Amount.Minor, s.Fine.Uncapped.Minor = minor, minor
	if over := s.over(money, charged); over > 0 {
		return s.takeBack(tx, money, over, out)
	}
	return s.charge(tx, minor-charged, out)
}
