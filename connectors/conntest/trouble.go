package conntest

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Fault is one way in which an exchange goes wrong.
type Fault string

// The faults. "Done" faults come after the message was acted on: the sender
// cannot know that it was, and its second try must change nothing.
const (
	None         Fault = ""
	Slow         Fault = "slow"          // answers rightly after Delay
	Silent       Fault = "silent"        // never answers
	ServerError  Fault = "server_error"  // 500
	Unavailable  Fault = "unavailable"   // 503 with Retry-After as an HTTP date
	TooMany      Fault = "too_many"      // 429 with Retry-After in seconds
	Refused      Fault = "refused"       // 422 with a problem
	Unauthorized Fault = "unauthorized"  // 401
	HTML         Fault = "html"          // 200 with a web page
	Redirect     Fault = "redirect"      // 307 to somewhere else
	Reset        Fault = "reset"         // the connection is reset in the middle
	Endless      Fault = "endless"       // 200 and a body without end
	EndlessError Fault = "endless_error" // 400 and a body without end
	Drip         Fault = "drip"          // 200 and one byte now and then
	Garbage      Fault = "garbage"       // 200 and bytes that are not JSON
	Conflict     Fault = "conflict"      // 409 of something in between
	WrongType    Fault = "wrong_type"    // done; rightly answered, labelled text/html
	WrongID      Fault = "wrong_id"      // done; acknowledges another message
	Truncated    Fault = "truncated"     // done; half the answer, then the connection closes
	LostAnswer   Fault = "lost_answer"   // done; the connection is reset before the answer
)

// Trouble is a fault and its settings.
type Trouble struct {
	Fault Fault
	// Delay is how long a slow answer takes, in wall time; 0 means 200 ms.
	Delay time.Duration
	// RetryAfter is what TooMany and Unavailable ask for; 0 means two seconds.
	RetryAfter time.Duration
}

// befall plays a trouble in one exchange. act is the right behaviour; done ends
// when the partner stops. It works for any protocol over HTTP.
func (t Trouble) befall(w http.ResponseWriter, r *http.Request, messageID string, act http.HandlerFunc, done <-chan struct{}) {
	switch t.Fault {
	case None:
		act(w, r)
	case Slow:
		if wait(r, done, orDuration(t.Delay, 200*time.Millisecond)) {
			act(w, r)
		}
	case Silent:
		wait(r, done, time.Hour)
	case ServerError:
		problem(w, http.StatusInternalServerError, "internal", "Something broke here.")
	case Unavailable:
		at := time.Now().Add(orDuration(t.RetryAfter, 2*time.Second) + time.Second)
		w.Header().Set("Retry-After", at.UTC().Format(http.TimeFormat))
		problem(w, http.StatusServiceUnavailable, "closed", "Closed for maintenance.")
	case TooMany:
		seconds := int(orDuration(t.RetryAfter, 2*time.Second) / time.Second)
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		problem(w, http.StatusTooManyRequests, "too_many", "Too many messages.")
	case Refused:
		problem(w, http.StatusUnprocessableEntity, "not_accepted", "We do not take this.")
	case Unauthorized:
		problem(w, http.StatusUnauthorized, "signature_invalid", "The signature does not fit.")
	case HTML:
		write(w, http.StatusOK, "text/html; charset=utf-8", "<!doctype html><title>Welcome</title><p>It works.")
	case Redirect:
		w.Header().Set("Location", "http://localhost/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	case Conflict:
		write(w, http.StatusConflict, "text/html", "<h1>Conflict</h1>")
	case Garbage:
		write(w, http.StatusOK, "application/json", "{\"message_id\":\xff\x00]")
	case Endless:
		pour(w, r, done, http.StatusOK, 32<<10, 0)
	case EndlessError:
		pour(w, r, done, http.StatusBadRequest, 32<<10, 0)
	case Drip:
		pour(w, r, done, http.StatusOK, 1, 20*time.Millisecond)
	case Reset:
		reset(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 80\r\n\r\n{\"mess")
	default:
		t.spoil(w, r, messageID, act)
	}
}

// spoil lets the partner act and then spoils its answer.
func (t Trouble) spoil(w http.ResponseWriter, r *http.Request, messageID string, act http.HandlerFunc) {
	answer := &kept{header: http.Header{}, status: http.StatusOK}
	act(answer, r)
	body := answer.body.Bytes()
	switch t.Fault {
	case WrongType:
		write(w, answer.status, "text/html", string(body))
	case WrongID:
		other := bytes.ReplaceAll(body, []byte(messageID), []byte("another-message"))
		write(w, answer.status, "application/json", string(other))
	case Truncated:
		reset(w, fmt.Sprintf("HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			answer.status, len(body), body[:len(body)/2]))
	case LostAnswer:
		reset(w, "")
	default:
		panic("conntest: no such fault: " + string(t.Fault))
	}
}

// kept is an answer that was not sent.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header             { return k.header }
func (k *kept) WriteHeader(status int)          { k.status = status }
func (k *kept) Write(piece []byte) (int, error) { return k.body.Write(piece) }

// wait tells whether the time passed while the sender was still connected.
func wait(r *http.Request, done <-chan struct{}, delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-done:
	}
	return false
}

// pour writes until the sender closes the connection.
func pour(w http.ResponseWriter, r *http.Request, done <-chan struct{}, status, piece int, pause time.Duration) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write([]byte(`{"message_id":"`)); err != nil {
		return
	}
	chunk := bytes.Repeat([]byte("a"), piece)
	for r.Context().Err() == nil {
		if _, err := w.Write(chunk); err != nil {
			return
		}
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
		if pause > 0 && !wait(r, done, pause) {
			return
		}
	}
}

// reset writes raw bytes, if any, and resets the connection.
func reset(w http.ResponseWriter, first string) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic("conntest: the connection cannot be taken over")
	}
	connection, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	if first != "" {
		_, _ = connection.Write([]byte(first))
	} else if tcp, isTCP := connection.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0) // a reset, not an orderly end
	}
	_ = connection.Close()
}

func write(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func problem(w http.ResponseWriter, status int, code, detail string) {
	write(w, status, "application/problem+json",
		fmt.Sprintf(`{"type":"about:blank","title":%q,"status":%d,"code":%q,"detail":%q}`,
			http.StatusText(status), status, code, detail))
}

func orDuration(given, otherwise time.Duration) time.Duration {
	if given > 0 {
		return given
	}
	return otherwise
}
