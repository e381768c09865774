package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A package is short enough to know.
const (
	mostFiles = 25
	mostLines = 4000
)

// written is the text at the head of generated files, which nobody reads through.
var written = []byte("DO NOT EDIT")

// No package has more files or lines, tests left out, than a newcomer can get to
// know in a day.
func TestRoomsAreShortEnoughToKnow(t *testing.T) {
	t.Parallel()
	files, lines := map[string]int{}, map[string]int{}
	top := filepath.Join("..", "..")
	for _, folder := range []string{"api", "broker", "cmd", "connectors", "migrations", "workflow"} {
		err := filepath.WalkDir(filepath.Join(top, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil || bytes.Contains(text[:min(len(text), 200)], written) {
				return err
			}
			room := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), top+string(filepath.Separator)))
			files[room]++
			lines[room] += bytes.Count(text, []byte("\n"))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 50 {
		t.Fatalf("only %d packages were found; is this the top of the module?", len(files))
	}
	for room := range files {
		if files[room] > mostFiles || lines[room] > mostLines {
			t.Errorf("%s has %d files of %d lines; at most %d and %d: split it by theme", room, files[room], lines[room], mostFiles, mostLines)
		}
	}
}
