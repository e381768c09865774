package partner

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/line"
)

const (
	maxDetail = 500
	// longestRetryAfter bounds what a peer may ask us to wait, so that one wrong
	// header does not delay a request for years.
	longestRetryAfter = 7 * 24 * time.Hour
)

// judge says what an answer means for a message. Only an acknowledgement with the
// message's own id proves that the peer has it: an HTML page with 200 does not.
// The Content-Type of an acknowledgement is not looked at, because the id is
// proof enough and many servers label JSON wrongly.
func judge(got line.Answer, messageID string, now time.Time) connectors.Delivery {
	delivery := connectors.Delivery{Outcome: connectors.TryAgain, Status: got.Status}
	if errors.Is(got.Err, connectors.ErrPrivateAddress) {
		delivery.Outcome, delivery.Detail = connectors.Refused, connectors.ErrPrivateAddress.Error()
		return delivery
	}
	if got.Err != nil {
		delivery.Detail = explain(got.Err)
		return delivery
	}
	switch status := got.Status; {
	case status >= 200 && status < 300:
		if err := readAcknowledgement(got.Body, messageID); err != nil {
			delivery.Detail = err.Error()
			return delivery
		}
		delivery.Outcome = connectors.Delivered
	case status >= 300 && status < 400:
		delivery.Detail = fmt.Sprintf("HTTP %d: redirects are not followed", status)
	case status == http.StatusConflict:
		return judgeConflict(delivery, got.Body)
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests,
		status >= 500:
		delivery.RetryAfter = connectors.RetryAfter(got.Header, now, longestRetryAfter)
		delivery.Detail = problemDetail(status, got.Body)
	default:
		delivery.Outcome, delivery.Detail = connectors.Refused, problemDetail(status, got.Body)
	}
	return delivery
}

// judgeConflict tells "I have it already", which is a delivery whose answer was
// lost, from a real conflict. A 409 without a problem comes from something in
// between and proves nothing.
func judgeConflict(delivery connectors.Delivery, body []byte) connectors.Delivery {
	code, _ := readProblem(body)
	switch code {
	case CodeAlreadyExists:
		delivery.Outcome = connectors.Delivered
		return delivery
	case "", "in_progress":
		delivery.Outcome = connectors.TryAgain
	default:
		delivery.Outcome = connectors.Refused
	}
	delivery.Detail = problemDetail(http.StatusConflict, body)
	return delivery
}

func readAcknowledgement(body []byte, messageID string) error {
	root, wrong, err := parse(body)
	if err != nil || len(wrong) > 0 {
		return errors.New("the answer is not an acknowledgement")
	}
	r := &reader{}
	id, status := r.text(root, "", "message_id"), r.text(root, "", "status")
	switch {
	case len(r.fields) > 0 || (status != StatusAccepted && status != StatusDuplicate):
		return errors.New("the answer is not an acknowledgement")
	case id != messageID:
		return errors.New("the answer acknowledges another message")
	}
	return nil
}

// readProblem gives code and detail of an RFC 9457 problem, as far as there is
// one; it is lenient because it only serves the people who read it.
func readProblem(body []byte) (code, detail string) {
	var problem struct {
		Code   json.RawMessage `json:"code"`
		Title  json.RawMessage `json:"title"`
		Detail json.RawMessage `json:"detail"`
	}
	if len(body) > MaxBytes || json.Unmarshal(body, &problem) != nil {
		return "", ""
	}
	text := func(raw json.RawMessage) string {
		var text string
		_ = json.Unmarshal(raw, &text)
		return strings.TrimSpace(text)
	}
	detail = text(problem.Detail)
	if detail == "" {
		detail = text(problem.Title)
	}
	return text(problem.Code), detail
}

func problemDetail(status int, body []byte) string {
	said := fmt.Sprintf("HTTP %d", status)
	code, detail := readProblem(body)
	for _, part := range []string{code, detail} {
		if part != "" {
			said += ": " + part
		}
	}
	return clip(oneLine(said), maxDetail)
}

// explain says in plain words why there is no answer. The words never contain the
// URL, whose query may say what a patron looks for.
func explain(err error) string {
	if errors.Is(err, line.ErrTooLong) {
		return fmt.Sprintf("the answer is longer than %d bytes", MaxBytes)
	}
	return cmp.Or(connectors.WhyNoAnswer("the peer", err), "the call failed: "+clip(oneLine(innermost(err).Error()), maxDetail))
}

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// otherSide gives the library in a note that is not the peer.
func otherSide(message connectors.Message, peer connectors.Peer) broker.Symbol {
	if message.Borrower == peer.Symbol {
		return message.Lender
	}
	return message.Borrower
}

func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// clip cuts text to a number of bytes without splitting a character.
func clip(text string, longest int) string {
	if len(text) <= longest {
		return strings.ToValidUTF8(text, "�")
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}
