package pipeline

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"afield/broker"
)

// defaultLimit is a page's length when none is asked for.
const defaultLimit = 50

// cursorVersion changes when the content of a cursor changes, so that an old one
// is refused and not misread.
const cursorVersion = "1"

// cursors seals keyset positions: opaque, bound to one list with its filters, and
// signed, so that nobody can ask for a position that no page gave.
type cursors struct{ key []byte }

func (c cursors) mac(list, position string) []byte {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte("cursor" + cursorVersion + "\x00" + list + "\x00" + position))
	return mac.Sum(nil)[:12]
}

// bodyHash tells the body of one POST from another. It needs the server's key: a
// body may hold a PIN, whose few values a plain hash would give away.
func (c cursors) bodyHash(body []byte) []byte {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte("body\x00"))
	mac.Write(body)
	return mac.Sum(nil)
}

// seal gives the cursor of a position, or "" at the end of the list.
func (c cursors) seal(list, position string) string {
	if position == "" {
		return ""
	}
	return cursorVersion + base64.RawURLEncoding.EncodeToString(append(c.mac(list, position), position...))
}

// open gives the position back; "" for the first page.
func (c cursors) open(list, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	text, versioned := strings.CutPrefix(cursor, cursorVersion)
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if versioned && err == nil && len(sealed) > 12 {
		if position := string(sealed[12:]); hmac.Equal(sealed[:12], c.mac(list, position)) {
			return position, nil
		}
	}
	return "", broker.Invalid(broker.FieldError{
		Pointer: "query:cursor", Code: "not_a_cursor",
		Message: "must be the next_cursor of an earlier page of this list with these filters",
	})
}

// Size is how long a page is: the limit asked for, or the usual one.
func Size(limit int) int {
	if limit == 0 {
		return defaultLimit
	}
	return limit
}
