package nightly

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/notices"
	"afield/broker/patrons"
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
	ref := circulation.LoanRef{Library: night.Library.ID, ID: loan}
	out, err := night.nights.config.Circulation.LostByAge(ctx, tx, night.desk(), ref)
	return night.lost(ctx, tx, ref, out, err)
}

func oldClaims(ctx context.Context, tx *postgres.Tx, night *Night, after circulation.NightKey, limit int) ([]circulation.NightKey, error) {
	dueBy, ever := night.Document.ClaimDueBy(night.moment())
	if !ever {
		return nil, nil
	}
	return circulation.LongOverdue(ctx, tx, night.Library.ID, dueBy, true, after, limit)
}

func chargeClaim(ctx context.Context, tx *postgres.Tx, night *Night, loan broker.ID) (bool, error) {
	ref := circulation.LoanRef{Library: night.Library.ID, ID: loan}
	out, err := night.nights.config.Circulation.ClaimByAge(ctx, tx, night.desk(), ref)
	return night.lost(ctx, tx, ref, out, err)
}

// lost follows a loss: the patron is told what it costs, and where nobody knows
// the price, staff are asked for it instead.
func (n *Night) lost(ctx context.Context, tx *postgres.Tx, ref circulation.LoanRef, out circulation.Outcome, err error) (bool, error) {
	if priceUnknown(err) {
		return false, n.askPrice(ctx, tx, ref)
	}
	if err != nil || out.Loan == nil {
		return false, err
	}
	return true, n.tellOfLoss(ctx, tx, out)
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

func (n *Night) tellOfLoss(ctx context.Context, tx *postgres.Tx, out circulation.Outcome) error {
	loan := *out.Loan
	patron, err := patrons.ByID(ctx, tx, loan.Patron)
	if err != nil {
		return err
	}
	sum := broker.Money{Currency: n.Library.Currency}
	for _, charge := range out.Charged {
		if charge.ChargeKind != ledger.Overdue {
			sum = sum.Plus(charge.Amount)
		}
	}
	facts := notices.Facts{DueOn: loan.DueOn}
	if sum.Minor > 0 {
		facts.Amount = &sum
	}
	if item := out.Item; item != nil && item.Title != broker.NoID {
		title, err := catalog.LoadTitle(ctx, tx, item.Title)
		if err != nil {
			return err
		}
		facts.Title = title.Title
	}
	notices.Make(tx, patron, notices.Message{
		Kind: notices.Lost, Loan: loan.ID, Facts: facts, Cause: "lost:" + loan.ID.String() + ":" + loan.LostOn.String(),
	}, n.Now)
	return nil
}
