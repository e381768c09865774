package counter

import (
	"context"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/workflow/requests/items"
)

// Watch looks after the queues of some titles at a library, after an act that
// may have taken their last copy or brought one back; none means all its queues.
// The requests whose holds no copy can fill look elsewhere. It returns how many
// holds were found to be stranded.
func (c *Counter) Watch(ctx context.Context, tx *postgres.Tx, at At, library broker.ID, titles ...broker.ID) (int, error) {
	count, served, err := c.Waiting.Watch(ctx, tx, at.Now, library, titles...)
	if err != nil {
		return 0, err
	}
	for _, hold := range served {
		if _, err := c.FireOrNote(ctx, tx, at, items.NoCopyFor(hold, at.Actor)); err != nil {
			return 0, err
		}
	}
	return count, nil
}

// WatchItem is Watch for the title of an item on which an act was done, where the
// act may have moved it between what can be lent and what cannot.
func (c *Counter) WatchItem(ctx context.Context, tx *postgres.Tx, at At, outcome loans.Outcome) error {
	if outcome.Replayed || outcome.Item == nil || outcome.Item.Temporary() || outcome.Item.Title == broker.NoID {
		return nil
	}
	_, err := c.Watch(ctx, tx, at, outcome.Item.Library, outcome.Item.Title)
	return err
}
