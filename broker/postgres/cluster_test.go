package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker/postgres"
)

// otherProcess is set for a second copy of this program that only starts the
// cluster in the folder named, says so, and waits to be killed.
const otherProcess = "AFIELD_TEST_CLUSTER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(otherProcess); folder != "" {
		if _, err := postgres.StartCluster(context.Background(), postgres.ClusterOptions{DataDir: folder}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("started")
		select {}
	}
	os.Exit(m.Run())
}

// dataDir is a folder that the account postgres can enter when the tests run as
// root.
func dataDir(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Chmod(filepath.Dir(folder), 0o711); err != nil {
		t.Fatal(err)
	}
	return folder
}

func start(t *testing.T, options postgres.ClusterOptions) *postgres.Cluster {
	t.Helper()
	cluster, err := postgres.StartCluster(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	})
	return cluster
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func run(t *testing.T, cluster *postgres.Cluster, statement string) {
	t.Helper()
	if _, err := connect(t, cluster.AdminURL(postgres.DatabaseName)).Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// eventually waits for something another process does; it fails after a time
// that only a fault could account for.
func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for range 1200 {
		if isSo() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("waited in vain: %s", what)
}

func count(ctx context.Context, cluster *postgres.Cluster) (kept int, err error) {
	conn, err := pgx.Connect(ctx, cluster.AdminURL(postgres.DatabaseName))
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, "select count(*) from kept").Scan(&kept)
	return kept, err
}

func TestClusterStartsAndStartsAgain(t *testing.T) {
	t.Parallel()
	folder := dataDir(t)
	first := start(t, postgres.ClusterOptions{DataDir: folder})
	if !first.Owns() {
		t.Error("the process that started the server does not own it")
	}
	run(t, first, "create table kept as select 1")
	var fsync, listening, who string
	var super bool
	err := connect(t, first.URL(postgres.DatabaseName)).QueryRow(t.Context(), `select current_setting('fsync'),
		current_setting('listen_addresses'), current_user, (select rolsuper or rolbypassrls from pg_roles where rolname = current_user)`).
		Scan(&fsync, &listening, &who, &super)
	if err != nil || fsync != "on" || listening != "" || who != "afield_login" || super {
		t.Errorf("fsync %s, listening on %q, as %s, superuser %v: %v", fsync, listening, who, super, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if kept, err := count(t.Context(), start(t, postgres.ClusterOptions{DataDir: folder})); err != nil || kept != 1 {
		t.Errorf("after a second start %d rows are there: %v", kept, err)
	}
}

func TestSecondProcessAttachesAndTakesOver(t *testing.T) {
	t.Parallel()
	folder := dataDir(t)
	first := start(t, postgres.ClusterOptions{DataDir: folder})
	run(t, first, "create table kept as select 1")
	second := start(t, postgres.ClusterOptions{DataDir: folder})
	if second.Owns() || !first.Owns() {
		t.Error("the second start should use the first one's server")
	}
	if kept, err := count(t.Context(), second); err != nil || kept != 1 {
		t.Errorf("through the second %d rows are seen: %v", kept, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second takes over", second.Owns)
	eventually(t, "the rows are seen again", func() bool {
		kept, err := count(t.Context(), second)
		return err == nil && kept == 1
	})
}

func TestStartsAtOnceShareOneServer(t *testing.T) {
	t.Parallel()
	folder := dataDir(t)
	var group sync.WaitGroup
	clusters := make([]*postgres.Cluster, 4)
	for i := range clusters {
		group.Go(func() {
			cluster, err := postgres.StartCluster(t.Context(), postgres.ClusterOptions{DataDir: folder, Scratch: true})
			if err != nil {
				t.Error(err)
			}
			clusters[i] = cluster
		})
	}
	group.Wait()
	owners := 0
	for _, cluster := range clusters {
		if cluster == nil {
			continue
		}
		if cluster.Owns() {
			owners++
		}
		if err := connect(t, cluster.URL(postgres.DatabaseName)).Ping(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if owners != 1 {
		t.Errorf("%d of them run a server, want 1", owners)
	}
	for _, cluster := range clusters {
		if cluster != nil {
			if err := cluster.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// startElsewhere starts the cluster in a process of its own.
func startElsewhere(t *testing.T, folder string) *exec.Cmd {
	t.Helper()
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), otherProcess+"="+folder)
	output, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	if word, err := bufio.NewReader(output).ReadString('\n'); err != nil || word != "started\n" {
		t.Fatalf("the other process says %q: %v", word, err)
	}
	return other
}

func postmasterOf(t *testing.T, cluster *postgres.Cluster) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(cluster.Folder(), "cluster", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	folder := dataDir(t)
	other := startElsewhere(t, folder)
	attached := start(t, postgres.ClusterOptions{DataDir: folder})
	run(t, attached, "create table kept as select 1")
	if err := attached.Close(); err != nil { // so that only the other one is left
		t.Fatal(err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait()
	again := start(t, postgres.ClusterOptions{DataDir: folder})
	if kept, err := count(t.Context(), again); err != nil || kept != 1 || !again.Owns() {
		t.Errorf("after kill -9 there are %d rows, owned %v: %v", kept, again.Owns(), err)
	}
}

func TestEverythingKilledAtOnceRecovers(t *testing.T) {
	t.Parallel()
	folder := dataDir(t)
	other := startElsewhere(t, folder)
	attached := start(t, postgres.ClusterOptions{DataDir: folder})
	run(t, attached, "create table kept as select 1")
	server := postmasterOf(t, attached)
	if err := attached.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(syscall.Kill(server, syscall.SIGKILL), other.Process.Kill()); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait()
	// After a power cut, the number in postmaster.pid may be another process's.
	left := filepath.Join(attached.Folder(), "cluster", "postmaster.pid")
	text, err := os.ReadFile(left)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(left, []byte(strconv.Itoa(os.Getppid())+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	if kept, err := count(t.Context(), start(t, postgres.ClusterOptions{DataDir: folder})); err != nil || kept != 1 {
		t.Errorf("after the crash there are %d rows: %v", kept, err)
	}
}

func TestServerThatDiesIsStartedAgain(t *testing.T) {
	t.Parallel()
	cluster := start(t, postgres.ClusterOptions{DataDir: dataDir(t)})
	run(t, cluster, "create table kept as select 1")
	server := postmasterOf(t, cluster)
	if err := syscall.Kill(server, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is there again", func() bool {
		kept, err := count(t.Context(), cluster)
		return err == nil && kept == 1 && postmasterOf(t, cluster) != server
	})
}

func TestLongPathMovesTheSocket(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(dataDir(t), strings.Repeat("long", 30))
	var notices []string
	cluster := start(t, postgres.ClusterOptions{DataDir: folder, Scratch: true, Notice: func(text string) { notices = append(notices, text) }})
	run(t, cluster, "create table kept as select 1")
	if len(notices) != 1 || !strings.Contains(notices[0], "too long") {
		t.Errorf("the notices are %q, want one about the path", notices)
	}
	if !strings.HasPrefix(cluster.Folder(), folder) {
		t.Errorf("the rows are kept in %s; only the socket should move", cluster.Folder())
	}
	moved := connect(t, cluster.AdminURL("postgres")).Config().Host
	t.Cleanup(func() { _ = os.RemoveAll(moved) })
	if info, err := os.Stat(moved); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket's folder has mode %v: %v", info.Mode(), err)
	}
}

func TestInterruptedStartLeavesNoServer(t *testing.T) {
	t.Parallel()
	folder := dataDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // Ctrl-C at once
	if _, err := postgres.StartCluster(ctx, postgres.ClusterOptions{DataDir: folder, Scratch: true}); err == nil {
		t.Error("an interrupted start gives no error")
	}
	again := start(t, postgres.ClusterOptions{DataDir: folder, Scratch: true})
	if !again.Owns() {
		t.Error("the interrupted start still holds the cluster")
	}
}
