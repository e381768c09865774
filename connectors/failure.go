package connectors

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// RetryAfter reads Retry-After as seconds or as an HTTP date (RFC 9110, section
// 10.2.3), at most longest; what cannot be read counts as not given.
func RetryAfter(header http.Header, now time.Time, longest time.Duration) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	var wait time.Duration
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longest)
}

// WhyNoAnswer says in plain words why the other side, such as "the peer", gave no
// answer; "" where the error is of another kind. The words never contain an
// address, whose query may say what a patron looks for.
func WhyNoAnswer(who string, err error) string {
	var timeout net.Error
	var dns *net.DNSError
	switch {
	case errors.Is(err, ErrPrivateAddress):
		return who + " lives on a private address, which is not allowed"
	case errors.Is(err, context.Canceled):
		return "stopped before " + who + " answered"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return who + " did not answer in time"
	case errors.As(err, &dns):
		return who + "'s host name is not known"
	case errors.Is(err, syscall.ECONNREFUSED):
		return who + " refuses connections"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return who + " broke off the connection"
	}
	return ""
}
