package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
)

// koha is a catalogue with one copy that is in.
const koha = `<searchRetrieveResponse xmlns="http://www.loc.gov/zing/srw/"><version>1.1</version><numberOfRecords>1</numberOfRecords><records><record><recordSchema>marcxml</recordSchema><recordPacking>xml</recordPacking><recordData><record xmlns="http://www.loc.gov/MARC21/slim"><leader>00000cam a2200000 a 4500</leader><datafield tag="952" ind1=" " ind2=" "><subfield code="7">0</subfield><subfield code="a">AWAY</subfield><subfield code="p">31000000000017</subfield></datafield></record></recordData></record></records></searchRetrieveResponse>`

// A title that nobody here has catalogued is found in the catalogue of a library
// whose messages go another way, and that library is asked. A catalogue that is dead
// delays nothing, and how both answer is kept.
func TestACatalogueIsSearchedAndItsLibraryAsked(t *testing.T) {
	t.Parallel()
	l := newLoft(t)
	var searched atomic.Value
	alive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		searched.Store(r.URL.Query().Get("query"))
		_, _ = fmt.Fprint(w, koha)
	}))
	t.Cleanup(alive.Close)
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	gone := broker.NewID()
	l.must(l.db.InTx(t.Context(), postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		for library, address := range map[broker.ID]string{l.away: alive.URL, gone: dead.URL} {
			if library == gone {
				if err := directory.SaveLibrary(tx, directory.Library{ID: gone, Name: "Gone", Country: "US", State: "VT", Zone: l.home.Zone, Currency: "USD", Status: directory.StatusActive}, ten); err != nil {
					return err
				}
			}
			directory.SaveTerms(tx, directory.UsualTerms(library, "USD"))
			if err := directory.SaveTarget(tx, directory.Target{Library: library, URL: address, System: "koha", AllowPrivateAddress: true}, ten); err != nil {
				return err
			}
		}
		return directory.SaveTiers(tx, l.home.ID, []directory.Tier{
			{Name: "Own shelves", Members: directory.TierOwn, CostRule: directory.CostFree, DaysToRespond: 2, Fulfilment: directory.FulfilHold},
			{Name: "Everywhere", Members: directory.TierEverywhere, CostRule: directory.CostFree, DaysToRespond: 4, Fulfilment: directory.FulfilILL},
		})
	}))
	l.start()
	var request *engine.Request
	l.does(func(ctx context.Context, tx *postgres.Tx) (err error) {
		request, err = l.app.Requests.Submit(ctx, tx, ten, l.at().Actor, requests.Submission{
			Library: l.home.ID, Patron: l.patron, Citation: broker.Citation{Title: "A history of lighthouses", ISBN: "9780306406157"},
		})
		return err
	})
	if kinds := l.sender.kinds(); len(kinds) != 1 || kinds[0] != connectors.KindRequest {
		t.Errorf("the library is sent %v, want the request", kinds)
	}
	if query := searched.Load(); query != `bath.isbn="9780306406157" or bath.isbn="0306406152"` {
		t.Errorf("searched was %v", query)
	}
	l.does(func(ctx context.Context, tx *postgres.Tx) error {
		found, err := l.app.Requests.Load(ctx, tx, l.home.ID, request.ID)
		if err == nil && !found.ClosedAt.IsZero() {
			t.Errorf("the request is %s", found.State)
		}
		if err != nil {
			return err
		}
		targets, err := directory.Targets(ctx, tx, nil, []broker.ID{l.away, gone})
		if well := targets[l.away].Health; well.Failures != 0 || !well.AnsweredAt.Equal(ten) {
			t.Errorf("the one that answered: %+v", well)
		}
		if away := targets[gone].Health; away.Failures != 1 || !strings.Contains(away.Problem, "refuses connections") || !away.AnsweredAt.IsZero() {
			t.Errorf("the dead one: %+v", away)
		}
		return err
	})
}
