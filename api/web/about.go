package web

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

//go:embed front.html front.css
var files embed.FS

// FrontPage is what the front page shows.
type FrontPage struct {
	// Version of the program, and Now on the business clock.
	Version string
	Now     time.Time
	// Demo tells that the rows here are invented. Without it Stories and SignIns
	// must be empty: the page is open to everybody.
	Demo bool
	// Stories are the demo's requests, the open ones first; the page leads with them.
	Stories []Story
	// Running lists what is up, in plain words.
	Running []Running
	// SignIns says how to try the server out; folded away until asked for.
	SignIns []SignIn
}

// Running is one thing that is up, for example the member libraries.
type Running struct{ What, Detail string }

// SignIn is one way into the demo.
type SignIn struct {
	// Who is the role, for example "ILL staff at Westport".
	Who string
	// Body is the JSON to post to /v1/sessions.
	Body string
}

// Story is one demo request.
type Story struct {
	Number  int64
	Title   string
	Library string
	State   string
	// Told says in one sentence what the story shows.
	Told string
	// Ended tells ended requests from open ones.
	Ended bool
	Lines []Line
}

// Line is one line of a story's timeline.
type Line struct {
	At   time.Time
	Text string
	// By is the kind of actor.
	By string
}

// Pages holds the parsed pages.
type Pages struct {
	front *template.Template
	style template.CSS
	data  func(context.Context) (FrontPage, error)
}

// New parses the pages. data gives the front page's content each time; nil
// gives an empty one.
func New(data func(context.Context) (FrontPage, error)) (*Pages, error) {
	front, err := template.New("front.html").Funcs(template.FuncMap{"day": day, "instant": instant}).ParseFS(files, "front.html")
	if err != nil {
		return nil, fmt.Errorf("parse the front page: %w", err)
	}
	style, err := files.ReadFile("front.css")
	if err != nil {
		return nil, fmt.Errorf("read the front page's style: %w", err)
	}
	if data == nil {
		data = func(context.Context) (FrontPage, error) { return FrontPage{}, nil }
	}
	return &Pages{front: front, style: template.CSS(style), data: data}, nil
}

func day(at time.Time) string { return at.UTC().Format("Mon 2 Jan 2006, 15:04") }

func instant(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Front answers GET /.
func (p *Pages) Front(c echo.Context) error {
	page, err := p.data(c.Request().Context())
	if err != nil {
		return fmt.Errorf("gather the front page: %w", err)
	}
	if !page.Demo {
		page.Stories, page.SignIns = nil, nil // real rows never show here
	}
	var out bytes.Buffer
	err = p.front.Execute(&out, struct {
		FrontPage
		Style template.CSS
	}{page, p.style})
	if err != nil {
		return fmt.Errorf("write the front page: %w", err)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.HTMLBlob(http.StatusOK, out.Bytes())
}
