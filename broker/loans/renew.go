package loans

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/ledger"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Renew is a patron keeping an item of our own, or of the shared catalogue,
// longer.
type Renew struct {
	Desk standing.Desk
	Loan Ref
	// Channel is how it is asked for; if empty, no rule about channels applies.
	Channel rule.Channel
	// Given is how whoever asks was identified (lending.Renewal.Given).
	Given []string
	standing.Overriding
}

// renewFacts is what must be known before a loan is renewed.
type renewFacts struct {
	standing standing.Facts
	item     catalog.Item
	money    ledger.LoanMoney
	waiting  []holds.Waiters
	copies   int
	// lender is the desk that lent it, lentBy the rules it was lent by.
	lender standing.Desk
	lentBy *policy.Document
}

// Renew extends a loan, by the desk's policy. It refuses with every reason; a
// borrowed copy is refused with lender_decides, because the question goes to
// its lender. What an overdue loan has cost so far is charged first, unless the
// policy forgives it. Of two renewals at the same instant with one renewal
// left, one succeeds.
func (c *Service) Renew(ctx context.Context, tx *postgres.Tx, in Renew) (Outcome, error) {
	loan, err := Locked(ctx, tx, in.Loan)
	if err != nil {
		return Outcome{}, err
	}
	if loan.Status != Open {
		return Outcome{}, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	}
	if loan.Terms.Owner == rule.OwnerILL {
		return Outcome{}, broker.Refused("lender_decides", "A renewal of a borrowed item is asked of its lender, through the request.")
	}
	if !loan.ClaimedAt.IsZero() {
		return Outcome{}, broker.Conflict("claimed", "The patron says that this item is back: close the claim first.")
	}
	document, err := c.RulesFor(ctx, tx, in.Desk, loan.Patron)
	if err != nil {
		return Outcome{}, err
	}
	facts, err := readRenew(ctx, tx, in.Desk, loan)
	if err != nil {
		return Outcome{}, err
	}
	if facts.lender, err = standing.LendersFrom(in.Desk).Of(ctx, tx, loan.Library, loan.Branch); err != nil {
		return Outcome{}, err
	}
	if facts.lentBy, err = c.lentBy(ctx, tx, facts.lender, loan); err != nil {
		return Outcome{}, err
	}
	asked := facts.asked(document, in, loan)
	decision := lending.MayAskRenewal(document, in.Desk.Moment(), asked)
	reasons, passed := in.Split(decision.Reasons, in.Desk.Actor, true)
	if len(reasons) > 0 {
		return Outcome{}, broker.Refused("may_not_renew", "May not "+decision.Question+".", reasons...)
	}
	if err := in.Record(tx, in.Desk, rule.ActionRenew, loan.Patron, loan.ID, passed); err != nil {
		return Outcome{}, err
	}
	return c.renew(ctx, tx, in.Desk, in.Desk, document, loan, facts, passed)
}

func readRenew(ctx context.Context, tx *postgres.Tx, desk standing.Desk, loan Loan) (renewFacts, error) {
	var facts renewFacts
	askRenewing(tx, desk, loan, &facts)
	askOthers(tx, desk, loan, &facts)
	if err := tx.Flush(ctx); err != nil {
		return facts, fmt.Errorf("read for a renewal: %w", err)
	}
	return facts, facts.standing.AsOfToday(ctx, tx, standing.LendersFrom(desk))
}

// askRenewing queues reading the patron, the item and what the loan has cost.
func askRenewing(tx *postgres.Tx, desk standing.Desk, loan Loan, facts *renewFacts) {
	standing.Ask(tx, desk.Library, desk.Today(), loan.Patron, &facts.standing)
	catalog.AskItem(tx, loan.Item.Library, loan.Item.ID, &facts.item)
	AskFine(tx, loan, &facts.money)
}

// askOthers queues reading who else waits, and what could serve them instead.
func askOthers(tx *postgres.Tx, desk standing.Desk, loan Loan, facts *renewFacts) {
	holds.AskWaiters(tx, loan.Item, loan.Patron, desk.Today(), &facts.waiting)
	askOtherCopies(tx, loan.Item, &facts.copies)
}

// asked is the renewal in the terms of policies.
func (f renewFacts) asked(document *policy.Document, in Renew, loan Loan) lending.Renewal {
	others := 0
	for _, waiting := range f.waiting {
		if waiting.CouldUse(document, in.Desk, f.item) {
			others += waiting.Count
		}
	}
	return lending.Renewal{
		Patron: f.standing.Facts(in.Desk.Today()), Owner: loan.Terms.Owner, Item: loan.Terms.Item, Age: f.item.AgeMark, Audience: f.item.Audience,
		Due: loan.DueOn, Renewals: loan.Renewals, OtherHolds: others, OtherCopies: f.copies, Recalled: !loan.RecalledOn.IsZero(),
		OtherOverdue: f.standing.OtherLate(loan.Library, loan.ID), Channel: in.Channel, Given: in.Given,
		LentBy: f.lentBy, LentAs: f.lentAs(in.Desk, loan),
	}
}

// lentAs is what the rules of the loan are matched against.
func (f renewFacts) lentAs(desk standing.Desk, loan Loan) rule.Match {
	match := loan.MatchOf(f.item)
	if loan.Terms.Lent == nil {
		match.PatronAge = f.standing.Facts(desk.Today()).Age
	}
	return match
}

// renew moves the due date of a loan that may be renewed, by the rules it was
// lent by and as of the day at asked, which a night that is late reaches back
// to. A renewal never ends on a day that has passed then.
func (c *Service) renew(ctx context.Context, tx *postgres.Tx, desk, asked standing.Desk, document *policy.Document, loan Loan, facts renewFacts, passed []broker.Reason) (Outcome, error) {
	match := facts.lentAs(desk, loan)
	due := lending.RenewalDue(facts.lentBy, asked.Moment(), match, loan.DueOn).Value
	switch {
	case due.Before(asked.Today()):
		return Outcome{}, broker.Conflict("renewal_gains_nothing", "Renewed from %s it would be due on %s, which has passed: take it back and lend it anew.", loan.DueOn, due)
	case !due.After(loan.DueOn):
		return Outcome{}, broker.Conflict("renewal_gains_nothing", "It is due on %s already; a renewal today would not be later.", loan.DueOn)
	}
	var out Outcome
	out.Warnings = passed
	facts.standing.Latch(tx, desk, document)
	late, times := asked.Today().DaysSince(loan.DueOn), loan.Times()
	set := lending.SetAtRenewal(facts.lentBy, asked.Moment(), match, loan.DueOn)
	times = append(times, costs.Period{From: asked.Today(), Set: set, SetAt: desk.Now, Due: due})
	loan.Renewals++
	loan.keep(times, desk.Calendar())
	Save(tx, loan)
	out.SetLoan(loan)
	r := resettled{loan: loan, lender: facts.lender, lentBy: facts.lentBy, money: facts.money, why: ledger.CorrectedAtRenewal}
	if err := r.resettle(tx, desk, &out); err != nil {
		return Outcome{}, err
	}
	out.Say("Renewed: it is now due on %s.", due)
	return out, LatchLate(ctx, tx, c.Policies, desk, loan, late, out)
}

// lentBy gives the rules for a patron in force when the loan began: those of
// LentBy, or of the patron's home where it keeps its own wherever they borrow.
func (c *Service) lentBy(ctx context.Context, tx *postgres.Tx, lender standing.Desk, loan Loan) (*policy.Document, error) {
	then := lender
	then.Now, then.Branch = loan.StartedAt, loan.Branch
	document, err := c.RulesFor(ctx, tx, then, loan.Patron)
	if broker.IsKind(err, broker.KindNotFound) {
		return c.RulesFor(ctx, tx, lender, loan.Patron)
	}
	return document, err
}

// askOtherCopies asks how many other copies of an item's title stand on the
// shelf and could serve whoever waits.
func askOtherCopies(tx *postgres.Tx, item catalog.Ref, into *int) {
	tx.Queue(`select count(*)::int from items i join items o on o.library_id = i.library_id and o.title_id = i.title_id
		where i.library_id = $1 and i.id = $2 and o.id <> i.id and o.status = 'on_shelf' and o.lendable and o.request_id is null`,
		item.Library, item.ID).QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}
