package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/cmd/afield/app"
)

// start runs the whole program on a free port.
func start(t *testing.T, db *postgres.DB) *app.App {
	t.Helper()
	running, err := app.Start(t.Context(), app.Config{DB: db, Listen: "127.0.0.1:0", Secret: bytes.Repeat([]byte("s"), 32), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	return running
}

// readiness asks GET /readyz and gives its status with the checks by name.
func readiness(t *testing.T, running *app.App) (int, map[string]string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, running.URL()+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Checks map[string]string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer.Checks
}

// A database that is behind the program takes no calls; one ahead of it does.
func TestReadyOnlyWithEveryMigration(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	running := start(t, db)
	status, checks := readiness(t, running)
	for _, part := range []string{"database", "migrations", "jobs"} {
		if status != http.StatusOK || checks[part] != "ok" {
			t.Errorf("migrated: %d, %s is %q", status, part, checks[part])
		}
	}
	admin := pgtest.Admin(t, db)
	change := func(statement string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	change(`insert into schema_migrations (version, name, checksum) values (9999, '9999_newer', '')`)
	if status, _ := readiness(t, running); status != http.StatusOK {
		t.Errorf("migrated by a newer program: %d", status)
	}
	change(`delete from schema_migrations where version in (9999, (select max(version) from schema_migrations where version < 9999))`)
	if status, checks := readiness(t, running); status != http.StatusServiceUnavailable || checks["migrations"] != "unavailable" || checks["database"] != "ok" {
		t.Errorf("one migration behind: %d %v", status, checks)
	}
}

// The sweep removes what access keeps only for a time.
func TestTheSweepForgets(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	running := start(t, db)
	long, short := time.Now().AddDate(0, 0, -40), time.Now().Add(-time.Hour)
	err := db.InTx(t.Context(), postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		for key, at := range map[string]time.Time{"old": long, "new": short} {
			tx.Queue(`insert into idempotency_keys (principal, route, key, body_hash, status, resource, created_at)
				values ('p', 'r', $1, '', 200, '{}', $2)`, key, at)
			tx.Queue(`insert into signin_attempts (bucket, window_start, tries) values ($1, $2, 1)`, key, at)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := running.Queue.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{`select key from idempotency_keys`, `select bucket from signin_attempts`} {
		var left []string
		if err := db.AppPool().QueryRow(t.Context(), `select array(`+kept+`)`).Scan(&left); err != nil {
			t.Fatal(err)
		}
		if len(left) != 1 || left[0] != "new" {
			t.Errorf("%s leaves %v", kept, left)
		}
	}
}

// Figures and profiles are served on a listener of their own, and nowhere else.
func TestFiguresHaveAListenerOfTheirOwn(t *testing.T) {
	t.Parallel()
	running, err := app.Start(t.Context(), app.Config{
		DB: pgtest.New(t), Listen: "127.0.0.1:0", Secret: bytes.Repeat([]byte("s"), 32), Version: "test", Front: app.Front{Watch: "127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	for address, want := range map[string]int{
		running.WatchURL() + "/metrics": 200, running.WatchURL() + "/debug/pprof/": 200, running.WatchURL() + "/v1/me": 404,
		running.URL() + "/metrics": 404, running.URL() + "/debug/pprof/": 404,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %d, want %d", address, response.StatusCode, want)
		}
	}
}
