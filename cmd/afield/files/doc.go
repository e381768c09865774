// Package files holds the commands that read rows in from files and write them
// out: afield import and export.
package files
