package frame

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/web/assets"
	"afield/api/web/words"
	"afield/broker"
	"afield/broker/access"
	"afield/broker/live"
)

// Deps is what the pages are made of.
type Deps struct {
	// Operations are those of the contract; Line admits a visitor to them.
	Operations gen.StrictServerInterface
	Line       *pipeline.Pipeline
	Access     *access.Service
	// Clock is business time.
	Clock broker.Clock
	// Live tells what has just changed.
	Live *live.Hub
	Log  *slog.Logger
	// Accounts gives the demo's accounts for the sign-in pages; nil outside a demo.
	Accounts func() []Account
	// Secure marks cookies for HTTPS only.
	Secure bool
}

// Account is a way into the demo by one click.
type Account struct {
	// Who is the role, for example "ILL staff at Westport".
	Who string
	// Patron tells a patron's account from staff.
	Patron bool
	// Library is the symbol of the library, Name the user name or card, Secret the
	// password or PIN.
	Library, Name, Secret string
}

// Site holds the parsed pages and what they share.
type Site struct {
	Deps
	sessions *scs.SessionManager
	origin   *http.CrossOriginProtection

	// pages are the templates by language and page.
	pages map[string]map[string]*template.Template

	mu     sync.Mutex
	places map[broker.ID]Place
}

// How long a browser stays signed in: as long as its token, and no longer than an
// hour without a click at a staff desk that was left.
const (
	sessionLasts = 12 * time.Hour
	sessionIdle  = 90 * time.Minute
)

// New makes the site with the layout and the parts of pages.
func New(deps Deps) (*Site, error) {
	site := &Site{Deps: deps, pages: map[string]map[string]*template.Template{}, places: map[broker.ID]Place{}, origin: http.NewCrossOriginProtection()}
	site.sessions = scs.New()
	site.sessions.Store = deps.Access.PageSessions()
	site.sessions.HashTokenInStore = true
	site.sessions.Lifetime, site.sessions.IdleTimeout = sessionLasts, sessionIdle
	site.sessions.Cookie = scs.SessionCookie{
		Name: "afield", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: deps.Secure, Persist: false,
	}
	site.sessions.ErrorFunc = func(_ http.ResponseWriter, r *http.Request, err error) {
		if failed, is := r.Context().Value(sessionFailed{}).(*error); is {
			*failed = err
		}
	}
	for _, language := range words.Languages() {
		site.pages[language] = map[string]*template.Template{}
	}
	if err := site.Parse(own); err != nil {
		return nil, err
	}
	return site, nil
}

// Parse reads a feature's pages: each *.html of the folder is a page by the name
// of its file, beside the layout and the shared parts.
func (s *Site) Parse(files fs.FS) error {
	read, known := parsed.Load(files)
	if !known {
		var err error
		if read, err = parse(files); err != nil {
			return err
		}
		parsed.Store(files, read)
	}
	for language, pages := range read.(map[string]map[string]*template.Template) {
		maps.Copy(s.pages[language], pages)
	}
	return nil
}

// parsed holds the pages of each folder, by language and page. What is embedded never
// changes: it is read once, however many servers a program starts.
var parsed sync.Map

func parse(files fs.FS) (map[string]map[string]*template.Template, error) {
	names, err := fs.Glob(files, "*.html")
	if err != nil {
		return nil, fmt.Errorf("list the pages: %w", err)
	}
	all := map[string]map[string]*template.Template{}
	for _, language := range words.Languages() {
		layout, err := template.New("layout.html").Funcs(functions(words.In(language))).Option("missingkey=error").ParseFS(shared, "shared/*.html")
		if err != nil {
			return nil, fmt.Errorf("parse the layout: %w", err)
		}
		all[language] = map[string]*template.Template{}
		for _, name := range names {
			page, err := layout.Clone()
			if err == nil {
				page, err = page.ParseFS(files, name)
			}
			if err != nil {
				return nil, fmt.Errorf("parse the page %s: %w", name, err)
			}
			all[language][name[:len(name)-len(".html")]] = page
		}
	}
	return all, nil
}

// Mount serves what is on no page of its own: the style, the scripts, and the
// choice of language and look.
func (s *Site) Mount(e *echo.Echo) {
	e.GET(assets.Prefix+"*", assets.Serve)
	s.Anyone(e, http.MethodPost, "/look", s.look)
	s.Anyone(e, http.MethodPost, "/sign-out", s.signOut)
	s.Staff(e, http.MethodGet, streamPath, s.follow)
	before := e.HTTPErrorHandler
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if errors.Is(err, echo.ErrNotFound) && !c.Response().Committed && strings.Contains(c.Request().Header.Get("Accept"), "text/html") {
			// The call's own time is over by now; the page has a little of its own.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), pageTime)
			defer cancel()
			c.SetRequest(c.Request().WithContext(ctx))
			err = s.serve(c, func(*Visit) error { return nil }, missing)
		}
		if err != nil {
			before(err, c)
		}
	}
}

// missing answers a browser where there is nothing; a program gets its problem.
func missing(*Visit) error { return broker.NotFound("page") }

// pageTime is how long the page for an empty address may take.
const pageTime = 5 * time.Second

// Handler answers one page.
type Handler func(*Visit) error

// Anyone mounts a page that needs no sign-in.
func (s *Site) Anyone(e *echo.Echo, method, path string, handler Handler) {
	s.mount(e, method, path, func(*Visit) error { return nil }, handler)
}

// Staff mounts a page for a library's own staff. What they may do there is for the
// operations to say.
func (s *Site) Staff(e *echo.Echo, method, path string, handler Handler) {
	s.mount(e, method, path, func(v *Visit) error {
		if v.Who.Office {
			return broker.Forbidden("This is for a library's own people; the consortium's office sees to how libraries are set up.")
		}
		return v.staff()
	}, handler)
}

// Managers mounts a page for those who see to how libraries are set up: directors,
// and the operators of the consortium's office.
func (s *Site) Managers(e *echo.Echo, method, path string, handler Handler) {
	s.mount(e, method, path, func(v *Visit) error {
		err := v.staff()
		if err == nil && !v.Manages() {
			err = broker.Forbidden("This is for the director.")
		}
		return err
	}, handler)
}

// StaffOrOffice mounts a page for whoever works here.
func (s *Site) StaffOrOffice(e *echo.Echo, method, path string, handler Handler) {
	s.mount(e, method, path, (*Visit).staff, handler)
}

// Patron mounts a page of a patron's own account.
func (s *Site) Patron(e *echo.Echo, method, path string, handler Handler) {
	s.mount(e, method, path, func(v *Visit) error {
		return v.need(func(who access.Principal) bool { return who.Kind == access.KindPatron }, "/sign-in")
	}, handler)
}

func (s *Site) mount(e *echo.Echo, method, path string, admit, handler Handler) {
	e.Add(method, path, func(c echo.Context) error { return s.serve(c, admit, handler) })
}

// serve answers one call with its session loaded, and refuses what another site
// sent.
func (s *Site) serve(c echo.Context, admit, handler Handler) error {
	if err := s.origin.Check(c.Request()); err != nil {
		return broker.Forbidden("This form came from another site. Open the page here and send it again.")
	}
	if quiet(c.Request()) {
		return s.serveQuietly(c, admit, handler)
	}
	var err, failed error
	request := c.Request().WithContext(context.WithValue(c.Request().Context(), sessionFailed{}, &failed))
	s.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.SetRequest(r)
		before := c.Response().Writer
		c.Response().Writer = w
		defer func() { c.Response().Writer = before }()
		err = s.answer(c, admit, handler)
	})).ServeHTTP(c.Response().Writer, request)
	if failed != nil && !c.Response().Committed {
		return s.without(c, failed)
	}
	return err
}

// sessionFailed is where a call finds why its session could not be read or kept.
type sessionFailed struct{}

// without answers a call whose session cannot be read, as to a visitor nobody knows.
func (s *Site) without(c echo.Context, failed error) error {
	ctx, err := s.sessions.Load(c.Request().Context(), "")
	if err != nil {
		return err
	}
	c.SetRequest(c.Request().WithContext(ctx))
	s.secure(c)
	v := &Visit{Context: c, site: s, Now: s.Clock.Now().UTC()}
	v.Words = v.language()
	v.Today = broker.DateIn(v.Now, time.UTC)
	return v.Fail(failed)
}

// secure keeps a page from being kept, framed, or loading from elsewhere.
func (s *Site) secure(c echo.Context) {
	c.Response().Header().Set("Cache-Control", "no-store")
	c.Response().Header().Set("Content-Security-Policy", contentPolicy)
}

func (s *Site) answer(c echo.Context, admit, handler Handler) error {
	s.secure(c)
	v, err := s.visit(c)
	if err == nil {
		if err = admit(v); err == nil {
			err = handler(v)
		}
	}
	if err == nil || c.Response().Committed {
		return err
	}
	return v.Fail(err)
}

// contentPolicy lets pages load from this server only: no inline style or script.
const contentPolicy = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
