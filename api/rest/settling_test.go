package rest_test

import (
	"fmt"
	"strings"
	"testing"
)

// A desk's day with complicated money: paid too much and used later, paid by an
// agency and taken back. What went through the till is listed, and adds up to
// what is expected in it.
func TestCreditIsUsedAndAChargeIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/v1/patrons/" + w.patron.String()
	till := done(t, w.post(t, "/v1/tills", `{"float":{"minor":5000,"currency":"USD"}}`), 201).id()
	fee := func(minor int, note string) string {
		return done(t, w.post(t, path+"/fees", `{"kind":"other","amount":{"minor":%d,"currency":"USD"},"note":%q}`, minor, note), 201).word("charge", "id")
	}
	pay := func(body string, args ...any) answer { return w.post(t, path+"/payments", body, args...) }

	// In parts, then too much: refused, unless the rest is to be kept.
	bag := fee(1000, "a bag")
	if part := done(t, pay(`{"amount":{"minor":400,"currency":"USD"},"method":"cash"}`), 201); part.minor("receipt", "left") != 600 {
		t.Errorf("in parts: %s", part.text)
	}
	wants(t, pay(`{"amount":{"minor":601,"currency":"USD"},"method":"cash"}`), 422, "more_than_owed")
	for _, amount := range []string{`"abc"`, `{"minor":0,"currency":"USD"}`, `{"minor":-1,"currency":"USD"}`, `{"minor":1.5,"currency":"USD"}`, `{"minor":1,"currency":"CAD"}`} {
		wants(t, pay(`{"amount":%s,"method":"cash"}`, amount), 400, "invalid_input")
	}
	kept := done(t, pay(`{"amount":{"minor":1100,"currency":"USD"},"method":"cash","in_advance":true}`), 201)
	if kept.minor("owes") != -500 {
		t.Errorf("kept: %s", kept.text)
	}

	// What is charged later is paid with it, once.
	later := fee(300, "a mug")
	use := func() answer {
		return done(t, w.call(t, "POST", path+"/credit", w.staff, `{"note":"as they wish"}`, "Idempotency-Key", "credit-1"), 201)
	}
	if used := use(); used.word("entries", 0, "kind") != "payment" || used.word("entries", 0, "against_id") != later || used.text != use().text {
		t.Errorf("used: %s", used.text)
	}
	if again := done(t, w.post(t, path+"/credit", `{}`), 201); again.at("entries", 0) != nil {
		t.Errorf("nothing is open, and yet: %s", again.text)
	}
	account := done(t, w.get(t, path+"/charges"), 200)
	if account.minor("owes") != -200 || account.at("charges", 0) != nil {
		t.Errorf("after it: %s", account.text)
	}
	wants(t, w.call(t, "POST", path+"/credit", w.me, `{}`), 403, "forbidden")
	wants(t, w.call(t, "POST", path+"/credit", w.otherStaff, `{}`), 404, "not_found")

	// Each payer gets their part back; what nobody paid is cancelled.
	book := fee(1599, "a book")
	done(t, pay(`{"amount":{"minor":600,"currency":"USD"},"method":"check","by":"an agency","charge_id":%q}`, book), 201)
	done(t, pay(`{"amount":{"minor":400,"currency":"USD"},"method":"cash","charge_id":%q}`, book), 201)
	wants(t, w.call(t, "POST", "/v1/charges/"+book+"/take-back", w.otherStaff, `{"reason":"x"}`), 404, "not_found")
	wants(t, w.call(t, "POST", "/v1/charges/"+book+"/take-back", w.me, `{"reason":"x"}`), 403, "forbidden")
	wants(t, w.post(t, "/v1/charges/"+book+"/take-back", `{"reason":""}`), 400, "invalid_input")
	back := done(t, w.post(t, "/v1/charges/"+book+"/take-back", `{"reason":"it was on the shelf","method":"cash"}`), 200)
	if back.minor("cancelled") != 599 || back.word("refunds", 0, "by") != "an agency" || back.minor("refunds", 0, "amount") != 600 ||
		back.word("refunds", 1, "by") != "" || back.minor("refunds", 1, "amount") != 400 {
		t.Errorf("taken back: %s", back.text)
	}
	wants(t, w.post(t, "/v1/charges/"+book+"/take-back", `{"reason":"again"}`), 409, "charge_taken_back")
	wants(t, w.post(t, "/v1/charges/"+bag+"/waive", `{"amount":{"minor":1,"currency":"USD"},"reason":"it is paid"}`), 409, "more_than_owed")
	if owes := w.get(t, path+"/charges"); owes.minor("owes") != -200 {
		t.Errorf("the credit of before stands: %s", owes.text)
	}

	// An earlier payment is voided: it comes off the till while that is open.
	number := fmt.Sprint(kept.at("receipt", "number"))
	done(t, w.post(t, "/v1/receipts/"+number+"/void", `{"reason":"typed twice"}`), 200)
	done(t, w.post(t, "/v1/receipts/"+number+"/void", `{"reason":"typed twice"}`), 200)
	if owes := w.get(t, path+"/charges"); owes.minor("owes") != 900 {
		t.Errorf("voided: %s", owes.text)
	}

	// A voucher for the credit, paid in cash from the till.
	done(t, pay(`{"amount":{"minor":1000,"currency":"USD"},"method":"cash","in_advance":true}`), 201)
	voucher := done(t, w.post(t, path+"/refunds", `{"amount":{"minor":100,"currency":"USD"},"method":"voucher","reason":"moves away"}`), 201).word("voucher", "id")
	done(t, w.post(t, "/v1/vouchers/"+voucher+"/pay", `{"method":"cash"}`), 200)

	moved := map[string]int{"cash": 5000}
	list := done(t, w.get(t, "/v1/tills/"+till+"/entries"), 200)
	for i := 0; list.at("entries", i) != nil; i++ {
		moved[list.word("entries", i, "method")] += list.minor("entries", i, "amount")
	}
	open := done(t, w.get(t, "/v1/tills/"+till), 200)
	for i := 0; open.at("expected", i) != nil; i++ {
		if method := open.word("expected", i, "method"); float64(moved[method]) != open.at("expected", i, "minor") {
			t.Errorf("by %s %d went through the till, and %s", method, moved[method], open.text)
		}
	}
	if moved["cash"] != 5000+400+400-400+1000-100 || moved["check"] != 600 || !strings.Contains(list.text, `"voucher"`) {
		t.Errorf("through the till: %v, %s", moved, list.text)
	}
	wants(t, w.call(t, "GET", "/v1/tills/"+till+"/entries", w.otherStaff, ""), 404, "not_found")
	closed := done(t, w.post(t, "/v1/tills/"+till+"/close", `{"counted":[{"method":"cash","minor":%d},{"method":"check","minor":600}]}`, moved["cash"]), 200)
	if closed.at("difference", 0) != nil {
		t.Errorf("it agrees: %s", closed.text)
	}
	wants(t, pay(`{"amount":{"minor":1,"currency":"USD"},"in_advance":true,"charge_id":%q}`, bag), 409, "charge_settled")
}

// What two libraries owe each other is summed for both: one check for each
// creditor, without what is disputed.
func TestWhatLibrariesOweEachOtherIsSummed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	raise := func(minor int) string {
		return done(t, w.post(t, "/v1/invoices", `{"debtor_id":%q,"kind":"replacement","amount":{"minor":%d,"currency":"USD"}}`, w.away, minor), 201).id()
	}
	one, two, three := raise(500), raise(700), raise(900)
	done(t, w.call(t, "POST", "/v1/invoices/"+three+"/dispute", w.otherStaff, `{"reason":"it came back"}`), 200)
	theirs := done(t, w.call(t, "GET", "/v1/invoices/sums", w.otherStaff, ""), 200)
	if theirs.word("owed_by_us", 0, "creditor_id") != w.home.String() || theirs.minor("owed_by_us", 0, "amount") != 1200 ||
		!strings.Contains(theirs.text, one) || !strings.Contains(theirs.text, two) || strings.Contains(theirs.text, three) {
		t.Errorf("they owe: %s", theirs.text)
	}
	ours := done(t, w.get(t, "/v1/invoices/sums"), 200)
	if ours.word("owed_to_us", 0, "debtor_id") != w.away.String() || ours.minor("owed_to_us", 0, "amount") != 2100 || ours.at("owed_by_us", 0) != nil {
		t.Errorf("owed to us: %s", ours.text)
	}
	done(t, w.post(t, "/v1/invoices/"+one+"/pay", `{"also":[%q],"method":"check"}`, two), 200)
	if paid := done(t, w.call(t, "GET", "/v1/invoices/sums", w.otherStaff, ""), 200); paid.at("owed_by_us", 0) != nil {
		t.Errorf("paid by one check: %s", paid.text)
	}
	wants(t, w.call(t, "GET", "/v1/invoices/sums", w.me, ""), 403, "forbidden")
}
