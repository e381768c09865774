package partner

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"afield/broker"
	"afield/connectors"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The headers of a signed call. The first three are those of Standard Webhooks.
const (
	HeaderID        = standardwebhooks.HeaderWebhookID
	HeaderTimestamp = standardwebhooks.HeaderWebhookTimestamp
	HeaderSignature = standardwebhooks.HeaderWebhookSignature
	// HeaderLibrary names the library that calls, as NAMESPACE:VALUE. It tells
	// the receiver whose secret to check with, and proves nothing by itself.
	HeaderLibrary = "library-symbol"
)

const (
	// Tolerance is how far a timestamp may be from the receiver's wall clock.
	Tolerance = 5 * time.Minute
	// MinSecret is the shortest secret that is used, in bytes: an empty or
	// guessable one would let anybody sign.
	MinSecret = 16
	// secretPrefix marks a secret in its text form.
	secretPrefix = "whsec_"
)

// The causes when a call's signature is right but its timestamp is not: a replay,
// or a clock that is wrong. They are found with errors.Is.
var (
	ErrTooOld = errors.New("signed too long ago")
	ErrTooNew = errors.New("signed in the future")
)

// Sign gives the three signature headers for a body that is sent at a moment of
// the wall clock. It fails only on a secret shorter than MinSecret.
func Sign(secret []byte, id string, at time.Time, body []byte) (http.Header, error) {
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("sign for a partner: the secret is shorter than %d bytes", MinSecret)
	}
	signer, err := standardwebhooks.NewWebhookRaw(secret)
	if err != nil {
		return nil, fmt.Errorf("sign for a partner: %w", err)
	}
	signature, err := signer.Sign(id, at, body)
	if err != nil {
		return nil, fmt.Errorf("sign for a partner: %w", err)
	}
	header := http.Header{}
	header.Set(HeaderID, id)
	header.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	header.Set(HeaderSignature, signature)
	return header, nil
}

// Verify checks that a body was signed with the secret and not long ago; now is
// the wall clock, never business time. Errors are broker.KindUnauthenticated with
// code signature_missing, signature_invalid, message_too_old (cause ErrTooOld) or
// message_too_new (cause ErrTooNew). The timestamp is judged after the signature,
// so only a caller who has the secret learns about our clock.
func Verify(secret []byte, headers http.Header, body []byte, now time.Time) error {
	if len(secret) < MinSecret {
		return unauthenticated("signature_invalid", "No usable secret is on file for this partner.", nil)
	}
	verifier, err := standardwebhooks.NewWebhookRaw(secret)
	if err != nil {
		return fmt.Errorf("check a partner's signature: %w", err)
	}
	if err := verifier.VerifyIgnoringTimestamp(body, headers); err != nil {
		if errors.Is(err, standardwebhooks.ErrRequiredHeaders) {
			return unauthenticated("signature_missing", "The call is not signed: "+HeaderID+", "+HeaderTimestamp+
				" and "+HeaderSignature+" are required.", err)
		}
		return unauthenticated("signature_invalid", "The signature does not fit.", err)
	}
	seconds, err := strconv.ParseInt(headers.Get(HeaderTimestamp), 10, 64)
	if err != nil {
		return unauthenticated("signature_invalid", "The timestamp is not a number of seconds.", err)
	}
	signed := time.Unix(seconds, 0)
	switch {
	case now.Sub(signed) > Tolerance:
		return unauthenticated("message_too_old", "The call was signed more than five minutes ago; sign it anew.", ErrTooOld)
	case signed.Sub(now) > Tolerance:
		return unauthenticated("message_too_new", "The call was signed more than five minutes in the future.", ErrTooNew)
	}
	return nil
}

// VerifyQuery checks the signature of an availability look-up, which has no
// body: rawQuery is the query as it came, without the question mark.
func VerifyQuery(secret []byte, headers http.Header, rawQuery string, now time.Time) error {
	return Verify(secret, headers, signedQuery(rawQuery), now)
}

func signedQuery(rawQuery string) []byte { return []byte("GET availability?" + rawQuery) }

// Open checks the signature and reads the message, in this order, and makes sure
// that the signed id is the message's own. The caller must check who the message
// speaks for: Speaker must resolve to the library whose secret matched.
func Open(secret []byte, headers http.Header, body []byte, now time.Time) (connectors.Message, error) {
	if err := Verify(secret, headers, body, now); err != nil {
		return connectors.Message{}, err
	}
	message, err := Decode(body)
	if err != nil {
		return connectors.Message{}, err
	}
	if message.ID != headers.Get(HeaderID) {
		return connectors.Message{}, broker.Invalid(broker.FieldError{
			Pointer: "/id", Code: "wrong_id",
			Message: "must equal the header " + HeaderID,
		})
	}
	return message, nil
}

// Caller reads which library says it is calling. The error is
// broker.KindUnauthenticated.
func Caller(headers http.Header) (broker.Symbol, error) {
	symbol, err := broker.ParseSymbol(headers.Get(HeaderLibrary))
	if err != nil {
		return broker.Symbol{}, unauthenticated("caller_missing",
			"The header "+HeaderLibrary+" must name the calling library as NAMESPACE:VALUE.", err)
	}
	return symbol, nil
}

// Speaker gives the library in whose name a message speaks. It is false for a
// note, which either side may send.
func Speaker(message connectors.Message) (broker.Symbol, bool) {
	switch {
	case message.Kind.FromLender():
		return message.Lender, true
	case message.Kind.FromBorrower():
		return message.Borrower, true
	}
	return broker.Symbol{}, false
}

// SecretText writes a secret the way partners are given it: whsec_ and base64.
func SecretText(secret []byte) string {
	return secretPrefix + base64.StdEncoding.EncodeToString(secret)
}

func unauthenticated(code, detail string, cause error) *broker.Error {
	return &broker.Error{Kind: broker.KindUnauthenticated, Code: code, Detail: detail, Cause: cause}
}
