package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"afield/api/gen"
	"afield/broker"
)

// teller tells one story: it acts through the API as staff and patrons do, and
// compares what it sees with what the story says. The first difference ends it.
type teller struct {
	stage *stage
	story story
	ctx   context.Context
	wait  func(time.Time)

	told     bool
	failure  string
	checked  int
	remarks  []remark
	requests []tracked
	accounts []accountOf
	rotas    []rotaOf
	lines    []line // collected at the end
}

// remark is something the story says itself.
type remark struct {
	at   time.Time
	zone *time.Location
	who  string
	text string
	// after is the last event before it.
	after int64
}

// tracked is a request of the story, on either side.
type tracked struct {
	by   *actor // staff who may read it
	side string // "requests" or "lending"
	id   broker.ID
	no   int64
}

// storyFailed is the panic that ends a story.
type storyFailed struct{ why string }

func (t *teller) fail(format string, args ...any) {
	panic(storyFailed{fmt.Sprintf(format, args...)})
}

// check checks one fact against the story.
func (t *teller) check(what string, got, want any) {
	t.checked++
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.fail("%s: got %v, the story says %v", what, got, want)
	}
}

// must ends the story on an unexpected error.
func (t *teller) must(err error) {
	if err != nil {
		t.fail("%v", err)
	}
}

// refused expects a refusal by the API with a code, and gives the refusal.
func (t *teller) refused(err error, code string) *refusal {
	t.checked++
	var said *refusal
	if !errors.As(err, &said) {
		t.fail("expected the refusal %s, got %v", code, err)
	}
	if said.Code != code {
		t.fail("expected the refusal %s, got: %v", code, said)
	}
	return said
}

// because expects a reason in a refusal.
func (t *teller) because(said *refusal, code string) broker.Reason {
	t.checked++
	reason, there := said.has(code)
	if !there {
		t.fail("expected the reason %s, got: %v", code, said)
	}
	return reason
}

// at lets time pass until an instant.
func (t *teller) at(instant time.Time) { t.wait(instant) }

// day waits for a wall-clock time on a day of the common calendar: 0 is its
// first Monday. No library here opens on Sundays.
func (t *teller) day(day int, clock string, where *actor) {
	if t.date(day).Weekday() == time.Sunday {
		t.fail("day %d is a Sunday: nobody is at the desk", day)
	}
	t.onDate(t.stage.monday.AddDays(day), clock, where)
}

// onDate waits for a wall-clock time on a date at somebody's library.
func (t *teller) onDate(date broker.Date, clock string, where *actor) {
	var hour, minute int
	if _, err := fmt.Sscanf(clock, "%d:%d", &hour, &minute); err != nil {
		t.fail("%q is no time of day", clock)
	}
	t.at(date.At(hour, minute, where.zone))
}

// date gives a day of the common calendar.
func (t *teller) date(day int) broker.Date { return t.stage.monday.AddDays(day) }

// say adds what somebody did or saw to the timeline.
func (t *teller) say(by *actor, format string, args ...any) {
	t.remark(by.who, by.zone, fmt.Sprintf(format, args...))
}

// narrate adds what happened at a library to the timeline.
func (t *teller) narrate(key, text string) {
	p := t.library(key)
	t.remark(p.name, p.location(), text)
}

func (t *teller) remark(who string, zone *time.Location, text string) {
	after, err := t.stage.lastEvent(t.ctx)
	t.must(err)
	t.remarks = append(t.remarks, remark{t.stage.clock.Now(), zone, who, text, after})
}

// settle waits until all consequences of what was done have happened.
func (t *teller) settle() {
	if err := t.stage.quiet(t.ctx); err != nil {
		t.fail("%v", err)
	}
}

// actor is somebody who uses the API.
type actor struct {
	t       *teller
	who     string
	library place
	zone    *time.Location
	person  *person
	token   string
}

func (t *teller) library(key string) place {
	for _, p := range places() {
		if p.key == key {
			return p
		}
	}
	t.fail("the demo has no library %q", key)
	return place{}
}

// staff signs a library's staff in.
func (t *teller) staff(key string) *actor {
	p := t.library(key)
	who := "staff at " + p.name
	return t.signIn(&actor{t: t, who: who, library: p, zone: p.location()}, gen.SignIn{
		Kind: gen.SignInKindStaff, Library: p.symbol,
		Username: staffName, Password: t.stage.signIns.passwords[key],
	})
}

// patron signs a patron in by card and PIN.
func (t *teller) patron(key string, number int) *actor {
	p := t.library(key)
	for _, one := range people() {
		if one.library == key && one.number == number {
			by := &actor{t: t, who: fmt.Sprintf("adult patron %d of %s", number, p.name), library: p, zone: p.location(), person: &one}
			return t.signIn(by, gen.SignIn{Kind: gen.SignInKindPatron, Realm: p.symbol, Card: one.card(), Pin: t.stage.signIns.pins[one.id()]})
		}
	}
	t.fail("the demo has no adult patron %d at %q", number, key)
	return nil
}

func (t *teller) signIn(by *actor, with gen.SignIn) *actor {
	if token, there := t.stage.tokens[by.who]; there {
		by.token = token
		return by
	}
	var session gen.Session
	t.must(t.stage.api.call(t.ctx, "", http.MethodPost, "/v1/sessions", with, &session))
	t.stage.tokens[by.who] = session.Token
	by.token = session.Token
	return by
}

func (a *actor) get(path string, into any) {
	a.t.must(a.t.stage.api.call(a.t.ctx, a.token, http.MethodGet, path, nil, into))
}

func (a *actor) post(path string, body, into any) error {
	return a.t.stage.api.call(a.t.ctx, a.token, http.MethodPost, path, body, into)
}

// submit requests a book; staff do so for a patron. The error is a refusal.
func (a *actor) submit(b book, forPatron *actor) (*asked, error) {
	body := gen.NewRequest{Citation: b.citation()}
	if forPatron != nil && forPatron != a {
		body.Card = forPatron.person.card()
	}
	var made gen.Request
	if err := a.post("/v1/requests", body, &made); err != nil {
		return nil, err
	}
	request := &asked{Request: made, by: a, patron: forPatron}
	a.t.track(request)
	return request, nil
}

// asked is a request on the borrowing side, as it was last seen.
type asked struct {
	gen.Request
	by     *actor
	patron *actor
}

func (t *teller) track(r *asked) {
	staff := t.staff(r.by.library.key)
	t.requests = append(t.requests, tracked{staff, "requests", r.ID, r.Number})
	if r.patron != nil && !slices.ContainsFunc(t.accounts, func(a accountOf) bool { return a.patron.who == r.patron.who }) {
		t.accounts = append(t.accounts, accountOf{patron: r.patron, staff: staff})
	}
}

// look settles and reads the request again, as staff see it.
func (r *asked) look() *asked {
	t := r.by.t
	t.settle()
	t.staff(r.by.library.key).get("/v1/requests/"+r.ID.String(), &r.Request)
	return r
}

// is expects the request to be in a state.
func (r *asked) is(state string) {
	r.look()
	r.by.t.check(fmt.Sprintf("state of request %d", r.Number), r.State, state)
}

// do performs an action of the request.
func (r *asked) do(by *actor, action string, form any) error {
	if form == nil {
		form = struct{}{}
	}
	return by.post("/v1/requests/"+r.ID.String()+"/actions/"+action, form, nil)
}

// lending is the other side of a request, at a member that was asked.
type lending struct {
	gen.Request
	by *actor
}

// askedOf settles, and finds the request for a book that a library was sent.
func (t *teller) askedOf(staff *actor, b book) *lending {
	t.settle()
	var page gen.RequestPage
	staff.get("/v1/lending?open=true&limit=200", &page)
	for _, one := range page.Requests {
		if one.Citation.ISBN == b.isbn {
			found := &lending{by: staff}
			staff.get("/v1/lending/"+one.ID.String(), &found.Request)
			t.requests = append(t.requests, tracked{staff, "lending", one.ID, one.Number})
			return found
		}
	}
	t.fail("%s was not asked for %q", staff.library.name, b.title)
	return nil
}

func (l *lending) do(action string, form any) {
	if form == nil {
		form = struct{}{}
	}
	l.by.t.must(l.by.post("/v1/lending/"+l.ID.String()+"/actions/"+action, form, nil))
}

func (l *lending) is(state string) {
	l.by.t.settle()
	l.by.get("/v1/lending/"+l.ID.String(), &l.Request)
	l.by.t.check(fmt.Sprintf("state of lending request %d", l.Number), l.State, state)
}

// id gives a library's id.
func (t *teller) id(key string) broker.ID {
	p := t.library(key)
	return p.id()
}

func containsText(text, part string) bool { return strings.Contains(text, part) }
