package postgres

import "testing"

func TestAPasswordIsNoArgument(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"postgres://me:hush@host:5432/afield?sslmode=require":       "postgres://me@host:5432/afield?sslmode=require",
		"postgres:///afield?host=%2Frun%2Fpg&user=me&password=hush": "postgres:///afield?host=%2Frun%2Fpg&user=me",
		"host=/run/pg password=hush dbname=afield":                  "host=/run/pg  dbname=afield",
		`password = 'hu \' sh' dbname=afield`:                       "dbname=afield",
		"host=h user=me password=hush":                              "host=h user=me",
	} {
		if got := withoutPassword(given); got != want {
			t.Errorf("%s: %q, want %q", given, got, want)
		}
	}
}
