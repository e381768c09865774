package loans

import (
	"context"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// AdjustmentKind says why due dates were moved together.
type AdjustmentKind string

// The two ways due dates move together.
const (
	AdjustedByClosure  AdjustmentKind = "closure"  // relief for an unforeseen closing
	AdjustedByDirector AdjustmentKind = "director" // somebody's decision, with a reason
)

// Adjustment is due dates moved together, as recorded.
type Adjustment struct {
	Library broker.ID
	ID      broker.ID
	Kind    AdjustmentKind
	// Closure is the closure that relief was given for; Branch narrows it to one
	// building's loans.
	Closure, Branch broker.ID
	// From and To bound the due dates that moved; NewDue is the date they moved
	// to. A loan may get a different date: an open day of its own branch, within
	// its lender's date.
	From, To, NewDue broker.Date
	Reason           string
	Rule             string
	By               broker.Actor
	At               time.Time
	ReversedAt       time.Time
	// Loans is how many loans it moved.
	Loans int
}

// DateMoved is how many loans move from one due date to another.
type DateMoved struct {
	From, To broker.Date
	Loans    int
}

// Moved is what an adjustment did, or would do.
type Moved struct {
	Adjustment
	Replayed bool
	// Dates sums the loans by where they came from and went, by date.
	Dates []DateMoved
	// Kept counts the loans due on those days that did not move: borrowed copies
	// whose lender's date allows no later one, or loans to which a rule gives no
	// relief.
	Kept int
	// TakenBack is by how much overdue fines came down, in all, for the library.
	TakenBack broker.Money
	// Moves are the loans that moved, with their new due dates.
	Moves []Loan
}

// AdjustDueDates is somebody's decision to move what is due on certain days.
type AdjustDueDates struct {
	Desk standing.Desk
	// Branch narrows it to loans of one building; NoID means all.
	Branch           broker.ID
	From, To, NewDue broker.Date
	Reason           string
	// ID makes the act repeatable: the same id again changes nothing. NoID makes a
	// new one.
	ID broker.ID
	// DryRun counts and changes nothing.
	DryRun bool
}

// AdjustDueDates moves due dates to a later day, in slices, and records which.
// A loan never gets an earlier date; a closed new date becomes the next open
// day; a borrowed copy never goes beyond its lender's date. It refuses an actor
// whom the policy does not name (closures.relief), and an act without a reason.
func (c *Service) AdjustDueDates(ctx context.Context, tx *postgres.Tx, in AdjustDueDates) (Moved, error) {
	if err := in.check(); err != nil {
		return Moved{}, err
	}
	document, err := c.Rules(in.Desk)
	if err != nil {
		return Moved{}, err
	}
	decision := lending.MayAdjustDueDates(document, in.Desk.Moment(), in.Desk.Actor.Roles, in.Reason)
	if err := decision.Err("adjustment_refused"); err != nil {
		return Moved{}, err
	}
	adjustment := Adjustment{
		Library: in.Desk.Library.ID, ID: in.ID, Kind: AdjustedByDirector, Branch: in.Branch, From: in.From, To: in.To, NewDue: in.NewDue,
		Reason: in.Reason, Rule: decision.Rule, By: in.Desk.Actor, At: in.Desk.Now,
	}
	return c.adjust(ctx, tx, in.Desk, adjustment, in.DryRun, moving{why: ledger.CorrectedAdjustment, touched: loansDue, move: in.move})
}

// move gives a loan the new date where that is later; a borrowed copy gets what
// its lender's date allows.
func (in AdjustDueDates) move(loan *Loan, lentBy *policy.Document, lender standing.Desk) {
	times, opening := loan.said(), lender.Calendar()
	word := costs.Word{At: lender.Now, Set: opening.NextOpenDay(in.NewDue), Lender: times[len(times)-1].Lender}
	times = costs.Say(times, word)
	last := &times[len(times)-1]
	due := settledDue(*loan, lentBy, lender, *last)
	if loan.Terms.Class == "library" || !due.After(loan.DueOn) {
		return
	}
	*last = last.Tell(due, lender.Today(), opening)
	loan.keep(times, opening)
}

func (in AdjustDueDates) check() error {
	var wrong []broker.FieldError
	if in.From.IsZero() || in.To.Before(in.From) {
		wrong = append(wrong, broker.FieldError{Pointer: "/due_to", Code: "ends_before_it_begins", Message: "must not be before due_from"})
	}
	if in.NewDue.Before(in.To) {
		wrong = append(wrong, broker.FieldError{Pointer: "/new_due", Code: "earlier", Message: "must not be earlier than the dates it replaces"})
	}
	if in.NewDue.Before(in.Desk.Today()) {
		wrong = append(wrong, broker.FieldError{Pointer: "/new_due", Code: "in_the_past", Message: "must not have passed"})
	}
	if wrong != nil {
		return broker.Invalid(wrong...)
	}
	return nil
}

// RelieveClosure works out again what was due on the days of a closure, once for
// each closure: after a planned one as the loan period says, after an unforeseen
// one as closures.relief says, for each loan by the rules it was lent by. The
// desk's library must have been read after the closure was entered. Fines for
// lateness on its days are worked out again too, of what is out and of what came
// back. Whoever asks tells the patrons of the Moves.
func (c *Service) RelieveClosure(ctx context.Context, tx *postgres.Tx, desk standing.Desk, closure directory.Closure) (Moved, error) {
	document, err := c.Rules(desk)
	if err != nil {
		return Moved{}, err
	}
	adjustment := Adjustment{
		Library: desk.Library.ID, Kind: AdjustedByClosure, Closure: closure.ID, Branch: closure.Branch, From: closure.From, To: closure.To,
		NewDue: desk.Library.Calendar.NextOpenDay(closure.To), Reason: closure.Reason, By: desk.Actor, At: desk.Now,
		Rule: lending.SettledDue(document, desk.Moment(), rule.Match{}, closure.From, broker.Date{}).Rule,
	}
	return c.adjust(ctx, tx, desk, adjustment, false, moving{why: ledger.CorrectedClosing, touched: loansTouched, move: settleAnew})
}

// settleAnew works all due dates of a loan out again from the dates that were
// set.
func settleAnew(loan *Loan, lentBy *policy.Document, lender standing.Desk) {
	times := loan.Times()
	for i := range times {
		if due := settledDue(*loan, lentBy, lender, times[i]); due != times[i].Due {
			times[i] = times[i].Tell(due, lender.Today(), lender.Calendar())
		}
	}
	if !sameTimes(times, loan.Times()) {
		loan.keep(times, lender.Calendar())
	}
}

// sameTimes tells whether two states of a loan have the same due dates, told on
// the same days.
func sameTimes(a, b []costs.Period) bool {
	return slices.EqualFunc(a, b, func(a, b costs.Period) bool {
		return a.Set == b.Set && a.Due == b.Due && a.Told == b.Told && a.Before == b.Before
	})
}

// moving is a way in which due dates move together.
type moving struct {
	why ledger.Correction
	// touched reads a slice of the loans it may concern, after one by id.
	touched func(ctx context.Context, tx *postgres.Tx, a Adjustment, today broker.Date, after broker.ID, limit int) ([]Loan, error)
	// move gives a loan its new due dates.
	move func(loan *Loan, lentBy *policy.Document, lender standing.Desk)
}

// adjustSlice is how many loans one statement moves.
const adjustSlice = 500

// adjust records an adjustment and moves what it concerns.
func (c *Service) adjust(ctx context.Context, tx *postgres.Tx, desk standing.Desk, adjustment Adjustment, dryRun bool, how moving) (Moved, error) {
	moved := Moved{Adjustment: adjustment, TakenBack: broker.Money{Currency: desk.Library.Currency}}
	if !dryRun {
		standing, err := standingAdjustment(ctx, tx, adjustment)
		if err != nil || standing.ID != broker.NoID {
			moved.Adjustment, moved.Replayed = standing, true
			return moved, err
		}
		if moved.ID == broker.NoID {
			moved.ID = broker.NewID()
		}
		if err := addAdjustment(tx, moved.Adjustment); err != nil {
			return moved, err
		}
	}
	return moved, c.moveAll(ctx, tx, desk, &moved, dryRun, how)
}

// moveAll moves due dates slice by slice, each loan as far as it may go, and
// settles what its lateness costs then.
func (c *Service) moveAll(ctx context.Context, tx *postgres.Tx, desk standing.Desk, moved *Moved, dryRun bool, how moving) error {
	branches, err := directory.Branches(ctx, tx, desk.Library.ID)
	if err != nil {
		return err
	}
	after := broker.NoID
	for {
		loans, err := how.touched(ctx, tx, moved.Adjustment, desk.Today(), after, adjustSlice)
		if err != nil {
			return err
		}
		widen(tx, loans)
		settle, err := c.moveSlice(tx, desk, branches, loans, moved, dryRun, how)
		if err != nil {
			return err
		}
		if !dryRun {
			back, err := c.resettleAll(ctx, tx, desk, settle)
			if err != nil {
				return err
			}
			moved.TakenBack.Minor += back
		}
		if len(loans) < adjustSlice {
			return nil
		}
		after = loans[len(loans)-1].ID
	}
}

// widen lets a transaction see the patrons and items of loans, which may be
// those of other libraries of the catalogue.
func widen(tx *postgres.Tx, loans []Loan) {
	if len(tx.Libraries()) == 0 {
		return // it sees every library already
	}
	for _, loan := range loans {
		for _, library := range []broker.ID{loan.Patron.Library, loan.Item.Library} {
			if !slices.Contains(tx.Libraries(), library) {
				tx.Widen(library)
			}
		}
	}
}

// moveSlice moves the due dates of some loans, and gives those whose fines may
// differ now.
func (c *Service) moveSlice(tx *postgres.Tx, desk standing.Desk, branches []directory.Branch, loans []Loan, moved *Moved, dryRun bool, how moving) (settle []resettled, err error) {
	var changes []dueChange
	for _, before := range loans {
		one := resettled{loan: before, lender: lenderOf(desk, branches, before), why: how.why, said: moved.Reason}
		if one.lentBy, err = LentBy(c.Policies, one.lender, before); err != nil {
			return nil, err
		}
		how.move(&one.loan, one.lentBy, one.lender)
		due := one.loan.DueOn
		switch {
		case due != before.DueOn && before.Status == Open:
			moved.count(before.DueOn, due)
			moved.Moves = append(moved.Moves, one.loan)
			changes = append(changes, dueChange{loan: one.loan, before: before.DueOn})
		case !dryRun && !sameTimes(one.loan.Times(), before.Times()):
			Save(tx, one.loan) // the due date of a time out that is over
		}
		if due == before.DueOn && before.Status == Open && !due.Before(moved.From) && !due.After(moved.To) {
			moved.Kept++
		}
		if before.Status != Open || before.Renewals > 0 || before.DueOn.Before(desk.Today()) {
			settle = append(settle, one)
		}
	}
	if !dryRun {
		moveLoans(tx, moved.Adjustment, changes)
	}
	return settle, nil
}

// lenderOf is the desk of the building that lent.
func lenderOf(desk standing.Desk, branches []directory.Branch, loan Loan) standing.Desk {
	desk.Branch, desk.Opening = broker.NoID, nil
	return desk.At(branches, loan.Branch)
}

func (m *Moved) count(from, to broker.Date) {
	m.Loans++
	for i := range m.Dates {
		if m.Dates[i].From == from && m.Dates[i].To == to {
			m.Dates[i].Loans++
			return
		}
	}
	m.Dates = append(m.Dates, DateMoved{from, to, 1})
	slices.SortFunc(m.Dates, func(a, b DateMoved) int {
		if a.From != b.From {
			return a.From.Compare(b.From)
		}
		return a.To.Compare(b.To)
	})
}
