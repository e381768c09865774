package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shellBlocks are the commands of a page: all its blocks marked sh, in order.
func shellBlocks(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		script.WriteString(block[1])
	}
	if script.Len() == 0 {
		t.Fatalf("%s has no commands", page)
	}
	return script.String()
}

// steps counts the commands of a script; what a command is fed and what only names
// a command for later is none.
func steps(script string) (count int) {
	end := ""
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		switch {
		case end != "":
			if line == end {
				end = ""
			}
		case line == "" || strings.HasPrefix(line, "#") || regexp.MustCompile(`^\w+\(\) \{`).MatchString(line):
		default:
			count++
			if _, word, fed := strings.Cut(line, "<<"); fed {
				end = strings.Trim(word, "'")
			}
		}
	}
	return count
}

// The commands of the guide, exactly as they stand there, bring a consortium up
// from an empty folder and a request home; then those of the page on running keep
// it, and bring it back. There is no SQL in them.
func TestTheGuideRunsAsItStands(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the guide is a script that needs %s, which is not here", program)
		}
	}
	guide, running := shellBlocks(t, "guide/README.md"), shellBlocks(t, "guide/running.md")
	if word := regexp.MustCompile(`(?i)\b(psql|select|insert|update [a-z]+ set)\b`).FindString(guide + running); word != "" {
		t.Errorf("the guide has SQL in it: %s", word)
	}
	folder := filepath.Join(dataFolder(t), "empty")
	programs := t.TempDir()
	if err := os.Mkdir(folder, 0o755); err != nil { //nolint:gosec // the database's account enters it
		t.Fatal(err)
	}
	test, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	afield := fmt.Sprintf("#!/bin/sh\n%s='%s' exec '%s' \"$@\"\n", asProgram, asTyped, test)
	if err := os.WriteFile(filepath.Join(programs, "afield"), []byte(afield), 0o755); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", guide+running)
	shell.Dir = folder
	shell.Env = append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH"), "AFIELD_LISTEN="+freeAddress(t), "DATABASE_URL=", "AFIELD_DATA=", "AFIELD_SECRET=")
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the server it leaves behind ends with it
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGTERM) }
	log := filepath.Join(programs, "log")
	out, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	shell.Stdout, shell.Stderr = out, out // a file: what is left running keeps no pipe open
	err = shell.Run()
	stopGroup(t, shell.Process.Pid)
	text, reading := os.ReadFile(log)
	if err != nil || reading != nil {
		t.Fatalf("%v %v\n%s", err, reading, lastLines(log, 60))
	}
	for _, said := range []string{"The request is completed.", "lakes.backup is restored", "The database is up to date"} {
		if !strings.Contains(string(text), said) {
			t.Errorf("it does not say %q:\n%s", said, lastLines(log, 60))
		}
	}
	if sound := strings.Count(string(text), " invariants checked, 0 broken."); sound != 3 {
		t.Errorf("everything was found sound %d times of 3", sound)
	}
	t.Logf("the guide took %d steps from an empty folder to a request that came home, and %d more for backup, restore and update", steps(guide), steps(running))
}

// stopGroup ends what a script left running, and waits until it is gone.
func stopGroup(t *testing.T, group int) {
	t.Helper()
	_ = syscall.Kill(-group, syscall.SIGTERM) // it may be gone
	err := waitUntil(context.WithoutCancel(t.Context()), func() (bool, error) { return syscall.Kill(-group, 0) != nil, nil })
	if err != nil {
		t.Error(err)
	}
}

func TestStepsAreCounted(t *testing.T) {
	t.Parallel()
	const script = "# a word\nafield one\ncall() { curl; }\ncat > x <<'END'\nafield is text\nEND\n\nafield two | tee y\n"
	if got := steps(script); got != 3 {
		t.Errorf("%d steps, want 3", got)
	}
}
