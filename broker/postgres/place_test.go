package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRootsHomeFallsBack(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root starts the server under another account")
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(closed, "data")
	t.Cleanup(func() {
		_ = os.RemoveAll(fallbackFolder(data))
		_ = os.Remove(filepath.Dir(fallbackFolder(data))) // only where nothing else is in it
	})
	var notices []string
	here, err := choosePlace(data, func(text string) { notices = append(notices, text) })
	if err != nil {
		t.Fatal(err)
	}
	if here.folder != fallbackFolder(data) || !here.account.canUse(here.folder) {
		t.Errorf("the cluster would live in %s", here.folder)
	}
	if len(notices) != 1 || !strings.Contains(notices[0], here.folder) {
		t.Errorf("the notices are %q, want one that names the folder", notices)
	}
	if exists, err := ClusterExists(data); exists || err != nil {
		t.Errorf("a cluster exists: %v, %v", exists, err)
	}
	if err := os.Mkdir(here.cluster, 0o700); err != nil {
		t.Fatal(err)
	}
	if exists, err := ClusterExists(data); !exists || err != nil {
		t.Errorf("the cluster in the other folder is not found: %v", err)
	}
}

func TestStartFailureNamesTheProblem(t *testing.T) {
	t.Parallel()
	for log, want := range map[string]Problem{
		`FATAL:  lock file "postmaster.pid" already exists`:                               ProblemTaken,
		`FATAL:  could not create lock file ".s.PGSQL.5432.lock": Permission denied`:      ProblemNotEnterable,
		`LOG:  could not bind Unix address ".s.PGSQL.5432": Address already in use`:       ProblemTaken,
		`FATAL:  database files are incompatible with server`:                             ProblemWrongMajor,
		`PANIC:  could not locate a valid checkpoint record`:                              ProblemCorrupt,
		`FATAL:  could not open file "global/pg_filenode.map": No such file or directory`: ProblemCorrupt,
		`FATAL:  data directory "cluster" has invalid permissions`:                        ProblemNotEnterable,
		`FATAL:  could not map anonymous shared memory: Cannot allocate memory`:           ProblemStart,
		`FATAL:  could not write to file "pg_wal/xlogtemp.1": No space left on device`:    ProblemStart,
		`FATAL:  could not open file "postmaster.pid": Permission denied`:                 ProblemNotEnterable,
		`FATAL:  could not write lock file "postmaster.pid": No space left on device`:     ProblemStart,
	} {
		if got := startFailure("folder", log, nil).Problem; got != want {
			t.Errorf("%s\nis read as %s, want %s", log, got, want)
		}
	}
}

func TestPickBinaries(t *testing.T) {
	t.Parallel()
	installed := []Binaries{{Dir: "new", Major: 17}, {Dir: "old", Major: 14}, {Dir: "ancient", Major: 12}}
	for _, c := range []struct {
		made int
		want string
	}{{0, "new"}, {14, "old"}, {17, "new"}, {12, "ancient"}} {
		if got, err := pickBinaries(installed, c.made, "folder"); err != nil || got.Dir != c.want {
			t.Errorf("for a cluster made by %d: %v, %v; want %s", c.made, got, err, c.want)
		}
	}
	if _, err := pickBinaries(installed, 16, "folder"); !IsProblem(err, ProblemWrongMajor) {
		t.Errorf("another major version is started: %v", err)
	}
	if _, err := pickBinaries(installed[2:], 0, "folder"); !IsProblem(err, ProblemNoBinaries) {
		t.Errorf("a version that is too old is started: %v", err)
	}
}

func TestMajorOf(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{"15.18 (Debian 15.18-0+deb12u1)": 15, "17beta1": 17, "": 0} {
		if got := majorOf(version); got != want {
			t.Errorf("%q is read as %d, want %d", version, got, want)
		}
	}
}
