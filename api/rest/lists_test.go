package rest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// Tills, holds and items are listed page by page, narrowed, and each library sees
// its own.
func TestListsOfTheLibrary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second, branch := w.second(t), broker.NewID()
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: w.home, ID: branch, Code: "west", Name: "West"})
	}))
	for _, barcode := range []string{"31234000000060", "31234000000078"} {
		w.addTitle(t, "Title "+barcode, barcode)
	}
	w.lends(t, "")
	first := w.get(t, "/v1/items/list?limit=2")
	if wants(t, first, 200, ""); len(first.at("items").([]any)) != 2 || first.word("items", 0, "title") == "" {
		t.Errorf("the first page: %s", first.text)
	}
	rest := w.get(t, "/v1/items/list?limit=2&cursor="+first.word("next_cursor"))
	if len(rest.at("items").([]any)) != 1 || rest.get("next_cursor") != nil {
		t.Errorf("the second page: %s", rest.text)
	}
	if out := w.get(t, "/v1/items/list?status=on_loan"); strings.Count(out.text, `"barcode"`) != 1 || !strings.Contains(out.text, w.item) {
		t.Errorf("on loan: %s", out.text)
	}
	wants(t, w.get(t, "/v1/items/list?status=lent"), 400, "invalid_input")
	if others := w.call(t, "GET", "/v1/items/list", w.otherStaff, ""); strings.Contains(others.text, w.item) {
		t.Errorf("another library's: %s", others.text)
	}

	hold := w.waitsFor(t, w.staff, fmt.Sprintf(`{"title_id":%q,"patron_id":%q}`, w.ownTitle, second))
	if list := w.get(t, "/v1/holds/list"); strings.Count(list.text, `"queued_at"`) != 1 || !strings.Contains(list.text, hold[strings.LastIndex(hold, "/")+1:]) {
		t.Errorf("holds: %s", list.text)
	}
	for query, count := range map[string]int{"status=placed": 1, "status=cancelled": 0, "branch_id=" + branch.String(): 0} {
		if list := w.get(t, "/v1/holds/list?"+query); strings.Count(list.text, `"queued_at"`) != count {
			t.Errorf("holds with %s: %s", query, list.text)
		}
	}
	if others := w.call(t, "GET", "/v1/holds/list", w.otherStaff, ""); strings.Contains(others.text, "queued_at") {
		t.Errorf("another library's: %s", others.text)
	}

	if none := w.get(t, "/v1/tills"); fmt.Sprint(none.at("tills")) != "[]" {
		t.Errorf("tills before any: %s", none.text)
	}
	till := done(t, w.post(t, "/v1/tills", `{"branch_id":%q,"float":{"minor":5000,"currency":"USD"}}`, branch), 201).id()
	for query, there := range map[string]bool{"": true, "?branch_id=" + branch.String(): true, "?branch_id=" + w.home.String(): false} {
		if list := w.get(t, "/v1/tills"+query); strings.Contains(list.text, till) != there {
			t.Errorf("tills%s: %s", query, list.text)
		}
	}
	done(t, w.post(t, "/v1/tills/"+till+"/close", `{"counted":[{"method":"cash","minor":5000}]}`), 200)
	if open := w.get(t, "/v1/tills"); strings.Contains(open.text, till) {
		t.Errorf("a closed till is open: %s", open.text)
	}
	if all := w.get(t, "/v1/tills?closed=true"); !strings.Contains(all.text, till) {
		t.Errorf("with the closed ones: %s", all.text)
	}
	if others := w.call(t, "GET", "/v1/tills?closed=true", w.otherStaff, ""); strings.Contains(others.text, till) {
		t.Errorf("another library's: %s", others.text)
	}
}

// What stands on a slip or a card names a request, a patron's loans and a library
// as well as their ids do.
func TestNumbersAndSymbolsInPlaceOfIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := done(t, w.post(t, "/v1/requests", `{"patron_id":%q,"title_id":%q}`, w.patron, w.title), 201)
	number := fmt.Sprint(asked.at("number"))
	if got := done(t, w.get(t, "/v1/requests/"+number), 200); got.id() != asked.id() {
		t.Errorf("by number: %s", got.text)
	}
	done(t, w.get(t, "/v1/requests/"+number+"/timeline"), 200)
	done(t, w.post(t, "/v1/requests/"+number+"/notes", `{"audience":"staff","text":"rang"}`), 201)
	if mine := w.call(t, "GET", "/v1/requests/"+number, w.me, ""); mine.id() != asked.id() {
		t.Errorf("my own by number: %s", mine.text)
	}
	wants(t, w.call(t, "GET", "/v1/requests/"+number, w.otherStaff, ""), 404, "not_found")
	wants(t, w.get(t, "/v1/requests/999999"), 404, "not_found")
	wants(t, w.get(t, "/v1/requests/0"), 400, "invalid_input")

	w.lends(t, "")
	if loans := w.get(t, "/v1/loans?card="+w.card); strings.Count(loans.text, w.item) != 1 {
		t.Errorf("by card: %s", loans.text)
	}
	wants(t, w.get(t, "/v1/loans?card=29999000000011"), 404, "not_found")
	if library := w.call(t, "GET", "/v1/libraries/isil:us-home", "", ""); library.id() != w.home.String() {
		t.Errorf("by symbol: %s", library.text)
	}
	wants(t, w.call(t, "GET", "/v1/libraries/ISIL:US-NONE", "", ""), 404, "not_found")
}
