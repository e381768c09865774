package main

import (
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"afield/cmd/afield/shell"
)

// versionCommand prints which version this is.
type versionCommand struct{}

// Help is shown by afield version --help.
func (versionCommand) Help() string {
	return `Example:
  afield version --json`
}

// Run prints it.
func (versionCommand) Run(a *shell.App) error {
	read := shell.ReadBuild()
	return a.Print(read, func(out io.Writer) { fmt.Fprintln(out, read.Words()) })
}

// versionVars tells the flag --version what to print.
func versionVars() kong.Vars { return kong.Vars{"version": shell.ReadBuild().Words()} }
