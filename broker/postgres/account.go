package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is the operating-system account the server runs as. PostgreSQL
// refuses to run as root, so root runs it as a lesser account.
type account struct {
	name     string
	uid, gid int
	// drop tells that we are root and must change to the account.
	drop bool
}

// accountFor picks the account: ours; or, as root, the owner of an existing
// cluster, else postgres, else nobody. owner is -1 where there is no cluster.
func accountFor(owner int) (account, error) {
	if os.Geteuid() != 0 {
		return account{name: currentName(), uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	if owner > 0 {
		if found, err := user.LookupId(strconv.Itoa(owner)); err == nil {
			return dropTo(found)
		}
		return account{name: fmt.Sprintf("uid %d", owner), uid: owner, gid: owner, drop: true}, nil
	}
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			return dropTo(found)
		}
	}
	return account{}, &ClusterError{
		Problem: ProblemNoAccount,
		Detail:  "PostgreSQL does not run as root, and this machine has neither an account postgres nor nobody.",
		Advice:  "Run Afield as an ordinary account, or make one: useradd --system postgres",
	}
}

func dropTo(found *user.User) (account, error) {
	uid, err := strconv.Atoi(found.Uid)
	if err != nil {
		return account{}, fmt.Errorf("read the id of account %s: %w", found.Username, err)
	}
	gid, err := strconv.Atoi(found.Gid)
	if err != nil {
		return account{}, fmt.Errorf("read the group of account %s: %w", found.Username, err)
	}
	return account{name: found.Username, uid: uid, gid: gid, drop: true}, nil
}

func currentName() string {
	if found, err := user.Current(); err == nil {
		return found.Username
	}
	return fmt.Sprintf("uid %d", os.Geteuid())
}

// credential is what a child process of the account starts with.
func (a account) credential() *syscall.Credential {
	if !a.drop {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
}

// command prepares a program to run as the account, with a plain environment:
// the caller's PG… settings must not reach the server.
func (a account) command(program string, args ...string) *exec.Cmd {
	command := exec.Command(program, args...)
	command.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential()}
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "LANG=C", "TZ=UTC", "HOME=/"}
	return command
}

// canUse tries, as the account, to enter a folder and write in it. Trying is
// better than reading permission bits: it also takes access lists and mounts
// into account.
func (a account) canUse(folder string) bool {
	command := a.command("/bin/sh", "-c", `cd "$0" && test -w . && test -x .`, folder)
	command.Dir = "/"
	return command.Run() == nil
}
