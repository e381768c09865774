package desk_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"afield/broker"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
)

// script is what a lender says at one point of a request's life, in the order
// in which it happens.
type script struct {
	name string
	// first brings the request to that point; barcode is the lender's.
	first func(home *house, lender *partner, request broker.ID, barcode string)
	says  func(barcode string) []connectors.Message
	ends  workflow.State
}

var scripts = []script{
	{
		name: "it promises and ships", ends: workflow.Shipped,
		first: func(*house, *partner, broker.ID, string) {},
		says: func(barcode string) []connectors.Message {
			return []connectors.Message{
				{Kind: connectors.KindExpectToSupply},
				{Kind: connectors.KindWillSupply},
				shipped(barcode, "2026-04-10"),
				{Kind: connectors.KindDueChanged, Due: due("2026-04-24")},
			}
		},
	},
	{
		name: "it ships while the patron cancels", ends: workflow.Shipped,
		first: cancelled,
		says: func(barcode string) []connectors.Message {
			return []connectors.Message{
				{Kind: connectors.KindWillSupply},
				shipped(barcode, "2026-04-10"),
				answered(connectors.KindCancelAnswer, false),
				{Kind: connectors.KindDueChanged, Due: due("2026-04-24")},
			}
		},
	},
	{
		name: "it stops when the patron cancels", ends: workflow.Cancelled,
		first: cancelled,
		says: func(string) []connectors.Message {
			return []connectors.Message{{Kind: connectors.KindExpectToSupply}, {Kind: connectors.KindWillSupply}, answered(connectors.KindCancelAnswer, true)}
		},
	},
	{
		name: "it wants it back from the patron", ends: workflow.CheckedOut, first: lentToPatron,
		says: func(barcode string) []connectors.Message {
			return []connectors.Message{
				{Kind: connectors.KindWillSupply},
				{Kind: connectors.KindDueChanged, Due: due("2026-04-02")},
				{Kind: connectors.KindRecalled},
				{Kind: connectors.KindNote, Note: "for a reader of ours"},
			}
		},
	},
	{
		name: "it asks for it and has it", ends: workflow.Completed,
		first: func(home *house, lender *partner, request broker.ID, barcode string) {
			lentToPatron(home, lender, request, barcode)
			home.must(home.together(request, workflow.EventReturn, workflow.EventShipReturn))
		},
		says: func(string) []connectors.Message {
			return []connectors.Message{{Kind: connectors.KindOverdue}, {Kind: connectors.KindRecalled}, {Kind: connectors.KindLoanCompleted}}
		},
	},
	{
		name: "it bills what it then finds", ends: workflow.Completed,
		first: func(home *house, lender *partner, request broker.ID, barcode string) {
			lentToPatron(home, lender, request, barcode)
			home.does(request, workflow.EventReportLost, nil)
		},
		says: func(string) []connectors.Message {
			return []connectors.Message{{Kind: connectors.KindOverdue}, invoice(3000), {Kind: connectors.KindLoanCompleted}}
		},
	},
}

func cancelled(home *house, _ *partner, request broker.ID, _ string) {
	home.does(request, workflow.EventCancel, nil)
}

func lentToPatron(home *house, lender *partner, request broker.ID, barcode string) {
	lender.says(home, shipped(barcode, "2026-04-10"))
	home.must(home.together(request, workflow.EventReceive, workflow.EventShelve, workflow.EventCheckOut))
}

// A lender's messages may come in any order and any number of times: what they
// come to is what they come to in order, and nobody takes the lender that
// supplies for one we had moved on from.
func TestTheOrderOfMessagesDoesNotMatter(t *testing.T) {
	t.Parallel()
	const shuffles = 4
	for number, script := range scripts {
		t.Run(script.name, func(t *testing.T) {
			t.Parallel()
			tw := newTown(t, "2026-03-02T15:00:00Z")
			home := tw.library("westport", "NY", broker.NoID)
			lender := tw.partner("VT", 0, tw.title("A title nobody here owns", isbn))
			home.looksTo([]broker.ID{lender.id})
			inOrder := make([]int, len(script.says("")))
			for i := range inOrder {
				inOrder[i] = i
			}
			want, state := play(home, lender, script, "VT-0", inOrder)
			if state != script.ends {
				t.Fatalf("in order it ends %s, not %s", script.ends, state)
			}
			random := rand.New(rand.NewPCG(uint64(number), 11))
			for n := range shuffles {
				order := append(append([]int{}, inOrder...), random.IntN(len(inOrder)), random.IntN(len(inOrder)))
				random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
				if got, _ := play(home, lender, script, fmt.Sprintf("VT-%d", n+1), order); got != want {
					t.Errorf("in the order %v:\n got %s\nwant %s", order, got, want)
				}
			}
			tw.sound()
		})
	}
}

// play tells a new request's lender what to say, in an order in which a message
// may come twice, and gives what the request has come to.
func play(home *house, lender *partner, script script, barcode string, order []int) (what string, state workflow.State) {
	home.t.Helper()
	patron := home.patron("resident")
	submitted, err := home.asks(requests.Submission{Patron: patron, Citation: citation()})
	home.must(err)
	request, ask := submitted.ID, lender.asked().RequestID
	script.first(home, lender, request, barcode)
	said := script.says(barcode)
	for _, i := range order {
		m := said[i]
		m.ID, m.RequestID, m.Borrower, m.Lender, m.SentAt = fmt.Sprintf("%s/%d", barcode, i), ask, home.symbol, lender.symbol, home.clock.Now()
		home.must(home.db.InTx(home.t.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.requests.Receive(ctx, tx, home.clock.Now(), requests.Incoming{Peer: lender.id, Message: m, Hash: []byte(m.ID)})
			return err
		}))
	}
	home.settle()
	r := home.request(request)
	what = fmt.Sprintf("%s: lender's due date %s, patron's %s, unused %v, owed %d", r.State, r.LenderDueOn, r.PatronDueOn, r.ReturnUnused, home.owed(patron))
	if r.ClosedAt == nil {
		what += fmt.Sprintf(", recalled %v, late %v", r.Recalled, home.taskOf(request, "late_yes") || home.taskOf(request, "late_shipment"))
	}
	return what, r.State
}
