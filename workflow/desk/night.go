package desk

import (
	"context"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk/counter"
)

// LoseByAge declares those of some loans lost that are long overdue, or ends
// the claims whose item was not found in time, and tells the patrons what it
// costs. It returns how many were lost, and those with no known price, which
// stay as they are.
func (s *Service) LoseByAge(ctx context.Context, tx *postgres.Tx, at counter.At, lent []broker.ID, claimed bool) (lost int, unpriced []loans.Outcome, err error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return 0, nil, err
	}
	outcomes, err := s.counter.Returns.LoseByAge(ctx, tx, desk, lent, claimed)
	if err != nil {
		return 0, nil, err
	}
	var done []loans.Outcome
	for _, outcome := range outcomes {
		if outcome.Failed != nil {
			unpriced = append(unpriced, outcome)
		} else {
			done = append(done, outcome)
		}
	}
	if err := counter.TellOfLoans(ctx, tx, at, done); err != nil {
		return 0, nil, err
	}
	return len(done), unpriced, s.watchLost(ctx, tx, at, done)
}

// losesFirst declares a loan lost, before an act on it, where the day of the rule
// that says so has come and no night has run since: the act finds it as if the
// night had. Where the night would ask for a price, or nothing is due to be lost,
// it does nothing.
func (s *Service) losesFirst(ctx context.Context, tx *postgres.Tx, at counter.At, desk standing.Desk, loan loans.Loan) error {
	if loan.Status != loans.Open || loan.SettledElsewhere() || !loan.SeenBackOn.IsZero() || !desk.Today().After(loan.DueOn) {
		return nil
	}
	_, _, err := s.LoseByAge(ctx, tx, at, []broker.ID{loan.ID}, !loan.ClaimedAt.IsZero())
	return err
}

// watchLost looks after the queues of what was just lost.
func (s *Service) watchLost(ctx context.Context, tx *postgres.Tx, at counter.At, lost []loans.Outcome) error {
	titles := map[broker.ID][]broker.ID{} // by the owning library
	for _, outcome := range lost {
		if item := outcome.Item; item.Title != broker.NoID && !item.Temporary() {
			titles[item.Library] = append(titles[item.Library], item.Title)
		}
	}
	for library, lost := range titles {
		if _, err := s.counter.Watch(ctx, tx, at, library, lost...); err != nil {
			return err
		}
	}
	return nil
}

// RenewByItself renews a loan where the policy does so without being asked, and
// tells the patron the new due date. It returns whether it was renewed; if not,
// nobody is told.
func (s *Service) RenewByItself(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID) (bool, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return false, err
	}
	outcome, err := s.counter.Loans.RenewByItself(ctx, tx, desk, loans.Ref{Library: at.Library, ID: loan})
	if err != nil || outcome.Loan == nil {
		return false, err
	}
	renewed := *outcome.Loan
	patron, err := patrons.ByID(ctx, tx, renewed.Patron)
	if err != nil {
		return false, err
	}
	title, err := counter.TitleOf(ctx, tx, outcome.Item.Title)
	if err != nil {
		return false, err
	}
	notices.Make(tx, patron, notices.Message{
		Kind: notices.RenewalGranted, Loan: renewed.ID, Cause: "renewed:" + renewed.ID.String() + ":" + renewed.DueOn.String(),
		Facts: notices.Facts{Title: title, DueOn: renewed.DueOn},
	}, at.Now)
	return true, nil
}
