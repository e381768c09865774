package web

import (
	"context"
	"embed"
	"net/http"

	"github.com/labstack/echo/v4"

	"afield/api/web/account"
	"afield/api/web/administration"
	"afield/api/web/calendar"
	"afield/api/web/catalogue"
	"afield/api/web/desk"
	"afield/api/web/frame"
	"afield/api/web/ill"
	"afield/api/web/imports"
	"afield/api/web/partner"
	"afield/api/web/partners"
	"afield/api/web/people"
	"afield/api/web/policies"
	"afield/api/web/signin"
)

//go:embed about.html
var files embed.FS

// Deps is what the pages are made of, Account a way into the demo.
type (
	Deps    = frame.Deps
	Account = frame.Account
)

// Config is what only a demo gives; its zero value is a real server.
type Config struct {
	// About gives the content of the page about this server.
	About func(context.Context) (About, error)
	// Accounts gives the accounts that the sign-in pages offer by one click.
	Accounts func() []Account
}

// Mount brings every page to the server.
func Mount(e *echo.Echo, deps Deps, config Config) error {
	if config.About == nil {
		config.About = func(context.Context) (About, error) { return About{}, nil }
	}
	deps.Accounts = config.Accounts
	site, err := frame.New(deps)
	if err != nil {
		return err
	}
	if err := site.Parse(files); err != nil {
		return err
	}
	site.Mount(e)
	for _, mount := range []func(*echo.Echo, *frame.Site) error{account.Mount, administration.Mount, calendar.Mount, catalogue.Mount, desk.Mount, ill.Mount, imports.Mount, partner.Mount, partners.Mount, people.Mount, policies.Mount, signin.Mount} {
		if err := mount(e, site); err != nil {
			return err
		}
	}
	site.Anyone(e, http.MethodGet, "/", home(config.About))
	site.Anyone(e, http.MethodGet, "/about", about(config.About))
	site.Anyone(e, http.MethodGet, "/openurl", openURL)
	site.Anyone(e, http.MethodGet, "/openurl/read", openURLRead)
	return nil
}

// home leads everybody to their own first page; where nobody runs the consortium
// yet, to what has to be done first.
func home(data func(context.Context) (About, error)) frame.Handler {
	return func(v *frame.Visit) error {
		switch {
		case v.Who.Office:
			return v.Go("/set-up")
		case v.Who.IsStaff():
			return v.Go("/requests")
		case v.SignedIn():
			return v.Go("/account")
		}
		page, err := data(v.Request().Context())
		if err != nil {
			return err
		}
		if page.FirstStep != "" {
			return v.Go("/about")
		}
		return v.Go("/sign-in")
	}
}
