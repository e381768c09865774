package rest_test

import (
	"strings"
	"testing"
)

// wide writes ASCII in full-width signs, as some keyboards and scanners do.
func wide(text string) string {
	return strings.Map(func(r rune) rune { return r + 0xfee0 }, text)
}

// Barcodes, cards and names come in plain signs by every door: full-width ones count
// as the usual ones, and what cannot be seen or turns the writing around is refused.
func TestSignsOfNumbersAndNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	scanned := w.post(t, "/v1/desk/scan", `{"barcode":%q,"card":%q}`, wide(w.item), wide(w.card))
	if scanned.status != 200 || scanned.get("did") != "checked_out" {
		t.Errorf("a scan in full-width signs: %d %s", scanned.status, scanned.text)
	}
	wants(t, w.call(t, "POST", "/v1/sessions", "", `{"kind":"patron","realm":"ISIL:US-HOME","card":"`+wide(w.card)+`","pin":"`+pin+`"}`), 201, "")
	named := w.call(t, "PATCH", "/v1/patrons/"+w.patron.String(), w.staff, `{"name":"Ａｄｕｌｔ patron"}`)
	if named.get("name") != "Adult patron" {
		t.Errorf("a name in full-width signs: %d %s", named.status, named.text)
	}
	for name, got := range map[string]answer{
		"turned":    w.call(t, "PATCH", "/v1/patrons/"+w.patron.String(), w.staff, `{"name":"Ana\u202eluj"}`),
		"invisible": w.call(t, "PATCH", "/v1/patrons/"+w.patron.String(), w.staff, `{"name":"Ana\u200b"}`),
		"two lines": w.call(t, "PATCH", "/v1/patrons/"+w.patron.String(), w.staff, `{"name":"Ana\nBob"}`),
	} {
		if got.status != 400 || got.word("errors", 0, "code") != "control_character" || got.word("errors", 0, "pointer") != "/name" {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	path := "/v1/patrons/" + w.patron.String() + "/cards"
	card := w.post(t, path+"/replace", `{"card_id":%q,"number":"2123400000003\u200f"}`, w.get(t, path).word("cards", 0, "id"))
	if card.status != 400 || !strings.Contains(card.text, "U+200F") {
		t.Errorf("a card with a sign that cannot be seen: %d %s", card.status, card.text)
	}
}
