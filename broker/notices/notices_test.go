package notices_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

// morning is Thursday 12 March 2026, 10:00 in New York.
var morning = time.Date(2026, 3, 12, 14, 0, 0, 0, time.UTC)

type desk struct {
	t       testing.TB
	db      *postgres.DB
	policy  *policy.Document
	library directory.Library
	actor   broker.Actor
}

// newDesk is a library that is closed from Friday to Sunday.
func newDesk(t testing.TB) desk {
	return newDeskOf(t, "westport")
}

// newDeskOf makes a library that follows one of the presets.
func newDeskOf(t testing.TB, preset string) desk {
	document, err := policy.Preset(preset)
	must(t, err)
	d := desk{t: t, db: pgtest.New(t), policy: document}
	zone, err := time.LoadLocation("America/New_York")
	must(t, err)
	week := calendar.Week{}
	for day := time.Monday; day <= time.Thursday; day++ {
		week[day] = calendar.MustHours("09:00-17:00")
	}
	must(t, d.db.InTx(t.Context(), postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		group := directory.SharingGroup{ID: broker.NewID(), Name: "alone"}
		directory.SaveSharingGroup(tx, group)
		library := directory.Library{
			ID: broker.NewID(), Name: "Westport Library", Kind: directory.KindLibrary, Member: true, Country: "US",
			Zone: zone, Currency: "USD", SharingGroup: group.ID, Policy: preset, Status: directory.StatusActive, Plan: calendar.Plan{Hours: week},
		}
		if err := directory.SaveLibrary(tx, library, morning); err != nil {
			return err
		}
		var err error
		d.library, err = directory.Load(ctx, tx, library.ID)
		return err
	}))
	d.actor = broker.Actor{Kind: broker.ActorStaff, ID: broker.NewID(), Library: d.library.ID}
	return d
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (d desk) do(work func(context.Context, *postgres.Tx) error) {
	d.t.Helper()
	must(d.t, d.db.InTx(d.t.Context(), postgres.ForLibraries(d.library.ID), work))
}

func (d desk) patron(phone, email string) patrons.Patron {
	patron := patrons.Patron{Library: d.library.ID, ID: broker.NewID(), Class: "resident", Phone: phone, Email: email, CreatedAt: morning}
	d.do(func(_ context.Context, tx *postgres.Tx) error { return patrons.SavePatron(tx, patron) })
	return patron
}

func (d desk) arrived(patron patrons.Patron, request broker.ID) (notice notices.Notice) {
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		notice = notices.Make(tx, patron, notices.Message{
			Kind: notices.Arrived, Request: request, Channels: []notices.Channel{notices.Phone},
			Facts: notices.Facts{Title: "A private matter", PickUpBy: broker.MustDate("2026-03-22")}, Cause: "arrived:" + request.String(),
		}, morning)
		return nil
	})
	return notice
}

func (d desk) calls(now time.Time) (calls []notices.Call) {
	d.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		calls, err = notices.CallList(ctx, tx, d.library, d.policy, broker.Page{Limit: 10}, now)
		return err
	})
	return calls
}

func (d desk) record(notice broker.ID, outcome notices.Outcome, now time.Time) (result notices.Result, err error) {
	err = d.db.InTx(d.t.Context(), postgres.ForLibraries(d.library.ID), func(ctx context.Context, tx *postgres.Tx) (err error) {
		result, err = notices.Record(ctx, tx, d.library, d.policy, notice, outcome, d.actor, now)
		return err
	})
	return result, err
}

func TestTheCallListSaysWhomWhenAndWhatButNoTitle(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	request := broker.NewID()
	for range 2 { // made again, it is still one call
		d.arrived(d.patron("555-0101", "adult@example.org"), request)
	}
	calls := d.calls(morning)
	if len(calls) != 1 {
		t.Fatalf("%d calls, want 1", len(calls))
	}
	call := calls[0]
	if call.Number != "555-0101" || call.DaysLeft == nil || *call.DaysLeft != 10 {
		t.Errorf("call %+v", call)
	}
	if strings.Contains(call.Script, "private") || call.Facts.Title != "" || !strings.Contains(call.Script, "Sunday 22 March") {
		t.Errorf("script %q", call.Script)
	}
}

func TestATitleIsSaidWhereTheLibraryAllowsIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	patron := d.patron("555-0101", "")
	for _, say := range []bool{false, true} {
		d.do(func(_ context.Context, tx *postgres.Tx) error {
			notices.Make(tx, patron, notices.Message{
				Kind: notices.Arrived, Channels: []notices.Channel{notices.Phone}, Cause: fmt.Sprint("arrived:", say),
				Facts: notices.Facts{Title: "Moby Dick", SayTitle: say},
			}, morning)
			return nil
		})
	}
	calls := d.calls(morning)
	if len(calls) != 2 {
		t.Fatalf("%d calls, want 2", len(calls))
	}
	for _, call := range calls {
		if said := strings.HasSuffix(call.Script, "It is about Moby Dick."); said != call.Facts.SayTitle {
			t.Errorf("script %q where the title may be said: %t", call.Script, call.Facts.SayTitle)
		}
	}
}

func TestNoAnswerIsTriedAgainWhenTheLibraryNextOpens(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	notice := d.arrived(d.patron("555-0101", ""), broker.NewID())
	result, err := d.record(notice.ID, notices.NoAnswer, morning)
	must(t, err)
	// Friday, Saturday and Sunday are closed; clocks went forward on the 8th.
	monday := time.Date(2026, 3, 16, 13, 0, 0, 0, time.UTC)
	if !result.Notice.DueAt.Equal(monday) || result.GivenUp {
		t.Errorf("next call %s, want %s", result.Notice.DueAt, monday)
	}
	if calls := d.calls(morning.Add(time.Hour)); len(calls) != 0 {
		t.Errorf("still on today's list: %+v", calls)
	}
	if calls := d.calls(monday); len(calls) != 1 || calls[0].Tries != 1 {
		t.Errorf("on Monday's list: %+v", calls)
	}
	for range 4 {
		result, err = d.record(notice.ID, notices.NoAnswer, monday)
		must(t, err)
	}
	if !result.GivenUp {
		t.Errorf("after five tries staff should be told: %+v", result)
	}
	_, err = d.record(notice.ID, notices.Reached, monday)
	if ours, ok := broker.AsError(err); !ok || ours.Code != "notice_not_due" {
		t.Errorf("recorded after it was given up: %v", err)
	}
}

func TestReachedIsDoneAndToldToTheCaller(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	notice := d.arrived(d.patron("555-0101", ""), broker.NewID())
	result, err := d.record(notice.ID, notices.Reached, morning)
	must(t, err)
	if !result.Reached || result.Notice.Status != notices.Done || len(d.calls(morning.Add(240*time.Hour))) != 0 {
		t.Errorf("result %+v", result)
	}
}

func TestAWrongNumberIsTakenOffThePatron(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	patron := d.patron("555-0101", "")
	notice := d.arrived(patron, broker.NewID())
	result, err := d.record(notice.ID, notices.WrongNumber, morning)
	must(t, err)
	if !result.GivenUp || result.Reached {
		t.Errorf("result %+v", result)
	}
	d.do(func(ctx context.Context, tx *postgres.Tx) error {
		found, err := patrons.ByID(ctx, tx, patron.Ref())
		if found.Phone != "" || !strings.Contains(found.Note, "555-0101") {
			t.Errorf("the number still stands: %+v", found)
		}
		return err
	})
}

func TestWhatNobodyCouldBeCalledAboutIsWritten(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	patron := d.patron("555-0101", "adult@example.org")
	d.make(patron, notices.Arrived, notices.Phone)
	result, err := d.record(d.the(patron).ID, notices.WrongNumber, morning)
	must(t, err)
	if result.GivenUp || d.the(patron).Channel != notices.Email || d.the(patron).Status != notices.Due {
		t.Errorf("after a wrong number: %+v", d.the(patron))
	}
	if sent := d.claim(notices.Email, morning); len(sent) != 1 || sent[0].To != "adult@example.org" {
		t.Errorf("written instead: %+v", sent)
	}
}

func TestChannels(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	cases := map[string]struct {
		phone, email, wish string
		wanted             []notices.Channel
		want               notices.Channel
	}{
		"the policy's channel":            {"555-0101", "a@example.org", "email", []notices.Channel{notices.Phone}, notices.Phone},
		"no phone, so in writing":         {"", "a@example.org", "", []notices.Channel{notices.Phone}, notices.Email},
		"the patron's wish":               {"555-0101", "a@example.org", "phone", nil, notices.Phone},
		"a wish that cannot be met":       {"555-0101", "", "email", nil, notices.Phone},
		"nothing on file but the account": {"", "", "", nil, notices.Account},
	}
	for name, c := range cases {
		patron := d.patron(c.phone, c.email)
		patron.NoticeChannel = c.wish
		d.do(func(_ context.Context, tx *postgres.Tx) error {
			notice := notices.Make(tx, patron, notices.Message{Kind: notices.Overdue, Channels: c.wanted, Cause: name}, morning)
			if notice.Channel != c.want {
				t.Errorf("%s: %s, want %s", name, notice.Channel, c.want)
			}
			return nil
		})
	}
}

func TestACancelledRequestCallsNobody(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	request := broker.NewID()
	d.arrived(d.patron("555-0101", ""), request)
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		notices.WithdrawForRequest(tx, d.library.ID, request, morning, notices.Unfilled)
		return nil
	})
	if len(d.calls(morning)) != 1 {
		t.Error("another kind was withdrawn, too")
	}
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		notices.WithdrawForRequest(tx, d.library.ID, request, morning)
		return nil
	})
	if len(d.calls(morning)) != 0 {
		t.Error("a call is still due")
	}
}

// Notices to many at once go as they do to one patron: each by the channels that
// reach them, and once for each cause.
func TestManyAreToldAtOnceAndOnceForEachCause(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	before := d.arrived(d.patron("555 0100", ""), broker.NewID())
	byMail, byPhone, unreached := d.patron("555 0101", "a@example.org"), d.patron("555 0102", ""), d.patron("", "")
	about := func(cause string, channels ...notices.Channel) notices.Message {
		return notices.Message{
			Kind: notices.Expired, Hold: broker.NewID(), Channels: channels, DueAt: morning.Add(time.Hour),
			Facts: notices.Facts{Title: "A private matter", DueOn: broker.MustDate("2026-03-22")}, Cause: cause,
		}
	}
	var made, kept []notices.Notice
	d.do(func(ctx context.Context, tx *postgres.Tx) error {
		made = notices.MakeAll(tx, []notices.News{
			{Patron: byMail, Message: about("expired:1", notices.Email)},
			{Patron: byPhone, Message: about("expired:2", notices.Phone)},
			{Patron: unreached, Message: about("expired:3", notices.Letter)},
			{Patron: byMail, Message: about("expired:1", notices.Email)}, // twice in one slice
			{Patron: byMail, Message: about(before.Cause, notices.Email)},
		}, morning)
		notices.MakeAll(tx, nil, morning)
		var err error
		kept, err = notices.List(ctx, tx, d.library.ID, notices.Filter{}, broker.Page{Limit: 10})
		return err
	})
	if len(kept) != 4 {
		t.Fatalf("%d notices are kept, want those of four causes", len(kept))
	}
	for _, want := range append(made[:3:3], before) {
		i := slices.IndexFunc(kept, func(n notices.Notice) bool { return n.ID == want.ID })
		if i < 0 {
			t.Errorf("the notice of %s is not kept", want.Cause)
			continue
		}
		if got := kept[i]; !reflect.DeepEqual(got, want) {
			t.Errorf("of %s is kept\n%+v, want\n%+v", want.Cause, got, want)
		}
	}
}
