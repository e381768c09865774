package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/cmd/afield/app"
	"afield/connectors"
	"afield/connectors/mail"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
)

// mailbox is a mail server that takes everything and keeps it.
type mailbox struct {
	port  int
	mu    sync.Mutex
	mails []string
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box := &mailbox{port: listener.Addr().(*net.TCPAddr).Port}
	var talks sync.WaitGroup
	talks.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			talks.Go(func() { box.talk(connection) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		talks.Wait()
	})
	return box
}

func (b *mailbox) talk(connection net.Conn) {
	defer connection.Close()
	say := func(line string) { _, _ = io.WriteString(connection, line+"\r\n") }
	say("220 ready")
	lines, inMail, text := bufio.NewScanner(connection), false, ""
	for lines.Scan() {
		line := lines.Text()
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); {
		case inMail && line == ".":
			b.mu.Lock()
			b.mails = append(b.mails, text)
			b.mu.Unlock()
			inMail = false
			say("250 taken")
		case inMail:
			text += line + "\r\n"
		case verb == "DATA":
			inMail, text = true, ""
			say("354 go on")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 done")
		}
	}
}

var addressOfLink = regexp.MustCompile(`https://ill\.example\.org(` + connectors.LinkPath + `[A-Za-z0-9_-]+)`)

// last gives the text of the newest of so many mails, and the path of its link.
func (b *mailbox) last(t *testing.T, count int) (text, path string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.mails) != count {
		t.Fatalf("%d mails have come, want %d: %q", len(b.mails), count, b.mails)
	}
	head, body, _ := strings.Cut(b.mails[count-1], "\r\n\r\n")
	if !strings.Contains(head, "ill@away.example") {
		t.Errorf("it goes to somebody else: %s", head)
	}
	read, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	found := addressOfLink.FindSubmatch(read)
	if found == nil {
		t.Fatalf("there is no link in %s", read)
	}
	return string(read), string(found[1])
}

// A library with nothing but a mailbox is asked by a real mail, answers on the page
// its link leads to, and hears by mail what follows.
func TestALibraryReachedByMailLends(t *testing.T) {
	t.Parallel()
	l, box := newLoft(t), newMailbox(t)
	l.must(l.db.InTx(t.Context(), postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		return directory.SavePeer(tx, nil, directory.Peer{Library: l.away, Protocol: directory.ProtocolEmail, BaseURL: "mailto:ill@away.example"}, ten)
	}))
	var err error
	l.app, err = app.Start(t.Context(), app.Config{
		DB: l.db, Clock: &stands{at: ten}, Listen: "127.0.0.1:0", Secret: bytes.Repeat([]byte("s"), 32), Version: "test",
		Telling: app.Telling{
			Address: "https://ill.example.org",
			Mail:    &mail.Config{Host: "127.0.0.1", Port: box.port, Encryption: mail.Plain, From: "ill@home.example"},
		},
	})
	l.must(err)
	t.Cleanup(func() {
		if err := l.app.Close(); err != nil {
			t.Error(err)
		}
	})
	var request *engine.Request
	l.does(func(ctx context.Context, tx *postgres.Tx) (err error) {
		request, err = l.app.Requests.Submit(ctx, tx, ten, l.at().Actor, requests.Submission{
			Library: l.home.ID, Patron: l.patron, Citation: broker.Citation{Title: "A history of lighthouses", ISBN: "9780306406157"},
		})
		return err
	})
	l.does(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := l.app.Desk.Act(ctx, tx, l.at(), requests.Act{
			Library: l.home.ID, Request: request.ID, Action: workflow.EventAddLender, Body: map[string]json.RawMessage{"lender": json.RawMessage(`"` + awaySymbol.String() + `"`)},
		})
		return err
	})
	text, path := box.last(t, 1)
	if !strings.Contains(text, "Home asks you to lend") || !strings.Contains(text, "A history of lighthouses") || strings.Contains(text, "555-0100") {
		t.Errorf("the mail says %s", text)
	}
	answers := func(answer string, form url.Values) {
		t.Helper()
		response, err := http.PostForm(l.app.URL()+path+"/"+answer, form)
		l.must(err)
		defer response.Body.Close()
		page, err := io.ReadAll(response.Body)
		l.must(err)
		if response.StatusCode != http.StatusOK || !strings.Contains(string(page), "your answer has been sent") {
			t.Fatalf("%s: %d %s", answer, response.StatusCode, page)
		}
		l.must(l.app.Settle(t.Context()))
	}
	answers("shipped", url.Values{"due": {"2026-04-20"}, "barcodes": {"AWAY-1"}})
	l.does(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := l.app.Desk.Scan(ctx, tx, l.at(), desk.Scan{Barcode: "AWAY-1"})
		return err
	})
	text, later := box.last(t, 2)
	if !strings.Contains(text, "Home has received") || later != path { // the clock stands still, so the link is the same
		t.Errorf("the mail says %s", text)
	}
	l.does(func(ctx context.Context, tx *postgres.Tx) error {
		found, err := l.app.Requests.Load(ctx, tx, l.home.ID, request.ID)
		if err == nil && found.State != workflow.Received && found.State != workflow.OnHoldShelf {
			t.Errorf("the request is %s", found.State)
		}
		return err
	})
}
