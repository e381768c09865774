package partner

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/line"
	"afield/connectors/wire"
)

// judge says what an answer means for a message. Only an acknowledgement with the
// message's own id proves that the peer has it: an HTML page with 200 does not.
// The Content-Type of an acknowledgement is not looked at, because the id is
// proof enough and many servers label JSON wrongly.
func judge(got line.Answer, messageID string, now time.Time) connectors.Delivery {
	if failed, is := wire.Failed(got); is {
		return failed
	}
	delivery := connectors.Delivery{Outcome: connectors.TryAgain, Status: got.Status}
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
		delivery.RetryAfter = connectors.RetryAfter(got.Header, now, wire.LongestRetryAfter)
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
	return wire.Clip(wire.OneLine(said), wire.MaxDetail)
}

// otherSide gives the library in a note that is not the peer.
func otherSide(message connectors.Message, peer connectors.Peer) broker.Symbol {
	if message.Borrower == peer.Symbol {
		return message.Lender
	}
	return message.Borrower
}
