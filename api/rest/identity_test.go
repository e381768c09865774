package rest_test

import (
	"fmt"
	"strings"
	"testing"
)

// Borrowers show the card or what the policy takes instead; nobody may use
// somebody else's card unless its holder has named them.
func TestADeskSaysWhatWasShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lend := func(more string) answer {
		return w.post(t, "/v1/loans", `{"barcode":%q,"patron_id":%q%s}`, w.item, w.patron, more)
	}
	refused := lend(`,"shown":"nothing"`)
	wants(t, refused, 422, "may_not_check_out")
	if refused.codes() != "not_identified" || refused.word("reasons", 0, "rule") != "cards.identification" || refused.word("reasons", 0, "needed") != "card or photo_id" {
		t.Errorf("nothing shown: %s", refused.text)
	}
	if other := w.post(t, "/v1/loans", `{"barcode":%q,"card":%q,"by_other":true}`, w.item, w.card); other.codes() != "not_a_proxy" ||
		other.word("reasons", 0, "rule") != "cards.transferable" {
		t.Errorf("another's card: %s", other.text)
	}
	wants(t, lend(`,"shown":"student_card"`), 422, "may_not_check_out")
	done(t, lend(`,"shown":"photo_id"`), 201)
	w.addTitle(t, "Gilead", "31234000000052")
	done(t, w.post(t, "/v1/loans", `{"barcode":"31234000000052","patron_id":%q}`, w.patron), 201) // nobody is asked
}

// A paper that the library does not take gets nobody a card; where no paper is
// named, the answer asks for one.
func TestARegistrationSaysWhichPaperWasShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	register := func(more string) answer {
		return w.call(t, "POST", "/v1/patrons", w.otherStaff, `{"class":"resident","name":"somebody","card":"29999000000029","met":["id","proof_of_address"]`+more+`}`)
	}
	for more, code := range map[string]string{"": "id_not_named", `,"shown":["delivered_mail"]`: "id_not_accepted"} {
		if refused := register(more); refused.status != 422 || refused.codes() != code || refused.word("reasons", 0, "rule") != "cards.accepted_id" {
			t.Errorf("%q: %s", more, refused.text)
		}
	}
	done(t, register(`,"shown":["government_photo_id"]`), 201)
}

// Somebody who renews by telephone must be identified; a patron who is signed in
// has shown the card.
func TestARenewalByTelephoneAsksWhoItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	loan := w.lends(t, `,"due_on":"2026-08-06"`)
	refused := w.post(t, loan+"/renew", `{"channel":"phone"}`)
	wants(t, refused, 422, "may_not_renew")
	if refused.codes() != "not_identified" || refused.word("reasons", 0, "rule") != "loans.renewal_identity" {
		t.Errorf("nothing given: %s", refused.text)
	}
	for _, word := range []string{"given", "channel"} {
		body := map[string]string{"given": `{"given":["card"]}`, "channel": `{"channel":"phone"}`}[word]
		said := w.call(t, "POST", loan+"/renew", w.me, body)
		wants(t, said, 400, "invalid_input")
		if at := said.word("errors", 0, "pointer"); at != "/"+word {
			t.Errorf("%s is for staff, and %q is named", word, at)
		}
	}
	done(t, w.post(t, loan+"/renew", `{"channel":"phone","given":["card"]}`), 200)
}

// Staff see on the account who answers for what it borrows; the patron's own
// view does not say it.
func TestAnAccountSaysWhoAnswersForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if own := w.get(t, "/v1/patrons/"+w.patron.String()); own.word("answered_for", "by") != "cardholder" || own.word("answered_for", "rule") != "cards.liable" ||
		own.word("answered_for", "clause", "says") == "" {
		t.Errorf("an adult: %s", own.text)
	}
	child := done(t, w.post(t, "/v1/patrons", `{"class":"minor","name":"a child","card":"21234000000029","born_on":"2016-08-03","guardian_id":%q,
		"met":["application","id"],"shown":["delivered_mail"]}`, w.patron), 201)
	if child.word("patron", "answered_for", "by") != "guardian" || child.word("patron", "answered_for", "patron_ids", 0) != w.patron.String() {
		t.Errorf("a minor: %s", child.text)
	}
	if mine := w.call(t, "GET", "/v1/me", w.me, ""); mine.at("patron", "answered_for") != nil {
		t.Errorf("my own: %s", mine.text)
	}
}

// What a desk asks before somebody uses a public computer, signs for a child, or
// makes a claim for one.
func TestTheRulesAnswerForComputersAndGuardians(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(token, format string, args ...any) answer {
		return w.call(t, "POST", "/v1/policies/explain", token, fmt.Sprintf(format, args...))
	}
	if nobody := done(t, ask(w.staff, `{"act":"computer"}`), 200); nobody.at("allowed") != true || nobody.word("rule") != "computers.own_card" {
		t.Errorf("a computer without a card: %s", nobody.text)
	}
	if own := done(t, ask(w.staff, `{"act":"computer","patron_id":%q,"by_other":true}`, w.patron), 200); own.at("allowed") != true {
		t.Errorf("a computer with another's card: %s", own.text)
	}
	wants(t, ask(w.staff, `{"act":"checkout"}`), 400, "invalid_input")
	if other := done(t, ask(w.staff, `{"act":"checkout","patron_id":%q,"by_other":true}`, w.patron), 200); other.codes() != "not_a_proxy" {
		t.Errorf("a checkout with another's card: %s", other.text)
	}
	if signs := done(t, ask(w.otherStaff, `{"act":"sign_for_minor","patron_id":%q}`, w.neighbour), 200); signs.at("allowed") != true {
		t.Errorf("signing: %s", signs.text)
	}
	owing := w.call(t, "POST", "/v1/patrons/"+w.neighbour.String()+"/fees", w.otherStaff, `{"kind":"other","amount":{"minor":500,"currency":"USD"},"note":"a bag"}`)
	done(t, owing, 201)
	if signs := done(t, ask(w.otherStaff, `{"act":"sign_for_minor","patron_id":%q}`, w.neighbour), 200); signs.codes() != "owes_too_much" || signs.word("reasons", 0, "rule") != "blocks.sign_for_minor" {
		t.Errorf("signing while owing: %s", signs.text)
	}
	loan := w.lends(t, "")[len("/v1/loans/"):]
	wants(t, ask(w.staff, `{"act":"claim","patron_id":%q}`, w.patron), 400, "invalid_input")
	if claim := done(t, ask(w.staff, `{"act":"claim","patron_id":%q,"loan_id":%q}`, w.patron, loan), 200); claim.at("allowed") != true {
		t.Errorf("a claim: %s", claim.text)
	}
	if claim := done(t, ask(w.staff, `{"act":"claim","patron_id":%q,"loan_id":%q,"by_guardian":true}`, w.patron, loan), 200); claim.codes() != "not_for_guardian" {
		t.Errorf("a guardian's claim for an adult: %s", claim.text)
	}
}

// A card that is lost, stolen or replaced can no longer be used to sign in, and
// its sessions end; those of another patron stay.
func TestALostCardEndsItsSessionsAtOnce(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]string{
		"lost":     `/cards/report {"card_id":%q,"as":"lost"}`,
		"stolen":   `/cards/report {"card_id":%q,"as":"stolen"}`,
		"replaced": `/cards/replace {"card_id":%q,"number":"21234000000030"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			path := "/v1/patrons/" + w.patron.String()
			card := w.get(t, path+"/cards").word("cards", 0, "id")
			done(t, w.call(t, "GET", "/v1/me", w.me, ""), 200)
			act, body, _ := strings.Cut(stop, " ")
			wants(t, w.call(t, "POST", path+act, w.otherStaff, fmt.Sprintf(body, card)), 404, "not_found") // not theirs to stop
			done(t, w.call(t, "GET", "/v1/me", w.me, ""), 200)
			done(t, w.post(t, path+act, body, card), 200)
			wants(t, w.call(t, "GET", "/v1/me", w.me, ""), 401, "bad_token")
			wants(t, w.call(t, "POST", "/v1/sessions", "", `{"kind":"patron","realm":"ISIL:US-HOME","card":"`+w.card+`","pin":"`+pin+`"}`), 401, "sign_in_failed")
			done(t, w.get(t, path), 200)
		})
	}
}
