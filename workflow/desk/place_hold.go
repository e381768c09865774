package desk

import (
	"context"
	"slices"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// PlaceHold is a title of the library, or of its shared catalogue, for one of
// the library's patrons.
type PlaceHold struct {
	Title  broker.ID
	Patron broker.ID
	// Pickup is a branch of the library; NoID for any.
	Pickup broker.ID
	// Rules is the library's policy.
	Rules *policy.Document
	// Overrides are codes of reasons to pass over, where the role allows it.
	Overrides []string
}

// PlaceHold puts a patron in the queue of a title: the library's own copies
// first, else those of the library in the shared catalogue that has most to
// lend. It refuses (may_not_place_hold) with every reason of the policy; a title
// nobody in the catalogue can lend is the conflict not_in_catalogue: that needs
// a request.
func (s *Service) PlaceHold(ctx context.Context, tx *postgres.Tx, at At, in PlaceHold) (Done, error) {
	desk, err := s.place(ctx, tx, at)
	if err != nil {
		return Done{}, err
	}
	ref := patrons.Ref{Library: desk.Library.ID, ID: in.Patron}
	standing, err := circulation.StandingOf(ctx, tx, desk, ref)
	if err != nil {
		return Done{}, err
	}
	title, err := catalog.LoadTitle(ctx, tx, in.Title)
	if err != nil {
		return Done{}, err
	}
	if err := ownBranch(ctx, tx, desk.Library.ID, in.Pickup); err != nil {
		return Done{}, err
	}
	filler, err := fillerOf(ctx, tx, desk.Library, in.Title)
	if err != nil {
		return Done{}, err
	}
	open, err := circulation.HoldsOf(ctx, tx, ref)
	if err != nil {
		return Done{}, err
	}
	decision := in.Rules.MayPlaceHold(policy.Moment{Now: at.Now, Calendar: desk.Library.Calendar}, policy.HoldRequest{
		Patron: standing.Facts(desk.Library.Today(at.Now)), Owner: ownerOf(filler, desk.Library.ID), Format: title.Format, OpenHolds: len(open),
		SameTitle: slices.ContainsFunc(open, func(hold circulation.Hold) bool { return hold.Title == in.Title }),
	})
	passed, standingReasons := passOver(decision.Reasons, in.Overrides, at.Actor)
	if len(standingReasons) > 0 {
		return Done{}, broker.Refused("may_not_place_hold", "May not "+decision.Question+".", standingReasons...)
	}
	outcome, err := s.circulation.PlaceHold(ctx, tx, circulation.PlaceHold{Desk: desk, Library: filler, Patron: ref, Title: in.Title, Pickup: in.Pickup})
	if err != nil {
		return Done{}, err
	}
	done := doneOf("placed", outcome)
	done.Notes = append(done.Notes, passed...)
	return done, nil
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

// fillerOf chooses whose copies are to fill a hold.
func fillerOf(ctx context.Context, tx *postgres.Tx, library directory.Library, title broker.ID) (broker.ID, error) {
	shared, err := directory.SharedWith(ctx, tx, library.SharingGroup)
	if err != nil {
		return broker.NoID, err
	}
	holders, err := catalog.Holders(ctx, tx, title, shared)
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

func ownerOf(filler, library broker.ID) policy.Owner {
	if filler == library {
		return policy.OwnerOwn
	}
	return policy.OwnerConsortium
}

// passOver takes out the reasons that are named and that the actor's roles may
// pass over.
func passOver(reasons []broker.Reason, overrides []string, actor broker.Actor) (passed, standing []broker.Reason) {
	for _, reason := range reasons {
		if slices.Contains(overrides, reason.Code) && slices.ContainsFunc(reason.MayOverride, actor.HasRole) {
			passed = append(passed, reason)
		} else {
			standing = append(standing, reason)
		}
	}
	return passed, standing
}
