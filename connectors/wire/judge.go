package wire

import (
	"cmp"
	"errors"
	"time"

	"afield/connectors"
	"afield/connectors/line"
)

const (
	// MaxDetail is the longest detail of a delivery, in bytes.
	MaxDetail = 500
	// LongestRetryAfter bounds what a peer may ask us to wait, so that one wrong
	// header does not delay a request for years.
	LongestRetryAfter = 7 * 24 * time.Hour
)

// Failed judges a call that brought no whole answer: it is tried again, except
// where the peer lives where it may not. It is false where there is an answer.
func Failed(got line.Answer) (connectors.Delivery, bool) {
	delivery := connectors.Delivery{Outcome: connectors.TryAgain, Status: got.Status}
	switch {
	case errors.Is(got.Err, connectors.ErrPrivateAddress):
		delivery.Outcome, delivery.Detail = connectors.Refused, connectors.ErrPrivateAddress.Error()
	case got.Err != nil:
		delivery.Detail = WhyNot(got)
	default:
		return connectors.Delivery{}, false
	}
	return delivery, true
}

// WhyNot says in plain words why there is no whole answer. The words never contain
// the URL, whose query may say what a patron looks for.
func WhyNot(got line.Answer) string {
	if errors.Is(got.Err, line.ErrTooLong) {
		return line.ErrTooLong.Error()
	}
	return cmp.Or(connectors.WhyNoAnswer("the peer", got.Err), "the call failed: "+Clip(OneLine(innermost(got.Err).Error()), MaxDetail))
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
