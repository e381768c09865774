package loans

import (
	"context"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/policy"
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
	return c.adjust(ctx, tx, in.Desk, adjustment, in.DryRun, func(_ Loan, opening *calendar.Calendar) broker.Date {
		return opening.NextOpenDay(in.NewDue)
	})
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

// RelieveClosure extends what was due on the days of an unforeseen closure to
// the next open day, where the policy says so (closures.relief), once for each
// closure. The desk's library must have been read after the closure was
// entered. What came back before it was entered is charged as if it had been
// known then: what was charged too much is reversed. After an emergency closing
// the closed days cost nothing either, whichever days the policy counts. A
// planned closure gives no relief.
func (c *Service) RelieveClosure(ctx context.Context, tx *postgres.Tx, desk standing.Desk, closure directory.Closure, dryRun bool) (Moved, error) {
	document, err := c.Rules(desk)
	if err != nil {
		return Moved{}, err
	}
	adjustment := Adjustment{
		Library: desk.Library.ID, Kind: AdjustedByClosure, Closure: closure.ID, Branch: closure.Branch, From: closure.From, To: closure.To,
		NewDue: desk.Library.Calendar.NextOpenDay(closure.To), Reason: closure.Reason, By: desk.Actor, At: desk.Now,
	}
	if closure.Kind == directory.ClosurePlanned {
		return Moved{Adjustment: adjustment, TakenBack: broker.Money{Currency: desk.Library.Currency}}, nil
	}
	adjustment.Rule = lending.ReliefDue(document, desk.Moment(), rule.Match{}, closure.From).Rule
	relieved := func(loan Loan, opening *calendar.Calendar) broker.Date {
		at := policy.Moment{Now: desk.Now, Calendar: opening}
		match := rule.Match{Owner: loan.Terms.Owner, Class: loan.Terms.Class, Item: loan.Terms.Item}
		return lending.ReliefDue(document, at, match, loan.DueOn).Value
	}
	moved, err := c.adjust(ctx, tx, desk, adjustment, dryRun, relieved)
	if err != nil || moved.Replayed {
		return moved, err
	}
	return moved, c.voidClosedDays(ctx, tx, desk, closure, dryRun, &moved, func(loan Loan, opening *calendar.Calendar) broker.Date {
		return furthest(document, loan, relieved(loan, opening), policy.Moment{Now: desk.Now, Calendar: opening})
	})
}

// adjustSlice is how many loans one statement moves.
const adjustSlice = 500

// adjust moves what is due on the adjustment's days, slice by slice, each loan
// as far as it may go.
func (c *Service) adjust(ctx context.Context, tx *postgres.Tx, desk standing.Desk, adjustment Adjustment, dryRun bool, to func(Loan, *calendar.Calendar) broker.Date) (Moved, error) {
	moved := Moved{Adjustment: adjustment, TakenBack: broker.Money{Currency: desk.Library.Currency}}
	if !dryRun {
		standing, err := standingAdjustment(ctx, tx, adjustment)
		if err != nil || standing.ID != broker.NoID {
			moved.Adjustment, moved.Replayed = standing, true
			return moved, err
		}
		if adjustment.ID == broker.NoID {
			adjustment.ID = broker.NewID()
		}
		moved.ID = adjustment.ID
		if err := addAdjustment(tx, adjustment); err != nil {
			return moved, err
		}
	}
	document, err := c.Rules(desk)
	if err != nil {
		return moved, err
	}
	openings, err := openingsOf(ctx, tx, desk)
	if err != nil {
		return moved, err
	}
	after := broker.NoID
	for {
		loans, err := loansDue(ctx, tx, adjustment, after, adjustSlice)
		if err != nil {
			return moved, err
		}
		var changes []dueChange
		for _, loan := range loans {
			opening := openings.of(loan)
			due := furthest(document, loan, to(loan, opening), policy.Moment{Now: desk.Now, Calendar: opening})
			if !due.After(loan.DueOn) {
				moved.Kept++
				continue
			}
			changes = append(changes, dueChange{loan: loan, due: due, at: opening.EndOfBusiness(due)})
			moved.count(loan.DueOn, due)
		}
		if !dryRun {
			moveLoans(tx, adjustment, changes)
			if err := c.amend(ctx, tx, desk, openings, adjustment, changes, &moved); err != nil {
				return moved, err
			}
		}
		if len(loans) < adjustSlice {
			return moved, nil
		}
		after = loans[len(loans)-1].ID
	}
}

// furthest is the latest date a loan may move to: for a borrowed copy, what its
// lender's date leaves the patron.
func furthest(document *policy.Document, loan Loan, due broker.Date, at policy.Moment) broker.Date {
	if loan.Terms.Owner != rule.OwnerILL {
		return due
	}
	if loan.Terms.LenderDue.IsZero() {
		return loan.DueOn
	}
	return due.Earlier(lending.ILLDueDate(document, at, loan.Terms.LenderDue).Due)
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

// openings are the calendars of a library's buildings.
type openings struct {
	general  *calendar.Calendar
	branches map[broker.ID]*calendar.Calendar
}

func openingsOf(ctx context.Context, tx *postgres.Tx, desk standing.Desk) (openings, error) {
	all := openings{general: desk.Library.Calendar, branches: map[broker.ID]*calendar.Calendar{}}
	branches, err := directory.Branches(ctx, tx, desk.Library.ID)
	for _, branch := range branches {
		all.branches[branch.ID] = branch.Calendar
	}
	return all, err
}

// of is the calendar of the building that lent.
func (o openings) of(loan Loan) *calendar.Calendar {
	if own := o.branches[loan.Branch]; own != nil {
		return own
	}
	return o.general
}
