// Package shell is what every subcommand works with: the settings that all share,
// the database, the server's secret, and how results and errors are printed.
package shell
