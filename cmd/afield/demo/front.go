package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"afield/api/gen"
	"afield/api/web"
	"afield/broker"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests"
)

// front makes the page about the demo: its requests and what runs; and it knows how
// to sign in.
type front struct {
	version string
	clock   *Clock
	db      *postgres.DB

	mu       sync.Mutex
	requests *requests.Service
	signIns  *Credentials
}

// ready gives front what exists only once the server runs.
func (f *front) ready(service *requests.Service, signIns *Credentials) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests, f.signIns = service, signIns
}

// mostLines is the most lines of a timeline on the page.
const mostLines = 60

// accounts gives the demo's accounts to the sign-in pages.
func (f *front) accounts() []web.Account {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.requests == nil {
		return nil // still starting
	}
	var accounts []web.Account
	for _, way := range f.signIns.ways() {
		accounts = append(accounts, way.account())
	}
	return accounts
}

func (f *front) page(ctx context.Context) (web.About, error) {
	f.mu.Lock()
	service := f.requests
	f.mu.Unlock()
	page := web.About{Version: f.version, Now: f.clock.Now(), Demo: true, Running: whatRuns()}
	if service == nil {
		return page, nil // still starting
	}
	for _, p := range places() {
		if !p.member() {
			continue
		}
		told, err := f.storiesAt(ctx, service, p)
		if err != nil {
			return page, err
		}
		page.Stories = append(page.Stories, told...)
	}
	slices.SortFunc(page.Stories, func(a, b web.Story) int {
		if a.Ended != b.Ended {
			if b.Ended {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Number, b.Number)
	})
	return page, nil
}

func (f *front) storiesAt(ctx context.Context, service *requests.Service, p place) (stories []web.Story, err error) {
	viewer := requests.Viewer{Library: p.id()}
	err = f.db.InTx(ctx, postgres.ForLibraries(p.id()), func(ctx context.Context, tx *postgres.Tx) error {
		list, _, err := service.List(ctx, tx, viewer, requests.Filter{Sides: []workflow.Side{workflow.SideBorrowing}, OldestFirst: true}, broker.NoID, 100)
		if err != nil {
			return err
		}
		for _, one := range list {
			told := web.Story{
				Number: one.Number, Title: one.Citation.Title, Library: p.name, State: one.Label, Told: tellingOf(one.Citation.ISBN),
				Ended: !one.ClosedAt.IsZero(),
			}
			events, err := requests.Timeline(ctx, tx, viewer, one.ID, 0, mostLines)
			if err != nil {
				return err
			}
			for _, event := range events {
				told.Lines = append(told.Lines, web.Line{At: event.At, Text: event.Label(), By: string(event.Actor.Kind)})
			}
			stories = append(stories, told)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("gather the stories at %s: %w", p.name, err)
	}
	return stories, nil
}

// tellingOf says what a request shows, by its book.
func tellingOf(isbn string) string {
	for _, b := range books() {
		if b.isbn != isbn {
			continue
		}
		for _, one := range stories() {
			if one.id == b.story {
				return fmt.Sprintf("(%s) %s: %s", one.id, one.title, one.shows)
			}
		}
	}
	return ""
}

func whatRuns() []web.Running {
	count := map[bool]int{}
	for _, p := range places() {
		count[p.member()]++
	}
	return []web.Running{
		{What: "Member libraries", Detail: fmt.Sprintf("%d, five of them with the rules of real libraries", count[true])},
		{What: "Libraries elsewhere", Detail: fmt.Sprintf("%d, reached over HTTP or by hand; some misbehave", count[false])},
	}
}

// way is one way to sign in.
type way struct {
	who string
	in  gen.SignIn
}

// body is the way as the body of POST /v1/sessions.
func (w way) body() string {
	text, _ := json.Marshal(w.in) // plain strings always marshal
	return string(text)
}

// account is the way as the pages offer it.
func (w way) account() web.Account {
	if w.in.Kind == gen.SignInKindPatron {
		return web.Account{Who: w.who, Patron: true, Library: w.in.Realm, Name: w.in.Card, Secret: w.in.Pin}
	}
	return web.Account{Who: w.who, Library: w.in.Library, Name: w.in.Username, Secret: w.in.Password}
}

// ways lists the sign-ins of the five libraries, staff first.
func (c *Credentials) ways() []way {
	var ways []way
	five := []string{"westport", "westchester", "dover", "western-district", "perth"}
	byKey := map[string]place{}
	for _, p := range places() {
		byKey[p.key] = p
	}
	for _, key := range five {
		p := byKey[key]
		ways = append(ways, way{"Staff of " + p.name, gen.SignIn{Kind: gen.SignInKindStaff, Library: p.symbol, Username: staffName, Password: c.passwords[key]}})
	}
	for _, key := range five {
		p := byKey[key]
		ways = append(ways, way{"Director of " + p.name, gen.SignIn{Kind: gen.SignInKindStaff, Library: p.symbol, Username: directorName, Password: c.directors[key]}})
	}
	for _, key := range five {
		p := byKey[key]
		for _, one := range people() {
			if one.library == key && one.number == 1 {
				ways = append(ways, way{
					fmt.Sprintf("Adult patron 1 of %s", p.name),
					gen.SignIn{Kind: gen.SignInKindPatron, Realm: p.symbol, Card: one.card(), Pin: c.pins[one.id()]},
				})
			}
		}
	}
	return ways
}

// welcome prints where the demo is and how to sign in.
func (r *running) welcome(config Config) error {
	url, ways, out := r.app.URL(), r.stage.signIns.ways(), config.Out
	if config.JSON {
		served := struct {
			URL     string            `json:"url"`
			SignIns []json.RawMessage `json:"sign_ins"`
		}{URL: url}
		for _, way := range ways {
			served.SignIns = append(served.SignIns, json.RawMessage(way.body()))
		}
		return json.NewEncoder(out).Encode(served)
	}
	fmt.Fprintf(out, "\nAfield is running at %s\n  Pages, to sign in %s/\n  API, to try     %s/docs\n  API document    %s/openapi.json\n  Health          %s/readyz\n", url, url, url, url, url)
	fmt.Fprintf(out, "\nSign in with POST %s/v1/sessions and one of these bodies; they are good until the next start (the pages offer them by one click):\n", url)
	for _, way := range ways {
		fmt.Fprintf(out, "  %s\n    %s\n", way.who, way.body())
	}
	_, err := fmt.Fprintf(out, "For example:\n  curl -s %s/v1/sessions -H 'Content-Type: application/json' -d '%s'\nStop with Ctrl-C.\n", url, ways[0].body())
	return err
}
