// Package tasks keeps what staff must decide or do: the open tasks of a library,
// most of them about one of its requests. It is the only writer of staff_tasks.
package tasks
