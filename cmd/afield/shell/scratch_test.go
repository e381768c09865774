package shell

import "testing"

func TestAnotherDatabaseOfTheSameServer(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"postgres://user:hush@host:5432/afield?sslmode=disable": "postgres://user:hush@host:5432/other?sslmode=disable",
		"postgres:///afield?host=%2Frun%2Fpg&dbname=x":          "postgres:///other?host=%2Frun%2Fpg",
		"host=/run/pg dbname=afield":                            "host=/run/pg dbname=afield dbname=other",
	} {
		if got, err := otherDatabase(given, "other"); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", given, got, err, want)
		}
	}
}
