package mail_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// server is a mail server for tests that can misbehave: answer gives what it says
// to a verb ("EHLO", "MAIL", "RCPT", "." …) instead of the usual answer; "close"
// closes the connection, "hang" says nothing more.
type server struct {
	listener net.Listener
	trust    *x509.CertPool
	tls      *tls.Config
	starttls bool
	answer   map[string]string

	mu    sync.Mutex
	mails []string
}

func newServer(t *testing.T, starttls bool, answer map[string]string) *server {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{listener: listener, starttls: starttls, answer: answer}
	s.certify(t)
	var talks sync.WaitGroup
	done := make(chan struct{})
	talks.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			talks.Go(func() {
				defer connection.Close()
				s.talk(connection, done)
			})
		}
	})
	t.Cleanup(func() {
		close(done)
		_ = listener.Close()
		talks.Wait()
	})
	return s
}

func (s *server) certify(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	s.trust = x509.NewCertPool()
	s.trust.AddCert(certificate)
	s.tls = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}

// talk is one conversation.
func (s *server) talk(connection net.Conn, done <-chan struct{}) {
	lines := bufio.NewReader(connection)
	say := func(verb, usual string) bool {
		text, set := s.answer[verb]
		if !set {
			text = usual
		}
		switch text {
		case "close":
			return false
		case "hang":
			<-done
			return false
		}
		_, err := connection.Write([]byte(text + "\r\n"))
		return err == nil
	}
	if !say("greeting", "220 ready") {
		return
	}
	encrypted := false
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		verb := strings.ToUpper(strings.Fields(line + " -")[0])
		usual := "250 2.0.0 fine"
		switch verb {
		case "EHLO":
			usual = "250-localhost\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN"
			if s.starttls && !encrypted {
				usual = "250-localhost\r\n250-ENHANCEDSTATUSCODES\r\n250-AUTH PLAIN\r\n250 STARTTLS"
			}
		case "DATA":
			usual = "354 go on"
		case "QUIT":
			usual = "221 bye"
		case "AUTH":
			usual = "235 2.7.0 welcome"
		case "STARTTLS":
			usual = "220 go on"
		}
		if !say(verb, usual) {
			return
		}
		switch {
		case verb == "STARTTLS":
			secret := tls.Server(connection, s.tls)
			connection, lines, encrypted = secret, bufio.NewReader(secret), true
		case verb == "DATA" && s.answer["DATA"] == "":
			var mail strings.Builder
			for line != ".\r\n" {
				if line, err = lines.ReadString('\n'); err != nil {
					return
				}
				mail.WriteString(line)
			}
			s.mu.Lock()
			s.mails = append(s.mails, mail.String())
			s.mu.Unlock()
			if !say(".", "250 2.0.0 taken") {
				return
			}
		}
	}
}

func (s *server) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mails
}
