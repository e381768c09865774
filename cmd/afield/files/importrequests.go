package files

import (
	"afield/broker/exchange"
	"afield/broker/postgres"
	"afield/cmd/afield/app"
	"afield/cmd/afield/shell"
	"afield/workflow/cutover"
)

type importRequestsCommand struct{ importRows }

// Run reads requests that are under way in the system that is left behind.
func (c importRequestsCommand) Run(a *shell.App) error {
	return c.run(a, exchange.Requests, func(db *postgres.DB, o *exchange.Options) (func(), error) {
		secret, err := shell.ServerSecret(a)
		if err != nil {
			return nil, err
		}
		ready, release, err := app.Assemble(a.Ctx, app.Config{DB: db, Secret: secret, Version: shell.ReadBuild().Version, Log: a.Logger()})
		if err != nil {
			return nil, err
		}
		o.Taker = cutover.Room{Requests: ready.Requests, Desk: ready.Desk, Clock: ready.Clock}
		return release, nil
	})
}

// Help is shown by afield import requests --help.
func (importRequestsCommand) Help() string {
	return importHelp(exchange.Requests, `For the day a library leaves another system (ILLiad, OCLC, ReShare, a spreadsheet): each request that is still open there goes on here from the state it has. Read patrons in first. Its number there is kept and found by search; a request whose number is here already stays as it is.

No lender is asked again, no patron is told again, and no fee is charged again: read what patrons owe with afield import charges. Staff go on dealing with the lender by hand, since it knows the request by its old number. The days on the hold shelf begin anew. States of the other system are translated by a map:
  codes:
    state: {"Request Sent": requested, "Customer Notified*": on_hold_shelf, "Checked Out*": checked_out}`)
}
