package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"afield/broker/postgres"
)

// Roles belong to the whole server, so these tests have a server of their own.

func TestRolesMadeAtOnce(t *testing.T) {
	t.Parallel()
	cluster := start(t, postgres.ClusterOptions{DataDir: dataDir(t), Scratch: true})
	run(t, cluster, "drop role afield_login, afield_app, afield_system")
	var group sync.WaitGroup
	for range 8 {
		conn := connect(t, cluster.AdminURL(postgres.DatabaseName))
		group.Go(func() {
			if err := postgres.EnsureRoles(t.Context(), conn); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestAccountThatMayMakeRoles(t *testing.T) {
	t.Parallel()
	cluster := start(t, postgres.ClusterOptions{DataDir: dataDir(t), Scratch: true})
	run(t, cluster, `drop role afield_login, afield_app, afield_system;
		create role owner login createrole; alter database afield owner to owner`)
	address := strings.Replace(cluster.AdminURL(postgres.DatabaseName), "postgres@", "owner@", 1)
	if err := postgres.EnsureRoles(t.Context(), connect(t, address)); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var app, system string
	if err := db.AppPool().QueryRow(t.Context(), "select current_user").Scan(&app); err != nil {
		t.Fatal(err)
	}
	if err := db.SystemPool().QueryRow(t.Context(), "select current_user").Scan(&system); err != nil {
		t.Fatal(err)
	}
	if app != postgres.AppRole || system != postgres.SystemRole {
		t.Errorf("the pools work as %s and %s", app, system)
	}
}

func TestAccountThatMayNot(t *testing.T) {
	t.Parallel()
	cluster := start(t, postgres.ClusterOptions{DataDir: dataDir(t), Scratch: true})
	run(t, cluster, "create role guest login")
	address := strings.Replace(cluster.AdminURL(postgres.DatabaseName), "postgres@", "guest@", 1)
	var roles *postgres.RolesError
	err := postgres.EnsureRoles(t.Context(), connect(t, address))
	if !errors.As(err, &roles) || !strings.Contains(roles.SQL, `to "guest"`) {
		t.Fatalf("the error is %v; want one with the SQL to run", err)
	}
	if _, err := postgres.Open(t.Context(), postgres.Config{URL: address}); !errors.As(err, &roles) {
		t.Errorf("opening gives %v; want the same", err)
	}
	admin := connect(t, cluster.AdminURL(postgres.DatabaseName))
	for statement := range strings.SplitSeq(roles.SQL, ";") {
		if !strings.Contains(statement, "create role") { // both exist here
			if _, err := admin.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := postgres.EnsureRoles(t.Context(), connect(t, address)); err != nil {
		t.Errorf("after the administrator ran it: %v", err)
	}
}

func TestUnsafeRoleIsNotServedWith(t *testing.T) {
	t.Parallel()
	cluster := start(t, postgres.ClusterOptions{DataDir: dataDir(t), Scratch: true})
	for _, statement := range []string{
		"alter role afield_app superuser", "alter role afield_app nosuperuser bypassrls",
		"alter role afield_app nobypassrls; alter role afield_system bypassrls",
	} {
		run(t, cluster, statement)
		if _, err := postgres.Open(t.Context(), postgres.Config{URL: cluster.URL(postgres.DatabaseName)}); !errors.Is(err, postgres.ErrUnsafeRole) {
			t.Errorf("after %q opening gives %v", statement, err)
		}
	}
}

func TestLoginSeesNothingByItself(t *testing.T) {
	t.Parallel()
	cluster := start(t, postgres.ClusterOptions{DataDir: dataDir(t), Scratch: true})
	run(t, cluster, "create table secret (); grant select on secret to afield_app, afield_system")
	_, err := connect(t, cluster.URL(postgres.DatabaseName)).Exec(t.Context(), "select from secret", pgx.QueryExecModeExec)
	if err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("the login inherits a role's rights: %v", err)
	}
}

func TestBadAddressKeepsItsPassword(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://user:hush@host:port/x"})
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("the error is %v; it must not repeat the password", err)
	}
}
