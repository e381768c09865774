package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	server "afield/cmd/afield/app"
	"afield/cmd/afield/setup"
	"afield/cmd/afield/shell"
)

// On an empty database the server says how the first operator is made, on its page
// too; after that command the operator signs in, and the hint is gone.
func TestTheFirstOperator(t *testing.T) {
	t.Parallel()
	address := pgtest.URL(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	running, err := server.Start(t.Context(), server.Config{DB: db, Listen: "127.0.0.1:0", Secret: []byte("secretsecretsecretsecretsecretse")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Close() })
	page := func() string {
		response, err := http.Get(running.URL() + "/")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return bodyOf(t, response)
	}
	if text := page(); !strings.Contains(text, "afield operator add") {
		t.Errorf("the page says no first step: %s", text)
	}
	with := func(args ...string) (int, string, string) {
		return call(t, append(args, "--json", "--database-url", address, "--secret", testSecret)...)
	}
	code, out, errOut := with("doctor")
	if code != shell.ExitDone || !strings.Contains(out, "nobody runs the consortium yet") {
		t.Errorf("doctor ends with %d: %s%s", code, out, errOut)
	}
	if code, _, errOut := with("operator", "add", "office"); code != shell.ExitUsage || !strings.Contains(errOut, "--consortium") {
		t.Errorf("without the consortium's name it ends with %d: %s", code, errOut)
	}
	code, out, errOut = with("operator", "add", "office", "--consortium", "The consortium", "--symbol", "ISIL:US-ALL", "--place", "US-NY")
	var made setup.MadeSecret
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != shell.ExitDone || made.Password == "" {
		t.Fatalf("add ends with %d: %s%s", code, out, errOut)
	}
	if code, _, errOut := with("operator", "add", "office"); code != shell.ExitFailed || !strings.Contains(errOut, "already") {
		t.Errorf("the same again ends with %d: %s", code, errOut)
	}
	if code, out, errOut := with("operator", "add", "second"); code != shell.ExitDone {
		t.Errorf("a second ends with %d: %s%s", code, out, errOut)
	}
	response, err := http.Post(running.URL()+"/v1/sessions", "application/json", strings.NewReader(
		fmt.Sprintf(`{"kind":"staff","library":"ISIL:US-ALL","username":"office","password":%q}`, made.Password)))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text := bodyOf(t, response); response.StatusCode != http.StatusCreated || !strings.Contains(text, `"office":true`) {
		t.Errorf("the operator signs in: %d %s", response.StatusCode, text)
	}
	if text := page(); strings.Contains(text, "operator add") {
		t.Errorf("the page still says the first step: %s", text)
	}
}

func bodyOf(t *testing.T, response *http.Response) string {
	t.Helper()
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
