package postgres

// Listing is a query for all rows of one kind that a library owns, for
// exporting them. Its columns are named as a file should name them; its one
// parameter is the library's id. It must never select a secret.
type Listing struct {
	// Name is the kind, and the file's name without its ending.
	Name string
	SQL  string
}

// Snapshot makes the transaction read-only and has all its queries see the same
// moment, however long they take.
func (s Scope) Snapshot() Scope {
	s.snapshot = true
	return s
}

func (s Scope) begin() string {
	if s.snapshot {
		return "begin isolation level repeatable read read only"
	}
	return "begin"
}
