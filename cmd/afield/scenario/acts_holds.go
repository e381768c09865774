package scenario

import (
	"context"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

func holdActs() []act {
	until := field{word: "until", kind: dateKind, says: "The last day of it."}
	return []act{
		{word: "place_hold", says: "Put a patron in the queue of the title of an item.", fields: []field{
			patronField, itemField,
			{word: "this_copy", kind: flagKind, says: "true: only this very copy will do."},
			{word: "channel", kind: oneOf("staff", "online", "phone", "email"), says: "How it is asked for; at the desk, or (by: patron) online, when left out."},
			{word: "pickup", kind: nameOf("branch"), says: "Where it is to be picked up."},
		}, run: (*play).placeHold},
		{word: "cancel_hold", says: "End a patron's hold.", fields: []field{patronField, itemField}, run: (*play).cancelHold},
		{word: "suspend_hold", says: "Have a hold passed by for a while; it keeps its place.", fields: []field{patronField, itemField, until}, run: (*play).suspendHold},
		{word: "resume_hold", says: "End a suspension.", fields: []field{patronField, itemField}, run: (*play).resumeHold},
		{word: "permit_hold", says: "The patron lets somebody else take what is kept for them.", fields: []field{
			patronField, itemField, {word: "to", kind: nameOf("patron"), must: true, says: "Who may."},
		}, run: (*play).permitHold},
		{word: "hold_contact", says: "The patron asked to keep something on the hold shelf longer.", fields: []field{patronField, itemField}, run: (*play).holdContact},
		{word: "extend_hold", says: "Give something on the hold shelf more time.", fields: []field{patronField, itemField, until}, run: (*play).extendHold},
		{word: "clear_from_shelf", says: "Take something off the hold shelf that was not picked up.", fields: []field{patronField, itemField}, run: (*play).clearFromShelf},
	}
}

func (p *play) placeHold(s step) (result, error) {
	patron, item, only := p.patronOf(s), p.items[s.text("item")], broker.NoID
	if s.flag("this_copy") {
		only = item.ID
	}
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return p.desk.PlaceHold(ctx, tx, at, desk.PlaceHold{
			Title: item.title, Item: only, Patron: patron.ID, Channel: rule.Channel(s.text("channel")), Pickup: p.pickup(s.values),
			Rules: p.document, Overrides: s.texts("over"), Reason: s.text("reason"),
		})
	})
}

// withHold acts on the patron's hold of a step.
func (p *play) withHold(s step, act func(context.Context, *postgres.Tx, desk.At, broker.ID) (desk.Done, error)) (result, error) {
	hold, err := p.holdOf(s)
	if err != nil {
		return result{}, err
	}
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return act(ctx, tx, at, hold.ID)
	})
}

func (p *play) suspendHold(s step) (result, error) {
	return p.withHold(s, func(ctx context.Context, tx *postgres.Tx, at desk.At, hold broker.ID) (desk.Done, error) {
		return p.desk.SuspendHold(ctx, tx, at, hold, broker.Date{}, s.date("until"))
	})
}

func (p *play) resumeHold(s step) (result, error) { return p.withHold(s, p.desk.ResumeHold) }

func (p *play) permitHold(s step) (result, error) {
	return p.withHold(s, func(ctx context.Context, tx *postgres.Tx, at desk.At, hold broker.ID) (desk.Done, error) {
		return p.desk.PermitHold(ctx, tx, at, hold, p.patrons[s.text("to")].ID)
	})
}

func (p *play) holdContact(s step) (result, error) { return p.withHold(s, p.desk.HoldContact) }

func (p *play) extendHold(s step) (result, error) {
	return p.withHold(s, func(ctx context.Context, tx *postgres.Tx, at desk.At, hold broker.ID) (desk.Done, error) {
		return p.desk.ExtendHold(ctx, tx, at, hold, s.date("until"))
	})
}

func (p *play) clearFromShelf(s step) (result, error) { return p.withHold(s, p.desk.ClearFromShelf) }

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
	item, patron := p.items[s.text("item")], p.patronOf(s)
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
