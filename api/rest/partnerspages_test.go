package rest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// Who sees to loans sees whether partners answer, what waits for them, and has it
// tried now; nobody sees what another library says to them.
func TestPartnersThroughThePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	b.open("/partners")
	b.shows(200, "Library elsewhere", "Nothing said yet", "ISIL:US-PARTNER")
	one := "/partners/" + w.partner.String()
	b.open(one)
	b.shows(200, "Nothing was said yet, either way.", "Keys and address")
	sent := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Living Mountain","isbn":"9780857861832"}}`, w.patron))
	wants(t, sent, 201, "")
	must(t, w.db.InTx(t.Context(), postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		directory.RecordSearches(tx, map[broker.ID]string{w.partner: "It is away."}, w.clock.Now()) // nothing is searched there yet
		return directory.SaveTarget(tx, directory.Target{Library: w.partner, URL: "https://sru.example.org/books", System: "koha", Account: "ours"}, w.clock.Now())
	}))
	b.open("/partners")
	b.shows(200, "Catalogues that are searched", "sru.example.org", "Not searched yet")
	must(t, w.db.InTx(t.Context(), postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		directory.RecordSearches(tx, map[broker.ID]string{w.partner: "HTTP 503."}, w.clock.Now())
		return nil
	}))
	b.open("/partners")
	b.shows(200, "Away, 1 try", "HTTP 503.")
	if got := w.call(t, "GET", "/v1/partners", w.staff, ""); got.at("catalogues", 0, "failures") != 1.0 || strings.Contains(got.text, "ours") {
		t.Errorf("its health is %s", got.text)
	}
	later := w.clock.Now().Add(30 * time.Minute)
	must(t, w.db.InTx(t.Context(), postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		for library, trouble := range map[broker.ID]string{w.home: "connection refused", w.away: "their trouble"} {
			request, err := broker.ParseID("request", sent.id())
			if err != nil || library == w.away {
				request = broker.NoID
			}
			tx.Queue(`insert into messages (library_id, id, direction, peer_library_id, request_id, kind, payload, status, tries, last_error, next_try_at, raw_expires_on, created_at)
				values ($1, $2, 'out', $3, $4, 'request', '{}', 'ready', 31, $5, $6, '2027-01-01', $7)`,
				library, broker.NewID(), w.partner, request, trouble, later, w.clock.Now())
		}
		return nil
	}))
	b.open("/partners")
	b.shows(200, "Library elsewhere takes nothing at present.", "Away, 31 tries", "connection refused")
	b.open(one)
	b.shows(200, "connection refused", "Tried in vain, goes on", fmt.Sprintf(`href="/requests/%v"`, sent.body["number"]), "Try now")
	if strings.Contains(b.page.text, "their trouble") {
		t.Error("another library's dialogue is shown")
	}
	b.post(one+"/try", "key", "1")
	b.shows(200, "1 message is tried in the next seconds.")
	if got := w.call(t, "GET", "/v1/partners/"+w.partner.String(), w.staff, ""); got.word("messages", 0, "next_try_at") != w.clock.Now().Format("2006-01-02T15:04:05Z") || got.at("partner", "waiting") != 1.0 {
		t.Errorf("it is tried at another time: %s", got.text)
	}
	must(t, w.db.InTx(t.Context(), postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update peers set paused = true, edition = '2021', dialect = 'alma' where library_id = $1`, w.partner)
		return nil
	}))
	b.post(one+"/try", "key", "2")
	b.shows(409, "paused by the consortium", "Paused by the office", "ISO 18626, 2021, alma")
	b.post("/partners/none/try", "key", "3")
	b.shows(404)
	wants(t, w.call(t, "POST", "/v1/partners/"+w.away.String()+"/try", w.staff, ""), 404, "not_found")
	desk := w.browser(t).asDesk()
	desk.post(one+"/try", "key", "4")
	desk.shows(403)
}
