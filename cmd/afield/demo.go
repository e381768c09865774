package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"

	"afield/broker/postgres"
	"afield/cmd/afield/demo"
	"afield/cmd/afield/shell"
)

// demoCommand plays and serves the demo.
type demoCommand struct {
	Exit bool   `help:"Play the stories in a database of their own and end: status 0 only if all came out as told."`
	Only string `help:"Play only the stories of these letters, as in d,g." placeholder:"LETTERS"`
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
func (c demoCommand) Run(a *shell.App) error {
	telling, err := c.read()
	if err != nil {
		return err
	}
	config := demo.Config{
		Listen: a.Listen, Exit: c.Exit, Only: c.Only, JSON: a.JSON, Out: a.Out, Progress: a.Err, Version: shell.ReadBuild().Version,
		Log: slog.New(slog.NewJSONHandler(a.Err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if c.Exit {
		config.Log = nil // Telling is not set either, so no notice is sent out
		return c.play(a, config)
	}
	return a.WithDatabase(func(opened *shell.Database) (err error) {
		if config.Secret, err = shell.ServerSecret(a); err != nil {
			return err
		}
		config.DB, config.Telling = opened.DB, telling
		_, err = demo.Run(a.Ctx, config)
		return demoError(err)
	})
}

// play runs the stories in a database made for them.
func (c demoCommand) play(a *shell.App, config demo.Config) error {
	config.Secret = make([]byte, 32)
	if _, err := rand.Read(config.Secret); err != nil {
		return fmt.Errorf("make a secret: %w", err)
	}
	return a.WithScratch(func(scratch *postgres.DB) error {
		config.DB = scratch
		_, err := demo.Run(a.Ctx, config)
		return demoError(err)
	})
}

// demoError turns the result of the demo into the program's exit status.
func demoError(err error) error {
	switch {
	case errors.Is(err, demo.ErrNotAsTold):
		return shell.ErrReported
	case errors.Is(err, demo.ErrUnknownStory):
		return fmt.Errorf("%w (%w)", err, shell.ErrUsage)
	}
	return err
}
