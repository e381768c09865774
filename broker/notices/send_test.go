package notices_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/notices"
	"afield/broker/outbox"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// claim takes what is due by a channel at a business time.
func (d desk) claim(channel notices.Channel, now time.Time) (claimed []notices.Outgoing) {
	d.t.Helper()
	d.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		claimed, err = notices.Claim(ctx, tx, d.library, channel, "node", now, now, 10)
		return err
	})
	return claimed
}

func (d desk) trouble(out notices.Outgoing, trouble outbox.Trouble, now time.Time) {
	d.t.Helper()
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		notices.RecordTrouble(tx, out, trouble, now)
		return nil
	})
}

// the gives a patron's only notice.
func (d desk) the(patron patrons.Patron) (notice notices.Notice) {
	d.t.Helper()
	d.do(func(ctx context.Context, tx *postgres.Tx) error {
		list, err := notices.List(ctx, tx, d.library.ID, notices.Filter{Patron: patron.ID}, broker.Page{Limit: 2})
		if len(list) != 1 {
			d.t.Fatalf("%d notices, want one", len(list))
		}
		notice = list[0]
		return err
	})
	return notice
}

func (d desk) make(patron patrons.Patron, kind notices.Kind, channels ...notices.Channel) {
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		notices.Make(tx, patron, notices.Message{
			Kind: kind, Channels: channels, Cause: string(kind) + ":" + patron.ID.String(),
			Facts: notices.Facts{Title: "A private matter", DueOn: broker.MustDate("2026-03-02"), PickUpBy: broker.MustDate("2026-03-22")},
		}, morning)
		return nil
	})
}

func TestWPT7AnArrivalIsCalledAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.make(d.patron("555-0101", "adult@example.org"), notices.Arrived, "phone") // WPT-7: the preset's channel
	calls := d.calls(morning)
	if len(calls) != 1 || !calls[0].DueAt.Equal(morning) || !calls[0].NotBefore.IsZero() {
		t.Errorf("WPT-7: a call is due as soon as it arrives: %+v", calls)
	}
	night := time.Date(2026, 3, 13, 2, 30, 0, 0, time.UTC) // 22:30 in New York
	want := time.Date(2026, 3, 13, 12, 0, 0, 0, time.UTC)  // 08:00
	if calls := d.calls(night); len(calls) != 1 || !calls[0].NotBefore.Equal(want) {
		t.Errorf("in the quiet hours: %+v", calls)
	}
}

func TestWhatIsClaimedIsSentOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	patron := d.patron("", "adult@example.org")
	d.make(patron, notices.Arrived, notices.Email)
	claimed := d.claim(notices.Email, morning)
	if len(claimed) != 1 || claimed[0].To != "adult@example.org" || claimed[0].Subject != "Ready to pick up" ||
		!strings.Contains(claimed[0].Body, "A private matter is ready") || claimed[0].ID != claimed[0].Notices[0].ID.String() {
		t.Fatalf("claimed %+v", claimed)
	}
	if again := d.claim(notices.Email, morning.Add(24*time.Second)); again != nil {
		t.Errorf("claimed by another meanwhile: %+v", again)
	}
	// The sender died: its claim lapses, and the same id goes out.
	if again := d.claim(notices.Email, morning.Add(26*time.Second)); len(again) != 1 || again[0].ID != claimed[0].ID {
		t.Errorf("after the claim lapsed: %+v", again)
	}
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		notices.RecordSent(tx, claimed[0], morning)
		return nil
	})
	if notice := d.the(patron); notice.Status != notices.Done || notice.Outcome != notices.Sent {
		t.Errorf("sent: %+v", notice)
	}
	if again := d.claim(notices.Email, morning.Add(time.Hour)); again != nil {
		t.Errorf("sent twice: %+v", again)
	}
}

func TestSeveralOfAKindGoOutAsOne(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	due := broker.MustDate("2026-03-02")
	patron := d.patron("", "adult@example.org")
	d.lend(patron, due)
	d.lend(patron, due.AddDays(-1))
	d.lend(d.patron("", "adult2@example.org"), due)
	d.night(due.AddDays(8))
	claimed := d.claim(notices.Email, at(due.AddDays(8)))
	if len(claimed) != 2 {
		t.Fatalf("%d mails, want one for each patron", len(claimed))
	}
	for _, out := range claimed {
		if len(out.Notices) == 2 && (strings.Count(out.Body, "Westport Library") != 1 || strings.Count(out.Body, "was due") != 2) {
			t.Errorf("two in one: %q", out.Body)
		}
	}
}

func TestAFailureIsTriedAgainForADayAndThenPassesOn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	patron := d.patron("555-0101", "adult@example.org")
	d.make(patron, notices.Arrived, notices.Email, notices.SMS)
	now, tries := morning, 0
	for {
		claimed := d.claim(notices.Email, now)
		if len(claimed) == 0 {
			break
		}
		if tries++; tries > 20 {
			t.Fatal("tried for ever")
		}
		d.trouble(claimed[0], outbox.Trouble{Detail: "The mail server does not answer."}, now)
		if tries == 1 {
			if notice := d.the(patron); notice.Status != notices.Due || !notice.DueAt.Equal(morning.Add(time.Minute)) {
				t.Errorf("after the first try: %+v", notice)
			}
			d.troubled(t, patron, true)
		}
		now = d.the(patron).DueAt
	}
	if lasted := now.Sub(morning); tries != 9 || lasted < 20*time.Hour || lasted > 30*time.Hour {
		t.Errorf("%d tries in %s", tries, lasted)
	}
	notice := d.the(patron)
	if notice.Channel != notices.SMS || notice.Status != notices.Due || notice.Tries != 0 || notice.LastError == "" {
		t.Fatalf("after a day: %+v", notice)
	}
	// The gateway refuses the number for good: a person calls, without the title.
	claimed := d.claim(notices.SMS, now)
	if len(claimed) != 1 || strings.Contains(claimed[0].Body, "private") || claimed[0].To != "555-0101" {
		t.Fatalf("text message %+v", claimed)
	}
	d.trouble(claimed[0], outbox.Trouble{Final: true, Detail: "The gateway cannot reach the number."}, now)
	if notice := d.the(patron); notice.Channel != notices.Phone || notice.Facts.Title != "" {
		t.Errorf("after a refusal: %+v", notice)
	}
}

func (d desk) troubled(t *testing.T, patron patrons.Patron, want bool) {
	t.Helper()
	d.do(func(ctx context.Context, tx *postgres.Tx) error {
		list, err := notices.Troubled(ctx, tx, d.library.ID, broker.Page{Limit: 10})
		if found := len(list) == 1 && list[0].Patron == patron.ID && list[0].LastError != ""; found != want {
			t.Errorf("among those in trouble: %+v, want %v", list, want)
		}
		return err
	})
}

func TestWhereNothingElseReachesThePatronItStandsInTheAccount(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	patron := d.patron("", "adult@example.org")
	d.make(patron, notices.Arrived, notices.Email)
	d.trouble(d.claim(notices.Email, morning)[0], outbox.Trouble{Final: true, Detail: "The mail server refuses the address on file (550)."}, morning)
	if notice := d.the(patron); notice.Channel != notices.Account || notice.Status != notices.Done {
		t.Errorf("refused: %+v", notice)
	}
	d.troubled(t, patron, true)
}

func TestAnAddressThatIsGonePassesOn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	patron := d.patron("555-0101", "adult@example.org")
	d.make(patron, notices.Arrived, notices.Email)
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update patrons set email = null where id = $1`, patron.ID)
		return nil
	})
	if claimed := d.claim(notices.Email, morning); claimed != nil {
		t.Errorf("claimed %+v", claimed)
	}
	if notice := d.the(patron); notice.Channel != notices.Phone {
		t.Errorf("without an address: %+v", notice)
	}
}

func TestAReminderDoesNotOutliveItsLoan(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	due := broker.MustDate("2026-03-02")
	back, renewed, late := d.patron("", "a@example.org"), d.patron("", "b@example.org"), d.patron("", "c@example.org")
	returned, extended := d.lend(back, due), d.lend(renewed, due)
	d.lend(late, due)
	d.night(due.AddDays(7))
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update loans set status = 'returned', returned_at = $2, returned_on = $3 where id = $1`, returned, at(due), due)
		tx.Queue(`update loans set due_on = $2, renewals = 1 where id = $1`, extended, due.AddDays(21))
		return nil
	})
	claimed := d.claim(notices.Email, at(due.AddDays(7)))
	if len(claimed) != 1 || claimed[0].To != "c@example.org" {
		t.Errorf("claimed %+v", claimed)
	}
	if notice := d.the(back); notice.Status != notices.Withdrawn {
		t.Errorf("it is back: %+v", notice)
	}
}

func TestQuietHoursHoldBackTextsAndCallsButNotMail(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	night := time.Date(2026, 3, 13, 2, 30, 0, 0, time.UTC) // 22:30 in New York
	patron := d.patron("555-0101", "")
	d.make(patron, notices.Arrived, notices.SMS)
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		if notices.PutOff(tx, d.library, d.policy, notices.Email, night) {
			t.Error("e-mail waits for the morning")
		}
		if notices.PutOff(tx, d.library, d.policy, notices.SMS, morning) {
			t.Error("a text message waits at ten in the morning")
		}
		if !notices.PutOff(tx, d.library, d.policy, notices.SMS, night) {
			t.Error("a text message goes out at night")
		}
		return nil
	})
	if notice := d.the(patron); !notice.DueAt.Equal(time.Date(2026, 3, 13, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("put off to %s, want 08:00 in New York", notice.DueAt)
	}
}

func TestAChannelThatIsNotSetUpPassesOnAfterADay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	both, only := d.patron("555-0101", "adult@example.org"), d.patron("", "adult2@example.org")
	d.make(both, notices.Arrived, notices.Email)
	d.make(only, notices.Arrived, notices.Email)
	look := func(now time.Time) (moved int) {
		d.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
			moved, err = notices.NotSetUp(ctx, tx, d.library.ID, notices.Email, "No mail server is set up here.", now, 10)
			return err
		})
		return moved
	}
	if moved := look(morning.Add(notices.Patience - time.Second)); moved != 0 || d.the(both).LastError == "" || d.the(both).Channel != notices.Email {
		t.Errorf("within a day: %d moved, %+v", moved, d.the(both))
	}
	if moved := look(morning.Add(notices.Patience)); moved != 1 || d.the(both).Channel != notices.Phone {
		t.Errorf("after a day: %d moved, %+v", moved, d.the(both))
	}
	if notice := d.the(only); notice.Channel != notices.Email || notice.Status != notices.Due {
		t.Errorf("who has only an address waits for the mail server: %+v", notice)
	}
}

func TestOwnTextsTakeThePlaceOfTheBuiltIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	patron := d.patron("", "adult@example.org")
	d.make(patron, notices.Arrived, notices.Email)
	key := notices.TextKey{Kind: notices.Arrived, Channel: notices.Email, Language: "en"}
	draft := notices.Text{Subject: "Your book", Body: "Come and get {title}.[ We keep it until {pick_up_by}.]"}
	const want = "Come and get A private matter. We keep it until Sunday 22 March."
	d.do(func(ctx context.Context, tx *postgres.Tx) error {
		shown, err := notices.Preview(ctx, tx, d.library, notices.PreviewAsked{TextKey: key, Draft: &draft, Today: broker.MustDate("2026-03-12")})
		if shown.Body != want || shown.Notice != d.the(patron).ID {
			t.Errorf("the draft on the newest notice: %+v", shown)
		}
		if err != nil {
			return err
		}
		sample, err := notices.Preview(ctx, tx, d.library, notices.PreviewAsked{
			TextKey: notices.TextKey{Kind: notices.CostApproval, Channel: notices.Email, Language: "fr"}, Today: broker.MustDate("2026-03-12"),
		})
		if !strings.Contains(sample.Body, "Moby Dick pour 12,50 USD") || sample.Notice != broker.NoID {
			t.Errorf("sample facts: %+v", sample)
		}
		if err != nil {
			return err
		}
		wrong := notices.Text{Subject: "x", Body: "{titel}"}
		if _, err := notices.Preview(ctx, tx, d.library, notices.PreviewAsked{TextKey: key, Draft: &wrong}); !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("a wrong draft: %v", err)
		}
		return notices.SaveTemplate(tx, d.library.ID, key, draft, d.actor, morning)
	})
	if claimed := d.claim(notices.Email, morning); len(claimed) != 1 || claimed[0].Body != want || claimed[0].Subject != "Your book" {
		t.Errorf("sent %+v", claimed)
	}
	d.do(func(ctx context.Context, tx *postgres.Tx) error {
		own, err := notices.Templates(ctx, tx, d.library.ID)
		if len(own) != 1 || own[0].Text != draft || own[0].ChangedBy.ID != d.actor.ID {
			t.Errorf("own texts %+v", own)
		}
		if err != nil {
			return err
		}
		if err := notices.DropTemplate(ctx, tx, d.library.ID, key); err != nil {
			return err
		}
		if err := notices.DropTemplate(ctx, tx, d.library.ID, key); !broker.IsKind(err, broker.KindNotFound) {
			t.Errorf("dropped twice: %v", err)
		}
		return nil
	})
}

func TestLettersArePrintedTogetherAndAgain(t *testing.T) {
	t.Parallel()
	d := newDeskOf(t, "delaware")
	due := broker.MustDate("2026-01-15")
	now := at(due.AddDays(42))
	patron, nowhere := d.patron("", ""), d.patron("", "")
	d.do(func(_ context.Context, tx *postgres.Tx) error {
		tx.Queue(`update patrons set name = 'Adult patron 1', address = E'1 Main Street\nGeorgetown DE 19947', language = 'fr' where id = $1`, patron.ID)
		return nil
	})
	d.lend(patron, due)
	d.lend(patron, due.AddDays(-1))
	d.lend(nowhere, due)
	d.night(due.AddDays(42))
	var pages []notices.LetterPage
	letters := func() {
		d.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
			pages, err = notices.LettersToPrint(ctx, tx, d.library, now)
			return err
		})
	}
	letters()
	if len(pages) != 2 {
		t.Fatalf("%d letters, want one for each patron", len(pages))
	}
	letter, lost := pages[0], pages[1]
	if letter.Patron != patron.ID {
		letter, lost = lost, letter
	}
	if lost.Addressed() || !letter.Addressed() || len(letter.Notices) != 2 || letter.Subject != "Dernier avis" {
		t.Errorf("letters %+v", pages)
	}
	lines := strings.Split(letter.Plain(), "\n")
	if strings.TrimSpace(lines[7]) != "Adult patron 1" || strings.TrimSpace(lines[9]) != "Georgetown DE 19947" || lines[21] != "jeudi 26 février" {
		t.Errorf("the window shows\n%s", letter.Plain())
	}
	mark := func(ids []broker.ID) (err error) {
		return d.db.InTx(t.Context(), postgres.ForLibraries(d.library.ID), func(ctx context.Context, tx *postgres.Tx) error {
			_, err := notices.MarkPrinted(ctx, tx, d.library.ID, ids, d.actor, now)
			return err
		})
	}
	must(t, mark(letter.Notices))
	letters()
	if len(pages) != 1 || pages[0].Patron != nowhere.ID {
		t.Errorf("still to print: %+v", pages)
	}
	d.do(func(ctx context.Context, tx *postgres.Tx) error {
		again, err := notices.Reprint(ctx, tx, d.library, letter.Notices, now)
		if len(again) != 1 || again[0].Plain() != letter.Plain() || !again[0].PrintedAt.Equal(now) {
			t.Errorf("printed again: %+v", again)
		}
		return err
	})
	must(t, mark(letter.Notices))
	if err := mark([]broker.ID{broker.NewID()}); !broker.IsKind(err, broker.KindNotFound) {
		t.Errorf("a letter that is none: %v", err)
	}
	// Staff pass the letter without an address on; nothing else reaches the patron.
	d.do(func(ctx context.Context, tx *postgres.Tx) error {
		moved, err := notices.PassOn(ctx, tx, d.library.ID, lost.Notices[0], "No address.", now)
		if moved.Channel != notices.Account {
			t.Errorf("passed on: %+v", moved)
		}
		return err
	})
	d.troubled(t, nowhere, true)
}
