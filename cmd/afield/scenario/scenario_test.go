package scenario

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

// Every scenario that ships comes out as written, and so do the stories of the
// libraries whose policies were written down as found (see found/README.md).
func TestShippedScenarios(t *testing.T) {
	t.Parallel()
	files, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	found, err := Find([]string{filepath.Join("found", "stories")})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		files = append(files, Load(path))
	}
	playAll(t, files)
}

// playAll plays files on as many databases as there are processors.
func playAll(t *testing.T, files []File) Summary {
	t.Helper()
	var databases []*postgres.DB
	for range min(4, runtime.NumCPU()) {
		databases = append(databases, pgtest.New(t))
	}
	summary, err := Run(t.Context(), databases, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, mistake := range summary.Mistakes {
		t.Error(mistake.Error())
	}
	for _, result := range summary.Results {
		if !result.OK {
			var text strings.Builder
			Print(&text, result)
			t.Error("\n" + text.String())
		}
	}
	return summary
}

// A folder named here is played too, for use while writing scenarios.
func TestScenariosOfAFolder(t *testing.T) {
	folder := os.Getenv("AFIELD_SCENARIOS")
	if folder == "" {
		t.Skip("AFIELD_SCENARIOS names a folder of scenarios")
	}
	t.Parallel()
	paths, err := Find([]string{folder})
	if err != nil {
		t.Fatal(err)
	}
	var files []File
	for _, path := range paths {
		files = append(files, Load(path))
	}
	playAll(t, files)
}
