package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"afield/broker"

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
	// SecretPrefix marks a secret in its text form.
	SecretPrefix = "whsec_"
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
		return nil, fmt.Errorf("sign for a peer: the secret is shorter than %d bytes", MinSecret)
	}
	signer, err := standardwebhooks.NewWebhookRaw(secret)
	if err != nil {
		return nil, fmt.Errorf("sign for a peer: %w", err)
	}
	signature, err := signer.Sign(id, at, body)
	if err != nil {
		return nil, fmt.Errorf("sign for a peer: %w", err)
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
		return Unauthenticated("signature_invalid", "No usable secret is on file for this peer.", nil)
	}
	verifier, err := standardwebhooks.NewWebhookRaw(secret)
	if err != nil {
		return fmt.Errorf("check a peer's signature: %w", err)
	}
	if err := verifier.VerifyIgnoringTimestamp(body, headers); err != nil {
		if errors.Is(err, standardwebhooks.ErrRequiredHeaders) {
			return Unauthenticated("signature_missing", "The call is not signed: "+HeaderID+", "+HeaderTimestamp+
				" and "+HeaderSignature+" are required.", err)
		}
		return Unauthenticated("signature_invalid", "The signature does not fit.", err)
	}
	seconds, err := strconv.ParseInt(headers.Get(HeaderTimestamp), 10, 64)
	if err != nil {
		return Unauthenticated("signature_invalid", "The timestamp is not a number of seconds.", err)
	}
	signed := time.Unix(seconds, 0)
	switch {
	case now.Sub(signed) > Tolerance:
		return Unauthenticated("message_too_old", "The call was signed more than five minutes ago; sign it anew.", ErrTooOld)
	case signed.Sub(now) > Tolerance:
		return Unauthenticated("message_too_new", "The call was signed more than five minutes in the future.", ErrTooNew)
	}
	return nil
}

// SecretText writes a secret the way partners are given it: whsec_ and base64.
func SecretText(secret []byte) string {
	return SecretPrefix + base64.StdEncoding.EncodeToString(secret)
}

// Unauthenticated makes the error of a call whose sender is not proved.
func Unauthenticated(code, detail string, cause error) *broker.Error {
	return &broker.Error{Kind: broker.KindUnauthenticated, Code: code, Detail: detail, Cause: cause}
}
