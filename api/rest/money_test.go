package rest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/postgres"
)

// What an overdue loan has come to is shown and payable as of today, even if no
// night has run; the patron sees the same as the desk.
func TestWhatAccruesIsShownAndPayableToday(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	card := "29999000000011"
	lent := done(t, w.call(t, "POST", "/v1/loans", w.otherStaff, fmt.Sprintf(`{"barcode":"39999000000011","card":%q}`, card)), 201)
	me := w.signIn(t, `{"kind":"patron","realm":"ISIL:US-AWAY","card":"`+card+`","pin":"`+pin+`"}`)
	due, err := time.Parse(time.DateOnly, lent.word("due_on"))
	must(t, err)
	w.clock.Set(due.Add(10*24*time.Hour + 16*time.Hour)) // ten days late

	path := "/v1/patrons/" + w.neighbour.String()
	account := done(t, w.call(t, "GET", path+"/charges", w.otherStaff, ""), 200)
	owes := account.minor("owes")
	if owes <= 0 || account.minor("accruing", 0, "amount") != owes || account.word("accruing", 0, "loan_id") != lent.id() {
		t.Fatalf("accruing: %s", account.text)
	}
	mine := done(t, w.call(t, "GET", "/v1/me/charges", me, ""), 200)
	if mine.minor("owes") != owes || done(t, w.call(t, "GET", "/v1/me", me, ""), 200).minor("patron", "owes") != owes {
		t.Errorf("the patron sees %s", mine.text)
	}
	tooMuch := fmt.Sprintf(`{"amount":{"minor":%d,"currency":"USD"},"method":"cash"}`, owes+1)
	if got := w.call(t, "POST", path+"/payments", w.otherStaff, tooMuch); got.status < 400 {
		t.Errorf("more than is owed: %d %s", got.status, got.text)
	}
	pay := fmt.Sprintf(`{"amount":{"minor":%d,"currency":"USD"},"method":"cash"}`, owes)
	paid := done(t, w.call(t, "POST", path+"/payments", w.otherStaff, pay, "Idempotency-Key", "slip-1"), 201)
	again := done(t, w.call(t, "POST", path+"/payments", w.otherStaff, pay, "Idempotency-Key", "slip-1"), 201)
	if paid.minor("owes") != 0 || paid.minor("receipt", "paid") != owes || paid.at("receipt", "number") != again.at("receipt", "number") {
		t.Errorf("paid: %s", paid.text)
	}
	w.clock.Set(w.clock.Now().Add(24 * time.Hour))
	if next := w.call(t, "GET", path+"/charges", w.otherStaff, ""); next.minor("accruing", 0, "amount") != next.minor("owes") {
		t.Errorf("the day after: %s", next.text)
	}
	ledger := done(t, w.call(t, "GET", path+"/ledger?limit=1", w.otherStaff, ""), 200)
	first := done(t, w.call(t, "GET", path+"/ledger?limit=1&cursor="+ledger.word("next_cursor"), w.otherStaff, ""), 200)
	if ledger.word("lines", 0, "kind") != "payment" || ledger.minor("lines", 0, "balance") != 0 || first.minor("lines", 0, "balance") != owes {
		t.Errorf("history: %s, before it %s", ledger.text, first.text)
	}
	own := done(t, w.call(t, "GET", "/v1/me/ledger", me, ""), 200)
	if own.word("lines", 1, "kind") != "charge" || own.at("lines", 2) != nil {
		t.Errorf("my ledger: %s", own.text)
	}
	wants(t, w.get(t, path+"/ledger"), 404, "not_found")
	wants(t, w.call(t, "GET", path+"/ledger", me, ""), 403, "forbidden")
}

// A day at the till: a fee, a payment, one undone, one forgiven; the count at
// the end shows what is missing.
func TestADayAtTheTill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/patrons/" + w.patron.String()
	till := done(t, w.post(t, "/v1/tills", `{"float":{"minor":5000,"currency":"USD"}}`), 201)
	if again := w.post(t, "/v1/tills", `{"float":{"minor":5000,"currency":"USD"}}`); again.status != 409 {
		t.Errorf("two tills: %d %s", again.status, again.text)
	}
	wants(t, w.post(t, "/v1/tills", `{"float":{"minor":5000,"currency":"EUR"}}`), 400, "invalid_input")

	wants(t, w.post(t, path+"/fees", `{"kind":"other","amount":{"minor":300,"currency":"USD"}}`), 400, "invalid_input") // for what?
	fee := done(t, w.post(t, path+"/fees", `{"kind":"other","amount":{"minor":300,"currency":"USD"},"note":"a bag","method":"cash"}`), 201)
	if fee.minor("charge", "owed") != 0 || fee.minor("receipt", "paid") != 300 {
		t.Errorf("paid at once: %s", fee.text)
	}
	charge := done(t, w.post(t, path+"/fees", `{"kind":"damage","amount":{"minor":1000,"currency":"USD"},"note":"a torn page"}`), 201).word("charge", "id")
	wants(t, w.call(t, "POST", "/v1/charges/"+charge+"/waive", w.otherStaff, `{"reason":"x"}`), 404, "not_found")
	wants(t, w.call(t, "POST", "/v1/charges/"+charge+"/waive", w.me, `{"reason":"x"}`), 403, "forbidden")
	waived := done(t, w.post(t, "/v1/charges/"+charge+"/waive", `{"amount":{"minor":400,"currency":"USD"},"reason":"it was torn before"}`), 200)
	if waived.minor("owed") != 600 {
		t.Errorf("waived: %s", waived.text)
	}
	if got := w.post(t, "/v1/charges/"+charge+"/waive", `{"amount":{"minor":601,"currency":"USD"},"reason":"more than is left"}`); got.status < 400 {
		t.Errorf("waived more than is left: %d %s", got.status, got.text)
	}
	paid := done(t, w.post(t, path+"/payments", `{"amount":{"minor":600,"currency":"USD"},"method":"cash","shares":[{"charge_id":%q,"amount":{"minor":600,"currency":"USD"}}]}`, charge), 201)
	number := fmt.Sprint(paid.at("receipt", "number"))
	receipt := done(t, w.get(t, "/v1/receipts/"+number), 200)
	if receipt.minor("paid") != 600 || receipt.minor("left") != 0 || receipt.at("voided") != false {
		t.Errorf("receipt: %s", receipt.text)
	}
	wants(t, w.call(t, "GET", "/v1/receipts/"+number, w.otherStaff, ""), 404, "not_found")
	wants(t, w.call(t, "POST", "/v1/receipts/"+number+"/void", w.otherStaff, `{"reason":"x"}`), 404, "not_found")
	if void := done(t, w.post(t, "/v1/receipts/"+number+"/void", `{"reason":"wrong account"}`), 200); void.at("voided") != true {
		t.Errorf("void: %s", void.text)
	}
	if account := w.get(t, path+"/charges"); account.minor("owes") != 600 {
		t.Errorf("owed again: %s", account.text)
	}
	done(t, w.post(t, "/v1/charges/"+charge+"/waive", `{"reason":"all of it"}`), 200)

	if open := done(t, w.get(t, "/v1/tills/"+till.id()), 200); open.word("expected", 0, "method") != "cash" || open.at("expected", 0, "minor") != 5300.0 {
		t.Errorf("in the till: %s", open.text)
	}
	wants(t, w.call(t, "GET", "/v1/tills/"+till.id(), w.otherStaff, ""), 404, "not_found")
	wants(t, w.post(t, "/v1/tills/"+till.id()+"/close", `{"counted":[{"method":"cash","minor":1},{"method":"cash","minor":2}]}`), 400, "invalid_input")
	closed := done(t, w.post(t, "/v1/tills/"+till.id()+"/close", `{"counted":[{"method":"cash","minor":5250}]}`), 200)
	if closed.at("closed") != true || closed.at("difference", 0, "minor") != -50.0 {
		t.Errorf("closed: %s", closed.text)
	}
	wants(t, w.post(t, "/v1/tills/"+till.id()+"/close", `{"counted":[{"method":"cash","minor":5300}]}`), 409, "")
}

// Credit is given back in cash or on paper, never more than there is.
func TestRefundsAndVouchersOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/patrons/" + w.patron.String()
	done(t, w.post(t, path+"/payments", `{"amount":{"minor":1000,"currency":"USD"},"method":"cash","in_advance":true}`), 201)
	refund := func(minor int, method string) answer {
		return w.post(t, path+"/refunds", `{"amount":{"minor":%d,"currency":"USD"},"method":%q,"reason":"moves away"}`, minor, method)
	}
	if got := refund(1001, "cash"); got.status < 400 {
		t.Errorf("more than there is: %d %s", got.status, got.text)
	}
	if cash := done(t, refund(100, "cash"), 201); cash.word("entries", 0, "kind") != "refund" {
		t.Errorf("cash: %s", cash.text)
	}
	voucher := done(t, refund(500, "voucher"), 201)
	id := voucher.word("voucher", "id")
	other := done(t, refund(300, "voucher"), 201).word("voucher", "id")
	if list := w.get(t, "/v1/vouchers?limit=1"); list.word("vouchers", 0, "id") != id || list.word("next_cursor") == "" {
		t.Errorf("waiting: %s", list.text)
	} else if next := w.get(t, "/v1/vouchers?cursor="+list.word("next_cursor")); next.word("vouchers", 0, "id") != other {
		t.Errorf("the next: %s", next.text)
	}
	wants(t, w.call(t, "POST", "/v1/vouchers/"+id+"/pay", w.otherStaff, `{"method":"check"}`), 404, "not_found")
	if paid := done(t, w.post(t, "/v1/vouchers/"+id+"/pay", `{"method":"check"}`), 200); paid.word("status") != "paid" {
		t.Errorf("paid: %s", paid.text)
	}
	wants(t, w.post(t, "/v1/vouchers/"+id+"/cancel", `{"reason":"too late"}`), 409, "")
	if back := done(t, w.post(t, "/v1/vouchers/"+other+"/cancel", `{"reason":"stays after all"}`), 200); back.word("status") != "cancelled" {
		t.Errorf("cancelled: %s", back.text)
	}
	if account := w.get(t, path+"/charges"); account.minor("owes") != -400 {
		t.Errorf("credit left: %s", account.text)
	}
	wants(t, w.call(t, "POST", path+"/refunds", w.me, `{"amount":{"minor":1,"currency":"USD"},"method":"cash","reason":"x"}`), 403, "forbidden")
}

// One library invoices another; the other disputes, and one check pays.
func TestInvoicesBetweenLibraries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	raise := func(minor int) answer {
		return done(t, w.post(t, "/v1/invoices", `{"debtor_id":%q,"kind":"postage","amount":{"minor":%d,"currency":"USD"}}`, w.away, minor), 201)
	}
	one, two, three := raise(500), raise(700), raise(900)
	wants(t, w.post(t, "/v1/invoices", `{"debtor_id":%q,"kind":"postage","amount":{"minor":1,"currency":"USD"}}`, broker.NewID()), 404, "not_found")
	wants(t, w.post(t, "/v1/invoices", `{"debtor_id":%q,"kind":"postage","amount":{"minor":1,"currency":"EUR"}}`, w.away), 400, "invalid_input")
	if early := w.post(t, "/v1/invoices", `{"debtor_id":%q,"kind":"postage","amount":{"minor":1,"currency":"USD"},"due_on":"2026-01-01"}`, w.away); early.status != 400 {
		t.Errorf("due before it is written: %d %s", early.status, early.text)
	}
	if self := w.post(t, "/v1/invoices", `{"debtor_id":%q,"kind":"postage","amount":{"minor":1,"currency":"USD"}}`, w.home); self.status != 400 {
		t.Errorf("to oneself: %d %s", self.status, self.text)
	}
	theirs := done(t, w.call(t, "GET", "/v1/invoices?side=owed_by_us", w.otherStaff, ""), 200)
	if !strings.Contains(theirs.text, one.id()) || one.word("due_on") != "2026-09-02" {
		t.Errorf("what they owe: %s", theirs.text)
	}
	if page := w.get(t, "/v1/invoices?limit=2"); page.word("next_cursor") == "" {
		t.Errorf("a page: %s", page.text)
	}
	path := "/v1/invoices/" + one.id()
	wants(t, w.post(t, path+"/dispute", `{"reason":"ours"}`), 404, "not_found") // only who is asked
	disputed := done(t, w.call(t, "POST", path+"/dispute", w.otherStaff, `{"reason":"it came back in May"}`), 200)
	if disputed.word("status") != "disputed" || disputed.word("dispute") != "it came back in May" {
		t.Errorf("disputed: %s", disputed.text)
	}
	wants(t, w.call(t, "POST", path+"/insist", w.otherStaff, ""), 404, "not_found")
	if insisted := done(t, w.call(t, "POST", path+"/insist", w.staff, ""), 200); insisted.word("status") != "open" {
		t.Errorf("insisted: %s", insisted.text)
	}
	wants(t, w.call(t, "POST", path+"/pay", w.otherStaff, `{"method":"check"}`), 404, "not_found")
	check := done(t, w.post(t, path+"/pay", `{"also":[%q],"method":"check","note":"1234"}`, two.id()), 200)
	if check.minor("paid") != 1200 || check.word("debtor_id") != w.away.String() {
		t.Errorf("one check: %s", check.text)
	}
	if again := w.post(t, path+"/pay", `{"method":"check"}`); again.status != 409 {
		t.Errorf("paid twice: %d %s", again.status, again.text)
	}
	wants(t, w.call(t, "POST", "/v1/invoices/"+three.id()+"/withdraw", w.otherStaff, `{"reason":"x"}`), 404, "not_found")
	if gone := done(t, w.post(t, "/v1/invoices/"+three.id()+"/withdraw", `{"reason":"the book was found"}`), 200); gone.word("status") != "withdrawn" {
		t.Errorf("withdrawn: %s", gone.text)
	}
}

// The director sees what past nights did, and what was set aside.
func TestNightsOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	thing := broker.NewID()
	must(t, w.db.InTx(t.Context(), postgres.ForLibraries(w.home), func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`insert into nightly_failures (library_id, step, thing_id, error, first_at, last_at) values ($1, 'fines', $2, 'no such row', $3, $3)`,
			w.home, thing, w.clock.Now())
		return nil
	}))
	nights := done(t, w.get(t, "/v1/nights"), 200)
	if nights.word("put_aside", 0, "thing_id") != thing.String() || nights.word("put_aside", 0, "step") != "fines" {
		t.Errorf("put aside: %s", nights.text)
	}
	if other := w.call(t, "GET", "/v1/nights", w.otherStaff, ""); strings.Contains(other.text, thing.String()) {
		t.Errorf("another library sees %s", other.text)
	}
	wants(t, w.call(t, "GET", "/v1/nights", w.me, ""), 403, "forbidden")
}
