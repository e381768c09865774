//go:build unix && !linux

package postgres

import "syscall"

// dieWithParent cannot be had here: after kill -9 of Afield the server lives
// on, and the next start takes it over.
func dieWithParent(*syscall.SysProcAttr) {}
