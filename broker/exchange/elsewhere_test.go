package exchange_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/exchange"
	"afield/broker/postgres"
)

// sound fails the test when an invariant does not hold.
func (p place) sound() {
	p.t.Helper()
	checked, err := p.db.Invariants(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, one := range checked {
		if one.Count > 0 {
			p.t.Errorf("%s (%d rows in %s)", one.Rule, one.Count, one.View)
		}
	}
}

// fileOf is the file of an export that has a kind's rows.
func fileOf(kind string) string {
	if kind == exchange.MARC {
		return "titles.mrc"
	}
	return kind + ".csv"
}

// What one library took out, it reads into another installation, and everything
// that must always be true is true there.
func TestAnExportIsReadIntoAnotherInstallation(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	p.bring(exchange.Blocks, someBlocks)
	files, _ := p.export()
	other := newPlace(t)
	for _, kind := range exchange.Kinds() {
		if kind == exchange.Requests {
			continue // of other systems; see workflow/cutover
		}
		other.bring(kind, files[fileOf(kind)])
	}
	other.sound()
	for _, table := range []string{"patrons", "cards", "patron_links", "blocks", "items", "loans", "holds", "ledger_entries", "households"} {
		if here, there := p.count("select count(*) from "+table), other.count("select count(*) from "+table); here != there || here == 0 {
			t.Errorf("%s: %d here, and %d in the other installation", table, here, there)
		}
	}
	again, _ := other.export()
	for _, name := range []string{"patrons.csv", "items.csv", "holds.csv"} {
		if lines(files[name]) != lines(again[name]) {
			t.Errorf("%s taken out there again has %d lines, and had %d", name, lines(again[name]), lines(files[name]))
		}
	}
}

func lines(text string) int { return strings.Count(text, "\n") }

// Read in for another library of the same installation, it is refused before
// anything is written: a patron cannot be two libraries'.
func TestAnExportIsNotReadInForANeighbour(t *testing.T) {
	t.Parallel()
	p := furnished(t)
	p.bring(exchange.Blocks, someBlocks)
	files, _ := p.export()
	neighbour := p
	neighbour.Library = p.as(broker.NewID())
	neighbour.Name, neighbour.SharingGroup = "A neighbour", broker.NewID()
	neighbour.do(func(ctx context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: neighbour.SharingGroup, Name: "the neighbour alone"})
		if err := directory.SaveLibrary(tx, neighbour.Library, now); err != nil {
			return err
		}
		return directory.SaveBranch(tx, directory.Branch{Library: neighbour.ID, ID: broker.NewID(), Code: "main", Name: "Main"})
	})
	for _, kind := range []string{exchange.Patrons, exchange.Blocks} {
		_, _, err := neighbour.try(t.Context(), kind, files[fileOf(kind)])
		refused, is := broker.AsError(err)
		if !is || len(refused.Fields) != 1 || refused.Fields[0].Code != "of_another_library" || !strings.Contains(refused.Fields[0].Message, "export of A member library, which") {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for _, kind := range []string{exchange.Links, exchange.Loans, exchange.Holds, exchange.Charges} {
		result, _, err := neighbour.try(t.Context(), kind, files[fileOf(kind)])
		if err != nil || result.New != 0 {
			t.Errorf("%s: %+v, %v", kind, result, err)
		}
	}
	equal(t, "the neighbour's patrons", neighbour.count(`select count(*) from patrons where library_id = $1`, neighbour.ID), 0)
	p.sound()
	// With the keys of another system nobody is mistaken for anybody.
	neighbour.bring(exchange.Patrons, somePatrons)
	p.bring(exchange.Patrons, files[fileOf(exchange.Patrons)])
	p.sound()
}
