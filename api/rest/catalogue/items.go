package catalogue

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/workflow/desk"
)

// madeItem names an item for the answer, with what the act said.
type madeItem struct {
	ID   broker.ID `json:"id"`
	Said string    `json:"said,omitempty"`
}

// FindItem gives the item with a barcode.
func (c Catalogue) FindItem(ctx context.Context, request gen.FindItemRequestObject) (gen.FindItemResponseObject, error) {
	view, err := pipeline.Read(ctx, c.Base, func(ctx context.Context, t *pipeline.Turn) (gen.Item, error) {
		return itemFound(ctx, t, func(library directory.Library) (catalog.Item, error) {
			return catalog.ItemByBarcode(ctx, t.Tx, library.SharingGroup, request.Params.Barcode, false)
		})
	})
	return gen.FindItem200JSONResponse(view), err
}

// ListItems lists the library's own items.
func (c Catalogue) ListItems(ctx context.Context, request gen.ListItemsRequestObject) (gen.ListItemsResponseObject, error) {
	in := request.Params
	page, err := pipeline.Read(ctx, c.Base, func(ctx context.Context, t *pipeline.Turn) (gen.ItemPage, error) {
		page := gen.ItemPage{Items: []gen.Item{}}
		list := pipeline.List{
			Name:   "items " + string(in.Status) + " " + in.BranchID.String() + " " + in.Type + " " + t.Library().String(),
			Cursor: in.Cursor, Limit: in.Limit,
		}
		items, next, err := pipeline.Page(t, list, func(item catalog.Item) pipeline.Position { return pipeline.Identified(item.ID) },
			func(after pipeline.Position, limit int) ([]catalog.Item, error) {
				filter := catalog.ItemFilter{Status: catalog.ItemStatus(in.Status), Branch: in.BranchID, Type: in.Type}
				return catalog.Items(ctx, t.Tx, t.Library(), filter, broker.Page{After: after.ID(), Limit: limit})
			})
		if err != nil {
			return page, err
		}
		titles := make([]broker.ID, 0, len(items))
		for _, item := range items {
			titles = append(titles, item.Title)
		}
		named, err := catalog.TitlesByID(ctx, t.Tx, titles)
		page.NextCursor = next
		for _, item := range items {
			view := itemView(item)
			view.Title, view.Author = named[item.Title].Title, named[item.Title].Author
			page.Items = append(page.Items, view)
		}
		return page, err
	})
	return gen.ListItems200JSONResponse(page), err
}

// GetItem shows one item of the library.
func (c Catalogue) GetItem(ctx context.Context, request gen.GetItemRequestObject) (gen.GetItemResponseObject, error) {
	view, err := pipeline.Show(ctx, c.Base, madeItem{ID: request.ID}, itemMade)
	return gen.GetItem200JSONResponse(view), err
}

// itemMade reads an item of the library back for an answer.
func itemMade(ctx context.Context, t *pipeline.Turn, made madeItem) (gen.Item, error) {
	view, err := itemFound(ctx, t, func(library directory.Library) (catalog.Item, error) {
		return catalog.LoadItem(ctx, t.Tx, library.ID, made.ID, false)
	})
	view.Said = made.Said
	return view, err
}

// itemFound shows the item that find gives, with its title and the loan it is out
// on.
func itemFound(ctx context.Context, t *pipeline.Turn, find func(directory.Library) (catalog.Item, error)) (gen.Item, error) {
	library, _, err := t.SharedCatalogue(ctx)
	if err != nil {
		return gen.Item{}, err
	}
	item, err := find(library)
	if err != nil {
		return gen.Item{}, err
	}
	view := itemView(item)
	if item.Title != broker.NoID {
		title, err := catalog.LoadTitle(ctx, t.Tx, item.Title)
		if err != nil {
			return gen.Item{}, err
		}
		view.Title, view.Author = title.Title, title.Author
	}
	loan, err := loans.OfItem(ctx, t.Tx, item.Ref())
	if err != nil && !broker.IsKind(err, broker.KindNotFound) {
		return gen.Item{}, err
	}
	if loan.Library == library.ID { // a loan is shown to the desk that made it
		view.LoanID, view.DueOn = loan.ID, loan.DueOn
	}
	return view, nil
}

func itemView(item catalog.Item) gen.Item {
	return gen.Item{
		ID: item.ID, LibraryID: item.Library, BranchID: item.Branch, Barcode: item.Barcode, LenderBarcode: item.LenderBarcode,
		TitleID: item.Title, Type: item.Type, Audience: gen.ItemAudience(item.Audience), AgeMark: gen.ItemAgeMark(item.AgeMark),
		CallNumber: item.CallNumber, Status: gen.ItemStatus(item.Status), Lendable: item.Lendable, Price: views.OrZero(item.Price),
		Parts: max(1, item.Parts), PartsMissing: item.PartsMissing, Note: item.LoanNote, Brief: item.Brief, RequestID: item.Request,
	}
}

// given gives a pointer to a field of a body that may be left out: nil leaves
// what is stored as it is.
func given[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}
	return &value
}

// ageMark gives the mark in the catalogue's words: none becomes no mark.
func ageMark[T ~string](mark T) string {
	if mark == "none" {
		return ""
	}
	return string(mark)
}

// AddItem makes a brief record at the desk.
func (c Catalogue) AddItem(ctx context.Context, request gen.AddItemRequestObject) (gen.AddItemResponseObject, error) {
	in := request.Body
	view, err := pipeline.Act(ctx, c.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (madeItem, error) {
		at, err := t.AtBranch(ctx, in.BranchID)
		if err != nil {
			return madeItem{}, err
		}
		item, err := c.Desk.AddItem(ctx, t.Tx, at, desk.NewItem{
			Barcode: in.Barcode, TitleID: in.TitleID, Title: in.Title, Author: in.Author, Status: catalog.ItemStatus(in.Status),
			ItemChanges: desk.ItemChanges{
				Type: given(in.Type), Audience: given(string(in.Audience)), AgeMark: given(ageMark(in.AgeMark)), CallNumber: given(in.CallNumber),
				Note: given(in.Note), Price: given(in.Price), Parts: given(in.Parts),
			},
		})
		return madeItem{ID: item.ID}, err
	}, itemMade)
	return gen.AddItem201JSONResponse(view), err
}

// ChangeItem corrects an item of the library.
func (c Catalogue) ChangeItem(ctx context.Context, request gen.ChangeItemRequestObject) (gen.ChangeItemResponseObject, error) {
	in := request.Body
	changes := desk.ItemChanges{Type: in.Type, CallNumber: in.CallNumber, Note: in.Note, Price: in.Price, Parts: in.Parts, Lendable: in.Lendable}
	if in.Audience != nil {
		changes.Audience = given(string(*in.Audience))
	}
	if in.AgeMark != nil {
		mark := ageMark(*in.AgeMark)
		changes.AgeMark = &mark
	}
	view, err := pipeline.Act(ctx, c.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (madeItem, error) {
		_, err := c.Desk.ChangeItem(ctx, t.Tx, t.At(), request.ID, changes)
		return madeItem{ID: request.ID}, err
	}, itemMade)
	return gen.ChangeItem200JSONResponse(view), err
}

// markStatus gives the catalogue's status for a mark.
func markStatus(as gen.ItemMarkAs) catalog.ItemStatus {
	switch as {
	case gen.ItemMarkAsMissing:
		return catalog.Missing
	case gen.ItemMarkAsFound:
		return catalog.OnShelf
	case gen.ItemMarkAsInProcessing:
		return catalog.InProcess
	default:
		return catalog.Withdrawn
	}
}

// MarkItem notes that an item is missing, found, withdrawn or damaged.
func (c Catalogue) MarkItem(ctx context.Context, request gen.MarkItemRequestObject) (gen.MarkItemResponseObject, error) {
	as := request.Body.As
	view, err := pipeline.Act(ctx, c.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (madeItem, error) {
		at := t.At()
		item, err := catalog.LoadItem(ctx, t.Tx, at.Library, request.ID, false)
		if err != nil {
			return madeItem{}, err
		}
		if as == gen.ItemMarkAsDamaged {
			done, err := c.Desk.MarkDamaged(ctx, t.Tx, at, item.Barcode)
			return madeItem{request.ID, done.Message}, err
		}
		done, err := c.Desk.Mark(ctx, t.Tx, at, item.Barcode, markStatus(as))
		return madeItem{request.ID, done.Message}, err
	}, itemMade)
	return gen.MarkItem200JSONResponse(view), err
}
