package rest

import (
	"context"
	"net/http"
	"slices"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

func blockView(block patrons.Block) gen.Block {
	return gen.Block{
		ID: block.ID, Kind: string(block.Kind), Ground: block.Ground, Stops: append([]string{}, block.Stops...), Reason: block.Reason,
		Rule: block.Rule, FromOn: block.From, UntilOn: block.Until,
	}
}

// blocksOf reads the blocks of one of the library's patrons.
func (s *Server) blocksOf(ctx context.Context, tx *postgres.Tx, patron broker.ID) (directory.Library, []patrons.Block, error) {
	library, err := directory.Load(ctx, tx, callOf(ctx).library())
	if err != nil {
		return library, nil, err
	}
	standing, err := patrons.StandingOf(ctx, tx, library, patrons.Ref{Library: library.ID, ID: patron})
	return library, standing.Blocks, err
}

// ListBlocks lists what blocks a patron.
func (s *Server) ListBlocks(ctx context.Context, request gen.ListBlocksRequestObject) (gen.ListBlocksResponseObject, error) {
	list, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.BlockList, error) {
		list := gen.BlockList{Blocks: []gen.Block{}}
		_, blocks, err := s.blocksOf(ctx, tx, request.ID)
		for _, block := range blocks {
			list.Blocks = append(list.Blocks, blockView(block))
		}
		return list, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListBlocks200JSONResponse(list), nil
}

// PutBlock blocks a patron as the library's policy allows it.
func (s *Server) PutBlock(ctx context.Context, request gen.PutBlockRequestObject) (gen.PutBlockResponseObject, error) {
	in := *request.Body
	put, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		_, ref, err := s.ours(ctx, tx, request.ID)
		if err != nil {
			return made{}, err
		}
		library, document, err := s.rules(ctx, tx)
		if err != nil {
			return made{}, err
		}
		block := patrons.Block{
			Library: library.ID, Patron: ref.ID, Kind: patrons.BlockKind(in.Kind), Reason: in.Reason, Ground: in.Ground,
			From: in.FromOn, Until: in.UntilOn, PutBy: callOf(ctx).principal.Actor(),
		}
		for _, stop := range in.Stops {
			block.Stops = append(block.Stops, string(stop))
		}
		if block.From.IsZero() {
			block.From = library.Today(s.Clock.Now())
		}
		block, err = patrons.Restrict(ctx, tx, document, block)
		return made{block.ID}, err
	})
	if err != nil {
		return nil, err
	}
	view, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Block, error) {
		_, blocks, err := s.blocksOf(ctx, tx, request.ID)
		at := slices.IndexFunc(blocks, func(block patrons.Block) bool { return block.ID == put.ID })
		if err != nil || at < 0 {
			return gen.Block{}, orNotFound(err, "block")
		}
		return blockView(blocks[at]), nil
	})
	if err != nil {
		return nil, err
	}
	return gen.PutBlock201JSONResponse(view), nil
}

func orNotFound(err error, what string) error {
	if err != nil {
		return err
	}
	return broker.NotFound(what)
}

// LiftBlock lifts a block of a patron.
func (s *Server) LiftBlock(ctx context.Context, request gen.LiftBlockRequestObject) (gen.LiftBlockResponseObject, error) {
	_, err := once(ctx, s, http.StatusNoContent, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		library, blocks, err := s.blocksOf(ctx, tx, request.ID)
		if err != nil {
			return made{}, err
		}
		if !slices.ContainsFunc(blocks, func(block patrons.Block) bool { return block.ID == request.Block }) {
			return made{}, broker.NotFound("block")
		}
		return made{request.Block}, patrons.Release(ctx, tx, library.ID, request.Block, callOf(ctx).principal.Actor(), s.Clock.Now())
	})
	if err != nil {
		return nil, err
	}
	return gen.LiftBlock204Response{}, nil
}

// pair gives two patrons of the caller's library.
func (s *Server) pair(ctx context.Context, tx *postgres.Tx, one, other broker.ID) (library directory.Library, first, second patrons.Ref, err error) {
	if _, first, err = s.ours(ctx, tx, one); err != nil {
		return library, first, second, err
	}
	library, second, err = s.ours(ctx, tx, other)
	return library, first, second, err
}

// ListLinks lists the accounts that a patron's account is linked with.
func (s *Server) ListLinks(ctx context.Context, request gen.ListLinksRequestObject) (gen.ListLinksResponseObject, error) {
	list, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.LinkList, error) {
		list := gen.LinkList{Links: []gen.Link{}}
		library, ref, err := s.ours(ctx, tx, request.ID)
		if err != nil {
			return list, err
		}
		standing, err := s.standing(ctx, tx, library, ref.ID)
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
	if err != nil {
		return nil, err
	}
	return gen.ListLinks200JSONResponse(list), nil
}

// LinkPatron links two accounts of the caller's library.
func (s *Server) LinkPatron(ctx context.Context, request gen.LinkPatronRequestObject) (gen.LinkPatronResponseObject, error) {
	in := *request.Body
	_, err := once(ctx, s, http.StatusNoContent, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		library, child, parent, err := s.pair(ctx, tx, request.ID, in.PatronID)
		if err != nil {
			return made{}, err
		}
		if in.As == "child" {
			parent, child = child, parent
		}
		return made{in.PatronID}, patrons.Link(tx, parent, child, library.Today(s.Clock.Now()))
	})
	if err != nil {
		return nil, err
	}
	return gen.LinkPatron204Response{}, nil
}

// UnlinkPatron ends a link.
func (s *Server) UnlinkPatron(ctx context.Context, request gen.UnlinkPatronRequestObject) (gen.UnlinkPatronResponseObject, error) {
	_, err := once(ctx, s, http.StatusNoContent, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		_, one, other, err := s.pair(ctx, tx, request.ID, request.Other)
		if err == nil {
			patrons.Unlink(tx, one, other)
		}
		return made{request.Other}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.UnlinkPatron204Response{}, nil
}

// ListProxies lists who may pick up for a patron.
func (s *Server) ListProxies(ctx context.Context, request gen.ListProxiesRequestObject) (gen.ListProxiesResponseObject, error) {
	list, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.ProxyList, error) {
		list := gen.ProxyList{Proxies: []gen.Proxy{}}
		_, ref, err := s.ours(ctx, tx, request.ID)
		if err != nil {
			return list, err
		}
		proxies, err := patrons.Proxies(ctx, tx, ref)
		for _, proxy := range proxies {
			list.Proxies = append(list.Proxies, gen.Proxy{PatronID: proxy.Proxy.ID, UntilOn: proxy.Until})
		}
		return list, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListProxies200JSONResponse(list), nil
}

// NameProxy lets somebody pick up for a patron.
func (s *Server) NameProxy(ctx context.Context, request gen.NameProxyRequestObject) (gen.NameProxyResponseObject, error) {
	in := *request.Body
	_, err := once(ctx, s, http.StatusNoContent, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		_, patron, proxy, err := s.pair(ctx, tx, request.ID, in.PatronID)
		if err != nil {
			return made{}, err
		}
		return made{in.PatronID}, patrons.SaveProxy(tx, patrons.Proxy{Patron: patron, Proxy: proxy, Until: in.UntilOn}, s.Clock.Now())
	})
	if err != nil {
		return nil, err
	}
	return gen.NameProxy204Response{}, nil
}

// RemoveProxy takes a proxy back.
func (s *Server) RemoveProxy(ctx context.Context, request gen.RemoveProxyRequestObject) (gen.RemoveProxyResponseObject, error) {
	_, err := once(ctx, s, http.StatusNoContent, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		_, patron, proxy, err := s.pair(ctx, tx, request.ID, request.Other)
		if err == nil {
			patrons.RemoveProxy(tx, patron, proxy)
		}
		return made{request.Other}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.RemoveProxy204Response{}, nil
}

// MergePatron makes two accounts of one person one.
func (s *Server) MergePatron(ctx context.Context, request gen.MergePatronRequestObject) (gen.MergePatronResponseObject, error) {
	into := request.Body.IntoID
	view, err := once(ctx, s, http.StatusOK, func(ctx context.Context, tx *postgres.Tx) (gen.Merged, error) {
		view := gen.Merged{DroppedHolds: []broker.ID{}}
		_, document, err := s.rules(ctx, tx)
		if err != nil {
			return view, err
		}
		at, err := s.at(ctx, tx, broker.NoID)
		if err != nil {
			return view, err
		}
		done, err := s.Desk.MergePatrons(ctx, tx, document, at, request.ID, into)
		for _, hold := range done.Dropped {
			view.DroppedHolds = append(view.DroppedHolds, hold.ID)
		}
		view.Loans, view.Holds, view.Requests, view.Again = int(done.Loans), int(done.Holds), int(done.Requests), done.Replayed
		return view, err
	})
	if err != nil {
		return nil, err
	}
	view.Patron, err = read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (gen.Patron, error) {
		library, ref, err := s.ours(ctx, tx, into)
		if err != nil {
			return gen.Patron{}, err
		}
		return s.patronView(ctx, tx, library, ref.ID, false)
	})
	if err != nil {
		return nil, err
	}
	return gen.MergePatron200JSONResponse(view), nil
}
