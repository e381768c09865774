package shell

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// Build is the build information that the Go tool wrote into the program.
type Build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
}

// stamped is the version that make wrote into the program; "" where it was built
// without.
var stamped string

// ReadBuild gives it.
func ReadBuild() Build {
	read := Build{Version: "unknown", Go: runtime.Version()}
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

// Words is the version on one line.
func (b Build) Words() string { return fmt.Sprintf("afield %s %s (%s)", b.Version, b.Revision, b.Go) }
