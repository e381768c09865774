package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
	"afield/cmd/afield/app"
	"afield/connectors/gateway"
	"afield/connectors/mail"
)

// stands is a clock that stands still until it is set.
type stands struct {
	mu sync.Mutex
	at time.Time
}

func (c *stands) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *stands) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// teller is a whole program with a gateway that accepts everything and a mail
// server that is down.
type teller struct {
	t       *testing.T
	db      *postgres.DB
	clock   *stands
	app     *app.App
	library broker.ID

	mu    sync.Mutex
	texts map[string]int // by webhook id
}

// ten is ten o'clock in the morning in New York.
var ten = time.Date(2026, 3, 12, 14, 0, 0, 0, time.UTC)

func newTeller(t *testing.T) *teller {
	r := &teller{t: t, db: pgtest.New(t), clock: &stands{at: ten}, library: broker.NewID(), texts: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		id := request.Header.Get("webhook-id")
		r.texts[id]++
		_ = json.NewEncoder(w).Encode(map[string]string{"id": id, "status": "accepted"})
	}))
	t.Cleanup(server.Close)
	nobody, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := nobody.Addr().(*net.TCPAddr).Port
	_ = nobody.Close()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	r.do(postgres.Everywhere(), func(_ context.Context, tx *postgres.Tx) error {
		group := directory.SharingGroup{ID: broker.NewID(), Name: "alone"}
		directory.SaveSharingGroup(tx, group)
		return directory.SaveLibrary(tx, directory.Library{
			ID: r.library, Name: "Westport Library", Kind: directory.KindLibrary, Member: true, Country: "US", Zone: zone,
			Currency: "USD", SharingGroup: group.ID, Policy: "westport", Status: directory.StatusActive,
		}, ten)
	})
	r.app, err = app.Start(t.Context(), app.Config{
		DB: r.db, Clock: r.clock, Listen: "127.0.0.1:0", Secret: bytes.Repeat([]byte("s"), 32), Version: "test",
		Telling: app.Telling{
			Mail:        &mail.Config{Host: "127.0.0.1", Port: port, Encryption: mail.StartTLS, From: "notices@example.org"},
			Gateway:     &gateway.Config{URL: server.URL, Secret: bytes.Repeat([]byte("g"), 32), AllowPrivateAddress: true},
			GatewayDoes: []notices.Channel{notices.SMS},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.app.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *teller) do(scope postgres.Scope, work func(context.Context, *postgres.Tx) error) {
	r.t.Helper()
	if err := r.db.InTx(r.t.Context(), scope, work); err != nil {
		r.t.Fatal(err)
	}
}

// tell makes a notice to a new patron.
func (r *teller) tell(channel notices.Channel, now time.Time) {
	r.t.Helper()
	patron := patrons.Patron{
		Library: r.library, ID: broker.NewID(), Class: "resident", Phone: "555-0101", Email: "adult@example.org", CreatedAt: now,
	}
	r.do(postgres.ForLibraries(r.library), func(_ context.Context, tx *postgres.Tx) error {
		if err := patrons.SavePatron(tx, patron); err != nil {
			return err
		}
		notices.Make(tx, patron, notices.Message{Kind: notices.Arrived, Channels: []notices.Channel{channel}, Cause: "arrived:" + patron.ID.String()}, now)
		return nil
	})
}

// settle works off what is due now.
func (r *teller) settle() {
	r.t.Helper()
	if err := r.app.Settle(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// stand counts the notices of a channel and status.
func (r *teller) stand(channel notices.Channel, status notices.Status) (count int) {
	r.t.Helper()
	r.do(postgres.ForLibraries(r.library), func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select count(*)::int from notices where channel = $1 and status = $2`, string(channel), string(status)).Scan(&count)
	})
	return count
}

func TestADeadMailServerSlowsNoTextMessage(t *testing.T) {
	t.Parallel()
	r := newTeller(t)
	for range 25 {
		r.tell(notices.Email, ten)
		r.tell(notices.SMS, ten)
	}
	r.settle()
	if sent := r.stand(notices.SMS, notices.Done); sent != 25 || len(r.texts) != 25 {
		t.Errorf("%d text messages sent, %d came, want 25", sent, len(r.texts))
	}
	for id, times := range r.texts {
		if times != 1 {
			t.Errorf("%s came %d times", id, times)
		}
	}
	if waiting := r.stand(notices.Email, notices.Due); waiting != 25 {
		t.Errorf("%d mails wait, want all", waiting)
	}
	// Staff see why, and no job or log names anybody.
	r.do(postgres.ForLibraries(r.library), func(ctx context.Context, tx *postgres.Tx) error {
		troubled, err := notices.Troubled(ctx, tx, r.library, broker.Page{Limit: 50})
		if len(troubled) == 0 || troubled[0].LastError != "The mail server refuses connections." {
			t.Errorf("in trouble: %+v", troubled)
		}
		return err
	})
	rows, err := r.db.AppPool().Query(t.Context(), `select kind, args::text from river_job`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	jobs := 0
	for rows.Next() {
		var kind, args string
		if err := rows.Scan(&kind, &args); err != nil {
			t.Fatal(err)
		}
		if kind == "send_notices" {
			jobs++
		}
		if strings.Contains(args, "555-0101") || strings.Contains(args, "@") {
			t.Errorf("a job names somebody: %s %s", kind, args)
		}
	}
	if jobs == 0 || jobs > 10 {
		t.Errorf("%d jobs for 50 notices", jobs)
	}
}

func TestNoTextMessageInTheQuietHours(t *testing.T) {
	t.Parallel()
	r := newTeller(t)
	night := time.Date(2026, 3, 13, 2, 30, 0, 0, time.UTC) // 22:30 in New York
	r.clock.set(night)
	r.tell(notices.SMS, night)
	r.settle()
	if sent := r.stand(notices.SMS, notices.Done); sent != 0 {
		t.Errorf("%d sent at night", sent)
	}
	r.clock.set(night.Add(9*time.Hour + 30*time.Minute)) // eight in the morning
	r.settle()
	if sent := r.stand(notices.SMS, notices.Done); sent != 1 {
		t.Errorf("%d sent in the morning", sent)
	}
}

// A gateway that is only used for text messages leaves voice calls to people.
func TestACallThatNobodyCanMakeGoesToTheCallList(t *testing.T) {
	t.Parallel()
	r := newTeller(t)
	r.tell(notices.Voice, ten)
	r.settle()
	if waiting := r.stand(notices.Voice, notices.Due); waiting != 1 {
		t.Errorf("%d calls wait for a gateway, want 1", waiting)
	}
	r.clock.set(ten.Add(notices.Patience))
	r.settle()
	// E-mail comes next for this patron, and its server is down; nothing is lost.
	if moved := r.stand(notices.Email, notices.Due); moved != 1 {
		t.Errorf("%d went on to e-mail, want 1", moved)
	}
}
