package holds

import (
	"context"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Reorder is a queue in the order that staff want.
type Reorder struct {
	Desk    standing.Desk
	Library broker.ID
	Title   broker.ID
	// Order names every waiting hold, the next to be served first.
	Order []broker.ID
	// Version is that of the list staff saw (QueueVersion).
	Version string
	// Reason says why; it is recorded with each hold that is moved before another.
	Reason string
}

// QueueVersion identifies the present state of a queue: who waits, and in which
// order.
func QueueVersion(queue []Hold) string {
	sum := fnv.New64a()
	for _, hold := range queue {
		_, _ = sum.Write(hold.ID[:])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Reorder changes the order of a queue. A list that has changed since it was
// looked at is the conflict list_is_stale: somebody joined, left or was served.
// Each hold moved before one that was placed earlier is recorded as an
// override.
func (s *Service) Reorder(ctx context.Context, tx *postgres.Tx, in Reorder) ([]Hold, error) {
	if in.Reason == "" {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/reason", Code: "required", Message: "changing the order needs a reason; others asked first"})
	}
	lockQueue(tx, in.Library, in.Title)
	queue, err := Queue(ctx, tx, in.Library, in.Title)
	if err != nil {
		return nil, err
	}
	if QueueVersion(queue) != in.Version {
		return nil, broker.Conflict("list_is_stale", "The queue has changed since you looked at it. Look again, and arrange it anew.")
	}
	arranged, err := arrange(queue, in.Order)
	if err != nil {
		return nil, err
	}
	turns := turnsOf(queue)
	for i, hold := range arranged {
		if hold.TurnAt.Equal(turns[i]) {
			continue
		}
		arranged[i].TurnAt = turns[i]
		tx.Queue(`update holds set moved_at = $3 where library_id = $1 and id = $2 and status = 'placed'`, hold.Library, hold.ID, turns[i])
	}
	for _, hold := range jumpers(queue, arranged) {
		addOverride(tx, hold.Ref, in.Reason, in.Desk.Actor, in.Desk.Now)
	}
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("change the order of a queue: %w", err)
	}
	return arranged, nil
}

// arrange puts a queue in the order of the ids, which must be the same ones.
func arrange(queue []Hold, order []broker.ID) ([]Hold, error) {
	wrong := broker.Invalid(broker.FieldError{Pointer: "/order", Code: "not_the_queue", Message: "must name every hold of the queue once"})
	if len(order) != len(queue) {
		return nil, wrong
	}
	arranged := make([]Hold, 0, len(queue))
	for _, id := range order {
		at := slices.IndexFunc(queue, func(hold Hold) bool { return hold.ID == id })
		if at < 0 || slices.ContainsFunc(arranged, func(hold Hold) bool { return hold.ID == id }) {
			return nil, wrong
		}
		arranged = append(arranged, queue[at])
	}
	return arranged, nil
}

// turnsOf gives the turn times of a queue in order, each later than the one
// before, so that they can be assigned again. Those who join later fall between
// them by when they asked, as before.
func turnsOf(queue []Hold) []time.Time {
	turns := make([]time.Time, len(queue))
	for i, hold := range queue {
		turns[i] = hold.TurnAt
		if i > 0 && !turns[i].After(turns[i-1]) {
			turns[i] = turns[i-1].Add(time.Microsecond)
		}
	}
	return turns
}

// jumpers are the holds that are now before one that used to be before them.
func jumpers(before, after []Hold) []Hold {
	var jumped []Hold
	place := map[broker.ID]int{}
	for i, hold := range before {
		place[hold.ID] = i
	}
	for i, hold := range after {
		if slices.ContainsFunc(after[i+1:], func(later Hold) bool { return place[later.ID] < place[hold.ID] }) {
			jumped = append(jumped, hold)
		}
	}
	return jumped
}
