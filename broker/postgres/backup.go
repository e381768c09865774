package postgres

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Backups are made and read with PostgreSQL's own pg_dump and pg_restore, in the
// custom format, so that a database administrator can read them without Afield.

// Backup writes the whole database that a connection string names into out, as of
// one moment. binDir is the only place to look for PostgreSQL's programs; empty
// searches.
func Backup(ctx context.Context, connection, binDir string, out io.Writer) error {
	about, err := askServer(ctx, connection)
	if err != nil {
		return err
	}
	args := []string{"--format=custom"}
	if !about.seesAll {
		// Row-level security holds for the owner of the tables too.
		args = append(args, "--role="+SystemRole, "--enable-row-security")
	}
	return about.run(ctx, binDir, "pg_dump", out, args...)
}

// Applied lists the migrations that a backup's database had, by name. The error is
// a BackupError when the file is no backup of Afield's.
func Applied(ctx context.Context, connection, binDir, file string) ([]string, error) {
	about, err := askServer(ctx, connection)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = about.run(ctx, binDir, "pg_restore", &text, "--data-only", "--schema=public", "--table=schema_migrations", "--file=-", file)
	if err != nil {
		return nil, err
	}
	var names []string
	lines := bufio.NewScanner(&text)
	for copying := false; lines.Scan(); {
		fields := strings.Split(lines.Text(), "\t")
		switch {
		case strings.HasPrefix(lines.Text(), "COPY public.schema_migrations (version, name, "):
			copying = true
		case lines.Text() == `\.`:
			copying = false
		case copying && len(fields) > 1:
			names = append(names, fields[1])
		}
	}
	if names == nil {
		return nil, &BackupError{Detail: file + " is a backup of another program's database, not of Afield's."}
	}
	slices.Sort(names)
	return names, lines.Err()
}

// NotEmptyError says that the database to restore into has something in it.
type NotEmptyError struct {
	Database string
	Things   int
}

// Error says what to do.
func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("The database %s is not empty: it has %d tables, views and sequences. A backup is restored into an empty one and takes nothing away: "+
		"name a new --data folder, or make a new database and name it by DATABASE_URL.", e.Database, e.Things)
}

// Restore fills the empty database that a connection string names from a backup:
// all of it, or none.
func Restore(ctx context.Context, connection, binDir, file string) (err error) {
	if err := isEmpty(ctx, connection); err != nil {
		return err
	}
	about, err := askServer(ctx, connection)
	if err != nil {
		return err
	}
	var list bytes.Buffer
	if err := about.run(ctx, binDir, "pg_restore", &list, "--list", file); err != nil {
		return err
	}
	// What new tables let the roles do is named with the account that made them, which
	// may not be here; migrating says it again.
	kept, err := os.CreateTemp("", "afield-restore-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close(), os.Remove(kept.Name())) }()
	for line := range strings.Lines(list.String()) {
		if !strings.Contains(line, " DEFAULT ACL ") {
			if _, err := kept.WriteString(line); err != nil {
				return err
			}
		}
	}
	return about.run(ctx, binDir, "pg_restore", io.Discard,
		"--single-transaction", "--exit-on-error", "--no-owner", "--use-list="+kept.Name(), "--dbname=", file)
}

// isEmpty looks whether anything was made in a database that its extensions did
// not bring.
func isEmpty(ctx context.Context, connection string) error {
	return connected(ctx, connection, func(conn *pgx.Conn) error {
		found := NotEmptyError{}
		err := conn.QueryRow(ctx, `select current_database(), count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\_%' and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
			and not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'e')`).Scan(&found.Database, &found.Things)
		if err == nil && found.Things > 0 {
			return &found
		}
		return err
	})
}

// Tidied gathers what the planner knows of the rows, after a restore.
func Tidied(ctx context.Context, connection string) error {
	return connected(ctx, connection, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "analyze")
		return err
	})
}

// BackupError says why a backup could not be made or read.
type BackupError struct{ Detail string }

// Error gives the plain sentence.
func (e *BackupError) Error() string { return e.Detail }

// server is a database server as its backup programs must know it.
type server struct {
	connection string
	major      int
	// seesAll tells that row-level security does not hold for the account.
	seesAll bool
}

func connected(ctx context.Context, connection string, work func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, connection)
	if err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return work(conn)
}

func askServer(ctx context.Context, connection string) (about server, err error) {
	about.connection = connection
	err = connected(ctx, connection, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `select current_setting('server_version_num')::int / 10000, rolsuper or rolbypassrls
			from pg_roles where rolname = session_user`).Scan(&about.major, &about.seesAll)
	})
	return about, err
}

// run runs one of PostgreSQL's programs. The password is never among its
// arguments, which every account of the machine can read.
func (s server) run(ctx context.Context, binDir, name string, out io.Writer, args ...string) error {
	program, err := s.program(name, binDir)
	if err != nil {
		return err
	}
	config, err := pgx.ParseConfig(s.connection)
	if err != nil {
		return &BackupError{Detail: "DATABASE_URL is not a connection string."} // the parser's own words may repeat the password
	}
	if at := slices.Index(args, "--dbname="); at >= 0 {
		args[at] += withoutPassword(s.connection)
	} else if name == "pg_dump" {
		args = append(args, "--dbname="+withoutPassword(s.connection))
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(os.Environ(), "LC_ALL=C", "LANG=C")
	if config.Password != "" {
		command.Env = append(command.Env, "PGPASSWORD="+config.Password)
	}
	var said bytes.Buffer
	command.Stdout, command.Stderr = out, &said
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &BackupError{Detail: fmt.Sprintf("%s failed: %s", name, endOf(said.String(), err))}
	}
	return nil
}

func endOf(said string, otherwise error) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if lines[0] == "" {
		return otherwise.Error()
	}
	return strings.Join(lines[max(0, len(lines)-5):], "\n  ")
}

var passwordWord = regexp.MustCompile(`(^|\s)password\s*=\s*('(\\.|[^'\\])*'|\S*)`)

// withoutPassword takes the password out of a connection string, in either of the
// two ways they are written.
func withoutPassword(connection string) string {
	if !strings.Contains(connection, "://") {
		return strings.TrimSpace(passwordWord.ReplaceAllString(connection, " "))
	}
	parsed, err := url.Parse(connection)
	if err != nil {
		return ""
	}
	if parsed.User != nil {
		parsed.User = url.User(parsed.User.Username())
	}
	query := parsed.Query()
	query.Del("password")
	parsed.RawQuery = query.Encode()
	return parsed.String()
}

// program finds one of PostgreSQL's programs for a server: of the same major
// version, else of the next newer one. They lie beside the server's, or come with
// the client's package alone.
func (s server) program(name, binDir string) (string, error) {
	var folders []string
	if binDir != "" {
		folders = []string{binDir}
	} else {
		for _, place := range installPlaces {
			matches, _ := filepath.Glob(place) // the patterns are ours and well formed
			folders = append(folders, matches...)
		}
		if path, err := exec.LookPath(name); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	best, bestMajor := "", 0
	var tooOld []string
	for _, folder := range folders {
		path := filepath.Join(folder, name)
		output, err := exec.Command(path, "--version").Output()
		match := versionPattern.FindStringSubmatch(string(output))
		if err != nil || match == nil {
			continue
		}
		major, err := strconv.Atoi(match[1])
		switch {
		case err != nil:
		case major < s.major:
			tooOld = append(tooOld, fmt.Sprintf("%d (%s)", major, path))
		case best == "" || major < bestMajor:
			best, bestMajor = path, major
		}
	}
	if best != "" {
		return best, nil
	}
	detail := fmt.Sprintf("%s, which comes with PostgreSQL, was not found.", name)
	if tooOld != nil {
		detail = fmt.Sprintf("The server is PostgreSQL %d, and only an older %s was found: %s.", s.major, name, strings.Join(tooOld, ", "))
	}
	return "", &BackupError{Detail: detail + " " + clientAdvice(s.major)}
}

func clientAdvice(major int) string {
	if runtime.GOOS == "linux" {
		return fmt.Sprintf("Install it with: apt-get install postgresql-client-%[1]d (Debian, Ubuntu) or dnf install postgresql%[1]d (Fedora, RHEL); or say with --postgres where it is.", major)
	}
	return installAdvice(major) + " Or say with --postgres where it is."
}
