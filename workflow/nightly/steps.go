package nightly

import (
	"context"
	"strings"

	"afield/broker/circulation"
	"afield/broker/notices"
	"afield/broker/postgres"
)

// steps lists the nightly work in the order it is done: what a patron owes
// before what follows from it, what is lost before notices about it.
func steps() []step {
	return []step{
		{name: "fines", size: 5000, next: overdueLoans, ranged: accrueFines},
		{name: "overdue_notices", size: 500, again: tellOfOverdue},
		{name: "reminders", size: 500, again: remindOfDue},
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

func tellOfOverdue(ctx context.Context, tx *postgres.Tx, night *Night, limit int) (int, error) {
	return notices.OverdueSlice(ctx, tx, night.Library, night.Document, night.Now, limit)
}

func remindOfDue(ctx context.Context, tx *postgres.Tx, night *Night, limit int) (int, error) {
	return notices.DueSoonSlice(ctx, tx, night.Library, night.Document, night.Now, limit)
}

func returnedLoans(ctx context.Context, tx *postgres.Tx, night *Night, after circulation.NightKey, limit int) ([]circulation.NightKey, error) {
	return circulation.ReturnedBound(ctx, tx, night.Library.ID, after, limit)
}

func forgetBorrowers(ctx context.Context, tx *postgres.Tx, night *Night, after, upTo circulation.NightKey) (int64, error) {
	returnedBy := night.Document.ForgetReturnedBy(night.moment()).Value
	return circulation.ForgetRange(ctx, tx, night.Library.ID, returnedBy, night.Now, after, upTo)
}
