// Package signin is the way in: library, name and password for staff, card and PIN
// for patrons, and the place of work, which is kept on this computer. In a demo the
// pages offer its accounts by one click.
//
// Every wrong pair gets the same answer, and the throttle is that of the API.
package signin

import (
	"embed"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/web/frame"
	"afield/broker"
	"afield/broker/access"
)

//go:embed *.html
var files embed.FS

// SignIn is the room's pages.
type SignIn struct {
	Deps frame.Deps
}

// Mount brings the pages.
func Mount(e *echo.Echo, site *frame.Site) error {
	s := SignIn{Deps: site.Deps}
	if err := site.Parse(files); err != nil {
		return err
	}
	site.Anyone(e, http.MethodGet, "/sign-in", s.patron)
	site.Anyone(e, http.MethodPost, "/sign-in", s.signInPatron)
	site.Anyone(e, http.MethodGet, "/staff/sign-in", s.staff)
	site.Anyone(e, http.MethodPost, "/staff/sign-in", s.signInStaff)
	site.Anyone(e, http.MethodGet, "/invitation", s.invitation)
	site.Anyone(e, http.MethodPost, "/invitation", s.accept)
	site.Staff(e, http.MethodGet, "/staff/desk", s.desk)
	site.Staff(e, http.MethodPost, "/staff/desk", s.chooseDesk)
	return nil
}

// place is a library to sign in at.
type place struct{ Symbol, Name string }

type signInPage struct {
	Libraries []place
	// Library, Name are what was typed; secrets are never given back.
	Library, Name string
	Next          string
	Trouble       *frame.Trouble
	Accounts      []frame.Account
	Today         broker.Date
}

func (s SignIn) page(v *frame.Visit, patron bool) (signInPage, error) {
	page := signInPage{Library: v.Field("library"), Name: v.Field("username"), Next: v.Field("next"), Today: v.Today}
	if patron {
		page.Name = v.Field("card")
	}
	if page.Library == "" {
		if kept, err := v.Cookie("afield_library"); err == nil {
			page.Library, _ = url.QueryUnescape(kept.Value)
		}
	}
	member := true
	libraries, err := frame.Ask[gen.ListLibraries200JSONResponse](v, "listLibraries", s.Deps.Operations.ListLibraries,
		gen.ListLibrariesRequestObject{Params: gen.ListLibrariesParams{Member: &member, Limit: 200}})
	if err != nil {
		return page, err
	}
	for _, library := range libraries.Libraries {
		if len(library.Symbols) > 0 {
			page.Libraries = append(page.Libraries, place{library.Symbols[0].String(), library.Name})
		}
	}
	if s.Deps.Accounts != nil {
		page.Accounts = s.Deps.Accounts()
	}
	return page, nil
}

// symbolOf takes a library's name, as it stands in the list, or its symbol.
func (p signInPage) symbolOf(typed string) string {
	for _, library := range p.Libraries {
		if strings.EqualFold(library.Name, typed) {
			return library.Symbol
		}
	}
	return typed
}

func (s SignIn) patron(v *frame.Visit) error {
	page, err := s.page(v, true)
	if err != nil {
		return err
	}
	return v.Show("sign-in", frame.Head{Title: v.Say("Sign in"), Plain: true, Class: "sign-in"}, page)
}

func (s SignIn) staff(v *frame.Visit) error {
	page, err := s.page(v, false)
	if err != nil {
		return err
	}
	return v.Show("sign-in-staff", frame.Head{Title: v.Say("Staff sign-in"), Plain: true, Class: "sign-in"}, page)
}

func (s SignIn) signInPatron(v *frame.Visit) error {
	page, err := s.page(v, true)
	if err != nil {
		return err
	}
	session, err := s.Deps.Access.SignInPatron(v.Request().Context(), access.PatronSignIn{
		Realm: page.symbolOf(page.Library), Card: page.Name, PIN: v.FormValue("pin"), Caller: from(v),
	})
	if page.Trouble = v.Trouble(err); page.Trouble != nil {
		return v.ShowAs(page.Trouble.Status, "sign-in", frame.Head{Title: v.Say("Problem: sign in"), Plain: true, Class: "sign-in"}, page)
	}
	if err != nil {
		return err
	}
	if err := v.SignIn(session, ""); err != nil {
		return err
	}
	s.keep(v, "afield_library", page.Library)
	s.keepDevice(v, session.Device)
	return v.Go(v.Back(page.Next, "/account"))
}

func (s SignIn) signInStaff(v *frame.Visit) error {
	page, err := s.page(v, false)
	if err != nil {
		return err
	}
	session, err := s.Deps.Access.SignInStaff(v.Request().Context(), access.StaffSignIn{
		Library: page.symbolOf(page.Library), Username: page.Name, Password: v.FormValue("password"), Caller: from(v),
	})
	if page.Trouble = v.Trouble(err); page.Trouble != nil {
		return v.ShowAs(page.Trouble.Status, "sign-in-staff", frame.Head{Title: v.Say("Problem: staff sign-in"), Plain: true, Class: "sign-in"}, page)
	}
	if err != nil {
		return err
	}
	if err := v.SignIn(session, page.Name); err != nil {
		return err
	}
	s.keep(v, "afield_library", page.Library)
	s.keepDevice(v, session.Device)
	if session.Principal.Office { // who sees to all libraries works at no desk
		return v.Go(v.Back(page.Next, "/set-up"))
	}
	next := v.Back(page.Next, "/requests")
	if branch := s.branch(v, session.Principal); branch != broker.NoID {
		v.WorkAt(branch)
		return v.Go(next)
	}
	return v.Go("/staff/desk?next=" + url.QueryEscape(next))
}

// branch is where the staff user works, as far as it is plain: their own branch,
// the one kept on this computer, or the only one.
func (s SignIn) branch(v *frame.Visit, who access.Principal) broker.ID {
	if who.Branch != broker.NoID {
		return who.Branch
	}
	library, err := frame.Ask[gen.GetLibrary200JSONResponse](v, "getLibrary", s.Deps.Operations.GetLibrary, gen.GetLibraryRequestObject{ID: who.Library.String()})
	if err != nil {
		return broker.NoID
	}
	if len(library.Branches) == 1 {
		return library.Branches[0].ID
	}
	if kept, err := v.Cookie("afield_branch"); err == nil {
		for _, branch := range library.Branches {
			if branch.ID.String() == kept.Value {
				return branch.ID
			}
		}
	}
	return broker.NoID
}

// devicesCookie has the devices by which this computer is known to those who signed in
// at it, the last one first.
const devicesCookie = "afield_devices"

// from is where an attempt to sign in comes from.
func from(v *frame.Visit) access.Caller {
	return access.Caller{Address: pipeline.Address(v.Request().Context()), Devices: devices(v)}
}

func devices(v *frame.Visit) []string {
	kept, err := v.Cookie(devicesCookie)
	if err != nil {
		return nil
	}
	text, err := url.QueryUnescape(kept.Value)
	if err != nil || text == "" {
		return nil
	}
	all := strings.Split(text, " ")
	return all[:min(len(all), access.MostDevices)]
}

// keepDevice makes this computer known to whoever has just signed in.
func (s SignIn) keepDevice(v *frame.Visit, device string) {
	all := append([]string{device}, devices(v)...)
	s.keep(v, devicesCookie, strings.Join(all[:min(len(all), access.MostDevices)], " "))
}

// keep remembers something on this computer that is nobody's secret.
func (s SignIn) keep(v *frame.Visit, name, value string) {
	v.SetCookie(&http.Cookie{
		Name: name, Value: url.QueryEscape(value), Path: "/", HttpOnly: true, Secure: s.Deps.Secure, SameSite: http.SameSiteLaxMode,
		Expires: time.Now().AddDate(1, 0, 0),
	})
}

type deskPage struct {
	Branches []gen.Branch
	Here     broker.ID
	Next     string
	Trouble  *frame.Trouble
	Today    broker.Date
}

func (s SignIn) desk(v *frame.Visit) error {
	return v.Show("choose-desk", frame.Head{Title: v.Say("Where are you working?"), Plain: true, Class: "sign-in"},
		deskPage{Branches: v.Place.Branches, Here: v.Who.Branch, Next: v.Field("next"), Today: v.Today})
}

func (s SignIn) chooseDesk(v *frame.Visit) error {
	id, err := broker.ParseID("branch", v.Field("branch"))
	if err == nil && v.Place.Branch(id) == "" {
		err = broker.Invalid(broker.FieldError{Pointer: "/branch", Code: "not_a_branch", Message: v.Say("must be a branch of this library")})
	}
	if err != nil {
		page := deskPage{Branches: v.Place.Branches, Here: v.Who.Branch, Next: v.Field("next"), Trouble: v.Trouble(err), Today: v.Today}
		return v.ShowAs(http.StatusBadRequest, "choose-desk", frame.Head{Title: v.Say("Where are you working?"), Plain: true, Class: "sign-in"}, page)
	}
	v.WorkAt(id)
	s.keep(v, "afield_branch", id.String())
	return v.Go(v.Back(v.Field("next"), "/desk"))
}
