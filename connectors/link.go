package connectors

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"afield/broker"
)

// LinkPath is where the pages are on which lenders without a system answer; the
// token of a link follows.
const LinkPath = "/a/"

// Link is what the address in a letter to a lender stands for: nothing is stored
// for it.
type Link struct {
	// Library is the borrower, Lender who is asked, Ask the id of asking this one
	// lender (Message.RequestID).
	Library, Lender, Ask broker.ID
	// Until is when it stops working, in whole seconds.
	Until time.Time
}

// LinkKey signs links.
type LinkKey []byte

// macBytes of the signature are kept: 16 are beyond guessing.
const macBytes = 16

const linkBytes = 3*16 + 8

// Sign gives the token of a link. The same link has the same token.
func (k LinkKey) Sign(link Link) string {
	body := make([]byte, 0, linkBytes+macBytes)
	for _, id := range []broker.ID{link.Library, link.Lender, link.Ask} {
		body = append(body, id[:]...)
	}
	body = binary.BigEndian.AppendUint64(body, uint64(link.Until.Unix())) //nolint:gosec // no mail is from before 1970
	return base64.RawURLEncoding.EncodeToString(append(body, k.mac(body)...))
}

func (k LinkKey) mac(body []byte) []byte {
	mac := hmac.New(sha256.New, k)
	mac.Write([]byte("letter "))
	mac.Write(body)
	return mac.Sum(nil)[:macBytes]
}

// Read gives the link of a token. One that we did not sign is not found; one that
// has ended is refused, with the link, so that whom to ask can still be said.
func (k LinkKey) Read(token string, now time.Time) (Link, error) {
	body, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(body) != linkBytes+macBytes || !hmac.Equal(k.mac(body[:linkBytes]), body[linkBytes:]) {
		return Link{}, broker.NotFound("link")
	}
	link := Link{Until: time.Unix(int64(binary.BigEndian.Uint64(body[48:])), 0)} //nolint:gosec // we wrote it
	copy(link.Library[:], body)
	copy(link.Lender[:], body[16:])
	copy(link.Ask[:], body[32:])
	if now.After(link.Until) {
		return link, &broker.Error{
			Kind: broker.KindConflict, Code: "link_ended",
			Detail: "This link has ended. Every later mail about the request has a new one; or write to the library that asked.",
		}
	}
	return link, nil
}
