package main

import (
	"errors"
	"fmt"

	"afield/broker/consortium"
	server "afield/cmd/afield/app"
	"afield/cmd/afield/shell"
)

// serveCommand runs the server and the jobs.
type serveCommand struct {
	tellingFlags
	frontFlags
}

// Help is shown by afield serve --help.
func (serveCommand) Help() string {
	return `Brings the database up to this version, then serves the API and works the jobs until stopped. Stopping (Ctrl-C, SIGTERM) lets what is under way finish.

Examples:
  afield serve
  afield serve --listen 0.0.0.0:8080 --data /var/lib/afield
  afield serve --listen 0.0.0.0:443 --tls-cert ill.pem --tls-key ill.key --host ill.example.org
  afield serve --trusted-proxy 10.0.0.0/8 --address https://ill.example.org --watch 127.0.0.1:9464
  DATABASE_URL=postgres://… AFIELD_SECRET=… afield serve
  AFIELD_SMTP_PASSWORD=… afield serve --smtp smtp://afield@mail.example.org --smtp-from library@example.org`
}

// Run serves until stopped.
func (c serveCommand) Run(a *shell.App) error {
	telling, err := c.tellingFlags.read()
	if err != nil {
		return err
	}
	front, err := c.frontFlags.read(telling.Address)
	if err != nil {
		return err
	}
	return a.WithDatabase(func(opened *shell.Database) error {
		secret, err := shell.ServerSecret(a)
		if err != nil {
			return err
		}
		running, err := server.Start(a.Ctx, server.Config{DB: opened.DB, Listen: a.Listen, Secret: secret, Version: shell.ReadBuild().Version, Log: a.Logger(), Telling: telling, Front: front})
		if err != nil {
			return err
		}
		has, err := running.HasOperator(a.Ctx)
		if err != nil {
			return errors.Join(err, running.Close())
		}
		if !has {
			a.Notice("Nobody runs this consortium yet. " + consortium.FirstOperator)
		}
		a.Notice(fmt.Sprintf("Afield serves on %s (API documents: %s/docs). Stop with Ctrl-C.", running.URL(), running.URL()))
		return errors.Join(running.Wait(a.Ctx), running.Close())
	})
}
