package requests_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"afield/broker/postgres/pgtest"
	"afield/workflow"
)

// The states the database accepts are those of the tables, no more and no less.
func TestTheDatabaseAcceptsTheStatesOfTheTables(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var check string
	err := db.AppPool().QueryRow(t.Context(), `select pg_get_constraintdef(oid) from pg_constraint where conname = 'requests_state_known'`).Scan(&check)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range workflow.Tables() {
		var want []string
		for _, place := range table.Places {
			want = append(want, string(place.State))
		}
		got := statesOf(check, string(table.Side))
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s: the database accepts %v, the table has %v", table.Side, got, want)
		}
	}
}

// statesOf reads the quoted states after side = '…' in a CHECK.
func statesOf(check, side string) []string {
	_, after, found := strings.Cut(check, "'"+side+"'::text")
	if !found {
		return nil
	}
	if end := strings.Index(after, "(side = "); end >= 0 {
		after = after[:end]
	}
	var states []string
	for _, quoted := range regexp.MustCompile(`'([a-z_]+)'::text`).FindAllStringSubmatch(after, -1) {
		states = append(states, quoted[1])
	}
	return states
}
