// Package postgres is the way to the database: it finds or starts PostgreSQL,
// opens the two connection pools, and runs work in transactions.
//
// It knows none of Afield's tables. It may not hold rules, and it does not know
// the job queue: the package migrations brings that schema in.
//
// With a DATABASE_URL everything connects there. Without one, StartCluster runs
// a private PostgreSQL from the system's binaries in Afield's data folder.
//
//	cluster, err := postgres.StartCluster(ctx, postgres.ClusterOptions{DataDir: ".afield"})
//	// … migrate with cluster.AdminURL("afield") …
//	db, err := postgres.Open(ctx, postgres.Config{URL: cluster.URL("afield")})
//	err = db.InTx(ctx, postgres.ForLibraries(library), func(ctx context.Context, tx *postgres.Tx) error {
//		tx.Queue("update …")
//		return nil
//	})
//
// Two roles stand behind the pools, and neither is a superuser or may bypass
// row-level security: afield_app sees the libraries a transaction names,
// afield_system sees all of them through policies of its own.
package postgres
