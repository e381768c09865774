package rest

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

// madeItem names an item for the answer, with what the act said.
type madeItem struct {
	ID   broker.ID `json:"id"`
	Said string    `json:"said,omitempty"`
}

// FindItem gives the item with a barcode.
func (s *Server) FindItem(ctx context.Context, request gen.FindItemRequestObject) (gen.FindItemResponseObject, error) {
	view, err := s.item(ctx, func(ctx context.Context, tx *postgres.Tx, library directory.Library) (catalog.Item, error) {
		return catalog.ItemByBarcode(ctx, tx, library.SharingGroup, request.Params.Barcode, false)
	})
	if err != nil {
		return nil, err
	}
	return gen.FindItem200JSONResponse(view), nil
}

// GetItem shows one item of the library.
func (s *Server) GetItem(ctx context.Context, request gen.GetItemRequestObject) (gen.GetItemResponseObject, error) {
	view, err := s.itemByID(ctx, madeItem{ID: request.ID})
	if err != nil {
		return nil, err
	}
	return gen.GetItem200JSONResponse(view), nil
}

func (s *Server) itemByID(ctx context.Context, made madeItem) (gen.Item, error) {
	view, err := s.item(ctx, func(ctx context.Context, tx *postgres.Tx, library directory.Library) (catalog.Item, error) {
		return catalog.LoadItem(ctx, tx, library.ID, made.ID, false)
	})
	view.Said = made.Said
	return view, err
}

// item finds an item and shows it with its title and the loan it is out on.
func (s *Server) item(ctx context.Context, find func(context.Context, *postgres.Tx, directory.Library) (catalog.Item, error)) (gen.Item, error) {
	return read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Item, error) {
		library, err := directory.Load(ctx, tx, callOf(ctx).library())
		if err != nil {
			return gen.Item{}, err
		}
		if err := shareCatalogue(ctx, tx, library); err != nil {
			return gen.Item{}, err
		}
		item, err := find(ctx, tx, library)
		if err != nil {
			return gen.Item{}, err
		}
		view := itemView(item)
		if item.Title != broker.NoID {
			title, err := catalog.LoadTitle(ctx, tx, item.Title)
			if err != nil {
				return gen.Item{}, err
			}
			view.Title, view.Author = title.Title, title.Author
		}
		loan, err := circulation.LoanOfItem(ctx, tx, item.Ref())
		if err != nil && !broker.IsKind(err, broker.KindNotFound) {
			return gen.Item{}, err
		}
		if loan.Library == library.ID { // a loan is shown to the desk that made it
			view.LoanID, view.DueOn = loan.ID, loan.DueOn
		}
		return view, nil
	})
}

func itemView(item catalog.Item) gen.Item {
	return gen.Item{
		ID: item.ID, LibraryID: item.Library, BranchID: item.Branch, Barcode: item.Barcode, LenderBarcode: item.LenderBarcode,
		TitleID: item.Title, Type: item.Type, Audience: gen.ItemAudience(item.Audience), AgeMark: gen.ItemAgeMark(item.AgeMark),
		CallNumber: item.CallNumber, Status: gen.ItemStatus(item.Status), Lendable: item.Lendable, Price: orZero(item.Price),
		Parts: max(1, item.Parts), PartsMissing: item.PartsMissing, Note: item.LoanNote, Brief: item.Brief, RequestID: item.Request,
	}
}

// given is a field of a body that may be left out, as what is to be changed.
func given[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}
	return &value
}

// ageMark is the mark in the catalogue's words: none is no mark.
func ageMark[T ~string](mark T) string {
	if mark == "none" {
		return ""
	}
	return string(mark)
}

// AddItem makes a brief record at the desk.
func (s *Server) AddItem(ctx context.Context, request gen.AddItemRequestObject) (gen.AddItemResponseObject, error) {
	in := request.Body
	added, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (madeItem, error) {
		at, err := s.at(ctx, tx, in.BranchID)
		if err != nil {
			return madeItem{}, err
		}
		item, err := s.Desk.AddItem(ctx, tx, at, desk.NewItem{
			Barcode: in.Barcode, TitleID: in.TitleID, Title: in.Title, Author: in.Author,
			ItemChanges: desk.ItemChanges{
				Type: given(in.Type), Audience: given(string(in.Audience)), AgeMark: given(ageMark(in.AgeMark)), CallNumber: given(in.CallNumber),
				Note: given(in.Note), Price: given(in.Price), Parts: given(in.Parts),
			},
		})
		return madeItem{ID: item.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.itemByID(ctx, added)
	if err != nil {
		return nil, err
	}
	return gen.AddItem201JSONResponse(view), nil
}

// ChangeItem corrects an item of the library.
func (s *Server) ChangeItem(ctx context.Context, request gen.ChangeItemRequestObject) (gen.ChangeItemResponseObject, error) {
	in := request.Body
	changes := desk.ItemChanges{Type: in.Type, CallNumber: in.CallNumber, Note: in.Note, Price: in.Price, Parts: in.Parts, Lendable: in.Lendable}
	if in.Audience != nil {
		changes.Audience = given(string(*in.Audience))
	}
	if in.AgeMark != nil {
		mark := ageMark(*in.AgeMark)
		changes.AgeMark = &mark
	}
	_, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return made{}, err
		}
		_, err = s.Desk.ChangeItem(ctx, tx, at, request.ID, changes)
		return made{}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.itemByID(ctx, madeItem{ID: request.ID})
	if err != nil {
		return nil, err
	}
	return gen.ChangeItem200JSONResponse(view), nil
}

// markStatus is a mark as the catalogue keeps it.
func markStatus(as gen.ItemMarkAs) catalog.ItemStatus {
	switch as {
	case gen.ItemMarkAsMissing:
		return catalog.Missing
	case gen.ItemMarkAsFound:
		return catalog.OnShelf
	default: // withdrawn; damaged is put aside like it
		return catalog.Withdrawn
	}
}

// MarkItem notes that an item is missing, found, withdrawn or damaged.
func (s *Server) MarkItem(ctx context.Context, request gen.MarkItemRequestObject) (gen.MarkItemResponseObject, error) {
	as := request.Body.As
	marked, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (madeItem, error) {
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return madeItem{}, err
		}
		item, err := catalog.LoadItem(ctx, tx, at.Library, request.ID, false)
		if err != nil {
			return madeItem{}, err
		}
		done, err := s.Desk.Mark(ctx, tx, at, item.Barcode, markStatus(as))
		return madeItem{request.ID, done.Message}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := s.itemByID(ctx, marked)
	if err != nil {
		return nil, err
	}
	return gen.MarkItem200JSONResponse(view), nil
}
