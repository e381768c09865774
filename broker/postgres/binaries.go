package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
)

// oldestMajor is the oldest major version of PostgreSQL Afield runs on.
const oldestMajor = 14

// Binaries is one installation of PostgreSQL's server programs.
type Binaries struct {
	// Dir holds postgres and initdb.
	Dir string
	// Major is the major version, for example 15.
	Major int
	// Version is what the server reports as its version.
	Version string
}

func (b Binaries) program(name string) string { return filepath.Join(b.Dir, name) }

// installPlaces are where PostgreSQL packages put the server's programs, which
// are mostly not on the PATH.
var installPlaces = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                   // the PostgreSQL project's RPMs
	"/usr/libexec/postgresql*",                           // Alpine
	"/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew on Apple silicon
	"/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	"/usr/bin", // Fedora, Arch
}

// FindBinaries lists the installations of PostgreSQL found, the newest first.
// If a folder is given, it looks nowhere else.
func FindBinaries(folder string) []Binaries {
	var folders []string
	if folder != "" {
		folders = []string{folder}
	} else {
		for _, place := range installPlaces {
			matches, _ := filepath.Glob(place) // the patterns are ours and well formed
			folders = append(folders, matches...)
		}
		if output, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
			folders = append(folders, strings.TrimSpace(string(output)))
		}
		if path, err := exec.LookPath("postgres"); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	var found []Binaries
	seen := map[string]bool{}
	for _, folder := range folders {
		binaries, ok := inspect(folder)
		if ok && !seen[binaries.Dir] {
			seen[binaries.Dir] = true
			found = append(found, binaries)
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].Major > found[j].Major })
	return found
}

// NewestBinaries gives the installation a new cluster would be made with, or a
// ClusterError that says what to install.
func NewestBinaries(folder string) (Binaries, error) {
	return pickBinaries(FindBinaries(folder), 0, "")
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect follows links to where the programs really are, because the server
// finds its library files relative to itself.
func inspect(folder string) (Binaries, bool) {
	server, err := filepath.EvalSymlinks(filepath.Join(folder, "postgres"))
	if err != nil {
		return Binaries{}, false
	}
	dir := filepath.Dir(server)
	if info, err := os.Stat(filepath.Join(dir, "initdb")); err != nil || info.Mode()&0o111 == 0 {
		return Binaries{}, false
	}
	output, err := exec.Command(server, "--version").Output()
	if err != nil {
		return Binaries{}, false
	}
	version := strings.TrimSpace(string(output))
	match := versionPattern.FindStringSubmatch(version)
	if match == nil {
		return Binaries{}, false
	}
	major, err := strconv.Atoi(match[1])
	return Binaries{Dir: dir, Major: major, Version: version}, err == nil
}

// pickBinaries takes the installation that made the cluster, or for a new
// cluster (made = 0) the newest.
func pickBinaries(found []Binaries, made int, folder string) (Binaries, error) {
	var have []string
	tooOld := ""
	for _, binaries := range found {
		if binaries.Major == made || (made == 0 && binaries.Major >= oldestMajor) {
			return binaries, nil
		}
		have = append(have, fmt.Sprintf("%d (%s)", binaries.Major, binaries.Dir))
		if binaries.Major < oldestMajor {
			tooOld = binaries.Version
		}
	}
	switch {
	case made != 0 && len(found) > 0:
		return Binaries{}, &ClusterError{
			Problem: ProblemWrongMajor,
			Detail: fmt.Sprintf("The database in %s was made by PostgreSQL %d, and only PostgreSQL %s is installed.",
				folder, made, strings.Join(have, ", ")),
			Advice: fmt.Sprintf("Afield never upgrades a database by itself. %s\nOr back up with PostgreSQL %d and restore into a new --data folder.",
				installAdvice(made), made),
		}
	case tooOld != "":
		return Binaries{}, &ClusterError{
			Problem: ProblemNoBinaries,
			Detail:  fmt.Sprintf("Afield needs PostgreSQL %d or newer and found only %s.", oldestMajor, tooOld),
			Advice:  installAdvice(made),
		}
	}
	return Binaries{}, &ClusterError{
		Problem: ProblemNoBinaries,
		Detail:  "PostgreSQL's server programs (postgres, initdb) were not found on this machine.",
		Advice:  installAdvice(made) + "\nOr set DATABASE_URL to a database that already runs.",
	}
}

// installAdvice says exactly what to install; major 0 means any.
func installAdvice(major int) string {
	debian, brew, rpm := "postgresql", "postgresql@17", "postgresql-server"
	if major != 0 {
		debian, brew = fmt.Sprintf("postgresql-%d", major), fmt.Sprintf("postgresql@%d", major)
		rpm = fmt.Sprintf("postgresql%d-server", major)
	}
	switch runtime.GOOS {
	case "darwin":
		return "Install it with: brew install " + brew
	case "linux":
		return "Install it with: apt-get install " + debian + " (Debian, Ubuntu) or dnf install " + rpm + " (Fedora, RHEL)."
	}
	return fmt.Sprintf("Install PostgreSQL %d or newer from your system's packages.", oldestMajor)
}
