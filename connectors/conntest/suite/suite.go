// Package suite is the conformance suite that every connector passes: each
// fault of conntest leads to the right Delivery within its time, a second try
// changes nothing, one bad peer delays no other, and nothing is left running.
// It is imported by tests only.
//
//	func TestConformance(t *testing.T) {
//		suite.Run(t, suite.Subject{
//			NewSender: func(t *testing.T) connectors.Sender { … },
//			NewTarget: func(t *testing.T) suite.Target { … },
//		})
//	}
package suite

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/conntest"

	"go.uber.org/goleak"
)

// Target is a misbehaving peer of the protocol under test. A *conntest.Partner
// is one.
type Target interface {
	// Peer is how to reach it.
	Peer(library broker.ID) connectors.Peer
	// Fail lets troubles befall the next tries; FailAlways all the others.
	Fail(kind connectors.Kind, troubles ...conntest.Trouble)
	FailAlways(trouble conntest.Trouble)
	// Received gives every try that arrived, including those still hanging.
	Received() []conntest.Received
	// Effects counts how often a message was acted on.
	Effects(messageID string) int
	// Die refuses connections from now on; Revive ends that.
	Die() error
	Revive() error
}

// Subject is one connector. What NewSender and NewTarget start they also stop,
// by t.Cleanup.
type Subject struct {
	NewSender func(t *testing.T) connectors.Sender
	NewTarget func(t *testing.T) Target
}

const (
	// shortTimeout is the peers' limit where a try has to run into it.
	shortTimeout = 300 * time.Millisecond
	// withinLimit is the longest a try may take then: far more than it needs, far
	// less than hanging.
	withinLimit = 20 * time.Second
	// maxRaw bounds the wire text kept of one try.
	maxRaw = 64 << 10
)

// Run runs the suite. Call it from a test that is not parallel: the search for
// leaks looks at the whole process.
func Run(t *testing.T, subject Subject) {
	before := goleak.IgnoreCurrent()
	t.Run("tries", func(t *testing.T) {
		for _, test := range faultTests() {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				test.run(t, subject)
			})
		}
		t.Run("dead and back", func(t *testing.T) { t.Parallel(); deadAndBack(t, subject) })
		t.Run("given up by the caller", func(t *testing.T) { t.Parallel(); givenUp(t, subject) })
		t.Run("a bad peer delays no other", func(t *testing.T) { t.Parallel(); delaysNoOther(t, subject) })
		t.Run("a resend with other content is refused", func(t *testing.T) { t.Parallel(); otherContent(t, subject) })
	})
	goleak.VerifyNone(t, before)
}

// faultTest says what the outcome of a try under one trouble must be.
type faultTest struct {
	name       string
	trouble    conntest.Trouble
	outcome    connectors.Outcome
	status     int           // 0: not looked at
	retryAfter time.Duration // at least this
	acted      int           // how often the first try was acted on
	hangs      bool          // the try must run into the peer's time limit
}

func faultTests() []faultTest {
	fault := func(fault conntest.Fault, outcome connectors.Outcome, status, acted int) faultTest {
		return faultTest{
			name: string(fault), trouble: conntest.Trouble{Fault: fault},
			outcome: outcome, status: status, acted: acted,
		}
	}
	again := connectors.TryAgain
	tooMany := fault(conntest.TooMany, again, 429, 0)
	tooMany.trouble.RetryAfter, tooMany.retryAfter = 7*time.Second, 7*time.Second
	closed := fault(conntest.Unavailable, again, 503, 0)
	closed.trouble.RetryAfter, closed.retryAfter = 90*time.Second, 80*time.Second
	right := fault(conntest.None, connectors.Delivered, 200, 1)
	right.name = "right answer"
	slow := fault(conntest.Slow, connectors.Delivered, 200, 1)
	slow.trouble.Delay = 50 * time.Millisecond
	tooSlow := fault(conntest.Slow, again, 0, 0)
	tooSlow.name, tooSlow.trouble.Delay, tooSlow.hangs = "slower than the limit", time.Minute, true
	silent, drip := fault(conntest.Silent, again, 0, 0), fault(conntest.Drip, again, 0, 0)
	silent.hangs, drip.hangs = true, true
	return []faultTest{
		right, slow, tooSlow, silent, drip, tooMany, closed,
		fault(conntest.ServerError, again, 500, 0),
		fault(conntest.HTML, again, 200, 0),
		fault(conntest.Garbage, again, 200, 0),
		fault(conntest.Redirect, again, 307, 0),
		fault(conntest.Reset, again, 0, 0),
		fault(conntest.Endless, again, 0, 0),
		fault(conntest.EndlessError, again, 0, 0),
		fault(conntest.Conflict, again, 409, 0),
		fault(conntest.WrongType, connectors.Delivered, 200, 1),
		fault(conntest.WrongID, again, 200, 1),
		fault(conntest.Truncated, again, 0, 1),
		fault(conntest.LostAnswer, again, 0, 1),
		fault(conntest.Refused, connectors.Refused, 422, 0),
		fault(conntest.Unauthorized, connectors.Refused, 401, 0),
	}
}

func (test faultTest) run(t *testing.T, subject Subject) {
	sender, target := subject.NewSender(t), subject.NewTarget(t)
	peer := target.Peer(broker.NewID())
	peer.Timeout = withinLimit
	if test.hangs {
		peer.Timeout = shortTimeout
	}
	message := Request()
	target.Fail(conntest.AnyKind, test.trouble)

	began := time.Now()
	delivery := sender.Send(t.Context(), peer, message)
	if took := time.Since(began); took > withinLimit {
		t.Errorf("the try took %s", took)
	}
	if delivery.Outcome != test.outcome {
		t.Fatalf("outcome = %s (%s), want %s", delivery.Outcome, delivery.Detail, test.outcome)
	}
	if test.status != 0 && delivery.Status != test.status {
		t.Errorf("status = %d, want %d", delivery.Status, test.status)
	}
	if delivery.RetryAfter < test.retryAfter || delivery.RetryAfter > test.retryAfter+time.Minute {
		t.Errorf("retry after %s, want about %s", delivery.RetryAfter, test.retryAfter)
	}
	if delivery.Outcome != connectors.Delivered && delivery.Detail == "" {
		t.Error("staff are not told what went wrong")
	}
	if got := target.Effects(message.ID); got != test.acted {
		t.Errorf("acted on %d times after the first try, want %d", got, test.acted)
	}
	checkRaw(t, peer, delivery)

	// The outbox sends the same message again: it arrives, and was acted on once.
	peer.Timeout = withinLimit
	if again := sender.Send(t.Context(), peer, message); again.Outcome != connectors.Delivered {
		t.Errorf("the second try: %s (%s), want delivered", again.Outcome, again.Detail)
	}
	if got := target.Effects(message.ID); got != 1 {
		t.Errorf("acted on %d times in the end, want once", got)
	}
}

// checkRaw makes sure that the log gets something, not too much, and no secret.
func checkRaw(t *testing.T, peer connectors.Peer, delivery connectors.Delivery) {
	t.Helper()
	switch raw := delivery.Raw; {
	case raw == "":
		t.Error("no wire text for the log")
	case len(raw) > maxRaw:
		t.Errorf("wire text of %d bytes, want at most %d", len(raw), maxRaw)
	case strings.Contains(raw, string(peer.OutboundSecret)), strings.Contains(strings.ToLower(raw), "signature: "):
		t.Error("the wire text gives a secret or signature away")
	case strings.ContainsRune(raw, 0), raw != strings.ToValidUTF8(raw, ""):
		t.Error("the wire text cannot be stored as text")
	}
}

func deadAndBack(t *testing.T, subject Subject) {
	sender, target := subject.NewSender(t), subject.NewTarget(t)
	peer, message := target.Peer(broker.NewID()), Request()
	if err := target.Die(); err != nil {
		t.Fatal(err)
	}
	if got := sender.Send(t.Context(), peer, message); got.Outcome != connectors.TryAgain {
		t.Errorf("to a dead peer: %s (%s), want try again", got.Outcome, got.Detail)
	}
	if err := target.Revive(); err != nil {
		t.Fatal(err)
	}
	if got := sender.Send(t.Context(), peer, message); got.Outcome != connectors.Delivered {
		t.Errorf("once it is back: %s (%s), want delivered", got.Outcome, got.Detail)
	}
	if got := target.Effects(message.ID); got != 1 {
		t.Errorf("acted on %d times, want once", got)
	}
}

func givenUp(t *testing.T, subject Subject) {
	sender, target := subject.NewSender(t), subject.NewTarget(t)
	target.FailAlways(conntest.Trouble{Fault: conntest.Silent})
	peer := target.Peer(broker.NewID())
	peer.Timeout = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan connectors.Delivery, 1)
	go func() { answered <- sender.Send(ctx, peer, Request()) }()
	awaitTries(t, target, 1)
	cancel()
	select {
	case delivery := <-answered:
		if delivery.Outcome != connectors.TryAgain {
			t.Errorf("outcome = %s, want try again", delivery.Outcome)
		}
	case <-time.After(withinLimit):
		t.Fatal("the try goes on after the caller has given up")
	}
}

// delaysNoOther lets tries hang at one peer and sees those to another all arrive
// while they hang.
func delaysNoOther(t *testing.T, subject Subject) {
	const hanging, arriving = 8, 40
	sender, bad, good := subject.NewSender(t), subject.NewTarget(t), subject.NewTarget(t)
	bad.FailAlways(conntest.Trouble{Fault: conntest.Silent})
	badPeer, goodPeer := bad.Peer(broker.NewID()), good.Peer(broker.NewID())
	badPeer.Timeout, goodPeer.Timeout = time.Minute, withinLimit

	ctx, giveUp := context.WithCancel(t.Context())
	var hung sync.WaitGroup
	ended := make(chan connectors.Delivery, hanging)
	for range hanging {
		hung.Go(func() { ended <- sender.Send(ctx, badPeer, Request()) })
	}
	awaitTries(t, bad, hanging)

	var arrived sync.WaitGroup
	for range arriving {
		arrived.Go(func() {
			message := Request()
			if got := sender.Send(t.Context(), goodPeer, message); got.Outcome != connectors.Delivered {
				t.Errorf("to the good peer: %s (%s), want delivered", got.Outcome, got.Detail)
			}
			if got := good.Effects(message.ID); got != 1 {
				t.Errorf("acted on %d times, want once", got)
			}
		})
	}
	arrived.Wait()
	if len(ended) > 0 {
		t.Error("the tries to the silent peer ended first, so nothing was shown")
	}
	giveUp()
	hung.Wait()
}

func otherContent(t *testing.T, subject Subject) {
	sender, target := subject.NewSender(t), subject.NewTarget(t)
	peer, message := target.Peer(broker.NewID()), Request()
	if got := sender.Send(t.Context(), peer, message); got.Outcome != connectors.Delivered {
		t.Fatalf("outcome = %s (%s), want delivered", got.Outcome, got.Detail)
	}
	message.Note = "other content under the same id"
	if got := sender.Send(t.Context(), peer, message); got.Outcome != connectors.Refused {
		t.Errorf("outcome = %s (%s), want refused", got.Outcome, got.Detail)
	}
}

func awaitTries(t *testing.T, target Target, count int) {
	t.Helper()
	for began := time.Now(); len(target.Received()) < count; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > withinLimit {
			t.Fatalf("%d tries arrived, want %d", len(target.Received()), count)
		}
	}
}

// Request gives a request message with an id of its own, valid in every protocol.
func Request() connectors.Message {
	return connectors.Message{
		ID: broker.NewID().String(), Kind: connectors.KindRequest, RequestID: broker.NewID().String(),
		Borrower: broker.NewSymbol("ISIL", "US-BORROWER"), Lender: broker.NewSymbol("ISIL", "US-LENDER"),
		SentAt:   time.Date(2026, time.August, 1, 14, 30, 0, 0, time.UTC),
		Citation: &broker.Citation{Title: "A history of lighthouses", ISBN: "9780306406157"},
		Service:  "loan", NeedBy: broker.NewDate(2026, time.October, 1),
		MaxCost: &broker.Money{Minor: 1500, Currency: "USD"},
	}
}
