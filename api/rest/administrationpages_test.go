package rest_test

import (
	"regexp"
	"strings"
	"testing"
)

// asOperator signs in at the consortium's office.
func (b *browser) asOperator() *browser {
	b.t.Helper()
	b.w.office(b.t)
	b.post("/staff/sign-in", "library", "ISIL:US-OFFICE", "username", "operator", "password", password)
	if b.page.status != 200 || b.at != "/set-up" {
		b.t.Fatalf("sign in: %d at %s %s", b.page.status, b.at, said(b.page.text))
	}
	return b
}

// asDesk signs a new staff user of home in who may work at the desk only.
func (b *browser) asDesk() *browser {
	b.t.Helper()
	token := done(b.t, b.w.post(b.t, "/v1/staff", `{"username":"desk-7","roles":["desk"],"reason":"a test"}`), 201).word("token")
	b.post("/invitation", "token", token, "password", "nine marmots digging", "again", "nine marmots digging")
	b.shows(200, "Sign in as desk-7 now.")
	b.post("/staff/sign-in", "library", "ISIL:US-HOME", "username", "desk-7", "password", "nine marmots digging")
	b.shows(200)
	return b
}

// A director changes the own library by its forms: first what would change, in
// words, then the change with its reason, and the way back.
func TestADirectorChangesTheLibraryThroughThePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	b.open("/changes")
	b.shows(200, "Nothing was changed yet")
	b.open("/set-up")
	b.shows(200, "of 8 done", "Branches and hours", `aria-current="step"`)
	b.open("/libraries")
	b.shows(200, "US-HOME", "US-AWAY", `href="/libraries/ISIL:US-HOME"`)
	if strings.Contains(b.page.text, "Add a library") || strings.Contains(b.page.text, "/libraries/ISIL:US-AWAY") {
		t.Error("a director is offered what is the office's")
	}
	b.open("/libraries?t=others")
	b.shows(200, "Library elsewhere")
	b.open("/libraries/ISIL:US-HOME?edit=hours")
	b.shows(200, "What would change", "Look first")

	home := "/libraries/ISIL:US-HOME/change"
	b.post(home, "what", "hours", "mon", "late")
	b.shows(400, "late", `value="late"`)
	if strings.Contains(b.page.text, "document") && regexp.MustCompile(`\d+:\d+: `).MatchString(said(b.page.text)) {
		t.Errorf("a form tells of a document: %s", said(b.page.text))
	}
	b.post(home, "what", "hours", "mon", "09:00-17:00", "tue", "09:00 - 17:00")
	b.shows(200, "hours becomes mon 09:00-17:00", "Change it")
	plan := b.value("plan")
	b.post(home, "what", "hours", "mon", "09:00-17:00", "tue", "09:00-17:00", "plan", plan, "go", "1")
	b.shows(400, "must say why")
	// Somebody was faster: what was planned is not what would change now.
	wants(t, w.changes(t, w.staff, `libraries: [{symbols: ["ISIL:US-HOME"], hours: {mon: "10:00-12:00"}}]`, `,"reason":"a colleague"`), 200, "")
	b.post(home, "what", "hours", "mon", "09:00-17:00", "tue", "09:00-17:00", "plan", plan, "reason", "longer", "go", "1")
	b.shows(409, "This changed while you looked at it.", `value="longer"`, "What would change")
	b.post(home, "what", "hours", "mon", "09:00-17:00", "tue", "09:00-17:00", "plan", b.value("plan"), "reason", "longer", "go", "1")
	b.shows(200, "Changed.", "Undo", "09:00-17:00")
	b.post(home, "what", "branch", "code", "west", "name", "West branch")
	b.shows(200, "West branch")
	b.post(home, "what", "branch", "code", "west", "name", "West branch", "plan", b.value("plan"), "reason", "it opens", "go", "1")
	b.shows(200, "West branch", "as the library")
	b.post(home, "what", "lending", "lends", "1", "days", "many", "fee", "2,50")
	b.shows(400, "must be a whole number", `value="many"`)
	b.post(home, "what", "lending", "lends", "1", "days", "21", "fee", "2,50", "until", "2026-12-14")
	b.shows(200, "days lent becomes 21")
	b.post(home, "what", "lending", "lends", "1", "days", "21", "fee", "2,50", "until", "2026-12-14", "plan", b.value("plan"), "reason", "stock-taking", "go", "1")
	b.shows(200, "lending paused to")
	b.post(home, "what", "policy", "policy", "no such policy")
	b.shows(400, "no such policy")
	// How far it looks and its status are the office's.
	b.post(home, "what", "status", "status", "suspended")
	b.shows(404)
	b.open("/libraries/ISIL:US-AWAY")
	b.shows(404)

	b.open("/changes")
	b.shows(200, "stock-taking", "it opens", "longer", "<td>you</td>")
	// What was not known before cannot be put back; what was is.
	b.post(regexp.MustCompile(`/changes/[^"]+/undo`).FindString(b.page.text), "reason", "a mistake")
	b.shows(409, "there was nothing before it that could be put back", `value="a mistake"`)
	b.post(home, "what", "lending", "lends", "1", "days", "17", "fee", "2.50", "until", "2026-12-14")
	b.post(home, "what", "lending", "lends", "1", "days", "17", "fee", "2.50", "until", "2026-12-14", "plan", b.value("plan"), "reason", "shorter", "go", "1")
	b.shows(200, "17")
	undo := regexp.MustCompile(`/changes/[^"]+/undo`).FindString(b.page.text)
	b.post(undo) // the reason is left out
	b.shows(400, "must say why")
	b.post(undo, "reason", "a mistake")
	b.shows(200, "Taken back.")
	b.post(undo, "reason", "again")
	b.shows(409, "Put back what was before", `value="again"`)
	b.post("/changes/none/undo", "reason", "none")
	b.shows(404)

	b.open("/libraries/document")
	b.shows(200, "ISIL:US-HOME", "West branch")
	b.post("/libraries/document", "document", "libraries:\r\n  - symbols: [\"ISIL:US-HOME\"]\r\n    colour: red\r\n")
	b.shows(400, "3:5: ", "colour: red")
	b.post("/libraries/document", "document", `libraries: [{symbols: ["ISIL:US-AWAY"], yearly_loans: 10}]`)
	b.shows(403, "Only the consortium&#39;s office may change this")
}

// An operator adds libraries, whose keys are shown once, and suspends one.
func TestAnOperatorSeesToLibrariesThroughThePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asOperator()
	b.shows(200, "Set up the consortium", "Libraries", "Operators")
	if strings.Contains(b.page.text, `href="/desk"`) || strings.Contains(b.page.text, `id="scan"`) {
		t.Error("the office is offered a desk")
	}
	for _, path := range []string{"/requests", "/desk", "/patrons?q=adult"} {
		b.open(path)
		if b.page.status != 403 && strings.Contains(b.page.text, "adult patron 1") {
			t.Errorf("%s shows %s", path, said(b.page.text))
		}
	}
	b.open("/find")
	b.shows(200, "/libraries", "/staff")
	b.open("/libraries/new?is=partner")
	b.shows(200, "Add a library")
	b.post("/libraries/new", "name", "New", "symbol", "no symbol", "is", "partner", "place", "US-NY", "by", "partner", "url", "https://new.example/ill")
	b.shows(400, `value="no symbol"`)
	fields := []string{"name", "New", "symbol", "ISIL:US-NEW", "is", "partner", "place", "US-NY", "by", "partner", "url", "https://new.example/ill"}
	b.post("/libraries/new", fields...)
	b.shows(200, "What would change", "ISIL:US-NEW")
	b.post("/libraries/new", append(fields, "plan", b.value("plan"), "reason", "joins", "go", "1")...)
	b.shows(200, "whsec_", "shown this once")
	b.open("/libraries/ISIL:US-NEW")
	b.shows(200, "https://new.example/ill")
	b.open("/libraries?t=others")
	b.shows(200, "lend, by partner")
	b.post("/libraries/new", "name", "Fourth", "symbol", "ISIL:US-FOURTH", "is", "member", "place", "US-NY", "policy", "westport")
	b.shows(200, "Fourth")
	b.post("/libraries/new", "name", "Fourth", "symbol", "ISIL:US-FOURTH", "is", "member", "place", "US-NY", "policy", "westport", "plan", b.value("plan"), "reason", "joins", "go", "1")
	b.shows(200, "Fourth", "every day counts as open")

	b.post("/libraries/ISIL:US-HOME/change", "what", "status", "status", "suspended")
	b.shows(200, "suspended", "Change it")
	b.post("/libraries/ISIL:US-HOME/change", "what", "status", "status", "suspended", "plan", b.value("plan"), "reason", "invoices", "go", "1")
	b.shows(200, "Suspended", "Undo")
	wants(t, w.get(t, "/v1/me"), 401, "library_suspended")
	b.post(regexp.MustCompile(`/changes/[^"]+/undo`).FindString(b.page.text), "reason", "paid", "back", "/libraries")
	b.shows(200, "Taken back.", "Active")
	b.post("/libraries/ISIL:US-HOME/change", "what", "tiers", "tier0", "Own", "of0", "own", "fulfilment0", "hold", "cost0", "free", "tier1", "Near", "of1", "states", "states1", "ny, vt", "fulfilment1", "ill", "cost1", "lender_fee", "days1", "3")
	b.shows(200, "Near", "What would change")
	b.post("/libraries/ISIL:US-HOME/change", "what", "name", "name", "US-HOME")
	b.shows(200, "Nothing: it is like that already.")
	b.open("/staff?library=ISIL:US-AWAY")
	b.shows(200, "ill1")
	b.post("/staff", "library", "ISIL:US-AWAY", "username", "chief", "role", "director", "reason", "the first director")
	b.shows(200, "afi_", "/staff?library=ISIL%3AUS-AWAY")
}

// Accounts: invited, changed, locked out and let in, a new password, suspended and
// back, sessions ended. What is refused is told beside the form.
func TestStaffThroughThePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	b.open("/staff")
	b.shows(200, "ill1", "this one", "Signed in")
	b.open("/staff?add=1")
	b.shows(200, "May act as", "Invite")
	b.post("/staff", "username", "Desk-2", "reason", "a second desk")
	b.shows(400, `value="Desk-2"`, `value="a second desk"`)
	b.post("/staff", "username", "Desk-2", "role", "desk", "reason", "a second desk")
	b.shows(200, "chooses a password")
	token := regexp.MustCompile(`afi_[A-Za-z0-9_-]+`).FindString(b.page.text)
	b.post("/staff", "username", "desk-2", "role", "desk", "reason", "again")
	b.shows(409, "desk-2")
	b.open("/staff")
	b.shows(200, "invited, until")
	if strings.Contains(b.page.text, token) {
		t.Error("the word of an invitation is shown again")
	}

	other := w.browser(t)
	other.open("/invitation")
	other.shows(200, "Choose a password")
	other.post("/invitation", "token", token, "password", "nine marmots digging", "again", "nine marmots")
	other.shows(400, "must be the same as above", token)
	if strings.Contains(other.page.text, "marmots") {
		t.Error("a password is given back")
	}
	other.post("/invitation", "token", "afi_nonsense", "password", "nine marmots digging", "again", "nine marmots digging")
	other.shows(404)
	other.post("/invitation", "token", token, "password", "nine marmots digging", "again", "nine marmots digging")
	other.shows(200, "Sign in as desk-2 now.", "ISIL:US-HOME")
	other.post("/staff/sign-in", "library", "ISIL:US-HOME", "username", "desk-2", "password", "nine marmots digging")
	other.shows(200)
	other.open("/staff") // not for the desk
	other.shows(403, "This is not for you to do")
	if strings.Contains(other.page.text, `href="/libraries"`) {
		t.Error("the desk is led to the director's pages")
	}

	b.open("/staff?who=desk-2")
	b.shows(200, "Suspend", "Sign out everywhere")
	b.post("/staff/desk-2/change", "role", "desk", "role", "ill")
	b.shows(400, "reason")
	b.post("/staff/desk-2/change", "role", "desk", "role", "ill", "reason", "helps out")
	b.shows(200, "Changed.", "interlibrary loan")
	b.post("/staff/ill1/change", "role", "admin", "reason", "more")
	b.shows(403, "more")
	b.post("/staff/desk-2/sign-out", "key", "1", "reason", "left open")
	b.shows(200, "desk-2 is signed out everywhere.")
	other.open("/requests")
	other.shows(200, "Staff sign-in")
	for range 5 {
		wants(t, w.staffSignIn(t, "desk-2", "wrong and long enough"), 401, "sign_in_failed")
	}
	b.open("/staff")
	b.shows(200, "Locked out", "Let in again")
	b.post("/staff/desk-2/let-in", "key", "2", "reason", "it was the person")
	b.shows(200, "desk-2 can try again at once.")
	other.post("/staff/sign-in", "library", "ISIL:US-HOME", "username", "desk-2", "password", "nine marmots digging")
	b.open("/staff")
	end := regexp.MustCompile(`/sessions/[^"]+/end`).FindAllString(b.page.text, -1)
	b.post(end[0])
	b.shows(200, "The session is ended.")
	b.post("/sessions/none/end")
	b.shows(404)
	b.post("/staff/desk-2/suspend", "key", "3", "reason", "left")
	b.shows(200, "desk-2 can no longer sign in.", "suspended")
	b.post("/staff/desk-2/reset", "reason", "forgotten")
	b.shows(409, "forgotten")
	b.post("/staff/desk-2/restore", "reason", "came back")
	b.shows(200, "afi_")
	b.post("/staff/nobody/suspend", "key", "4", "reason", "none")
	b.shows(404)
	b.post("/staff/desk-2/promote", "reason", "none")
	b.shows(404)
	b.open("/changes")
	b.shows(200, "a second desk", "helps out", "left", "came back")
}
