//go:build unix && !linux

package postgres

import "syscall"

// dieWithParent does nothing: this system has no such means. After kill -9 of
// Afield the server lives on, and the next start takes it over.
func dieWithParent(*syscall.SysProcAttr) {}
