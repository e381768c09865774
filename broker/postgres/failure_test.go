package postgres_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"afield/broker/postgres"
)

func TestMissingPrograms(t *testing.T) {
	t.Parallel()
	folder := dataDir(t)
	_, err := postgres.StartCluster(t.Context(), postgres.ClusterOptions{DataDir: folder, BinDir: t.TempDir()})
	if !postgres.IsProblem(err, postgres.ProblemNoBinaries) || !strings.Contains(err.Error(), "install") {
		t.Errorf("the error is %v; want one that says what to install", err)
	}
}

// stopped gives the folder of a cluster that was made and stopped.
func stopped(t *testing.T) (data, cluster string) {
	t.Helper()
	data = dataDir(t)
	running := start(t, postgres.ClusterOptions{DataDir: data, Scratch: true})
	if err := running.Close(); err != nil {
		t.Fatal(err)
	}
	return data, filepath.Join(running.Folder(), "cluster")
}

func TestDamagedClusters(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		damage func(cluster string) error
		want   postgres.Problem
		words  string
	}{
		"made by another major version": {
			func(cluster string) error {
				return os.WriteFile(filepath.Join(cluster, "PG_VERSION"), []byte("99\n"), 0o600)
			},
			postgres.ProblemWrongMajor, "PostgreSQL 99",
		},
		"no version file": {
			func(cluster string) error { return os.Remove(filepath.Join(cluster, "PG_VERSION")) },
			postgres.ProblemCorrupt, "never deletes",
		},
		"control file gone": {
			func(cluster string) error { return os.Remove(filepath.Join(cluster, "global", "pg_control")) },
			postgres.ProblemCorrupt, "pg_control",
		},
		"control file cut short": {
			func(cluster string) error { return os.Truncate(filepath.Join(cluster, "global", "pg_control"), 100) },
			postgres.ProblemCorrupt, "damaged",
		},
		"log of writes gone": {
			func(cluster string) error {
				logs, err := filepath.Glob(filepath.Join(cluster, "pg_wal", "0*"))
				for _, log := range logs {
					err = os.Remove(log)
				}
				return err
			},
			postgres.ProblemCorrupt, "damaged",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, cluster := stopped(t)
			if err := c.damage(cluster); err != nil {
				t.Fatal(err)
			}
			_, err := postgres.StartCluster(t.Context(), postgres.ClusterOptions{DataDir: data})
			if !postgres.IsProblem(err, c.want) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("the error is %v; want %s with %q", err, c.want, c.words)
			}
			if _, err := os.Stat(filepath.Join(cluster, "base")); err != nil {
				t.Errorf("the cluster was touched: %v", err)
			}
		})
	}
}

func TestSocketFolderOfSomebodyElse(t *testing.T) {
	t.Parallel()
	data, cluster := stopped(t)
	if err := os.Chmod(filepath.Join(filepath.Dir(cluster), "socket"), 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.StartCluster(t.Context(), postgres.ClusterOptions{DataDir: data})
	if !postgres.IsProblem(err, postgres.ProblemTaken) {
		t.Errorf("the error is %v; want that the socket is taken", err)
	}
}

func TestExistingClusterThatCannotBeEntered(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root starts the server under another account")
	}
	data, _ := stopped(t)
	if err := os.Chmod(filepath.Dir(data), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.StartCluster(t.Context(), postgres.ClusterOptions{DataDir: data})
	if !postgres.IsProblem(err, postgres.ProblemNotEnterable) || !strings.Contains(err.Error(), "--data") {
		t.Errorf("the error is %v; want that the folder cannot be entered, not an empty database elsewhere", err)
	}
}

func TestUnfinishedStartIsCleared(t *testing.T) {
	t.Parallel()
	data, cluster := stopped(t)
	unfinished := filepath.Join(filepath.Dir(cluster), "unfinished-1")
	if err := os.Rename(cluster, unfinished); err != nil { // as if killed before the rename
		t.Fatal(err)
	}
	start(t, postgres.ClusterOptions{DataDir: data})
	if _, err := os.Stat(unfinished); !os.IsNotExist(err) {
		t.Errorf("the unfinished folder is still there: %v", err)
	}
}
