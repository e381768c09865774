package rest_test

import (
	"bytes"
	"encoding/base64"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// upload sends a form with a file, as a browser does.
func (b *browser) upload(address, name, text string, fields ...string) answer {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i+1 < len(fields); i += 2 {
		must(b.t, form.WriteField(fields[i], fields[i+1]))
	}
	if name != "" {
		part, err := form.CreateFormFile("file", name)
		must(b.t, err)
		_, err = part.Write([]byte(text))
		must(b.t, err)
	}
	must(b.t, form.Close())
	request := httptest.NewRequest(http.MethodPost, address, &body)
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, cookie := range b.cookies {
		request.AddCookie(cookie)
	}
	recorder := httptest.NewRecorder()
	b.w.api.ServeHTTP(recorder, request)
	b.page, b.at = answer{status: recorder.Code, header: recorder.Header(), text: recorder.Body.String()}, address
	return b.page
}

// file posts a file to the API.
func (w *world) file(t *testing.T, query, token, text string) answer {
	t.Helper()
	return w.call(t, "POST", "/v1/imports?"+query, token, text, "Content-Type", "application/octet-stream")
}

// A file is looked through, read in, and what was left out comes back as a file to
// mend; by page and by program.
func TestAFileIsReadIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := "barcode,title,author,type\n31234000000029,Kidnapped,\"Stevenson, Robert Louis\",book\n31234000000037,Arctic Dreams,\"Lopez, Barry\",book\n31234000000045,,Nobody,book\n"
	if got := w.file(t, "kind=items&dry_run=true", w.staff, file); got.status != 200 || got.get("new") != 2.0 || got.get("failed") != 1.0 || got.get("dry_run") != true ||
		!strings.Contains(got.word("wrong_rows"), "31234000000045,,Nobody,book,") || got.word("reasons", 0, "column") != "title" {
		t.Fatalf("looked through: %d %s", got.status, got.text)
	}
	wants(t, w.call(t, "GET", "/v1/items?barcode=31234000000029", w.staff, ""), 404, "not_found")
	wants(t, w.file(t, "kind=titles", w.staff, file), 400, "invalid_input")
	wants(t, w.file(t, "kind=items&map=nobodys", w.staff, file), 400, "invalid_input")
	wants(t, w.file(t, "kind=items", w.staff, "colour\nred\n"), 400, "invalid_input")
	wants(t, w.call(t, "POST", "/v1/imports?kind=items", w.staff, `{}`), 415, "not_a_file")
	wants(t, w.file(t, "kind=items", w.me, file), 403, "forbidden")
	wants(t, w.file(t, "kind=items", "", file), 401, "sign_in_needed")

	b := w.browser(t).asStaff()
	b.open("/imports")
	b.shows(200, "Look what would change", "Read it in", "In this order")
	b.upload("/imports", "", "", "kind", "items")
	b.shows(400, "must be chosen, and not be empty")
	b.upload("/imports", "ours.csv", file, "kind", "items")
	b.shows(200, "Looked through", "ours.csv", "nothing was changed", "Left out, by reason", "title")
	b.upload("/imports", "ours.csv", file, "kind", "items", "go", "1")
	b.shows(200, "Read in", `download="wrong-item-rows.csv"`)
	wrong, err := base64.StdEncoding.DecodeString(regexp.MustCompile(`base64,([^"]+)"`).FindStringSubmatch(strings.ReplaceAll(b.page.text, "&#43;", "+"))[1])
	must(t, err)
	wants(t, w.call(t, "GET", "/v1/items?barcode=31234000000029", w.staff, ""), 200, "")
	mended := strings.Replace(string(wrong), ",,Nobody", ",Walden Pond,Nobody", 1)
	b.upload("/imports", "mended.csv", mended, "kind", "items", "go", "1")
	b.shows(200, "Read in")
	if strings.Contains(b.page.text, "Left out, by reason") {
		t.Errorf("mended, it is still wrong: %s", said(b.page.text))
	}
	// The same file again changes nothing.
	if got := w.file(t, "kind=items", w.staff, file); got.get("new") != 0.0 || got.get("changed") != 0.0 || got.get("unchanged") != 3.0 {
		t.Errorf("again: %s", got.text)
	}
	b.upload("/imports", "other.csv", "Colour\nred\n", "kind", "items", "map", "koha")
	if b.page.status != 400 || !strings.Contains(b.page.text, `value="koha" selected`) {
		t.Errorf("a file without its columns: %d %s", b.page.status, said(b.page.text))
	}
	desk := w.browser(t).asDesk()
	desk.upload("/imports", "ours.csv", file, "kind", "items", "go", "1")
	desk.shows(403)
}

// A file of every night is set, changed, accepted and removed; the folder and the
// private network of the server are not for a library to name.
func TestAFileOfEveryNight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t).asStaff()
	b.open("/loads")
	b.shows(200, "Nothing is read every night yet")
	for _, source := range []string{"/etc", "http://files.example.org/a.csv", "file:///etc/passwd", "https://user:word@files.example.org/a.csv", "https:"} {
		b.post("/loads", "name", "pupils", "kind", "patrons", "source", source, "read_at", "03:00", "every_days", "1", "shrink_percent", "10")
		b.shows(400, "must be an https address", `value="pupils"`)
	}
	b.post("/loads", "name", "", "kind", "patrons", "source", "https://files.example.org/a.csv", "every_days", "many")
	b.shows(400, "must have a name", "must be a whole number")
	b.post("/loads", "name", "year 7", "kind", "patrons", "source", "https://files.example.org/a.csv", "read_at", "02:30", "every_days", "7", "shrink_percent", "0", "removes", "1")
	b.shows(200, "year 7 is read every night.", "https://files.example.org/a.csv", "a new one within 7 days", "is taken out")
	b.open("/loads?edit=year+7")
	b.shows(200, "Change it", `value="02:30"`)
	b.post("/loads", "editing", "1", "name", "year 7", "kind", "patrons", "source", "https://files.example.org/a.csv", "read_at", "04:00", "every_days", "1", "shrink_percent", "20")
	b.shows(200, "04:00", "stays")
	list := w.call(t, "GET", "/v1/loads", w.staff, "")
	if list.word("loads", 0, "name") != "year 7" || list.at("loads", 0, "shrink_percent") != 20.0 {
		t.Fatalf("listed: %s", list.text)
	}
	if theirs := w.call(t, "GET", "/v1/loads", w.otherStaff, ""); strings.Contains(theirs.text, "year 7") {
		t.Errorf("another library sees it: %s", theirs.text)
	}
	wants(t, w.call(t, "DELETE", "/v1/loads/year%207", w.otherStaff, ""), 404, "not_found")
	wants(t, w.call(t, "POST", "/v1/loads/none/accept", w.staff, ""), 404, "not_found")
	b.post("/loads/year%207/accept", "key", "1")
	b.shows(200, "the next file is taken as it is")
	b.post("/loads/year%207/remove")
	b.shows(200, "is read no more", "Nothing is read every night yet")
	b.post("/loads/year%207/remove")
	b.shows(404)
	b.open("/loads?edit=year+7")
	b.shows(404)
	// Records that were taken for one title are listed; none was yet.
	if joined := w.call(t, "GET", "/v1/titles/joined", w.staff, ""); joined.status != 200 || len(w.lines(t, "/v1/titles/joined", "joined")) != 0 {
		t.Errorf("joined: %s", joined.text)
	}
	wants(t, w.call(t, "POST", "/v1/titles/joined/"+w.title.String()+"/split", w.staff, `{"reason":"two volumes"}`), 404, "not_found")
}
