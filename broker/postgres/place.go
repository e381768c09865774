package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// maxSocketPath is the longest socket path every system takes: Linux has 107
// bytes, macOS 103.
const maxSocketPath = 103

// socketName is the file PostgreSQL makes for port 5432; the port only names
// the file, because the private server listens on no network.
const socketName = ".s.PGSQL.5432"

// place is where one private cluster lives.
type place struct {
	folder  string // holds the rest; belongs to the account
	cluster string // PostgreSQL's data directory
	socket  string // folder of the socket, which only the account can enter
	log     string // what the server writes
	lock    string // held by the process that runs the server
	account account
}

// choosePlace finds or prepares the folder for the cluster inside the data
// folder. Where the server's account cannot enter the folder root chose, a
// folder under /var/lib is used instead and notice says so. A cluster that
// already exists is used where it is: it is never left behind for an empty new
// one.
func choosePlace(dataDir string, notice func(string)) (place, error) {
	data, err := filepath.Abs(dataDir)
	if err != nil {
		return place{}, fmt.Errorf("find the data folder: %w", err)
	}
	wanted := filepath.Join(data, "postgres")
	fallback := fallbackFolder(data)
	existing := wanted
	owner := ownerOf(filepath.Join(wanted, "cluster"))
	if owner < 0 && os.Geteuid() == 0 {
		if moved := ownerOf(filepath.Join(fallback, "cluster")); moved >= 0 {
			owner, existing = moved, fallback
		}
	}
	account, err := accountFor(owner)
	if err != nil {
		return place{}, err
	}
	if owner >= 0 {
		if !account.canUse(existing) {
			return place{}, notEnterable(existing, account)
		}
		if existing == fallback {
			notice(fallbackNotice(account, wanted, fallback))
		}
		return newPlace(existing, account, notice)
	}
	if err := prepare(wanted, account); err == nil && account.canUse(wanted) {
		return newPlace(wanted, account, notice)
	} else if !account.drop {
		return place{}, withCause(notEnterable(wanted, account), err)
	}
	if err := prepare(fallback, account); err != nil || !account.canUse(fallback) {
		return place{}, withCause(notEnterable(wanted, account), err)
	}
	_ = os.Remove(wanted) // empty, and no longer of use
	notice(fallbackNotice(account, wanted, fallback))
	return newPlace(fallback, account, notice)
}

// ClusterExists tells whether the data folder, or the folder used instead of
// it, holds a cluster. It makes nothing.
func ClusterExists(dataDir string) (bool, error) {
	data, err := filepath.Abs(dataDir)
	if err != nil {
		return false, fmt.Errorf("find the data folder: %w", err)
	}
	for _, folder := range []string{filepath.Join(data, "postgres"), fallbackFolder(data)} {
		_, err := os.Lstat(filepath.Join(folder, "cluster"))
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return false, fmt.Errorf("look into the data folder: %w", err)
		}
	}
	return false, nil
}

func fallbackFolder(data string) string {
	return filepath.Join("/var/lib/afield", "data-"+shortHash(data))
}

func fallbackNotice(account account, wanted, fallback string) string {
	return fmt.Sprintf("The account %s, which runs the database, cannot enter %s. The database is kept in %s instead.",
		account.name, wanted, fallback)
}

func notEnterable(folder string, account account) *ClusterError {
	return &ClusterError{
		Problem: ProblemNotEnterable,
		Detail:  fmt.Sprintf("The account %s, which runs the database, cannot enter or write %s.", account.name, folder),
		Advice:  "Choose a folder it can use with --data, for example --data /var/lib/afield/data, or give it this one: chown -R " + account.name + " " + folder,
	}
}

func withCause(failure *ClusterError, cause error) *ClusterError {
	failure.Cause = cause
	return failure
}

// prepare makes the folder for the account. Folders made on the way may be
// passed through by others but not listed.
func prepare(folder string, account account) error {
	parent := filepath.Dir(folder)
	if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(parent, 0o711); err != nil {
			return err
		}
		if err := os.Chmod(parent, 0o711); err != nil { // the umask may have taken more away
			return err
		}
	}
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return account.own(folder)
}

// own makes the account the owner of a file or folder.
func (a account) own(path string) error {
	if !a.drop {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

func newPlace(folder string, account account, notice func(string)) (place, error) {
	here := place{
		folder:  folder,
		cluster: filepath.Join(folder, "cluster"),
		socket:  filepath.Join(folder, "socket"),
		log:     filepath.Join(folder, "server.log"),
		lock:    filepath.Join(folder, "owner.lock"),
		account: account,
	}
	if len(filepath.Join(here.socket, socketName)) > maxSocketPath {
		here.socket = filepath.Join(os.TempDir(), fmt.Sprintf("afield-%d-%s", account.uid, shortHash(folder)))
		if len(filepath.Join(here.socket, socketName)) > maxSocketPath {
			return place{}, &ClusterError{
				Problem: ProblemNotEnterable,
				Detail:  "Neither " + folder + " nor the folder for temporary files has a path short enough for a socket.",
				Advice:  fmt.Sprintf("Choose a --data folder with a path under %d bytes.", maxSocketPath-len("/postgres/socket/"+socketName)),
			}
		}
		notice("The path of the data folder is too long for a socket. The database's socket is in " + here.socket + " instead.")
	}
	return here, here.prepareSocket()
}

// prepareSocket makes the socket's folder, and refuses one that somebody else
// could have put in its place: whoever may write there could pose as the server.
func (p place) prepareSocket() error {
	if err := os.Mkdir(p.socket, 0o700); err == nil {
		return p.account.own(p.socket)
	} else if !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the socket's folder: %w", err)
	}
	info, err := os.Lstat(p.socket)
	if err != nil {
		return fmt.Errorf("look at the socket's folder: %w", err)
	}
	owner := ownerOf(p.socket)
	if !info.IsDir() || info.Mode().Perm() != 0o700 || (owner != p.account.uid && owner != os.Geteuid()) {
		return &ClusterError{
			Problem: ProblemTaken,
			Detail:  "The folder for the database's socket, " + p.socket + ", exists and is not private to the account " + p.account.name + ".",
			Advice:  "Look at what it is, and remove it.",
		}
	}
	return p.account.own(p.socket)
}

// madeBy gives the major version that made the cluster, or 0 where there is none.
func (p place) madeBy() (int, error) {
	info, err := os.Stat(p.cluster)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, notEnterable(p.cluster, p.account)
	}
	corrupt := &ClusterError{
		Problem: ProblemCorrupt,
		Detail:  p.cluster + " is not a whole PostgreSQL database: ",
		Advice:  "Afield never deletes a database. Restore a backup into a new --data folder, or move this folder away.",
	}
	if !info.IsDir() {
		corrupt.Detail += "it is not a folder."
		return 0, corrupt
	}
	text, err := os.ReadFile(filepath.Join(p.cluster, "PG_VERSION"))
	if errors.Is(err, fs.ErrPermission) {
		return 0, notEnterable(p.cluster, p.account)
	}
	major, parseErr := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || parseErr != nil {
		corrupt.Detail += "PG_VERSION cannot be read."
		return 0, corrupt
	}
	for _, needed := range []string{"global/pg_control", "base", "pg_wal"} {
		if _, err := os.Stat(filepath.Join(p.cluster, needed)); err != nil {
			corrupt.Detail += needed + " is missing."
			return 0, corrupt
		}
	}
	return major, nil
}

// ownerOf gives the user id that owns a path, or -1 where it does not exist.
func ownerOf(path string) int {
	info, err := os.Lstat(path)
	if err != nil {
		return -1
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

// CanBeMade tries, in the nearest folder that is there, whether the data folder can
// be made; what it tries with is taken away again.
func CanBeMade(folder string) error {
	at, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	for {
		there, err := os.Stat(at)
		switch {
		case err == nil && !there.IsDir():
			return fmt.Errorf("%s cannot be made: %s is no folder; choose another with --data", folder, at)
		case err == nil:
			tried, err := os.MkdirTemp(at, ".afield-doctor-*")
			if err != nil {
				return fmt.Errorf("%s cannot be made (%w); choose another with --data", folder, err)
			}
			return os.Remove(tried)
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR), at == filepath.Dir(at):
			return fmt.Errorf("%s cannot be made (%w); choose another with --data", folder, err)
		}
		at = filepath.Dir(at)
	}
}
