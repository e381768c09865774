package postgres

import "syscall"

// dieWithParent has the kernel ask the server for a fast, clean shutdown when
// the thread that started it ends, so that kill -9 of Afield leaves no server
// behind.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
