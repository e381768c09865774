package circulation

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// askStanding queues every question about a patron, their loans included, and
// locks the patron.
func askStanding(tx *postgres.Tx, library directory.Library, patron patrons.Ref, standing *patrons.Standing, oldestDue *broker.Date) {
	patrons.AskStanding(tx, library, patron, standing)
	askOldestDue(tx, patron, oldestDue)
}

// StandingOf gives everything about a patron that a policy may look at, and
// locks the patron until the transaction ends. now is business time.
func StandingOf(ctx context.Context, tx *postgres.Tx, desk Desk, patron patrons.Ref) (patrons.Standing, error) {
	var standing patrons.Standing
	var oldestDue broker.Date
	askStanding(tx, desk.Library, patron, &standing, &oldestDue)
	if err := tx.Flush(ctx); err != nil {
		return patrons.Standing{}, fmt.Errorf("read a patron's standing: %w", err)
	}
	if standing.Patron.ID == broker.NoID {
		return patrons.Standing{}, broker.NotFound("patron")
	}
	standing.DaysOverdue = daysOverdue(oldestDue, desk.today())
	return standing, nil
}

func daysOverdue(oldestDue, today broker.Date) int {
	if oldestDue.IsZero() {
		return 0
	}
	return max(0, today.DaysSince(oldestDue))
}
