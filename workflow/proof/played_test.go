package proof

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
	"afield/workflow/town"
)

// What the guards and effects of the tables mean in the search is what they do:
// the shortest way to each row is walked on a database, and after every step the
// request stands, and offers its people, what the search says. AFIELD_WAYS=all
// walks them all; otherwise every twelfth one.
func TestTheSearchMeansWhatTheTablesDo(t *testing.T) {
	t.Parallel()
	every := 12
	if os.Getenv("AFIELD_WAYS") == "all" {
		every = 1
	}
	for _, s := range searched() {
		if !s.world.walkable() {
			continue
		}
		t.Run(s.world.Name, func(t *testing.T) {
			t.Parallel()
			if s.err != nil {
				t.Fatal(s.err)
			}
			tw := newPlace(t)
			ways := longest(s.found.Ways)
			tried, played, left := 0, 0, map[string]int{}
			for i, way := range ways {
				if i%every != 0 {
					continue
				}
				if s.world.Holds && !way.fromOwnShelf() { // the same as without a shared catalogue
					continue
				}
				tried++
				p := &player{Town: tw, t: t, w: s.world}
				err := p.play(way)
				switch {
				case errors.Is(err, errLeft):
					left[err.Error()]++
				case err != nil:
					t.Errorf("%v\n%s", err, p.told())
				default:
					played++
				}
			}
			t.Logf("%d of %d ways walked; left out: %v", played, tried, left)
			if played*10 < tried*7 {
				t.Errorf("only %d ways were walked", played)
			}
		})
	}
}

// walkable tells whether a way of a world can be walked on a database: where both
// sides are searched, messages would have to wait on their way.
func (w *World) walkable() bool { return w.Liar }

func newPlace(t *testing.T) *town.Town {
	t.Helper()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	tw.Title("A title nobody here owns", town.ISBN)
	return tw
}

// replay walks the way to a breach on a database, and tells what came of it.
func replay(t *testing.T, w *World, b Breach) string {
	t.Helper()
	if !w.walkable() || len(b.Steps) == 0 {
		return ""
	}
	p := &player{Town: newPlace(t), t: t, w: w, only: true}
	err := p.play(Way{Side: w.Side, Steps: b.Steps})
	return fmt.Sprintf("\nWalked on a database (%v):\n%s", err, p.told())
}

// longest leaves out the ways that another one goes on from.
func longest(ways []Way) (kept []Way) {
	sign := func(w Way) string {
		var text strings.Builder
		for _, taken := range w.Steps {
			fmt.Fprintf(&text, "%v%v;", taken.step, taken.choices)
		}
		return text.String()
	}
	slices.SortStableFunc(ways, func(a, b Way) int { return len(b.Steps) - len(a.Steps) })
	var signs []string
	for _, way := range ways {
		s := sign(way)
		if !slices.ContainsFunc(signs, func(longer string) bool { return strings.HasPrefix(longer, s) }) {
			signs, kept = append(signs, s), append(kept, way)
		}
	}
	return kept
}

var errLeft = errors.New("cannot be set up here")

func leftOut(why string) error { return fmt.Errorf("%w: %s", errLeft, why) }

// player walks one way on a database.
type player struct {
	*town.Town
	t *testing.T
	w *World

	home     *town.House
	patron   broker.ID
	partners []*town.Partner // in the order in which the search chooses them
	request  broker.ID
	barcode  string
	other    broker.ID // a second branch, where nobody stands yet
	own      string    // our own copy, which fills the request by a hold
	walked   []string
	only     bool // walk, and compare nothing
}

func (p *player) told() string {
	text := strings.Join(p.walked, "\n    ")
	if p.request != broker.NoID {
		text += "\n" + p.Timeline(p.request)
	}
	return "    " + text
}

func (p *player) play(way Way) error {
	begin := p.beginBorrower
	if p.w.Side == workflow.SideLending {
		begin = p.beginLender
	}
	if err := begin(way); err != nil {
		return err
	}
	for i, taken := range way.Steps {
		p.walked = append(p.walked, p.w.inWords(taken.step)+fmt.Sprint(taken.choices))
		if i > 0 || p.w.Side == workflow.SideLending {
			if err := p.step(taken); err != nil {
				return fmt.Errorf("%s: %w", p.w.inWords(taken.step), err)
			}
		}
		if wrong := p.compare(taken.after); len(wrong) > 0 && !p.only {
			return fmt.Errorf("after %q the search and the tables differ: %s", p.w.inWords(taken.step), strings.Join(wrong, "; "))
		}
	}
	return nil
}

const ask = 500 // what a lender that is not free asks, in cents

// beginBorrower sets up the lenders that the way chooses, and submits.
func (p *player) beginBorrower(way Way) error {
	p.home = p.Library("westport", "NY", broker.NoID)
	title := p.titleOf()
	var tiers [][]broker.ID
	ended := false
	for _, taken := range way.Steps {
		for _, c := range taken.choices {
			if c.effect != workflow.DoChooseLender {
				continue
			}
			fee := int64(0)
			switch {
			case taken.step.Event == workflow.EventAddLender && (c.pick == 0 || c.pick == 3):
				return leftOut("a lender that staff add, and that is not chosen")
			case c.pick > 3:
				return leftOut("a look-up that takes its time, or a question before asking")
			case c.pick == 3 && p.w.Holds:
				if p.own != "" || len(tiers) > 0 {
					return leftOut("a copy of the catalogue after another lender")
				}
				p.own = p.home.Owns(title)
				continue
			case c.pick == 0 || c.pick == 3:
				ended = true
				continue
			case c.pick == 2:
				fee = ask
			}
			partner := p.Partner("VT", fee, title)
			if p.partners = append(p.partners, partner); taken.step.Event == workflow.EventAddLender {
				continue
			}
			if ended {
				return leftOut("a lender after none was left")
			}
			tiers = append(tiers, []broker.ID{partner.ID})
		}
	}
	if way.Steps[0].step.Event != workflow.EventChecksPassed {
		return leftOut("a request that needs a person at once")
	}
	p.other = broker.NewID()
	p.Do(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: p.home.ID, ID: p.other, Code: "other", Name: "Other"})
	})
	p.home.LooksTo(tiers...)
	p.patron = p.home.Patron("resident")
	in := requests.Submission{Patron: p.patron, Citation: town.Citation(), NeedBy: p.home.Today(p.Clock.Now()).AddDays(300)}
	if p.w.Copies {
		in.Service = "copy"
	}
	request, err := p.home.Asks(in)
	if err != nil {
		return err
	}
	p.request = request.ID
	return nil
}

func (p *player) titleOf() (id broker.ID) {
	p.Do(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select id from titles limit 1`).Scan(&id)
	})
	return id
}

// beginLender has a library outside ask for a copy.
func (p *player) beginLender(Way) error {
	p.home = p.Library("westport", "NY", broker.NoID)
	p.barcode = p.home.Owns(p.titleOf())
	partner := p.Partner("VT", 0)
	p.partners = []*town.Partner{partner}
	citation := town.Citation()
	partner.Borrows(p.home, connectors.Message{Kind: connectors.KindRequest, RequestID: "r-1", Citation: &citation})
	p.request = p.home.Lending()
	return nil
}

func (p *player) step(taken Taken) error {
	s := taken.step
	if done, err := p.shelf(taken); done {
		return err
	}
	switch {
	case s.Said.Kind != "":
		return p.says(taken)
	case s.Event == workflow.EventSendToPickup: // it turns up at another branch
		at := counter.At{Library: p.home.ID, Branch: p.other, Actor: p.home.Staff(), Now: p.Clock.Now()}
		err := p.home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := p.home.Desk.Scan(ctx, tx, at, town.Scan("ILL-"+p.home.Number(p.request)))
			return err
		})
		p.Settle()
		return err
	case s.Kind == word, s.Kind == ourTime, s.Kind == theirTime:
		return p.fires(s.Event)
	case s.Event != "":
		return p.acts(taken)
	case strings.Contains(s.What, "patron says that it is back"):
		return p.claims()
	}
	return leftOut(s.What)
}

// fromOwnShelf tells whether a copy of the own catalogue is chosen on a way.
func (w Way) fromOwnShelf() bool {
	return slices.ContainsFunc(w.Steps, func(taken Taken) bool {
		return slices.ContainsFunc(taken.choices, func(c choice) bool { return c.effect == workflow.DoChooseLender && c.pick == 3 })
	})
}

// shelf does at the desks what happens to the copy of a hold; done is false where
// the step is about something else.
func (p *player) shelf(taken Taken) (done bool, err error) {
	if p.own == "" || !p.home.Request(p.request).ByHold() {
		return false, nil
	}
	scan := func(branch broker.ID) (bool, error) {
		at := counter.At{Library: p.home.ID, Branch: branch, Actor: p.home.Staff(), Now: p.Clock.Now()}
		err := p.home.Try(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := p.home.Desk.Scan(ctx, tx, at, town.Scan(p.own))
			return err
		})
		p.Settle()
		return true, err
	}
	switch taken.step.Event {
	case workflow.EventHoldOnShelf, workflow.EventReturn:
		return scan(p.home.Branch)
	case workflow.EventHoldInTransit:
		return scan(p.other)
	case workflow.EventCheckOut:
		p.home.Lends(p.own, p.patron)
		return true, nil
	case workflow.EventHoldWaits: // another copy is on the shelf
		p.own = p.home.Owns(p.titleOf())
		return true, p.home.ActsAs(p.home.Staff(), requests.Act{Request: p.request, Action: workflow.EventHoldNotFound})
	}
	return false, nil
}

// withoutDeadline are events of the system that no deadline brings.
var withoutDeadline = []workflow.Event{workflow.EventConfirmed, workflow.EventDeliveryFailed}

// fires fires what a deadline or a delivery brings.
func (p *player) fires(event workflow.Event) error {
	if event == workflow.EventHoldingsKnown {
		return leftOut("a look-up")
	}
	err := p.home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		var kind string
		err := tx.QueryRow(ctx, `select kind from deadlines where library_id = $1 and request_id = $2 and event = $3`, p.home.ID, p.request, event).Scan(&kind)
		if errors.Is(err, pgx.ErrNoRows) && event == workflow.EventSearchEnded {
			return leftOut("a policy that names the day on which it counts as lost")
		}
		if errors.Is(err, pgx.ErrNoRows) && !slices.Contains(withoutDeadline, event) {
			return fmt.Errorf("%s has no deadline on the database", event)
		}
		_, err = p.home.Requests.Fire(ctx, tx, p.Clock.Now(), engine.Firing{
			Library: p.home.ID, Request: p.request, Event: event, By: workflow.BySystem, Actor: broker.System(p.home.ID), Cause: engine.Cause{Kind: "deadline", ID: kind},
		})
		return err
	})
	p.Settle()
	return err
}

func (p *player) acts(taken Taken) error {
	actor := p.home.Staff()
	actor.Roles = append(actor.Roles, "director")
	if taken.step.By == workflow.ByPatron {
		actor = p.home.Online(p.patron)
	}
	event := taken.step.Event
	if state := p.home.Request(p.request).State; event == workflow.EventReturn && state == workflow.Completed { // what was lost turns up
		p.home.Scans("ILL-"+p.home.Number(p.request), "")
		return nil
	}
	for _, c := range taken.choices {
		if c.effect == workflow.DoReopen && c.pick == 1 {
			return leftOut("the day it was needed by passes while it has ended")
		}
		if c.effect == workflow.DoMovePickup && c.pick == 0 {
			return leftOut("a copy that has left the branch where it is picked up now")
		}
	}
	body := map[string]json.RawMessage{}
	for _, field := range p.formOf(event) {
		if value := p.value(taken, field); value != nil {
			text, err := json.Marshal(value)
			if err != nil {
				return err
			}
			body[field.Name] = text
		}
	}
	err := p.home.ActsAs(actor, requests.Act{Request: p.request, Action: event, Body: body})
	if event == workflow.EventAmend { // it is picked up at the other branch, and staff stand there now
		p.home.Branch, p.other = p.other, p.home.Branch
	}
	return err
}

func (p *player) formOf(event workflow.Event) (form []workflow.Field) {
	state := p.home.Request(p.request).State
	for _, row := range workflow.TableOf(p.w.Side).Transitions {
		if row.On == event && slices.Contains(row.From, state) && len(row.Form) > len(form) {
			form = row.Form
		}
	}
	return form
}

func (p *player) value(taken Taken, field workflow.Field) any {
	switch {
	case field.Name == "lender" && taken.step.Event == workflow.EventAddLender:
		return p.partners[len(p.partners)-1].Symbol.String() // the last one is added by staff
	case field.Name == "cost" && taken.step.Event == workflow.EventAddLender:
		return money(ask * int64(p.chose(taken, workflow.DoChooseLender, 1)-1))
	case field.Name == "cost" && taken.step.Event == workflow.EventConditional:
		return p.offered(taken)
	case field.Name == "cost" && taken.step.Event == workflow.EventShip:
		return money(ask * int64(p.chose(taken, workflow.DoBillBorrower, 0)))
	case field.Name == "pickup_branch":
		return p.other.String()
	case field.Name == "barcode" && taken.step.Event == workflow.EventAddVolume:
		return p.home.Owns(p.titleOf())
	case field.Name == "barcode" && p.barcode != "":
		return p.barcode
	case field.Name == "due":
	case field.Name == "lender" && (taken.step.Event == workflow.EventLateArrived || taken.step.Event == workflow.EventSendLateBack):
		if partner, _ := p.speaks(taken.after.B.Active); partner != nil {
			return partner.Symbol.String()
		}
		return nil
	case !field.Required:
		return nil
	}
	switch field.Type {
	case workflow.FieldDate:
		return p.home.Today(p.Clock.Now()).AddDays(60).String()
	case workflow.FieldMoney:
		return money(ask)
	case workflow.FieldChoice:
		return field.Choices[0]
	default:
		return "as it happens"
	}
}

func money(minor int64) any { return map[string]any{"minor": minor, "currency": "USD"} }

func (p *player) chose(taken Taken, effect workflow.Effect, otherwise int) int {
	for _, c := range taken.choices {
		if c.effect == effect {
			return c.pick
		}
	}
	return otherwise
}

func (p *player) offered(taken Taken) any {
	if p.chose(taken, workflow.DoEntryOffered, 0) == 1 {
		return money(ask)
	}
	return nil
}

// says lets the lender, or the borrower, say something.
func (p *player) says(taken Taken) error {
	said := taken.step.Said
	m := workflow.Saying(said).Message()
	today := p.home.Today(p.Clock.Now())
	switch said.Kind {
	case connectors.KindLoaned:
		m.Due, m.Items = today.AddDays(60), []connectors.MessageItem{{Barcode: fmt.Sprintf("L-%s", p.home.Number(p.request))}}
	case connectors.KindConditional:
		m.Conditions = "in the building only"
		if p.chose(taken, workflow.DoEntryOffered, 0) == 1 {
			cost := town.USD(ask)
			m.Cost = &cost
		}
	case connectors.KindRetryLater:
		if p.chose(taken, workflow.DoEntryRetry, 0) == 1 {
			return leftOut("a lender that says once too often to ask again")
		}
		m.RetryAfter = today.AddDays(10)
	case connectors.KindRenewAnswer:
		if said.Reply == workflow.ReplyYes {
			m.Due = today.AddDays(90)
		}
	case connectors.KindDueChanged, connectors.KindRecalled:
		m.Due = today.AddDays(50)
	case connectors.KindInvoice:
		cost := town.USD(ask)
		m.Cost = &cost
	}
	if p.w.Side == workflow.SideLending {
		m.RequestID = "r-1"
		p.partners[0].Borrows(p.home, m)
		return nil
	}
	partner, entry := p.speaks(taken.step.Late)
	if partner == nil {
		return leftOut("a lender that is not known")
	}
	m.RequestID = entry.String()
	_, err := partner.Tries(p.home, m)
	return err
}

// speaks is the lender that the request depends on, or depended on last, or one
// before it.
func (p *player) speaks(before bool) (*town.Partner, broker.ID) {
	var lender, entry broker.ID
	p.Do(func(ctx context.Context, tx *postgres.Tx) error {
		err := tx.QueryRow(ctx, `select e.lender_id, e.id from rota_entries e join requests r on r.library_id = e.library_id and r.id = e.request_id
			where r.id = $1 and e.asked_at is not null and (e.id = r.rota_entry_id) <> $2 order by e.asked_at limit 1`, p.request, before).Scan(&lender, &entry)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	for _, partner := range p.partners {
		if partner.ID == lender {
			return partner, entry
		}
	}
	return nil, entry
}

func (p *player) claims() error {
	err := p.home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		lent, err := loans.OfRequest(ctx, tx, p.home.ID, p.request)
		if err != nil || len(lent) == 0 {
			return err
		}
		at := counter.At{Library: p.home.ID, Branch: p.home.Branch, Actor: p.home.Staff(), Now: p.Clock.Now()}
		_, err = p.home.Desk.Claim(ctx, tx, at, desk.Claim{Loan: lent[0].ID, Kind: loans.ClaimReturned, ShelfChecked: true})
		return err
	})
	p.Settle()
	return err
}
