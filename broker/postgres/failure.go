package postgres

import (
	"errors"
	"fmt"
	"strings"
)

// Problem says why the private database cannot be started, so that a command
// can say what to do about it.
type Problem string

// The problems of the private database.
const (
	ProblemNoBinaries   Problem = "no_binaries"   // PostgreSQL is not installed
	ProblemWrongMajor   Problem = "wrong_major"   // the data folder was made by another major version
	ProblemNotEnterable Problem = "not_enterable" // the database's account cannot use the folder
	ProblemNoAccount    Problem = "no_account"    // running as root and there is no lesser account
	ProblemCorrupt      Problem = "corrupt"       // the data folder is damaged
	ProblemTaken        Problem = "taken"         // another server holds the socket or the folder
	ProblemStart        Problem = "start"         // the server ended while starting, for another reason
)

// ClusterError says why the private database could not be started and what the
// person at the keyboard can do. Nothing was deleted.
type ClusterError struct {
	Problem Problem
	// Detail is what is wrong; Advice is what to do. Plain sentences.
	Detail, Advice string
	// Log holds the last lines the server wrote, where there are any.
	Log string
	// Cause is the error underneath, or nil.
	Cause error
}

// Error gives the detail, the advice and the server's last lines.
func (e *ClusterError) Error() string {
	text := e.Detail
	if e.Cause != nil {
		text += fmt.Sprintf(" (%v)", e.Cause)
	}
	if e.Advice != "" {
		text += "\n" + e.Advice
	}
	if e.Log != "" {
		text += "\nThe server's last lines:\n  " + strings.ReplaceAll(strings.TrimSpace(e.Log), "\n", "\n  ")
	}
	return text
}

// Unwrap gives the cause.
func (e *ClusterError) Unwrap() error { return e.Cause }

// IsProblem tells whether an error is a ClusterError with this problem.
func IsProblem(err error, problem Problem) bool {
	var cluster *ClusterError
	return errors.As(err, &cluster) && cluster.Problem == problem
}

// startFailure works out the reason from what the server wrote before it ended.
func startFailure(folder, log string, cause error) *ClusterError {
	has := func(phrases ...string) bool {
		for _, phrase := range phrases {
			if strings.Contains(log, phrase) {
				return true
			}
		}
		return false
	}
	failure := &ClusterError{Log: log, Cause: cause}
	switch {
	case has("No space left on device"):
		failure.Problem = ProblemStart
		failure.Detail = "The disk that holds " + folder + " is full, so PostgreSQL does not start."
		failure.Advice = "Make room and start again; nothing is lost."
	case has("Permission denied", "has invalid permissions", "has wrong ownership"):
		failure.Problem = ProblemNotEnterable
		failure.Detail = "The database's account may not use " + folder + "."
		failure.Advice = "Give the folder back to the account that made it, or choose another --data folder."
	case has("database files are incompatible", "was initialized by PostgreSQL version"):
		failure.Problem = ProblemWrongMajor
		failure.Detail = "The database in " + folder + " was made by another version of PostgreSQL."
		failure.Advice = "Install the version that made it, or export with that version and import into a new --data folder. Nothing was changed."
	case has("lock file", "could not bind", "another postmaster", "Address already in use", "pre-existing shared memory block"):
		failure.Problem = ProblemTaken
		failure.Detail = "Another PostgreSQL server holds the folder or the socket of " + folder + "."
		failure.Advice = "Stop that server, or choose another --data folder."
	case has("PANIC", "could not locate a valid checkpoint record", "pg_control", "invalid data in",
		"is not a valid data directory", "could not open file", "could not open directory",
		"could not read file", "could not access the server configuration file", "invalid checkpoint",
		"invalid page", "could not find the database system"):
		failure.Problem = ProblemCorrupt
		failure.Detail = "The database in " + folder + " is damaged and does not start."
		failure.Advice = "Afield never deletes a database. Restore a backup into a new --data folder, or have an administrator look at this one."
	default:
		failure.Problem = ProblemStart
		failure.Detail = "PostgreSQL ended while starting in " + folder + "."
	}
	return failure
}
