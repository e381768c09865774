package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"afield/cmd/afield/shell"
)

// asProgram is set to have this test program run as afield itself, with the
// arguments it holds: a real process to kill, without building one first.
const asProgram = "AFIELD_TEST_AS_PROGRAM"

// asTyped in asProgram takes the arguments as they stand on the command line.
const asTyped = "as typed"

func TestMain(m *testing.M) {
	if arguments := os.Getenv(asProgram); arguments == asTyped {
		main()
	} else if arguments != "" {
		go func() { // ends with the test, however the test ends
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(shell.ExitFailed)
		}()
		os.Args = append(os.Args[:1], strings.Fields(arguments)...)
		main()
	}
	os.Exit(m.Run())
}

// node is one `afield serve` that is started, killed and started again.
type node struct {
	t       testing.TB
	listen  string
	env     []string
	log     string // the file with what it wrote
	process *exec.Cmd
	alive   io.Closer // the process ends when this is closed
	ended   chan error
}

// newNode prepares a node on the region's database; start runs it.
func newNode(t testing.TB, r *region) *node {
	t.Helper()
	n := &node{t: t, listen: freeAddress(t), log: filepath.Join(t.TempDir(), "server.log")}
	n.env = append(os.Environ(), asProgram+"=serve", "DATABASE_URL="+r.url, "AFIELD_LISTEN="+n.listen, "AFIELD_SECRET="+r.secretText(), "AFIELD_DATA="+t.TempDir())
	t.Cleanup(func() {
		if n.process != nil {
			n.kill()
		}
		if t.Failed() {
			t.Logf("the end of what the server at %s wrote:\n%s", n.listen, lastLines(n.log, 40))
		}
	})
	return n
}

// freeAddress finds a port below those the system uses for outgoing calls:
// while the server is dead, a call to it must not be given the server's own
// port.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err == nil {
			_ = listener.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

func (n *node) url() string { return "http://" + n.listen }

// name is the node's name in the database.
func (n *node) name() string {
	host, err := os.Hostname()
	if err != nil {
		host = "afield"
	}
	return host + "@" + n.listen
}

// start runs the server and does not wait until it answers.
func (n *node) start() {
	n.t.Helper()
	program, err := os.Executable()
	if err != nil {
		n.t.Fatal(err)
	}
	out, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		n.t.Fatal(err)
	}
	defer out.Close()
	n.process = exec.Command(program)
	n.process.Env, n.process.Stdout, n.process.Stderr = n.env, out, out
	if n.alive, err = n.process.StdinPipe(); err != nil {
		n.t.Fatal(err)
	}
	if err := n.process.Start(); err != nil {
		n.t.Fatal(err)
	}
	ended := make(chan error, 1)
	n.ended = ended
	go func(process *exec.Cmd) { ended <- process.Wait() }(n.process)
}

// ready waits until the server answers that it is ready.
func (n *node) ready() {
	n.t.Helper()
	for until := time.Now().Add(time.Minute); ; {
		answer, err := http.Get(n.url() + "/readyz") //nolint:noctx // it is on this machine
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-n.ended:
			n.t.Fatalf("the server ended by itself: %v\n%s", err, lastLines(n.log, 20))
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(until) {
			n.t.Fatalf("the server is not ready within a minute\n%s", lastLines(n.log, 20))
		}
	}
}

// lives waits for a while and fails the test if the server ends by itself.
func (n *node) lives(long time.Duration) {
	n.t.Helper()
	select {
	case err := <-n.ended:
		n.t.Fatalf("the server ended by itself: %v\n%s", err, lastLines(n.log, 20))
	case <-time.After(long):
	}
}

// kill is kill -9: the process gets no chance to react.
func (n *node) kill() {
	_ = n.process.Process.Kill()
	<-n.ended
	_ = n.alive.Close()
	n.process = nil
}

// terminate asks the server to end (SIGTERM) and gives its exit code.
func (n *node) terminate(within time.Duration) int {
	n.t.Helper()
	if err := n.process.Process.Signal(syscall.SIGTERM); err != nil {
		n.t.Fatal(err)
	}
	defer func() { n.process = nil }()
	defer n.alive.Close()
	select {
	case err := <-n.ended:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			n.t.Fatal(err)
		}
		return n.process.ProcessState.ExitCode()
	case <-time.After(within):
		_ = n.process.Process.Kill()
		<-n.ended
		n.t.Fatalf("the server does not end within %s of SIGTERM\n%s", within, lastLines(n.log, 20))
		return -1
	}
}

func lastLines(file string, count int) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(text)), "\n"), func(line string) bool {
		return strings.Contains(line, `"msg":"call"`) && strings.Contains(line, `"status":2`) // a successful call says nothing of interest
	})
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}

// waitUntil asks repeatedly until the answer is yes.
func waitUntil(ctx context.Context, yes func() (bool, error)) error {
	for {
		done, err := yes()
		if err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(40 * time.Millisecond):
		}
	}
}
