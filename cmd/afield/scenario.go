package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"afield/broker/postgres"
	"afield/cmd/afield/scenario"
	"afield/cmd/afield/shell"
)

// scenarioCommand plays written scenarios.
type scenarioCommand struct {
	Files   []string `arg:"" optional:"" name:"file" help:"Scenario files, or folders of them."`
	Shipped bool     `help:"Play the scenarios that ship with Afield."`
	Watch   bool     `help:"Play again whenever a file, or a policy file it names, is saved; until Ctrl-C."`
	Failed  bool     `help:"Print only what did not come out as expected."`
	Example bool     `help:"Print a scenario with comments, to begin from."`
	Words   bool     `help:"Print every word of the language."`
}

// Help is shown by afield scenario --help.
func (scenarioCommand) Help() string {
	return `Plays scenarios: small stories in YAML that say how things stand at a library, what happens, and what must come of it under its policy. They are played through the real use cases on a clock of their own, in a database that is dropped afterwards; no network is needed. Each difference is printed with file, line and column, what was expected, what was found, and the policy's own explanation of a refusal. A library tests its policy with them before the policy goes live.

Ends with status 0 when everything came out as expected, 1 when something did not, 2 when it was called wrongly.

Examples:
  afield scenario --example > ours.yaml
  afield scenario ours.yaml
  afield scenario --watch stories/
  afield scenario --shipped --failed
  afield scenario ours.yaml --json | jq '.results[] | select(.ok == false)'`
}

// errNothingToPlay is the error of a call that names no scenario.
var errNothingToPlay = fmt.Errorf("name a file or folder of scenarios, or say --shipped; --example prints one to begin from, and --help says more (%w)", shell.ErrUsage)

// mostStages is the most databases made to play scenarios in parallel; up to
// scenariosForOne scenarios, one database is quick enough.
const (
	mostStages      = 4
	scenariosForOne = 12
)

// Run plays them.
func (c scenarioCommand) Run(a *shell.App) error {
	switch {
	case c.Example:
		return a.Print(map[string]string{"file": scenario.Example()}, func(out io.Writer) { fmt.Fprint(out, scenario.Example()) })
	case c.Words:
		return a.Print(scenario.Words(), scenario.PrintWords)
	case len(c.Files) == 0 && !c.Shipped:
		return errNothingToPlay
	case c.Watch && c.Shipped:
		return fmt.Errorf("--watch is for files that change; the shipped ones do not (%w)", shell.ErrUsage)
	}
	files, err := c.read()
	if err != nil {
		return fmt.Errorf("%w (%w)", err, shell.ErrUsage)
	}
	count := 0
	for _, file := range files {
		count += len(file.Scenarios)
	}
	stages := 1
	if count > scenariosForOne || c.Watch {
		stages = max(1, min(mostStages, runtime.NumCPU()))
	}
	return a.WithScratches("afield_scenario_", stages, func(databases []*postgres.DB) error {
		ok, err := c.play(a, databases, files)
		if c.Watch && err == nil {
			return c.watch(a, databases, files)
		}
		if err == nil && !ok {
			return shell.ErrReported
		}
		return err
	})
}

func (c scenarioCommand) read() ([]scenario.File, error) {
	var files []scenario.File
	if c.Shipped {
		shipped, err := scenario.Shipped()
		if err != nil {
			return nil, err
		}
		files = shipped
	}
	if len(c.Files) == 0 {
		return files, nil
	}
	paths, err := scenario.Find(c.Files)
	for _, path := range paths {
		files = append(files, scenario.Load(path))
	}
	return files, err
}

// play plays files and prints the results: each as it ends, or everything as
// JSON.
func (c scenarioCommand) play(a *shell.App, databases []*postgres.DB, files []scenario.File) (ok bool, err error) {
	tell := func(result scenario.Result) {
		if !a.JSON && (!c.Failed || !result.OK) {
			scenario.Print(a.Out, result)
		}
	}
	summary, err := scenario.Run(a.Ctx, databases, files, tell)
	if err != nil {
		return false, err
	}
	if a.JSON {
		return summary.OK(), a.Print(summary, nil)
	}
	scenario.PrintSummary(a.Out, summary)
	return summary.OK(), nil
}

// watchEvery is how often files are checked for changes.
const watchEvery = 400 * time.Millisecond

// watch plays changed files again until it is stopped; being stopped is no
// failure.
func (c scenarioCommand) watch(a *shell.App, databases []*postgres.DB, files []scenario.File) error {
	seen := stamps(files)
	a.Notice("Watching; Ctrl-C ends it.")
	for {
		select {
		case <-a.Ctx.Done():
			return nil
		case <-time.After(watchEvery):
		}
		again, err := c.read()
		if err != nil {
			continue // a file is just being moved; look again
		}
		now := stamps(again)
		changed := slices.DeleteFunc(slices.Clone(again), func(file scenario.File) bool {
			return !slices.ContainsFunc(file.Watched, func(path string) bool { return now[path] != seen[path] })
		})
		seen = now
		if len(changed) == 0 {
			continue
		}
		if !a.JSON {
			fmt.Fprintf(a.Out, "\n%s\n", time.Now().Format("15:04:05"))
		}
		if _, err := c.play(a, databases, changed); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
}

// stamps gives when each file and the policies it names were last saved.
func stamps(files []scenario.File) map[string]time.Time {
	saved := map[string]time.Time{}
	for _, file := range files {
		for _, path := range file.Watched {
			if info, err := os.Stat(path); err == nil {
				saved[path] = info.ModTime()
			}
		}
	}
	return saved
}
