package requests_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/requests"
	"afield/workflow/town"
)

// Whatever people, lenders and time do to a request, in any order: each step is
// done or refused in plain words, and what must always be true is true.
func TestWanderingThroughTheTables(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 6; seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			wander(t, seed, 60)
		})
	}
}

// Two borrowed volumes are here, and anything happens to them: whoever scans
// what, with whichever card, and whatever the lender says. After every step each
// volume is in exactly one pair of hands, which are the patron's own or those of
// somebody for whom an override was written down.
func TestWanderingWithTwoVolumesInHand(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 12; seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			tw, home, lender, request, patron := town.AsksPartner(t, 0)
			sent := connectors.Message{Kind: connectors.KindLoaned, Due: town.Due("2026-05-20"), Items: []connectors.MessageItem{
				{Barcode: "P-1", Volume: "1"}, {Barcode: "P-2", Volume: "2"},
			}}
			lender.Says(home, sent)
			home.Scans("P-1", "")
			w := &walk{
				Town: tw, random: rand.New(rand.NewPCG(seed, 11)), home: home, partners: []*town.Partner{lender, lender}, request: request,
				cards: []broker.ID{patron, home.Patron("resident")}, sent: sent.Items,
			}
			for range 40 {
				w.stepInHand()
				w.Sound()
				if t.Failed() {
					t.Fatal(w.Timeline(request))
				}
			}
		})
	}
}

func (w *walk) stepInHand() {
	w.T.Helper()
	number := w.home.Number(w.request)
	codes := []string{"P-1", "P-2", "ILL-" + number, "ILL-" + number + "-2"}
	code := codes[w.random.IntN(len(codes))]
	switch w.random.IntN(8) {
	case 0, 1, 2:
		w.tolerates(w.home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := w.home.Desk.Scan(ctx, tx, w.home.At(), town.Scan(code))
			return err
		}))
	case 3, 4:
		out := desk.CheckOut{Barcode: code, Patron: w.cards[w.random.IntN(len(w.cards))], Shown: "card"}
		if w.random.IntN(2) == 0 {
			out.Overrides, out.Reason = []string{"held_for_other"}, "the patron is away and sent them"
		}
		w.tolerates(w.home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := w.home.Desk.CheckOut(ctx, tx, w.home.At(), out)
			return err
		}))
	case 5:
		w.someAction(w.home, w.request)
	case 6:
		w.tolerates(w.someMessage())
	case 7:
		w.Clock.Set(w.Clock.Now().Add(time.Duration(w.random.IntN(6*24)) * time.Hour))
	}
	w.Settle()
}

func wander(t *testing.T, seed uint64, steps int) {
	random := rand.New(rand.NewPCG(seed, 7))
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home := tw.Library("westport", "NY", broker.NoID)
	member := tw.Library("open-lender", "NY", broker.NoID)
	title := tw.Title("A title nobody here owns", town.ISBN)
	partners := []*town.Partner{tw.Partner("VT", 500, title), tw.Partner("MA", 0, title)}
	barcode := member.Owns(title)
	home.LooksTo([]broker.ID{member.Library.ID}, []broker.ID{partners[0].ID, partners[1].ID})
	submitted, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation(), NeedBy: town.Due("2026-05-30")})
	tw.Must(err)
	w := &walk{
		Town: tw, random: random, home: home, member: member, partners: partners, request: submitted.ID, barcode: barcode,
		sent: []connectors.MessageItem{{Barcode: "P-1"}},
	}
	for range steps {
		w.step()
	}
	tw.Sound()
}

type walk struct {
	*town.Town
	random       *rand.Rand
	home, member *town.House
	partners     []*town.Partner
	request      broker.ID
	barcode      string
	cards        []broker.ID              // patrons who may stand at the desk
	sent         []connectors.MessageItem // what the lender says that it sent
}

func (w *walk) step() {
	w.T.Helper()
	switch w.random.IntN(6) {
	case 0, 1:
		w.someAction(w.home, w.request)
	case 2:
		w.tolerates(w.someMessage())
	case 3:
		w.Clock.Set(w.Clock.Now().Add(time.Duration(w.random.IntN(5*24)) * time.Hour))
		w.Settle()
	case 4:
		w.someScan()
	case 5:
		if id := w.lendingID(); id != broker.NoID {
			w.someAction(w.member, id)
		}
	}
}

func (w *walk) tolerates(err error) {
	w.T.Helper()
	if _, ours := broker.AsError(err); err != nil && !ours {
		w.T.Fatalf("a fault instead of an answer: %v\n%s", err, w.Timeline(w.request))
	}
}

// someAction does anything that is offered now; what is offered must not turn
// out impossible for a reason the table knew.
func (w *walk) someAction(house *town.House, id broker.ID) {
	w.T.Helper()
	var view requests.View
	w.Must(house.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		view, err = house.Requests.Look(ctx, tx, w.Clock.Now(), requests.Viewer{Library: house.Library.ID}, id, workflow.SideBorrowing, workflow.SideLending)
		return err
	}))
	if len(view.Actions) == 0 {
		return
	}
	action := view.Actions[w.random.IntN(len(view.Actions))]
	form := map[string]any{}
	for _, field := range action.Form {
		form[field.Name] = w.value(field)
	}
	err := house.Acts(id, action.Name, form)
	w.tolerates(err)
	if ours, ok := broker.AsError(err); ok && (ours.Code == "not_in_this_state" || ours.Kind == broker.KindForbidden) {
		w.T.Fatalf("%s was offered and then refused: %v", action.Name, err)
	}
}

func (w *walk) value(field workflow.Field) any {
	today := w.home.Today(w.Clock.Now())
	switch field.Type {
	case workflow.FieldDate:
		return today.AddDays(w.random.IntN(40) - 3).String()
	case workflow.FieldMoney:
		return map[string]any{"minor": w.random.IntN(2000), "currency": "USD"}
	case workflow.FieldLibrary:
		return w.partners[w.random.IntN(2)].Symbol.String()
	case workflow.FieldCount:
		return w.random.IntN(4)
	case workflow.FieldBarcode:
		return w.barcode
	case workflow.FieldChoice:
		return field.Choices[w.random.IntN(len(field.Choices))]
	default:
		return "as it happens"
	}
}

var said = []connectors.Kind{
	connectors.KindExpectToSupply, connectors.KindWillSupply, connectors.KindConditional, connectors.KindRetryLater, connectors.KindUnfilled,
	connectors.KindLoaned, connectors.KindLoaned, connectors.KindCancelAnswer, connectors.KindRenewAnswer, connectors.KindOverdue, connectors.KindRecalled,
	connectors.KindDueChanged, connectors.KindLoanCompleted, connectors.KindInvoice, connectors.KindCopyCompleted,
}

func (w *walk) someMessage() error {
	p := w.partners[w.random.IntN(2)]
	if p.Heard(connectors.KindRequest) == 0 {
		return nil
	}
	yes := w.random.IntN(2) == 0
	m := connectors.Message{Kind: said[w.random.IntN(len(said))], Yes: &yes, Reason: connectors.ReasonOnLoan, Conditions: "with care"}
	if w.random.IntN(2) == 0 {
		m.Cost = &broker.Money{Minor: int64(w.random.IntN(1500)), Currency: "USD"}
	}
	if m.Kind == connectors.KindLoaned || w.random.IntN(2) == 0 {
		m.Due = w.home.Today(w.Clock.Now()).AddDays(w.random.IntN(40))
		m.Items = w.sent
	}
	_, err := p.Tries(w.home, m)
	return err
}

func (w *walk) someScan() {
	house, codes := w.home, []string{"P-1", w.barcode, "ILL-" + w.home.Number(w.request), "0000"}
	if w.random.IntN(3) == 0 {
		house, codes = w.member, []string{w.barcode}
	}
	err := house.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := house.Desk.Scan(ctx, tx, house.At(), town.Scan(codes[w.random.IntN(len(codes))]))
		return err
	})
	w.Settle()
	w.tolerates(err)
}

func (w *walk) lendingID() (id broker.ID) {
	w.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select coalesce((select id from requests where library_id = $1 and side = 'lending' order by id desc limit 1),
			'00000000-0000-0000-0000-000000000000')`, w.member.Library.ID).Scan(&id)
	})
	return id
}
