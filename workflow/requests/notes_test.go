package requests_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/town"
)

// writes sends a note of a library's staff to the library at the other end.
func writes(tw *town.Town, from *town.House, request broker.ID, text string) error {
	err := from.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := from.Requests.WriteNote(ctx, tx, from.Clock.Now(), requests.Viewer{Library: from.Library.ID}, request,
			requests.Note{Audience: requests.ToLender, Text: text, Actor: from.Staff()})
		return err
	})
	tw.Settle()
	return err
}

// reads wants a note of the other library on a request, its event in the
// timeline, and a task for staff.
func reads(t *testing.T, at *town.House, request broker.ID, text string) {
	t.Helper()
	at.Must(at.Try(func(ctx context.Context, tx *postgres.Tx) error {
		notes, err := requests.Notes(ctx, tx, requests.Viewer{Library: at.Library.ID}, request)
		if err != nil {
			return err
		}
		last := requests.Note{}
		if len(notes) > 0 {
			last = notes[len(notes)-1]
		}
		if last.Text != text || last.Audience != requests.ToLender || last.Actor.Kind != broker.ActorPartner {
			t.Errorf("%s reads %+v, want %q", at.Symbol, notes, text)
		}
		return nil
	}))
	if at.Fired(request, workflow.EventNote) == 0 {
		t.Errorf("%s has no note in its timeline", at.Symbol)
	}
	if !at.TaskOf(request, "note_received") {
		t.Errorf("nobody at %s is told of the note", at.Symbol)
	}
}

// A note reaches the other member in both directions, at once, while it is lent
// and after it is settled.
func TestANoteReachesTheOtherMember(t *testing.T) {
	t.Parallel()
	tw, home, lender, ours, theirs, patron, barcode := town.LendsOut(t, "NY")
	say := func(text string) {
		t.Helper()
		tw.Must(writes(tw, home, ours, "borrower: "+text))
		reads(t, lender, theirs, "borrower: "+text)
		tw.Must(writes(tw, lender, theirs, "lender: "+text))
		reads(t, home, ours, "lender: "+text)
	}
	say("while it is asked for")
	lender.Does(theirs, workflow.EventAnswerYes, nil)
	lender.Scans(barcode, "")
	lender.Scans(barcode, "")
	home.Scans(barcode, "")
	band := "ILL-" + home.Number(ours)
	home.Scans(band, "")
	home.Scans(band, home.Card(patron))
	if !lender.TaskOf(theirs, "note_received") || !home.TaskOf(ours, "note_received") {
		t.Error("a note nobody has read is settled by what happened since")
	}
	say("while it is lent")
	home.Scans(band, "")
	home.Scans(band, "")
	lender.Scans(barcode, "")
	say("when all is settled")
	tw.Sound()
}

// A note of a partner reaches the member that lends to it, and the one that
// borrows from it.
func TestAPartnersNoteIsHeardOnBothSides(t *testing.T) {
	t.Parallel()
	tw, home, partner, request, _ := town.AsksPartner(t, 0)
	partner.Says(home, connectors.Message{Kind: connectors.KindNote, Note: "the spine is loose"})
	reads(t, home, request, "the spine is loose")
	tw.Must(writes(tw, home, request, "we take it all the same"))
	if partner.Heard(connectors.KindNote) != 1 {
		t.Error("the partner hears nothing")
	}
	citation := town.Citation()
	partner.Borrows(home, connectors.Message{Kind: connectors.KindRequest, RequestID: "ask-1", Service: "loan", Citation: &citation})
	lending := home.Lending()
	partner.Borrows(home, connectors.Message{Kind: connectors.KindNote, RequestID: "ask-1", Note: "any edition will do"})
	reads(t, home, lending, "any edition will do")
	if told := tw.Timeline(lending); strings.Contains(told, "any edition") {
		t.Errorf("what was written stands in the timeline: %s", told)
	}
	tw.Sound()
}

// Whatever kind of message a borrower or a lender may say is taken about a
// request that exists, in whatever state; it is never "no such request".
func TestNoKindOfMessageIsUnknownAboutARequestThatExists(t *testing.T) {
	t.Parallel()
	_, home, partner, _, _ := town.AsksPartner(t, 0)
	citation := town.Citation()
	partner.Borrows(home, connectors.Message{Kind: connectors.KindRequest, RequestID: "ask-1", Service: "loan", Citation: &citation})
	for _, kind := range connectors.EveryKind() {
		message := connectors.Message{Kind: kind, Note: "a note", Service: "loan", Citation: &citation, Reason: connectors.ReasonOther}
		if !kind.FromBorrower() {
			if _, err := partner.Tries(home, message); err != nil {
				t.Errorf("a lender's %s: %v", kind, err)
			}
		}
		if !kind.FromLender() {
			message.RequestID = "ask-1"
			partner.Borrows(home, message) // fails the test where it is refused
		}
	}
}
