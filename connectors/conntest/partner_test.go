package conntest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/conntest"
	"afield/connectors/conntest/suite"
	"afield/connectors/partner"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// afield stands in for Afield: it takes callbacks, acts once on each, and can be
// away for some calls.
type afield struct {
	*httptest.Server
	secret []byte
	mu     sync.Mutex
	heard  []connectors.Message
	away   int
}

func (a *afield) take(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.away > 0 {
		a.away--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	body, _ := io.ReadAll(r.Body)
	message, err := partner.Open(a.secret, r.Header, body, time.Now())
	if err != nil {
		code := err.Error()
		if ours, ok := broker.AsError(err); ok {
			code = ours.Code
		}
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]any{"status": 401, "code": code})
		return
	}
	status := partner.StatusAccepted
	if slices.ContainsFunc(a.heard, func(earlier connectors.Message) bool { return earlier.ID == message.ID }) {
		status = partner.StatusDuplicate
	} else {
		a.heard = append(a.heard, message)
	}
	_ = json.NewEncoder(w).Encode(partner.Acknowledgement{MessageID: message.ID, Status: status})
}

func (a *afield) kinds() []connectors.Kind {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []connectors.Kind
	for _, message := range a.heard {
		list = append(list, message.Kind)
	}
	return list
}

// world is a partner with Afield's side around it.
type world struct {
	t      *testing.T
	lender *conntest.Partner
	afield *afield
	client *partner.Client
	clock  *broker.ManualClock
}

func newWorld(t *testing.T, options conntest.Options) *world {
	t.Helper()
	w := &world{t: t, afield: &afield{}, client: partner.NewClient(partner.Options{})}
	w.clock = broker.NewManualClock(time.Date(2026, time.August, 1, 12, 0, 0, 0, time.UTC))
	w.afield.Server = httptest.NewServer(http.HandlerFunc(w.afield.take))
	options.Symbol, options.CallbackURL, options.Now = broker.NewSymbol("ISIL", "US-LENDER"), w.afield.URL, w.clock.Now
	lender, err := conntest.NewPartner(options)
	if err != nil {
		t.Fatal(err)
	}
	w.lender = lender
	w.afield.secret = lender.Peer(broker.NewID()).InboundSecret
	t.Cleanup(func() {
		w.client.Close()
		if err := lender.Close(); err != nil {
			t.Error(err)
		}
		w.afield.Close()
	})
	return w
}

// say sends a message about a request to the partner, whatever the outcome.
func (w *world) say(request connectors.Message, kind connectors.Kind) connectors.Delivery {
	w.t.Helper()
	message := request
	if kind != connectors.KindRequest {
		message.ID, message.Kind = broker.NewID().String(), kind
	}
	peer := w.lender.Peer(broker.NewID())
	return w.client.Send(w.t.Context(), peer, message)
}

func (w *world) settle() {
	w.t.Helper()
	if err := w.lender.Settle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) heard(want ...connectors.Kind) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.afield.kinds()); diff != "" {
		w.t.Errorf("Afield heard: %s", diff)
	}
}

func TestAGoodLoanFromRequestToCompletion(t *testing.T) {
	t.Parallel()
	fee := &broker.Money{Minor: 1250, Currency: "USD"}
	w := newWorld(t, conntest.Options{Plans: []conntest.Plan{conntest.Lends(28, fee)}})
	request := suite.Request()
	w.say(request, connectors.KindRequest)
	w.heard() // nothing before it may speak
	w.settle()
	w.heard(connectors.KindWillSupply, connectors.KindLoaned)
	loaned := w.afield.heard[1]
	if loaned.Due != broker.MustDate("2026-08-29") || *loaned.Cost != *fee || len(loaned.Items) != 1 ||
		loaned.RequestID != request.RequestID || !loaned.SentAt.Equal(w.clock.Now()) {
		t.Errorf("loaned: %+v", loaned)
	}
	w.clock.Set(w.clock.Now().AddDate(0, 0, 20))
	w.say(request, connectors.KindRenew)
	w.settle()
	if renewed := w.afield.heard[2]; !*renewed.Yes || renewed.Due != broker.MustDate("2026-09-18") {
		t.Errorf("renewal: %+v", renewed)
	}
	w.say(request, connectors.KindShippedReturn)
	w.settle()
	w.heard(connectors.KindWillSupply, connectors.KindLoaned, connectors.KindRenewAnswer, connectors.KindLoanCompleted)
	if acted := w.lender.Acted(request.RequestID); len(acted) != 3 {
		t.Errorf("acted on %d messages, want request, renewal and return", len(acted))
	}
}

func TestPlansAreChosenByTitleAndUsedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, conntest.Options{Plans: []conntest.Plan{
		conntest.Refuses(connectors.ReasonOnLoan).For("LIGHT").Once(),
		conntest.RetryLater(7).For("history").Once(),
		conntest.Conditions("in the library only", nil, 14).Once(),
		conntest.NeverAnswers().Once(),
	}})
	for range 5 {
		w.say(suite.Request(), connectors.KindRequest)
	}
	w.settle()
	w.heard(connectors.KindUnfilled, connectors.KindRetryLater, connectors.KindConditional, connectors.KindUnfilled)
	if got := w.afield.heard[1].RetryAfter; got != broker.MustDate("2026-08-08") {
		t.Errorf("retry after %s", got)
	}
	if got := w.afield.heard[3].Reason; got != connectors.ReasonNotOwned {
		t.Errorf("without a plan: %s, want not owned", got)
	}
	if ids := w.lender.Requests("lighthouses"); len(ids) != 5 {
		t.Errorf("%d requests, want 5", len(ids))
	}
}

func TestConditionsAcceptedBringTheLoan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, conntest.Options{Plans: []conntest.Plan{conntest.Conditions("no copying", nil, 14)}})
	request := suite.Request()
	w.say(request, connectors.KindRequest)
	w.say(request, connectors.KindAcceptConditions)
	w.settle()
	w.heard(connectors.KindConditional, connectors.KindWillSupply, connectors.KindLoaned)
}

func TestCancelBeforeAndAfterShipment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, conntest.Options{Plans: []conntest.Plan{conntest.Promises()}})
	early, late := suite.Request(), suite.Request()
	w.say(early, connectors.KindRequest)
	w.say(late, connectors.KindRequest)
	w.settle()
	w.say(early, connectors.KindCancel)
	w.lender.ShipNow(late.RequestID, 21, nil)
	w.settle() // the parcel is on its way when the cancel comes
	w.say(late, connectors.KindCancel)
	w.settle()
	answers := map[string]bool{}
	for _, message := range w.afield.heard {
		if message.Kind == connectors.KindCancelAnswer {
			answers[message.RequestID] = *message.Yes
		}
	}
	if diff := cmp.Diff(map[string]bool{early.RequestID: true, late.RequestID: false}, answers); diff != "" {
		t.Error(diff)
	}
}

// A yes to a cancel drops what the lender still meant to say.
func TestCancelledLenderShipsNothing(t *testing.T) {
	t.Parallel()
	shipsTomorrow := conntest.Loaned(21, nil)
	shipsTomorrow.AfterDays = 1
	w := newWorld(t, conntest.Options{Plans: []conntest.Plan{
		conntest.Promises().Then(connectors.KindRequest, conntest.WillSupply(), shipsTomorrow),
	}})
	request := suite.Request()
	w.say(request, connectors.KindRequest)
	w.settle()
	if at, there := w.lender.NextAt(); !there || !at.Equal(w.clock.Now().AddDate(0, 0, 1)) {
		t.Errorf("next at %s, %t; want tomorrow", at, there)
	}
	w.say(request, connectors.KindCancel)
	w.clock.Set(w.clock.Now().AddDate(0, 0, 2))
	w.settle()
	w.heard(connectors.KindWillSupply, connectors.KindCancelAnswer)
}

func TestAnswersWaitForBusinessTime(t *testing.T) {
	t.Parallel()
	later := conntest.WillSupply()
	later.AfterDays = 3
	w := newWorld(t, conntest.Options{Plans: []conntest.Plan{
		conntest.Promises().Then(connectors.KindRequest, later),
	}})
	w.say(suite.Request(), connectors.KindRequest)
	w.settle()
	w.heard()
	w.clock.Set(w.clock.Now().AddDate(0, 0, 3))
	if w.lender.Pending() != 1 {
		t.Errorf("%d answers pending, want 1", w.lender.Pending())
	}
	w.settle()
	w.heard(connectors.KindWillSupply)
}

func TestDuplicateReorderedReplayedAndContradictoryAnswers(t *testing.T) {
	t.Parallel()
	twice, replayed := conntest.WillSupply(), conntest.Loaned(21, nil)
	twice.Twice, replayed.Replayed = true, true
	w := newWorld(t, conntest.Options{Plans: []conntest.Plan{
		conntest.Promises().Then(connectors.KindRequest, twice, replayed).OutOfOrder().Once(), conntest.Contradicts(),
	}})
	w.say(suite.Request(), connectors.KindRequest)
	w.settle()
	w.heard(connectors.KindLoaned, connectors.KindWillSupply)
	var got []string
	for _, sent := range w.lender.Sent() {
		got = append(got, string(sent.Message.Kind)+" "+sent.Acknowledged+sent.Code)
	}
	want := []string{"loaned accepted", "loaned message_too_old", "will_supply accepted", "will_supply duplicate"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if refused := w.lender.Refusals(); len(refused) != 0 {
		t.Errorf("refused: %+v", refused)
	}
	w.say(suite.Request(), connectors.KindRequest)
	w.settle()
	w.heard(connectors.KindLoaned, connectors.KindWillSupply, connectors.KindWillSupply, connectors.KindUnfilled)
}

func TestALostAnswerIsActedOnOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, conntest.Options{Plans: []conntest.Plan{
		conntest.Lends(21, nil).WithTrouble(connectors.KindRequest,
			conntest.Trouble{Fault: conntest.ServerError}, conntest.Trouble{Fault: conntest.LostAnswer}),
	}})
	request := suite.Request()
	var outcomes []connectors.Outcome
	for range 4 {
		outcomes = append(outcomes, w.say(request, connectors.KindRequest).Outcome)
	}
	want := []connectors.Outcome{connectors.TryAgain, connectors.TryAgain, connectors.Delivered, connectors.Delivered}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Error(diff)
	}
	w.settle()
	w.heard(connectors.KindWillSupply, connectors.KindLoaned)
	if got := w.lender.Effects(request.ID); got != 1 {
		t.Errorf("acted on %d times, want once", got)
	}
}

func TestTheDeadSayNothingAndForgetNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, conntest.Options{Plans: []conntest.Plan{conntest.Promises()}})
	w.say(suite.Request(), connectors.KindRequest)
	if err := w.lender.Die(); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.heard()
	if got := w.say(suite.Request(), connectors.KindRequest); got.Outcome != connectors.TryAgain {
		t.Errorf("to the dead: %s", got.Outcome)
	}
	if err := w.lender.Revive(); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.heard(connectors.KindWillSupply)
}

func TestAnswersAreSentAgainUntilAfieldIsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, conntest.Options{Automatic: true, Plans: []conntest.Plan{conntest.Lends(21, nil)}})
	w.afield.away = 3
	w.say(suite.Request(), connectors.KindRequest)
	for len(w.afield.kinds()) < 2 { // by themselves; the test's own time limit ends a fault
		time.Sleep(time.Millisecond)
	}
	w.heard(connectors.KindWillSupply, connectors.KindLoaned)
}

func TestTellGivesAfieldsAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, conntest.Options{Plans: []conntest.Plan{conntest.Promises()}})
	request := suite.Request()
	w.say(request, connectors.KindRequest)
	sent, err := w.lender.Tell(t.Context(), request.RequestID, conntest.Invoices(broker.Money{Minor: 4000, Currency: "USD"}))
	if err != nil || sent.Status != http.StatusOK || sent.Acknowledged != partner.StatusAccepted {
		t.Errorf("%+v, %v", sent, err)
	}
	old, err := w.lender.Replay(t.Context(), sent.Message.ID, 30*24*time.Hour)
	if err != nil || old.Status != http.StatusUnauthorized || old.Code != "message_too_old" {
		t.Errorf("replay: %+v, %v", old, err)
	}
	if _, err := w.lender.Tell(t.Context(), "unknown", conntest.WillSupply()); err == nil {
		t.Error("told of a request that never came")
	}
}

func TestAMistakeInAPlanIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t, conntest.Options{Plans: []conntest.Plan{
		conntest.Promises().Then(connectors.KindRequest, conntest.Unfilled(""), conntest.WillSupply()),
	}})
	w.say(suite.Request(), connectors.KindRequest)
	if err := w.lender.Settle(t.Context()); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("%v, want that unfilled lacks a reason", err)
	}
	w.heard(connectors.KindWillSupply)
}
