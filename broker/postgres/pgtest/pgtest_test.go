package pgtest_test

import (
	"testing"

	"afield/broker/postgres/pgtest"
)

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	one, other := pgtest.New(t), pgtest.New(t)
	if _, err := pgtest.Admin(t, one).Exec(t.Context(), "create table only_here ()"); err != nil {
		t.Fatal(err)
	}
	var here, there bool
	const exists = "select to_regclass('only_here') is not null"
	if err := one.AppPool().QueryRow(t.Context(), exists).Scan(&here); err != nil {
		t.Fatal(err)
	}
	if err := other.AppPool().QueryRow(t.Context(), exists).Scan(&there); err != nil {
		t.Fatal(err)
	}
	if !here || there {
		t.Errorf("the table is in the first database: %v, in the second: %v; want true, false", here, there)
	}
}
