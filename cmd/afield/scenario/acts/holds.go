package acts

import (
	"context"
	"encoding/json"

	"afield/broker"
	"afield/broker/holds"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
	"afield/workflow"
	"afield/workflow/desk/counter"
	"afield/workflow/desk/queue"
)

func holdActs() []act {
	until := language.Field{Word: "until", Kind: language.Date, Says: "The last day of it."}
	return []act{
		{word: "place_hold", says: "Put a patron in the queue of the title of an item.", fields: []language.Field{
			patronField, itemField,
			{Word: "this_copy", Kind: language.Flag, Says: "true: only this very copy will do."},
			{Word: "channel", Kind: language.OneOf("staff", "online", "phone", "email"), Says: "How it is asked for; at the desk, or (by: patron) online, when left out."},
			{Word: "pickup", Kind: language.NameOf("branch"), Says: "Where it is to be picked up."},
		}, run: placeHold},
		{word: "cancel_hold", says: "End a patron's hold.", fields: []language.Field{patronField, itemField}, run: cancelHold},
		{word: "suspend_hold", says: "Have a hold passed by for a while; it keeps its place.", fields: []language.Field{patronField, itemField, until}, run: suspendHold},
		{word: "resume_hold", says: "End a suspension.", fields: []language.Field{patronField, itemField}, run: resumeHold},
		{word: "move_pickup", says: "Change where a hold, or what was borrowed for a request, is picked up.", fields: []language.Field{
			patronField, itemField, {Word: "pickup", Kind: language.NameOf("branch"), Must: true, Says: "The branch where it is picked up from now on."},
		}, run: movePickup},
		{word: "not_found", says: "The copy for a patron's hold is not on its shelf, or not on the hold shelf.", fields: []language.Field{
			patronField, {Word: "item", Kind: language.NameOf("item"), Must: true, Says: "The copy that is not there."},
		}, run: notFound},
		{word: "permit_hold", says: "The patron lets somebody else take what is kept for them.", fields: []language.Field{
			patronField, itemField, {Word: "to", Kind: language.NameOf("patron"), Must: true, Says: "Who may."},
		}, run: permitHold},
		{word: "hold_contact", says: "The patron asked to keep something on the hold shelf longer.", fields: []language.Field{patronField, itemField}, run: holdContact},
		{word: "extend_hold", says: "Give something on the hold shelf more time.", fields: []language.Field{patronField, itemField, until}, run: extendHold},
		{word: "clear_from_shelf", says: "Take something off the hold shelf that was not picked up.", fields: []language.Field{patronField, itemField}, run: clearFromShelf},
	}
}

func placeHold(p *stage.Play, s language.Step) (stage.Result, error) {
	patron, item, only := p.PatronOf(s), p.Items[s.Text("item")], broker.NoID
	if s.Flag("this_copy") {
		only = item.ID
	}
	return p.WithDesk(s, func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
		return p.Desk.Queue.PlaceHold(ctx, tx, at, queue.PlaceHold{
			Title: item.Title, Item: only, Patron: patron.ID, Channel: rule.Channel(s.Text("channel")), Pickup: p.Pickup(s.Values),
			Rules: p.Document, Overrides: s.Texts("over"), Reason: s.Text("reason"),
		})
	})
}

// withHold acts on the patron's hold of a step.
func withHold(p *stage.Play, s language.Step, act func(context.Context, *postgres.Tx, counter.At, broker.ID) (counter.Done, error)) (stage.Result, error) {
	hold, err := holdOf(p, s)
	if err != nil {
		return stage.Result{}, err
	}
	return p.WithDesk(s, func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
		return act(ctx, tx, at, hold.ID)
	})
}

func suspendHold(p *stage.Play, s language.Step) (stage.Result, error) {
	return withHold(p, s, func(ctx context.Context, tx *postgres.Tx, at counter.At, hold broker.ID) (counter.Done, error) {
		return p.Desk.Queue.SuspendHold(ctx, tx, at, hold, broker.Date{}, s.Date("until"))
	})
}

func resumeHold(p *stage.Play, s language.Step) (stage.Result, error) {
	return withHold(p, s, p.Desk.Queue.ResumeHold)
}

func movePickup(p *stage.Play, s language.Step) (stage.Result, error) {
	if request := p.Items[s.Text("item")].Request; request != broker.NoID {
		branch, err := json.Marshal(p.Pickup(s.Values))
		if err != nil {
			return stage.Result{}, err
		}
		return actedOn(p, s, request, workflow.EventAmend, map[string]json.RawMessage{"pickup_branch": branch})
	}
	return withHold(p, s, func(ctx context.Context, tx *postgres.Tx, at counter.At, hold broker.ID) (counter.Done, error) {
		return p.Desk.Queue.MovePickup(ctx, tx, at, hold, p.Pickup(s.Values))
	})
}

func notFound(p *stage.Play, s language.Step) (stage.Result, error) {
	hold, err := holdOf(p, s)
	if err != nil {
		return stage.Result{}, err
	}
	return p.WithDesk(s, func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
		return p.Desk.Queue.NotFound(ctx, tx, at, hold.Ref, p.Items[s.Text("item")].Ref)
	})
}

func permitHold(p *stage.Play, s language.Step) (stage.Result, error) {
	return withHold(p, s, func(ctx context.Context, tx *postgres.Tx, at counter.At, hold broker.ID) (counter.Done, error) {
		return p.Desk.Queue.PermitHold(ctx, tx, at, hold, p.Patrons[s.Text("to")].ID)
	})
}

func holdContact(p *stage.Play, s language.Step) (stage.Result, error) {
	return withHold(p, s, p.Desk.Queue.HoldContact)
}

func extendHold(p *stage.Play, s language.Step) (stage.Result, error) {
	return withHold(p, s, func(ctx context.Context, tx *postgres.Tx, at counter.At, hold broker.ID) (counter.Done, error) {
		return p.Desk.Queue.ExtendHold(ctx, tx, at, hold, s.Date("until"))
	})
}

func clearFromShelf(p *stage.Play, s language.Step) (stage.Result, error) {
	return withHold(p, s, p.Desk.Queue.ClearFromShelf)
}

func cancelHold(p *stage.Play, s language.Step) (stage.Result, error) {
	hold, err := holdOf(p, s)
	if err != nil {
		return stage.Result{}, err
	}
	return p.WithDesk(s, func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
		return p.Desk.Queue.CancelHold(ctx, tx, at, hold.Ref)
	})
}

// holdOf is the patron's hold on the title of a step's item, or on a borrowed
// copy.
func holdOf(p *stage.Play, s language.Step) (hold holds.Hold, err error) {
	item, patron := p.Items[s.Text("item")], p.PatronOf(s)
	err = p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		hold, err = openHold(ctx, tx, patron, item)
		return err
	})
	return hold, err
}

func openHold(ctx context.Context, tx *postgres.Tx, patron stage.Person, item stage.Thing) (holds.Hold, error) {
	held, err := holds.Of(ctx, tx, patron.Ref)
	if err != nil {
		return holds.Hold{}, err
	}
	for _, hold := range held {
		if (item.Title != broker.NoID && hold.Title == item.Title) || (hold.Item != broker.NoID && hold.Item == item.ID) {
			return hold, nil
		}
	}
	return holds.Hold{}, broker.NotFound("open hold of that patron")
}
