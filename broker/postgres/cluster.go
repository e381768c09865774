package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// DatabaseName is the database a private cluster holds.
const DatabaseName = "afield"

// ClusterOptions says where a private cluster lives and how it runs.
type ClusterOptions struct {
	// DataDir is Afield's data folder; the cluster lives in its folder postgres.
	DataDir string
	// BinDir is the only place to look for PostgreSQL's programs; empty searches.
	BinDir string
	// Notice is called with what a person should know, such as that another folder
	// is used; nil drops it.
	Notice func(string)
	// Scratch gives up durability for speed. Only for tests: a crash of the
	// machine damages the cluster.
	Scratch bool
	// Wait is how long a start may take; zero means five minutes, which leaves
	// time to recover after a crash.
	Wait time.Duration
}

// Cluster is a private PostgreSQL server that this process runs, or that
// another process runs and this one uses. When the process that runs it ends,
// one of the others takes it over within a second or two.
type Cluster struct {
	options ClusterOptions
	place   place

	mu     sync.Mutex
	owner  *fileLock   // held while this process runs the server
	server *postmaster // nil while another process runs it

	closing chan struct{}
	done    sync.WaitGroup
}

// StartCluster starts the private cluster in the data folder, making it first
// where there is none, or attaches to it when another process runs it. It never
// deletes or upgrades a cluster. Its errors are ClusterErrors, which say what
// to do.
func StartCluster(ctx context.Context, options ClusterOptions) (*Cluster, error) {
	if options.Notice == nil {
		options.Notice = func(string) {}
	}
	if options.Wait == 0 {
		options.Wait = 5 * time.Minute
	}
	here, err := choosePlace(options.DataDir, options.Notice)
	if err != nil {
		return nil, err
	}
	cluster := &Cluster{options: options, place: here, closing: make(chan struct{})}
	ctx, cancel := context.WithTimeout(ctx, options.Wait)
	defer cancel()
	if err := cluster.join(ctx); err != nil {
		return nil, errors.Join(err, cluster.letGo())
	}
	cluster.done.Add(1)
	go cluster.supervise()
	return cluster, nil
}

// join runs the server if no other process does, and waits until it answers.
func (c *Cluster) join(ctx context.Context) error {
	for {
		owner, err := tryLock(c.place.lock)
		if err != nil {
			return withCause(notEnterable(c.place.folder, c.place.account), err)
		}
		if owner != nil {
			return c.own(ctx, owner)
		}
		if c.answers(ctx) == nil {
			return nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return &ClusterError{
				Problem: ProblemTaken,
				Detail:  "Another process runs the database in " + c.place.folder + ", and it does not answer.",
				Advice:  "End that process, or choose another --data folder.",
				Cause:   err,
			}
		}
	}
}

// own starts the server, or takes over one that lost its process, and prepares
// the database and its roles. It holds the lock from then on.
func (c *Cluster) own(ctx context.Context, owner *fileLock) error {
	c.mu.Lock()
	c.owner = owner
	c.mu.Unlock()
	made, err := c.place.madeBy()
	if err != nil {
		return err
	}
	binaries, err := pickBinaries(FindBinaries(c.options.BinDir), made, c.place.cluster)
	if err != nil {
		return err
	}
	if made == 0 {
		if err := initialise(ctx, c.place, binaries, c.options.Scratch); err != nil {
			return err
		}
	}
	running, err := findRunning(c.place)
	if err != nil {
		return err
	}
	if running != nil && c.takeOver(ctx, running) {
		return c.prepareDatabase(ctx)
	}
	if err := c.start(ctx, binaries); err != nil {
		return err
	}
	return c.prepareDatabase(ctx)
}

// takeOver uses a server whose parent process is gone, if it keeps answering.
// One that is shutting down, because its process was killed a moment ago, is
// waited for: it still answers, with a refusal. One that does not answer at all
// is left to the new server's own check.
func (c *Cluster) takeOver(ctx context.Context, running *postmaster) bool {
	answered, silent := 0, 0
	for running.alive() && silent < 100 {
		err := c.pingAdmin(ctx)
		var refusal *pgconn.PgError
		switch {
		case err == nil:
			answered++
		case errors.As(err, &refusal):
			silent = 0
		default:
			silent++
		}
		if answered == 3 {
			c.setServer(running)
			return true
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return false
		}
	}
	return false
}

// start launches the server and waits until it answers. Children of a killed
// server may hold its memory for a moment, so it tries a few times.
func (c *Cluster) start(ctx context.Context, binaries Binaries) error {
	for attempt := 0; ; attempt++ {
		offset := logSize(c.place)
		server, err := launch(c.place, binaries, c.settings())
		if err != nil {
			return err
		}
		c.setServer(server)
		if err = c.await(ctx, server); err == nil {
			return nil
		}
		if server.alive() {
			_ = server.stop(10 * time.Second)
			return &ClusterError{Problem: ProblemStart, Detail: "The database does not answer in time.", Log: logSince(c.place, offset), Cause: err}
		}
		failure := startFailure(c.place.cluster, logSince(c.place, offset), nil)
		if attempt >= 20 || !strings.Contains(failure.Log, "shared memory block") || pause(ctx, 250*time.Millisecond) != nil {
			return failure
		}
	}
}

func (c *Cluster) await(ctx context.Context, server *postmaster) error {
	waited := 0
	for {
		err := c.pingAdmin(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-server.ended:
			return err
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
		if waited++; waited%500 == 0 {
			c.options.Notice("The database is still starting; after a crash it first recovers.")
		}
	}
}

// settings are given on the command line, so that postgresql.conf is left to
// the administrator.
func (c *Cluster) settings() []string {
	common := []string{
		"unix_socket_permissions=0700", "max_connections=200", "timezone=UTC", "log_timezone=UTC",
		"log_line_prefix=%m [%p] %u@%d ", "password_encryption=scram-sha-256",
	}
	if c.options.Scratch {
		return append(common, "max_connections=400", "fsync=off", "synchronous_commit=off", "full_page_writes=off",
			"autovacuum=off", "wal_level=minimal", "max_wal_senders=0", "shared_buffers=64MB", "max_wal_size=256MB",
			"log_min_messages=fatal", "log_statement=none")
	}
	return append(common, "fsync=on", "full_page_writes=on", "synchronous_commit=on", "shared_buffers=256MB",
		"max_wal_size=2GB", "random_page_cost=1.1", "idle_in_transaction_session_timeout=60s")
}

// supervise keeps the server running while this handle is open: it restarts the
// server should it end, and takes it over when the process that ran it is gone.
func (c *Cluster) supervise() {
	defer c.done.Done()
	for {
		select {
		case <-c.closing:
			return
		case <-c.serverEnded():
			c.options.Notice("The database ended unexpectedly and is started again.")
		case <-time.After(500 * time.Millisecond):
			if c.Owns() && c.serverAlive() {
				continue
			}
		}
		c.rejoin()
	}
}

// rejoin tries once to become the process that runs the server.
func (c *Cluster) rejoin() {
	ctx, cancel := context.WithTimeout(context.Background(), c.options.Wait)
	defer cancel()
	go func() {
		select {
		case <-c.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	c.mu.Lock()
	owner := c.owner
	c.server = nil
	c.mu.Unlock()
	if owner == nil {
		taken, err := tryLock(c.place.lock)
		if err != nil || taken == nil {
			return
		}
		owner = taken
	}
	if err := c.own(ctx, owner); err != nil && ctx.Err() == nil {
		c.options.Notice(fmt.Sprintf("The database could not be started again: %v", err))
		_ = pause(ctx, time.Second)
	}
}

// serverEnded is closed when the server this process started has ended.
func (c *Cluster) serverEnded() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		return nil
	}
	return c.server.ended
}

func (c *Cluster) serverAlive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server != nil && c.server.alive()
}

func (c *Cluster) setServer(server *postmaster) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server = server
}

// Close stops the server if this process runs it, and otherwise leaves it
// alone.
func (c *Cluster) Close() error {
	select {
	case <-c.closing:
		return nil
	default:
		close(c.closing)
	}
	c.done.Wait()
	return c.letGo()
}

func (c *Cluster) letGo() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	if c.server != nil {
		err = c.server.stop(30 * time.Second)
		c.server = nil
	}
	c.owner.release()
	c.owner = nil
	return err
}

// Owns tells whether this process runs the server, rather than using one that
// another process runs.
func (c *Cluster) Owns() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.owner != nil && c.server != nil
}

// Folder is where the cluster lives, which may not be the folder asked for.
func (c *Cluster) Folder() string { return c.place.folder }

// AdminURL connects as the cluster's superuser, for migrations and backups only.
func (c *Cluster) AdminURL(database string) string { return c.url("postgres", database) }

// URL connects as the login behind the application's roles.
func (c *Cluster) URL(database string) string { return c.url(loginRole, database) }

func (c *Cluster) url(role, database string) string {
	address := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database, Host: ""}
	address.RawQuery = url.Values{"host": {c.place.socket}, "port": {"5432"}, "sslmode": {"disable"}}.Encode()
	return address.String()
}

func (c *Cluster) pingAdmin(ctx context.Context) error {
	return ping(ctx, c.AdminURL("postgres"))
}

// answers tells whether the cluster is ready for use through the login.
func (c *Cluster) answers(ctx context.Context) error { return ping(ctx, c.URL(DatabaseName)) }

func ping(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// prepareDatabase makes the roles and the database on the first start, and
// changes nothing on later ones.
func (c *Cluster) prepareDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.AdminURL("postgres"))
	if err != nil {
		return fmt.Errorf("connect to the private database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := ensureLogin(ctx, conn); err != nil {
		return err
	}
	var exists bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", DatabaseName).Scan(&exists); err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if exists {
		return nil
	}
	_, err = conn.Exec(ctx, "create database "+DatabaseName)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42P04" { // made meanwhile
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	return nil
}

func pause(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
