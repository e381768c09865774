// Package migrations holds the database's schema as numbered SQL files and
// brings a database up to it.
//
// A file is named NNNN_name.sql, runs in one transaction, and is never changed
// once it was released: write a new one. Files may grant to and name in
// policies the roles afield_app and afield_system, which exist by then. A table
// is open to both roles when it is made; a file takes back what a role must not
// do, for example "revoke update, delete on ledger_entries from afield_app".
//
//	applied, err := migrations.Up(ctx, conn)
package migrations
