package desk

import (
	"context"
	"strings"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk/counter"
)

// NewItem is an item at hand that the catalogue does not know: a brief record
// made at the desk, or one more copy of a title.
type NewItem struct {
	Barcode string
	// TitleID is a title of the catalogue; where it is NoID, Title and Author
	// say what it is.
	TitleID       broker.ID
	Title, Author string
	// Status is on_shelf, on_order or in_processing; empty is on_shelf.
	Status catalog.ItemStatus
	ItemChanges
}

// ItemChanges is what staff correct of an item; nil stays as it is.
type ItemChanges struct {
	// Type is a material type of the library's policy.
	Type, Audience *string
	// AgeMark is new, high_demand, or empty for none.
	AgeMark, CallNumber, Note *string
	Price                     *broker.Money
	Parts                     *int
	Lendable                  *bool
}

// AddItem makes the record of an item at the desk's branch; what has no title in
// the catalogue yet is marked as brief. A barcode that something has is the
// conflict barcode_taken.
func (s *Service) AddItem(ctx context.Context, tx *postgres.Tx, at counter.At, in NewItem) (catalog.Item, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return catalog.Item{}, err
	}
	if (in.TitleID == broker.NoID) == (strings.TrimSpace(in.Title) == "") {
		return catalog.Item{}, broker.Invalid(broker.FieldError{Pointer: "/title", Code: "required", Message: "give either title or title_id"})
	}
	switch in.Status {
	case "", catalog.OnShelf, catalog.OnOrder, catalog.InProcess:
	case catalog.OnHoldShelf, catalog.OnLoan, catalog.InTransit, catalog.Received, catalog.Missing, catalog.Lost, catalog.Withdrawn, catalog.GoneHome:
		return catalog.Item{}, broker.Invalid(broker.FieldError{
			Pointer: "/status", Code: "not_a_beginning", Message: "must be on_shelf, on_order or in_processing",
		})
	}
	item := catalog.Item{
		Library: at.Library, ID: broker.NewID(), Realm: desk.Library.SharingGroup, Barcode: in.Barcode, Branch: at.Branch,
		Title: in.TitleID, Lendable: true, Brief: in.TitleID == broker.NoID, Parts: 1, Status: in.Status,
	}
	if item.Brief {
		item.Title, err = catalog.SaveTitle(ctx, tx, catalog.Title{Realm: desk.Library.SharingGroup, Title: in.Title, Author: in.Author}, at.Now)
	} else {
		_, err = catalog.LoadTitle(ctx, tx, item.Title)
	}
	if err != nil {
		return catalog.Item{}, err
	}
	given := in.given()
	given["/barcode"] = true
	if err := s.correct(desk, &item, in.ItemChanges, given); err != nil {
		return catalog.Item{}, err
	}
	catalog.SaveItem(tx, item, at.Now)
	if _, err := s.counter.Watch(ctx, tx, at, item.Library, item.Title); err != nil {
		return catalog.Item{}, err
	}
	return catalog.LoadItem(ctx, tx, item.Library, item.ID, false)
}

// ChangeItem corrects an item of the library. Loans keep the terms they began
// with. A borrowed copy is its lender's: the conflict borrowed_item.
func (s *Service) ChangeItem(ctx context.Context, tx *postgres.Tx, at counter.At, id broker.ID, changes ItemChanges) (catalog.Item, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return catalog.Item{}, err
	}
	item, err := catalog.LoadItem(ctx, tx, at.Library, id, true)
	if err != nil {
		return catalog.Item{}, err
	}
	if item.Temporary() {
		return catalog.Item{}, broker.Conflict("borrowed_item", "That item is borrowed: its record follows its request.")
	}
	if err := s.correct(desk, &item, changes, changes.given()); err != nil {
		return catalog.Item{}, err
	}
	catalog.SaveItem(tx, item, at.Now)
	_, err = s.counter.Watch(ctx, tx, at, item.Library, item.Title)
	return item, err
}

// correct writes changes into an item, and reports everything wrong with the
// fields that are given.
func (s *Service) correct(desk standing.Desk, item *catalog.Item, changes ItemChanges, given map[string]bool) error {
	document, err := s.counter.Policies.Rules(desk)
	if err != nil {
		return err
	}
	set(&item.Type, changes.Type)
	set(&item.Audience, changes.Audience)
	set(&item.AgeMark, changes.AgeMark)
	set(&item.CallNumber, changes.CallNumber)
	set(&item.LoanNote, changes.Note)
	set(&item.Parts, changes.Parts)
	set(&item.Lendable, changes.Lendable)
	if changes.Price != nil {
		item.Price = changes.Price
	}
	wrong := broker.Within(append(catalog.CheckItem(document.Items(), *item), desk.Library.NotTaken("/barcode", item.Barcode, directory.ItemNumbers)...), given)
	if changes.Price != nil {
		wrong = append(wrong, desk.Library.Takes("/price/currency", *changes.Price)...)
	}
	if wrong != nil {
		return broker.Invalid(wrong...)
	}
	return nil
}

// given names the fields that are changed.
func (c ItemChanges) given() map[string]bool {
	return map[string]bool{
		"/type": c.Type != nil, "/audience": c.Audience != nil, "/age_mark": c.AgeMark != nil, "/price/minor": c.Price != nil, "/parts": c.Parts != nil,
	}
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}
