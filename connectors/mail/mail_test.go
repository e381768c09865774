package mail_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"afield/connectors"
	"afield/connectors/mail"
)

func notice() connectors.Notice {
	return connectors.Notice{
		ID: "0190c0de-0000-7000-8000-000000000001", Channel: "email", To: "adult@example.org", Library: "Westport Library",
		Subject: "Prêt à emporter", Text: "Moby Dick vous attend.", Language: "fr",
	}
}

// sender talks to a server with the encryption that is asked for.
func sender(t *testing.T, s *server, encryption mail.Encryption, user string) *mail.Sender {
	t.Helper()
	config := mail.Config{
		Host: "127.0.0.1", Port: s.listener.Addr().(*net.TCPAddr).Port, Encryption: encryption,
		From: "notices@example.org", Timeout: 5 * time.Second,
	}
	if user != "" {
		config.User, config.Password = user, "a long password"
	}
	if s.answer["slow"] != "" {
		config.Timeout = 100 * time.Millisecond
	}
	made, err := mail.New(config)
	if err != nil {
		t.Fatal(err)
	}
	made.Trust(s.trust)
	return made
}

func TestAMailSaysWhoFromWhatAndItsID(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		starttls   bool
		encryption mail.Encryption
		user       string
	}{
		"encrypted, signed in": {true, mail.StartTLS, "afield"},
		"plain":                {false, mail.Plain, ""},
	} {
		s := newServer(t, c.starttls, nil)
		delivery := sender(t, s, c.encryption, c.user).SendNotice(t.Context(), notice())
		if delivery.Outcome != connectors.Delivered || len(s.taken()) != 1 {
			t.Fatalf("%s: %+v, %d mails", name, delivery, len(s.taken()))
		}
		for _, line := range []string{
			"Message-ID: <0190c0de-0000-7000-8000-000000000001@example.org>", `From: "Westport Library" <notices@example.org>`,
			"To: <adult@example.org>", "Auto-Submitted: auto-generated", "Content-Language: fr", "Moby Dick vous attend.",
		} {
			if !strings.Contains(s.taken()[0], line) {
				t.Errorf("%s: no %q in\n%s", name, line, s.taken()[0])
			}
		}
	}
}

// Line ends in what a mail says make no header and nobody else its reader: it goes out
// with them written otherwise, or not at all.
func TestLineEndsMakeNoHeaders(t *testing.T) {
	t.Parallel()
	const more = "a title\r\nBcc: other@example.org\r\n\r\nand more"
	for name, change := range map[string]func(*connectors.Notice){
		"subject": func(n *connectors.Notice) { n.Subject = more }, "library": func(n *connectors.Notice) { n.Library = more },
		"language": func(n *connectors.Notice) { n.Language = more }, "to": func(n *connectors.Notice) { n.To = "adult@example.org\r\nBcc: other@example.org" },
		"id": func(n *connectors.Notice) { n.ID = more },
	} {
		s, one := newServer(t, false, nil), notice()
		change(&one)
		delivery := sender(t, s, mail.Plain, "").SendNotice(t.Context(), one)
		for _, sent := range s.taken() {
			head, _, _ := strings.Cut(strings.ReplaceAll(sent, "\r\n", "\n"), "\n\n")
			if strings.Contains("\n"+head, "\nBcc:") || !strings.Contains(head, "Auto-Submitted") {
				t.Errorf("%s, which came to %+v: the head is\n%s", name, delivery, head)
			}
		}
	}
}

func TestServersThatMisbehave(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer map[string]string
		want   connectors.Outcome
		detail string
	}{
		"too busy at the door":        {map[string]string{"greeting": "421 4.3.2 too busy"}, connectors.TryAgain, "not ready (421)"},
		"too busy for a mail":         {map[string]string{"MAIL": "421 4.3.2 too busy"}, connectors.TryAgain, "later (421 4.3.2)"},
		"no such address":             {map[string]string{"RCPT": "550 5.1.1 no adult@example.org here"}, connectors.Refused, "refuses the address on file (550 5.1.1)"},
		"greylisted":                  {map[string]string{"RCPT": "450 4.2.0 adult@example.org come back"}, connectors.TryAgain, "later (450 4.2.0)"},
		"our own address is refused":  {map[string]string{"MAIL": "550 5.7.1 who are you"}, connectors.TryAgain, "notices come from (550 5.7.1)"},
		"the mail is refused":         {map[string]string{".": "554 5.7.1 looks like rubbish"}, connectors.Refused, "refuses the mail (554 5.7.1)"},
		"full for now":                {map[string]string{".": "452 4.3.1 full"}, connectors.TryAgain, "later (452 4.3.1)"},
		"breaks off before the end":   {map[string]string{".": "close"}, connectors.TryAgain, "broke off"},
		"breaks off at the door":      {map[string]string{"greeting": "close"}, connectors.TryAgain, "broke off"},
		"hangs":                       {map[string]string{"RCPT": "hang", "slow": "yes"}, connectors.TryAgain, "in time"},
		"hangs at the door":           {map[string]string{"greeting": "hang", "slow": "yes"}, connectors.TryAgain, "in time"},
		"does not part well":          {map[string]string{"QUIT": "close"}, connectors.Delivered, ""},
		"speaks something else":       {map[string]string{"greeting": "HTTP/1.1 400 Bad Request"}, connectors.TryAgain, "failed"},
		"wrong password":              {map[string]string{"AUTH": "535 5.7.8 no"}, connectors.TryAgain, "user or password (535)"},
		"breaks off instead of going": {map[string]string{"DATA": "close"}, connectors.TryAgain, "broke off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, true, c.answer)
			delivery := sender(t, s, mail.StartTLS, "afield").SendNotice(t.Context(), notice())
			if delivery.Outcome != c.want || !strings.Contains(delivery.Detail, c.detail) || strings.Contains(delivery.Detail, "adult") {
				t.Errorf("%+v, want %s with %q", delivery, c.want, c.detail)
			}
		})
	}
}

func TestNothingIsSaidWithoutEncryption(t *testing.T) {
	t.Parallel()
	s := newServer(t, false, nil)
	delivery := sender(t, s, mail.StartTLS, "afield").SendNotice(t.Context(), notice())
	if delivery.Outcome != connectors.TryAgain || !strings.Contains(delivery.Detail, "does not encrypt") || len(s.taken()) != 0 {
		t.Errorf("%+v, %d mails", delivery, len(s.taken()))
	}
	stranger := newServer(t, true, nil)
	made := sender(t, stranger, mail.StartTLS, "afield")
	made.Trust(s.trust) // of another authority
	if delivery := made.SendNotice(t.Context(), notice()); delivery.Outcome != connectors.TryAgain || !strings.Contains(delivery.Detail, "certificate is not trusted") {
		t.Errorf("%+v", delivery)
	}
	gone := newServer(t, true, nil)
	made = sender(t, gone, mail.StartTLS, "")
	_ = gone.listener.Close()
	if delivery := made.SendNotice(t.Context(), notice()); delivery.Outcome != connectors.TryAgain || !strings.Contains(delivery.Detail, "refuses connections") {
		t.Errorf("%+v", delivery)
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, true, nil)
	for _, to := range []string{"", "not an address", "a@b\r\nBcc: c@d"} {
		wrong := notice()
		wrong.To = to
		if delivery := sender(t, s, mail.StartTLS, "").SendNotice(t.Context(), wrong); delivery.Outcome != connectors.Refused {
			t.Errorf("%q: %+v", to, delivery)
		}
	}
}

func TestConfiguration(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]string{
		"smtp://afield:secret@mail.example.org": "smtp://afield@mail.example.org:587",
		"smtps://mail.example.org":              "smtps://mail.example.org:465",
		"smtp+plain://127.0.0.1:2525":           "smtp+plain://127.0.0.1:2525",
	} {
		config, err := mail.ParseConfig(server, "notices@example.org", "")
		if err != nil || config.String() != want {
			t.Errorf("%s: %q, %v", server, config, err)
		}
	}
	for _, c := range [][3]string{
		{"mail.example.org", "notices@example.org", ""},
		{"http://mail.example.org", "notices@example.org", ""},
		{"smtp://mail.example.org", "the library", ""},
		{"smtp://afield@mail.example.org", "notices@example.org", ""},
		{"smtp://mail.example.org", "notices@example.org", "secret"},
		{"smtp+plain://afield:secret@mail.example.org", "notices@example.org", ""},
		{"smtp://mail.example.org:99999", "notices@example.org", ""},
	} {
		if _, err := mail.ParseConfig(c[0], c[1], c[2]); err == nil || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%q: %v", c, err)
		}
	}
}
