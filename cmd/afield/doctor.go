package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/consortium"
	"afield/broker/postgres"
	server "afield/cmd/afield/app"
	"afield/cmd/afield/shell"
)

// doctorCommand checks everything that must be right before serving. It changes
// nothing: it makes no database and applies no migration.
type doctorCommand struct {
	tellingFlags
	frontFlags
}

// Help is shown by afield doctor --help.
func (doctorCommand) Help() string {
	return `Prints the configuration without secrets, then each check. Ends with status 1 when something must be done.

Examples:
  afield doctor
  afield doctor --json --data /srv/afield`
}

// checkup is what doctor found.
type checkup struct {
	Configuration []settingShown `json:"configuration"`
	Checks        []check        `json:"checks"`
	// SetUp says how far the set-up has come; a step that is not done is no illness.
	SetUp   []consortium.Step `json:"set_up,omitempty"`
	Healthy bool              `json:"healthy"`

	telling server.Telling
}

type settingShown struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Run prints what was found.
func (c doctorCommand) Run(a *shell.App) error {
	found := &checkup{Configuration: slices.Concat(shown(a.Settings), c.tellingFlags.shown(), c.frontFlags.shown()), Healthy: true}
	var err error
	found.telling, err = c.tellingFlags.read()
	found.add("notices", err, c.words())
	front, err := c.frontFlags.read(found.telling.Address)
	if err == nil {
		err = front.Check()
	}
	found.add("front", err, c.door())
	if a.DatabaseURL == "" {
		found.checkPrivate(a)
	} else {
		opened := &shell.Database{AdminURL: a.DatabaseURL}
		found.checkDatabase(a.Ctx, opened, a.DatabaseURL)
	}
	if err := a.Ctx.Err(); err != nil {
		return err
	}
	if err := a.Print(found, found.words); err != nil {
		return err
	}
	if !found.Healthy {
		return shell.ErrReported
	}
	return nil
}

func (c *checkup) words(out io.Writer) {
	for _, setting := range c.Configuration {
		fmt.Fprintf(out, "  %-20s %s\n", setting.Name, setting.Value)
	}
	for _, check := range c.Checks {
		mark := "ok  "
		if !check.OK {
			mark = "TO DO"
		}
		fmt.Fprintf(out, "%-5s %-11s %s\n", mark, check.Name, strings.ReplaceAll(check.Detail, "\n", "\n                  "))
	}
	for i, step := range c.SetUp {
		if i == 0 {
			fmt.Fprintln(out, "Set-up:")
		}
		if step.Done {
			fmt.Fprintf(out, "done  %-11s %s\n", step.Name, step.There)
			continue
		}
		fmt.Fprintf(out, "next  %-11s %s; %s\n                  %s\n", step.Name, step.There, step.Missing, step.Next)
	}
	if c.Healthy {
		fmt.Fprintln(out, "Ready.")
	}
}

func (c *checkup) add(name string, err error, detail string) bool {
	if err != nil {
		detail = err.Error()
		c.Healthy = false
	}
	c.Checks = append(c.Checks, check{Name: name, OK: err == nil, Detail: detail})
	return err == nil
}

// shown lists the settings in force; a password never appears.
func shown(s shell.Settings) []settingShown {
	data, err := filepath.Abs(s.Data)
	if err != nil {
		data = s.Data
	}
	where := "private, in the data folder"
	if s.DatabaseURL != "" {
		where = withoutSecret(s.DatabaseURL)
	}
	return []settingShown{
		{"version", strings.TrimSpace(shell.ReadBuild().Version + " " + shell.ReadBuild().Revision)},
		{"AFIELD_DATA", data},
		{"DATABASE_URL", where},
		{"AFIELD_LISTEN", s.Listen},
		{"AFIELD_POSTGRES", orSearched(s.Postgres)},
	}
}

func orSearched(folder string) string {
	if folder == "" {
		return "searched for"
	}
	return folder
}

// withoutSecret rebuilds the address from those parts that are not secret.
func withoutSecret(address string) string {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return "not a connection string"
	}
	return fmt.Sprintf("postgres://%s@%s/%s", config.User,
		net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))), config.Database)
}

func (c *checkup) checkPrivate(a *shell.App) {
	installed := postgres.FindBinaries(a.Postgres)
	var names []string
	for _, binaries := range installed {
		names = append(names, fmt.Sprintf("%s in %s", binaries.Version, binaries.Dir))
	}
	_, err := postgres.NewestBinaries(a.Postgres)
	if !c.add("binaries", err, strings.Join(names, "; ")) {
		return
	}
	exists, err := postgres.ClusterExists(a.Data)
	if err == nil && !exists {
		err = postgres.CanBeMade(a.Data)
	}
	if !c.add("folder", err, folderWords(exists)) || !exists {
		return
	}
	cluster, err := postgres.StartCluster(a.Ctx, postgres.ClusterOptions{DataDir: a.Data, BinDir: a.Postgres, Notice: a.Notice})
	if !c.add("start", err, "the private database starts") {
		return
	}
	opened := &shell.Database{AdminURL: cluster.AdminURL(postgres.DatabaseName)}
	c.checkDatabase(a.Ctx, opened, cluster.URL(postgres.DatabaseName))
	c.add("stop", cluster.Close(), "the private database is let go cleanly")
}

func folderWords(exists bool) string {
	if exists {
		return "holds a database"
	}
	return "holds no database yet; the first start makes one"
}

func (c *checkup) checkDatabase(ctx context.Context, opened *shell.Database, loginURL string) {
	var version string
	err := opened.WithAdmin(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "select version()").Scan(&version)
	})
	if !c.add("database", err, version) {
		return
	}
	pending, err := opened.Pending(ctx)
	if err == nil && len(pending) > 0 {
		err = fmt.Errorf("run afield migrate, which applies %s", strings.Join(pending, ", "))
	}
	c.add("migrations", err, "none pending")
	db, err := postgres.Open(ctx, postgres.Config{URL: loginURL, AppConns: 1, SystemConns: 1})
	if c.add("roles", err, postgres.AppRole+" and "+postgres.SystemRole+", neither above row-level security") {
		if err == nil && len(pending) == 0 {
			c.checkWaiting(ctx, db)
			c.checkSetUp(ctx, db)
		}
		db.Close()
	}
}

// checkSetUp says which steps of the set-up are done. No secret of the server is
// needed to count.
func (c *checkup) checkSetUp(ctx context.Context, db *postgres.DB) {
	doors, err := access.New(db, access.Config{Key: make([]byte, 32)})
	if err == nil {
		err = db.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
			facts, err := consortium.Count(ctx, tx, doors, broker.NoID)
			c.SetUp = consortium.OfficeSteps(facts)
			return err
		})
	}
	if err != nil {
		c.SetUp = nil
		c.add("set-up", err, "")
	}
}
