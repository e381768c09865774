// Package live tells those who follow a library's work what has just changed: a
// request, a hold, a task. It names the thing and nothing of what it says.
//
// The database writes a row for each thing a transaction changed (migration 0050).
// One question a moment and process reads what the snapshot before did not see, and
// hands it to all who follow; nothing is asked while nobody does.
//
// A Mark is such a snapshot. Who comes back with the last mark that was heard is
// told first what has become visible since: a change is never missed, whatever
// transaction was slow to commit, whichever process is asked, and after a restart.
// It may be told twice.
package live
