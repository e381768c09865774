package partner_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"testing"
	"time"

	"afield/broker"
	"afield/connectors/conntest/suite"
	"afield/connectors/partner"
	"afield/connectors/wire"
)

func signed(t *testing.T, secret []byte, at time.Time) (http.Header, []byte) {
	t.Helper()
	message := suite.Request()
	body, err := partner.Encode(message)
	if err != nil {
		t.Fatal(err)
	}
	header, err := wire.Sign(secret, message.ID, at, body)
	if err != nil {
		t.Fatal(err)
	}
	return header, body
}

func TestOpenTakesWhatWasSignedNow(t *testing.T) {
	t.Parallel()
	secret, now := bytes.Repeat([]byte("k"), 32), time.Now()
	for _, skew := range []time.Duration{0, -4 * time.Minute, 4 * time.Minute} {
		header, body := signed(t, secret, now.Add(skew))
		if _, err := partner.Open(secret, header, body, now); err != nil {
			t.Errorf("signed %s from now: %v", skew, err)
		}
	}
}

// A correctly signed message that somebody kept for thirty days is refused.
func TestOldAndFutureSignaturesAreRefused(t *testing.T) {
	t.Parallel()
	secret, now := bytes.Repeat([]byte("k"), 32), time.Now()
	for _, test := range []struct {
		at    time.Time
		cause error
		code  string
	}{
		{now.AddDate(0, 0, -30), wire.ErrTooOld, "message_too_old"},
		{now.Add(-6 * time.Minute), wire.ErrTooOld, "message_too_old"},
		{now.Add(6 * time.Minute), wire.ErrTooNew, "message_too_new"},
	} {
		header, body := signed(t, secret, test.at)
		_, err := partner.Open(secret, header, body, now)
		ours, ok := broker.AsError(err)
		if !errors.Is(err, test.cause) || !ok || ours.Code != test.code || ours.Kind != broker.KindUnauthenticated {
			t.Errorf("signed at %s: %v, want %s", test.at, err, test.code)
		}
	}
}

func TestForgedCallsAreRefused(t *testing.T) {
	t.Parallel()
	secret, now := bytes.Repeat([]byte("k"), 32), time.Now()
	for name, forge := range map[string]func(http.Header, []byte) ([]byte, []byte){
		"other body":   func(_ http.Header, body []byte) ([]byte, []byte) { return secret, append(body, ' ') },
		"other secret": func(_ http.Header, body []byte) ([]byte, []byte) { return bytes.Repeat([]byte("x"), 32), body },
		"no secret":    func(_ http.Header, body []byte) ([]byte, []byte) { return nil, body },
		"other id": func(h http.Header, body []byte) ([]byte, []byte) {
			h.Set(wire.HeaderID, "other")
			return secret, body
		},
		"later time": func(h http.Header, body []byte) ([]byte, []byte) {
			h.Set(wire.HeaderTimestamp, "1")
			return secret, body
		},
		"no signature": func(h http.Header, body []byte) ([]byte, []byte) {
			h.Del(wire.HeaderSignature)
			return secret, body
		},
		"no time": func(h http.Header, body []byte) ([]byte, []byte) {
			h.Set(wire.HeaderTimestamp, "soon")
			return secret, body
		},
	} {
		header, body := signed(t, secret, now)
		against, body := forge(header, body)
		if _, err := partner.Open(against, header, body, now); !broker.IsKind(err, broker.KindUnauthenticated) {
			t.Errorf("%s: %v, want unauthenticated", name, err)
		}
	}
}

func TestTheSignedIDMustBeTheMessagesOwn(t *testing.T) {
	t.Parallel()
	secret, now := bytes.Repeat([]byte("k"), 32), time.Now()
	_, body := signed(t, secret, now)
	header, err := wire.Sign(secret, "another-id", now, body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := partner.Open(secret, header, body, now); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("%v, want invalid", err)
	}
}

// The example of the Standard Webhooks specification.
func TestSignatureFitsTheStandardsExample(t *testing.T) {
	t.Parallel()
	const given = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	secret, err := base64.StdEncoding.DecodeString(given)
	if err != nil {
		t.Fatal(err)
	}
	header, err := wire.Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := header.Get(wire.HeaderSignature), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature = %s, want %s", got, want)
	}
	if text := wire.SecretText(secret); text != "whsec_"+given {
		t.Errorf("the secret is given as %s", text)
	}
}

func TestCallerAndSpeaker(t *testing.T) {
	t.Parallel()
	header := http.Header{}
	if _, err := partner.Caller(header); !broker.IsKind(err, broker.KindUnauthenticated) {
		t.Errorf("%v, want unauthenticated", err)
	}
	header.Set(wire.HeaderLibrary, "isil:us-lender")
	if caller, err := partner.Caller(header); err != nil || caller != broker.NewSymbol("ISIL", "US-LENDER") {
		t.Errorf("caller = %s, %v", caller, err)
	}
	if speaker, known := partner.Speaker(suite.Request()); !known || speaker != broker.NewSymbol("ISIL", "US-BORROWER") {
		t.Errorf("speaker = %s, %t; want the borrower", speaker, known)
	}
}
