package web

import (
	"context"
	"fmt"
	"time"

	"afield/api/web/frame"
	"afield/broker"
)

// About is what the page about this server shows.
type About struct {
	// Version of the program, and Now on the business clock.
	Version string
	Now     time.Time
	// FirstStep says what has to be done before anybody can sign in; "" once it is.
	FirstStep string
	// Demo tells that the rows here are invented. Without it Stories must be empty:
	// the page is open to everybody.
	Demo bool
	// Stories are the demo's requests, the open ones first; the page leads with them.
	Stories []Story
	// Running lists what is up, in plain words.
	Running []Running
}

// Running is one thing that is up, for example the member libraries.
type Running struct{ What, Detail string }

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

// aboutPage is the page with the day, as its template needs it.
type aboutPage struct {
	About
	Today broker.Date
}

func about(data func(context.Context) (About, error)) frame.Handler {
	return func(v *frame.Visit) error {
		page, err := data(v.Request().Context())
		if err != nil {
			return fmt.Errorf("gather the page about this server: %w", err)
		}
		if !page.Demo {
			page.Stories = nil // real rows never show here
		}
		return v.Show("about", frame.Head{Title: v.Say("About this server"), Plain: true}, aboutPage{page, v.Today})
	}
}
