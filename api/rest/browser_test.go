//go:build browser

package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// These tests walk the pages in a real browser, by keyboard only where a person
// would. They are run by make browse, which installs the browser. With
// AFIELD_SHOTS=folder each page they come to is kept as a picture.

// chrome is a browser window on a server.
type chrome struct {
	t   *testing.T
	ctx context.Context
	url string
}

func (w *world) chrome(t *testing.T, width int64, options ...chromedp.ExecAllocatorOption) *chrome {
	t.Helper()
	found := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			found = path
			break
		}
	}
	if found == "" {
		t.Skip("no browser here: make browse installs chromium where it can")
	}
	server := httptest.NewServer(w.api)
	t.Cleanup(server.Close)
	options = append(append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(found), chromedp.NoSandbox,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("lang", "en")), options...)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(allocator)
	t.Cleanup(leave)
	ctx, end := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(end)
	c := &chrome{t: t, ctx: ctx, url: server.URL}
	c.do(chromedp.EmulateViewport(width, 900))
	return c
}

func (c *chrome) do(steps ...chromedp.Action[chromedp.Void]) {
	c.t.Helper()
	if err := chromedp.Do(c.ctx, steps...); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chrome) open(path string) { c.t.Helper(); c.do(chromedp.Navigate(c.url + path)) }

// keys are pressed one after the other, wherever the focus is; a scanner's come
// this close together.
func (c *chrome) keys(text string) {
	c.t.Helper()
	for _, key := range text {
		c.do(chromedp.KeyEvent(string(key)), chromedp.Sleep(8*time.Millisecond))
	}
}

// press is one key that stands for no letter, or a letter with Ctrl.
func (c *chrome) press(key string, modifiers ...chromedp.Modifier) {
	c.t.Helper()
	c.do(chromedp.KeyEvent(key, chromedp.KeyModifiers(modifiers...)))
}

// eval asks the page.
func eval[T any](c *chrome, script string) T {
	c.t.Helper()
	value, err := chromedp.Run(c.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		c.t.Fatalf("%s: %v", script, err)
	}
	return value
}

// until waits for something to be so; how long it takes is not judged.
func (c *chrome) until(what, script string) {
	c.t.Helper()
	for range 2400 {
		if eval[bool](c, script) {
			return
		}
		c.do(chromedp.Sleep(50 * time.Millisecond))
	}
	c.t.Fatalf("never came: %s; the page says %s", what, eval[string](c, `document.body.innerText`))
}

func (c *chrome) says(text string) {
	c.t.Helper()
	quoted, _ := json.Marshal(text)
	c.until(text, `document.readyState === "complete" && document.body.innerText.includes(`+string(quoted)+`)`)
}

// shot keeps a picture of the page where one is wanted.
func (c *chrome) shot(name string) {
	c.t.Helper()
	folder := os.Getenv("AFIELD_SHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(c.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// reflows fails where the page is wider than its window.
func (c *chrome) reflows() {
	c.t.Helper()
	if wide := eval[float64](c, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
		c.t.Errorf("%s is %v px wider than the window", eval[string](c, `location.pathname`), wide)
	}
}

func (c *chrome) asStaff() { c.t.Helper(); c.staffSignIn("ISIL:US-HOME", "ill1") }

func (c *chrome) staffSignIn(library, name string) {
	c.t.Helper()
	c.open("/staff/sign-in")
	eval[bool](c, `document.getElementById("library").value = "", true`) // it may be kept on this computer
	c.do(chromedp.Focus(chromedp.CSS("#library")))
	c.keys(library + "\t")
	c.keys(name + "\t")
	c.keys(password + "\r")
	c.until("the pages of staff", `location.pathname !== "/staff/sign-in"`)
}

// Fifty scans at a scanner's speed, one after the other without a pause: none is
// lost, none doubled, and a refusal in between swallows nothing.
func TestBrowserScansAsFastAsAScanner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.chrome(t, 1280)
	c.asStaff()
	c.open("/desk")
	c.says("Scan a card or an item.")
	c.shot("desk-empty")
	for i := range 50 {
		c.keys(fmt.Sprintf("7777700000%04d\r", i))
	}
	c.until("all scans answered", `(JSON.parse(localStorage.getItem("afield scans") ?? "[]")).length === 0 && document.querySelectorAll("#last tbody tr").length === 20`)
	tasks := w.call(t, "GET", "/v1/tasks?limit=100", w.staff, "")
	if found, _ := tasks.body["tasks"].([]any); len(found) != 50 {
		t.Errorf("%d of 50 scans were told", len(found))
	}
	if kept := eval[string](c, `document.activeElement.id`); kept != "scan" {
		t.Errorf("the focus is at %q", kept)
	}
	c.shot("desk-unmatched")
}

// A scan made after the session has ended waits on this computer, and is sent once
// somebody is signed in again.
func TestBrowserScanOutlivesTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.chrome(t, 1280)
	c.asStaff()
	c.open("/desk")
	c.says("Scan a card or an item.")
	eval[bool](c, `fetch("/sign-out", { method: "POST" }).then(() => { window.ended = true; }), true`)
	c.until("the session's end", `window.ended === true`)
	c.keys(w.item + "\r")
	c.until("the sign-in page", `location.pathname === "/staff/sign-in"`)
	if kept := eval[float64](c, `JSON.parse(localStorage.getItem("afield scans")).length`); kept != 1 {
		t.Errorf("%v scans wait", kept)
	}
	c.open("/staff/sign-in")
	c.do(chromedp.Focus(chromedp.CSS("#username"))) // the library is kept on this computer
	c.keys("ill1\t" + password + "\r")
	c.until("the pages of staff", `location.pathname !== "/staff/sign-in"`)
	c.open("/desk")
	c.says("Walden")
	if kept := eval[float64](c, `JSON.parse(localStorage.getItem("afield scans")).length`); kept != 0 {
		t.Errorf("%v scans still wait", kept)
	}
}

// A card, an item, a refusal, undo and the end of the visit, by keyboard only.
func TestBrowserDeskByKeyboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.chrome(t, 1280)
	c.asStaff()
	c.open("/desk")
	c.keys(w.card + "\r")
	c.says("adult patron 1")
	c.keys(w.item + "\r")
	c.says("Checked out")
	c.shot("desk-checked-out")
	c.press("z", chromedp.ModifierCtrl)
	c.says("Taken back")
	c.keys(w.item + "\r")
	c.says("Checked out")
	c.press(kb.F2)
	c.keys(w.item + "\r")
	c.says("Checked in")
	c.press(kb.Escape)
	c.says("No patron here")
	if strings.Contains(eval[string](c, `document.body.innerText`), "adult patron 1") {
		t.Error("the patron's name stays on the screen")
	}
	c.press(kb.F8)
	if at := eval[string](c, `document.activeElement.id`); at != "scan" {
		t.Errorf("F8 goes to %q", at)
	}
	c.press("k", chromedp.ModifierCtrl)
	c.says("Find or do")
}

// Two people on one request: the second sees what the first did without asking for
// it, keeps what was being typed, and overwrites nothing.
func TestBrowserTwoPeopleOnOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sent := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Living Mountain","isbn":"9780857861832"}}`, w.patron))
	wants(t, sent, 201, "")
	c := w.chrome(t, 1280)
	c.asStaff()
	c.open("/requests?queue=with_lenders")
	c.says("✓ Live")
	c.says("The Living Mountain")
	second := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Weald of Kent","isbn":"9780857861849"}}`, w.patron))
	wants(t, second, 201, "")
	c.open("/requests")
	c.says("✓ Live")
	c.open(fmt.Sprintf("/requests/%v", sent.body["number"]))
	c.says("✓ Live")
	eval[bool](c, `document.querySelector("#act-conditional, #act-unfilled").closest("details:not(.act)")?.setAttribute("open", ""), true`)
	c.do(chromedp.Focus(chromedp.CSS("#text")))
	c.keys("rang the lender")
	wants(t, w.call(t, "POST", "/v1/requests/"+sent.id()+"/notes", w.staff, `{"audience":"staff","text":"They will look again."}`), 201, "")
	c.says("They will look again.")
	wants(t, w.call(t, "POST", "/v1/requests/"+sent.id()+"/actions/cancel", w.staff, `{"reason":"not needed"}`), 200, "")
	c.until("what the other did", `/Cancel/.test(document.querySelector("#now-h").innerText)`)
	if kept := eval[string](c, `document.getElementById("text").value + "|" + document.activeElement.id`); kept != "rang the lender|text" {
		t.Errorf("typed and focus: %q", kept)
	}
	c.keys(" again")
	c.shot("request-live")
	// The text is sent as it is, and nothing was done twice.
	eval[bool](c, `document.getElementById("text").form.requestSubmit(), true`)
	c.says("rang the lender again")
	c.says("They will look again.")
	notes := w.call(t, "GET", "/v1/requests/"+sent.id()+"/notes", w.staff, "")
	if told := strings.Count(notes.text, "rang the lender again"); told != 1 {
		t.Errorf("the note was kept %d times: %s", told, notes.text)
	}
}

// A director changes what the library lends, and invites a colleague, by keyboard
// only.
func TestBrowserDirectorByKeyboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.chrome(t, 1280)
	c.asStaff()
	c.open("/libraries/ISIL:US-HOME?edit=lending")
	c.do(chromedp.Focus(chromedp.CSS("#days")))
	c.keys("19")
	c.press(kb.Enter, chromedp.ModifierCtrl)
	c.says("days lent becomes 19")
	c.shot("library-planned")
	c.do(chromedp.Focus(chromedp.CSS("#reason")))
	c.keys("a test")
	c.press(kb.Enter, chromedp.ModifierCtrl)
	c.says("Changed.")
	c.open("/staff?add=1")
	c.do(chromedp.Focus(chromedp.CSS("#username")))
	c.keys("desk-2\t ")
	c.do(chromedp.Focus(chromedp.CSS("#reason")))
	c.keys("a second desk\r")
	c.says("desk-2 chooses a password")
	c.shot("staff-invited")
}

// The rules are asked, and a till is opened, counted and closed, by keyboard only.
func TestBrowserPolicyAndTillByKeyboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.chrome(t, 1280)
	c.asStaff()
	c.open("/policies/what-if")
	c.do(chromedp.Focus(chromedp.CSS("#card")))
	c.keys(w.card + "\r")
	c.says("Every rule that was asked")
	c.shot("policy-what-if-yes")
	c.do(chromedp.Focus(chromedp.CSS("#on")))
	eval[bool](c, `document.getElementById("on").value = "2028-02-01", true`)
	c.press(kb.Enter, chromedp.ModifierCtrl)
	c.says("No, for one reason")
	c.shot("policy-what-if-no")
	c.reflows()
	c.open("/till")
	c.do(chromedp.Focus(chromedp.CSS("#float")))
	c.keys("50\r")
	c.says("The till is open.")
	c.do(chromedp.Focus(chromedp.CSS("#counted-cash")))
	c.keys("49")
	c.press(kb.Enter, chromedp.ModifierCtrl)
	c.says("It is off")
	c.shot("till-compared")
	c.do(chromedp.Focus(chromedp.CSS("#note")))
	c.keys("wrong change")
	c.press(kb.Enter, chromedp.ModifierCtrl)
	c.says("The till is counted and closed.")
	c.shot("till-closed")
}

// A day is closed after a look at what that changes, and opened again, by keyboard
// only.
func TestBrowserCalendarByKeyboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wants(t, w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"card":%q,"barcode":%q}`, w.card, w.item)), 201, "")
	c := w.chrome(t, 1280)
	c.asStaff()
	c.open("/calendar?m=2026-08")
	eval[bool](c, `document.getElementById("from").value = "2026-08-24", document.querySelector("[value=planned]").focus(), true`)
	c.press(kb.ArrowDown)
	c.do(chromedp.Focus(chromedp.CSS("#reason")))
	c.keys("an ice storm\r")
	c.says("1 loan gets a new due date")
	c.shot("calendar-would-close")
	c.press(kb.Enter, chromedp.ModifierCtrl)
	c.says("Undo: open again")
	c.shot("calendar-closed")
	c.do(chromedp.Focus(chromedp.CSS("#main")))
	c.press("z", chromedp.ModifierCtrl)
	c.says("1 loan has its old due date again.")
}

// A patron answers, asks and looks on a telephone, without scripts.
func TestBrowserPatronOnATelephoneWithoutScripts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.chrome(t, 360, chromedp.Flag("blink-settings", "scriptEnabled=false"))
	c.open("/sign-in")
	c.do(chromedp.Focus(chromedp.CSS("#library")))
	c.keys("ISIL:US-HOME\t" + w.card + "\t" + pin + "\r")
	text := func(want string) {
		t.Helper()
		for range 100 {
			body, err := chromedp.Run(c.ctx, chromedp.Text(chromedp.CSS("body")))
			if err == nil && strings.Contains(body, want) {
				return
			}
			c.do(chromedp.Sleep(50 * time.Millisecond))
		}
		t.Fatalf("never came: %s", want)
	}
	text("Where is my book?")
	c.open("/account/ask")
	c.do(chromedp.Focus(chromedp.CSS("#title")))
	c.keys("The Living Mountain\r")
	text("We can ask for it")
	c.do(chromedp.Click(chromedp.CSS("button[name=go]")))
	text("We have your request")
	c.open("/account")
	text("The Living Mountain")
	c.shot("account-360")
}

// Every page, at the width of a desk and of a telephone, light and dark: it fits its
// window, and where an accessibility checker is at hand (AFIELD_AXE=file) that
// finds nothing.
func TestBrowserEveryPageFitsAndIsAccessible(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sent := w.call(t, "POST", "/v1/requests", w.staff, fmt.Sprintf(`{"patron_id":%q,"citation":{"title":"The Living Mountain","isbn":"9780857861832"}}`, w.patron))
	wants(t, sent, 201, "")
	wants(t, w.call(t, "POST", "/v1/patrons/"+w.patron.String()+"/fees", w.staff, `{"kind":"other","amount":{"minor":500,"currency":"USD"},"note":"a lost key"}`), 201, "")
	wants(t, w.call(t, "POST", "/v1/loans", w.staff, fmt.Sprintf(`{"card":%q,"barcode":%q}`, w.card, w.item)), 201, "")
	number := fmt.Sprint(sent.body["number"])
	axe := ""
	if file := os.Getenv("AFIELD_AXE"); file != "" {
		text, err := os.ReadFile(file)
		must(t, err)
		axe = string(text)
	}
	c := w.chrome(t, 1280)
	look := func(paths ...string) {
		for _, path := range paths {
			for _, width := range []int64{1280, 360} {
				c.do(chromedp.EmulateViewport(width, 900))
				c.open(path)
				c.reflows()
				name := strings.Trim(strings.NewReplacer("/", "-", "?", "-", "=", "-", ":", "-", w.patron.String(), "patron", w.ownTitle.String(), "title").Replace(path), "-")
				c.shot(fmt.Sprintf("%s-%d", name, width))
				if axe == "" {
					continue
				}
				for _, theme := range []string{"light", "dark"} {
					eval[bool](c, `document.documentElement.dataset.theme = "`+theme+`", true`)
					_, err := chromedp.Run(c.ctx, chromedp.Evaluate[any](axe+"; true"))
					must(t, err)
					eval[bool](c, `axe.run().then(found => { window.found = found.violations.map(v => v.id + ": " + v.nodes.slice(0, 3).map(n => n.html).join(" | ")).join("\n"); }), true`)
					c.until("the checker's answer", `window.found !== undefined`)
					if found := eval[string](c, `window.found`); found != "" {
						t.Errorf("%s, %d px, %s:\n%s", path, width, theme, found)
					}
				}
			}
		}
	}
	look("/sign-in", "/staff/sign-in", "/about")
	c.asStaff()
	look("/requests?queue=with_lenders", "/requests", "/requests/"+number, "/requests/new", "/lending", "/desk?patron="+w.patron.String(), "/shelf", "/pulls", "/calls", "/till",
		"/patrons?q=adult", "/patrons/"+w.patron.String(), "/patrons/"+w.patron.String()+"?edit=1", "/patrons/"+w.patron.String()+"/merge", "/patrons/new", "/catalogue?q=walden", "/titles/"+w.ownTitle.String(), "/find?q=walden", "/help", "/nowhere-at-all", "/requests/999999")
	wants(t, w.post(t, "/v1/staff", `{"username":"desk-2","roles":["desk"],"reason":"a second desk"}`), 201, "")
	wants(t, w.post(t, "/v1/tills", `{"float":{"minor":5000,"currency":"USD"}}`), 201, "")
	wants(t, w.call(t, "POST", "/v1/patrons/"+w.patron.String()+"/payments", w.staff, `{"amount":{"minor":200,"currency":"USD"},"method":"cash"}`), 201, "")
	home := "/libraries/ISIL:US-HOME"
	look("/till?tab=open", "/calendar?m=2026-12", "/calendar/moves", "/till?tab=earlier", "/set-up", "/libraries", "/libraries?t=others", home, home+"?edit=hours", home+"?edit=branch", home+"?edit=policy", home+"?edit=lending", "/libraries/document", "/staff", "/staff?add=1", "/staff?who=desk-2", "/changes", "/partners", "/partners/"+w.partner.String(), "/imports", "/loads", "/jobs", "/jobs?pile=waiting", "/invitation",
		"/policies", "/policies/westport?q=loans", "/policies/westport/versions", "/policies/compare?old=western-district&new=westport", "/policies/what-if", "/policies/westport/draft")
	c.open("/sign-in") // the library is known by now: it is kept on this computer
	c.do(chromedp.Focus(chromedp.CSS("#card")))
	c.keys(w.card + "\t" + pin + "\r")
	c.says("Where is my book?")
	look("/account", "/account/requests/"+number, "/account/ask", "/account/money")
	w.office(t)
	c.staffSignIn("ISIL:US-OFFICE", "operator")
	look("/set-up", "/libraries", "/libraries/new", home+"?edit=tiers", home+"?edit=status", "/staff?library=ISIL:US-HOME")
}
