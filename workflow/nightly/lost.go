package nightly

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/workflow/requests/tasks"
)

func longOverdue(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) ([]loans.NightKey, error) {
	dueBy, ever := costs.LostDueBy(night.Document, night.moment())
	if !ever {
		return nil, nil
	}
	return loans.LongOverdue(ctx, tx, night.Library.ID, dueBy, false, night.Document.Version(), after, limit)
}

func declareLost(ctx context.Context, tx *postgres.Tx, night *Night, loans []broker.ID) (int64, error) {
	return night.lose(ctx, tx, loans, false)
}

func oldClaims(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) ([]loans.NightKey, error) {
	dueBy, ever := costs.ClaimDueBy(night.Document, night.moment())
	if !ever {
		return nil, nil
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
