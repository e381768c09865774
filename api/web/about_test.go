package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"afield/api/web"
)

func front(t *testing.T, page web.FrontPage) string {
	t.Helper()
	pages, err := web.New(func(context.Context) (web.FrontPage, error) { return page, nil })
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	if err := pages.Front(echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), recorder)); err != nil {
		t.Fatal(err)
	}
	return recorder.Body.String()
}

func page(demo bool) web.FrontPage {
	at := time.Date(2026, 8, 3, 15, 0, 0, 0, time.UTC)
	return web.FrontPage{
		Version: "1.2.3", Now: at, Demo: demo, Running: []web.Running{{What: "Libraries", Detail: "five members"}},
		SignIns: []web.SignIn{{Who: "ILL staff", Body: `{"kind":"staff"}`}},
		Stories: []web.Story{{
			Number: 10001, Title: "A <b>bold</b> title", Library: "Westport", State: "completed", Ended: true,
			Lines: []web.Line{{At: at, Text: "Asked Elm Library", By: "system"}},
		}},
	}
}

func TestTheDemosStories(t *testing.T) {
	t.Parallel()
	text := front(t, page(true))
	for _, wanted := range []string{
		"1.2.3", "five members", "10001", "A &lt;b&gt;bold&lt;/b&gt; title", "Asked Elm Library", "<details>",
		`<time datetime="2026-08-03T15:00:00Z">`, "kind", `href="/docs"`, `lang="en"`,
	} {
		if !strings.Contains(text, wanted) {
			t.Errorf("the page lacks %q", wanted)
		}
	}
	if strings.Contains(text, "<script") || strings.Contains(text, "http://") || strings.Contains(text, "https://") {
		t.Error("the page needs a script or another server")
	}
}

// The page leads with the requests; passwords show only when asked for.
func TestTheOrderOfThePage(t *testing.T) {
	t.Parallel()
	text := front(t, page(true))
	at := -1
	for _, part := range []string{"Requests of the demo", "What is running", `<h2 id="signin">`, "<details>\n    <summary>Accounts", "kind", "</details>\n</section>\n</main>"} {
		where := strings.LastIndex(text, part)
		if where <= at {
			t.Errorf("%q comes too early or not at all", part)
		}
		at = where
	}
	if strings.Contains(text, "<details open") {
		t.Error("something is unfolded from the start")
	}
}

// Without the demo nobody's rows are shown, even when they are handed over.
func TestARealServerShowsNobodysRows(t *testing.T) {
	t.Parallel()
	text := front(t, page(false))
	for _, private := range []string{"10001", "bold", "Elm Library", "kind"} {
		if strings.Contains(text, private) {
			t.Errorf("the page shows %q", private)
		}
	}
	if !strings.Contains(text, "five members") {
		t.Error("the page does not say what is running")
	}
}

func TestAFaultIsNotHalfAPage(t *testing.T) {
	t.Parallel()
	pages, err := web.New(func(context.Context) (web.FrontPage, error) { return web.FrontPage{}, errors.New("away") })
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	if err := pages.Front(echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), recorder)); err == nil || recorder.Body.Len() > 0 {
		t.Errorf("%v, %d bytes", err, recorder.Body.Len())
	}
}
