package queue

import (
	"context"
	"slices"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk/counter"
	"afield/workflow/requests/lookup"
)

// PlaceHold is a hold to be placed on a title of the library, or of its shared
// catalogue, for one of the library's patrons.
type PlaceHold struct {
	Title  broker.ID
	Patron broker.ID
	// Item is the only copy that will do; NoID where any will.
	Item broker.ID
	// Channel is how it is asked for; empty means online for a patron, at the
	// desk for staff.
	Channel rule.Channel
	// ExpiresOn is the last day it waits to be filled; zero follows the policy.
	ExpiresOn broker.Date
	// Pickup is a branch of the library; NoID for any.
	Pickup broker.ID
	// Rules is the library's policy.
	Rules *policy.Document
	// Overrides are codes of reasons to pass over, where the role allows it.
	Overrides []string
	// Reason says why reasons are passed over; without it none is.
	Reason string
}

// PlaceHold puts a patron in the queue of a title: the library's own copies
// first, else those of the library in the shared catalogue that has most to
// lend. It refuses (may_not_place_hold) with every reason of the policy; a title
// nobody in the catalogue can lend is the conflict not_in_catalogue: that needs
// a request.
func (s *Service) PlaceHold(ctx context.Context, tx *postgres.Tx, at counter.At, in PlaceHold) (counter.Done, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return counter.Done{}, err
	}
	ref := patrons.Ref{Library: desk.Library.ID, ID: in.Patron}
	known, err := standing.Of(ctx, tx, desk, ref)
	if err != nil {
		return counter.Done{}, err
	}
	title, err := catalog.LoadTitle(ctx, tx, in.Title)
	if err != nil {
		return counter.Done{}, err
	}
	if err := ownBranch(ctx, tx, desk.Library.ID, in.Pickup); err != nil {
		return counter.Done{}, err
	}
	filler, err := fillerOf(ctx, tx, desk.Library, in.Title, in.Item)
	if err != nil {
		return counter.Done{}, err
	}
	wish, err := wishOf(ctx, tx, desk, in, known, filler, title)
	if err != nil {
		return counter.Done{}, err
	}
	moment := policy.Moment{Now: desk.Now, Calendar: desk.Library.Calendar}
	decision := shelf.MayPlaceHold(in.Rules, moment, wish)
	hold := broker.NewID()
	over := standing.Overriding{Overrides: in.Overrides, Reason: in.Reason}
	left, passed, err := over.PassOver(tx, desk, rule.ActionHold, ref, hold, decision.Reasons)
	if err != nil {
		return counter.Done{}, err
	}
	if len(left) > 0 {
		return counter.Done{}, broker.Refused("may_not_place_hold", "May not "+decision.Question+".", left...)
	}
	expires := in.ExpiresOn
	if expires.IsZero() {
		expires = shelf.HoldExpires(in.Rules, moment, wish.Match()).Value
	}
	outcome, err := s.counter.Holds.PlaceHold(ctx, tx, holds.PlaceHold{
		Desk: desk, ID: hold, Library: filler, Patron: ref, Title: in.Title, Item: in.Item, Pickup: in.Pickup,
		Channel: in.channel(at.Actor), ExpiresOn: expires,
	})
	if err != nil {
		return counter.Done{}, err
	}
	done := counter.DoneOf("placed", counter.OfHold(outcome))
	done.Notes = append(done.Notes, passed...)
	return done, nil
}

func (in PlaceHold) channel(actor broker.Actor) rule.Channel {
	switch {
	case in.Channel != "":
		return in.Channel
	case actor.Kind == broker.ActorPatron:
		return rule.ByOnline
	}
	return rule.ByStaff
}

// wishOf gathers everything that the policy may want to know: the patron's
// holds, loans and requests, the state of the copies, and how the hold was
// asked for.
func wishOf(ctx context.Context, tx *postgres.Tx, desk standing.Desk, in PlaceHold, standing patrons.Standing, filler broker.ID, title catalog.Title) (shelf.HoldRequest, error) {
	ref := patrons.Ref{Library: desk.Library.ID, ID: in.Patron}
	facts, err := holds.FactsOf(ctx, tx, ref, filler, in.Title, in.Item)
	if err != nil {
		return shelf.HoldRequest{}, err
	}
	requested, err := lookup.AsksFor(ctx, tx, ref.Library, ref.ID, in.Title)
	if err != nil {
		return shelf.HoldRequest{}, err
	}
	if requested {
		return shelf.HoldRequest{}, broker.Conflict("already_requested", "This patron has an open request for it.")
	}
	return shelf.HoldRequest{
		Patron: standing.Facts(desk.Library.Today(desk.Now)), Owner: ownerOf(filler, desk.Library.ID), Format: title.Format,
		Item: facts.Type, Audience: facts.Audience, Age: facts.Age, State: facts.State, Channel: in.channel(desk.Actor), OpenHolds: facts.OpenHolds, SameTitle: facts.SameTitle,
	}, nil
}

func ownBranch(ctx context.Context, tx *postgres.Tx, library, branch broker.ID) error {
	if branch == broker.NoID {
		return nil
	}
	branches, err := directory.Branches(ctx, tx, library)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(branches, func(b directory.Branch) bool { return b.ID == branch }) {
		return broker.Invalid(broker.FieldError{Pointer: "/pickup_branch_id", Code: "not_a_branch", Message: "must be a branch of this library"})
	}
	return nil
}

// fillerOf chooses whose copies are to fill a hold: the owner of the only copy
// that will do, else the library that has most to lend.
func fillerOf(ctx context.Context, tx *postgres.Tx, library directory.Library, title, item broker.ID) (broker.ID, error) {
	shared, err := directory.SharedWith(ctx, tx, library.SharingGroup)
	if err != nil {
		return broker.NoID, err
	}
	if item != broker.NoID {
		for _, owner := range shared {
			_, err := catalog.LoadItem(ctx, tx, owner, item, false)
			if err == nil || !broker.IsKind(err, broker.KindNotFound) {
				return owner, err
			}
		}
		return broker.NoID, broker.NotFound("item")
	}
	promised, err := lookup.Promised(ctx, tx, []broker.ID{title}, shared)
	if err != nil {
		return broker.NoID, err
	}
	holders, err := catalog.Holders(ctx, tx, title, shared, promised)
	if err != nil {
		return broker.NoID, err
	}
	var best catalog.Holder
	for _, holder := range holders {
		switch {
		case holder.Source != catalog.SourceItems || holder.Lendable == 0:
		case holder.Library == library.ID:
			return library.ID, nil
		case holder.Available > best.Available || (holder.Available == best.Available && holder.Lendable > best.Lendable):
			best = holder
		}
	}
	if best.Library == broker.NoID {
		return broker.NoID, broker.Conflict("not_in_catalogue", "No copy here or in the shared catalogue can be lent: submit a request instead.")
	}
	return best.Library, nil
}

func ownerOf(filler, library broker.ID) rule.Owner {
	if filler == library {
		return rule.OwnerOwn
	}
	return rule.OwnerConsortium
}
