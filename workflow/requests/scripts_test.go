package requests_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"afield/workflow/town"

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
	first func(home *town.House, lender *town.Partner, request broker.ID, barcode string)
	says  func(barcode string) []connectors.Message
	ends  workflow.State
}

var scripts = []script{
	{
		name: "it promises and ships", ends: workflow.Shipped,
		first: func(*town.House, *town.Partner, broker.ID, string) {},
		says: func(barcode string) []connectors.Message {
			return []connectors.Message{
				{Kind: connectors.KindExpectToSupply},
				{Kind: connectors.KindWillSupply},
				town.Shipped(barcode, "2026-04-10"),
				{Kind: connectors.KindDueChanged, Due: town.Due("2026-04-24")},
			}
		},
	},
	{
		name: "it ships while the patron cancels", ends: workflow.Shipped,
		first: cancelled,
		says: func(barcode string) []connectors.Message {
			return []connectors.Message{
				{Kind: connectors.KindWillSupply},
				town.Shipped(barcode, "2026-04-10"),
				answered(connectors.KindCancelAnswer, false),
				{Kind: connectors.KindDueChanged, Due: town.Due("2026-04-24")},
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
				{Kind: connectors.KindDueChanged, Due: town.Due("2026-04-02")},
				{Kind: connectors.KindRecalled},
				{Kind: connectors.KindNote, Note: "for a reader of ours"},
			}
		},
	},
	{
		name: "it asks for it and has it", ends: workflow.Completed,
		first: func(home *town.House, lender *town.Partner, request broker.ID, barcode string) {
			lentToPatron(home, lender, request, barcode)
			home.Must(home.Together(request, workflow.EventReturn, workflow.EventShipReturn))
		},
		says: func(string) []connectors.Message {
			return []connectors.Message{{Kind: connectors.KindOverdue}, {Kind: connectors.KindRecalled}, {Kind: connectors.KindLoanCompleted}}
		},
	},
	{
		name: "it bills what it then finds", ends: workflow.Completed,
		first: func(home *town.House, lender *town.Partner, request broker.ID, barcode string) {
			lentToPatron(home, lender, request, barcode)
			home.Does(request, workflow.EventReportLost, nil)
		},
		says: func(string) []connectors.Message {
			return []connectors.Message{{Kind: connectors.KindOverdue}, town.Invoice(3000), {Kind: connectors.KindLoanCompleted}}
		},
	},
}

func cancelled(home *town.House, _ *town.Partner, request broker.ID, _ string) {
	home.Does(request, workflow.EventCancel, nil)
}

func lentToPatron(home *town.House, lender *town.Partner, request broker.ID, barcode string) {
	lender.Says(home, town.Shipped(barcode, "2026-04-10"))
	home.Must(home.Together(request, workflow.EventReceive, workflow.EventShelve, workflow.EventCheckOut))
}

// A lender's messages may come in any order and any number of times: the
// outcome is the same as when they come in order, and the lender that supplies
// is never taken for one we had moved on from.
func TestTheOrderOfMessagesDoesNotMatter(t *testing.T) {
	t.Parallel()
	const shuffles = 4
	for number, script := range scripts {
		t.Run(script.name, func(t *testing.T) {
			t.Parallel()
			tw := town.New(t, "2026-03-02T15:00:00Z")
			home := tw.Library("westport", "NY", broker.NoID)
			lender := tw.Partner("VT", 0, tw.Title("A title nobody here owns", town.ISBN))
			home.LooksTo([]broker.ID{lender.ID})
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
			tw.Sound()
		})
	}
}

// play makes a new request whose lender sends the messages of a script in the
// given order, in which one may come twice, and returns what the request has
// come to.
func play(home *town.House, lender *town.Partner, script script, barcode string, order []int) (what string, state workflow.State) {
	home.T.Helper()
	patron := home.Patron("resident")
	submitted, err := home.Asks(requests.Submission{Patron: patron, Citation: town.Citation()})
	home.Must(err)
	request, ask := submitted.ID, lender.Asked().RequestID
	script.first(home, lender, request, barcode)
	said := script.says(barcode)
	for _, i := range order {
		m := said[i]
		m.ID, m.RequestID, m.Borrower, m.Lender, m.SentAt = fmt.Sprintf("%s/%d", barcode, i), ask, home.Symbol, lender.Symbol, home.Clock.Now()
		home.Must(home.DB.InTx(home.T.Context(), postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
			_, err := home.Requests.Receive(ctx, tx, home.Clock.Now(), requests.Incoming{Peer: lender.ID, Message: m, Hash: []byte(m.ID)})
			return err
		}))
	}
	home.Settle()
	r := home.Request(request)
	what = fmt.Sprintf("%s: lender's due date %s, patron's %s, unused %v, owed %d", r.State, r.LenderDueOn, r.PatronDueOn, r.ReturnUnused, home.Owed(patron))
	if r.ClosedAt.IsZero() {
		what += fmt.Sprintf(", recalled %v, late %v", r.Recalled, home.TaskOf(request, "late_yes") || home.TaskOf(request, "late_shipment"))
	}
	return what, r.State
}
