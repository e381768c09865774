package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// postmaster is a running server: our child, or one found running.
type postmaster struct {
	pid     int
	cluster string // its data directory
	// ended is closed when our child has ended; nil for a server found running.
	ended chan struct{}
}

// launch starts the server as a direct child. The thread that starts it only
// waits for it, because on Linux the child is signalled when that thread ends.
func launch(here place, binaries Binaries, settings []string) (*postmaster, error) {
	if err := rotateLog(here); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(here.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	args := []string{"-D", here.cluster, "-k", here.socket, "-p", "5432", "-c", "listen_addresses="}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	command := here.account.command(binaries.program("postgres"), args...)
	command.Stdout, command.Stderr = log, log
	command.Dir = here.folder
	command.SysProcAttr.Setpgid = true // Ctrl-C is for Afield, which then stops the server in order
	dieWithParent(command.SysProcAttr)

	started := make(chan error)
	server := &postmaster{cluster: here.cluster, ended: make(chan struct{})}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(server.ended)
		err := command.Start()
		_ = log.Close()
		if err == nil {
			server.pid = command.Process.Pid
		}
		started <- err
		if err == nil {
			_ = command.Wait() // how it ended is in its log
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", command.Path, err)
	}
	return server, nil
}

// alive tells whether the server still runs.
func (s *postmaster) alive() bool {
	if s.ended != nil {
		select {
		case <-s.ended:
			return false
		default:
			return true
		}
	}
	return processExists(s.pid) && serves(s.pid, s.cluster)
}

// stop asks for a fast shutdown, and for an immediate one when that takes
// longer than the grace period. Nothing is lost then either: the next start
// recovers.
func (s *postmaster) stop(grace time.Duration) error {
	if !s.alive() {
		return nil
	}
	for _, ask := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		if err := syscall.Kill(s.pid, ask); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the database: %w", err)
		}
		if s.awaitEnd(grace) {
			return nil
		}
	}
	return fmt.Errorf("the database (process %d) does not stop", s.pid)
}

func (s *postmaster) awaitEnd(grace time.Duration) bool {
	timeout := time.NewTimer(grace)
	defer timeout.Stop()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for s.alive() {
		select {
		case <-timeout.C:
			return false
		case <-poll.C:
		}
	}
	return true
}

// findRunning finds out from postmaster.pid whether a server already runs on
// the cluster. A file left by a server that is gone is removed together with
// its socket lock, because the process number in it may be somebody else's now.
// The caller holds the owner's lock.
func findRunning(here place) (*postmaster, error) {
	path := filepath.Join(here.cluster, "postmaster.pid")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read postmaster.pid: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err == nil && pid > 1 && processExists(pid) && serves(pid, here.cluster) {
		return &postmaster{pid: pid, cluster: here.cluster}, nil
	}
	for _, stale := range []string{path, filepath.Join(here.socket, socketName), filepath.Join(here.socket, socketName+".lock")} {
		if err := os.Remove(stale); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("clear what a dead server left: %w", err)
		}
	}
	return nil, nil
}

func processExists(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// serves tells whether a process is the server of this cluster: a server's
// working folder is its data directory. A process that has ended but is not yet
// reaped has none. Where the system does not show the folder, the answer is yes
// and the server's own check decides.
func serves(pid int, cluster string) bool {
	if _, err := os.Readlink("/proc/self/cwd"); err != nil {
		return true
	}
	working, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false // it is gone, or belongs to another account
	}
	real, err := filepath.EvalSymlinks(cluster)
	if err != nil {
		real = cluster
	}
	return working == real
}

// rotateLog keeps one older log once the present one passes 10 MB.
func rotateLog(here place) error {
	if info, err := os.Stat(here.log); errors.Is(err, os.ErrNotExist) || (err == nil && info.Size() < 10<<20) {
		return nil
	}
	if err := os.Rename(here.log, here.log+".1"); err != nil {
		return fmt.Errorf("put the server's old log aside: %w", err)
	}
	return nil
}

// logSize is where the log ends now; logSince gives what was written after
// that.
func logSize(here place) int64 {
	if info, err := os.Stat(here.log); err == nil && info.Size() < 10<<20 {
		return info.Size()
	}
	return 0
}

func logSince(here place, offset int64) string {
	file, err := os.Open(here.log)
	if err != nil {
		return ""
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size()-offset > 4000 {
		offset = info.Size() - 4000
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return ""
	}
	text, _ := io.ReadAll(file)
	return string(text)
}

// initialise makes a new cluster under a name that says it is not finished,
// then renames it, so that a start that was interrupted never leaves half a
// database behind.
func initialise(ctx context.Context, here place, binaries Binaries, scratch bool) error {
	if err := clearUnfinished(here); err != nil {
		return err
	}
	unfinished := filepath.Join(here.folder, fmt.Sprintf("unfinished-%d", os.Getpid()))
	var output []byte
	var err error
	for _, locale := range locales() {
		args := []string{"-D", unfinished, "-U", "postgres", "-A", "trust", "--auth-host=reject", "-E", "UTF8", "--locale=" + locale}
		if scratch {
			args = append(args, "--no-sync")
		} else {
			args = append(args, "--data-checksums")
		}
		command := here.account.command(binaries.program("initdb"), args...)
		command.Dir = here.folder
		if output, err = command.CombinedOutput(); err == nil {
			break
		}
		if ctx.Err() != nil || !strings.Contains(string(output), "locale") {
			break
		}
		if err := clearUnfinished(here); err != nil {
			return err
		}
	}
	if err != nil {
		return &ClusterError{
			Problem: ProblemStart,
			Detail:  "A new database could not be made in " + here.folder + ".",
			Advice:  "Look whether the disk is full and whether the folder may be written.",
			Log:     string(output), Cause: err,
		}
	}
	if err := os.Rename(unfinished, here.cluster); err != nil {
		return fmt.Errorf("put the new database in its place: %w", err)
	}
	return nil
}

// locales are tried in order: letters outside ASCII must fold and sort, and the
// order of text must not depend on the machine's language.
func locales() []string {
	if runtime.GOOS == "darwin" {
		return []string{"en_US.UTF-8", "C"}
	}
	return []string{"C.UTF-8", "en_US.UTF-8", "C"}
}

// clearUnfinished removes the unfinished cluster of a start that was
// interrupted; it never held a row.
func clearUnfinished(here place) error {
	left, _ := filepath.Glob(filepath.Join(here.folder, "unfinished-*"))
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove an unfinished database: %w", err)
		}
	}
	return nil
}
