package main

import (
	"errors"
	"fmt"
	"log/slog"

	"afield/broker/consortium"
	server "afield/cmd/afield/app"
)

// serveCommand runs the server and the jobs.
type serveCommand struct{ tellingFlags }

// Help is shown by afield serve --help.
func (serveCommand) Help() string {
	return `Brings the database up to this version, then serves the API and works the jobs until stopped. Stopping (Ctrl-C, SIGTERM) lets what is under way finish.

Examples:
  afield serve
  afield serve --listen 0.0.0.0:8080 --data /var/lib/afield
  DATABASE_URL=postgres://… AFIELD_SECRET=… afield serve
  AFIELD_SMTP_PASSWORD=… afield serve --smtp smtp://afield@mail.example.org --smtp-from library@example.org`
}

// Run serves until stopped.
func (c serveCommand) Run(a *app) error {
	telling, err := c.read()
	if err != nil {
		return err
	}
	return a.withDatabase(func(opened *database) error {
		secret, err := serverSecret(a)
		if err != nil {
			return err
		}
		running, err := server.Start(a.ctx, server.Config{DB: opened.DB, Listen: a.Listen, Secret: secret, Version: readBuild().Version, Log: a.logger(), Telling: telling})
		if err != nil {
			return err
		}
		has, err := running.HasOperator(a.ctx)
		if err != nil {
			return errors.Join(err, running.Close())
		}
		if !has {
			a.notice("Nobody runs this consortium yet. " + consortium.FirstOperator)
		}
		a.notice(fmt.Sprintf("Afield serves on %s (API documents: %s/docs). Stop with Ctrl-C.", running.URL(), running.URL()))
		return errors.Join(running.Wait(a.ctx), running.Close())
	})
}

// withDatabase opens and migrates the database for as long as work runs.
func (a *app) withDatabase(work func(*database) error) error {
	opened, err := openDatabase(a.ctx, a, true)
	if err != nil {
		return err
	}
	return errors.Join(work(opened), opened.Close())
}

// logger writes structured lines to standard error.
func (a *app) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(a.err, &slog.HandlerOptions{Level: slog.LevelInfo}))
}
