package shell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"

	"github.com/alecthomas/kong"
)

// Settings are the flags all subcommands share; each can also come from the
// environment.
type Settings struct {
	Data        string `help:"Folder for everything Afield keeps, and for its private database." default:".afield" env:"AFIELD_DATA" placeholder:"FOLDER"`
	DatabaseURL string `help:"PostgreSQL to use instead of a private one." env:"DATABASE_URL" placeholder:"URL"`
	Listen      string `help:"Address to serve on." default:"127.0.0.1:8080" env:"AFIELD_LISTEN" placeholder:"HOST:PORT"`
	Postgres    string `help:"Folder of PostgreSQL's programs; searched for by default." env:"AFIELD_POSTGRES" placeholder:"FOLDER"`
	Secret      string `help:"The server's own secret, 32 bytes or more in base64; kept in --data by default." env:"AFIELD_SECRET" placeholder:"BASE64"`
	JSON        bool   `help:"Print results as JSON." env:"AFIELD_JSON"`

	ShowVersion kong.VersionFlag `name:"version" help:"Print which version this is."`
}

// App is what a subcommand works with.
type App struct {
	Settings
	// Ctx ends at Ctrl-C or when the process is asked to terminate.
	Ctx context.Context
	// Out takes results; Err takes progress and what went wrong.
	Out, Err io.Writer
}

// The exit codes of every subcommand.
const (
	ExitDone   = 0
	ExitFailed = 1
	ExitUsage  = 2
)

// ErrUsage wraps a mistake in how the program was called, found after parsing.
var ErrUsage = errors.New("usage")

// ErrReported ends a subcommand with status 1 when its output already says why.
var ErrReported = errors.New("reported")

// Finish says what went wrong, and gives the exit status.
func (a *App) Finish(err error) int {
	switch {
	case err == nil:
		return ExitDone
	case errors.Is(err, ErrReported):
		return ExitFailed
	}
	text := err.Error()
	if errors.Is(err, context.Canceled) && a.Ctx.Err() != nil {
		text = "stopped"
	}
	if a.JSON {
		_ = json.NewEncoder(a.Err).Encode(map[string]string{"error": text})
	} else {
		fmt.Fprintln(a.Err, "afield:", text)
	}
	if errors.Is(err, ErrUsage) {
		return ExitUsage
	}
	return ExitFailed
}

// Print writes a result: as indented JSON with --json, else in words.
func (a *App) Print(result any, words func(io.Writer)) error {
	if !a.JSON {
		words(a.Out)
		return nil
	}
	if list := reflect.ValueOf(result); list.Kind() == reflect.Slice && list.IsNil() {
		result = []string{} // an empty list, never null
	}
	encoder := json.NewEncoder(a.Out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

// Notice tells the person at the keyboard something while the command runs.
func (a *App) Notice(text string) { fmt.Fprintln(a.Err, text) }

// WithDatabase opens and migrates the database for as long as work runs.
func (a *App) WithDatabase(work func(*Database) error) error {
	opened, err := OpenDatabase(a.Ctx, a, true)
	if err != nil {
		return err
	}
	return errors.Join(work(opened), opened.Close())
}

// Logger writes structured lines to standard error.
func (a *App) Logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(a.Err, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// OpenInput opens a file for reading; its size is -1 when not known.
func OpenInput(name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(os.Stdin), -1, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder", name)
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	if !info.Mode().IsRegular() {
		return file, -1, nil
	}
	return file, info.Size(), nil
}
