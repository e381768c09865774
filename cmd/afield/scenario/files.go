package scenario

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"afield/broker/policy"
	"afield/cmd/afield/scenario/acts"
	"afield/cmd/afield/scenario/expect"
	"afield/cmd/afield/scenario/language"
)

//go:embed cases stories
var shipped embed.FS

//go:embed example.yaml
var example string

// Example is a complete scenario with comments, to start from.
func Example() string { return example }

// File is a file of scenarios as it was read.
type File struct {
	Path      string
	Scenarios []*language.Scenario
	// Mistakes say why it could not be read.
	Mistakes language.Mistakes
	// Watched are the files it depends on, itself included.
	Watched []string
}

// Find gives the files behind some arguments, sorted: a file stands for itself, a
// folder for every .yaml in and below it.
func Find(arguments []string) ([]string, error) {
	var found []string
	for _, argument := range arguments {
		info, err := os.Stat(argument)
		if err != nil {
			return nil, fmt.Errorf("there is no %s", argument)
		}
		if !info.IsDir() {
			found = append(found, argument)
			continue
		}
		err = filepath.WalkDir(argument, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".yaml") {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) == 0 {
		return nil, fmt.Errorf("no .yaml file is in %s", strings.Join(arguments, ", "))
	}
	return found, nil
}

// Load reads a file.
func Load(path string) File {
	text, err := os.ReadFile(path)
	if err != nil {
		return File{Path: path, Mistakes: language.Mistakes{{Position: language.Position{File: path, Line: 1, Column: 1}, Message: err.Error()}}, Watched: []string{path}}
	}
	return load(path, text)
}

func load(path string, text []byte) File {
	file := File{Path: path, Watched: []string{path}}
	scenarios, err := Read(path, text)
	if mistakes, ok := language.AsMistakes(err); ok {
		file.Mistakes = mistakes
		return file
	}
	file.Scenarios = scenarios
	for _, scenario := range scenarios {
		for _, policy := range policyFiles(scenario) {
			if !slices.Contains(file.Watched, policy) {
				file.Watched = append(file.Watched, policy)
			}
		}
	}
	return file
}

// Shipped reads the scenarios that ship with Afield.
func Shipped() ([]File, error) {
	var files []File
	err := fs.WalkDir(shipped, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		text, err := shipped.ReadFile(path)
		if err == nil {
			files = append(files, load(path, text))
		}
		return err
	})
	return files, err
}

// policyFiles are the files a scenario's policy may come from, to be watched.
func policyFiles(s *language.Scenario) []string {
	if slices.Contains(policy.Presets(), s.Library) {
		return nil
	}
	return []string{filepath.Join(filepath.Dir(s.At.File), s.Library)}
}

// Read reads the scenarios of a file strictly; every mistake in it is given, as
// Mistakes.
func Read(file string, text []byte) ([]*language.Scenario, error) {
	return language.Read(file, text, language.Vocabulary{Acts: acts.Words(), Expects: expect.Fields()})
}
