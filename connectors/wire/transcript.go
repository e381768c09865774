package wire

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"afield/connectors/line"
)

// maxRaw bounds the text kept of one direction; both together stay under 64 KB.
const maxRaw = 31 << 10

// loggedHeaders are the only ones written down: no signature, cookie or token.
func loggedHeaders() []string {
	return []string{
		"Content-Type", HeaderLibrary, HeaderID, HeaderTimestamp,
		"Date", "Retry-After", "Location", "Server",
	}
}

// LogText gives the wire text of one direction for the message log: start line,
// harmless headers and body, at most 31 KB, always storable as text.
func LogText(start string, header http.Header, body []byte) string {
	var text strings.Builder
	text.WriteString(OneLine(Clip(start, 2000)) + "\n")
	for _, name := range loggedHeaders() {
		if content := header.Get(name); content != "" {
			text.WriteString(strings.ToLower(name) + ": " + OneLine(Clip(content, 500)) + "\n")
		}
	}
	text.WriteString("\n")
	// A NUL is valid UTF-8 but PostgreSQL cannot keep it.
	text.WriteString(strings.ReplaceAll(Clip(string(body), maxRaw-text.Len()-16), "\x00", "�"))
	return Clip(text.String(), maxRaw)
}

// Transcript gives both directions of one call. A peer may echo what it received,
// so the signature and the other secrets are removed from the answer too.
func Transcript(method string, target *url.URL, header http.Header, body []byte, got line.Answer, secrets ...string) string {
	text := LogText(method+" "+target.RequestURI(), header, body) + "\n\n"
	if got.Status == 0 {
		text += "(no answer: " + WhyNot(got) + ")"
	} else {
		text += LogText(fmt.Sprintf("HTTP %d", got.Status), got.Header, got.Body)
		if got.Err != nil {
			text += "\n(the answer is not whole: " + WhyNot(got) + ")"
		}
	}
	if signature := strings.TrimPrefix(header.Get(HeaderSignature), "v1,"); signature != "" {
		text = strings.ReplaceAll(text, signature, "[signature]")
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return text
}
