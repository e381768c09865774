package accounts

import (
	"context"
	"net/http"
	"slices"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/patrons"
)

func blockView(block patrons.Block) gen.Block {
	return gen.Block{
		ID: block.ID, Kind: string(block.Kind), Ground: block.Ground, Stops: append([]string{}, block.Stops...), Reason: block.Reason,
		Rule: block.Rule, FromOn: block.From, UntilOn: block.Until,
	}
}

// blocksOf reads the blocks of one of the library's patrons.
func blocksOf(ctx context.Context, t *pipeline.Turn, patron broker.ID) (directory.Library, []patrons.Block, error) {
	library, err := t.Home(ctx)
	if err != nil {
		return library, nil, err
	}
	standing, err := patrons.StandingOf(ctx, t.Tx, library, patrons.Ref{Library: library.ID, ID: patron})
	return library, standing.Blocks, err
}

// ListBlocks lists the blocks of a patron.
func (a Accounts) ListBlocks(ctx context.Context, request gen.ListBlocksRequestObject) (gen.ListBlocksResponseObject, error) {
	list, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.BlockList, error) {
		list := gen.BlockList{Blocks: []gen.Block{}}
		_, blocks, err := blocksOf(ctx, t, request.ID)
		for _, block := range blocks {
			list.Blocks = append(list.Blocks, blockView(block))
		}
		return list, err
	})
	return gen.ListBlocks200JSONResponse(list), err
}

// PutBlock blocks a patron as the library's policy allows it.
func (a Accounts) PutBlock(ctx context.Context, request gen.PutBlockRequestObject) (gen.PutBlockResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Change(ctx, a.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (broker.ID, error) {
		_, ref, err := t.Patron(ctx, request.ID)
		if err != nil {
			return broker.NoID, err
		}
		library, document, err := t.Rules(ctx)
		if err != nil {
			return broker.NoID, err
		}
		block := patrons.Block{
			Library: library.ID, Patron: ref.ID, Kind: patrons.BlockKind(in.Kind), Reason: in.Reason, Ground: in.Ground,
			From: in.FromOn, Until: in.UntilOn, PutBy: t.Caller.Actor(),
		}
		for _, stop := range in.Stops {
			block.Stops = append(block.Stops, string(stop))
		}
		if block.From.IsZero() {
			block.From = library.Today(t.Now())
		}
		block, err = patrons.Restrict(ctx, t.Tx, document, block)
		return block.ID, err
	}, func(ctx context.Context, t *pipeline.Turn, id broker.ID) (gen.Block, error) {
		_, blocks, err := blocksOf(ctx, t, request.ID)
		at := slices.IndexFunc(blocks, func(block patrons.Block) bool { return block.ID == id })
		if err != nil || at < 0 {
			return gen.Block{}, orNotFound(err, "block")
		}
		return blockView(blocks[at]), nil
	})
	return gen.PutBlock201JSONResponse(view), err
}

func orNotFound(err error, what string) error {
	if err != nil {
		return err
	}
	return broker.NotFound(what)
}

// LiftBlock lifts a block of a patron.
func (a Accounts) LiftBlock(ctx context.Context, request gen.LiftBlockRequestObject) (gen.LiftBlockResponseObject, error) {
	_, err := pipeline.Once(ctx, a.Base, http.StatusNoContent, func(ctx context.Context, t *pipeline.Turn) (pipeline.Made, error) {
		library, blocks, err := blocksOf(ctx, t, request.ID)
		if err != nil {
			return pipeline.Made{}, err
		}
		if !slices.ContainsFunc(blocks, func(block patrons.Block) bool { return block.ID == request.Block }) {
			return pipeline.Made{}, broker.NotFound("block")
		}
		return pipeline.Made{ID: request.Block}, patrons.Release(ctx, t.Tx, library.ID, request.Block, t.Caller.Actor(), t.Now())
	})
	return gen.LiftBlock204Response{}, err
}

// pair gives two patrons of the caller's library.
func pair(ctx context.Context, t *pipeline.Turn, one, other broker.ID) (library directory.Library, first, second patrons.Ref, err error) {
	if _, first, err = t.Patron(ctx, one); err != nil {
		return library, first, second, err
	}
	library, second, err = t.Patron(ctx, other)
	return library, first, second, err
}

// ListLinks lists the accounts that a patron's account is linked to.
func (a Accounts) ListLinks(ctx context.Context, request gen.ListLinksRequestObject) (gen.ListLinksResponseObject, error) {
	list, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.LinkList, error) {
		list := gen.LinkList{Links: []gen.Link{}}
		library, ref, err := t.Patron(ctx, request.ID)
		if err != nil {
			return list, err
		}
		standing, err := a.standing(ctx, t, ref.ID)
		for _, linked := range standing.Linked {
			as := gen.LinkAs("aside")
			if linked.Parent {
				as = "parent"
			} else if linked.Child {
				as = "child"
			}
			list.Links = append(list.Links, gen.Link{
				PatronID: linked.Ref.ID, As: as, Owes: inCurrency(linked.Balances.Total(), library.Currency),
			})
		}
		return list, err
	})
	return gen.ListLinks200JSONResponse(list), err
}

// LinkPatron links two accounts of the caller's library.
func (a Accounts) LinkPatron(ctx context.Context, request gen.LinkPatronRequestObject) (gen.LinkPatronResponseObject, error) {
	in := *request.Body
	_, err := pipeline.Once(ctx, a.Base, http.StatusNoContent, func(ctx context.Context, t *pipeline.Turn) (pipeline.Made, error) {
		library, child, parent, err := pair(ctx, t, request.ID, in.PatronID)
		if err != nil {
			return pipeline.Made{}, err
		}
		if in.As == "child" {
			parent, child = child, parent
		}
		return pipeline.Made{ID: in.PatronID}, patrons.Link(t.Tx, parent, child, library.Today(t.Now()))
	})
	return gen.LinkPatron204Response{}, err
}

// UnlinkPatron ends a link.
func (a Accounts) UnlinkPatron(ctx context.Context, request gen.UnlinkPatronRequestObject) (gen.UnlinkPatronResponseObject, error) {
	_, err := pipeline.Once(ctx, a.Base, http.StatusNoContent, func(ctx context.Context, t *pipeline.Turn) (pipeline.Made, error) {
		_, one, other, err := pair(ctx, t, request.ID, request.Other)
		if err == nil {
			patrons.Unlink(t.Tx, one, other)
		}
		return pipeline.Made{ID: request.Other}, err
	})
	return gen.UnlinkPatron204Response{}, err
}

// ListProxies lists who may pick up for a patron.
func (a Accounts) ListProxies(ctx context.Context, request gen.ListProxiesRequestObject) (gen.ListProxiesResponseObject, error) {
	list, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.ProxyList, error) {
		list := gen.ProxyList{Proxies: []gen.Proxy{}}
		_, ref, err := t.Patron(ctx, request.ID)
		if err != nil {
			return list, err
		}
		proxies, err := patrons.Proxies(ctx, t.Tx, ref)
		for _, proxy := range proxies {
			list.Proxies = append(list.Proxies, gen.Proxy{PatronID: proxy.Proxy.ID, UntilOn: proxy.Until})
		}
		return list, err
	})
	return gen.ListProxies200JSONResponse(list), err
}

// NameProxy lets somebody pick up for a patron.
func (a Accounts) NameProxy(ctx context.Context, request gen.NameProxyRequestObject) (gen.NameProxyResponseObject, error) {
	in := *request.Body
	_, err := pipeline.Once(ctx, a.Base, http.StatusNoContent, func(ctx context.Context, t *pipeline.Turn) (pipeline.Made, error) {
		_, patron, proxy, err := pair(ctx, t, request.ID, in.PatronID)
		if err != nil {
			return pipeline.Made{}, err
		}
		return pipeline.Made{ID: in.PatronID}, patrons.SaveProxy(t.Tx, patrons.Proxy{Patron: patron, Proxy: proxy, Until: in.UntilOn}, t.Now())
	})
	return gen.NameProxy204Response{}, err
}

// RemoveProxy takes a proxy back.
func (a Accounts) RemoveProxy(ctx context.Context, request gen.RemoveProxyRequestObject) (gen.RemoveProxyResponseObject, error) {
	_, err := pipeline.Once(ctx, a.Base, http.StatusNoContent, func(ctx context.Context, t *pipeline.Turn) (pipeline.Made, error) {
		_, patron, proxy, err := pair(ctx, t, request.ID, request.Other)
		if err == nil {
			patrons.RemoveProxy(t.Tx, patron, proxy)
		}
		return pipeline.Made{ID: request.Other}, err
	})
	return gen.RemoveProxy204Response{}, err
}

// MergePatron makes two accounts of one person one.
func (a Accounts) MergePatron(ctx context.Context, request gen.MergePatronRequestObject) (gen.MergePatronResponseObject, error) {
	into := request.Body.IntoID
	view, err := pipeline.Act(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.Merged, error) {
		view := gen.Merged{DroppedHolds: []broker.ID{}}
		_, document, err := t.Rules(ctx)
		if err != nil {
			return view, err
		}
		done, err := a.Desk.Accounts.MergePatrons(ctx, t.Tx, document, t.At(), request.ID, into)
		for _, hold := range done.Dropped {
			view.DroppedHolds = append(view.DroppedHolds, hold.ID)
		}
		view.Loans, view.Holds, view.Requests, view.Again = int(done.Loans), int(done.Holds), int(done.Requests), done.Replayed
		return view, err
	}, func(ctx context.Context, t *pipeline.Turn, merged gen.Merged) (gen.Merged, error) {
		library, ref, err := t.Patron(ctx, into)
		if err != nil {
			return merged, err
		}
		merged.Patron, err = a.patronView(ctx, t, library, ref.ID, false)
		return merged, err
	})
	return gen.MergePatron200JSONResponse(view), err
}
