package iso18626

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"afield/connectors"
	"afield/connectors/line"
	"afield/connectors/wire"
)

// alreadyHere is how systems say that they have a request already.
const alreadyHere = "a request with this requestingAgencyRequestId already exists"

// confirm answers a message in its own edition: taken where why is nil.
func (d *document) confirm(why *refusal, wall time.Time) ([]byte, error) {
	in := d.root.at("header")
	header := el("confirmationHeader", leaf("timestamp", instant(wall)), leaf("timestampReceived", instant(wall)), leaf("messageStatus", "OK"))
	for _, name := range []string{"supplyingAgencyId", "requestingAgencyId"} {
		if agency := in.at(name); agency.says("agencyIdType") != "" && agency.says("agencyIdValue") != "" {
			header.with(el(name, leaf("agencyIdType", agency.says("agencyIdType")), leaf("agencyIdValue", agency.says("agencyIdValue"))))
		}
	}
	header.with(leaf("requestingAgencyRequestId", in.says("requestingAgencyRequestId")))
	if at, err := readInstant(in.says("timestamp")); err == nil && at.Year() > 0 {
		header.at("timestampReceived").text = echoed(in.says("timestamp"), at)
	}
	answer := el(d.root.name+confirmation, header)
	for _, repeated := range []struct{ root, name, text string }{
		{rootSupplying, "reasonForMessage", d.root.says("messageInfo", "reasonForMessage")},
		{rootRequesting, "action", d.root.says("action")},
	} {
		list := words[repeated.name]
		if own, is := d.edition.words[repeated.name]; is {
			list = own
		}
		if d.root.name == repeated.root && slices.Contains(list, repeated.text) {
			answer.with(leaf(repeated.name, repeated.text))
		}
	}
	if why != nil {
		header.at("messageStatus").text = "ERROR"
		answer.with(el("errorData", leaf("errorType", why.kind), leaf("errorValue", clean(why.value, wire.MaxDetail))))
	}
	return d.edition.write(answer)
}

// echoed gives an instant as it came where the schema allows that.
func echoed(text string, at time.Time) string {
	if _, err := time.Parse(time.RFC3339Nano, text); err == nil && !strings.Contains(text, ",") {
		return text
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// judge says what an answer means for a message: root is what was sent, requestID
// its request. Only a confirmation of this very message proves that the peer has
// it. Some systems answer 201 or, with ERROR, 400; the confirmation then still
// says why.
func judge(got line.Answer, root, requestID string, now time.Time) connectors.Delivery {
	if failed, is := wire.Failed(got); is {
		return failed
	}
	delivery := connectors.Delivery{Outcome: connectors.TryAgain, Status: got.Status}
	passing := got.Status == http.StatusRequestTimeout || got.Status == http.StatusTooEarly || got.Status == http.StatusTooManyRequests || got.Status >= 500
	answer, err := read(got.Body)
	if err == nil && answer.root.name != root+confirmation {
		err = fmt.Errorf("the root is %s, not %s", answer.root.name, root+confirmation)
	}
	success := got.Status >= 200 && got.Status < 300
	switch {
	case err == nil && (success || got.Status >= 400 && !passing):
		return answer.judged(delivery, requestID, success)
	case success:
		delivery.Detail = wire.Clip("the answer is not a confirmation: "+wire.OneLine(err.Error()), wire.MaxDetail)
	case got.Status >= 300 && got.Status < 400:
		delivery.Detail = fmt.Sprintf("HTTP %d: redirects are not followed", got.Status)
	case passing, got.Status == http.StatusConflict: // without a confirmation it comes from something in between
		delivery.RetryAfter = connectors.RetryAfter(got.Header, now, wire.LongestRetryAfter)
		delivery.Detail = fmt.Sprintf("HTTP %d", got.Status)
	default:
		delivery.Outcome, delivery.Detail = connectors.Refused, fmt.Sprintf("HTTP %d", got.Status)
	}
	return delivery
}

// judged reads a confirmation.
func (d *document) judged(delivery connectors.Delivery, requestID string, success bool) connectors.Delivery {
	header := d.root.at("confirmationHeader")
	if about := header.says("requestingAgencyRequestId"); about != "" && about != requestID {
		delivery.Detail = "the answer confirms another message"
		return delivery
	}
	switch status := header.says("messageStatus"); {
	case strings.EqualFold(status, "OK") && success:
		delivery.Outcome = connectors.Delivered
	case strings.EqualFold(status, "ERROR"):
		delivery.Outcome, delivery.Detail = connectors.Refused, d.errors()
		if d.root.name == rootRequest+confirmation && strings.Contains(strings.ToLower(delivery.Detail), "already exists") {
			// Our ids are made once, so it has what an earlier try of ours brought.
			delivery.Outcome = connectors.Delivered
		}
	default:
		delivery.Detail = wire.Clip(fmt.Sprintf("HTTP %d: the confirmation says %q, which is neither OK nor ERROR", delivery.Status, oneLine(status, 40)), wire.MaxDetail)
	}
	return delivery
}

// errors writes what a confirmation says is wrong; British and American spelling
// are the same.
func (d *document) errors() string {
	var said []string
	for _, data := range d.root.all("errorData") {
		kind := strings.Replace(oneLine(data.says("errorType"), 60), "Unrecognized", "Unrecognised", 1)
		said = append(said, strings.TrimSuffix(kind+": "+oneLine(data.says("errorValue"), wire.MaxDetail), ": "))
	}
	if len(said) == 0 {
		return "ERROR without a reason"
	}
	return wire.Clip(wire.OneLine(strings.Join(said, "; ")), wire.MaxDetail)
}
