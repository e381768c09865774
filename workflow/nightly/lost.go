package nightly

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/requests/tasks"
)

func longOverdue(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) ([]loans.NightKey, error) {
	dueBy, err := night.latestDue(ctx, tx, costs.LostDueBy)
	if err != nil || dueBy.IsZero() {
		return nil, err
	}
	return loans.LongOverdue(ctx, tx, night.Library.ID, dueBy, false, night.Document.Version(), after, limit)
}

// latestDue gives the latest due date for which the rules that any overdue loan
// was lent by could say that its time has come; zero where none ever do. It
// narrows a search.
func (n *Night) latestDue(ctx context.Context, tx *postgres.Tx, by func(*policy.Document, policy.Moment) (broker.Date, bool)) (latest broker.Date, err error) {
	if n.lentBy == nil {
		if n.lentBy, err = n.rulesInUse(ctx, tx, n.Library.Today(n.Now)); err != nil {
			return latest, err
		}
	}
	for _, document := range n.lentBy {
		if due, ever := by(document, n.moment()); ever && due.After(latest) {
			latest = due
		}
	}
	return latest, nil
}

// rulesInUse gives the documents that the library's loans due before a day were
// lent by, and today's.
func (n *Night) rulesInUse(ctx context.Context, tx *postgres.Tx, before broker.Date) ([]*policy.Document, error) {
	first, err := loans.FirstOfEachVersion(ctx, tx, n.Library.ID, before)
	documents := []*policy.Document{n.Document}
	for _, loan := range first {
		document, err := loans.LentBy(n.nights.config.Policies, standing.Desk{Library: n.Library, Now: n.Now}, loan)
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	return documents, err
}

func declareLost(ctx context.Context, tx *postgres.Tx, night *Night, loans []broker.ID) (int64, error) {
	return night.lose(ctx, tx, loans, false)
}

func oldClaims(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) ([]loans.NightKey, error) {
	dueBy, err := night.latestDue(ctx, tx, costs.ClaimDueBy)
	if err != nil || dueBy.IsZero() {
		return nil, err
	}
	return loans.LongOverdue(ctx, tx, night.Library.ID, dueBy, true, night.Document.Version(), after, limit)
}

func chargeClaims(ctx context.Context, tx *postgres.Tx, night *Night, loans []broker.ID) (int64, error) {
	return night.lose(ctx, tx, loans, true)
}

// lose declares loans lost; where nobody knows the price, staff are asked for
// it instead, once.
func (n *Night) lose(ctx context.Context, tx *postgres.Tx, lent []broker.ID, claimed bool) (int64, error) {
	lost, unpriced, err := n.nights.config.Desk.LoseByAge(ctx, tx, n.at(), lent, claimed)
	for _, one := range unpriced {
		tasks.OpenForLibrary(tx, n.Library.ID, "price_needed",
			fmt.Sprintf("Item %s was due on %s and counts as lost; its price is not known. Enter the price, or declare it lost with one.", one.Item.Barcode, one.Loan.DueOn), n.Now)
		loans.PriceAsked(tx, one.Loan.Ref, n.Document.Version())
	}
	return int64(lost), err
}
