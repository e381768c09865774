package rest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

// addCopy puts a copy of a title on the home library's shelf and gives its id.
func (w *world) addCopy(t *testing.T, title broker.ID, barcode, callNumber string) broker.ID {
	t.Helper()
	id := broker.NewID()
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(ctx context.Context, tx *postgres.Tx) error {
		library, err := directory.Load(ctx, tx, w.home)
		if err != nil {
			return err
		}
		catalog.SaveItem(tx, catalog.Item{
			Library: w.home, ID: id, Realm: library.SharingGroup, Barcode: barcode, Title: title,
			Type: "book", CallNumber: callNumber, Status: catalog.OnShelf, Lendable: true,
		}, w.clock.Now())
		return nil
	}))
	return id
}

// addTitle makes one more title, with one copy at home.
func (w *world) addTitle(t *testing.T, name, barcode string) (title, item broker.ID) {
	t.Helper()
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(ctx context.Context, tx *postgres.Tx) (err error) {
		title, err = catalog.SaveTitle(ctx, tx, catalog.Title{ID: broker.NewID(), Title: name}, w.clock.Now())
		return err
	}))
	return title, w.addCopy(t, title, barcode, "F "+name[:3])
}

// pulls reads a page of the pull list.
func (w *world) pulls(t *testing.T, token, query string) (lines []map[string]any, next string) {
	t.Helper()
	page := w.call(t, "GET", "/v1/holds"+query, token, "")
	wants(t, page, 200, "")
	list, _ := page.body["pulls"].([]any)
	for _, line := range list {
		lines = append(lines, line.(map[string]any))
	}
	next, _ = page.body["next_cursor"].(string)
	return lines, next
}

// second makes one more patron at home.
func (w *world) second(t *testing.T) broker.ID {
	t.Helper()
	id := broker.NewID()
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(ctx context.Context, tx *postgres.Tx) error {
		library, err := directory.Load(ctx, tx, w.home)
		if err != nil {
			return err
		}
		err = patrons.SavePatron(tx, patrons.Patron{
			Library: w.home, ID: id, Class: "adult", Name: "adult patron 2", Phone: "+1 555 0101",
			PhoneCheckedOn: broker.MustDate("2026-07-01"), ExpiresOn: broker.MustDate("2027-12-31"), CreatedAt: w.clock.Now(),
		})
		if err != nil {
			return err
		}
		return patrons.SaveCard(tx, patrons.Card{
			Library: w.home, ID: broker.NewID(), Realm: library.SharingGroup, Number: "21234000000029", Patron: id, CreatedAt: w.clock.Now(),
		})
	}))
	return id
}

// sound looks at every invariant of the database.
func (w *world) sound(t *testing.T) {
	t.Helper()
	checked, err := w.db.Invariants(t.Context())
	must(t, err)
	for _, invariant := range checked {
		if invariant.Count > 0 {
			t.Errorf("%s: %d rows, %v", invariant.Rule, invariant.Count, invariant.Rows)
		}
	}
}

// What is to be fetched is listed with its shelf mark and the hold it is for, the
// longest waiting first, and leaves the list with the scan.
func TestThePullList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	submitted := w.call(t, "POST", "/v1/requests", w.me, `{"citation":{"title":"Walden","author":"Thoreau, Henry David"}}`)
	wants(t, submitted, 201, "")
	w.clock.Set(w.clock.Now().Add(time.Minute))
	other, item := w.addTitle(t, "Gilead", "31234000000022")
	hold := w.call(t, "POST", "/v1/holds", w.me, fmt.Sprintf(`{"title_id":%q}`, other))
	wants(t, hold, 201, "")

	lines, next := w.pulls(t, w.staff, "?limit=1")
	if len(lines) != 1 || next == "" || lines[0]["barcode"] != w.item || lines[0]["request_number"] != submitted.get("number") ||
		lines[0]["title"] != "Walden" || lines[0]["author"] != "Thoreau, Henry David" || lines[0]["waiting_since"] == nil {
		t.Errorf("the first: %v", lines)
	}
	lines, next = w.pulls(t, w.staff, "?limit=1&cursor="+next)
	if len(lines) != 1 || next != "" || lines[0]["id"] != hold.id() || lines[0]["item_id"] != item.String() ||
		lines[0]["call_number"] != "F Gil" || lines[0]["request_number"] != nil {
		t.Fatalf("the second: %v", lines)
	}
	if library, _ := lines[0]["for_library"].(map[string]any); library["id"] != w.home.String() || library["symbol"] != "ISIL:US-HOME" {
		t.Errorf("for %v", library)
	}
	if all := w.call(t, "GET", "/v1/holds", w.staff, ""); strings.Contains(all.text, w.patron.String()) || strings.Contains(all.text, "adult patron") {
		t.Errorf("nobody's name is needed to fetch a book: %s", all.text)
	}
	if lines, _ := w.pulls(t, w.otherStaff, ""); len(lines) != 0 {
		t.Errorf("another library fetches %v", lines)
	}
	wants(t, w.call(t, "GET", "/v1/holds", w.me, ""), 403, "forbidden")

	wants(t, w.call(t, "POST", "/v1/desk/scan", w.staff, `{"barcode":"31234000000022"}`), 200, "")
	if lines, _ := w.pulls(t, w.staff, ""); len(lines) != 1 || lines[0]["barcode"] != w.item {
		t.Errorf("after one is fetched: %v", lines)
	}
}

// A copy that cannot be found is marked missing, and its request tries elsewhere.
func TestTheCopyIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	submitted := w.call(t, "POST", "/v1/requests", w.me, `{"citation":{"title":"Walden"}}`)
	wants(t, submitted, 201, "")
	lines, _ := w.pulls(t, w.staff, "")
	if len(lines) != 1 {
		t.Fatalf("the pull list: %v", lines)
	}
	path := "/v1/holds/" + lines[0]["id"].(string) + "/not-found"
	wants(t, w.call(t, "POST", path, w.otherStaff, ""), 404, "not_found")
	wants(t, w.call(t, "POST", path, w.me, ""), 403, "forbidden")
	wants(t, w.call(t, "POST", path, w.staff, fmt.Sprintf(`{"item_id":%q}`, broker.NewID())), 400, "invalid_input")

	first := w.call(t, "POST", path, w.staff, "", "Idempotency-Key", "n")
	wants(t, first, 200, "")
	if first.get("status") != "unfilled" {
		t.Errorf("the hold: %s", first.text)
	}
	for _, again := range []answer{w.call(t, "POST", path, w.staff, "", "Idempotency-Key", "n"), w.call(t, "POST", path, w.staff, "")} {
		if again.status != 200 || again.text != first.text {
			t.Errorf("said again: %d %s", again.status, again.text)
		}
	}
	wants(t, w.call(t, "POST", path, w.staff, fmt.Sprintf(`{"item_id":%q}`, broker.NewID()), "Idempotency-Key", "n"), 422, "key_reused")
	timeline := w.call(t, "GET", "/v1/requests/"+submitted.id()+"/timeline", w.staff, "")
	if strings.Count(timeline.text, `"event":"hold_not_found"`) != 1 {
		t.Errorf("the request hears of it once: %s", timeline.text)
	}
	if lines, _ := w.pulls(t, w.staff, ""); len(lines) != 0 {
		t.Errorf("still to be fetched: %v", lines)
	}
	w.sound(t)
}

// Of two copies, the one that was looked for is marked missing, and no other.
func TestTheCopyThatWasLookedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := w.addCopy(t, w.ownTitle, "31234000000099", "")
	hold := w.call(t, "POST", "/v1/holds", w.me, fmt.Sprintf(`{"title_id":%q}`, w.ownTitle))
	wants(t, hold, 201, "")
	path := "/v1/holds/" + hold.id() + "/not-found"
	elsewhere, item := w.addTitle(t, "Gilead", "31234000000022")
	wants(t, w.call(t, "POST", path, w.staff, fmt.Sprintf(`{"item_id":%q}`, item)), 400, "invalid_input")
	wants(t, w.call(t, "POST", path, w.staff, fmt.Sprintf(`{"item_id":%q}`, second)), 200, "")

	lent := w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"barcode":"31234000000022","card":%q}`, w.card))
	wants(t, lent, 201, "")
	wants(t, w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"barcode":%q,"card":%q}`, w.item, w.card)), 201, "")
	statuses := map[broker.ID]catalog.ItemStatus{}
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(ctx context.Context, tx *postgres.Tx) error {
		for _, title := range []broker.ID{w.ownTitle, elsewhere} {
			items, err := catalog.ItemsOfTitle(ctx, tx, title, w.home)
			if err != nil {
				return err
			}
			for _, item := range items {
				statuses[item.ID] = item.Status
			}
		}
		return nil
	}))
	if len(statuses) != 3 || statuses[second] != catalog.Missing || statuses[item] != catalog.OnLoan {
		t.Errorf("the copies are %v", statuses)
	}
	// Nothing is expected on the shelf any more: the next hold waits.
	waiting := w.call(t, "POST", "/v1/holds", w.staff, fmt.Sprintf(`{"title_id":%q,"patron_id":%q}`, elsewhere, w.second(t)))
	wants(t, waiting, 201, "")
	path = "/v1/holds/" + waiting.id() + "/not-found"
	wants(t, w.call(t, "POST", path, w.staff, ""), 409, "no_copy_expected")
	wants(t, w.call(t, "POST", path, w.staff, fmt.Sprintf(`{"item_id":%q}`, item)), 409, "no_copy_expected")
}

// In a shared catalogue the library that owns the copy fetches it, for a request
// of another; only that library can say that the copy is not there.
func TestPullsOfASharedCatalogue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := pgtest.Admin(t, w.db).Exec(t.Context(), `update libraries set sharing_group_id = (select sharing_group_id from libraries where id = $1) where id = $2`, w.home, w.away)
	must(t, err)
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveTiers(tx, w.home, []directory.Tier{
			{Position: 0, Name: "the shared catalogue", Members: directory.TierSharingGroup, CostRule: directory.CostFree, DaysToRespond: 1, Fulfilment: directory.FulfilHold},
		})
	}))
	submitted := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Living Mountain","isbn":"9780857861832"}}`, w.patron))
	wants(t, submitted, 201, "")
	if lines, _ := w.pulls(t, w.staff, ""); len(lines) != 0 {
		t.Errorf("the borrowing library fetches %v", lines)
	}
	lines, _ := w.pulls(t, w.otherStaff, "")
	if len(lines) != 1 || lines[0]["request_number"] != submitted.get("number") || lines[0]["for_library"].(map[string]any)["id"] != w.home.String() {
		t.Fatalf("the owning library fetches %v; the request is %s", lines, submitted.text)
	}
	path := "/v1/holds/" + lines[0]["id"].(string) + "/not-found"
	wants(t, w.call(t, "POST", path, w.staff, ""), 404, "not_found")
	wants(t, w.call(t, "POST", path, w.otherStaff, fmt.Sprintf(`{"item_id":%q}`, lines[0]["item_id"])), 200, "")
	timeline := w.call(t, "GET", "/v1/requests/"+submitted.id()+"/timeline", w.staff, "")
	if !strings.Contains(timeline.text, `"event":"hold_not_found"`) {
		t.Errorf("the request does not hear of it: %s", timeline.text)
	}
	w.sound(t)
}
