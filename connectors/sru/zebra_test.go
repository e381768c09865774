package sru

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/connectors"
)

// zebra starts a Zebra of Debian's packages with our own records and index; the
// address it serves at. Where it is not installed the test is skipped.
func zebra(t *testing.T) string {
	t.Helper()
	modules, _ := filepath.Glob("/usr/lib/*/idzebra-2.0/modules")
	server, err := exec.LookPath("zebrasrv-2.0")
	if err != nil || len(modules) == 0 {
		t.Skip("Zebra is not installed here (.ci/setup zebra installs it)")
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close()
	home := t.TempDir()
	for _, name := range []string{"dom.xml", "index.xsl", "pqf.properties", "server.xml", "zebra.cfg", "records.xml"} {
		text, err := os.ReadFile(filepath.Join("testdata", "zebra", name))
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.NewReplacer("tcp:127.0.0.1:PORT", "tcp:127.0.0.1:"+port, "MODULES", modules[0]).Replace(string(text)))
		if err := os.WriteFile(filepath.Join(home, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{"register", "shadow"} {
		if err := os.Mkdir(filepath.Join(home, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range [][]string{{"init"}, {"update", "records.xml"}, {"commit"}} {
		made := exec.CommandContext(t.Context(), "zebraidx-2.0", append([]string{"-c", "zebra.cfg"}, step...)...)
		made.Dir = home
		if said, err := made.CombinedOutput(); err != nil {
			t.Fatalf("zebraidx %s: %v\n%s", step[0], err, said)
		}
	}
	running, stop := context.WithCancel(context.Background())
	serving := exec.CommandContext(running, server, "-f", "server.xml")
	serving.Dir = home
	if err := serving.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = serving.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	address := "http://127.0.0.1:" + port + "/Default"
	for again := time.Tick(10 * time.Millisecond); ; { // until it listens
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			return address
		}
		select {
		case <-ended:
			t.Fatal("Zebra ended before it answered")
		case <-again:
		}
	}
}

// Every version, every number and the words find what they should on a server that
// nobody here wrote.
func TestZebra(t *testing.T) {
	t.Parallel()
	target := connectors.Target{URL: zebra(t), System: "zebra", Holdings: "koha", AllowPrivateAddress: true}
	client := newClient(t)
	for _, version := range []string{"1.1", "1.2", "2.0"} {
		target.Version = version
		for name, c := range map[string]struct {
			citation broker.Citation
			want     string // owned, available, perhaps, due
		}{
			"ISBN of 13 finds one of 10":   {broker.Citation{ISBN: "9780140449136"}, "true 1 0 "},
			"ISBN of 10 finds one of 13":   {broker.Citation{ISBN: "0-14-044923-X"}, "true 0 0 2026-12-24"},
			"OCLC number":                  {broker.Citation{OCLC: "ocm51850372"}, "true 1 0 "},
			"ISSN with its hyphen":         {broker.Citation{ISSN: "1064-3923", Format: broker.FormatPeriodical}, "true 0 0 "},
			"words":                        {broker.Citation{Title: "The Odyssey", Author: "Homer", Format: broker.FormatBook}, "true 1 0 "},
			"words that mean much to CQL":  {broker.Citation{Title: `Emil, "the" detective? (and more)`, Author: "Kästner, Erich", Format: broker.FormatBook}, "true 0 0 2026-12-24"},
			"words of an author elsewhere": {broker.Citation{Title: "The Odyssey", Author: "Virgil", Format: broker.FormatBook}, "false 0 0 "},
			"not there":                    {broker.Citation{ISBN: "9780306406157"}, "false 0 0 "},
		} {
			said, err := client.Available(t.Context(), connectors.Peer{Target: &target}, c.citation)
			got := fmt.Sprintf("%t %d %d ", said.Owned, said.Available, said.Perhaps)
			if !said.Due.IsZero() {
				got += said.Due.String()
			}
			if err != nil || got != c.want {
				t.Errorf("%s, %s: %s (%v), want %s", version, name, got, err, c.want)
			}
		}
		all, err := client.Search(t.Context(), target, "cql.allRecords=1")
		if err != nil || all.Count != 33 || len(all.Records) != 33 {
			t.Errorf("%s: %d of %d records (%v), want 33 in two pages", version, len(all.Records), all.Count, err)
		}
		for query, number := range map[string]int{`dc.isbn="1"`: 16, `dc.title=(`: 10} {
			_, err := client.Search(t.Context(), target, query)
			if problem, is := err.(Diagnostic); !is || problem.Number != number { //nolint:errorlint // it is not wrapped
				t.Errorf("%s, %s: %v, want diagnostic %d", version, query, err, number)
			}
		}
		elsewhere := target
		elsewhere.Indexes = map[string]string{"isbn": "dc.isbn"}
		said, err := client.Available(t.Context(), connectors.Peer{Target: &elsewhere}, broker.Citation{ISBN: "9780140449136", Title: "The Odyssey", Format: broker.FormatBook})
		if err != nil || said.Available != 1 {
			t.Errorf("%s, an index it does not have: %+v (%v), want found by words", version, said, err)
		}
	}
	target.Version = "9.9"
	if _, err := client.Available(t.Context(), connectors.Peer{Target: &target}, broker.Citation{Title: "x"}); err == nil {
		t.Error("a version that there is not is answered")
	}
}
