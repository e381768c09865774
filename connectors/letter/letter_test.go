package letter_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/letter"
)

// post keeps the mails it is given.
type post struct{ mails []connectors.Notice }

func (p *post) SendNotice(_ context.Context, notice connectors.Notice) connectors.Delivery {
	p.mails = append(p.mails, notice)
	return connectors.Delivery{Outcome: connectors.Delivered}
}

var (
	key = connectors.LinkKey("a key of thirty-two bytes, made up")
	now = time.Date(2026, 8, 3, 15, 0, 0, 0, time.UTC)
)

func protocol(mail connectors.NoticeSender, address string) connectors.Protocol {
	return letter.Protocol(letter.Config{
		Mail: mail, Address: func() string { return address }, Key: key,
		Facts: func(_ context.Context, link connectors.Link) (letter.Facts, error) {
			return letter.Facts{
				Borrower: "Westport Library", Lender: "Hills Library", Number: 10056, Service: "loan", NeedBy: broker.MustDate("2026-09-01"),
				Citation: broker.Citation{Title: "The Living Mountain", Author: "Shepherd, Nan", ISBN: "9780857861832"},
				AnswerBy: broker.MustDate("2026-08-07"), Last: broker.DateIn(link.Until, time.UTC),
			}, nil
		},
	})
}

func peer() connectors.Peer {
	return connectors.Peer{Library: broker.NewID(), From: broker.NewID(), Protocol: letter.Name, BaseURL: "mailto:ill@hills.example"}
}

// Every kind of message a borrower says is a mail with its own words, the title and
// one link, which leads back to the ask.
func TestEveryMessageIsAMailWithOneLink(t *testing.T) {
	t.Parallel()
	said := map[string]connectors.Kind{}
	for _, kind := range protocol(nil, "").Says {
		box, to, ask := &post{}, peer(), broker.NewID()
		message := connectors.Message{ID: "m-" + string(kind), Kind: kind, RequestID: ask.String(), SentAt: now, Note: "Is it the second edition?", MaxCost: &broker.Money{Minor: 500, Currency: "USD"}}
		speaks := protocol(box, "https://ill.example/")
		for range 2 {
			if got := speaks.Sender.Send(t.Context(), to, message); got.Outcome != connectors.Delivered {
				t.Fatalf("%s: %+v", kind, got)
			}
		}
		first, second := box.mails[0], box.mails[1]
		if first != second || first.ID != message.ID || first.To != "ill@hills.example" {
			t.Errorf("%s: sent again it is another mail: %+v", kind, second)
		}
		if strings.Contains(first.Text, "<no value>") || !strings.Contains(first.Text+first.Subject, "The Living Mountain") || !strings.Contains(first.Text, "2026-09-02") {
			t.Errorf("%s: %s", kind, first.Text)
		}
		body, _, _ := strings.Cut(first.Text, "Your answer, without")
		if other, twice := said[body]; twice {
			t.Errorf("%s and %s say the same", kind, other)
		}
		said[body] = kind
		_, rest, found := strings.Cut(first.Text, "https://ill.example"+connectors.LinkPath)
		token, _, _ := strings.Cut(rest, "\n")
		link, err := key.Read(token, now)
		if !found || err != nil || link.Ask != ask || link.Lender != to.Library || link.Library != to.From {
			t.Errorf("%s: the link is %q: %+v, %v", kind, token, link, err)
		}
	}
	var box post
	article := letter.Config{Mail: &box, Address: func() string { return "https://ill.example" }, Key: key, Facts: func(context.Context, connectors.Link) (letter.Facts, error) {
		return letter.Facts{Service: "copy", Citation: broker.Citation{
			Title: "Journal of the Sea", Volume: "12", Issue: "3", Pages: "17-29", PartTitle: "On tides", PartAuthor: "Rill, Beth", ISSN: "1064-3923", DOI: "10.1000/182", PMID: "12345",
		}}, nil
	}}
	letter.Protocol(article).Sender.Send(t.Context(), peer(), connectors.Message{ID: "a", Kind: connectors.KindRequest, RequestID: broker.NewID().String(), SentAt: now})
	for _, want := range []string{"Issue: 3", "Pages: 17-29", "On tides, by Rill, Beth", "ISSN 1064-3923", "DOI 10.1000/182", "PMID 12345"} {
		if len(box.mails) != 1 || !strings.Contains(box.mails[0].Text, want) || !strings.Contains(box.mails[0].Subject, "On tides (Journal of the Sea)") {
			t.Errorf("an article's mail lacks %q: %+v", want, box.mails)
		}
	}
	if len(said) < 10 {
		t.Errorf("only %d kinds are said", len(said))
	}
}

func TestARequestSaysWhatIsAsked(t *testing.T) {
	t.Parallel()
	box := &post{}
	protocol(box, "https://ill.example").Sender.Send(t.Context(), peer(), connectors.Message{
		ID: "m", Kind: connectors.KindRequest, RequestID: broker.NewID().String(), SentAt: now, MaxCost: &broker.Money{Minor: 500, Currency: "USD"},
	})
	for _, part := range []string{"Hills Library", "Westport Library asks you to lend", "Shepherd, Nan", "ISBN 9780857861832", "Needed by: 2026-09-01", "up to: 5.00 USD", "answer by 2026-08-07", "10056"} {
		if !strings.Contains(box.mails[0].Text, part) {
			t.Errorf("%q is missing in\n%s", part, box.mails[0].Text)
		}
	}
}

// What the operator can mend waits; what nobody can mend is refused.
func TestWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	box := &post{}
	message := connectors.Message{ID: "m", Kind: connectors.KindRequest, RequestID: broker.NewID().String(), SentAt: now}
	nowhere := peer()
	nowhere.BaseURL = "https://hills.example"
	strange := message
	strange.RequestID = "theirs"
	for what, got := range map[string]struct {
		delivery connectors.Delivery
		want     connectors.Outcome
	}{
		"no mail server": {protocol(nil, "https://ill.example").Sender.Send(t.Context(), peer(), message), connectors.TryAgain},
		"no address":     {protocol(box, "").Sender.Send(t.Context(), peer(), message), connectors.TryAgain},
		"no mailbox":     {protocol(box, "https://ill.example").Sender.Send(t.Context(), nowhere, message), connectors.Refused},
		"no request":     {protocol(box, "https://ill.example").Sender.Send(t.Context(), peer(), strange), connectors.Refused},
	} {
		if got.delivery.Outcome != got.want || got.delivery.Detail == "" {
			t.Errorf("%s: %+v", what, got.delivery)
		}
	}
	if len(box.mails) > 0 {
		t.Errorf("%d mails were sent", len(box.mails))
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	link := connectors.Link{Library: broker.NewID(), Lender: broker.NewID(), Ask: broker.NewID(), Until: now}
	token := key.Sign(link)
	if got, err := key.Read(token, now); err != nil || got.Ask != link.Ask || !got.Until.Equal(link.Until) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := key.Read(token, now.Add(time.Second)); !broker.IsKind(err, broker.KindConflict) {
		t.Errorf("after its end: %v", err)
	}
	other := connectors.LinkKey("another key, also of many bytes.")
	if _, err := other.Read(token, now); !broker.IsKind(err, broker.KindNotFound) {
		t.Errorf("of another server: %v", err)
	}
	for at := range len(token) { // whichever sign is changed
		changed := []byte(token)
		if changed[at]++; changed[at] == '{' || changed[at] == ':' || changed[at] == '[' {
			changed[at] = 'a'
		}
		got, err := key.Read(string(changed), now)
		if err == nil && got != link || err == nil && at < len(token)-1 {
			t.Errorf("sign %d may be changed", at)
		}
	}
}
