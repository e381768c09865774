package town

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/desk/accounts"
	"afield/workflow/desk/counter"
	"afield/workflow/desk/queue"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
)

// Hold puts a patron into a title's queue.
func (h *House) Hold(title, patron broker.ID) {
	h.T.Helper()
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.Desk.Queue.PlaceHold(ctx, tx, h.At(), queue.PlaceHold{Title: title, Patron: patron, Rules: h.Document()})
		return err
	}))
}

// Merge makes two patrons one.
func (h *House) Merge(from, to broker.ID) (done accounts.Merged, err error) {
	err = h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = h.Desk.Accounts.MergePatrons(ctx, tx, h.Document(), h.At(), from, to)
		return err
	})
	return done, err
}

// Together does several acts in one transaction, before a worker can claim a
// message.
func (h *House) Together(request broker.ID, actions ...workflow.Event) error {
	err := h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		for _, action := range actions {
			if _, err := h.Desk.Act(ctx, tx, h.At(), requests.Act{Library: h.Library.ID, Request: request, Action: action}); err != nil {
				return fmt.Errorf("%s: %w", action, err)
			}
		}
		return nil
	})
	h.Settle()
	return err
}

// PlacesHold places a hold at the library's desk, by its own policy.
func (h *House) PlacesHold(patron, title broker.ID, change ...func(*queue.PlaceHold)) (done counter.Done, err error) {
	h.T.Helper()
	rules, err := policy.Preset(h.Policy)
	h.Must(err)
	in := queue.PlaceHold{Title: title, Patron: patron, Rules: rules}
	for _, apply := range change {
		apply(&in)
	}
	err = h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		done, err = h.Desk.Queue.PlaceHold(ctx, tx, h.At(), in)
		return err
	})
	h.Settle()
	return done, err
}

// OwnTitle makes a title of a format with one copy of the library's, lent or
// not.
func (h *House) OwnTitle(format broker.Format, lent bool) (title broker.ID, barcode string) {
	h.T.Helper()
	h.count++
	barcode = h.Owns(broker.NoID)
	h.Do(func(ctx context.Context, tx *postgres.Tx) error {
		id, err := catalog.SaveTitle(ctx, tx, catalog.Title{ID: broker.NewID(), Title: "Own title " + barcode, Format: format}, h.Clock.Now())
		title = id
		tx.Queue(`update items set title_id = $2, type = $3 where barcode = $1`, barcode, id, string(format))
		return err
	})
	if lent {
		h.Lends(barcode, h.Patron("resident"))
	}
	return title, barcode
}

// ChangesHold does one of the changes of a hold.
func (h *House) ChangesHold(use func(context.Context, *postgres.Tx, counter.At) (counter.Done, error)) (done counter.Done, err error) {
	err = h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		done, err = use(ctx, tx, h.At())
		return err
	})
	h.Settle()
	return done, err
}

// Lost ships a copy, promised now or before, and has the borrower report it lost.
func (h *House) Lost(theirs broker.ID, barcode string) {
	if h.Request(theirs).State == workflow.Requested {
		h.Does(theirs, workflow.EventAnswerYes, nil)
	}
	h.Scans(barcode, "")
	h.Scans(barcode, "")
	h.Does(theirs, workflow.EventBorrowerLost, nil)
	h.Expects(theirs, workflow.LostPending)
}

// Lends checks a copy out to a patron.
func (h *House) Lends(barcode string, patron broker.ID) counter.Done {
	h.T.Helper()
	var done counter.Done
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = h.Desk.CheckOut(ctx, tx, h.At(), desk.CheckOut{Barcode: barcode, Patron: patron, Shown: "card"})
		return err
	}))
	h.Settle()
	return done
}

// Door does one act at the library's desk.
func (h *House) Door(act func(ctx context.Context, tx *postgres.Tx) (counter.Done, error)) counter.Done {
	h.T.Helper()
	var done counter.Done
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = act(ctx, tx)
		return err
	}))
	return done
}

// On moves the town's clock to a local time.
func (h *House) On(local string) {
	h.T.Helper()
	now, err := time.ParseInLocation("2006-01-02 15:04", local, h.Zone)
	h.Must(err)
	h.Clock.Set(now)
}

// Submits submits a request as somebody: a patron online, or staff.
func (h *House) Submits(actor broker.Actor, in requests.Submission) (*engine.Request, error) {
	in.Library, in.CardDigits, in.PINGiven = h.Library.ID, 14, true
	var request *engine.Request
	err := h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		request, err = h.Requests.Submit(ctx, tx, h.Clock.Now(), actor, in)
		return err
	})
	h.Settle()
	return request, err
}

// Online is a patron who is signed in.
func (h *House) Online(patron broker.ID) broker.Actor {
	return broker.Actor{Kind: broker.ActorPatron, ID: patron, Library: h.Library.ID}
}

// Only is a member of staff with one role.
func (h *House) Only(role string) broker.Actor {
	actor := h.Staff()
	actor.Roles = []string{role}
	return actor
}

// ActsAs does an action of a request as somebody.
func (h *House) ActsAs(actor broker.Actor, act requests.Act) error {
	act.Library = h.Library.ID
	err := h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.Desk.Act(ctx, tx, counter.At{Library: h.Library.ID, Branch: h.Branch, Actor: actor, Now: h.Clock.Now()}, act)
		return err
	})
	h.Settle()
	return err
}

// House is one member library.
type House struct {
	*Town
	directory.Library
	Branch broker.ID
	Symbol broker.Symbol
}

// LooksTo says how far the library looks: its own shelves, its catalogue, and
// then the given libraries in one tier after the other.
func (h *House) LooksTo(tiers ...[]broker.ID) {
	h.T.Helper()
	h.Do(func(_ context.Context, tx *postgres.Tx) error {
		list := []directory.Tier{
			{Name: "Own shelves", Members: directory.TierOwn, CostRule: directory.CostFree, DaysToRespond: 2, Fulfilment: directory.FulfilHold},
			{Name: "Shared catalogue", Members: directory.TierSharingGroup, CostRule: directory.CostFree, DaysToRespond: 3, Fulfilment: directory.FulfilHold},
		}
		for i, members := range tiers {
			group := directory.Group{ID: broker.NewID(), Name: fmt.Sprintf("Network %d", i+1), Kind: directory.GroupNetwork}
			directory.SaveGroup(tx, group, members...)
			list = append(list, directory.Tier{
				Name: group.Name, Members: directory.TierGroup, Group: group.ID,
				CostRule: directory.CostLenderFee, DaysToRespond: 3, Fulfilment: directory.FulfilILL,
			})
		}
		return directory.SaveTiers(tx, h.Library.ID, list)
	})
}

// Charges sets the library's lending fee.
func (h *House) Charges(minor int64) {
	h.Do(func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveTerms(tx, directory.LendingTerms{
			Library: h.Library.ID, Known: true, Lends: true, LoanDays: 28, Renewals: 1,
			Fee: broker.Money{Minor: minor, Currency: h.Currency},
		})
		return nil
	})
}

// Patron signs a patron up.
func (h *House) Patron(class string) broker.ID {
	h.T.Helper()
	id := broker.NewID()
	h.count++
	number := fmt.Sprintf("2100000000%04d", h.count)
	h.Do(func(_ context.Context, tx *postgres.Tx) error {
		if err := patrons.SavePatron(tx, patrons.Patron{
			Library: h.Library.ID, ID: id, Class: class, Phone: "555-0100", PhoneCheckedOn: h.Today(h.Clock.Now()),
			Status: patrons.Active, CreatedAt: h.Clock.Now(),
		}); err != nil {
			return err
		}
		return patrons.SaveCard(tx, patrons.Card{Library: h.Library.ID, ID: broker.NewID(), Realm: h.SharingGroup, Number: number, Patron: id, Status: patrons.CardActive, CreatedAt: h.Clock.Now()})
	})
	return id
}

// Owns gives the library a copy of a title.
func (h *House) Owns(title broker.ID) (barcode string) {
	h.count++
	barcode = fmt.Sprintf("3100000000%04d", h.count)
	h.Do(func(_ context.Context, tx *postgres.Tx) error {
		catalog.SaveItem(tx, catalog.Item{
			Library: h.Library.ID, ID: broker.NewID(), Realm: h.SharingGroup, Barcode: barcode, Title: title, Branch: h.Branch,
			Type: "book", Audience: "adult", Status: catalog.OnShelf, Lendable: true,
		}, h.Clock.Now())
		return nil
	})
	return barcode
}

// Staff is a member of the library's staff.
func (h *House) Staff() broker.Actor {
	return broker.Actor{Kind: broker.ActorStaff, ID: broker.NewID(), Library: h.Library.ID, Roles: []string{"desk", "ill"}}
}

// Try does some work in one transaction of this library, and returns the error.
func (h *House) Try(work func(context.Context, *postgres.Tx) error) error {
	return h.DB.InTx(h.T.Context(), postgres.ForLibraries(h.Library.ID), work)
}

// Asks submits a request.
func (h *House) Asks(in requests.Submission) (*engine.Request, error) {
	in.Library = h.Library.ID
	var request *engine.Request
	err := h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		request, err = h.Requests.Submit(ctx, tx, h.Clock.Now(), h.Staff(), in)
		return err
	})
	h.Settle()
	return request, err
}

// Acts does an action of the table as staff, with text fields of its form.
func (h *House) Acts(request broker.ID, action workflow.Event, form map[string]any) error {
	body := map[string]json.RawMessage{}
	for name, value := range form {
		text, err := json.Marshal(value)
		h.Must(err)
		body[name] = text
	}
	err := h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := h.Desk.Act(ctx, tx, h.At(), requests.Act{Library: h.Library.ID, Request: request, Action: action, Body: body})
		return err
	})
	h.Settle()
	return err
}

// Does acts on a request, and fails the test when that is refused.
func (h *House) Does(request broker.ID, action workflow.Event, form map[string]any) {
	h.T.Helper()
	h.Must(h.Acts(request, action, form))
}

// At is the library's desk.
func (h *House) At() counter.At {
	return counter.At{Library: h.Library.ID, Branch: h.Branch, Actor: h.Staff(), Now: h.Clock.Now()}
}

// Scans scans an item at the desk, with a patron's card or none.
func (h *House) Scans(barcode, card string) counter.Done {
	h.T.Helper()
	var done counter.Done
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		done, err = h.Desk.Scan(ctx, tx, h.At(), desk.Scan{Barcode: barcode, Card: card})
		return err
	}))
	h.Settle()
	return done
}

// Expects fails the test when a request is in another state.
func (h *House) Expects(id broker.ID, state workflow.State) *engine.Request {
	h.T.Helper()
	found := h.Request(id)
	if found.State != state {
		h.T.Fatalf("request %d is %s, not %s\n%s", found.Number, found.State, state, h.Timeline(id))
	}
	return found
}
