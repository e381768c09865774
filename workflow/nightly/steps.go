package nightly

import (
	"context"
	"strings"

	"afield/broker/circulation"
	"afield/broker/postgres"
)

// steps lists the nightly work in the order it is done: what a patron owes
// before what follows from it, what is lost before notices about it.
func steps() []step {
	return []step{
		{name: "fines", size: 5000, next: overdueLoans, ranged: accrueFines},
		{name: "histories", size: 5000, next: returnedLoans, ranged: forgetBorrowers},
	}
}

// words says a step's name aloud.
func words(step string) string { return strings.ReplaceAll(step, "_", " ") }

func overdueLoans(ctx context.Context, tx *postgres.Tx, night *Night, after circulation.NightKey, limit int) ([]circulation.NightKey, error) {
	return circulation.OverdueBound(ctx, tx, night.Library.ID, night.On, after, limit)
}

func accrueFines(ctx context.Context, tx *postgres.Tx, night *Night, after, upTo circulation.NightKey) (int64, error) {
	return circulation.AccrueRange(ctx, tx, night.Library, night.Branches, night.Now, after, upTo)
}

func returnedLoans(ctx context.Context, tx *postgres.Tx, night *Night, after circulation.NightKey, limit int) ([]circulation.NightKey, error) {
	return circulation.ReturnedBound(ctx, tx, night.Library.ID, after, limit)
}

func forgetBorrowers(ctx context.Context, tx *postgres.Tx, night *Night, after, upTo circulation.NightKey) (int64, error) {
	returnedBy := night.Document.ForgetReturnedBy(night.moment()).Value
	return circulation.ForgetRange(ctx, tx, night.Library.ID, returnedBy, night.Now, after, upTo)
}
