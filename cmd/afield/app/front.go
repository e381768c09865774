package app

import (
	"context"
	"net/netip"

	"afield/api/rest/pipeline"
	"afield/api/web"
	"afield/broker/consortium"
	"afield/broker/postgres"
)

// pages is what the pages show of this server beside the libraries' own work: of a
// server that is no demonstration, what runs and how far its set-up is.
func (a *App) pages(config Config) web.Config {
	pages := config.Pages
	if pages.About != nil {
		return pages
	}
	pages.About = func(ctx context.Context) (web.About, error) {
		page := web.About{Version: config.Version, Now: config.Clock.Now()}
		has, err := a.HasOperator(ctx)
		if err == nil && !has {
			page.FirstStep = firstStep(pipeline.Address(ctx))
		}
		return page, err
	}
	return pages
}

// firstStep says how the first operator is made, to a caller on this server; to
// others only that it has to be done there.
func firstStep(caller string) string {
	if address, err := netip.ParseAddr(caller); err == nil && address.Unmap().IsLoopback() {
		return "Nobody runs this consortium yet. " + consortium.FirstOperator
	}
	return "Nobody runs this consortium yet. It is set up on the server itself."
}

// HasOperator tells whether somebody runs the consortium.
func (a *App) HasOperator(ctx context.Context) (has bool, err error) {
	err = a.DB.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		count, err := a.Access.Operators(ctx, tx)
		has = count > 0
		return err
	})
	return has, err
}
