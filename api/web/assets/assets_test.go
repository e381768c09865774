package assets

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

func get(t *testing.T, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	e := echo.New()
	e.GET(Prefix+"*", Serve)
	request := httptest.NewRequest(http.MethodGet, path, nil)
	request.Header.Set("Accept-Encoding", accept)
	recorder := httptest.NewRecorder()
	e.ServeHTTP(recorder, request)
	return recorder
}

func TestFilesAreKeptForGoodUnderTheirContentsName(t *testing.T) {
	t.Parallel()
	now := get(t, Path("afield.css"), "gzip")
	if now.Code != 200 || !strings.Contains(now.Header().Get("Cache-Control"), "immutable") || now.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("%d %v", now.Code, now.Header())
	}
	old := get(t, Prefix+"000000000000/afield.css", "")
	if old.Code != 200 || strings.Contains(old.Header().Get("Cache-Control"), "immutable") || !strings.Contains(old.Body.String(), "--paper") {
		t.Errorf("%d %v", old.Code, old.Header())
	}
	for _, path := range []string{Prefix + "none.css", Prefix + "x/none.css", Prefix + "x/../assets.go"} {
		if got := get(t, path, ""); got.Code != 404 {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

// The scripts together stay under 25 KB, the swapper under 150 lines; none names
// another server.
func TestTheScriptsStaySmall(t *testing.T) {
	t.Parallel()
	size := 0
	for name, one := range all() {
		if !strings.HasSuffix(name, ".js") {
			continue
		}
		size += len(one.body)
		if lines := strings.Count(string(one.body), "\n"); lines > 150 {
			t.Errorf("%s has %d lines", name, lines)
		}
		if strings.Contains(string(one.body), "http") {
			t.Errorf("%s names another server", name)
		}
	}
	if size == 0 || size > 25<<10 {
		t.Errorf("the scripts have %d bytes", size)
	}
	if packed := len(all()["afield.css"].packed); packed > 12<<10 {
		t.Errorf("the style has %d bytes packed", packed)
	}
}
