package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// versionCommand prints which version this is.
type versionCommand struct{}

// Help is shown by afield version --help.
func (versionCommand) Help() string {
	return `Example:
  afield version --json`
}

// build is the build information that the Go tool wrote into the program.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
}

// stamped is the version that make wrote into the program; "" where it was built
// without.
var stamped string

func readBuild() build {
	read := build{Version: "unknown", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return read
	}
	read.Version = cmp.Or(stamped, info.Main.Version)
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			read.Revision = setting.Value
		case "vcs.modified":
			read.Modified = setting.Value == "true"
		}
	}
	return read
}

// Run prints it.
func (versionCommand) Run(a *app) error {
	read := readBuild()
	return a.print(read, func(out io.Writer) { fmt.Fprintln(out, read.words()) })
}

func (b build) words() string { return fmt.Sprintf("afield %s %s (%s)", b.Version, b.Revision, b.Go) }

// versionVars tells the flag --version what to print.
func versionVars() kong.Vars { return kong.Vars{"version": readBuild().words()} }
