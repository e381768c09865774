package frame

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/web/words"
	"afield/broker"
	"afield/broker/access"
	"afield/broker/live"
)

// Visit is one call of a page: who looks, from which place, in which language.
type Visit struct {
	echo.Context
	*words.Words

	// Who is signed in; the zero value is nobody.
	Who access.Principal
	// Place is the visitor's library; the zero value before sign-in.
	Place Place
	// Now is business time in the library's zone, Today its date there.
	Now   time.Time
	Today broker.Date

	site *Site
	// heard is how far this process had looked for changes when the visit began.
	heard   live.Mark
	counted *gen.WorkCounts
}

// Counts are the library's piles of work, counted once for a page. What cannot be
// counted is left out: it must not take the page away.
func (v *Visit) Counts() gen.WorkCounts {
	if v.counted == nil {
		counted, err := Ask[gen.CountWork200JSONResponse](v, "countWork", v.site.Operations.CountWork, gen.CountWorkRequestObject{})
		if err != nil {
			v.site.Log.Warn("the piles of work could not be counted", "error", err.Error())
		}
		counts := gen.WorkCounts(counted)
		v.counted = &counts
	}
	return *v.counted
}

// Place is a library as its pages need it.
type Place struct {
	ID       broker.ID
	Name     string
	Currency string
	// Policy is the name of the document that rules there; "" for none yet.
	Policy   string
	Zone     *time.Location
	Branches []gen.Branch

	until time.Time
}

// Branch names a branch; "" for none.
func (p Place) Branch(id broker.ID) string {
	for _, branch := range p.Branches {
		if branch.ID == id {
			return branch.Name
		}
	}
	return ""
}

// Names of what a session holds.
const (
	keyToken    = "token"
	keyName     = "name"
	keyLanguage = "language"
	keyTheme    = "theme"
	keyBranch   = "branch"
	keyToast    = "toast"
)

// visit recognises the visitor. A session whose token has ended is a visitor who is
// not signed in.
func (s *Site) visit(c echo.Context) (*Visit, error) {
	v := &Visit{Context: c, site: s, Now: s.Clock.Now().UTC(), heard: s.Live.Seen()}
	v.Words = v.language()
	v.Today = broker.DateIn(v.Now, time.UTC)
	text := s.sessions.GetString(v.ctx(), keyToken)
	if text == "" {
		return v, nil
	}
	token, err := broker.ParseID(keyToken, text)
	if err != nil {
		return v, fmt.Errorf("read a session: %w", err)
	}
	who, err := s.Access.AuthenticateSession(v.ctx(), token, !quiet(v.Request()))
	if broker.IsKind(err, broker.KindUnauthenticated) {
		return v, s.sessions.Destroy(v.ctx())
	}
	if err != nil {
		return v, err
	}
	v.Who = who
	if branch, err := broker.ParseID(keyBranch, s.sessions.GetString(v.ctx(), keyBranch)); err == nil {
		v.Who.Branch = branch
	}
	return v, v.atHome()
}

// atHome reads the library's name, zone and branches, which change rarely: they
// are kept for half a minute.
func (v *Visit) atHome() error {
	v.site.mu.Lock()
	place, known := v.site.places[v.Who.Library]
	v.site.mu.Unlock()
	if !known || time.Now().After(place.until) {
		library, err := Ask[gen.GetLibrary200JSONResponse](v, "getLibrary", v.site.Operations.GetLibrary, gen.GetLibraryRequestObject{ID: v.Who.Library.String()})
		if err != nil {
			return err
		}
		zone, err := time.LoadLocation(library.TimeZone)
		if err != nil {
			return fmt.Errorf("read the zone of a library: %w", err)
		}
		place = Place{ID: library.ID, Name: library.Name, Currency: library.Currency, Policy: library.Policy, Zone: zone, Branches: library.Branches, until: time.Now().Add(30 * time.Second)}
		v.site.mu.Lock()
		v.site.places[v.Who.Library] = place
		v.site.mu.Unlock()
	}
	v.Place, v.Now = place, v.Now.In(place.Zone)
	v.Today = broker.DateIn(v.Now, place.Zone)
	return nil
}

func (v *Visit) ctx() context.Context { return v.Request().Context() }

// language is what the visitor chose, else what the browser asks for.
func (v *Visit) language() *words.Words {
	if chosen := v.QueryParam("lang"); words.Known(chosen) {
		v.site.sessions.Put(v.ctx(), keyLanguage, chosen)
		return words.In(chosen)
	}
	if chosen := v.site.sessions.GetString(v.ctx(), keyLanguage); chosen != "" {
		return words.In(chosen)
	}
	return words.Accepted(v.Request().Header.Get("Accept-Language"))
}

// SignedIn tells whether somebody is.
func (v *Visit) SignedIn() bool { return !v.Who.ID.IsZero() }

// need refuses who is not signed in, or not the right way, and sends them to the
// sign-in page, which brings them back.
func (v *Visit) need(right func(access.Principal) bool, signIn string) error {
	if v.SignedIn() && right(v.Who) {
		return nil
	}
	return toSignIn{signIn}
}

// staff admits who works for a library or at the consortium's office.
func (v *Visit) staff() error { return v.need(access.Principal.IsStaff, "/staff/sign-in") }

// toSignIn sends the visitor to a sign-in page.
type toSignIn struct{ page string }

func (t toSignIn) Error() string { return "sign in at " + t.page }

// SignIn makes the visitor the holder of a fresh session, under a fresh cookie.
func (v *Visit) SignIn(session access.Session, name string) error {
	if err := v.site.sessions.RenewToken(v.ctx()); err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	// Whoever sat here before may not have signed out: their desk, its scans and the
	// patron at it are nobody else's. Language and look belong to the computer.
	for _, key := range v.site.sessions.Keys(v.ctx()) {
		if key != keyLanguage && key != keyTheme {
			v.Forget(key)
		}
	}
	v.site.sessions.Put(v.ctx(), keyToken, session.Principal.Token.String())
	v.site.sessions.Put(v.ctx(), keyName, name)
	v.Who = session.Principal
	return nil
}

// WorkAt remembers the branch the visitor works at.
func (v *Visit) WorkAt(branch broker.ID) {
	v.Who.Branch = branch
	v.site.sessions.Put(v.ctx(), keyBranch, branch.String())
}

// Remember keeps something of the visitor between two clicks.
func (v *Visit) Remember(key string, value any) {
	text, err := json.Marshal(value)
	if err != nil { // what pages keep is plain data
		v.site.Log.Error("a session could not be kept", "error", err.Error())
		return
	}
	v.site.sessions.Put(v.ctx(), key, string(text))
}

// Remembered gives it back, or the zero value.
func Remembered[T any](v *Visit, key string) T {
	var value T
	if text := v.site.sessions.GetString(v.ctx(), key); text != "" {
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			var none T
			return none // kept by another version of the program
		}
	}
	return value
}

// Forget drops it.
func (v *Visit) Forget(key string) { v.site.sessions.Remove(v.ctx(), key) }

// Ask calls an operation of the contract as the visitor, with the idempotency key
// of the form if there is one.
func Ask[Answer, In, Out any](v *Visit, operation string, call func(context.Context, In) (Out, error), in In) (Answer, error) {
	return AskOnce[Answer](v, operation, "", call, in)
}

// AskOnce is Ask for an act that must be done once for one key.
func AskOnce[Answer, In, Out any](v *Visit, operation, key string, call func(context.Context, In) (Out, error), in In) (Answer, error) {
	var answer Answer
	ctx, err := v.site.Line.Enter(v.ctx(), pipeline.Entry{Operation: operation, Principal: v.Who, Key: key, Request: in})
	if err != nil {
		return answer, err
	}
	out, err := call(ctx, in)
	if err != nil {
		return answer, err
	}
	answer, is := any(out).(Answer)
	if !is {
		return answer, fmt.Errorf("frame: %s answered with %T", operation, out)
	}
	return answer, nil
}

// Field gives a field of the form without blanks around it.
func (v *Visit) Field(name string) string { return strings.TrimSpace(v.FormValue(name)) }

// Key is the idempotency key of the form.
func (v *Visit) Key() string { return v.FormValue("key") }

// Go redirects after an act, so that a reload does nothing twice.
func (v *Visit) Go(to string) error { return v.Redirect(http.StatusSeeOther, to) }

// Back gives a local address that came with the call, or the usual one: never an
// address of another site.
func (v *Visit) Back(wish, usual string) string {
	at, err := url.Parse(wish)
	if err != nil || at.Scheme != "" || at.Host != "" || !strings.HasPrefix(wish, "/") || strings.HasPrefix(wish, "//") || strings.Contains(wish, "\\") {
		return usual
	}
	return wish
}

// Toast is a short word about what was just done, shown once on the next page.
type Toast struct {
	Text string
	// Undo is the form's address that takes it back, with its label; "" for none.
	Undo, UndoLabel string
	// Fields are the hidden fields of that form.
	Fields map[string]string
}

// Tell shows a toast on the next page.
func (v *Visit) Tell(toast Toast) { v.Remember(keyToast, toast) }

func (s *Site) signOut(v *Visit) error {
	to := "/sign-in"
	if v.Who.IsStaff() {
		to = "/staff/sign-in"
	}
	if v.SignedIn() {
		if _, err := Ask[gen.DeleteSession204Response](v, "deleteSession", s.Operations.DeleteSession, gen.DeleteSessionRequestObject{}); err != nil {
			return err
		}
	}
	if err := s.sessions.Destroy(v.ctx()); err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	return v.Go(to)
}

// look changes the language and whether the page is light or dark.
func (s *Site) look(v *Visit) error {
	if chosen := v.Field("lang"); words.Known(chosen) {
		v.site.sessions.Put(v.ctx(), keyLanguage, chosen)
	}
	switch theme := v.Field("theme"); theme {
	case "light", "dark", "":
		if _, given := v.Request().Form["theme"]; given {
			v.site.sessions.Put(v.ctx(), keyTheme, theme)
		}
	}
	return v.Go(v.Back(v.Field("back"), "/"))
}
