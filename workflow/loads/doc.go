// Package loads reads files that come every night though nobody watches: a folder
// or an address with a library's patrons, items or records. It owns the tables
// standing_loads, load_runs and load_names.
//
// What a load brought is remembered, so that what its file no longer names can be
// taken out: a patron is closed, a copy that is nowhere else withdrawn, and both come
// back when a file names them again. What is the library's own, or came by another
// load, is never touched.
//
// A file that does not come, cannot be read, or has become shorter than it may at
// once, is put before staff as a task (load_alarm), and nothing is taken out. Staff
// look, and say so (Accept) when the short file is right.
//
// A run that is broken off goes on with the same file where it was.
//
//	report, err := loads.Run(ctx, db, library, load.ID, loads.Options{Now: now, Policies: policies})
package loads
