package nightly

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/postgres"
	"afield/workflow/requests"
)

func longOverdue(ctx context.Context, tx *postgres.Tx, night *Night, after circulation.NightKey, limit int) ([]circulation.NightKey, error) {
	dueBy, ever := night.Document.LostDueBy(night.moment())
	if !ever {
		return nil, nil
	}
	return circulation.LongOverdue(ctx, tx, night.Library.ID, dueBy, false, after, limit)
}

func declareLost(ctx context.Context, tx *postgres.Tx, night *Night, loan broker.ID) (bool, error) {
	return night.lose(ctx, tx, loan, false)
}

func oldClaims(ctx context.Context, tx *postgres.Tx, night *Night, after circulation.NightKey, limit int) ([]circulation.NightKey, error) {
	dueBy, ever := night.Document.ClaimDueBy(night.moment())
	if !ever {
		return nil, nil
	}
	return circulation.LongOverdue(ctx, tx, night.Library.ID, dueBy, true, after, limit)
}

func chargeClaim(ctx context.Context, tx *postgres.Tx, night *Night, loan broker.ID) (bool, error) {
	return night.lose(ctx, tx, loan, true)
}

// lose declares a loan lost; where nobody knows the price, staff are asked for it
// instead.
func (n *Night) lose(ctx context.Context, tx *postgres.Tx, loan broker.ID, claimed bool) (bool, error) {
	lost, err := n.nights.config.Desk.LoseByAge(ctx, tx, n.at(), loan, claimed)
	if priceUnknown(err) {
		return false, n.askPrice(ctx, tx, circulation.LoanRef{Library: n.Library.ID, ID: loan})
	}
	return lost, err
}

func priceUnknown(err error) bool {
	ours, known := broker.AsError(err)
	return known && ours.Code == "price_unknown"
}

// askPrice puts before staff that an item is lost and cannot be charged yet.
func (n *Night) askPrice(ctx context.Context, tx *postgres.Tx, ref circulation.LoanRef) error {
	loan, err := circulation.LoanByID(ctx, tx, ref)
	if err != nil {
		return err
	}
	item, err := catalog.LoadItem(ctx, tx, loan.Item.Library, loan.Item.ID, false)
	if err != nil {
		return err
	}
	requests.OpenHouseTask(tx, n.Library.ID, "price_needed",
		fmt.Sprintf("Item %s was due on %s and counts as lost; its price is not known. Enter the price, or declare it lost with one.", item.Barcode, loan.DueOn), n.Now)
	return nil
}
