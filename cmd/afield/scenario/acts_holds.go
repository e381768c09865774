package scenario

import (
	"context"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

func holdActs() []act {
	return []act{
		{word: "place_hold", says: "Put a patron in the queue of the title of an item.", fields: []field{
			patronField, itemField, {word: "pickup", kind: nameOf("branch"), says: "Where it is to be picked up."},
		}, run: (*play).placeHold},
		{word: "cancel_hold", says: "End a patron's hold.", fields: []field{patronField, itemField}, run: (*play).cancelHold},
	}
}

func (p *play) placeHold(s step) (result, error) {
	patron, item := p.patronOf(s), p.items[get[string](s.values, "item")]
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return p.desk.PlaceHold(ctx, tx, at, desk.PlaceHold{
			Title: item.title, Patron: patron.ID, Pickup: p.pickup(s.values), Rules: p.document, Overrides: textsOf(s.values, "over"),
		})
	})
}

func (p *play) cancelHold(s step) (result, error) {
	hold, err := p.holdOf(s)
	if err != nil {
		return result{}, err
	}
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return p.desk.CancelHold(ctx, tx, at, hold.HoldRef)
	})
}

// holdOf is the patron's hold on the title of a step's item, or on a borrowed
// copy.
func (p *play) holdOf(s step) (hold circulation.Hold, err error) {
	item, patron := p.items[get[string](s.values, "item")], p.patronOf(s)
	err = p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		hold, err = p.hold(ctx, tx, patron, item)
		return err
	})
	return hold, err
}

func (p *play) hold(ctx context.Context, tx *postgres.Tx, patron person, item thing) (circulation.Hold, error) {
	holds, err := circulation.HoldsOf(ctx, tx, patron.Ref)
	if err != nil {
		return circulation.Hold{}, err
	}
	for _, hold := range holds {
		if (item.title != broker.NoID && hold.Title == item.title) || (hold.Item != broker.NoID && hold.Item == item.ID) {
			return hold, nil
		}
	}
	return circulation.Hold{}, broker.NotFound("open hold of that patron")
}
