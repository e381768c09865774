package letter

import (
	"context"
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"

	"afield/broker"
	"afield/connectors"
)

// Name is what the directory calls this way to reach a library.
const Name = "email"

// Facts are what a mail says of a request beside its message.
type Facts struct {
	// Borrower and Lender are the names of the two libraries.
	Borrower, Lender string
	// Number is the borrower's number of the request.
	Number   int64
	Citation broker.Citation
	Service  string
	NeedBy   broker.Date
	// AnswerBy is the borrower's local day by which an answer is awaited; zero where
	// none is.
	AnswerBy broker.Date
	// Last is the local last day of the link.
	Last broker.Date
}

// Config is what the letters are made of.
type Config struct {
	// Mail hands them to a mail server; nil where none is set up.
	Mail connectors.NoticeSender
	// Address gives this server's own address as others reach it; "" where it is not
	// known.
	Address func() string
	Key     connectors.LinkKey
	// Facts reads what a mail says of the request behind an ask.
	Facts func(ctx context.Context, link connectors.Link) (Facts, error)
}

//go:embed letter.txt
var files embed.FS

// texts are the mails by kind of message, read once; they are embedded.
var texts = template.Must(template.New("").ParseFS(files, "letter.txt"))

// Protocol lists the letters among the ways to reach a library. A library's
// address is its base URL, for example mailto:ill@library.example.org.
func Protocol(config Config) connectors.Protocol {
	says := []connectors.Kind{connectors.KindNote}
	for _, kind := range connectors.EveryKind() {
		if kind.FromBorrower() {
			says = append(says, kind)
		}
	}
	return connectors.Protocol{Name: Name, Outside: true, Sender: sender{config}, Says: says}
}

type sender struct{ Config }

// Send mails a message, once. See connectors.Sender.
func (s sender) Send(ctx context.Context, peer connectors.Peer, message connectors.Message) connectors.Delivery {
	later := func(why string) connectors.Delivery {
		return connectors.Delivery{Outcome: connectors.TryAgain, Detail: why, RetryAfter: waits}
	}
	to, err := broker.Mailto(peer.BaseURL)
	if err != nil {
		return connectors.Delivery{Outcome: connectors.Refused, Detail: "the library's address " + err.Error()}
	}
	address := s.Address()
	if s.Mail == nil {
		return later("no mail server is set up (AFIELD_SMTP)")
	}
	if address == "" {
		return later("the address of this server, which the mail's link needs, is not set (AFIELD_ADDRESS)")
	}
	ask, err := broker.ParseID("request_id", message.RequestID)
	if err != nil {
		return connectors.Delivery{Outcome: connectors.Refused, Detail: "the message is about no request of ours"}
	}
	link := connectors.Link{Library: peer.From, Lender: peer.Library, Ask: ask, Until: message.SentAt.Add(lasts).Truncate(time.Second)}
	facts, err := s.Facts(ctx, link)
	if err != nil {
		return later("what the mail is to say could not be read")
	}
	text, err := compose(facts, message, strings.TrimSuffix(address, "/")+connectors.LinkPath+s.Key.Sign(link))
	if err != nil {
		return connectors.Delivery{Outcome: connectors.Refused, Detail: err.Error()}
	}
	return s.Mail.SendNotice(ctx, connectors.Notice{
		ID: message.ID, Channel: "email", To: to, Library: facts.Borrower, Language: "en", Text: text,
		Subject: fmt.Sprintf("Request %d: %s", facts.Number, facts.Citation.Named()),
	})
}

// lasts is how long a link can be used after its mail.
const lasts = 30 * 24 * time.Hour

// waits is how long a letter waits for what only the operator can mend.
const waits = 10 * time.Minute

func compose(facts Facts, message connectors.Message, link string) (string, error) {
	var text strings.Builder
	err := texts.ExecuteTemplate(&text, "letter", struct {
		Facts
		Message connectors.Message
		Link    string
	}{facts, message, link})
	if err != nil {
		return "", fmt.Errorf("write a letter: %w", err)
	}
	return strings.TrimSpace(text.String()) + "\n", nil
}
