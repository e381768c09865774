package demo

import (
	"context"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/consortium"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

// What the demo sets up is exported whole: applying the export changes nothing,
// and nothing in the export is new to the demo's own file.
func TestTheDemosConsortiumIsAFixedPoint(t *testing.T) {
	t.Parallel()
	db, now := pgtest.New(t), time.Date(2026, 8, 3, 15, 0, 0, 0, time.UTC)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	doors, err := access.New(db, access.Config{Key: make([]byte, 32)})
	must(err)
	must(Load(t.Context(), db, doors, now, broker.NewDate(2026, time.August, 2)))
	running, err := startPartners("http://127.0.0.1:1", func() time.Time { return now })
	must(err)
	defer running.close()
	vault, err := directory.NewVault(make([]byte, 32))
	must(err)
	must(running.register(t.Context(), db, doors, vault, now))

	unchanged := func(file func(*consortium.InForce) consortium.File) {
		t.Helper()
		must(db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
			in, err := consortium.Load(ctx, tx, doors, consortium.File{})
			if err != nil {
				return err
			}
			text, err := file(in).YAML()
			if err != nil {
				return err
			}
			plan, wrong := consortium.NewPlan(consortium.Read(text, nil), in, consortium.Surroundings{Now: now, Protocols: []string{"partner"}})
			if wrong != nil {
				return wrong.Error()
			}
			for _, change := range plan.Changes {
				t.Error(change.Words)
			}
			for _, name := range plan.NotInFile {
				t.Error("not in the file: " + name)
			}
			return nil
		}))
	}
	unchanged(func(in *consortium.InForce) consortium.File { return in.Export(now) })
	unchanged(func(*consortium.InForce) consortium.File {
		file := wholeFile()
		for i := range file.Libraries { // the partners have started since
			if running[places()[i].key] != nil {
				file.Libraries[i].Is = ""
			}
		}
		return file
	})
}
