// Package pgtest gives each test a migrated database of its own.
//
//	func TestRenewal(t *testing.T) {
//		t.Parallel()
//		db := pgtest.New(t)
//		err := db.InTx(t.Context(), postgres.Everywhere(), …)
//	}
//
// With DATABASE_URL set, the databases are made on that server and are all
// named afield_test_*; no other is touched. Without it, one scratch cluster in
// memory serves all test programs of a run. A keeper process of its own holds
// it, so that no package's end takes it away from another, and stops and
// removes it one minute after the last test program has ended.
//
// Only tests import this package.
package pgtest
