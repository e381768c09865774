package queue

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk/counter"
)

// Slip is what is printed for a hold: for the hold shelf, or for transit.
type Slip struct {
	Hold    *holds.Slip
	Transit *holds.TransitSlip
}

// Slip makes the slip of a hold that has a copy: of something on the library's
// hold shelf, or of something on its way there. One without a copy is the
// conflict nothing_to_print.
func (s *Service) Slip(ctx context.Context, tx *postgres.Tx, at counter.At, hold broker.ID) (Slip, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return Slip{}, err
	}
	found, err := holds.For(ctx, tx, at.Library, hold)
	if err != nil {
		return Slip{}, err
	}
	onShelf := found.Status == holds.OnHoldShelf
	if !onShelf && found.Status != holds.InTransit {
		return Slip{}, broker.Conflict("nothing_to_print", "No copy is kept for that hold: it is %s.", found.Status)
	}
	item, err := catalog.LoadItem(ctx, tx, found.Library, found.Item, false)
	if err != nil {
		return Slip{}, err
	}
	title, err := counter.TitleOf(ctx, tx, item.Title)
	if err != nil {
		return Slip{}, err
	}
	if onShelf {
		if found.Patron.Library != at.Library {
			return Slip{}, broker.Conflict("nothing_to_print", "It stands on the hold shelf of another library.")
		}
		slip, err := holdSlip(ctx, tx, desk, found, item, title)
		return Slip{Hold: &slip}, err
	}
	slip, err := transitSlip(ctx, tx, desk, item, title)
	return Slip{Transit: &slip}, err
}

func holdSlip(ctx context.Context, tx *postgres.Tx, desk standing.Desk, hold holds.Hold, item catalog.Item, title string) (holds.Slip, error) {
	var slip holds.Slip
	patron, err := patrons.ByID(ctx, tx, hold.Patron)
	if err != nil {
		return slip, err
	}
	cards, err := patrons.Cards(ctx, tx, hold.Patron)
	if err != nil {
		return slip, err
	}
	branch, err := branchName(ctx, tx, hold.Patron.Library, hold.Pickup)
	if err != nil {
		return slip, err
	}
	facts := holds.SlipFacts{
		Hold: hold, Library: desk.Library.Name, Branch: branch, PatronName: patron.Name, Title: title, Barcode: item.Barcode,
		Arrived: desk.Library.Today(hold.OnShelfAt),
	}
	for _, card := range cards {
		if card.Usable() == nil {
			facts.Card = card.Number
			break
		}
	}
	return holds.NewSlip(facts), nil
}

func transitSlip(ctx context.Context, tx *postgres.Tx, desk standing.Desk, item catalog.Item, title string) (holds.TransitSlip, error) {
	var slip holds.TransitSlip
	journey, err := holds.TransitOf(ctx, tx, item.Ref())
	if err != nil {
		return slip, err
	}
	to, err := directory.Load(ctx, tx, journey.ToLibrary)
	if err != nil {
		return slip, err
	}
	branch, err := branchName(ctx, tx, journey.ToLibrary, journey.ToBranch)
	if err != nil {
		return slip, err
	}
	return holds.NewTransitSlip(journey, desk.Library.Name, to.Name, branch, title, item.Barcode, desk.Library.Today(journey.SentAt)), nil
}

// branchName is what a branch is called; "" for none.
func branchName(ctx context.Context, tx *postgres.Tx, library, branch broker.ID) (string, error) {
	if branch == broker.NoID {
		return "", nil
	}
	branches, err := directory.Branches(ctx, tx, library)
	for _, one := range branches {
		if one.ID == branch {
			return one.Name, err
		}
	}
	return "", err
}

// ShelfToClear lists what to take from the library's hold shelf, and what to do
// with each; holds that ended after since are listed too.
func (s *Service) ShelfToClear(ctx context.Context, tx *postgres.Tx, at counter.At, since time.Time, page broker.Page) ([]holds.Cleared, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return nil, err
	}
	return s.counter.Holds.ClearShelf(ctx, tx, desk, since, page)
}
