package standing

import (
	"context"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// Lenders finds whose calendar and rules a loan goes by: those of the desk that
// lent it, wherever it is handed in. What it reads it keeps for the length of
// the act.
type Lenders struct {
	here     Desk
	branches map[broker.ID][]directory.Branch
	others   map[broker.ID]directory.Library
}

// LendersFrom is a Lenders that knows only the desk of the act.
func LendersFrom(desk Desk) *Lenders {
	return &Lenders{here: desk, branches: map[broker.ID][]directory.Branch{}, others: map[broker.ID]directory.Library{}}
}

// Of gives the desk of a library and branch that lent, as of now.
func (l *Lenders) Of(ctx context.Context, tx *postgres.Tx, lender, branch broker.ID) (Desk, error) {
	desk := l.here
	if lender != desk.Library.ID {
		library, found := l.others[lender]
		if !found {
			var err error
			if library, err = directory.Load(ctx, tx, lender); err != nil {
				return desk, err
			}
			l.others[lender] = library
		}
		desk = Desk{Library: library, Actor: desk.Actor, Now: desk.Now}
	}
	if branch != desk.Branch && branch != broker.NoID {
		if err := l.enter(ctx, tx, &desk, branch); err != nil {
			return desk, err
		}
	}
	return desk, nil
}

// enter moves a desk to another branch of its library, with that branch's
// calendar.
func (l *Lenders) enter(ctx context.Context, tx *postgres.Tx, desk *Desk, branch broker.ID) error {
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
