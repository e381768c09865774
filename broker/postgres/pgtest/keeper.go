package pgtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// The files beside the scratch cluster. Every test program holds users.lock
// shared for as long as it lives; the keeper stops once it can take that lock
// exclusively. Joining and stopping both need gate.lock, so they cannot happen
// at once.
const (
	gateFile  = "gate.lock"
	usersFile = "users.lock"
	addresses = "server.json"
)

// keeperFolder is set for the process that keeps the cluster: a second copy of
// the test program, which never reaches its tests.
const keeperFolder = "AFIELD_PGTEST_KEEPER"

// idle is how long the cluster stays after its last user, because go test may
// compile for a while between two packages.
const idle = time.Minute

// keptCluster is what the keeper tells those who join.
type keptCluster struct {
	AdminURL string `json:"admin_url"`
	LoginURL string `json:"login_url"`
	Failure  string `json:"failure,omitempty"`

	// users is the lock that keeps the cluster running; it is released when the
	// process ends, so this value must be kept until then.
	users *os.File
}

func init() {
	if folder := os.Getenv(keeperFolder); folder != "" {
		os.Exit(keep(folder))
	}
}

// useKeptCluster joins the scratch cluster, starting its keeper where there is
// none.
func useKeptCluster(ctx context.Context) (keptCluster, error) {
	folder := clusterFolder()
	if err := os.MkdirAll(folder, 0o711); err != nil {
		return keptCluster{}, fmt.Errorf("make the folder of the test cluster: %w", err)
	}
	gate, err := lockFile(ctx, filepath.Join(folder, gateFile), syscall.LOCK_EX)
	if err != nil {
		return keptCluster{}, err
	}
	defer gate.Close()
	users, err := lockFile(ctx, filepath.Join(folder, usersFile), syscall.LOCK_SH)
	if err != nil {
		return keptCluster{}, err
	}
	kept, ok := running(ctx, folder)
	if !ok {
		if kept, err = startKeeper(folder); err != nil {
			_ = users.Close()
			return keptCluster{}, err
		}
	}
	kept.users = users
	return kept, nil
}

// clusterFolder is in memory where the system offers that, and private to the
// account.
func clusterFolder() string {
	base := os.TempDir()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		base = "/dev/shm"
	}
	return filepath.Join(base, fmt.Sprintf("afield-test-%d", os.Geteuid()))
}

// running tells whether the cluster answers.
func running(ctx context.Context, folder string) (keptCluster, bool) {
	var kept keptCluster
	text, err := os.ReadFile(filepath.Join(folder, addresses))
	if err != nil || json.Unmarshal(text, &kept) != nil {
		return kept, false
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, kept.AdminURL)
	if err != nil {
		return kept, false
	}
	return kept, conn.Close(ctx) == nil
}

// startKeeper runs this program again as the keeper, in a session of its own so
// that Ctrl-C of the tests does not reach it, and waits until it reports.
func startKeeper(folder string) (keptCluster, error) {
	program, err := os.Executable()
	if err != nil {
		return keptCluster{}, fmt.Errorf("find this program: %w", err)
	}
	reading, writing, err := os.Pipe()
	if err != nil {
		return keptCluster{}, fmt.Errorf("make a pipe to the keeper: %w", err)
	}
	defer reading.Close()
	command := exec.Command(program)
	command.Dir = folder
	command.Env = append(os.Environ(), keeperFolder+"="+folder)
	command.ExtraFiles = []*os.File{writing} // descriptor 3
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = command.Start()
	_ = writing.Close()
	if err != nil {
		return keptCluster{}, fmt.Errorf("start the keeper of the test cluster: %w", err)
	}
	defer func() { _ = command.Process.Release() }()
	if err := reading.SetReadDeadline(broker.SystemClock{}.Now().Add(2 * time.Minute)); err != nil {
		return keptCluster{}, fmt.Errorf("bound the wait for the keeper: %w", err)
	}
	text, err := io.ReadAll(reading)
	if err != nil {
		return keptCluster{}, fmt.Errorf("hear from the keeper of the test cluster: %w", err)
	}
	var kept keptCluster
	if err := json.Unmarshal(text, &kept); err != nil {
		return keptCluster{}, fmt.Errorf("the keeper of the test cluster ended without a word: %w", err)
	}
	if kept.Failure != "" {
		return keptCluster{}, errors.New(kept.Failure)
	}
	return kept, nil
}

// keep runs the cluster until nobody has used it for a while, then removes it.
// A scratch cluster in a folder of its own is the only one ever removed.
func keep(folder string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	syscall.CloseOnExec(3) // the server must not hold the other end open
	word := os.NewFile(3, "word")
	say := func(kept keptCluster) error {
		text, err := json.Marshal(kept)
		if err != nil {
			return err
		}
		if kept.Failure == "" {
			if err := os.WriteFile(filepath.Join(folder, addresses), text, 0o600); err != nil {
				return err
			}
		}
		_, err = word.Write(text)
		return errors.Join(err, word.Close())
	}
	cluster, err := postgres.StartCluster(ctx, postgres.ClusterOptions{DataDir: filepath.Join(folder, "data"), Scratch: true})
	if err != nil {
		_ = say(keptCluster{Failure: err.Error()})
		return 1
	}
	err = say(keptCluster{AdminURL: cluster.AdminURL("postgres"), LoginURL: cluster.URL("postgres")})
	if err != nil {
		_ = cluster.Close()
		return 1
	}
	gate := awaitIdle(ctx, folder)
	_ = os.Remove(filepath.Join(folder, addresses))
	err = cluster.Close()
	if err == nil && cluster.Folder() == filepath.Join(folder, "data", "postgres") {
		err = os.RemoveAll(filepath.Join(folder, "data"))
	}
	if gate != nil {
		_ = gate.Close()
	}
	if err != nil {
		return 1
	}
	return 0
}

// awaitIdle returns the gate's lock once nobody has used the cluster for the
// idle time, or nil when told to end earlier.
func awaitIdle(ctx context.Context, folder string) *os.File {
	unused := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
		gate, err := tryLockFile(filepath.Join(folder, gateFile), syscall.LOCK_EX)
		if err != nil {
			unused = 0
			continue
		}
		users, err := tryLockFile(filepath.Join(folder, usersFile), syscall.LOCK_EX)
		if err != nil {
			unused = 0
			_ = gate.Close()
			continue
		}
		_ = users.Close()
		if unused++; unused >= int(idle/time.Second) {
			return gate
		}
		_ = gate.Close()
	}
}

// lockFile waits for a lock by asking again and again, so that it can give up.
func lockFile(ctx context.Context, path string, kind int) (*os.File, error) {
	for {
		file, err := tryLockFile(path, kind)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) {
			return file, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the test cluster: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func tryLockFile(path string, kind int) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a lock of the test cluster: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), kind|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return file, nil
}
