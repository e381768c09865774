// Package files holds the commands that read rows in from files and write them
// out: afield import and export, and of the whole database backup and restore.
package files
