package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"afield/broker/postgres"
	"afield/cmd/afield/demo"
)

// demoCommand plays and serves the demo.
type demoCommand struct {
	Exit bool   `help:"Play the stories in a database of their own and end: status 0 only if all came out as told."`
	Only string `help:"Play only the story of this letter." placeholder:"LETTER"`
	tellingFlags
}

// Help is shown by afield demo --help.
func (demoCommand) Help() string {
	return `Loads five libraries with their real rules, their neighbours, and lenders elsewhere that misbehave; plays the demo's stories on a clock that starts in the past and ends today, through the real API, jobs and messages; prints each as a timeline; then serves what there is and says how to sign in. A second start serves the same again.

With --exit the stories are played in a database of their own, which is dropped afterwards, and nothing stays running.

Examples:
  afield demo
  afield demo --exit
  afield demo --exit --only g --json | jq '.stories[].passed'`
}

// Run plays, and serves unless told to exit.
func (c demoCommand) Run(a *app) error {
	telling, err := c.read()
	if err != nil {
		return err
	}
	config := demo.Config{
		Listen: a.Listen, Exit: c.Exit, Only: c.Only, JSON: a.JSON, Out: a.out, Progress: a.err, Version: readBuild().Version,
		Log: slog.New(slog.NewJSONHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if c.Exit {
		config.Log = nil // Telling is not set either, so no notice is sent out
		return c.play(a, config)
	}
	return a.withDatabase(func(opened *database) (err error) {
		if config.Secret, err = serverSecret(a); err != nil {
			return err
		}
		config.DB, config.Telling = opened.DB, telling
		_, err = demo.Run(a.ctx, config)
		return demoError(err)
	})
}

// play runs the stories in a database made for them.
func (c demoCommand) play(a *app, config demo.Config) error {
	config.Secret = make([]byte, 32)
	if _, err := rand.Read(config.Secret); err != nil {
		return fmt.Errorf("make a secret: %w", err)
	}
	return a.withScratch(func(scratch *postgres.DB) error {
		config.DB = scratch
		_, err := demo.Run(a.ctx, config)
		return demoError(err)
	})
}

// demoError turns the result of the demo into the program's exit status.
func demoError(err error) error {
	switch {
	case errors.Is(err, demo.ErrNotAsTold):
		return errReported
	case errors.Is(err, demo.ErrUnknownStory):
		return fmt.Errorf("%w (%w)", err, errUsage)
	}
	return err
}

// withScratch makes an empty, migrated database beside the usual one for as
// long as work runs, and then drops it.
func (a *app) withScratch(work func(*postgres.DB) error) error {
	return a.withScratches("afield_demo_", 1, func(all []*postgres.DB) error { return work(all[0]) })
}

// withDatabaseName gives a connection string to another database of the same
// server, in either of the two ways they are written.
func withDatabaseName(connection, name string) (string, error) {
	if !strings.Contains(connection, "://") {
		return connection + " dbname=" + name, nil // the last of several counts
	}
	parsed, err := url.Parse(connection)
	if err != nil {
		return "", errBadURL // the parser's own words may repeat the password
	}
	parsed.Path = "/" + name
	query := parsed.Query()
	query.Del("dbname")
	query.Del("database")
	parsed.RawQuery = query.Encode()
	return parsed.String(), nil
}
