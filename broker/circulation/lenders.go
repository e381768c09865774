package circulation

import (
	"context"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/lending"
	"afield/broker/postgres"
)

// lenders finds whose calendar and rules a loan goes by: those of the desk that
// lent it, wherever it is handed in. What was read is kept for the act.
type lenders struct {
	here     Desk
	branches map[broker.ID][]directory.Branch
	others   map[broker.ID]directory.Library
}

func lendersFrom(desk Desk) *lenders {
	return &lenders{here: desk, branches: map[broker.ID][]directory.Branch{}, others: map[broker.ID]directory.Library{}}
}

// of gives the desk that lent, as of now.
func (l *lenders) of(ctx context.Context, tx *postgres.Tx, loan Loan) (Desk, error) {
	desk := l.here
	if loan.Library != desk.Library.ID {
		library, found := l.others[loan.Library]
		if !found {
			var err error
			if library, err = directory.Load(ctx, tx, loan.Library); err != nil {
				return desk, err
			}
			l.others[loan.Library] = library
		}
		desk = Desk{Library: library, Actor: desk.Actor, Now: desk.Now}
	}
	if loan.Branch != desk.Branch && loan.Branch != broker.NoID {
		if err := l.enter(ctx, tx, &desk, loan.Branch); err != nil {
			return desk, err
		}
	}
	return desk, nil
}

// enter puts a desk into another branch of its library, with that branch's
// calendar.
func (l *lenders) enter(ctx context.Context, tx *postgres.Tx, desk *Desk, branch broker.ID) error {
	branches, found := l.branches[desk.Library.ID]
	if !found {
		var err error
		if branches, err = directory.Branches(ctx, tx, desk.Library.ID); err != nil {
			return err
		}
		l.branches[desk.Library.ID] = branches
	}
	desk.Branch, desk.Opening = branch, nil
	for _, known := range branches {
		if known.ID == branch {
			desk.Opening = known.Calendar
		}
	}
	return nil
}

// rulesFor gives the policy by which a desk lends to a patron: the desk's own, or,
// for a patron of another library of the group whose home keeps its own rules
// wherever they borrow, that of their home.
func (c *Circulation) rulesFor(ctx context.Context, tx *postgres.Tx, desk Desk, patron patrons.Ref) (*policy.Document, error) {
	document, err := c.Rules(desk)
	if err != nil || patron.Library == desk.Library.ID || patron.ID == broker.NoID {
		return document, err
	}
	_, home, err := c.rulesOf(ctx, tx, desk, patron.Library)
	if err != nil || lending.LoanRulesOf(home) == attributes.RulesOfLocation {
		return document, err
	}
	return home, nil
}
